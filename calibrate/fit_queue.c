#include "calibrate/fit_queue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "calibrate/fit_nls.h"
#include "calibrate/fit_sweep.h"

const char *const queue_model_names[QUEUE_MODELS] = {"one queue", "servers", "two queues",
                                                     "variable service"};
static const size_t model_parameters[QUEUE_MODELS] = {2, 2, 3, 3};
/* What AICc counts: the number of servers is a parameter too, though not one of the solver's. */
static const size_t model_counted[QUEUE_MODELS] = {2, 3, 3, 3};

/* Factors of the first guess for each model's third parameter; the best start of them is kept. */
static const double starts[] = {0.1, 0.5, 0.95, 4};

enum { SERVERS_TRIED = 64 };

struct queue {
    enum queue_model model;
    double servers, demand_s;
};

double queue_chain(double n, double think_s, double (*rate)(double k, const void *ctx),
                   const void *ctx)
{
    double weight = 1, sum = 1, flow = 0;
    for (double k = 1; k <= n; k++) {
        double serve = rate(k, ctx);
        weight *= (n - k + 1) / (think_s * serve);
        sum += weight;
        flow += weight * serve;
        if (sum > 1e200) {
            weight *= 1e-200;
            sum *= 1e-200;
            flow *= 1e-200;
        }
    }
    return flow / sum;
}

static double serve(double k, const void *ctx)
{
    const struct queue *queue = ctx;
    return fmin(k, queue->servers) / queue->demand_s;
}

static double mva(double n, double think_s, double demand_s, double second_s, double variation)
{
    double x = 0, queue = 0, second = 0, busy = 0;
    for (double k = 1; k <= n; k++) {
        double at = demand_s * (1 + queue + busy * (variation - 1) / 2);
        double at_second = second_s * (1 + second);
        x = k / (think_s + at + at_second);
        queue = x * at;
        second = x * at_second;
        busy = fmin(1, x * demand_s);
    }
    /* Approximate where service varies little: it must not pass what the server can do. */
    return fmin(x, 1 / demand_s);
}

static double log_throughput(double n, const double *theta, const void *ctx)
{
    struct queue queue = *(const struct queue *)ctx;
    double think_s = exp(theta[0]), third = exp(theta[2]);
    queue.demand_s = exp(theta[1]);
    switch (queue.model) {
    case QUEUE_SERVERS:
        return log(queue_chain(n, think_s, serve, &queue));
    case QUEUE_TWO:
        return log(mva(n, think_s, queue.demand_s, third, 1));
    case QUEUE_VARIABLE:
        return log(mva(n, think_s, queue.demand_s, 0, third));
    default:
        return log(mva(n, think_s, queue.demand_s, 0, 1));
    }
}

double queue_throughput(const struct queue_fit *fit, double n)
{
    struct queue queue = {fit->model, fit->servers.value, fit->demand_s.value};
    if (fit->model == QUEUE_SERVERS)
        return queue_chain(n, fit->think_s.value, serve, &queue);
    return mva(n, fit->think_s.value, fit->demand_s.value, fit->second_s.value,
               fit->variation.value);
}

/* First guesses: the flat part bounds the demand, the least n's response is think and demand. */
static void guess(const struct sweep *sweep, const struct queue *queue, double third, double *theta)
{
    double most = 0, response = INFINITY;
    for (size_t i = 0; i < sweep->count; i++) {
        most = fmax(most, sweep->y[i]);
        response = fmin(response, sweep->n[i] / sweep->y[i]);
    }
    double demand_s = fmin(queue->servers / most, 0.95 * response);
    theta[0] = log(fmax(response - demand_s, 0.1 * response));
    theta[1] = log(demand_s);
    theta[2] = queue->model == QUEUE_TWO ? theta[1] + log(third) : log(third);
}

static bool solve(const struct nls *problem, const struct sweep *sweep, struct nls_fit *best)
{
    const struct queue *queue = problem->ctx;
    size_t tries = problem->parameters > 2 ? sizeof starts / sizeof *starts : 1;
    bool any = false;
    for (size_t i = 0; i < tries; i++) {
        struct nls_fit one = {.sse = INFINITY};
        guess(sweep, queue, starts[i], one.theta);
        any = nls_try(problem, &one, any, best);
    }
    return any;
}

/* A model fitted: the problem and what it borrows. */
struct fitted {
    struct queue queue;
    struct nls problem;
    struct nls_fit nls;
    double servers_low, servers_high;
    double accepted[SERVERS_TRIED]; /* numbers of servers the sweep does not exclude */
    size_t accepted_count;
};

