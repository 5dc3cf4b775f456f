/* Moments, distribution functions, names. */
#include "sim/engine/contract.h"
#include "sim/engine/distribution.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics.h>

/* E[X^power], power 1 or 2, of a law made of linear pieces of the quantile function. */
static double quantiles_moment(const struct distribution *d, int power)
{
    double sum = 0;

    for (size_t i = 1; i < d->count; i++) {
        double low = d->values[i - 1];
        double high = d->values[i];
        double width = d->probabilities[i] - d->probabilities[i - 1];

        sum += power == 1 ? width * (low + high) / 2
                          : width * (low * low + low * high + high * high) / 3;
    }
    return sum;
}

static double cells_mean(const struct distribution *d)
{
    double sum = 0;

    for (size_t i = 0; i < d->count; i++) {
        double part =
            d->kind == DISTRIBUTION_MIXTURE ? distribution_mean(&d->parts[i]) : d->cells[i].value;

        sum += d->cells[i].probability > 0 ? d->cells[i].probability * part : 0;
    }
    return sum;
}

/* The law of total variance: the mean of the variances and the variance of the means. */
static double cells_variance(const struct distribution *d)
{
    double mean = cells_mean(d);
    double sum = 0;

    for (size_t i = 0; i < d->count; i++) {
        double part = d->cells[i].value;
        double within = 0;

        if (d->cells[i].probability == 0) {
            continue;
        }
        if (d->kind == DISTRIBUTION_HYPEREXPONENTIAL) {
            within = part * part;
        } else if (d->kind == DISTRIBUTION_MIXTURE) {
            part = distribution_mean(&d->parts[i]);
            within = distribution_variance(&d->parts[i]);
        }
        if (isinf(part) || isinf(within)) {
            return INFINITY;
        }
        sum += d->cells[i].probability * (within + (part - mean) * (part - mean));
    }
    return sum;
}

double distribution_mean(const struct distribution *d)
{
    switch (d->kind) {
    case DISTRIBUTION_DETERMINISTIC:
    case DISTRIBUTION_EXPONENTIAL:
    case DISTRIBUTION_NORMAL:
        return d->a;
    case DISTRIBUTION_UNIFORM:
        return d->a + (d->b - d->a) / 2;
    case DISTRIBUTION_LOGNORMAL:
        return exp(d->a + d->b * d->b / 2);
    case DISTRIBUTION_GAMMA:
        return d->a * d->b;
    case DISTRIBUTION_WEIBULL:
        return d->b * tgamma(1 + 1 / d->a);
    case DISTRIBUTION_PARETO:
        return d->a > 1 ? d->a * d->b / (d->a - 1) : INFINITY;
    case DISTRIBUTION_ERLANG:
        return d->b;
    case DISTRIBUTION_HYPEREXPONENTIAL:
    case DISTRIBUTION_MIXTURE:
    case DISTRIBUTION_DISCRETE:
        return cells_mean(d);
    case DISTRIBUTION_QUANTILES:
        return quantiles_moment(d, 1);
    case DISTRIBUTION_TRACE:
        return gsl_stats_mean(d->trace->values, 1, d->trace->count);
    }
    contract(!"a distribution was initialised");
    return 0;
}

static double weibull_variance(double shape, double scale)
{
    double first = tgamma(1 + 1 / shape);

    return scale * scale * (tgamma(1 + 2 / shape) - first * first);
}

static double pareto_variance(double shape, double least)
{
    if (shape <= 2) {
        return INFINITY;
    }
    return least * least * shape / ((shape - 1) * (shape - 1) * (shape - 2));
}

double distribution_variance(const struct distribution *d)
{
    double mean;

    switch (d->kind) {
    case DISTRIBUTION_DETERMINISTIC:
        return 0;
    case DISTRIBUTION_EXPONENTIAL:
        return d->a * d->a;
    case DISTRIBUTION_NORMAL:
        return d->b * d->b;
    case DISTRIBUTION_UNIFORM:
        return (d->b - d->a) * (d->b - d->a) / 12;
    case DISTRIBUTION_LOGNORMAL:
        return expm1(d->b * d->b) * exp(2 * d->a + d->b * d->b);
    case DISTRIBUTION_GAMMA:
        return d->a * d->b * d->b;
    case DISTRIBUTION_WEIBULL:
        return weibull_variance(d->a, d->b);
    case DISTRIBUTION_PARETO:
        return pareto_variance(d->a, d->b);
    case DISTRIBUTION_ERLANG:
        return d->b * d->b / d->a;
    case DISTRIBUTION_HYPEREXPONENTIAL:
    case DISTRIBUTION_MIXTURE:
    case DISTRIBUTION_DISCRETE:
        return cells_variance(d);
    case DISTRIBUTION_QUANTILES:
        mean = quantiles_moment(d, 1);
        return quantiles_moment(d, 2) - mean * mean;
    case DISTRIBUTION_TRACE:
        mean = distribution_mean(d);
        return gsl_stats_variance_with_fixed_mean(d->trace->values, 1, d->trace->count, mean);
    }
    contract(!"a distribution was initialised");
    return 0;
}

