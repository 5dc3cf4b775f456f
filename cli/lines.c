/* A stream whose lines are looked at as they are written. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static bool keep_part(struct lines *lines, const char *bytes, size_t length)
{
    if (length == 0)
        return true;
    if (lines->length + length > lines->room) {
        size_t room = 2 * lines->room + length + 256;
        char *grown = realloc(lines->part, room);
        if (grown == NULL)
            return false;
        lines->part = grown;
        lines->room = room;
    }
    memcpy(lines->part + lines->length, bytes, length);
    lines->length += length;
    return true;
}

/* Returns bytes taken; fewer are an error to stdio. */
static ssize_t take_bytes(void *cookie, const char *bytes, size_t length)
{
    struct lines *lines = cookie;
    size_t at = 0;
    const char *newline;
    while ((newline = memchr(bytes + at, '\n', length - at)) != NULL) {
        size_t here = (size_t)(newline - bytes) + 1 - at;
        const char *line = bytes + at;
        size_t whole = here;
        if (lines->length > 0) {
            if (!keep_part(lines, line, here))
                return 0;
            line = lines->part;
            whole = lines->length;
            lines->length = 0;
        }
        if (lines->take(lines->context, line, whole) != STATUS_OK)
            return 0;
        at += here;
    }
    return keep_part(lines, bytes + at, length - at) ? (ssize_t)length : 0;
}

static int end(void *cookie)
{
    struct lines *lines = cookie;
    free(lines->part);
    *lines = (struct lines){.take = NULL};
    return 0;
}

FILE *lines_open(struct lines *lines, take_line *take, void *context)
{
    *lines = (struct lines){.take = take, .context = context};
    return fopencookie(lines, "w", (cookie_io_functions_t){.write = take_bytes, .close = end});
}
