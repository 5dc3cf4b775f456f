/* A trace: what some tool measured, in one shape whatever the tool. Readers (read_*.c) recognise a
 * file by its content and fill in series and distributions; fits read those alone.
 *
 * A series is a metric against x (a count, a queue depth, a time): points (x, value). A
 * distribution is a metric's samples, counted bins, or quantiles. Values are in base units:
 * seconds, bytes, 1/s, shares of 1; names are "TOOL.WHAT[.PART]" such as fio.read.latency or
 * lockstat.hold.NAME. Tags keep what else the file says about the run (io_depth=16, host=...,
 * lock=...), by the names of options where there is one. */
#ifndef CALIBRATE_TRACE_H
#define CALIBRATE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/diag.h"

enum { TRACE_NAME = 160 };

struct trace_point {
    double x, value;
    double weight; /* observations behind the value; 1: one */
    bool censored; /* the value is a lower bound */
    unsigned line; /* of the file; 0: not told */
};

struct trace_series {
    char name[TRACE_NAME], unit[16], x_name[32];
    struct trace_point *points;
    size_t count, room;
};

enum trace_shape { TRACE_SAMPLES, TRACE_BINS, TRACE_QUANTILES };

/* samples: low is the value, weight its count. bins: weight values in [low, high). quantiles: a
 * share `weight` of the values is at most low. Ascending by low. */
struct trace_cell {
    double low, high, weight;
};

struct trace_distribution {
    char name[TRACE_NAME], unit[16];
    enum trace_shape shape;
    struct trace_cell *cells;
    size_t count, room;
    double total; /* observations in all; NAN: not told */
};

struct trace_tag {
    char name[TRACE_NAME], value[TRACE_NAME];
};

struct trace {
    const char *format; /* of the reader that took it */
    char file[256];
    uint64_t hash; /* FNV-1a of the content */
    struct trace_series *series;
    size_t series_count;
    struct trace_distribution *distributions;
    size_t distribution_count;
    struct trace_tag *tags;
    size_t tag_count;
    char **flags; /* what is wrong but can be read: "mean wait of X lies outside its min and max" */
    size_t flag_count;
    /* below: private to trace.c */
    size_t *slots; /* a hash table of series: place + 1, 0: free */
    size_t slot_count;
};

/* Reads a file. Errors: an unknown content (lists the formats known), a row that cannot be read
 * (file, line, column or field). The caller ends with trace_free, also after an error. */
int trace_read(struct trace *trace, const char *path, struct diag *diag);
int trace_parse(struct trace *trace, const char *file, const char *text, size_t length,
                struct diag *diag);
void trace_free(struct trace *trace);

/* The series or distribution of a name, or NULL; a tag's value, or NULL. */
const struct trace_series *trace_find(const struct trace *trace, const char *name);
const struct trace_distribution *trace_find_distribution(const struct trace *trace,
                                                         const char *name);
const char *trace_tag(const struct trace *trace, const char *name);

/* For readers. One reader of one format: how likely the content is its own (0: not at all, 1:
 * certainly), and taking it. */
struct trace_reader {
    const char *format, *description;
    double (*recognise)(const char *text, size_t length);
    int (*read)(struct trace *trace, const char *text, size_t length, struct diag *diag);
};
extern const struct trace_reader trace_readers_json[], trace_readers_text[]; /* end: NULL format */

/* Adds; all return STATUS_OK, STATUS_MEMORY, or STATUS_DATA for a point or cell that is not finite,
 * with diag filled. Points and cells are appended to the series or distribution of that name, made
 * when it is not there. */
int trace_add_point(struct trace *trace, const char *name, const char *unit, const char *x_name,
                    struct trace_point point, struct diag *diag);
int trace_add_cell(struct trace *trace, const char *name, const char *unit, enum trace_shape shape,
                   struct trace_cell cell, struct diag *diag);
int trace_set_tag(struct trace *trace, const char *name, const char *value, struct diag *diag);
int trace_flag(struct trace *trace, struct diag *diag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* STATUS_DATA with file and line. */
int trace_error(const struct trace *trace, unsigned line, const char *field, struct diag *diag,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