static double cells_cdf(const struct distribution *d, double x)
{
    double sum = 0;

    for (size_t i = 0; i < d->count; i++) {
        double part;

        if (d->kind == DISTRIBUTION_MIXTURE) {
            part = distribution_cdf(&d->parts[i], x);
        } else if (d->kind == DISTRIBUTION_HYPEREXPONENTIAL) {
            part = x > 0 ? -expm1(-x / d->cells[i].value) : 0;
        } else {
            part = d->cells[i].value <= x;
        }
        sum += d->cells[i].probability * part;
    }
    return fmin(sum, 1);
}

static double quantiles_cdf(const struct distribution *d, double x)
{
    size_t low = 0;
    size_t high = d->count - 1;

    if (x < d->values[0]) {
        return 0;
    }
    if (x >= d->values[high]) {
        return 1;
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (d->values[middle] <= x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return d->probabilities[low] + (d->probabilities[high] - d->probabilities[low]) *
                                       (x - d->values[low]) / (d->values[high] - d->values[low]);
}

static double trace_cdf(const struct distribution_trace *trace, double x)
{
    size_t below = 0;

    for (size_t i = 0; i < trace->count; i++) {
        below += trace->values[i] <= x;
    }
    return (double)below / (double)trace->count;
}

double distribution_cdf(const struct distribution *d, double x)
{
    switch (d->kind) {
    case DISTRIBUTION_DETERMINISTIC:
        return x >= d->a;
    case DISTRIBUTION_UNIFORM:
        return gsl_cdf_flat_P(x, d->a, d->b);
    case DISTRIBUTION_EXPONENTIAL:
        return gsl_cdf_exponential_P(x, d->a);
    case DISTRIBUTION_NORMAL:
        return gsl_cdf_gaussian_P(x - d->a, d->b);
    case DISTRIBUTION_LOGNORMAL:
        return x > 0 ? gsl_cdf_lognormal_P(x, d->a, d->b) : 0;
    case DISTRIBUTION_GAMMA:
        return gsl_cdf_gamma_P(x, d->a, d->b);
    case DISTRIBUTION_WEIBULL:
        return x > 0 ? gsl_cdf_weibull_P(x, d->b, d->a) : 0;
    case DISTRIBUTION_PARETO:
        return x > d->b ? gsl_cdf_pareto_P(x, d->a, d->b) : 0;
    case DISTRIBUTION_ERLANG:
        return gsl_cdf_gamma_P(x, d->a, d->b / d->a);
    case DISTRIBUTION_HYPEREXPONENTIAL:
    case DISTRIBUTION_MIXTURE:
    case DISTRIBUTION_DISCRETE:
        return cells_cdf(d, x);
    case DISTRIBUTION_QUANTILES:
        return quantiles_cdf(d, x);
    case DISTRIBUTION_TRACE:
        return trace_cdf(d->trace, x);
    }
    contract(!"a distribution was initialised");
    return 0;
}

const char *distribution_name(enum distribution_kind kind)
{
    static const char *const names[] = {
        [DISTRIBUTION_DETERMINISTIC] = "deterministic",
        [DISTRIBUTION_UNIFORM] = "uniform",
        [DISTRIBUTION_EXPONENTIAL] = "exponential",
        [DISTRIBUTION_NORMAL] = "normal",
        [DISTRIBUTION_LOGNORMAL] = "lognormal",
        [DISTRIBUTION_GAMMA] = "gamma",
        [DISTRIBUTION_WEIBULL] = "weibull",
        [DISTRIBUTION_PARETO] = "pareto",
        [DISTRIBUTION_HYPEREXPONENTIAL] = "hyperexponential",
        [DISTRIBUTION_ERLANG] = "erlang",
        [DISTRIBUTION_MIXTURE] = "mixture",
        [DISTRIBUTION_DISCRETE] = "discrete",
        [DISTRIBUTION_QUANTILES] = "quantiles",
        [DISTRIBUTION_TRACE] = "trace",
    };

    contract(kind <= DISTRIBUTION_TRACE);
    return names[kind];
}

const char *distribution_error_text(int error)
{
    switch (error) {
    case 0:
        return "no error";
    case DISTRIBUTION_BAD_PARAMETER:
        return "a parameter is not finite or outside its range";
    case DISTRIBUTION_BAD_WEIGHT:
        return "a weight is negative or not finite, or all are zero";
    case DISTRIBUTION_BAD_ORDER:
        return "the table does not ascend";
    case DISTRIBUTION_BAD_COUNT:
        return "the table has too few or too many rows";
    case DISTRIBUTION_BAD_PART:
        return "a mixture cannot hold a trace or another mixture";
    }
    return "unknown error";
}
