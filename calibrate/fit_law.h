/* The law behind service times and latencies, by maximum likelihood.
 *
 * Data are cells [low, high) of a weight: a sample is a cell with low = high and counts by its
 * density, a histogram's bin or the space between two quantiles counts by the law's probability of
 * it (interval-censored likelihood; Lawless, Statistical Models and Methods for Lifetime Data,
 * 2003, 2.3). The last cell may reach to INFINITY.
 *
 *   exponential        mean
 *   gamma              shape, scale
 *   lognormal          median, sigma (of the logarithm)
 *   Weibull            scale, shape
 *   hyperexponential   share of the first, its mean, the second's mean
 *   gamma mixture      share of the first, its shape, scale, the second's shape, scale
 *   lognormal mixture  share of the first, its median, sigma, the second's median, sigma
 * Of two components the first has the smaller mean. Mixtures start from EM (Dempster, Laird and
 * Rubin, JRSS B 39, 1977; gamma's M-step: Minka 2002) at several splits, and all laws end with
 * damped Newton steps on the exact likelihood, whose curvature gives the covariance. Intervals are
 * made on the logarithm (of a share: the logit). The law is the smallest within 2 of the least
 * AICc.
 *
 * Tests: Kolmogorov-Smirnov for samples (Stephens 1970; parameters come from the same samples, so
 * its p is too large: what it rejects is wrong, what it
 * does not may be; law_rules.simulations makes it right at the cost of as many fits), chi-square
 * for cells (expected at least 5 each). With a million observations any law fails: `distance` says
 * by how much the shares are off, and law_empirical always holds.
 *
 * Cost: a likelihood is one pass over the cells; a fit takes some hundred. Units: the data's. */
#ifndef CALIBRATE_FIT_LAW_H
#define CALIBRATE_FIT_LAW_H

#include "calibrate/fit.h"

enum law_kind {
    LAW_EXPONENTIAL,
    LAW_GAMMA,
    LAW_LOGNORMAL,
    LAW_WEIBULL,
    LAW_HYPEREXPONENTIAL,
    LAW_GAMMA_MIXTURE,
    LAW_LOGNORMAL_MIXTURE,
    LAW_KINDS
};
enum { LAW_BY_AICC = -1, LAW_PARAMETERS = 5 };

struct law_cell {
    double low, high, weight; /* weight: observations in it */
};

/* Cells ascend and do not overlap; samples in any order. The caller's. */
struct law_data {
    const struct law_cell *cells;
    size_t count;
};

struct law_rules {
    int kind;         /* of enum law_kind, or LAW_BY_AICC */
    size_t resamples; /* of the bootstrap; 0: none */
    /* Of the test of samples, 99 or more, for an exact p; 0: Stephens'. Not made beyond 20,000
     * samples. */
    size_t simulations;
};

struct law_fit {
    enum law_kind kind;
    size_t parameters;
    struct fit_value value[LAW_PARAMETERS]; /* named by law_parameter_names */
    double aicc[LAW_KINDS];                 /* NAN: not fitted */
    double distance;                        /* the largest gap of the distribution functions */
    struct fit_quality quality;             /* p of the test; n: observations, rounded */
};

extern const char *const law_names[LAW_KINDS];
extern const char *const law_parameter_names[LAW_KINDS][LAW_PARAMETERS];

/* STATUS_DATA: fewer than 3 observations or 2 different cells, a value that is not finite or below
 * 0 (samples: not above 0), cells that overlap, weights below 0. */
int law_fit(struct law_fit *fit, const struct law_data *data, const struct law_rules *rules,
            struct diag *diag);

double law_cdf(const struct law_fit *fit, double x);
double law_quantile(const struct law_fit *fit, double p); /* 0 < p < 1 */
double law_mean(const struct law_fit *fit);

/* Turns a percentile table into cells (rows + 1 of them at most): a share p[i] of `total`
 * observations is at most x[i]; p and x ascend, p in 0..1. total NAN: not told, taken as
 * LAW_NOMINAL_TOTAL, so that intervals and tests are nominal. STATUS_DATA: p or x descends, fewer
 * than 2 rows. */
enum { LAW_NOMINAL_TOTAL = 1000 };
int law_from_quantiles(struct law_cell *cells, size_t *count, const double *x, const double *p,
                       size_t rows, double total, struct diag *diag);

/* The data's own quantile at p, linear within cells; its interval from the binomial spread of the
 * share below it. In the last open cell: its low end, and high is INFINITY. */
int law_empirical(struct fit_value *value, const struct law_data *data, double p,
                  struct diag *diag);

#endif
