#include "sim/engine/contract.h"
#include "sim/engine/distribution.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>

static double part_quantile(const struct distribution *d, size_t part, double p)
{
    return d->kind == DISTRIBUTION_MIXTURE ? distribution_quantile(&d->parts[part], p)
                                           : -d->cells[part].value * log1p(-p);
}

/* A mixture's quantile lies between the least and the greatest of its parts': bisect there. */
static double cells_quantile(const struct distribution *d, double p)
{
    double low = INFINITY;
    double high = -INFINITY;

    for (size_t i = 0; i < d->count; i++) {
        if (d->cells[i].probability > 0) {
            double x = part_quantile(d, i, p);

            low = fmin(low, x);
            high = fmax(high, x);
        }
    }
    if (distribution_cdf(d, low) >= p) {
        return low;
    }
    for (;;) {
        double middle = low + (high - low) / 2;

        if (middle <= low || middle >= high) {
            return high;
        }
        if (distribution_cdf(d, middle) >= p) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

static double quantiles_quantile(const struct distribution *d, double p)
{
    size_t low = 0;
    size_t high = d->count - 1;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (d->probabilities[middle] < p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return d->values[low] + (d->values[high] - d->values[low]) * (p - d->probabilities[low]) /
                                (d->probabilities[high] - d->probabilities[low]);
}

/* The value of rank ceil(p n) in O(n^2): for reports, never for sampling. */
static double trace_quantile(const struct distribution *d, double p)
{
    const struct distribution_trace *trace = d->trace;
    double least = INFINITY;

    for (size_t i = 0; i < trace->count; i++) {
        if (trace->values[i] < least && distribution_cdf(d, trace->values[i]) >= p) {
            least = trace->values[i];
        }
    }
    return least;
}

/*
 * The gamma quantile at scale 1 by Newton's method, kept inside a shrinking bracket: on (log x,
 * log P) in the lower half, where that curve is almost straight, and on (x, log Q) in the upper.
 * Not gsl_cdf_gamma_Pinv: it does not converge, and aborts, for shapes below about 0.3.
 */
static double gamma_quantile(double shape, double p)
{
    double low = 0;
    double high = INFINITY;
    double x = p < 0.5 ? exp((log(p) + gsl_sf_lngamma(shape + 1)) / shape) : shape;

    for (int step = 0; step < 200 && x > 0; step++) {
        double below = gsl_cdf_gamma_P(x, shape, 1);
        double above = gsl_cdf_gamma_Q(x, shape, 1);
        double density = gsl_ran_gamma_pdf(x, shape, 1);
        double next;

        if (p < 0.5 ? below < p : above > 1 - p) {
            low = x;
        } else {
            high = x;
        }
        next = p < 0.5 ? x * exp(log(p / below) * below / (density * x))
                       : x + log(above / (1 - p)) * above / density;
        if (fabs(next - x) <= 1e-9 * x) {
            return next; /* Newton's error is squared in every step */
        }
        if (!(next > low && next < high)) {
            next = isinf(high) ? 2 * x : low + (high - low) / 2;
        }
        x = next;
    }
    return x;
}

double distribution_quantile(const struct distribution *d, double p)
{
    contract(p > 0 && p < 1);
    switch (d->kind) {
    case DISTRIBUTION_DETERMINISTIC:
        return d->a;
    case DISTRIBUTION_UNIFORM:
        return d->a + (d->b - d->a) * p;
    case DISTRIBUTION_EXPONENTIAL:
        return -d->a * log1p(-p);
    case DISTRIBUTION_NORMAL:
        return d->a + d->b * gsl_cdf_ugaussian_Pinv(p);
    case DISTRIBUTION_LOGNORMAL:
        return exp(d->a + d->b * gsl_cdf_ugaussian_Pinv(p));
    case DISTRIBUTION_GAMMA:
        return gamma_quantile(d->a, p) * d->b;
    case DISTRIBUTION_WEIBULL:
        return d->b * pow(-log1p(-p), 1 / d->a);
    case DISTRIBUTION_PARETO:
        return d->b * exp(-log1p(-p) / d->a);
    case DISTRIBUTION_ERLANG:
        return gamma_quantile(d->a, p) * d->b / d->a;
    case DISTRIBUTION_HYPEREXPONENTIAL:
    case DISTRIBUTION_MIXTURE:
        return cells_quantile(d, p);
    case DISTRIBUTION_DISCRETE:
        return d->cells[alias_invert(d->cells, d->count, p)].value;
    case DISTRIBUTION_QUANTILES:
        return quantiles_quantile(d, p);
    case DISTRIBUTION_TRACE:
        return trace_quantile(d, p);
    }
    contract(!"a distribution was initialised");
    return 0;
}
