/*
 * Count, mean, variance, least and greatest of observations, one pass, O(1) memory.
 *
 * Stable update: Welford, Technometrics 4(3), 1962. Merge: Chan, Golub and LeVeque, "Updating
 * formulae and a pairwise algorithm for computing sample variances", 1979. Merging in a fixed order
 * gives fixed bits; another order may differ by rounding.
 */
#ifndef SIM_ENGINE_TALLY_H
#define SIM_ENGINE_TALLY_H

#include <math.h>
#include <stdint.h>

struct tally {
    uint64_t count;
    double mean;    /* 0 while empty */
    double squares; /* sum of squared deviations from the mean */
    double least;   /* INFINITY while empty */
    double greatest;
};

static inline void tally_init(struct tally *tally)
{
    *tally = (struct tally){.least = INFINITY, .greatest = -INFINITY};
}

static inline void tally_add(struct tally *tally, double x)
{
    double step = x - tally->mean;

    tally->count++;
    tally->mean += step / (double)tally->count;
    tally->squares += step * (x - tally->mean);
    tally->least = x < tally->least ? x : tally->least;
    tally->greatest = x > tally->greatest ? x : tally->greatest;
}

/* Adds all that `from` has seen. */
static inline void tally_merge(struct tally *into, const struct tally *from)
{
    double total = (double)into->count + (double)from->count;
    double step = from->mean - into->mean;

    if (from->count == 0) {
        return;
    }
    into->squares +=
        from->squares + step * step * ((double)into->count * (double)from->count / total);
    into->mean += step * ((double)from->count / total);
    into->count += from->count;
    into->least = fmin(into->least, from->least);
    into->greatest = fmax(into->greatest, from->greatest);
}

/* Unbiased variance of an observation; NAN below two. */
static inline double tally_variance(const struct tally *tally)
{
    return tally->count < 2 ? NAN : tally->squares / (double)(tally->count - 1);
}

static inline double tally_sd(const struct tally *tally)
{
    return sqrt(tally_variance(tally));
}

#endif