static bool fit_servers(struct fitted *fitted, const struct sweep *sweep)
{
    static const size_t counts = 24;
    double sse[QUEUE_SERVERS_MAX + 1], most = 0;
    struct nls_fit best = {.sse = INFINITY};
    double best_servers = 0;
    for (size_t i = 0; i < sweep->count; i++)
        most = fmax(most, sweep->n[i]);
    size_t tried[SERVERS_TRIED], tries = 0;
    for (double c = 2; c <= fmin(most, QUEUE_SERVERS_MAX) && tries < SERVERS_TRIED;
         c = tries < counts ? c + 1 : ceil(c * 1.2)) {
        fitted->queue.servers = c;
        struct nls_fit one;
        sse[tries] = solve(&fitted->problem, sweep, &one) ? one.sse : INFINITY;
        if (sse[tries] < best.sse) {
            best = one;
            best_servers = c;
        }
        tried[tries++] = (size_t)c;
    }
    if (!(best.sse < INFINITY))
        return false;
    double spare = (double)sweep->count - 3;
    double rise = spare > 0 ? gsl_cdf_fdist_Pinv(0.95, 1, spare) / spare : INFINITY;
    fitted->servers_low = INFINITY;
    fitted->servers_high = 0;
    fitted->accepted_count = 0;
    for (size_t i = 0; i < tries; i++) {
        if (sse[i] > best.sse * (1 + rise))
            continue;
        fitted->accepted[fitted->accepted_count++] = (double)tried[i];
        fitted->servers_low = fmin(fitted->servers_low, (double)tried[i]);
        fitted->servers_high = i + 1 == tries ? INFINITY : fmax(fitted->servers_high, tried[i]);
    }
    fitted->queue.servers = best_servers;
    fitted->nls = best;
    return true;
}

/* weight: NULL, or 0 for rows left out. */
static bool fit_model(struct fitted *fitted, enum queue_model model, const struct sweep *sweep,
                      const double *log_y, const double *weight)
{
    size_t rows = 0;
    fitted->queue = (struct queue){model, 1, 0};
    fitted->problem = (struct nls){.n = sweep->count,
                                   .parameters = model_parameters[model],
                                   .x = sweep->n,
                                   .y = log_y,
                                   .weight = weight,
                                   .model = log_throughput,
                                   .ctx = &fitted->queue};
    for (size_t i = 0; i < sweep->count; i++)
        rows += weight == NULL || weight[i] > 0;
    if (rows < model_counted[model])
        return false;
    return model == QUEUE_SERVERS ? fit_servers(fitted, sweep)
                                  : solve(&fitted->problem, sweep, &fitted->nls);
}

/* n log of the mean squared miss of points that were left out one at a time. */
static double left_out(enum queue_model model, const struct sweep *sweep, const double *log_y)
{
    double weight[SWEEP_AICC_POINTS], sum = 0, n = (double)sweep->count;
    struct fitted one;
    for (size_t i = 0; i < sweep->count; i++) {
        for (size_t k = 0; k < sweep->count; k++)
            weight[k] = k != i;
        if (!fit_model(&one, model, sweep, log_y, weight))
            return NAN;
        sum += pow(log_throughput(sweep->n[i], one.nls.theta, &one.queue) - log_y[i], 2);
    }
    return n * log(fmax(sum / n, 1e-28));
}

static double worst_of(const struct fitted *fitted)
{
    double worst = 0;
    for (size_t i = 0; i < fitted->problem.n; i++) {
        double at = log_throughput(fitted->problem.x[i], fitted->nls.theta, &fitted->queue);
        worst = fmax(worst, fabs(exp(at - fitted->problem.y[i]) - 1));
    }
    return worst;
}

static bool refit(const double *weight, double *theta, void *ctx)
{
    const struct fitted *fitted = ctx;
    return nls_refit(&fitted->problem, &fitted->nls, weight, theta);
}

/* Think time and demand go with the number of servers: an interval spans those of all numbers that
 * are not excluded. */
static void widen(struct fitted *fitted, const struct sweep *sweep, struct fit_value *value)
{
    double best = fitted->queue.servers;
    struct nls_fit one;
    for (size_t i = 0; i < fitted->accepted_count; i++) {
        fitted->queue.servers = fitted->accepted[i];
        if (fitted->accepted[i] == best || !solve(&fitted->problem, sweep, &one))
            continue;
        for (size_t k = 0; k < 2; k++) {
            struct fit_value other = nls_positive(&fitted->problem, &one, k);
            value[k].low = fmin(value[k].low, other.low);
            value[k].high = fmax(value[k].high, other.high);
            value[k].identified = value[k].identified && other.identified;
        }
    }
    fitted->queue.servers = best;
}

static struct fit_value constant(double value)
{
    return (struct fit_value){value, 0, value, value, NAN, NAN, true};
}

