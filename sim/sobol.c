#include "sim/sobol.h"

#include <assert.h>
#include <gsl/gsl_qrng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/random.h"

static_assert(2 * SOBOL_INPUTS_MAX <= 40, "gsl_qrng_sobol has 40 dimensions");

enum { SEQUENCE_BITS = 30 }; /* of GSL's numbers */
enum { PURPOSE_SHIFT = 0x50b01, PURPOSE_RESAMPLE = 0x50b02 };

static int no_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

int sobol_points(double *points, size_t count, size_t inputs, uint64_t seed, struct diag *diag)
{
    size_t dimensions = 2 * inputs;
    uint32_t shift[2 * SOBOL_INPUTS_MAX];
    struct rng rng;
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)dimensions);
    if (sequence == NULL)
        return no_memory(diag);
    rng_init(&rng, seed, 0, 0, PURPOSE_SHIFT);
    for (size_t d = 0; d < dimensions; d++)
        shift[d] = (uint32_t)(rng_u64(&rng) >> (64 - SEQUENCE_BITS));
    for (size_t i = 0; i < count; i++) {
        double *point = points + i * dimensions;
        if (i == 0)
            memset(point, 0, dimensions * sizeof *point); /* GSL begins with the second */
        else
            gsl_qrng_get(sequence, point);
        for (size_t d = 0; d < dimensions; d++) {
            uint32_t digits = (uint32_t)ldexp(point[d], SEQUENCE_BITS) ^ shift[d];
            point[d] = ldexp(digits + 0.5, -SEQUENCE_BITS);
        }
    }
    gsl_qrng_free(sequence);
    return STATUS_OK;
}

/* What the estimators sum of a base point, so that a resample reads one run of memory a point. */
enum { TERM_SUM, TERM_SQUARES, TERM_INPUTS }; /* of f_A and f_B; then two terms an input */

struct study {
    double *terms; /* [used][TERM_INPUTS + 2 * inputs] */
    size_t used, inputs, width;
    double variance; /* 0: constant */
};

static bool is_whole(const double *row, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(row[i]))
            return false;
    }
    return true;
}

static double mean_of(const double *values, size_t count, size_t evaluations, bool *constant)
{
    double sum = 0;
    double first = NAN;
    size_t rows = 0;
    *constant = true;
    for (size_t i = 0; i < count; i++) {
        const double *row = values + i * evaluations;
        if (!is_whole(row, evaluations))
            continue;
        first = rows++ == 0 ? row[SOBOL_A] : first;
        *constant = *constant && row[SOBOL_A] == first && row[SOBOL_B] == first;
        sum += row[SOBOL_A] / 2 + row[SOBOL_B] / 2;
    }
    return rows > 0 ? sum / (double)rows : 0;
}

static void take_terms(struct study *study, const double *values, size_t count, double mean)
{
    size_t evaluations = study->inputs + SOBOL_AB;
    for (size_t i = 0; i < count; i++) {
        const double *row = values + i * evaluations;
        double *term = study->terms + study->used * study->width;
        double a = row[SOBOL_A] - mean;
        double b = row[SOBOL_B] - mean;
        if (!is_whole(row, evaluations))
            continue;
        study->used++;
        term[TERM_SUM] = a + b;
        term[TERM_SQUARES] = a * a + b * b;
        for (size_t k = 0; k < study->inputs; k++) {
            double change = row[SOBOL_AB + k] - row[SOBOL_A];
            term[TERM_INPUTS + 2 * k] = b * change;
            term[TERM_INPUTS + 2 * k + 1] = change * change / 2;
        }
    }
}

/* Variance of sums over `used` points; then they become first and total indices. */
static double indices_of(double *sums, size_t used, size_t inputs)
{
    double all = 2 * (double)used;
    double mean = sums[TERM_SUM] / all;
    double variance = sums[TERM_SQUARES] / all - mean * mean;
    for (size_t k = 0; k < 2 * inputs; k++)
        sums[TERM_INPUTS + k] /= (double)used * variance;
    return variance;
}

