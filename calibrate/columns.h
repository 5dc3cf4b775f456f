/* The columns of a table of measurements and what each of them is, for read_measured.c, whose head
 * has the rules. */
#ifndef CALIBRATE_COLUMNS_H
#define CALIBRATE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "calibrate/trace.h"
#include "model/table.h"

enum column_kind {
    COLUMN_IGNORED,
    COLUMN_SWEPT,
    COLUMN_SETTING,
    COLUMN_CURVE,
    COLUMN_RESULT,
    COLUMN_LABEL
};

struct column_unit {
    const char *suffix, *base;
    double factor;
    bool stays; /* the suffix is part of the name: a rate of something */
};

struct column {
    const char *name;
    char result[64]; /* its name without the unit's suffix */
    const struct column_unit *unit;
    enum column_kind kind;
    size_t rank;  /* of a swept column: lower ones come first as x */
    bool numeric; /* no text in it */
    bool is_time;
    const char **cells;
};

struct columns {
    struct table table;
    struct column *list; /* those of the table, then those of NAME=VALUE cells */
    size_t count;
    const struct column *status, *metric, *value, *unit; /* may be NULL */
};

/* Parses and sorts out. The caller ends with columns_free, also after an error. */
int columns_read(struct columns *columns, struct trace *trace, const char *text, size_t length,
                 struct diag *diag);
void columns_free(struct columns *columns);

/* The unit of a name such as "us" or "KiB"; one without a factor when it is none. */
const struct column_unit *column_unit(const char *name);

#endif
