/* A folder of a test's own. */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Makes one below TMPDIR, or /tmp; false: it cannot. */
static inline bool folder_make(char *folder, size_t size)
{
    snprintf(folder, size, "%s/scalesim-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) != NULL;
}

#endif
