/*
 * Probability distributions as plain, caller-owned values.
 *
 * A distribution has no unit of its own: a sample is in the unit of its parameters. In models that
 * is seconds; distribution_sample_ns turns such a sample into simulated time.
 *
 * Nothing is allocated. Tables (alias cells, knots, components, traces) belong to the caller and
 * must outlive the distribution. Once initialised it is only read, so replications on several
 * threads may share it; the one exception is a trace, whose cursor moves: one cursor a replication.
 *
 * Under RNG_INVERSION and RNG_ANTITHETIC every sample is the quantile of one uniform, so it falls
 * from one mode to the other as far as the distribution allows. A trace is the same in all modes.
 * Quantiles of a mixture (also hyperexponential) are found by bisection, about 5 us each.
 *
 * Densities and moments: Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions",
 * 2nd ed., Wiley 1994; the GSL reference manual, chapter "Random Number Distributions".
 */
#ifndef SIM_ENGINE_DISTRIBUTION_H
#define SIM_ENGINE_DISTRIBUTION_H

#include "sim/engine/alias.h"
#include "sim/engine/random.h"

#include <stddef.h>
#include <stdint.h>

enum distribution_error {
    DISTRIBUTION_BAD_PARAMETER = -1, /* not finite, or outside its range */
    DISTRIBUTION_BAD_WEIGHT = -2,    /* negative, not finite, or all zero */
    DISTRIBUTION_BAD_ORDER = -3,     /* a table that must ascend does not */
    DISTRIBUTION_BAD_COUNT = -4,     /* an empty table, or too few rows */
    DISTRIBUTION_BAD_PART = -5,      /* a mixture of a trace or of another mixture */
};

enum distribution_kind {
    DISTRIBUTION_DETERMINISTIC,
    DISTRIBUTION_UNIFORM,
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_NORMAL,
    DISTRIBUTION_LOGNORMAL,
    DISTRIBUTION_GAMMA,
    DISTRIBUTION_WEIBULL,
    DISTRIBUTION_PARETO,
    DISTRIBUTION_HYPEREXPONENTIAL,
    DISTRIBUTION_ERLANG,
    DISTRIBUTION_MIXTURE,
    DISTRIBUTION_DISCRETE,
    DISTRIBUTION_QUANTILES,
    DISTRIBUTION_TRACE,
};

/* A recorded series, replayed from the start again once it is used up. */
struct distribution_trace {
    const double *values;
    size_t count;
    size_t next; /* index of the value to come; start at 0 */
};

struct distribution {
    enum distribution_kind kind;
    double a; /* first and second parameter of the initialiser */
    double b;
    size_t count; /* rows of the tables below */
    const struct alias_cell *cells;
    const struct distribution *parts;
    const double *probabilities;
    const double *values;
    struct distribution_trace *trace;
};

/* Initialisers: 0, or a negative enum distribution_error and *d unchanged. */
int distribution_deterministic(struct distribution *d, double value);
int distribution_uniform(struct distribution *d, double low, double high);
int distribution_exponential(struct distribution *d, double mean);
int distribution_normal(struct distribution *d, double mean, double sd);
/* The logarithm is normal with this mean and standard deviation. */
int distribution_lognormal(struct distribution *d, double log_mean, double log_sd);
int distribution_gamma(struct distribution *d, double shape, double scale);
int distribution_weibull(struct distribution *d, double shape, double scale);
/* P(X > x) = (least / x)^shape; the mean is infinite for shape <= 1, the variance for <= 2. */
int distribution_pareto(struct distribution *d, double shape, double least);
/* The sum of `stages` exponentials, of this mean in all. */
int distribution_erlang(struct distribution *d, unsigned stages, double mean);

/* Exponential of means[i] with odds weights[i]. Fills cells[count]; the inputs are not kept. */
int distribution_hyperexponential(struct distribution *d, size_t count, const double *means,
                                  const double *weights, struct alias_cell *cells);
/* parts[i] with odds weights[i]. Fills cells[count] and keeps parts. */
int distribution_mixture(struct distribution *d, size_t count, const struct distribution *parts,
                         const double *weights, struct alias_cell *cells);
/* values[i], strictly ascending, with odds weights[i]. Fills cells[count]; inputs are not kept. */
int distribution_discrete(struct distribution *d, size_t count, const double *values,
                          const double *weights, struct alias_cell *cells);
/*
 * The quantile function that is linear between the knots (probabilities[i], values[i]):
 * count >= 2, probabilities strictly ascending from 0 to 1, values not falling. Keeps both.
 */
int distribution_quantiles(struct distribution *d, size_t count, const double *probabilities,
                           const double *values);
/* Keeps the trace and moves its cursor. */
int distribution_trace(struct distribution *d, struct distribution_trace *trace);

double distribution_sample(const struct distribution *d, struct rng *rng);

/*
 * A sample in seconds as nanoseconds, rounded to the nearest; below 0 becomes 0, beyond the range
 * becomes UINT64_MAX.
 */
uint64_t distribution_sample_ns(const struct distribution *d, struct rng *rng);

/* Moments; INFINITY where they do not exist. */
double distribution_mean(const struct distribution *d);
double distribution_variance(const struct distribution *d);

/* P(X <= x). */
double distribution_cdf(const struct distribution *d, double x);

/* The least x with cdf(x) >= p, 0 < p < 1. */
double distribution_quantile(const struct distribution *d, double p);

const char *distribution_name(enum distribution_kind kind);
const char *distribution_error_text(int error);

#endif
