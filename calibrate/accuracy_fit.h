/* Private to accuracy*.c: points, and one face for all fits. */
#ifndef CALIBRATE_ACCURACY_FIT_H
#define CALIBRATE_ACCURACY_FIT_H

#include "calibrate/accuracy.h"
#include "calibrate/fit_cost.h"
#include "calibrate/fit_count.h"
#include "calibrate/fit_queue.h"

struct accuracy_points {
    double x[ACCURACY_POINTS], y[ACCURACY_POINTS];
    size_t count;
};

enum predictor_kind {
    PREDICT_COUNT,
    PREDICT_COST,
    PREDICT_QUEUE,
    PREDICT_RESPONSE,
    PREDICT_USL,
    PREDICT_LOCK,
    PREDICT_KINDS
};
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
