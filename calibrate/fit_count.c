#include "calibrate/fit_count.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>

enum { DENOMINATOR = 4 };
#define SNAP 0.02
/* Arithmetic aside, a count is whole. */
#define WHOLE 1e-6

static int check(const struct count_data *data, double *rows, struct diag *diag)
{
    size_t p = data->kinds + 1;
    if (p > FIT_PARAMETERS)
        return diag_set(diag, STATUS_DATA, NULL, 0, "kinds", "%zu kinds, expected at most %d",
                        data->kinds, FIT_PARAMETERS - 1);
    if (data->rows < p)
        return diag_set(diag, STATUS_DATA, NULL, 0, "rows",
                        "%zu rows, expected at least %zu for %zu kinds and a base", data->rows, p,
                        data->kinds);
    int status = fit_check(data->x, data->rows * data->kinds, 0, "devices", diag);
    if (status == STATUS_OK)
        status = fit_check(data->y, data->rows, 0, "count", diag);
    for (size_t i = 0; i < data->rows; i++) {
        rows[i * p] = 1;
        memcpy(&rows[i * p + 1], &data->x[i * data->kinds], data->kinds * sizeof *rows);
    }
    return status;
}

/* The rational of least denominator within SNAP of the value or within its interval; the nearest
 * one of all when there is none. */
static void snap(struct count_value *value, unsigned most)
{
    double at = value->robust.value, reach = SNAP, best = INFINITY;
    if (isfinite(value->robust.high))
        reach = fmin(fmax(SNAP, value->robust.high - at), 0.5 / most);
    value->snapped = false;
    for (unsigned q = 1; q <= most && !value->snapped; q++) {
        double p = round(at * q), off = fabs(at - p / q);
        if (off > 0.999 * best || fabs(p) > 1e15)
            continue;
        best = off;
        value->numerator = (long)p;
        value->denominator = q;
        value->snapped = off <= reach;
    }
}

static double rational(const struct count_value *value)
{
    return value->snapped ? (double)value->numerator / value->denominator : value->robust.value;
}

double count_predict(const struct count_fit *fit, size_t kinds, const double *x)
{
    double sum = rational(&fit->value[0]);
    for (size_t k = 0; k < kinds; k++)
        sum += rational(&fit->value[k + 1]) * x[k];
    return fit->cut_off ? floor(sum + WHOLE) : sum;
}

/* The count less what the kinds take, at each row: least and most. */
static void bases(const struct count_data *data, const double *slope, double *least, double *most)
{
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t i = 0; i < data->rows; i++) {
        double base = data->y[i];
        for (size_t k = 0; k < data->kinds; k++)
            base -= slope[k] * data->x[i * data->kinds + k];
        *least = fmin(*least, base);
        *most = fmax(*most, base);
    }
}

/* Counts are whole. Of whole slopes the base is one number; a fraction of a device counts as none
 * until it is whole, so that with fractions the counts are the line's, cut off, when the bases lie
 * within less than one. The largest of them is then the line's. */
static void settle_base(struct count_fit *fit, const struct count_data *data)
{
    double slope[FIT_PARAMETERS] = {0}, least, most;
    struct count_value *base = &fit->value[0];
    for (size_t k = 0; k < data->kinds; k++) {
        if (!fit->value[k + 1].snapped)
            return;
        slope[k] = rational(&fit->value[k + 1]);
    }
    bases(data, slope, &least, &most);
    if (most - least >= 1 - WHOLE)
        return;
    for (unsigned q = 1; q <= fit->denominator; q++) {
        if (fabs(most * q - round(most * q)) > WHOLE * q || fabs(most * q) > 1e15)
            continue;
        *base = (struct count_value){lround(most * q), q, base->robust, true};
        fit->cut_off = true;
        return;
    }
}

static unsigned common_denominator(const struct count_fit *fit, size_t kinds)
{
    unsigned common = 1;
    for (size_t k = 1; k <= kinds; k++) {
        unsigned q = fit->value[k].denominator, one = common;
        while (q > 0 && one % q != 0)
            one += common;
        common = one;
    }
    return common;
}

static void judge(struct count_fit *fit, const struct count_data *data)
{
    fit->denominator = common_denominator(fit, data->kinds);
    settle_base(fit, data);
    fit->rows_off = 0;
    fit->worst_residual = 0;
    for (size_t i = 0; i < data->rows; i++) {
        double off = data->y[i] - count_predict(fit, data->kinds, &data->x[i * data->kinds]);
        fit->rows_off += fabs(off) > WHOLE;
        if (fabs(off) > fabs(fit->worst_residual)) {
            fit->worst_residual = off;
            fit->worst_row = i;
        }
    }
    fit->exact = fit->rows_off == 0;
    for (size_t k = 0; k <= data->kinds; k++)
        fit->exact = fit->exact && fit->value[k].snapped;
}

/* Of the whole slopes beside the robust one, and the rational it snapped to, those that leave the
 * bases closest together; a kind at a time. */
static void find_range(struct count_fit *fit, const struct count_data *data)
{
    struct count_range *range = &fit->range;
    for (size_t k = 0; k < data->kinds; k++)
        range->slope[k] = rational(&fit->value[k + 1]);
    bases(data, range->slope, &range->low, &range->high);
    for (size_t k = 0; k < data->kinds; k++) {
        double at = fit->value[k + 1].robust.value, best = range->slope[k];
        double width = fit->value[k + 1].snapped ? range->high - range->low : INFINITY;
        double tried[] = {floor(at), ceil(at)};
        for (size_t i = 0; i < 2; i++) {
            double least, most;
            range->slope[k] = tried[i];
            bases(data, range->slope, &least, &most);
            if (most - least < width - WHOLE) {
                width = most - least;
                best = tried[i];
            }
        }
        range->slope[k] = best;
        bases(data, range->slope, &range->low, &range->high);
    }
    double n = (double)data->rows, p = (double)data->kinds;
    range->share = fmax(0, n - 1 - p) / (n + 1);
}

