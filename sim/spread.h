/* What the coefficients' own uncertainty does to an answer: the same simulation with every
 * coefficient drawn from its interval, again and again (Monte Carlo). The interval is taken as the
 * 95 % of a lognormal law around the value (of a normal one where it reaches 0 or below), cut at
 * three standard deviations. The draws of one coefficient are the same for all classes and counts.
 */
#ifndef SIM_SPREAD_H
#define SIM_SPREAD_H

#include "sim/knee.h"

enum { DRAWS_MAX = 1000 };

/* The middle 95 % of what the draws gave; NAN: no draw had such a figure. */
struct range {
    double low, high;
};

struct spread {
    size_t draws; /* made */
    struct range metric[METRIC_COUNT];
    struct range knee[LEVELS_MAX]; /* of the knees of an answer, in their order: first_bad */
};

/* Draws `draws` times: figures of the plan's phases, and the knees up to their bound. The plan must
 * be bound to a model; knees may have none. Errors: no memory. A cancelled run has the draws so
 * far.
 */
int spread_find(struct spread *spread, const struct plan *plan, const struct knees *knees,
                size_t draws, const struct overlay *overlay, const struct run_rules *rules,
                struct diag *diag);

#endif
