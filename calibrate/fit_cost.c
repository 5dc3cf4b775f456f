#include "calibrate/fit_cost.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

const char *const cost_form_names[COST_FORMS] = {"constant", "linear", "n log n", "quadratic"};
static const size_t form_parameters[COST_FORMS] = {1, 2, 2, 3};

enum { REWEIGHTS = 4 };

static void terms(enum cost_form form, double n, double *row)
{
    row[0] = 1;
    row[1] = form == COST_N_LOG_N ? (n > 0 ? n * log2(n) : 0) : n;
    row[2] = n * n;
}

static double curve(enum cost_form form, const double *theta, double n)
{
    double row[3], sum = 0;
    terms(form, n, row);
    for (size_t k = 0; k < form_parameters[form]; k++)
        sum += theta[k] * row[k];
    return sum;
}

/* Space for one form's least squares over the same rows, used again by every resample. */
struct solver {
    const struct cost_data *data;
    enum cost_form form;
    gsl_multifit_linear_workspace *work;
    gsl_matrix *rows, *covariance;
    gsl_vector *y, *weight, *theta;
    double chisq, log_weight;
};

static void solver_free(struct solver *solver)
{
    gsl_multifit_linear_free(solver->work);
    gsl_matrix_free(solver->rows);
    gsl_matrix_free(solver->covariance);
    gsl_vector_free(solver->y);
    gsl_vector_free(solver->weight);
    gsl_vector_free(solver->theta);
}

static bool solver_init(struct solver *solver, const struct cost_data *data, enum cost_form form)
{
    size_t n = data->count, p = form_parameters[form];
    *solver = (struct solver){.data = data,
                              .form = form,
                              .work = gsl_multifit_linear_alloc(n, p),
                              .rows = gsl_matrix_alloc(n, p),
                              .covariance = gsl_matrix_alloc(p, p),
                              .y = gsl_vector_alloc(n),
                              .weight = gsl_vector_alloc(n),
                              .theta = gsl_vector_alloc(p)};
    if (solver->work == NULL || solver->rows == NULL || solver->covariance == NULL ||
        solver->y == NULL || solver->weight == NULL || solver->theta == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        double row[3];
        terms(form, data->n[i], row);
        for (size_t k = 0; k < p; k++)
            gsl_matrix_set(solver->rows, i, k, row[k]);
        gsl_vector_set(solver->y, i, data->y[i]);
    }
    return true;
}

/* Weighted fit with row i counted times[i] (NULL: once); in the relative case weights come from the
 * observed y first and from the curve thereafter. */
static bool solver_run(struct solver *solver, const double *times)
{
    const struct cost_data *data = solver->data;
    size_t rounds = data->weight == NULL ? REWEIGHTS : 1;
    double floor_y = INFINITY;
    for (size_t i = 0; i < data->count; i++)
        floor_y = fmin(floor_y, data->y[i]);
    for (size_t round = 0; round < rounds; round++) {
        solver->log_weight = 0;
        for (size_t i = 0; i < data->count; i++) {
            double at = data->y[i];
            if (round > 0)
                at = fmax(curve(solver->form, solver->theta->data, data->n[i]), 0.25 * floor_y);
            double w = data->weight != NULL ? data->weight[i] : 1 / (at * at);
            double count = times == NULL ? 1 : times[i];
            gsl_vector_set(solver->weight, i, count * w);
            solver->log_weight += count * log(w);
        }
        if (gsl_multifit_wlinear(solver->rows, solver->weight, solver->y, solver->theta,
                                 solver->covariance, &solver->chisq, solver->work) != GSL_SUCCESS)
            return false;
    }
    return true;
}

