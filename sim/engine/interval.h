/*
 * Confidence intervals for means of independent observations (Student's t; replications are
 * independent by construction, batch means once they pass batch_means' check), and a sequential
 * rule that stops when several of them are narrow enough at once.
 */
#ifndef SIM_ENGINE_INTERVAL_H
#define SIM_ENGINE_INTERVAL_H

#include "sim/engine/tally.h"

#include <stddef.h>
#include <stdint.h>

struct interval {
    double mean;
    double half_width; /* INFINITY when there are too few observations to tell */
};

static inline int interval_holds(struct interval interval, double truth)
{
    return fabs(truth - interval.mean) <= interval.half_width;
}

/* mean +- t(confidence, freedom) * standard_error; freedom 0 gives INFINITY. */
struct interval interval_student(double mean, double standard_error, double freedom,
                                 double confidence);

/* Of the mean of the tally's observations. */
struct interval interval_of_mean(const struct tally *tally, double confidence);

/* Stop when each metric's half width is at most `absolute`, or `relative` times its mean. */
struct interval_target {
    double relative; /* 0.05 is 5 %; 0 switches it off */
    double absolute; /* in the metric's unit; 0 switches it off, unless the width itself is 0 */
};

struct interval_rule {
    double confidence;       /* joint, of all metrics together */
    uint64_t count_at_least; /* observations before the rule may stop; at least 2 */
};

/*
 * Whether all metrics meet their targets. The intervals hold jointly by Bonferroni: each is taken
 * at 1 - (1 - confidence) / count. The relative error is measured against the estimate, so the
 * width is compared with r/(1+r) of the mean to bound the error by r of the truth (Law, "Simulation
 * Modeling and Analysis", 5th ed., section 9.4.1).
 */
int interval_rule_met(const struct interval_rule *rule, const struct tally *metrics,
                      const struct interval_target *targets, size_t count);

/*
 * About how many observations it takes in all until the rule is met, for progress reports: the
 * width shrinks with the square root of their number. UINT64_MAX when that cannot be told.
 */
uint64_t interval_rule_forecast(const struct interval_rule *rule, const struct tally *metrics,
                                const struct interval_target *targets, size_t count);

#endif
