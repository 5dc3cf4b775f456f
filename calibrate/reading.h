/* What readers share: pieces of a text that has no NUL at its end (lines, words, fields, numbers),
 * and names and checks for the trace they fill. Nothing here allocates but through trace.h. */
#ifndef CALIBRATE_READING_H
#define CALIBRATE_READING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "calibrate/trace.h"
#include "model/table.h"

struct span {
    const char *at; /* NULL: nothing left to cut from */
    size_t length;
};

/* Each cuts a piece off the front of *rest and returns false when there is none. A line loses its
 * "\n" or "\r\n"; words are parted by blanks, fields by the separator (an empty text is one empty
 * field). */
bool span_line(struct span *rest, struct span *line);
bool span_word(struct span *rest, struct span *word);
bool span_field(struct span *rest, char separator, struct span *field);

struct span span_trim(struct span span);
bool span_is(struct span span, const char *text);
bool span_starts(struct span span, const char *text);
bool span_ends(struct span span, const char *text);
/* The first place of text, or NULL. */
const char *span_find(struct span span, const char *text);
/* What stands behind a place inside the span. */
struct span span_from(struct span span, const char *place);
size_t span_words(struct span span);

/* A finite decimal number that fills the span; a count is one that is not negative. */
bool span_number(struct span span, double *number);
bool span_count(struct span span, double *count);
/* Copies, cut to size, with bytes that do not print as '?'. */
void span_copy(char *out, size_t size, struct span span);

/* A text line by line, numbered from 1. */
struct lines {
    struct span rest, line;
    unsigned number;
};
struct lines lines_of(const char *text, size_t length);
bool lines_next(struct lines *lines);

/* Whether one of the first `most` lines holds all the texts (a list that ends with NULL). */
bool text_has_line(const char *text, size_t length, unsigned most, const char *const *texts);

/* A name of a series. One that is too long ends in '~' and a hash of the whole, so that two names
 * never become one. Bytes that do not print become '?'. */
void trace_name(char out[TRACE_NAME], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A point or a bin in one call; x of a summary (one value, no sweep) is the number of the earlier
 * points of its series, called "snapshot". */
int trace_put(struct trace *trace, const char *name, const char *unit, double value, double weight,
              unsigned line, struct diag *diag);
int trace_put_bin(struct trace *trace, const char *name, double low, double high, double count,
                  struct diag *diag);

/* table_parse of a text in which lines that start with '#' are comments. */
int trace_table(struct trace *trace, struct table *table, const char *text, size_t length,
                struct diag *diag);

/* Sorts the cells of every distribution, makes one of cells with the same low, and drops empty
 * ones. */
void trace_settle(struct trace *trace);

/* Flags a mean that lies outside its own extremes by more than the rounding of the file. */
int trace_check_mean(struct trace *trace, unsigned line, const char *what, double mean,
                     double least, double most, double rounding, struct diag *diag);

#endif
