/* What readers of traces share beside JSON: text line by line, and points whose names are put
 * together. */
#ifndef CALIBRATE_KEYED_H
#define CALIBRATE_KEYED_H

#include "calibrate/trace.h"

enum { KEYED_ROOM = 1024 };

/* No counter of any tool is beyond this. */
#define TRACE_FIGURE_MAX 0x1p64

struct keyed {
    const char *at, *end;
    unsigned number;        /* of the line last read, from 1 */
    char text[KEYED_ROOM];  /* without spaces at both ends */
    char field[TRACE_NAME]; /* keyed_split: what stands before the separator */
};

void keyed_init(struct keyed *lines, const char *text, size_t length);

/* Reads the next line that is not blank: 1; 0 at the end; STATUS_DATA for one that is too long or
 * holds a NUL byte. */
int keyed_next(struct keyed *lines, const struct trace *trace, struct diag *diag);

/* The text after the first separator, without spaces before it; the text before it goes to field.
 * NULL: there is none. */
const char *keyed_split(struct keyed *lines, char separator);

/* Whether the first line that is not blank starts so. */
bool keyed_start_with(const char *text, size_t length, const char *start);

/* Where points go: the x axis and x, and what else they share. */
struct trace_axis {
    const char *name;
    double x;
    double weight;
    unsigned line;
};

/* Adds a point to the series of a name made by printf; nothing when value is NAN (not told). */
int trace_put_at(struct trace *trace, const struct trace_axis *axis, const char *unit, double value,
                 struct diag *diag, const char *name, ...) __attribute__((format(printf, 6, 7)));

/* Sets a tag to a number, in full precision; nothing when it is NAN. */
int trace_tag_number(struct trace *trace, const char *name, double value, struct diag *diag);

/* A tag's value when there is one; nothing when it is NULL. */
int trace_tag_text(struct trace *trace, const char *name, const char *value, struct diag *diag);

/* For qsort: cells by low. */
int trace_cell_order(const void *a, const void *b);

#endif
