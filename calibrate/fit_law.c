#include "calibrate/fit_law.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "calibrate/law_judge.h"

enum { SIMULATED_MOST = 20000 };

const char *const law_names[LAW_KINDS] = {
    "exponential",      "gamma",         "lognormal",        "Weibull",
    "hyperexponential", "gamma mixture", "lognormal mixture"};
const char *const law_parameter_names[LAW_KINDS][LAW_PARAMETERS] = {
    {"mean"},
    {"shape", "scale"},
    {"median", "sigma"},
    {"scale", "shape"},
    {"share", "mean1", "mean2"},
    {"share", "shape1", "scale1", "shape2", "scale2"},
    {"share", "median1", "sigma1", "median2", "sigma2"},
};
/* Which parameters carry the data's unit. */
static const bool has_unit[LAW_KINDS][LAW_PARAMETERS] = {
    {true},
    {false, true},
    {true, false},
    {true, false},
    {false, true, true},
    {false, false, true, false, true},
    {false, true, false, true, false},
};

static int by_low(const void *a, const void *b)
{
    const struct law_cell *x = a, *y = b;
    return x->low != y->low ? (x->low > y->low) - (x->low < y->low)
                            : (x->high > y->high) - (x->high < y->high);
}

static int check_cell(const struct law_cell *cell, size_t i, struct diag *diag)
{
    bool sample = cell->low == cell->high;
    if (!isfinite(cell->low) || isnan(cell->high) || cell->low < 0 || (sample && cell->low <= 0))
        return diag_set(diag, STATUS_DATA, NULL, 0, "value",
                        "value %zu is %g, expected a finite positive number", i + 1, cell->low);
    if (cell->low > FIT_LARGEST || (cell->low > 0 && cell->low < 1 / FIT_LARGEST) ||
        (isfinite(cell->high) && cell->high > FIT_LARGEST))
        return diag_set(diag, STATUS_DATA, NULL, 0, "value",
                        "value %zu is %g, expected a size of %g to %g", i + 1, cell->low,
                        1 / FIT_LARGEST, FIT_LARGEST);
    if (cell->high < cell->low)
        return diag_set(diag, STATUS_DATA, NULL, 0, "value", "cell %zu ends at %g before its start",
                        i + 1, cell->high);
    if (!(cell->weight >= 0) || cell->weight > 1e15)
        return diag_set(diag, STATUS_DATA, NULL, 0, "weight",
                        "weight %zu is %g, expected a number of 0 to 1e15", i + 1, cell->weight);
    return STATUS_OK;
}

