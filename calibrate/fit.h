/* What all fits share: the shape of a fitted value, of a fit's quality, and the bootstrap.
 *
 * A fit takes plain arrays (its caller keeps them) and fills a caller's struct of fixed size:
 * nothing to free. It returns STATUS_OK, or STATUS_DATA / STATUS_MEMORY with diag filled: data that
 * no fit can be made of (too few points, all at one place, NAN, a negative count). A fit that was
 * made but does not describe its data is no error: quality.passed is false and quality.note says
 * why. A parameter the data do not settle is no error either: identified is false and an end of its
 * interval is open (0 or INFINITY).
 *
 * Intervals are of 95 %: low and high from the covariance (or the profile likelihood, where the
 * covariance does not hold), bca_low and bca_high from the bootstrap (NAN: not asked for, or too
 * few points). The bootstrap resamples observations with a fixed seed: the same data give the same
 * interval to the last bit. Units are those of the data. */
#ifndef CALIBRATE_FIT_H
#define CALIBRATE_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diag.h"

enum { FIT_PARAMETERS = 8, FIT_BOOTSTRAP_MIN = 8, FIT_SEED = 20260101 };

/* A curve passes when its mean absolute relative error is at most this. */
#define FIT_ERROR_MAX 0.2
/* A law passes when its test's p is at least this. */
#define FIT_P_MIN 0.01
/* Parameters whose scaled design has a larger condition number are not told apart. */
#define FIT_CONDITION_MAX 1e4

struct fit_value {
    double value, se, low, high;
    double bca_low, bca_high;
    bool identified;
};

struct fit_quality {
    size_t n, parameters;
    const char *method;             /* static text */
    double r2;                      /* of curves; NAN: none */
    double p;                       /* of a test of the fit; NAN: none */
    double aicc;                    /* NAN: too few points */
    double mean_error, worst_error; /* absolute, relative to the observed; curves */
    double condition;               /* of the scaled design; 1: orthogonal */
    bool passed;
    char note[192];
};

/* A least-squares AICc: n log(sse/n) + 2 k n / (n - k - 1), k counting the variance too. NAN when
 * n < k + 2. Hurvich and Tsai, Biometrika 76 (1989). */
double fit_aicc(double sse, size_t n, size_t parameters);

/* Fills r2 and the errors of observed against fitted, and passed by FIT_ERROR_MAX. */
void fit_errors(struct fit_quality *quality, const double *observed, const double *fitted,
                size_t n);

/* Condition number of an n x p matrix (row-major) whose columns are scaled to length 1. Belsley,
 * Kuh and Welsch, Regression Diagnostics (1980), chapter 3. INFINITY: rank deficient. */
double fit_condition(const double *matrix, size_t n, size_t p);

/* No quantity of a host is larger, or smaller but for 0; squares of these stay within a double. */
#define FIT_LARGEST 1e60

/* STATUS_DATA naming the first value that is NAN, infinite, out of all measure, or below `least`.
 */
int fit_check(const double *values, size_t n, double least, const char *what, struct diag *diag);

/* How many values differ. */
size_t fit_distinct(const double *values, size_t n);

/* Fits with the observation i counted weight[i] times (0: left out) and fills theta; returns false
 * when it cannot. */
typedef bool fit_refit(const double *weight, double *theta, void *ctx);

/* Bias-corrected accelerated intervals into values[].bca_low/high: Efron, JASA 82 (1987); the
 * acceleration from the jackknife, the reach widened for few observations by expanded percentiles:
 * Hesterberg, American Statistician 69 (2015). theta is the fit of the whole data. count[i]
 * observations stand behind row i (NULL: one each). NAN where fewer than FIT_BOOTSTRAP_MIN
 * observations, or where more than a tenth of the refits fail. Cost: resamples + n refits. */
int fit_bootstrap(fit_refit *refit, void *ctx, const double *count, size_t n, const double *theta,
                  size_t parameters, size_t resamples, struct fit_value *values, struct diag *diag);

#endif
