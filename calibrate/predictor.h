/* One face for the fits that predict a curve: y at x from points at other x. What `make accuracy`
 * and cross-validation (folds.h) predict with. Cost: that of the fit. */
#ifndef CALIBRATE_PREDICTOR_H
#define CALIBRATE_PREDICTOR_H

#include "calibrate/fit_collapse.h"
#include "calibrate/fit_cost.h"
#include "calibrate/fit_count.h"
#include "calibrate/fit_queue.h"
#include "calibrate/fit_storm.h"

enum { PREDICTOR_POINTS = 1024 };

struct points {
    double x[PREDICTOR_POINTS], y[PREDICTOR_POINTS]; /* ascending by x; may repeat */
    size_t count;
};

enum predictor_kind {
    PREDICT_COUNT,
    PREDICT_COST,
    PREDICT_QUEUE,      /* throughput of a closed network */
    PREDICT_RESPONSE,   /* its N / X */
    PREDICT_STORM,      /* time of starts in parallel */
    PREDICT_STORM_RATE, /* their rate */
    PREDICT_USL,
    PREDICT_LOCK,
    PREDICT_HOLDER, /* throughput of a spin lock: of which kind is known */
    PREDICT_NEXT,
    PREDICT_PREEMPTED_QUEUE,
    PREDICT_KINDS
};

extern const char *const predictor_names[PREDICT_KINDS];

struct predictor {
    enum predictor_kind kind;
    double cpus; /* of storms and locks; 0: not told */
    double step; /* of the clock a cost was read from; 0: none */
    /* Filled by the fit. */
    const char *form;
    bool passed;    /* the fit's own test */
    double at_none; /* of a count: its value at 0; NAN: the line's */
    union {
        struct count_fit count;
        struct cost_fit cost;
        struct queue_fit queue;
        struct storm_fit storm;
        struct usl_fit usl;
        struct lock_fit lock;
        struct collapse_fit collapse;
    } of;
    double spread; /* half width of the interval of the logarithm; NAN: none */
};

/* kind, cpus and step are the caller's. STATUS_DATA: the points carry no such fit. */
int predictor_fit(struct predictor *predictor, const struct points *points, struct diag *diag);

/* With the 95 % interval of one more observation: of a cost its own, of the others from the spread
 * of the logarithms about the fit; NAN: none. Of a count that is not exact: its range, whose chance
 * count_range tells. */
struct fit_value predictor_at(const struct predictor *predictor, double x);

/* Half the width of that interval, from the logarithms of observed and fitted values: t sqrt(1 +
 * p/n) of their spread. NAN: no more points than parameters. */
double predictor_spread(const double *observed, const double *fitted, size_t n, size_t parameters);

#endif
