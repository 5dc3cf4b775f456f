/* Private to fit_cost.c: the least squares of one form, its weights and its rows.
 *
 * Weights are the caller's, or follow from the noise: a share of the cost, and, where y was read
 * from a clock, the variance of its steps. The share is then the one at which the weighted squares
 * come to as many as there are degrees of freedom (Paule and Mandel, J. Res. NBS 87, 1982): 0 where
 * the steps alone explain the spread. Cost: a dozen weighted least squares. */
#ifndef CALIBRATE_COST_SOLVER_H
#define CALIBRATE_COST_SOLVER_H

#include <gsl/gsl_multifit.h>

#include "calibrate/fit_cost.h"

extern const size_t cost_form_parameters[COST_FORMS];

/* The terms of a form at n: row[3]. */
void cost_terms(enum cost_form form, double n, double *row);

/* The variance of one reading of a clock with such a step. */
double cost_step_variance(double step);

/* Space for one form's least squares over the same rows, used again by every resample. */
struct cost_solver {
    const struct cost_data *data;
    double step; /* of the clock y was read from; 0: none, or weights are given */
    enum cost_form form;
    gsl_multifit_linear_workspace *work;
    gsl_matrix *rows, *covariance;
    gsl_vector *y, *weight, *theta;
    double chisq, log_weight;
    double share; /* of the noise; with a clock's step only */
};

/* False: out of memory. The caller ends with cost_solver_free, also then. */
bool cost_solver_init(struct cost_solver *solver, const struct cost_data *data, double step,
                      enum cost_form form);
void cost_solver_free(struct cost_solver *solver);

/* Row i counted times[i] (NULL: once). False: no such fit. */
bool cost_solver_run(struct cost_solver *solver, const double *times);

/* A fit_refit over a struct cost_solver. */
bool cost_solver_refit(const double *weight, double *theta, void *ctx);

#endif