static void add(double *sums, const double *term, size_t width)
{
    for (size_t t = 0; t < width; t++)
        sums[t] += term[t];
}

/* Indices of one resample into column `r` of resampled[2 * inputs][SOBOL_RESAMPLES]; NAN: it has no
 * variance. */
static void resample(const struct study *study, uint64_t seed, size_t r, double *resampled)
{
    double sums[TERM_INPUTS + 2 * SOBOL_INPUTS_MAX] = {0};
    struct rng rng;
    rng_init(&rng, seed, r, 0, PURPOSE_RESAMPLE);
    for (size_t i = 0; i < study->used; i++)
        add(sums, study->terms + rng_below(&rng, study->used) * study->width, study->width);
    double variance = indices_of(sums, study->used, study->inputs);
    bool good = variance > 1e-12 * study->variance;
    for (size_t k = 0; k < 2 * study->inputs; k++)
        resampled[k * SOBOL_RESAMPLES + r] = good ? sums[TERM_INPUTS + k] : NAN;
}

static void set_interval(double *resampled, struct sobol_estimate *estimate)
{
    size_t count = 0;
    for (size_t r = 0; r < SOBOL_RESAMPLES; r++) {
        if (!isnan(resampled[r]))
            resampled[count++] = resampled[r];
    }
    if (count == 0)
        return;
    gsl_sort(resampled, 1, count);
    estimate->low = gsl_stats_quantile_from_sorted_data(resampled, 1, count, 0.025);
    estimate->high = gsl_stats_quantile_from_sorted_data(resampled, 1, count, 0.975);
}

static void estimate(struct study *study, uint64_t seed, unsigned threads, double *resampled,
                     struct sobol_index *out)
{
    double sums[TERM_INPUTS + 2 * SOBOL_INPUTS_MAX] = {0};
    for (size_t i = 0; i < study->used; i++)
        add(sums, study->terms + i * study->width, study->width);
    study->variance = indices_of(sums, study->used, study->inputs);
#pragma omp parallel for num_threads(threads > 0 ? (int)threads : omp_get_max_threads())
    for (size_t r = 0; r < SOBOL_RESAMPLES; r++)
        resample(study, seed, r, resampled);
    for (size_t k = 0; k < study->inputs; k++) {
        struct sobol_estimate *const both[] = {&out[k].first, &out[k].total};
        for (size_t i = 0; i < 2; i++) {
            both[i]->value = sums[TERM_INPUTS + 2 * k + i];
            set_interval(resampled + (2 * k + i) * SOBOL_RESAMPLES, both[i]);
        }
    }
}

int sobol_indices(const double *values, size_t count, size_t inputs, uint64_t seed,
                  unsigned threads, struct sobol_index *out, size_t *used, struct diag *diag)
{
    const struct sobol_estimate unknown = {NAN, NAN, NAN};
    struct study study = {.inputs = inputs, .width = TERM_INPUTS + 2 * inputs};
    bool constant;
    double mean = mean_of(values, count, inputs + SOBOL_AB, &constant);
    study.terms = calloc(count * study.width + 1, sizeof *study.terms);
    double *resampled = calloc(2 * inputs * SOBOL_RESAMPLES, sizeof *resampled);
    int status = study.terms != NULL && resampled != NULL ? STATUS_OK : no_memory(diag);
    for (size_t k = 0; k < inputs; k++)
        out[k] = (struct sobol_index){unknown, unknown};
    if (status == STATUS_OK) {
        take_terms(&study, values, count, mean);
        if (!constant && study.used > 1) /* one point has no spread to tell of */
            estimate(&study, seed, threads, resampled, out);
    }
    *used = study.used;
    free(study.terms);
    free(resampled);
    return status;
}
