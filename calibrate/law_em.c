/* First guesses of the law fits: moments for one component, EM for two. */
#include "calibrate/law_parts.h"

#include <math.h>
#include <string.h>

enum { EM_ROUNDS = 40 };

/* The component that fits cells of these weights best, or nearly. */
static bool component_from(enum law_kind kind, const struct law_problem *problem,
                           const double *weight, struct law_component *component)
{
    double sum = 0, mean = 0, log_mean = 0, log_square = 0;
    for (size_t i = 0; i < problem->count; i++) {
        double x = law_middle(&problem->cells[i]);
        sum += weight[i];
        mean += weight[i] * x;
        log_mean += weight[i] * log(x);
        log_square += weight[i] * log(x) * log(x);
    }
    if (!(sum > 0))
        return false;
    mean /= sum;
    log_mean /= sum;
    double sigma = sqrt(fmax(log_square / sum - log_mean * log_mean, 1e-4));
    double spread = fmax(log(mean) - log_mean, 5e-5); /* about half the variance of the log */
    double shape;
    switch (kind) {
    case LAW_GAMMA:
        shape = (3 - spread + sqrt((spread - 3) * (spread - 3) + 24 * spread)) / (12 * spread);
        *component = law_component_init(kind, shape, mean / shape);
        break;
    case LAW_LOGNORMAL:
        *component = law_component_init(kind, exp(log_mean), sigma);
        break;
    case LAW_WEIBULL: /* the log of a Weibull is Gumbel, of deviation pi / (sqrt(6) shape) */
        shape = M_PI / (sqrt(6) * sigma);
        *component = law_component_init(kind, exp(log_mean + 0.5772 / shape), shape);
        break;
    default:
        *component = law_component_init(kind, mean, 1);
    }
    return true;
}

void law_guess(const struct law_problem *problem, double *theta)
{
    struct law_component c = law_component_init(LAW_EXPONENTIAL, 1, 1);
    component_from(law_component_kind(problem->kind), problem, problem->weight, &c);
    theta[0] = log(c.a);
    if (law_parameters(problem->kind) > 1)
        theta[1] = log(c.b);
}

/* Splits the weight at a share of it, lower middles to the first component. Cells ascend. */
static void split(const struct law_problem *problem, double share, double *weight)
{
    double total = 0, below = 0;
    for (size_t i = 0; i < problem->count; i++)
        total += problem->weight[i];
    for (size_t i = 0; i < problem->count; i++) {
        double here = problem->weight[i], first = fmin(here, fmax(0, share * total - below));
        weight[i] = first;
        weight[problem->count + i] = here - first;
        below += here;
    }
}

static double maximise(const struct law_problem *problem, const double *weight, struct law *law)
{
    double first = 0, second = 0;
    enum law_kind kind = law_component_kind(problem->kind);
    for (size_t i = 0; i < problem->count; i++) {
        first += weight[i];
        second += weight[problem->count + i];
    }
    if (!component_from(kind, problem, weight, &law->part[0]) ||
        !component_from(kind, problem, weight + problem->count, &law->part[1]))
        return NAN;
    law->share = first / (first + second);
    return law->share;
}

static void expect(const struct law_problem *problem, const struct law *law, double *weight)
{
    for (size_t i = 0; i < problem->count; i++) {
        const struct law_cell *cell = &problem->cells[i];
        double x = problem->log_x[i];
        double first = law->share * law_component_cell(&law->part[0], cell, x);
        double second = (1 - law->share) * law_component_cell(&law->part[1], cell, x);
        double all = first + second;
        double share = all > 0 ? first / all : 0.5;
        weight[i] = problem->weight[i] * share;
        weight[problem->count + i] = problem->weight[i] * (1 - share);
    }
}

static void to_theta(enum law_kind kind, const struct law *law, double *theta)
{
    bool one = law_component_kind(kind) == LAW_EXPONENTIAL;
    bool swap = law_component_mean(&law->part[0]) > law_component_mean(&law->part[1]);
    double share = swap ? 1 - law->share : law->share;
    theta[0] = log(share / (1 - share));
    for (size_t i = 0; i < 2; i++) {
        const struct law_component *c = &law->part[swap ? 1 - i : i];
        theta[1 + i * (one ? 1 : 2)] = c->log_a;
        if (!one)
            theta[2 + 2 * i] = c->log_b;
    }
}

bool law_guess_mixture(const struct law_problem *problem, double *theta, double *used)
{
    static const double splits[] = {0.2, 0.5, 0.65, 0.9};
    double best = INFINITY;
    for (size_t s = 0; s < sizeof splits / sizeof *splits; s++) {
        struct law law;
        double one[LAW_PARAMETERS];
        split(problem, splits[s], used);
        for (int round = 0; round < EM_ROUNDS; round++) {
            double share = maximise(problem, used, &law);
            if (!(share > 0.002 && share < 0.998))
                break;
            expect(problem, &law, used);
        }
        if (!(law.share > 0.002 && law.share < 0.998))
            continue;
        to_theta(problem->kind, &law, one);
        double cost = law_cost(problem, one);
        if (cost < best) {
            best = cost;
            memcpy(theta, one, sizeof one);
        }
    }
    return isfinite(best);
}
