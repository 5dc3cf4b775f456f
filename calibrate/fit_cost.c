#include "calibrate/fit_cost.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "calibrate/cost_solver.h"

const char *const cost_form_names[COST_FORMS] = {"constant", "linear", "n log n", "quadratic"};

static int check(const struct cost_data *data, double step, struct diag *diag)
{
    int status = STATUS_OK;
    if (data->count < 2)
        return diag_set(diag, STATUS_DATA, NULL, 0, "n",
                        "%zu points, expected 2 or more for a cost", data->count);
    if (!(step >= 0 && step < FIT_LARGEST) || (step > 0 && data->weight != NULL))
        return diag_set(diag, STATUS_DATA, NULL, 0, "step",
                        "%g, expected the step of a clock and no weights, or 0", step);
    status = fit_check(data->n, data->count, 0, "n", diag);
    if (status == STATUS_OK)
        status =
            fit_check(data->y, data->count, data->weight != NULL ? -INFINITY : 0, "cost", diag);
    for (size_t i = 0; i < data->count && status == STATUS_OK; i++) {
        if (data->weight == NULL && step == 0 && data->y[i] <= 0)
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
static double aicc_of(const struct cost_solver *solver)
{
    size_t n = solver->data->count, p = cost_form_parameters[solver->form];
    double aicc = fit_aicc(solver->chisq, n, p);
    /* The weights of a clock's steps are whole variances: the squares are not scaled once more. */
    if (solver->step > 0)
        aicc += solver->chisq - (double)n * log(fmax(solver->chisq / (double)n, 1e-28));
    return aicc - solver->log_weight;
}

static void take(struct cost_fit *fit, struct cost_solver *solver)
{
    const struct cost_data *data = solver->data;
    size_t n = data->count, p = cost_form_parameters[solver->form];
    fit->form = solver->form;
    fit->parameters = p;
    fit->sse = solver->chisq;
    fit->variance = n > p ? solver->chisq / (double)(n - p) : NAN;
    double scale = fit->variance;
    if (fit->step_variance > 0) {
        scale = n > p ? 1 : NAN;
        fit->variance = solver->share * solver->share;
    }
    double t = n > p ? gsl_cdf_tdist_Pinv(0.975, (double)(n - p)) : NAN;
    /* gsl_multifit_wlinear takes weights for true variances; theirs are known up to a factor. */
    for (size_t i = 0; i < p * p; i++)
        fit->covariance[i] = gsl_matrix_get(solver->covariance, i / p, i % p) * scale;
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

/* The variance of an observation where the cost is `mean`. */
static double noise_at(const struct cost_fit *fit, double mean)
{
    return fit->relative ? fit->variance * mean * mean + fit->step_variance : fit->variance;
}

/* A cost that the clock cannot tell from the observed is the observed. */
static double past_step(double cost, double observed, double step)
{
    double off = cost - observed;
    return observed + copysign(fmax(0, fabs(off) - step), off);
}

static void judge(struct cost_fit *fit, const struct cost_data *data, double step)
{
    size_t n = data->count, p = fit->parameters;
    double *fitted = malloc(n * sizeof *fitted), *rows = malloc(n * p * sizeof *rows);
    fit->quality.n = n;
    fit->quality.parameters = p;
    fit->quality.method = "weighted linear least squares, form by AICc";
    fit->quality.aicc = fit->aicc[fit->form];
    fit->quality.p = NAN;
    for (size_t i = 0; fitted != NULL && rows != NULL && i < n; i++) {
        double row[3], at = 0;
        cost_terms(fit->form, data->n[i], row);
        for (size_t k = 0; k < p; k++)
            at += fit->value[k].value * row[k];
        double scale = data->weight != NULL     ? sqrt(data->weight[i])
                       : fit->step_variance > 0 ? 1 / sqrt(noise_at(fit, at))
                                                : 1 / fmax(fabs(at), 1e-300);
        for (size_t k = 0; k < p; k++)
            rows[i * p + k] = row[k] * scale;
        fitted[i] = past_step(at, data->y[i], step);
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
            (cost_form_parameters[form] == cost_form_parameters[best] && aicc[form] < aicc[best]))
            best = (enum cost_form)form;
    }
    return best;
}

static int try_form(struct cost_fit *fit, const struct cost_data *data, double step,
                    enum cost_form form, size_t resamples, struct diag *diag)
{
    struct cost_solver solver;
    int status = STATUS_OK;
    if (!cost_solver_init(&solver, data, step, form)) {
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    } else if (!cost_solver_run(&solver, NULL)) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "cost", "no %s curve can be fitted",
                          cost_form_names[form]);
    } else {
        fit->aicc[form] = aicc_of(&solver);
        take(fit, &solver);
        double theta[3];
        memcpy(theta, solver.theta->data, fit->parameters * sizeof *theta);
        if (resamples > 0)
            status = fit_bootstrap(cost_solver_refit, &solver, NULL, data->count, theta,
                                   fit->parameters, resamples, fit->value, diag);
    }
    cost_solver_free(&solver);
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
    return cost_fit_read(fit, data, 0, rules, diag);
}

int cost_fit_read(struct cost_fit *fit, const struct cost_data *data, double step,
                  const struct cost_rules *rules, struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = check(data, step, diag);
    if (status != STATUS_OK)
        return status;
    size_t places = fit_distinct(data->n, data->count);
    bool slope = false;
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    fit->relative = data->weight == NULL;
    fit->step_variance = cost_step_variance(step);
    fit->quadratic_p = NAN;
    for (int form = 0; form < COST_FORMS && status == STATUS_OK; form++) {
        fit->aicc[form] = NAN;
        if (cost_form_parameters[form] > places)
            continue;
        status = try_form(fit, data, step, (enum cost_form)form, 0, diag);
        if (status == STATUS_OK && form == COST_LINEAR)
            slope = !(fit->value[1].low <= 0 && fit->value[1].high >= 0) || data->count == 2;
        if (status == STATUS_OK && form == COST_QUADRATIC)
            fit->quadratic_p = test_quadratic(fit, data);
    }
    enum cost_form form =
        rules->form == COST_BY_AICC ? choose(fit->aicc, slope) : (enum cost_form)rules->form;
    if (status == STATUS_OK && cost_form_parameters[form] > places)
        status = diag_set(diag, STATUS_DATA, NULL, 0, "n",
                          "%zu distinct n, expected %zu or more for a %s cost", places,
                          cost_form_parameters[form], cost_form_names[form]);
    memset(fit->value, 0, sizeof fit->value);
    if (status == STATUS_OK)
        status = try_form(fit, data, step, form, rules->resamples, diag);
    if (status == STATUS_OK)
        judge(fit, data, step);
    gsl_set_error_handler(handler);
    return status;
}

struct fit_value cost_predict(const struct cost_fit *fit, double n)
{
    double row[3], mean = 0, variance = 0;
    size_t p = fit->parameters;
    cost_terms(fit->form, n, row);
    for (size_t i = 0; i < p; i++) {
        mean += fit->value[i].value * row[i];
        for (size_t j = 0; j < p; j++)
            variance += row[i] * row[j] * fit->covariance[i * p + j];
    }
    double se = sqrt(variance + noise_at(fit, mean));
    double t = fit->quality.n > p ? gsl_cdf_tdist_Pinv(0.975, (double)(fit->quality.n - p)) : NAN;
    return (struct fit_value){mean, se, mean - t * se, mean + t * se, NAN, NAN, isfinite(t)};
}