static int take(struct queue_fit *fit, struct fitted *fitted, const struct sweep *sweep,
                size_t resamples, struct diag *diag)
{
    struct fit_value value[3];
    double theta[3];
    size_t p = fitted->problem.parameters;
    for (size_t k = 0; k < p; k++) {
        value[k] = nls_positive(&fitted->problem, &fitted->nls, k);
        theta[k] = value[k].value;
    }
    int status =
        fit_bootstrap(refit, fitted, NULL, fitted->problem.n, theta, p, resamples, value, diag);
    if (fit->model == QUEUE_SERVERS)
        widen(fitted, sweep, value);
    fit->think_s = value[0];
    fit->demand_s = value[1];
    fit->second_s = constant(0);
    fit->variation = constant(1);
    fit->servers = constant(1);
    if (fit->model == QUEUE_TWO) {
        bool swap = value[2].value > value[1].value;
        fit->demand_s = value[swap ? 2 : 1];
        fit->second_s = value[swap ? 1 : 2];
    } else if (fit->model == QUEUE_VARIABLE) {
        fit->variation = value[2];
    } else if (fit->model == QUEUE_SERVERS) {
        fit->servers = (struct fit_value){.value = fitted->queue.servers,
                                          .se = NAN,
                                          .low = fitted->servers_low,
                                          .high = fitted->servers_high,
                                          .bca_low = NAN,
                                          .bca_high = NAN,
                                          .identified = isfinite(fitted->servers_high)};
    }
    return status;
}

static void judge(struct queue_fit *fit, const struct sweep *sweep, const struct fitted *fitted)
{
    double *at = malloc(sweep->count * sizeof *at);
    fit->quality.n = sweep->count;
    fit->quality.parameters = model_counted[fit->model];
    fit->quality.method = "closed network in non-linear least squares on log throughput";
    fit->quality.p = NAN;
    fit->quality.aicc = fit_aicc(fitted->nls.sse, sweep->count, model_counted[fit->model]);
    fit->quality.condition = fitted->nls.condition;
    for (size_t i = 0; at != NULL && i < sweep->count; i++)
        at[i] = queue_throughput(fit, sweep->n[i]);
    if (at != NULL)
        fit_errors(&fit->quality, sweep->y, at, sweep->count);
    free(at);
    bool identified = fit->think_s.identified && fit->demand_s.identified;
    if (fit->quality.passed && !identified) {
        fit->quality.passed = false;
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "the sweep does not tell %s: it needs depths on both sides of the knee",
                 fit->demand_s.identified ? "the think time" : "think time and demand apart");
    }
}

/* The least, but of the larger models only one that is better than the smallest by more than 2. */
static int choose(const double *aicc)
{
    int best = -1;
    for (int model = 0; model < QUEUE_MODELS; model++) {
        double lead = best == QUEUE_ONE ? 2 : 0;
        if (isfinite(aicc[model]) && (best < 0 || aicc[model] < aicc[best] - lead))
            best = model;
    }
    return best;
}

int queue_fit(struct queue_fit *fit, const struct sweep *sweep, const struct queue_rules *rules,
              struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = sweep_check(sweep, 2, true, diag);
    if (status != STATUS_OK)
        return status;
    double *log_y = sweep_logs(sweep);
    if (log_y == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    struct fitted one, best;
    fit->by_left_out = sweep->count < SWEEP_AICC_POINTS;
    for (int model = 0; model < QUEUE_MODELS; model++) {
        fit->aicc[model] = fit->worst[model] = NAN;
        if (rules->model != QUEUE_BY_AICC && rules->model != model)
            continue;
        if (!fit_model(&one, (enum queue_model)model, sweep, log_y, NULL))
            continue;
        fit->aicc[model] = fit->by_left_out
                               ? left_out((enum queue_model)model, sweep, log_y)
                               : fit_aicc(one.nls.sse, sweep->count, model_counted[model]);
        fit->worst[model] = worst_of(&one);
    }
    int model = rules->model != QUEUE_BY_AICC ? rules->model : choose(fit->aicc);
    if (model < 0)
        model = QUEUE_ONE;
    fit->model = (enum queue_model)model;
    if (!fit_model(&best, fit->model, sweep, log_y, NULL)) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "throughput",
                          "%zu points cannot carry a closed network of kind '%s'", sweep->count,
                          queue_model_names[model]);
    } else {
        status = take(fit, &best, sweep, rules->resamples, diag);
        judge(fit, sweep, &best);
        if (status == STATUS_OK && fit->by_left_out && fit->quality.passed)
            snprintf(fit->quality.note, sizeof fit->quality.note,
                     "%zu points, too few for AICc: the kind of network is the one that predicts "
                     "each point "
                     "best from the others",
                     sweep->count);
    }
    free(log_y);
    return status;
}
