#include "calibrate/fit_nls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>

/* A problem with parameters held: `free` maps what the solver moves to the model's own. */
struct held {
    const struct nls *problem;
    double theta[FIT_PARAMETERS];
    size_t free[FIT_PARAMETERS];
    size_t free_count;
};

static double weight_of(const struct nls *problem, size_t i)
{
    return problem->weight == NULL ? 1 : problem->weight[i];
}

static size_t rows_of(const struct nls *problem)
{
    size_t rows = 0;
    for (size_t i = 0; i < problem->n; i++)
        rows += weight_of(problem, i) > 0;
    return rows;
}

static int residuals(const gsl_vector *x, void *ctx, gsl_vector *f)
{
    struct held *held = ctx;
    const struct nls *problem = held->problem;
    for (size_t k = 0; k < held->free_count; k++)
        held->theta[held->free[k]] = gsl_vector_get(x, k);
    for (size_t i = 0; i < problem->n; i++) {
        double w = weight_of(problem, i), off = 0;
        if (w > 0)
            off = sqrt(w) *
                  (problem->model(problem->x[i], held->theta, problem->ctx) - problem->y[i]);
        if (!isfinite(off))
            return GSL_EDOM;
        gsl_vector_set(f, i, off);
    }
    return GSL_SUCCESS;
}

static double sum_of_squares(const gsl_vector *f)
{
    double sum = 0;
    for (size_t i = 0; i < f->size; i++)
        sum += gsl_vector_get(f, i) * gsl_vector_get(f, i);
    return sum;
}

static void describe(const gsl_multifit_nlinear_workspace *work, const struct nls *problem,
                     struct nls_fit *fit)
{
    size_t p = problem->parameters, rows = rows_of(problem);
    gsl_matrix *jacobian = gsl_multifit_nlinear_jac(work);
    gsl_matrix *covariance = gsl_matrix_alloc(p, p);
    fit->condition = fit_condition(jacobian->data, problem->n, p);
    if (covariance == NULL)
        return;
    gsl_multifit_nlinear_covar(jacobian, 1e-8, covariance); /* drops what is not told apart */
    double variance = rows > p ? fit->sse / (double)(rows - p) : NAN;
    for (size_t i = 0; i < p * p; i++)
        fit->covariance[i] = gsl_matrix_get(covariance, i / p, i % p) * variance;
    for (size_t k = 0; k < p; k++)
        fit->se[k] = sqrt(fit->covariance[k * p + k]);
    gsl_matrix_free(covariance);
}

/* Solves for the free parameters; fit is filled only when all are free. */
static bool solve(struct held *held, double *sse, struct nls_fit *fit)
{
    const struct nls *problem = held->problem;
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    how.scale = gsl_multifit_nlinear_scale_marquardt;
    how.solver = gsl_multifit_nlinear_solver_svd;
    how.fdtype = GSL_MULTIFIT_NLINEAR_CTRDIFF;
    gsl_multifit_nlinear_fdf fdf = {
        .f = residuals, .n = problem->n, .p = held->free_count, .params = held};
    gsl_multifit_nlinear_workspace *work =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, problem->n, held->free_count);
    gsl_vector *start = gsl_vector_alloc(held->free_count);
    bool solved = false;
    if (work == NULL || start == NULL)
        goto out;
    for (size_t k = 0; k < held->free_count; k++)
        gsl_vector_set(start, k, held->theta[held->free[k]]);
    int info = 0;
    if (gsl_multifit_nlinear_init(start, &fdf, work) != GSL_SUCCESS)
        goto out;
    int status = gsl_multifit_nlinear_driver(200, 1e-9, 1e-9, 0, NULL, NULL, &info, work);
    /* No progress: already at the least the arithmetic can tell, or a flat valley. */
    solved = status == GSL_SUCCESS || status == GSL_ENOPROG || status == GSL_EMAXITER;
    *sse = sum_of_squares(gsl_multifit_nlinear_residual(work));
    for (size_t k = 0; k < held->free_count; k++)
        held->theta[held->free[k]] = gsl_vector_get(gsl_multifit_nlinear_position(work), k);
    if (solved && fit != NULL) {
        fit->sse = *sse;
        memcpy(fit->theta, held->theta, sizeof fit->theta);
        describe(work, problem, fit);
    }
out:
    gsl_multifit_nlinear_free(work);
    gsl_vector_free(start);
    return solved && isfinite(*sse);
}

bool nls_solve(const struct nls *problem, struct nls_fit *fit)
{
    if (rows_of(problem) < problem->parameters)
        return false;
    struct held held = {.problem = problem, .free_count = problem->parameters};
    memcpy(held.theta, fit->theta, sizeof held.theta);
    for (size_t k = 0; k < problem->parameters; k++)
        held.free[k] = k;
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    double sse = 0;
    bool solved = solve(&held, &sse, fit);
    gsl_set_error_handler(handler);
    return solved;
}