void count_range_at(const struct count_fit *fit, size_t kinds, const double *x, double *low,
                    double *high)
{
    double sum = 0;
    for (size_t k = 0; k < kinds; k++)
        sum += fit->range.slope[k] * x[k];
    *low = ceil(fit->range.low + sum - WHOLE);
    *high = floor(fit->range.high + sum + WHOLE);
}

static void take(struct count_fit *fit, const struct count_data *data, const gsl_vector *theta,
                 const gsl_matrix *covariance)
{
    size_t p = data->kinds + 1;
    double t = data->rows > p ? gsl_cdf_tdist_Pinv(0.975, (double)(data->rows - p)) : INFINITY;
    for (size_t k = 0; k < p; k++) {
        double value = gsl_vector_get(theta, k);
        double se = sqrt(fmax(0, gsl_matrix_get(covariance, k, k)));
        double half = data->rows > p ? t * se : INFINITY;
        fit->value[k].robust = (struct fit_value){.value = value,
                                                  .se = se,
                                                  .low = value - half,
                                                  .high = value + half,
                                                  .bca_low = NAN,
                                                  .bca_high = NAN,
                                                  .identified = isfinite(half)};
        snap(&fit->value[k], data->denominator > 0 ? data->denominator : DENOMINATOR);
    }
}

static int run(struct count_fit *fit, const struct count_data *data, double *rows,
               struct diag *diag)
{
    size_t n = data->rows, p = data->kinds + 1;
    /* The median of absolute residuals that bisquare scales by needs rows to spare. */
    bool robust = n > p + 1;
    gsl_multifit_robust_workspace *robustly =
        robust ? gsl_multifit_robust_alloc(gsl_multifit_robust_bisquare, n, p) : NULL;
    gsl_multifit_linear_workspace *plainly = gsl_multifit_linear_alloc(n, p);
    gsl_matrix_const_view x = gsl_matrix_const_view_array(rows, n, p);
    gsl_vector_const_view y = gsl_vector_const_view_array(data->y, n);
    gsl_vector *theta = gsl_vector_alloc(p);
    gsl_matrix *covariance = gsl_matrix_alloc(p, p);
    int status = STATUS_OK;
    if ((robust && robustly == NULL) || plainly == NULL || theta == NULL || covariance == NULL) {
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
        goto out;
    }
    double chisq = 0;
    int made = gsl_multifit_linear(&x.matrix, &y.vector, theta, covariance, &chisq, plainly);
    /* On exact data the robust scale is zero and the plain fit is already the answer. */
    if (made == GSL_SUCCESS && robust && chisq > 1e-12 * (double)n) {
        gsl_multifit_robust_maxiter(500, robustly);
        made = gsl_multifit_robust(&x.matrix, &y.vector, theta, covariance, robustly);
        made = made == GSL_EMAXITER ? GSL_SUCCESS : made;
    }
    if (made != GSL_SUCCESS) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "count", "no line can be fitted: %s",
                          gsl_strerror(made));
        goto out;
    }
    take(fit, data, theta, covariance);
out:
    if (robustly != NULL) /* unlike its siblings, it does not take NULL */
        gsl_multifit_robust_free(robustly);
    gsl_multifit_linear_free(plainly);
    gsl_vector_free(theta);
    gsl_matrix_free(covariance);
    return status;
}

static void describe(struct count_fit *fit, const struct count_data *data)
{
    double *fitted = malloc(data->rows * sizeof *fitted);
    for (size_t i = 0; fitted != NULL && i < data->rows; i++)
        fitted[i] = count_predict(fit, data->kinds, &data->x[i * data->kinds]);
    if (fitted != NULL)
        fit_errors(&fit->quality, data->y, fitted, data->rows);
    free(fitted);
    fit->quality.passed = fit->exact && data->rows > data->kinds + fit->denominator;
    if (!fit->exact)
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "not exactly linear: %zu of %zu rows are off, by up to %+g (row %zu); a base of "
                 "%g to %g holds them all",
                 fit->rows_off, data->rows, fit->worst_residual, fit->worst_row + 1, fit->range.low,
                 fit->range.high);
    else if (!fit->quality.passed)
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "%zu rows: too few to tell whether it is exact", data->rows);
    else
        fit->quality.note[0] = '\0';
}

int count_fit(struct count_fit *fit, const struct count_data *data, struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    size_t p = data->kinds + 1;
    double *rows = malloc((data->rows * p + 1) * sizeof *rows);
    if (rows == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    int status = check(data, rows, diag);
    if (status == STATUS_OK) {
        fit->quality = (struct fit_quality){.n = data->rows,
                                            .parameters = p,
                                            .method = "robust linear, snapped to rationals",
                                            .p = NAN,
                                            .aicc = NAN,
                                            .condition = fit_condition(rows, data->rows, p)};
        if (!(fit->quality.condition < 1e8))
            status = diag_set(diag, STATUS_DATA, NULL, 0, "devices",
                              "the rows do not tell the kinds apart: one kind must vary while the "
                              "others do not");
    }
    if (status == STATUS_OK)
        status = run(fit, data, rows, diag);
    if (status == STATUS_OK) {
        judge(fit, data);
        find_range(fit, data);
        describe(fit, data);
    }
    gsl_set_error_handler(handler);
    free(rows);
    return status;
}
