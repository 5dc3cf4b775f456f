/* The cost of the n-th, or of n, of something: seconds or bytes y against n.
 *
 *   constant   a                 linear     a + b n
 *   n log n    a + b n log2 n    quadratic  a + b n + c n^2
 *
 * Weighted linear least squares (gsl_multifit_wlinear); the noise of a cost grows with it, so
 * without weights each point counts 1/y^2, taken from the fitted curve once there is one (weights
 * from the observed y favour points that came out low: a bias of about the variance). The form is
 * the smallest within 2 of the least AICc (Burnham and Anderson 2002, 2.6). Carries also what is
 * linear in a size, such as memory overhead a + b size.
 *
 * A time that was read from a clock with a coarse step (CPU time: USER_HZ, 10 ms) carries, besides
 * the share, the variance of its steps: a CPU time is the sum of two times, user and system, each
 * cut off to a whole step (cputime_adjust() and nsec_to_clock_t() of Linux), so that its error is
 * triangular, step^2 / 6. Without it the shortest times, whose relative error is the largest, count
 * as much as the longest. What is fitted is the reading, which is low by a step on the average;
 * the fit's own test takes what is within a step of a reading for the reading. */
#ifndef CALIBRATE_FIT_COST_H
#define CALIBRATE_FIT_COST_H

#include "calibrate/fit.h"

enum cost_form { COST_CONSTANT, COST_LINEAR, COST_N_LOG_N, COST_QUADRATIC, COST_FORMS };
enum { COST_BY_AICC = -1 };

struct cost_data {
    const double *n,
        *y; /* n >= 0; y > 0, or any where there are weights; unit of y is the cost's */
    const double *weight; /* 1/variance up to a factor; NULL: 1/y^2 */
    size_t count;
};

struct cost_rules {
    int form;         /* of enum cost_form, or COST_BY_AICC */
    size_t resamples; /* of the bootstrap; 0: none */
};

struct cost_fit {
    enum cost_form form;
    size_t parameters;
    struct fit_value value[3]; /* a, b, c */
    double covariance[9];      /* parameters x parameters, row-major */
    double sse;                /* weighted */
    double variance;           /* of an observation of weight 1; of the share, squared */
    double step_variance;      /* of the clock's steps; 0: none */
    double aicc[COST_FORMS];   /* NAN: not tried or too few points */
    double quadratic_p; /* F-test of c > 0 against the line, one-sided; NAN: too few points */
    bool relative;      /* noise is a share of the fitted cost */
    struct fit_quality quality;
};

extern const char *const cost_form_names[COST_FORMS];

/* STATUS_DATA: fewer than 2 points, a value that is not finite, n < 0, y <= 0 without weights, a
 * weight that is not positive, or a form asked for that the distinct n cannot carry. */
int cost_fit(struct cost_fit *fit, const struct cost_data *data, const struct cost_rules *rules,
             struct diag *diag);

/* The same of times read from a clock with such a step (0: none); without weights, and y may be 0
 * where there is a step. */
int cost_fit_read(struct cost_fit *fit, const struct cost_data *data, double step,
                  const struct cost_rules *rules, struct diag *diag);

/* The mean cost at n, and the 95 % interval of one more observation there. */
struct fit_value cost_predict(const struct cost_fit *fit, double n);

#endif
