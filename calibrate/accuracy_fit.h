/* Private to accuracy*.c: points, and one face for all fits. */
#ifndef CALIBRATE_ACCURACY_FIT_H
#define CALIBRATE_ACCURACY_FIT_H

#include "calibrate/accuracy.h"
#include "calibrate/fit_cost.h"
#include "calibrate/fit_count.h"
#include "calibrate/fit_queue.h"
#include "calibrate/trace.h"

struct accuracy_points {
    double x[ACCURACY_POINTS], y[ACCURACY_POINTS];
    size_t count;
};

enum { ACCURACY_PATH = 1024 };

enum predictor_kind {
    PREDICT_COUNT,
    PREDICT_COST,
    PREDICT_QUEUE,
    PREDICT_RESPONSE,
    PREDICT_USL,
    PREDICT_LOCK,
    PREDICT_KINDS
};

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
    COLUMNS
};

struct accuracy_rule {
    const char *text[COLUMNS];
    const struct accuracy_roots *roots;
    enum predictor_kind kind;
    enum accuracy_values values;
    double x_from, x_to;
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
void accuracy_collect(struct accuracy_points *points, const struct accuracy_rule *rule,
                      const struct accuracy_trace_list *traces, const char *name);
/* One value an x. */
void accuracy_summarise(struct accuracy_points *points, enum accuracy_values values);
size_t accuracy_distinct(const struct accuracy_points *points);
/* Moves the turn-th third of the different x, never the first or last, to `held`. */
void accuracy_split(struct accuracy_points *points, struct accuracy_points *held, const char *name,
                    size_t turn);
int accuracy_by_value(const void *a, const void *b); /* doubles, for qsort */

extern const char *const predictor_names[PREDICT_KINDS];

struct predictor {
    enum predictor_kind kind;
    const char *form;
    bool passed;    /* the fit's own test */
    double at_none; /* of a count: its value at 0; NAN: the line's */
    union {
        struct count_fit count;
        struct cost_fit cost;
        struct queue_fit queue;
        struct usl_fit usl;
        struct lock_fit lock;
    } of;
    double spread; /* half width of the interval of the logarithm; NAN: none */
};

/* Of the logarithms of observed and fitted values. NAN: no more points than parameters. */
double predictor_spread(const double *observed, const double *fitted, size_t n, size_t parameters);

int predictor_fit(struct predictor *predictor, const struct accuracy_points *points,
                  struct diag *diag);
struct fit_value predictor_at(const struct predictor *predictor, double x);

/* Adds a held-out value to the curve's score; accuracy_close ends it. */
void accuracy_score(struct accuracy_curve *curve, double x, double observed,
                    const struct fit_value *predicted);
void accuracy_close(struct accuracy_curve *curve);

/* The places 0 to count - 1 in the order FIT_SEED and the name draw them. */
void accuracy_draw(size_t *places, size_t count, const char *name);

/* The file of a migrations' table: runs of known dirtying, set and limit; total times. */
int accuracy_migration(struct accuracy_curve *curve, const char *path, struct diag *diag);

#endif
