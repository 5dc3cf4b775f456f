/*
 * Pairs of observations (x, y) that are dependent on purpose, and the estimators that gain from it:
 *
 * - common random numbers: x and y are two designs run with the same streams; the interval of
 *   E[y - x] is narrow because what is common cancels;
 * - antithetic variates: x and y are one design in RNG_INVERSION and RNG_ANTITHETIC; the interval
 *   of E[(x + y) / 2] is narrow because high goes with low;
 * - control variate: E[x] is known; what y owes to x's deviation is subtracted (Lavenberg and
 *   Welch, "A perspective on the use of control variables", Manage. Sci. 27(3), 1981).
 *
 * Different pairs must be independent (one pair a replication). O(1) memory; merges like a tally.
 */
#ifndef SIM_ENGINE_PAIRS_H
#define SIM_ENGINE_PAIRS_H

#include "sim/engine/interval.h"
#include "sim/engine/tally.h"

struct pairs {
    struct tally x;
    struct tally y;
    double products; /* sum of (x - mean x) (y - mean y) */
};

void pairs_init(struct pairs *pairs);
void pairs_add(struct pairs *pairs, double x, double y);
void pairs_merge(struct pairs *into, const struct pairs *from);

/* NAN below two pairs or when either does not vary. */
double pairs_correlation(const struct pairs *pairs);

/* Of E[y - x] (paired t). */
struct interval pairs_difference(const struct pairs *pairs, double confidence);

/* Of E[(x + y) / 2]. */
struct interval pairs_average(const struct pairs *pairs, double confidence);

/* Of E[y], given E[x] = x_mean, by regression of y on x; count - 2 degrees of freedom. */
struct interval pairs_controlled(const struct pairs *pairs, double x_mean, double confidence);

/*
 * How many times as many independent observations it would take for the same width: the variance
 * of the estimator from independent x and y over its variance from these pairs.
 */
double pairs_difference_gain(const struct pairs *pairs);
double pairs_average_gain(const struct pairs *pairs);

#endif
