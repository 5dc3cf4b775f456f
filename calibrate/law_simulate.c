/* The test of a law whose parameters were fitted to the samples it is tested on. */
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>

#include "calibrate/law_judge.h"

static double draw(gsl_rng *rng, const struct law *law)
{
    bool first = law->share >= 1 || gsl_rng_uniform(rng) < law->share;
    const struct law_component *c = &law->part[first ? 0 : 1];
    switch (c->kind) {
    case LAW_GAMMA:
        return gsl_ran_gamma(rng, c->a, c->b);
    case LAW_LOGNORMAL:
        return gsl_ran_lognormal(rng, c->log_a, c->b);
    case LAW_WEIBULL:
        return gsl_ran_weibull(rng, c->a, c->b);
    default:
        return gsl_ran_exponential(rng, c->a);
    }
}

/* One set of samples and how far its own fit is off; NAN: it has none. */
static double simulate(gsl_rng *rng, const struct law *law, const struct law_solution *from,
                       enum law_kind kind, size_t n, double *space, struct law_cell *cells)
{
    double *weight = space, *log_x = space + n, *x = space + 2 * n;
    for (size_t i = 0; i < n; i++)
        x[i] = fmax(draw(rng, law), 1e-300);
    gsl_sort(x, 1, n);
    for (size_t i = 0; i < n; i++) {
        cells[i] = (struct law_cell){x[i], x[i], 1};
        log_x[i] = log(x[i]);
        weight[i] = 1;
    }
    struct law_problem problem = {
        .kind = kind, .cells = cells, .log_x = log_x, .count = n, .weight = weight};
    struct law_solution own = *from;
    if (!law_maximise(&problem, &own, false))
        return NAN;
    struct law fitted = law_of(kind, own.theta);
    return law_distance(&fitted, cells, n, (double)n);
}

double law_simulated_p(const struct law_problem *problem, const struct law_solution *solution,
                       double distance, size_t total, size_t simulations)
{
    struct law law = law_of(problem->kind, solution->theta);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double *space = malloc(3 * total * sizeof *space), p = NAN;
    struct law_cell *cells = malloc(total * sizeof *cells);
    size_t farther = 0, made = 0;
    if (rng == NULL || space == NULL || cells == NULL)
        goto out;
    gsl_rng_set(rng, FIT_SEED);
    for (size_t i = 0; i < simulations; i++) {
        double one = simulate(rng, &law, solution, problem->kind, total, space, cells);
        made += !isnan(one);
        farther += one >= distance;
    }
    if (made * 10 >= simulations * 9)
        p = (double)(farther + 1) / (double)(made + 1);
out:
    gsl_rng_free(rng);
    free(space);
    free(cells);
    return p;
}
