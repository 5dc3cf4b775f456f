/* A CSV table (RFC 4180) in memory, read with libcsv: a header row of column names, then rows of
 * as many cells. Every row remembers its line, so that whoever reads a cell can name file, line
 * and column in an error. One buffer holds all text; reading costs O(length). */
#ifndef MODEL_TABLE_H
#define MODEL_TABLE_H

#include <stddef.h>

#include "model/diag.h"

struct table {
    char *file;      /* name used in errors */
    char *text;      /* all cells, each NUL-terminated */
    char **cells;    /* (rows + 1) * columns; row 0 of it is the header */
    unsigned *lines; /* rows + 1 */
    size_t columns;
    size_t rows; /* without the header */
};

/* Parses text. The caller ends with table_free, also after an error. */
int table_parse(struct table *table, const char *file, const char *text, size_t length,
                struct diag *diag);
void table_free(struct table *table);

/* Parses a file. */
int table_read_file(struct table *table, const char *path, struct diag *diag);

/* Parses data/NAME: the file of that name in the overlay directory, which may be missing (then the
 * table has no columns), or the embedded one when overlay is NULL. */
int table_read(struct table *table, const char *name, const char *overlay, struct diag *diag);

/* The column's index, or -1. */
int table_column(const struct table *table, const char *name);

/* Maps names[0..count) to column indices. A header column that is not among the names is an error
 * (with the nearest name), as is a missing one; used by tables with a fixed shape. */
int table_expect(const struct table *table, const char *const *names, size_t count, int *columns,
                 struct diag *diag);

/* The cell of a row (0-based, header not counted); never NULL. */
const char *table_cell(const struct table *table, size_t row, int column);

/* Fills diag with the place of a cell; returns STATUS_DATA. */
int table_error(const struct table *table, size_t row, int column, struct diag *diag,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
