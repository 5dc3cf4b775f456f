/* Non-linear least squares for the fits: gsl_multifit_nlinear (Levenberg-Marquardt), covariance,
 * and profile likelihood for parameters the covariance does not describe.
 *
 * Parameters are unconstrained here: callers pass logarithms of what must be positive. The observed
 * y and the model are on whatever scale has even noise (logarithms, where noise is relative). */
#ifndef CALIBRATE_FIT_NLS_H
#define CALIBRATE_FIT_NLS_H

#include "calibrate/fit.h"

struct nls {
    size_t n, parameters;
    const double *x, *y;
    const double *weight; /* NULL: 1 each; 0 leaves a row out */
    double (*model)(double x, const double *theta, const void *ctx);
    const void *ctx;
};

struct nls_fit {
    double theta[FIT_PARAMETERS];
    double se[FIT_PARAMETERS];
    double covariance[FIT_PARAMETERS * FIT_PARAMETERS];
    double sse, condition;
};

/* From theta in fit; false: did not converge, or too few rows. */
bool nls_solve(const struct nls *problem, struct nls_fit *fit);

/* The same fit of rows that weigh otherwise, from where it ended; the exponentials of its
 * parameters, for fits whose parameters are logarithms. */
bool nls_refit(const struct nls *problem, const struct nls_fit *fit, const double *weight,
               double *theta);

/* One of several beginnings: solved from `start`, and kept in *best if there is not `any` before it
 * that is better. Whether there is any now. */
bool nls_try(const struct nls *problem, struct nls_fit *start, bool any, struct nls_fit *best);

/* The ends of parameter k's 95 % interval by profile likelihood: where the least sum of squares
 * with theta[k] held rises by the F quantile. An end beyond theta[k] +- reach is -INFINITY or
 * INFINITY: the data do not bound it. Bates and Watts, Nonlinear Regression Analysis (1988), 6. */
void nls_profile(const struct nls *problem, const struct nls_fit *fit, size_t k, double reach,
                 double *low, double *high);

/* Interval theta +- t se. */
void nls_interval(const struct nls *problem, const struct nls_fit *fit, size_t k, double *low,
                  double *high);

/* The parameter whose logarithm is theta[k], with its interval: of the covariance where that is
 * narrow on a log scale, of the profile where it is not. Identified when both ends are within a
 * factor of 1000. */
struct fit_value nls_positive(const struct nls *problem, const struct nls_fit *fit, size_t k);

#endif
