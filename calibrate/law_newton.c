/* The end of every law fit: Newton steps on the exact likelihood. */
#include "calibrate/law_parts.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>

enum { NEWTON_ROUNDS = 60 };
#define STEP 1e-4 /* of numerical derivatives, in logarithms */

/* Central differences. */
static void derive(const struct law_problem *problem, const double *theta, double cost,
                   double *gradient, double *hessian)
{
    size_t p = law_parameters(problem->kind);
    double at[LAW_PARAMETERS], up[LAW_PARAMETERS], down[LAW_PARAMETERS];
    memcpy(at, theta, p * sizeof *at);
    for (size_t i = 0; i < p; i++) {
        at[i] = theta[i] + STEP;
        up[i] = law_cost(problem, at);
        at[i] = theta[i] - STEP;
        down[i] = law_cost(problem, at);
        at[i] = theta[i];
        gradient[i] = (up[i] - down[i]) / (2 * STEP);
        hessian[i * p + i] = (up[i] - 2 * cost + down[i]) / (STEP * STEP);
    }
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < i; j++) {
            at[i] = theta[i] + STEP;
            at[j] = theta[j] + STEP;
            double both = law_cost(problem, at);
            at[i] = theta[i] - STEP;
            at[j] = theta[j] - STEP;
            double neither = law_cost(problem, at);
            at[i] = theta[i];
            at[j] = theta[j];
            hessian[i * p + j] = hessian[j * p + i] =
                (both + neither + 2 * cost - up[i] - down[i] - up[j] - down[j]) / (2 * STEP * STEP);
        }
    }
}

/* Solves (hessian + damp diag) step = -gradient; false: not positive definite. inverse may be NULL.
 */
static bool newton_step(size_t p, const double *hessian, const double *gradient, double damp,
                        double *step, double *inverse)
{
    double copy[LAW_PARAMETERS * LAW_PARAMETERS], right[LAW_PARAMETERS];
    for (size_t i = 0; i < p * p; i++) {
        if (!isfinite(hessian[i]))
            return false;
        copy[i] = hessian[i];
    }
    for (size_t i = 0; i < p; i++) {
        copy[i * p + i] += damp * fmax(fabs(hessian[i * p + i]), 1e-6);
        right[i] = -gradient[i];
    }
    gsl_matrix_view matrix = gsl_matrix_view_array(copy, p, p);
    if (gsl_linalg_cholesky_decomp1(&matrix.matrix) != GSL_SUCCESS)
        return false;
    gsl_vector_view b = gsl_vector_view_array(right, p), x = gsl_vector_view_array(step, p);
    gsl_linalg_cholesky_solve(&matrix.matrix, &b.vector, &x.vector);
    if (inverse != NULL) {
        gsl_linalg_cholesky_invert(&matrix.matrix);
        memcpy(inverse, copy, p * p * sizeof *inverse);
    }
    return true;
}

/* One damped step down; false: none found. */
static bool descend(const struct law_problem *problem, struct law_solution *s,
                    const double *gradient, const double *hessian, double *damp, double *gain)
{
    size_t p = law_parameters(problem->kind);
    double step[LAW_PARAMETERS], next[LAW_PARAMETERS];
    for (int tries = 0; tries < 40; tries++) {
        if (newton_step(p, hessian, gradient, *damp, step, NULL)) {
            for (size_t i = 0; i < p; i++)
                next[i] = s->theta[i] + fmin(fmax(step[i], -2), 2);
            double cost = law_cost(problem, next);
            if (cost < s->cost) {
                *gain = s->cost - cost;
                s->cost = cost;
                memcpy(s->theta, next, p * sizeof *next);
                *damp = *damp < 1e-6 ? 0 : *damp * 0.1;
                return true;
            }
        }
        *damp = *damp > 0 ? *damp * 10 : 1e-6;
    }
    return false;
}

bool law_maximise(const struct law_problem *problem, struct law_solution *s, bool covariance)
{
    size_t p = law_parameters(problem->kind);
    double gradient[LAW_PARAMETERS], hessian[LAW_PARAMETERS * LAW_PARAMETERS], damp = 0;
    double ignored[LAW_PARAMETERS];
    s->cost = law_cost(problem, s->theta);
    if (!isfinite(s->cost))
        return false;
    for (int round = 0; round < NEWTON_ROUNDS; round++) {
        double gain = 0;
        derive(problem, s->theta, s->cost, gradient, hessian);
        if (!descend(problem, s, gradient, hessian, &damp, &gain) || (gain < 1e-7 && damp == 0))
            break;
    }
    if (!covariance)
        return true;
    derive(problem, s->theta, s->cost, gradient, hessian);
    s->curved = newton_step(p, hessian, gradient, 0, ignored, s->covariance);
    return true;
}
