/* What n devices take that is counted: file descriptors, eventfds, threads, routes. A count is an
 * exact integer linear function of how many there are of each kind, y = base + sum(k_j x_j), with
 * k_j whole or of a small denominator (a bridge every 31 disks). A robust fit
 * (gsl_multifit_robust, bisquare) finds the line most rows lie on, whatever a few others do (worker
 * threads that come and go); its coefficients snap to the nearest rationals; what the snapped line
 * misses is counted. A line of fractions is cut off to whole counts; a line that only rounds to the
 * counts is not exact. Where no line is, as with pools of workers that come and go, a range is: the
 * same whole numbers for each kind, and a base between the least and the most that was seen.
 * Holland and Welsch, Communications in Statistics A6 (1977). Cost: rows x kinds^2 an iteration. */
#ifndef CALIBRATE_FIT_COUNT_H
#define CALIBRATE_FIT_COUNT_H

#include "calibrate/fit.h"

struct count_data {
    const double *x;      /* rows x kinds, row-major: how many of each kind; >= 0 */
    const double *y;      /* the count; >= 0 */
    size_t rows, kinds;   /* kinds <= FIT_PARAMETERS - 1 */
    unsigned denominator; /* the largest tried; 0: 4 */
};

struct count_value {
    long numerator;
    unsigned denominator;
    struct fit_value robust; /* before snapping */
    bool snapped;            /* the rational lies within the robust interval or 0.02 */
};

struct count_range {
    double slope[FIT_PARAMETERS]; /* of a kind each */
    double low, high;             /* of the base */
    /* The chance that one more row like these lies within, whatever their law: (n - 1) / (n + 1) of
     * a known slope (Wilks, Annals of Mathematical Statistics 12, 1941), a row less in the
     * numerator for each kind whose slope was chosen to make the range narrow. */
    double share;
};

struct count_fit {
    struct count_value value[FIT_PARAMETERS]; /* value[0] is the base, then a kind each */
    unsigned denominator;                     /* common to the kinds */
    bool cut_off;                             /* the line's counts are cut off to whole ones */
    bool exact;                               /* every row is met */
    size_t rows_off;                          /* rows that the line does not meet */
    double worst_residual;
    size_t worst_row;
    struct count_range range;
    struct fit_quality quality; /* passes when exact, with more rows than it takes to tell */
};

/* STATUS_DATA: fewer rows than parameters, kinds that the rows do not tell apart, a value that is
 * not finite or below 0. Counts that are not exactly linear are no error: exact is false, the
 * values are the robust fit's. */
int count_fit(struct count_fit *fit, const struct count_data *data, struct diag *diag);

/* The exact count at x[kinds]; where none is, the snapped line, or the robust one where it did not
 * snap. */
double count_predict(const struct count_fit *fit, size_t kinds, const double *x);

/* The whole counts at x[kinds] between the ends of the range. */
void count_range_at(const struct count_fit *fit, size_t kinds, const double *x, double *low,
                    double *high);

#endif
