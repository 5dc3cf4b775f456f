#include "calibrate/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

double fit_aicc(double sse, size_t n, size_t parameters)
{
    double k = (double)parameters + 1, m = (double)n;
    if (m < k + 2)
        return NAN;
    /* Exact data: the smallest sum that still orders models by their size. */
    double per = fmax(sse / m, 1e-28);
    return m * log(per) + 2 * k * m / (m - k - 1);
}

void fit_errors(struct fit_quality *quality, const double *observed, const double *fitted, size_t n)
{
    double mean = gsl_stats_mean(observed, 1, n), around = 0, left = 0, sum = 0, worst = 0;
    double typical = 0; /* stands in for an observed 0 */
    for (size_t i = 0; i < n; i++)
        typical += fabs(observed[i]) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double error = fitted[i] - observed[i];
        around += (observed[i] - mean) * (observed[i] - mean);
        left += error * error;
        double relative = fabs(error) / (observed[i] != 0 ? fabs(observed[i]) : typical);
        relative = isnan(relative) ? 0 : relative;
        sum += relative;
        worst = fmax(worst, relative);
    }
    quality->r2 = around > 0 ? 1 - left / around : NAN;
    quality->mean_error = sum / (double)n;
    quality->worst_error = worst;
    quality->passed = quality->mean_error <= FIT_ERROR_MAX;
    if (!quality->passed)
        snprintf(quality->note, sizeof quality->note,
                 "misses its data by %.0f %% on average, more than %.0f %%",
                 100 * quality->mean_error, 100 * FIT_ERROR_MAX);
}

double fit_condition(const double *matrix, size_t n, size_t p)
{
    if (n < p)
        return INFINITY;
    gsl_matrix *scaled = gsl_matrix_alloc(n, p), *v = gsl_matrix_alloc(p, p);
    gsl_vector *s = gsl_vector_alloc(p), *work = gsl_vector_alloc(p);
    double condition = INFINITY;
    if (scaled == NULL || v == NULL || s == NULL || work == NULL)
        goto out;
    for (size_t j = 0; j < p; j++) {
        double length = 0;
        for (size_t i = 0; i < n; i++)
            length = hypot(length, matrix[i * p + j]);
        if (!(length > 0) || isinf(length))
            goto out;
        for (size_t i = 0; i < n; i++)
            gsl_matrix_set(scaled, i, j, matrix[i * p + j] / length);
    }
    gsl_linalg_SV_decomp(scaled, v, s, work);
    double least = gsl_vector_get(s, p - 1), most = gsl_vector_get(s, 0);
    condition = least > 1e-14 * most ? most / least : INFINITY;
out:
    gsl_matrix_free(scaled);
    gsl_matrix_free(v);
    gsl_vector_free(s);
    gsl_vector_free(work);
    return condition;
}

int fit_check(const double *values, size_t n, double least, const char *what, struct diag *diag)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            return diag_set(diag, STATUS_DATA, NULL, 0, what,
                            "value %zu is %g, expected a finite number", i + 1, values[i]);
        double size = fabs(values[i]);
        if (size > FIT_LARGEST || (size > 0 && size < 1 / FIT_LARGEST))
            return diag_set(diag, STATUS_DATA, NULL, 0, what,
                            "value %zu is %g, expected 0 or a size of %g to %g", i + 1, values[i],
                            1 / FIT_LARGEST, FIT_LARGEST);
        if (values[i] < least)
            return diag_set(diag, STATUS_DATA, NULL, 0, what,
                            "value %zu is %g, expected at least %g", i + 1, values[i], least);
    }
    return STATUS_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t fit_distinct(const double *values, size_t n)
{
    double *sorted = malloc((n + 1) * sizeof *sorted);
    if (sorted == NULL)
        return 0;
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    size_t distinct = n > 0;
    for (size_t i = 1; i < n; i++)
        distinct += sorted[i] != sorted[i - 1];
    free(sorted);
    return distinct;
}

/* Ascending. The interval of a statistic from its resamples, its jackknifed acceleration. */
static void bca(const double *sorted, size_t count, double theta, double acceleration, double half,
                struct fit_value *value)
{
    double below = 0;
    for (size_t i = 0; i < count; i++)
        below += sorted[i] < theta ? 1 : sorted[i] == theta ? 0.5 : 0;
    double share = below / (double)count;
    double least = 0.5 / (double)count;
    double z0 = gsl_cdf_ugaussian_Pinv(fmin(fmax(share, least), 1 - least));
    double end[2];
    for (int i = 0; i < 2; i++) {
        double z = z0 + (i == 0 ? -half : half);
        double room = fmax(1 - acceleration * z, 0.05); /* past it the correction has no meaning */
        double at = gsl_cdf_ugaussian_P(z0 + z / room);
        end[i] = gsl_stats_quantile_from_sorted_data(sorted, 1, count, at);
    }
    value->bca_low = fmin(end[0], end[1]);
    value->bca_high = fmax(end[0], end[1]);
}

