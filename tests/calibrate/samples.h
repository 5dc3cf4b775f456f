/* What the tests of readers share: a sample read, and its figures held against those expected. */
#ifndef TESTS_CALIBRATE_SAMPLES_H
#define TESTS_CALIBRATE_SAMPLES_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/trace.h"
#include "model/text.h"

#define SAMPLES "tests/calibrate/samples/"

/* Parses a sample under its own name; the caller frees the trace. */
static inline void read_sample(struct trace *trace, const char *name)
{
    char path[256];
    struct diag diag = {0};
    snprintf(path, sizeof path, SAMPLES "%s", name);
    if (trace_read(trace, path, &diag) != 0) {
        diag_print(stderr, &diag);
        fail_msg("%s cannot be read", name);
    }
}

static inline void expect_near(const char *what, double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%s is %.17g, expected %.17g", what, found, expected);
}

/* Points of a series, at index; a negative index counts from the end. */
struct expected_point {
    const char *series, *unit, *x_name;
    size_t count;
    long index;
    double x, value, weight;
};

static inline void expect_point(const struct trace *trace, const struct expected_point *expected)
{
    const struct trace_series *series = trace_find(trace, expected->series);
    if (series == NULL)
        fail_msg("no series %s", expected->series);
    assert_string_equal(series->unit, expected->unit);
    assert_string_equal(series->x_name, expected->x_name);
    if (series->count != expected->count)
        fail_msg("%s has %zu points, expected %zu", expected->series, series->count,
                 expected->count);
    size_t index =
        expected->index >= 0 ? (size_t)expected->index : series->count - (size_t)-expected->index;
    expect_near(expected->series, series->points[index].x, expected->x);
    expect_near(expected->series, series->points[index].value, expected->value);
    expect_near(expected->series, series->points[index].weight, expected->weight);
}

struct expected_cell {
    const char *distribution;
    enum trace_shape shape;
    size_t count;
    double total;
    size_t index;
    double low, high, weight;
};

static inline void expect_cell(const struct trace *trace, const struct expected_cell *expected)
{
    const struct trace_distribution *found = trace_find_distribution(trace, expected->distribution);
    if (found == NULL)
        fail_msg("no distribution %s", expected->distribution);
    assert_string_equal(found->unit, "s");
    assert_int_equal(found->shape, expected->shape);
    assert_int_equal(found->count, expected->count);
    expect_near(expected->distribution, found->total, expected->total);
    expect_near(expected->distribution, found->cells[expected->index].low, expected->low);
    expect_near(expected->distribution, found->cells[expected->index].high, expected->high);
    expect_near(expected->distribution, found->cells[expected->index].weight, expected->weight);
}

static inline void expect_tag(const struct trace *trace, const char *name, const char *value)
{
    const char *found = trace_tag(trace, name);
    if (found == NULL || strcmp(found, value) != 0)
        fail_msg("%s is %s, expected %s", name, found != NULL ? found : "not told", value);
}

static inline void expect_flag(const struct trace *trace, const char *part)
{
    for (size_t i = 0; i < trace->flag_count; i++) {
        if (strstr(trace->flags[i], part) != NULL)
            return;
    }
    fail_msg("no flag tells of '%s'", part);
}

#define EXPECT_POINTS(trace, ...)                                                                  \
    do {                                                                                           \
        const struct expected_point points_[] = {__VA_ARGS__};                                     \
        for (size_t i_ = 0; i_ < sizeof points_ / sizeof *points_; i_++)                           \
            expect_point(trace, &points_[i_]);                                                     \
    } while (0)
#define EXPECT_CELLS(trace, ...)                                                                   \
    do {                                                                                           \
        const struct expected_cell cells_[] = {__VA_ARGS__};                                       \
        for (size_t i_ = 0; i_ < sizeof cells_ / sizeof *cells_; i_++)                             \
            expect_cell(trace, &cells_[i_]);                                                       \
    } while (0)

#endif
