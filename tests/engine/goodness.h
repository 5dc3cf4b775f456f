/*
 * Goodness of fit of a sample to a continuous distribution that is fully known: p-values of the
 * Kolmogorov-Smirnov and Anderson-Darling statistics. Both sort their argument.
 */
#ifndef TESTS_ENGINE_GOODNESS_H
#define TESTS_ENGINE_GOODNESS_H

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stddef.h>

/* u: probability transforms of the sample. Stephens's finite-n form (JRSS B 32, 1970). */
static inline double goodness_ks(double *u, size_t count)
{
    double root = sqrt((double)count);
    double distance = 0;
    double sum = 0;

    gsl_sort(u, 1, count);
    for (size_t i = 0; i < count; i++) {
        distance = fmax(distance, (double)(i + 1) / (double)count - u[i]);
        distance = fmax(distance, u[i] - (double)i / (double)count);
    }
    double z = (root + 0.12 + 0.11 / root) * distance;

    for (int k = 1; k <= 100; k++) {
        sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * z * z);
    }
    return z < 0.2 ? 1 : fmin(fmax(sum, 0), 1);
}

/* The asymptotic law of A^2 by Marsaglia and Marsaglia, J. Stat. Softw. 9(2), 2004. */
static inline double goodness_ad(double *u, size_t count)
{
    double sum = 0;
    double below;

    gsl_sort(u, 1, count);
    for (size_t i = 0; i < count; i++) {
        sum += (double)(2 * i + 1) * (log(u[i]) + log1p(-u[count - 1 - i]));
    }
    double z = -(double)count - sum / (double)count;

    if (z < 2) {
        double poly = 0.0116720 - 0.00168691 * z;

        poly = 0.247105 - (0.0649821 - (0.0347962 - poly * z) * z) * z;
        below = exp(-1.2337141 / z) / sqrt(z) * (2.00012 + poly * z);
    } else {
        double poly = 0.082433 - (0.008056 - 0.0003146 * z) * z;

        poly = 2.30695 - (0.43424 - poly * z) * z;
        below = exp(-exp(1.0776 - poly * z));
    }
    return 1 - below;
}

#endif
