/* Files that appear whole or not at all: written beside their place, flushed to disk, renamed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static int failed(const struct output *output, struct diag *diag)
{
    return diag_set(diag, STATUS_IO, output->path, 0, NULL, "cannot be written: %s",
                    strerror(errno));
}

int output_open(struct output *output, const char *path, struct diag *diag)
{
    *output = (struct output){.path = path};
    int length = snprintf(output->temporary, sizeof output->temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof output->temporary) {
        errno = ENAMETOOLONG;
        return failed(output, diag);
    }
    int fd = mkstemp(output->temporary);
    output->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (output->file == NULL)
        return failed(output, diag);
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask); /* mkstemp leaves it to its owner alone */
    return STATUS_OK;
}

int output_open_again(struct output *output, const char *path, struct diag *diag)
{
    *output = (struct output){.path = path};
    int length = snprintf(output->temporary, sizeof output->temporary, "%s.part", path);
    if (length < 0 || (size_t)length >= sizeof output->temporary) {
        errno = ENAMETOOLONG;
        return failed(output, diag);
    }
    output->file = fopen(output->temporary, "w");
    return output->file != NULL ? STATUS_OK : failed(output, diag);
}

int output_commit(struct output *output, struct diag *diag)
{
    bool good =
        fflush(output->file) == 0 && !ferror(output->file) && fsync(fileno(output->file)) == 0;
    good = fclose(output->file) == 0 && good;
    output->file = NULL;
    if (good && rename(output->temporary, output->path) == 0)
        return STATUS_OK;
    int status = failed(output, diag);
    unlink(output->temporary);
    return status;
}

void output_discard(struct output *output)
{
    if (output->file == NULL)
        return;
    fclose(output->file);
    unlink(output->temporary);
    output->file = NULL;
}