int law_sorted(struct law_cell **cells, const struct law_data *data, double least,
               struct diag *diag)
{
    double total = 0;
    for (size_t i = 0; i < data->count; i++) {
        int status = check_cell(&data->cells[i], i, diag);
        if (status != STATUS_OK)
            return status;
        total += data->cells[i].weight;
    }
    if (total < least)
        return diag_set(diag, STATUS_DATA, NULL, 0, "value", "%g observations, expected %g or more",
                        total, least);
    *cells = malloc(data->count * sizeof **cells);
    if (*cells == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    memcpy(*cells, data->cells, data->count * sizeof **cells);
    qsort(*cells, data->count, sizeof **cells, by_low);
    for (size_t i = 1; i < data->count; i++) {
        const struct law_cell before = (*cells)[i - 1], here = (*cells)[i];
        if (here.low < before.high) {
            free(*cells);
            *cells = NULL;
            return diag_set(diag, STATUS_DATA, NULL, 0, "value",
                            "the cell from %g begins within the one from %g", here.low, before.low);
        }
    }
    return STATUS_OK;
}

static bool solve(struct law_problem *problem, enum law_kind kind, double *used,
                  struct law_solution *s)
{
    problem->kind = kind;
    memset(s, 0, sizeof *s);
    if (!law_is_mixture(kind))
        law_guess(problem, s->theta);
    else if (!law_guess_mixture(problem, s->theta, used))
        return false;
    return law_maximise(problem, s, true);
}

/* The first component is the one of the smaller mean. */
static void order(enum law_kind kind, struct law_solution *s)
{
    if (!law_is_mixture(kind))
        return;
    struct law law = law_of(kind, s->theta);
    if (law_component_mean(&law.part[0]) <= law_component_mean(&law.part[1]))
        return;
    size_t p = law_parameters(kind), each = (p - 1) / 2;
    size_t to[LAW_PARAMETERS] = {0};
    double sign[LAW_PARAMETERS] = {-1, 1, 1, 1, 1};
    struct law_solution old = *s;
    for (size_t k = 1; k < p; k++)
        to[k] = k > each ? k - each : k + each;
    for (size_t i = 0; i < p; i++) {
        s->theta[to[i]] = sign[i] * old.theta[i];
        for (size_t j = 0; j < p; j++)
            s->covariance[to[i] * p + to[j]] = sign[i] * sign[j] * old.covariance[i * p + j];
    }
}

static void take(struct law_fit *fit, const struct law_solution *s, double scale)
{
    size_t p = fit->parameters;
    double z = gsl_cdf_ugaussian_Pinv(0.975);
    double value[LAW_PARAMETERS], low[LAW_PARAMETERS], high[LAW_PARAMETERS];
    double down[LAW_PARAMETERS], up[LAW_PARAMETERS];
    for (size_t k = 0; k < p; k++) {
        double se = s->curved ? sqrt(s->covariance[k * p + k]) : INFINITY;
        down[k] = s->theta[k] - z * se;
        up[k] = s->theta[k] + z * se;
    }
    law_values(fit->kind, s->theta, value);
    law_values(fit->kind, down, low);
    law_values(fit->kind, up, high);
    for (size_t k = 0; k < p; k++) {
        double unit = has_unit[fit->kind][k] ? scale : 1;
        double slope = law_is_mixture(fit->kind) && k == 0 ? value[k] * (1 - value[k]) : value[k];
        fit->value[k] =
            (struct fit_value){.value = unit * value[k],
                               .se = unit * slope * sqrt(s->covariance[k * p + k]),
                               .low = unit * low[k],
                               .high = unit * high[k],
                               .bca_low = NAN,
                               .bca_high = NAN,
                               .identified = s->curved && up[k] - down[k] < 2 * log(1000)};
    }
}

/* Condition of the scaled curvature, as of a design of its square root. */
static double condition(const struct law_solution *s, size_t p)
{
    if (!s->curved)
        return INFINITY;
    double scaled[LAW_PARAMETERS * LAW_PARAMETERS];
    for (size_t i = 0; i < p * p; i++)
        scaled[i] = s->covariance[i] /
                    sqrt(s->covariance[i / p * (p + 1)] * s->covariance[i % p * (p + 1)]);
    return sqrt(fit_condition(scaled, p, p));
}

struct resampling {
    const struct law_problem *problem;
    const struct law_solution *solution;
    double scale;
};

static bool refit(const double *weight, double *theta, void *ctx)
{
    const struct resampling *from = ctx;
    struct law_problem problem = *from->problem;
    struct law_solution s = *from->solution;
    problem.weight = weight;
    if (!law_maximise(&problem, &s, false))
        return false;
    law_values(problem.kind, s.theta, theta);
    for (size_t k = 0; k < law_parameters(problem.kind); k++)
        theta[k] *= has_unit[problem.kind][k] ? from->scale : 1;
    return true;
}

static double aicc_of(double cost, double total, size_t p)
{
    double k = (double)p;
    return total > k + 1 ? 2 * cost + 2 * k + 2 * k * (k + 1) / (total - k - 1) : NAN;
}

/* Of kinds from..to, the smallest within 2 of their least AICc, or -1. */
static int choose_among(const double *aicc, int from, int to)
{
    double least = INFINITY;
    int best = -1;
    for (int kind = from; kind < to; kind++)
        least = isfinite(aicc[kind]) ? fmin(least, aicc[kind]) : least;
    for (int kind = from; kind < to; kind++) {
        if (!isfinite(aicc[kind]) || aicc[kind] > least + 2)
            continue;
        size_t p = law_parameters((enum law_kind)kind);
        if (best < 0 || (p == law_parameters((enum law_kind)best) && aicc[kind] < aicc[best]))
            best = kind;
    }
    return best;
}

/* AICc favours a second component too easily, since with none its parameters mean nothing
 * (McLachlan and Peel, Finite Mixture Models, 2000, 6.4): it takes a lead of 10. */
static int choose(const double *aicc)
{
    int one = choose_among(aicc, 0, LAW_HYPEREXPONENTIAL);
    int two = choose_among(aicc, LAW_HYPEREXPONENTIAL, LAW_KINDS);
    if (one < 0 || two < 0)
        return one < 0 ? two : one;
    return aicc[two] < aicc[one] - 10 ? two : one;
}

/* The scaled problem and its room, in one allocation. */
struct room {
    struct law_cell *cells, *scaled;
    double *log_x, *weight, *used;
    double scale, total;
    size_t count;
};

static void room_free(struct room *room)
{
    free(room->cells);
    free(room->scaled);
    free(room->log_x);
}

static int room_init(struct room *room, const struct law_data *data, struct diag *diag)
{
    size_t n = data->count;
    *room = (struct room){.count = n};
    int status = law_sorted(&room->cells, data, 3, diag);
    if (status != STATUS_OK)
        return status;
    room->scaled = malloc(n * sizeof *room->scaled);
    room->log_x = malloc(4 * n * sizeof *room->log_x);
    if (room->scaled == NULL || room->log_x == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    room->weight = room->log_x + n;
    room->used = room->log_x + 2 * n;
    double log_mean = 0;
    size_t filled = 0;
    const struct law_cell *last = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct law_cell *cell = &room->cells[i];
        if (cell->weight > 0 && (last == NULL || last->low != cell->low)) {
            filled++;
            last = cell;
        }
        if (cell->weight > 0)
            log_mean += cell->weight * log(law_middle(cell));
        room->total += cell->weight;
    }
    if (filled < 2)
        return diag_set(diag, STATUS_DATA, NULL, 0, "value",
                        "all observations are the same: no law can be told");
    room->scale = exp(log_mean / room->total);
    for (size_t i = 0; i < n; i++) {
        struct law_cell *cell = &room->scaled[i];
        *cell = room->cells[i];
        cell->low /= room->scale;
        cell->high /= room->scale;
        room->log_x[i] = cell->low > 0 ? log(cell->low) : 0;
        room->weight[i] = cell->weight;
    }
    return STATUS_OK;
}

static struct law law_on_scale(const struct law_fit *fit)
{
    double value[LAW_PARAMETERS], theta[LAW_PARAMETERS];
    for (size_t k = 0; k < fit->parameters; k++)
        value[k] = fit->value[k].value;
    law_theta(fit->kind, value, theta);
    return law_of(fit->kind, theta);
}

static int finish(struct law_fit *fit, struct room *room, const struct law_problem *problem,
                  const struct law_solution *s, const struct law_rules *rules, struct diag *diag)
{
    fit->kind = problem->kind;
    fit->parameters = fit->quality.parameters = law_parameters(fit->kind);
    take(fit, s, room->scale);
    struct law law = law_on_scale(fit);
    law_judge(fit, &law, room->cells, room->count);
    bool samples = true;
    for (size_t i = 0; i < room->count; i++)
        samples = samples && room->cells[i].low == room->cells[i].high;
    if (samples && rules->simulations > 0 && fit->quality.n <= SIMULATED_MOST) {
        double p = law_simulated_p(problem, s, fit->distance, fit->quality.n, rules->simulations);
        fit->quality.p = isnan(p) ? fit->quality.p : p;
        law_pass(fit);
    }
    fit->quality.aicc = fit->aicc[fit->kind];
    fit->quality.condition = condition(s, fit->parameters);
    for (size_t k = 0; k < fit->parameters; k++) {
        if (fit->quality.passed && !fit->value[k].identified) {
            fit->quality.passed = false;
            snprintf(fit->quality.note, sizeof fit->quality.note,
                     "the data do not settle the %s of a %s law", law_parameter_names[fit->kind][k],
                     law_names[fit->kind]);
        }
    }
    double theta[LAW_PARAMETERS];
    for (size_t k = 0; k < fit->parameters; k++)
        theta[k] = fit->value[k].value;
    struct resampling from = {problem, s, room->scale};
    return fit_bootstrap(refit, &from, room->weight, room->count, theta, fit->parameters,
                         rules->resamples, fit->value, diag);
}

int law_fit(struct law_fit *fit, const struct law_data *data, const struct law_rules *rules,
            struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    struct room room;
    struct law_solution solution[LAW_KINDS];
    int status = room_init(&room, data, diag);
    if (status != STATUS_OK) {
        room_free(&room);
        return status;
    }
    struct law_problem problem = {
        .cells = room.scaled, .log_x = room.log_x, .count = room.count, .weight = room.weight};
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    for (int kind = 0; kind < LAW_KINDS; kind++) {
        size_t p = law_parameters((enum law_kind)kind);
        fit->aicc[kind] = NAN;
        if ((rules->kind != LAW_BY_AICC && rules->kind != kind) || room.total < (double)p + 2 ||
            !solve(&problem, (enum law_kind)kind, room.used, &solution[kind]))
            continue;
        order((enum law_kind)kind, &solution[kind]);
        fit->aicc[kind] = aicc_of(solution[kind].cost, room.total, p);
    }
    int best = choose(fit->aicc);
    if (best < 0) {
        status =
            diag_set(diag, STATUS_DATA, NULL, 0, "value", "%g observations cannot carry %s law",
                     room.total, rules->kind == LAW_BY_AICC ? "any" : "such a");
    } else {
        problem.kind = (enum law_kind)best;
        status = finish(fit, &room, &problem, &solution[best], rules, diag);
    }
    gsl_set_error_handler(handler);
    room_free(&room);
    return status;
}

double law_cdf(const struct law_fit *fit, double x)
{
    struct law law = law_on_scale(fit);
    return law_below(&law, x, false);
}

double law_mean(const struct law_fit *fit)
{
    struct law law = law_on_scale(fit);
    double first = law_component_mean(&law.part[0]);
    return law.share >= 1 ? first
                          : law.share * first + (1 - law.share) * law_component_mean(&law.part[1]);
}

/* Bisection on a logarithmic scale: the function is monotone, and no start can fail. */
double law_quantile(const struct law_fit *fit, double p)
{
    struct law law = law_on_scale(fit);
    double low = 1e-12 * law_mean(fit), high = 1e12 * law_mean(fit);
    for (int i = 0; i < 80; i++) {
        double middle = sqrt(low * high);
        if (law_below(&law, middle, false) < p)
            low = middle;
        else
            high = middle;
    }
    return sqrt(low * high);
}

int law_from_quantiles(struct law_cell *cells, size_t *count, const double *x, const double *p,
                       size_t rows, double total, struct diag *diag)
{
    *count = 0;
    if (rows < 2)
        return diag_set(diag, STATUS_DATA, NULL, 0, "percentile", "%zu rows, expected 2 or more",
                        rows);
    double all = isnan(total) ? LAW_NOMINAL_TOTAL : total, from = 0, below = 0;
    int status = fit_check(x, rows, 0, "percentile", diag);
    for (size_t i = 0; i < rows && status == STATUS_OK; i++) {
        if (!(p[i] >= below && p[i] <= 1) || x[i] < from)
            return diag_set(diag, STATUS_DATA, NULL, 0, "percentile",
                            "row %zu: share %g at %g, expected rows that ascend to 1", i + 1, p[i],
                            x[i]);
        /* Two shares at one value: the space below it holds both. */
        if (x[i] == from && *count > 0)
            cells[*count - 1].weight += all * (p[i] - below);
        else if (x[i] > from)
            cells[(*count)++] = (struct law_cell){from, x[i], all * (p[i] - below)};
        from = x[i];
        below = p[i];
    }
    if (status == STATUS_OK && below < 1)
        cells[(*count)++] = (struct law_cell){from, INFINITY, all * (1 - below)};
    return status;
}
