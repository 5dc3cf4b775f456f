/* Private to accuracy*.c: rows of the table of splits, and points. */
#ifndef CALIBRATE_ACCURACY_PARTS_H
#define CALIBRATE_ACCURACY_PARTS_H

#include "calibrate/accuracy.h"
#include "calibrate/predictor.h"
#include "calibrate/trace.h"

enum { ACCURACY_PATH = 1024 };

/* A row of the table of splits. */
enum accuracy_values { VALUES_EACH, VALUES_MIN, VALUES_MEDIAN, VALUES_REPEATS, VALUES_KINDS };

enum accuracy_column {
    COLUMN_CURVE,
    COLUMN_FILE,
    COLUMN_SERIES,
    COLUMN_X,
    COLUMN_VALUES,
    COLUMN_SPLIT,
    COLUMN_FIT,
    COLUMN_CPUS,
    COLUMN_STEP,
    COLUMNS
};

struct accuracy_rule {
    const char *text[COLUMNS];
    const struct accuracy_roots *roots;
    enum predictor_kind kind;
    enum accuracy_values values;
    double x_from, x_to;
    double cpus, step; /* 0: not told, none */
};

struct accuracy_trace_list {
    struct trace *list;
    size_t count;
};

bool accuracy_starts(const char *text, const char *with);
/* The part of "A > B" before or after the sign; all of a text without one. */
void accuracy_part(char *part, size_t room, const char *text, bool second);
/* False: its root is absent. */
bool accuracy_path(char *path, size_t room, const struct accuracy_rule *rule, const char *file);
/* No trace: none is there. */
int accuracy_traces(struct accuracy_trace_list *traces, const struct accuracy_rule *rule,
                    bool second, struct diag *diag);
void accuracy_traces_free(struct accuracy_trace_list *traces);
/* All points of the series of that name, ascending by x; those of several files add up. */
void accuracy_collect(struct points *points, const struct accuracy_rule *rule,
                      const struct accuracy_trace_list *traces, const char *name);
/* One value an x. */
void accuracy_summarise(struct points *points, enum accuracy_values values);
/* What repeats tell of a curve's noise: the share by which a reading of `all` differs from others
 * of the same x, beside the step of its clock, and from it the mean relative error, at the held-out
 * places, of one who knows the truth. NAN: nothing was repeated. */
struct accuracy_noise {
    double share, floor;
};
struct accuracy_noise accuracy_noise(const struct points *all, const struct points *held,
                                     const struct accuracy_rule *rule);
size_t accuracy_distinct(const struct points *points);
/* Moves the turn-th third of the different x, never the first or last, to `held`. */
void accuracy_split(struct points *points, struct points *held, const char *name, size_t turn);
int accuracy_by_value(const void *a, const void *b); /* doubles, for qsort */

/* Adds a held-out value to the curve's score; accuracy_close ends it. */
void accuracy_score(struct accuracy_curve *curve, double x, double observed,
                    const struct fit_value *predicted);
void accuracy_close(struct accuracy_curve *curve);

/* The places 0 to count - 1 in the order FIT_SEED and the name draw them. */
void accuracy_draw(size_t *places, size_t count, const char *name);

/* The file of a migrations' table: runs of known dirtying, set and limit; total times. */
int accuracy_migration(struct accuracy_curve *curve, const char *path, struct diag *diag);

#endif