bool nls_refit(const struct nls *problem, const struct nls_fit *fit, const double *weight,
               double *theta)
{
    struct nls weighted = *problem;
    struct nls_fit one = *fit;
    weighted.weight = weight;
    if (!nls_solve(&weighted, &one))
        return false;
    for (size_t k = 0; k < problem->parameters; k++)
        theta[k] = exp(one.theta[k]);
    return true;
}

bool nls_try(const struct nls *problem, struct nls_fit *start, bool any, struct nls_fit *best)
{
    if (!nls_solve(problem, start))
        return any;
    if (!any || start->sse < best->sse)
        *best = *start;
    return true;
}

void nls_interval(const struct nls *problem, const struct nls_fit *fit, size_t k, double *low,
                  double *high)
{
    size_t rows = rows_of(problem);
    if (rows <= problem->parameters || !isfinite(fit->se[k])) {
        *low = -INFINITY;
        *high = INFINITY;
        return;
    }
    double t = gsl_cdf_tdist_Pinv(0.975, (double)(rows - problem->parameters));
    *low = fit->theta[k] - t * fit->se[k];
    *high = fit->theta[k] + t * fit->se[k];
}

/* The least sum of squares with theta[k] at a value; *at carries the others from one to the next.
 */
static double profile_sse(const struct nls *problem, size_t k, double value, double *at)
{
    struct held held = {.problem = problem, .free_count = 0};
    memcpy(held.theta, at, sizeof held.theta);
    held.theta[k] = value;
    for (size_t j = 0; j < problem->parameters; j++) {
        if (j != k)
            held.free[held.free_count++] = j;
    }
    double sse = INFINITY;
    if (held.free_count > 0) {
        if (!solve(&held, &sse, NULL))
            return INFINITY;
    } else {
        sse = 0;
        for (size_t i = 0; i < problem->n; i++) {
            double off = problem->model(problem->x[i], held.theta, problem->ctx) - problem->y[i];
            sse += weight_of(problem, i) * off * off;
        }
    }
    memcpy(at, held.theta, sizeof held.theta);
    return isfinite(sse) ? sse : INFINITY;
}

static double profile_end(const struct nls *problem, const struct nls_fit *fit, size_t k,
                          double step, double reach, double most)
{
    double at[FIT_PARAMETERS], inside = fit->theta[k], outside = inside;
    memcpy(at, fit->theta, sizeof at);
    for (;;) {
        outside = inside + step;
        if (fabs(outside - fit->theta[k]) > reach)
            return step < 0 ? -INFINITY : INFINITY;
        double next[FIT_PARAMETERS];
        memcpy(next, at, sizeof next);
        if (profile_sse(problem, k, outside, next) > most)
            break;
        memcpy(at, next, sizeof at);
        inside = outside;
        step *= 1.5;
    }
    for (int i = 0; i < 24; i++) {
        double middle = 0.5 * (inside + outside), next[FIT_PARAMETERS];
        memcpy(next, at, sizeof next);
        if (profile_sse(problem, k, middle, next) > most) {
            outside = middle;
        } else {
            inside = middle;
            memcpy(at, next, sizeof at);
        }
    }
    return 0.5 * (inside + outside);
}

void nls_profile(const struct nls *problem, const struct nls_fit *fit, size_t k, double reach,
                 double *low, double *high)
{
    size_t rows = rows_of(problem);
    *low = -INFINITY;
    *high = INFINITY;
    if (rows <= problem->parameters)
        return;
    double free_rows = (double)(rows - problem->parameters);
    double most = fit->sse * (1 + gsl_cdf_fdist_Pinv(0.95, 1, free_rows) / free_rows);
    most += 1e-24 * (double)rows;
    double step = isfinite(fit->se[k]) && fit->se[k] > 0 ? fit->se[k] : 1e-3;
    step = fmin(step, reach / 8);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    *low = profile_end(problem, fit, k, -step, reach, most);
    *high = profile_end(problem, fit, k, step, reach, most);
    gsl_set_error_handler(handler);
}

struct fit_value nls_positive(const struct nls *problem, const struct nls_fit *fit, size_t k)
{
    double low, high, at = exp(fit->theta[k]);
    double reach = log(1000);
    bool narrow = fit->se[k] < 0.25 && fit->condition < FIT_CONDITION_MAX;
    if (narrow)
        nls_interval(problem, fit, k, &low, &high);
    else
        nls_profile(problem, fit, k, reach, &low, &high);
    return (struct fit_value){.value = at,
                              .se = at * fit->se[k],
                              .low = exp(low),
                              .high = exp(high),
                              .bca_low = NAN,
                              .bca_high = NAN,
                              .identified = isfinite(low) && isfinite(high)};
}
