/* Private to the law fits: a law's components, and its likelihood in unconstrained parameters
 * (logarithms; a share's logit), for data scaled to a median near 1. */
#ifndef CALIBRATE_LAW_PARTS_H
#define CALIBRATE_LAW_PARTS_H

#include "calibrate/fit_law.h"

/* A component is exponential (a: mean), gamma (a: shape, b: scale), lognormal (a: median, b: sigma)
 * or Weibull (a: scale, b: shape). */
struct law_component {
    enum law_kind kind;
    double a, b;
    double norm, log_a, log_b; /* made by law_component_init */
};

struct law_component law_component_init(enum law_kind kind, double a, double b);
double law_component_cdf(const struct law_component *component, double x, bool upper);
double law_component_mean(const struct law_component *component);
/* The likelihood of a cell: density of a sample (log_x given), probability of a bin. */
double law_component_cell(const struct law_component *component, const struct law_cell *cell,
                          double log_x);

/* One or two components. share: of the first; 1 when there is one. */
struct law {
    struct law_component part[2];
    double share;
};

size_t law_parameters(enum law_kind kind);
enum law_kind law_component_kind(enum law_kind kind);
bool law_is_mixture(enum law_kind kind);
struct law law_of(enum law_kind kind, const double *theta);
/* theta of natural values (as in law_fit.value). */
void law_theta(enum law_kind kind, const double *value, double *theta);
void law_values(enum law_kind kind, const double *theta, double *value);
double law_below(const struct law *law, double x, bool upper);

struct law_problem {
    enum law_kind kind;
    const struct law_cell *cells; /* scaled */
    const double *log_x;
    size_t count;
    const double *weight;
};

/* -log L; INFINITY where a component has shrunk onto a point. */
double law_cost(const struct law_problem *problem, const double *theta);

/* The least cost from s->theta, by Newton steps with numerical derivatives, damped until they go
 * down (Marquardt); the inverse of the curvature there when asked for. False: no finite cost. GSL's
 * error handler must be off. */
struct law_solution {
    double theta[LAW_PARAMETERS], cost;
    double covariance[LAW_PARAMETERS * LAW_PARAMETERS];
    bool curved; /* the Hessian is positive definite: there is a covariance */
};
bool law_maximise(const struct law_problem *problem, struct law_solution *s, bool covariance);

/* First guess of one component by moments of the cells' middles, and of two by EM; the best of its
 * starts. `used` is room for 2 * count. */
void law_guess(const struct law_problem *problem, double *theta);
bool law_guess_mixture(const struct law_problem *problem, double *theta, double *used);

/* A cell's middle: where its weight is taken to be. */
double law_middle(const struct law_cell *cell);

#endif
