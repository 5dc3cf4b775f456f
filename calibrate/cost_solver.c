#include "calibrate/cost_solver.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>

const size_t cost_form_parameters[COST_FORMS] = {1, 2, 2, 3};

enum { REWEIGHTS = 4, STEP_REWEIGHTS = 12, HALVINGS = 50 };
/* No cost varies by more than this many times itself. */
#define SHARE_MAX 10.0

void cost_terms(enum cost_form form, double n, double *row)
{
    row[0] = 1;
    row[1] = form == COST_N_LOG_N ? (n > 0 ? n * log2(n) : 0) : n;
    row[2] = n * n;
}

double cost_step_variance(double step)
{
    return step * step / 6;
}

void cost_solver_free(struct cost_solver *solver)
{
    gsl_multifit_linear_free(solver->work);
    gsl_matrix_free(solver->rows);
    gsl_matrix_free(solver->covariance);
    gsl_vector_free(solver->y);
    gsl_vector_free(solver->weight);
    gsl_vector_free(solver->theta);
}

bool cost_solver_init(struct cost_solver *solver, const struct cost_data *data, double step,
                      enum cost_form form)
{
    size_t n = data->count, p = cost_form_parameters[form];
    *solver = (struct cost_solver){.data = data,
                                   .step = step,
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
        cost_terms(form, data->n[i], row);
        for (size_t k = 0; k < p; k++)
            gsl_matrix_set(solver->rows, i, k, row[k]);
        gsl_vector_set(solver->y, i, data->y[i]);
    }
    return true;
}

static double times_of(const double *times, size_t i)
{
    return times == NULL ? 1 : times[i];
}

static double fitted(const struct cost_solver *solver, size_t i)
{
    double sum = 0;
    for (size_t k = 0; k < solver->theta->size; k++)
        sum += gsl_matrix_get(solver->rows, i, k) * gsl_vector_get(solver->theta, k);
    return sum;
}

/* The cost a row's noise is a share of: the curve's, but for a first guess, and never much below
 * the least that was seen. */
static double scale_of(const struct cost_solver *solver, size_t i, bool first, double least)
{
    return fmax(first ? solver->data->y[i] : fitted(solver, i), least);
}

static bool weigh_and_solve(struct cost_solver *solver, const double *times, bool first,
                            double least)
{
    const struct cost_data *data = solver->data;
    double step = cost_step_variance(solver->step), share = solver->step > 0 ? solver->share : 1;
    solver->log_weight = 0;
    for (size_t i = 0; i < data->count; i++) {
        double at = scale_of(solver, i, first, least), count = times_of(times, i);
        double w = data->weight != NULL ? data->weight[i] : 1 / (share * share * at * at + step);
        gsl_vector_set(solver->weight, i, count * w);
        solver->log_weight += count * log(w);
    }
    return gsl_multifit_wlinear(solver->rows, solver->weight, solver->y, solver->theta,
                                solver->covariance, &solver->chisq, solver->work) == GSL_SUCCESS;
}

/* Weighted squares about the curve at a share. */
static double squares(const struct cost_solver *solver, const double *times, double share,
                      double least)
{
    double sum = 0, step = cost_step_variance(solver->step);
    for (size_t i = 0; i < solver->data->count; i++) {
        double off = solver->data->y[i] - fitted(solver, i);
        double at = scale_of(solver, i, false, least);
        sum += times_of(times, i) * off * off / (share * share * at * at + step);
    }
    return sum;
}

static double share_of(const struct cost_solver *solver, const double *times, double least)
{
    double rows = 0, low = 0, high = SHARE_MAX;
    for (size_t i = 0; i < solver->data->count; i++)
        rows += times_of(times, i);
    double freedom = rows - (double)cost_form_parameters[solver->form];
    if (freedom <= 0 || squares(solver, times, 0, least) <= freedom)
        return 0;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = 0.5 * (low + high);
        if (squares(solver, times, middle, least) > freedom)
            low = middle;
        else
            high = middle;
    }
    return high;
}

bool cost_solver_run(struct cost_solver *solver, const double *times)
{
    const struct cost_data *data = solver->data;
    bool steps = solver->step > 0;
    size_t rounds = data->weight != NULL ? 1 : steps ? STEP_REWEIGHTS : REWEIGHTS;
    double least = INFINITY;
    for (size_t i = 0; i < data->count; i++)
        least = fmin(least, data->y[i]);
    least *= 0.25;
    solver->share = 0.1;
    for (size_t round = 0; round < rounds; round++) {
        if (!weigh_and_solve(solver, times, round == 0, least))
            return false;
        if (steps && round + 1 < rounds)
            solver->share = share_of(solver, times, least);
    }
    return true;
}

bool cost_solver_refit(const double *weight, double *theta, void *ctx)
{
    struct cost_solver *solver = ctx;
    /* A resample of too few places carries no such curve. */
    double first[3];
    size_t places = 0, p = cost_form_parameters[solver->form];
    for (size_t i = 0; i < solver->data->count && places < p; i++) {
        bool seen = weight[i] <= 0;
        for (size_t j = 0; j < places && !seen; j++)
            seen = first[j] == solver->data->n[i];
        if (!seen)
            first[places++] = solver->data->n[i];
    }
    if (places < p || !cost_solver_run(solver, weight))
        return false;
    memcpy(theta, solver->theta->data, p * sizeof *theta);
    return true;
}
