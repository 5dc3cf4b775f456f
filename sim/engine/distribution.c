/* Making and sampling; moments and distribution functions are in distribution_laws.c. */
#include "sim/engine/distribution.h"

#include "sim/engine/contract.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* Up to here an Erlang variate is cheaper as a sum of exponentials than as a gamma variate. */
enum { ERLANG_SUM_MAX = 8 };

static int positive(double x)
{
    return isfinite(x) && x > 0;
}

static int make(struct distribution *d, enum distribution_kind kind, double a, double b, int valid)
{
    if (!valid || !isfinite(a) || !isfinite(b)) {
        return DISTRIBUTION_BAD_PARAMETER;
    }
    *d = (struct distribution){.kind = kind, .a = a, .b = b};
    return 0;
}

int distribution_deterministic(struct distribution *d, double value)
{
    return make(d, DISTRIBUTION_DETERMINISTIC, value, 0, 1);
}

int distribution_uniform(struct distribution *d, double low, double high)
{
    return make(d, DISTRIBUTION_UNIFORM, low, high, low < high && isfinite(high - low));
}

int distribution_exponential(struct distribution *d, double mean)
{
    return make(d, DISTRIBUTION_EXPONENTIAL, mean, 0, mean > 0);
}

int distribution_normal(struct distribution *d, double mean, double sd)
{
    return make(d, DISTRIBUTION_NORMAL, mean, sd, sd > 0);
}

int distribution_lognormal(struct distribution *d, double log_mean, double log_sd)
{
    return make(d, DISTRIBUTION_LOGNORMAL, log_mean, log_sd, log_sd > 0);
}

int distribution_gamma(struct distribution *d, double shape, double scale)
{
    return make(d, DISTRIBUTION_GAMMA, shape, scale, shape > 0 && scale > 0);
}

int distribution_weibull(struct distribution *d, double shape, double scale)
{
    return make(d, DISTRIBUTION_WEIBULL, shape, scale, shape > 0 && scale > 0);
}

int distribution_pareto(struct distribution *d, double shape, double least)
{
    return make(d, DISTRIBUTION_PARETO, shape, least, shape > 0 && least > 0);
}

int distribution_erlang(struct distribution *d, unsigned stages, double mean)
{
    return make(d, DISTRIBUTION_ERLANG, stages, mean, stages > 0 && mean > 0);
}

static int make_cells(struct distribution *d, enum distribution_kind kind, size_t count,
                      const double *values, const double *weights, struct alias_cell *cells)
{
    if (count == 0 || count >= UINT32_MAX) {
        return DISTRIBUTION_BAD_COUNT;
    }
    if (alias_build(cells, count, values, weights) != 0) {
        return DISTRIBUTION_BAD_WEIGHT;
    }
    *d = (struct distribution){.kind = kind, .count = count, .cells = cells};
    return 0;
}

int distribution_hyperexponential(struct distribution *d, size_t count, const double *means,
                                  const double *weights, struct alias_cell *cells)
{
    for (size_t i = 0; i < count; i++) {
        if (!positive(means[i])) {
            return DISTRIBUTION_BAD_PARAMETER;
        }
    }
    return make_cells(d, DISTRIBUTION_HYPEREXPONENTIAL, count, means, weights, cells);
}

int distribution_mixture(struct distribution *d, size_t count, const struct distribution *parts,
                         const double *weights, struct alias_cell *cells)
{
    int error;

    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind == DISTRIBUTION_TRACE || parts[i].kind == DISTRIBUTION_MIXTURE) {
            return DISTRIBUTION_BAD_PART;
        }
    }
    error = make_cells(d, DISTRIBUTION_MIXTURE, count, weights, weights, cells);
    if (error == 0) {
        d->parts = parts;
    }
    return error;
}

int distribution_discrete(struct distribution *d, size_t count, const double *values,
                          const double *weights, struct alias_cell *cells)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return DISTRIBUTION_BAD_PARAMETER;
        }
        if (i > 0 && values[i] <= values[i - 1]) {
            return DISTRIBUTION_BAD_ORDER;
        }
    }
    return make_cells(d, DISTRIBUTION_DISCRETE, count, values, weights, cells);
}

