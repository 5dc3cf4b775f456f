/* One fit by its name in data/recipes.csv: the data pooled for it, what was fitted, the curve and
 * its band. The names and the quantities of each stand in the head of calibration.h. */
#ifndef CALIBRATE_FITTING_H
#define CALIBRATE_FITTING_H

#include "calibrate/fit_cost.h"
#include "calibrate/fit_law.h"
#include "calibrate/fit_queue.h"
#include "calibrate/trace.h"

enum { FITTING_QUANTITIES = 3 };
enum fitting_family { FIT_MEAN, FIT_COST, FIT_QUEUE, FIT_LOCK, FIT_LAW };

struct fitting_kind {
    const char *name;
    enum fitting_family family;
    int form; /* of enum cost_form */
    const char *quantities[FITTING_QUANTITIES + 1];
};

/* The kind of that name, or NULL; what names there are, for an error. */
const struct fitting_kind *fitting_kind_find(const char *name);
#define FITTING_NAMES "constant, linear, n-log-n, quadratic, cost, queue, lock, law or mean"

/* The place of a quantity, or -1. */
int fitting_quantity(const struct fitting_kind *kind, const char *name);

struct fitting {
    const struct fitting_kind *kind;
    double step;   /* of the clock that a cost was read from; 0: none worth it */
    double *x, *y; /* points; a law has cells */
    size_t count;
    struct law_cell *cells;
    size_t cell_count;
    char unit[16], x_name[32];
    bool made; /* below: when it is */
    struct fit_value value[FITTING_QUANTITIES];
    size_t quantities; /* those that the fit has */
    struct fit_quality quality;
    union {
        struct cost_fit cost;
        struct queue_fit queue;
        struct lock_fit lock;
        struct law_fit law;
    } as;
};

/* Adds to the data; points that are lower bounds are left out. Of several distributions the first
 * counts. STATUS_MEMORY, or STATUS_DATA for quantiles that are none. */
int fitting_add_series(struct fitting *fitting, const struct trace_series *series,
                       struct diag *diag);
int fitting_add_distribution(struct fitting *fitting, const struct trace_distribution *from,
                             struct diag *diag);

/* Keeps the least of the points at each x, in the order of x. */
void fitting_keep_least(struct fitting *fitting);

/* Fits. STATUS_DATA: no fit can be made of the data. */
int fitting_make(struct fitting *fitting, struct diag *diag);

/* The fitted curve at x, with the 95 % interval of one more observation there (a law: the share at
 * or below x, the interval that of as many observations). */
struct fit_value fitting_at(const struct fitting *fitting, double x);

void fitting_free(struct fitting *fitting);

#endif
