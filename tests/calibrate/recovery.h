/* Parameter recovery: draws from known parameters, how often 95 % intervals hold the truth, and how
 * far the mean estimate is from it. CALIBRATE_DRAWS=1000 makes the full run, which must cover in
 * 92-98 %; fewer draws allow the binomial's own spread. CALIBRATE_REPORT prints the table. */
#ifndef TESTS_CALIBRATE_RECOVERY_H
#define TESTS_CALIBRATE_RECOVERY_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "calibrate/fit.h"

static inline size_t recovery_draws(size_t usual)
{
    const char *asked = getenv("CALIBRATE_DRAWS");
    return asked != NULL ? (size_t)strtoul(asked, NULL, 10) : usual;
}

struct recovery {
    const char *fit, *parameter;
    double truth, sum, square;
    size_t draws, inside, bca_draws, bca_inside;
};

static inline struct recovery recovery_of(const char *fit, const char *parameter, double truth)
{
    return (struct recovery){.fit = fit, .parameter = parameter, .truth = truth};
}

static inline void recovery_add(struct recovery *recovery, const struct fit_value *value)
{
    recovery->draws++;
    recovery->sum += value->value;
    recovery->square += value->value * value->value;
    recovery->inside += value->low <= recovery->truth && recovery->truth <= value->high;
    if (isfinite(value->bca_low) && value->bca_low != value->bca_high) {
        recovery->bca_draws++;
        recovery->bca_inside +=
            value->bca_low <= recovery->truth && recovery->truth <= value->bca_high;
    }
}

/* Whether a share of draws is compatible with 92-98 %: exactly that in the full run. */
static inline bool recovery_covers(size_t inside, size_t draws)
{
    double share = (double)inside / (double)draws;
    double slack = draws >= 1000 ? 0 : 3 * sqrt(0.05 * 0.95 / (double)draws);
    return share >= 0.92 - slack && share <= 0.98 + slack;
}

/* Prints a row; false when coverage or bias is out of bounds. Bias allows three standard errors of
 * the mean of the draws beyond 2 %. */
static inline bool recovery_holds(const struct recovery *r)
{
    double n = (double)r->draws, mean = r->sum / n;
    double bias = mean / r->truth - 1;
    double error = sqrt(fmax(0, r->square / n - mean * mean) / n) / fabs(r->truth);
    bool holds = recovery_covers(r->inside, r->draws) &&
                 fabs(bias) <= 0.02 + (r->draws >= 1000 ? 0 : 3 * error);
    bool bca_holds = r->bca_draws == 0 || recovery_covers(r->bca_inside, r->bca_draws);
    if (getenv("CALIBRATE_REPORT") != NULL || !holds || !bca_holds) {
        printf("%-28s %-10s truth %-10.4g draws %4zu coverage %5.1f %% bias %+6.2f %% (se %.2f)",
               r->fit, r->parameter, r->truth, r->draws, 100 * (double)r->inside / n, 100 * bias,
               100 * error);
        if (r->bca_draws > 0)
            printf(" BCa %5.1f %% of %zu", 100 * (double)r->bca_inside / (double)r->bca_draws,
                   r->bca_draws);
        printf("%s\n", holds && bca_holds ? "" : "  OUT OF BOUNDS");
    }
    return holds && bca_holds;
}

static inline gsl_rng *recovery_rng(unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    return rng;
}

#endif
