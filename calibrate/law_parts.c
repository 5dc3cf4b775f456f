#include "calibrate/law_parts.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

/* Narrower components than these are one value of a clock, not a law; without a bound a mixture's
 * likelihood has none. */
#define SIGMA_MIN 3e-3
#define SHAPE_MAX 1e5
#define SHARE_MIN 1e-3

static const struct {
    enum law_kind part;
    size_t parameters;
} kinds[LAW_KINDS] = {{LAW_EXPONENTIAL, 1}, {LAW_GAMMA, 2}, {LAW_LOGNORMAL, 2}, {LAW_WEIBULL, 2},
                      {LAW_EXPONENTIAL, 3}, {LAW_GAMMA, 5}, {LAW_LOGNORMAL, 5}};

size_t law_parameters(enum law_kind kind)
{
    return kinds[kind].parameters;
}

enum law_kind law_component_kind(enum law_kind kind)
{
    return kinds[kind].part;
}

bool law_is_mixture(enum law_kind kind)
{
    return kind >= LAW_HYPEREXPONENTIAL;
}

struct law_component law_component_init(enum law_kind kind, double a, double b)
{
    struct law_component c = {.kind = kind, .a = a, .b = b, .log_a = log(a), .log_b = log(b)};
    if (kind == LAW_GAMMA)
        c.norm = lgamma(a) + a * c.log_b;
    else if (kind == LAW_LOGNORMAL)
        c.norm = c.log_b + 0.5 * log(2 * M_PI);
    return c;
}

double law_component_cdf(const struct law_component *c, double x, bool upper)
{
    if (x <= 0)
        return upper ? 1 : 0;
    if (isinf(x))
        return upper ? 0 : 1;
    switch (c->kind) {
    case LAW_GAMMA:
        return upper ? gsl_cdf_gamma_Q(x, c->a, c->b) : gsl_cdf_gamma_P(x, c->a, c->b);
    case LAW_LOGNORMAL: {
        double z = (log(x) - c->log_a) / c->b;
        return 0.5 * erfc((upper ? z : -z) * M_SQRT1_2);
    }
    case LAW_WEIBULL: {
        double hazard = pow(x / c->a, c->b);
        return upper ? exp(-hazard) : -expm1(-hazard);
    }
    default:
        return upper ? exp(-x / c->a) : -expm1(-x / c->a);
    }
}

double law_component_mean(const struct law_component *c)
{
    switch (c->kind) {
    case LAW_GAMMA:
        return c->a * c->b;
    case LAW_LOGNORMAL:
        return c->a * exp(0.5 * c->b * c->b);
    case LAW_WEIBULL:
        return c->a * tgamma(1 + 1 / c->b);
    default:
        return c->a;
    }
}

static double log_density(const struct law_component *c, double x, double log_x)
{
    switch (c->kind) {
    case LAW_GAMMA:
        return (c->a - 1) * log_x - x / c->b - c->norm;
    case LAW_LOGNORMAL: {
        double z = (log_x - c->log_a) / c->b;
        return -0.5 * z * z - log_x - c->norm;
    }
    case LAW_WEIBULL: {
        double scaled = log_x - c->log_a;
        return c->log_b - c->log_a + (c->b - 1) * scaled - exp(c->b * scaled);
    }
    default:
        return -x / c->a - c->log_a;
    }
}

double law_component_cell(const struct law_component *c, const struct law_cell *cell, double log_x)
{
    if (cell->low == cell->high)
        return exp(log_density(c, cell->low, log_x));
    double below = law_component_cdf(c, cell->low, false);
    if (below < 0.5)
        return law_component_cdf(c, cell->high, false) - below;
    return law_component_cdf(c, cell->low, true) - law_component_cdf(c, cell->high, true);
}

struct law law_of(enum law_kind kind, const double *theta)
{
    enum law_kind part = kinds[kind].part;
    size_t each = part == LAW_EXPONENTIAL ? 1 : 2;
    bool mixture = law_is_mixture(kind);
    const double *t = mixture ? theta + 1 : theta;
    struct law law = {.share = mixture ? 1 / (1 + exp(-theta[0])) : 1};
    for (size_t i = 0; i < (mixture ? 2 : 1); i++)
        law.part[i] =
            law_component_init(part, exp(t[i * each]), each == 2 ? exp(t[i * each + 1]) : 1);
    return law;
}

void law_theta(enum law_kind kind, const double *value, double *theta)
{
    for (size_t k = 0; k < kinds[kind].parameters; k++)
        theta[k] = log(value[k]);
    if (law_is_mixture(kind))
        theta[0] = log(value[0] / (1 - value[0]));
}

void law_values(enum law_kind kind, const double *theta, double *value)
{
    for (size_t k = 0; k < kinds[kind].parameters; k++)
        value[k] = exp(theta[k]);
    if (law_is_mixture(kind))
        value[0] = 1 / (1 + exp(-theta[0]));
}

double law_below(const struct law *law, double x, bool upper)
{
    double first = law_component_cdf(&law->part[0], x, upper);
    if (law->share >= 1)
        return first;
    return law->share * first + (1 - law->share) * law_component_cdf(&law->part[1], x, upper);
}

static bool too_narrow(const struct law_component *c)
{
    switch (c->kind) {
    case LAW_GAMMA:
        return c->a > SHAPE_MAX;
    case LAW_LOGNORMAL:
        return c->b < SIGMA_MIN;
    case LAW_WEIBULL:
        return c->b > 1 / SIGMA_MIN;
    default:
        return false;
    }
}

double law_cost(const struct law_problem *problem, const double *theta)
{
    struct law law = law_of(problem->kind, theta);
    bool mixture = law_is_mixture(problem->kind);
    if (too_narrow(&law.part[0]))
        return INFINITY;
    if (mixture && (too_narrow(&law.part[1]) || law.share < SHARE_MIN || law.share > 1 - SHARE_MIN))
        return INFINITY;
    double cost = 0;
    for (size_t i = 0; i < problem->count; i++) {
        const struct law_cell *cell = &problem->cells[i];
        double like, w = problem->weight[i];
        if (w <= 0)
            continue;
        if (!mixture && cell->low == cell->high) {
            cost -= w * log_density(&law.part[0], cell->low, problem->log_x[i]);
            continue;
        }
        like = law_component_cell(&law.part[0], cell, problem->log_x[i]);
        if (mixture)
            like = law.share * like +
                   (1 - law.share) * law_component_cell(&law.part[1], cell, problem->log_x[i]);
        cost -= w * log(fmax(like, 1e-300));
    }
    return isnan(cost) ? INFINITY : cost;
}

double law_middle(const struct law_cell *cell)
{
    if (isinf(cell->high))
        return 1.2 * cell->low;
    return cell->low > 0 ? sqrt(cell->low * cell->high) : 0.7 * cell->high;
}
