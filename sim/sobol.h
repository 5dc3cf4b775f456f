/* Sobol' indices: the share of an outcome's variance that is due to an input alone (first order,
 * S1) and with all its interactions (total, ST), of independent inputs.
 *
 * N base points are rows of two matrices A and B, the halves of one quasi-random sequence. The
 * outcome is computed at each row of A, of B, and of A with column i from B, for each input i:
 * N(k+2) evaluations. S1 is estimated as mean(f_B (f_ABi - f_A)) / V (Saltelli et al., "Variance
 * based sensitivity analysis of model output", Computer Physics Communications 181, 2010, table 2
 * (b)), ST as mean((f_A - f_ABi)^2) / 2V (Jansen, ibid. (f)). f is taken from its mean, without
 * which S1 is inexact where the mean is large. Intervals are percentiles of a bootstrap over base
 * points, which takes them as independent: for quasi-random points it errs to the wide side. */
#ifndef SIM_SOBOL_H
#define SIM_SOBOL_H

#include <stddef.h>
#include <stdint.h>

#include "model/diag.h"

enum { SOBOL_INPUTS_MAX = 20, SOBOL_POINTS_MAX = 1 << 17, SOBOL_RESAMPLES = 1000 };

/* Evaluations of a base point, in this order. */
enum { SOBOL_A, SOBOL_B, SOBOL_AB };

/* Fills points[count][2 * inputs] with values of [0, 1): a row of A, then one of B. The sequence is
 * GSL's, its first point (0, ..., 0) included, exclusive-or'ed with random digits of the seed: so
 * it keeps its evenness, is best where count is a power of two, and has no point in a corner. */
int sobol_points(double *points, size_t count, size_t inputs, uint64_t seed, struct diag *diag);

/* NAN: not known, because there are too few points, or the outcome does not vary. */
struct sobol_estimate {
    double value, low, high; /* a 95 % interval */
};
struct sobol_index {
    struct sobol_estimate first, total;
};

/* The indices of each input from values[count][inputs + 2]. A point of which a value is not finite
 * is left out; *used tells how many are not. Uses `threads` (0: all CPUs), to the same bits. */
int sobol_indices(const double *values, size_t count, size_t inputs, uint64_t seed,
                  unsigned threads, struct sobol_index *out, size_t *used, struct diag *diag);

#endif