static bool refit(const double *weight, double *theta, void *ctx)
{
    struct solver *solver = ctx;
    /* A resample of too few places carries no such curve. */
    double first[3];
    size_t places = 0, p = form_parameters[solver->form];
    for (size_t i = 0; i < solver->data->count && places < p; i++) {
        bool seen = weight[i] <= 0;
        for (size_t j = 0; j < places && !seen; j++)
            seen = first[j] == solver->data->n[i];
        if (!seen)
            first[places++] = solver->data->n[i];
    }
    if (places < p || !solver_run(solver, weight))
        return false;
    memcpy(theta, solver->theta->data, p * sizeof *theta);
    return true;
}

static int check(const struct cost_data *data, struct diag *diag)
{
    int status = STATUS_OK;
    if (data->count < 2)
        return diag_set(diag, STATUS_DATA, NULL, 0, "n",
                        "%zu points, expected 2 or more for a cost", data->count);
    status = fit_check(data->n, data->count, 0, "n", diag);
    if (status == STATUS_OK)
        status =
            fit_check(data->y, data->count, data->weight != NULL ? -INFINITY : 0, "cost", diag);
    for (size_t i = 0; i < data->count && status == STATUS_OK; i++) {
        if (data->weight == NULL && data->y[i] <= 0)
            status = diag_set(diag, STATUS_DATA, NULL, 0, "cost",
                              "value %zu is 0, expected a positive cost (or weights)", i + 1);
        else if (data->weight != NULL && !(data->weight[i] > 1 / (FIT_LARGEST * FIT_LARGEST) &&
                                           data->weight[i] < FIT_LARGEST * FIT_LARGEST))
            status =
                diag_set(diag, STATUS_DATA, NULL, 0, "weight",
                         "value %zu is %g, expected a positive number", i + 1, data->weight[i]);
    }
    return status;
}

/* With weights that follow the curve, the likelihood counts them: -2 log L = n log(chisq/n) -
 * sum(log w). */
static double aicc_of(const struct solver *solver)
{
    double aicc = fit_aicc(solver->chisq, solver->data->count, form_parameters[solver->form]);
    return aicc - solver->log_weight;
}

static void take(struct cost_fit *fit, struct solver *solver)
{
    const struct cost_data *data = solver->data;
    size_t n = data->count, p = form_parameters[solver->form];
    fit->form = solver->form;
    fit->parameters = p;
    fit->sse = solver->chisq;
    fit->variance = n > p ? solver->chisq / (double)(n - p) : NAN;
    double t = n > p ? gsl_cdf_tdist_Pinv(0.975, (double)(n - p)) : NAN;
    /* gsl_multifit_wlinear takes weights for true variances; theirs are known up to a factor. */
    for (size_t i = 0; i < p * p; i++)
        fit->covariance[i] = gsl_matrix_get(solver->covariance, i / p, i % p) * fit->variance;
    for (size_t k = 0; k < p; k++) {
        double value = gsl_vector_get(solver->theta, k);
        double se = sqrt(fit->covariance[k * p + k]);
        fit->value[k] =
            (struct fit_value){value, se, value - t * se, value + t * se, NAN, NAN, true};
        if (n <= p) {
            fit->value[k].low = -INFINITY;
            fit->value[k].high = INFINITY;
            fit->value[k].identified = false;
        }
    }
}

static void judge(struct cost_fit *fit, const struct cost_data *data)
{
    size_t n = data->count, p = fit->parameters;
    double *fitted = malloc(n * sizeof *fitted), *rows = malloc(n * p * sizeof *rows);
    double theta[3] = {fit->value[0].value, fit->value[1].value, fit->value[2].value};
    fit->quality.n = n;
    fit->quality.parameters = p;
    fit->quality.method = "weighted linear least squares, form by AICc";
    fit->quality.aicc = fit->aicc[fit->form];
    fit->quality.p = NAN;
    for (size_t i = 0; fitted != NULL && rows != NULL && i < n; i++) {
        double row[3];
        terms(fit->form, data->n[i], row);
        fitted[i] = curve(fit->form, theta, data->n[i]);
        double scale = fit->relative ? 1 / fmax(fabs(fitted[i]), 1e-300) : sqrt(data->weight[i]);
        for (size_t k = 0; k < p; k++)
            rows[i * p + k] = row[k] * scale;
    }
    if (fitted != NULL && rows != NULL) {
        fit_errors(&fit->quality, data->y, fitted, n);
        fit->quality.condition = fit_condition(rows, n, p);
    }
    if (fit->quality.condition >= FIT_CONDITION_MAX) {
        for (size_t k = 0; k < p; k++)
            fit->value[k].identified = false;
        fit->quality.passed = false;
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "the n are too close together to tell the terms apart");
    }
    if (n <= p) {
        fit->quality.passed = false;
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "as many parameters as points: nothing tells how good it is");
    }
    free(fitted);
    free(rows);
}