static bool all_finite(const double *theta, size_t parameters)
{
    for (size_t k = 0; k < parameters; k++) {
        if (!(fabs(theta[k]) <= FIT_LARGEST))
            return false;
    }
    return true;
}

/* The third-moment skewness of leaving one observation out, a parameter at a time. */
static void jackknife(fit_refit *refit, void *ctx, const double *count, double *weight, size_t n,
                      const double *whole, size_t parameters, double *acceleration)
{
    double sum[FIT_PARAMETERS] = {0}, square[FIT_PARAMETERS] = {0}, cube[FIT_PARAMETERS] = {0};
    double mean[FIT_PARAMETERS], total = 0;
    double *left = malloc((n * parameters + 1) * sizeof *left);
    for (size_t i = 0; left != NULL && i < n; i++) {
        double times = count == NULL ? 1 : count[i], theta[FIT_PARAMETERS];
        for (size_t j = 0; j < n; j++)
            weight[j] = (count == NULL ? 1 : count[j]) - (i == j && times > 0 ? fmin(1, times) : 0);
        if (times <= 0 || !refit(weight, theta, ctx) || !all_finite(theta, parameters))
            memcpy(theta, whole, parameters * sizeof *theta);
        for (size_t k = 0; k < parameters; k++) {
            left[i * parameters + k] = theta[k];
            sum[k] += times * theta[k];
        }
        total += times;
    }
    for (size_t k = 0; k < parameters; k++) {
        mean[k] = sum[k] / total;
        for (size_t i = 0; left != NULL && i < n; i++) {
            double off = mean[k] - left[i * parameters + k], times = count == NULL ? 1 : count[i];
            square[k] += times * off * off;
            cube[k] += times * off * off * off;
        }
        double skew = cube[k] / (6 * pow(square[k], 1.5));
        acceleration[k] = isfinite(skew) ? skew : 0;
    }
    free(left);
}

static void resample(gsl_rng *rng, const double *count, size_t n, double total, double *weight,
                     unsigned *drawn)
{
    if (count == NULL) {
        memset(weight, 0, n * sizeof *weight);
        for (size_t i = 0; i < n; i++)
            weight[gsl_rng_uniform_int(rng, n)] += 1;
        return;
    }
    gsl_ran_multinomial(rng, n, (unsigned)total, count, drawn);
    for (size_t i = 0; i < n; i++)
        weight[i] = drawn[i];
}

int fit_bootstrap(fit_refit *refit, void *ctx, const double *count, size_t n, const double *theta,
                  size_t parameters, size_t resamples, struct fit_value *values, struct diag *diag)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += count == NULL ? 1 : count[i];
    for (size_t k = 0; k < parameters; k++)
        values[k].bca_low = values[k].bca_high = NAN;
    if (resamples == 0 || total < FIT_BOOTSTRAP_MIN || total < (double)parameters + 2 ||
        total > 4e9)
        return STATUS_OK;
    int status = STATUS_OK;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double *weight = malloc(n * sizeof *weight);
    unsigned *drawn = malloc(n * sizeof *drawn);
    double *draws = malloc(resamples * parameters * sizeof *draws);
    if (rng == NULL || weight == NULL || drawn == NULL || draws == NULL) {
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
        goto out;
    }
    gsl_rng_set(rng, FIT_SEED);
    size_t made = 0;
    for (size_t b = 0; b < resamples; b++) {
        double one[FIT_PARAMETERS];
        resample(rng, count, n, total, weight, drawn);
        if (!refit(weight, one, ctx) || !all_finite(one, parameters))
            continue;
        for (size_t k = 0; k < parameters; k++)
            draws[k * resamples + made] = one[k];
        made++;
    }
    if (made * 10 < resamples * 9)
        goto out;
    /* Resamples vary less than new samples would, by the degrees of freedom; so reach farther. */
    double free_rows = total - (double)parameters;
    double half = sqrt(total / free_rows) * gsl_cdf_tdist_Pinv(0.975, free_rows);
    double acceleration[FIT_PARAMETERS] = {0};
    jackknife(refit, ctx, count, weight, n, theta, parameters, acceleration);
    for (size_t k = 0; k < parameters; k++) {
        gsl_sort(&draws[k * resamples], 1, made);
        bca(&draws[k * resamples], made, theta[k], acceleration[k], half, &values[k]);
    }
out:
    gsl_rng_free(rng);
    free(weight);
    free(drawn);
    free(draws);
    return status;
}