int distribution_quantiles(struct distribution *d, size_t count, const double *probabilities,
                           const double *values)
{
    if (count < 2) {
        return DISTRIBUTION_BAD_COUNT;
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]) || !isfinite(probabilities[i])) {
            return DISTRIBUTION_BAD_PARAMETER;
        }
        if (i > 0 && (probabilities[i] <= probabilities[i - 1] || values[i] < values[i - 1])) {
            return DISTRIBUTION_BAD_ORDER;
        }
    }
    if (probabilities[0] != 0 || probabilities[count - 1] != 1) {
        return DISTRIBUTION_BAD_PARAMETER;
    }
    *d = (struct distribution){.kind = DISTRIBUTION_QUANTILES,
                               .count = count,
                               .probabilities = probabilities,
                               .values = values};
    return 0;
}

int distribution_trace(struct distribution *d, struct distribution_trace *trace)
{
    if (trace->count == 0 || trace->next >= trace->count) {
        return DISTRIBUTION_BAD_COUNT;
    }
    for (size_t i = 0; i < trace->count; i++) {
        if (!isfinite(trace->values[i])) {
            return DISTRIBUTION_BAD_PARAMETER;
        }
    }
    *d = (struct distribution){.kind = DISTRIBUTION_TRACE, .trace = trace};
    return 0;
}

static double sample_gamma(struct rng *rng, double shape, double scale)
{
    gsl_rng view = rng_gsl(rng);

    return gsl_ran_gamma(&view, shape, scale);
}

static double sample_erlang(const struct distribution *d, struct rng *rng)
{
    double sum = 0;

    if (d->a > ERLANG_SUM_MAX) {
        return sample_gamma(rng, d->a, d->b / d->a);
    }
    for (int stage = 0; stage < (int)d->a; stage++) {
        sum += rng_exponential(rng);
    }
    return sum * d->b / d->a;
}

static double sample_trace(struct distribution_trace *trace)
{
    double value = trace->values[trace->next];

    trace->next = trace->next + 1 < trace->count ? trace->next + 1 : 0;
    return value;
}

/* Laws that take more than one uniform in RNG_FAST, and so go by their quantile otherwise. */
static double sample_compound(const struct distribution *d, struct rng *rng)
{
    size_t at;

    if (rng->mode != RNG_FAST) {
        return distribution_quantile(d, rng_uniform_open(rng));
    }
    switch (d->kind) {
    case DISTRIBUTION_GAMMA:
        return sample_gamma(rng, d->a, d->b);
    case DISTRIBUTION_ERLANG:
        return sample_erlang(d, rng);
    default:
        at = alias_pick(d->cells, d->count, rng);
        return d->kind == DISTRIBUTION_MIXTURE ? distribution_sample(&d->parts[at], rng)
                                               : d->cells[at].value * rng_exponential(rng);
    }
}

double distribution_sample(const struct distribution *d, struct rng *rng)
{
    switch (d->kind) {
    case DISTRIBUTION_DETERMINISTIC:
        return d->a;
    case DISTRIBUTION_UNIFORM:
        return d->a + (d->b - d->a) * rng_uniform(rng);
    case DISTRIBUTION_EXPONENTIAL:
        return d->a * rng_exponential(rng);
    case DISTRIBUTION_NORMAL:
        return d->a + d->b * rng_normal(rng);
    case DISTRIBUTION_LOGNORMAL:
        return rng_lognormal(rng, d->a, d->b);
    case DISTRIBUTION_WEIBULL:
        return d->b * pow(rng_exponential(rng), 1 / d->a);
    case DISTRIBUTION_PARETO:
        return d->b * exp(rng_exponential(rng) / d->a);
    case DISTRIBUTION_DISCRETE:
        return d->cells[alias_pick(d->cells, d->count, rng)].value;
    case DISTRIBUTION_QUANTILES:
        return distribution_quantile(d, rng_uniform_open(rng));
    case DISTRIBUTION_TRACE:
        return sample_trace(d->trace);
    case DISTRIBUTION_GAMMA:
    case DISTRIBUTION_ERLANG:
    case DISTRIBUTION_HYPEREXPONENTIAL:
    case DISTRIBUTION_MIXTURE:
        return sample_compound(d, rng);
    }
    contract(!"a distribution was initialised");
    return 0;
}

uint64_t distribution_sample_ns(const struct distribution *d, struct rng *rng)
{
    double ns = distribution_sample(d, rng) * 1e9 + 0.5;

    if (!(ns >= 1)) {
        return 0;
    }
    return ns < 0x1p64 ? (uint64_t)ns : UINT64_MAX;
}