/* Of the forms tried, the smallest whose AICc is within 2 of the least; of equal size the better.
 * Too few points for the AICc of a line: the line when its slope is told from 0. */
static enum cost_form choose(const double *aicc, bool slope)
{
    if (!isfinite(aicc[COST_LINEAR]))
        return slope ? COST_LINEAR : COST_CONSTANT;
    double least = INFINITY;
    for (int form = 0; form < COST_FORMS; form++)
        least = isfinite(aicc[form]) ? fmin(least, aicc[form]) : least;
    enum cost_form best = COST_FORMS;
    for (int form = 0; form < COST_FORMS; form++) {
        if (!isfinite(aicc[form]) || aicc[form] > least + 2)
            continue;
        if (best == COST_FORMS ||
            (form_parameters[form] == form_parameters[best] && aicc[form] < aicc[best]))
            best = (enum cost_form)form;
    }
    return best;
}

static int try_form(struct cost_fit *fit, const struct cost_data *data, enum cost_form form,
                    size_t resamples, struct diag *diag)
{
    struct solver solver;
    int status = STATUS_OK;
    if (!solver_init(&solver, data, form)) {
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    } else if (!solver_run(&solver, NULL)) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "cost", "no %s curve can be fitted",
                          cost_form_names[form]);
    } else {
        fit->aicc[form] = aicc_of(&solver);
        take(fit, &solver);
        double theta[3];
        memcpy(theta, solver.theta->data, fit->parameters * sizeof *theta);
        if (resamples > 0)
            status = fit_bootstrap(refit, &solver, NULL, data->count, theta, fit->parameters,
                                   resamples, fit->value, diag);
    }
    solver_free(&solver);
    return status;
}

/* F-test of one more term, with both curves under the weights of the larger; half the p, as only
 * c > 0 counts. */
static double test_quadratic(const struct cost_fit *fit, const struct cost_data *data)
{
    size_t n = data->count;
    if (n <= 3 || !(fit->value[2].se > 0))
        return NAN;
    double t = fit->value[2].value / fit->value[2].se;
    double p = gsl_cdf_fdist_Q(t * t, 1, (double)(n - 3));
    return t > 0 ? p / 2 : 1 - p / 2;
}

int cost_fit(struct cost_fit *fit, const struct cost_data *data, const struct cost_rules *rules,
             struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = check(data, diag);
    if (status != STATUS_OK)
        return status;
    size_t places = fit_distinct(data->n, data->count);
    bool slope = false;
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    fit->relative = data->weight == NULL;
    fit->quadratic_p = NAN;
    for (int form = 0; form < COST_FORMS && status == STATUS_OK; form++) {
        fit->aicc[form] = NAN;
        if (form_parameters[form] > places)
            continue;
        status = try_form(fit, data, (enum cost_form)form, 0, diag);
        if (status == STATUS_OK && form == COST_LINEAR)
            slope = !(fit->value[1].low <= 0 && fit->value[1].high >= 0) || data->count == 2;
        if (status == STATUS_OK && form == COST_QUADRATIC)
            fit->quadratic_p = test_quadratic(fit, data);
    }
    enum cost_form form =
        rules->form == COST_BY_AICC ? choose(fit->aicc, slope) : (enum cost_form)rules->form;
    if (status == STATUS_OK && form_parameters[form] > places)
        status = diag_set(diag, STATUS_DATA, NULL, 0, "n",
                          "%zu distinct n, expected %zu or more for a %s cost", places,
                          form_parameters[form], cost_form_names[form]);
    memset(fit->value, 0, sizeof fit->value);
    if (status == STATUS_OK)
        status = try_form(fit, data, form, rules->resamples, diag);
    if (status == STATUS_OK)
        judge(fit, data);
    gsl_set_error_handler(handler);
    return status;
}

struct fit_value cost_predict(const struct cost_fit *fit, double n)
{
    double row[3], mean = 0, variance = 0;
    size_t p = fit->parameters;
    terms(fit->form, n, row);
    for (size_t i = 0; i < p; i++) {
        mean += fit->value[i].value * row[i];
        for (size_t j = 0; j < p; j++)
            variance += row[i] * row[j] * fit->covariance[i * p + j];
    }
    double noise = fit->relative ? fit->variance * mean * mean : fit->variance;
    double se = sqrt(variance + noise);
    double t = fit->quality.n > p ? gsl_cdf_tdist_Pinv(0.975, (double)(fit->quality.n - p)) : NAN;
    return (struct fit_value){mean, se, mean - t * se, mean + t * se, NAN, NAN, isfinite(t)};
}

/* One fold: fit what is not in it, add up what is. */
static void predict_fold(struct cost_folds *result, const struct cost_data *data,
                         const struct cost_rules *rules, const size_t *order, size_t fold,
                         double *space)
{
    size_t n = data->count, kept = 0;
    double *x = space, *y = space + n, *w = space + 2 * n;
    for (size_t i = 0; i < n; i++) {
        if (i % result->folds == fold)
            continue;
        x[kept] = data->n[order[i]];
        y[kept] = data->y[order[i]];
        w[kept++] = data->weight == NULL ? 1 : data->weight[order[i]];
    }
    struct cost_data rest = {x, y, data->weight == NULL ? NULL : w, kept};
    struct cost_rules plain = {rules->form, 0};
    struct cost_fit fit;
    struct diag ignored;
    if (cost_fit(&fit, &rest, &plain, &ignored) != STATUS_OK)
        return;
    for (size_t i = fold; i < n; i += result->folds) {
        double seen = data->y[order[i]];
        struct fit_value value = cost_predict(&fit, data->n[order[i]]);
        double error = (value.value - seen) / seen;
        result->predicted++;
        result->mean_error += fabs(error);
        result->bias += error;
        result->worst_error = fmax(result->worst_error, fabs(error));
        result->covered += seen >= value.low && seen <= value.high;
    }
}

int cost_cross_validate(struct cost_folds *result, const struct cost_data *data,
                        const struct cost_rules *rules, size_t folds, struct diag *diag)
{
    memset(result, 0, sizeof *result);
    int status = check(data, diag);
    if (status != STATUS_OK)
        return status;
    if (folds < 2 || folds > data->count)
        return diag_set(diag, STATUS_DATA, NULL, 0, "folds", "%zu, expected 2 to %zu points", folds,
                        data->count);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t *order = malloc(data->count * sizeof *order);
    double *space = malloc(3 * data->count * sizeof *space);
    if (rng == NULL || order == NULL || space == NULL) {
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
        goto out;
    }
    gsl_rng_set(rng, FIT_SEED);
    for (size_t i = 0; i < data->count; i++)
        order[i] = i;
    gsl_ran_shuffle(rng, order, data->count, sizeof *order);
    result->folds = folds;
    for (size_t fold = 0; fold < folds; fold++)
        predict_fold(result, data, rules, order, fold, space);
    double made = result->predicted > 0 ? (double)result->predicted : NAN;
    result->mean_error /= made;
    result->bias /= made;
    result->covered /= made;
out:
    gsl_rng_free(rng);
    free(order);
    free(space);
    return status;
}
