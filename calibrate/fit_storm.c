#include "calibrate/fit_storm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit_nls.h"
#include "calibrate/fit_sweep.h"

/* Private: rules of the model, and CPU time a start takes. */
struct storm {
    enum storm_measure measure;
    double cpus, demand_s;
    bool launched; /* by a process that is felt */
};

static double serve(double k, const void *ctx)
{
    const struct storm *storm = ctx;
    return fmin(k, storm->cpus) / storm->demand_s;
}

/* Starts under way and their rate, where one process launches them: a birth-death chain over the
 * number under way. */
static void launch(const struct storm *storm, double n, double wait_s, double launch_s,
                   double *under_way, double *rate)
{
    double weight = 1, sum = 1, number = 0, flow = 0, done = 0;
    for (double m = 0; m < n; m++) {
        double on_cpu = m - done * wait_s;
        double share = fmin(1, storm->cpus / (fmax(0, on_cpu) + 1));
        done = queue_chain(m + 1, wait_s, serve, storm);
        weight *= share / launch_s / done;
        sum += weight;
        number += (m + 1) * weight;
        flow += weight * done;
        if (sum > 1e200) {
            weight *= 1e-200;
            sum *= 1e-200;
            number *= 1e-200;
            flow *= 1e-200;
        }
    }
    *under_way = number / sum;
    *rate = flow / sum;
}

static double measure(const struct storm *storm, double n, double wait_s, double launch_s)
{
    double under_way = n, rate;
    if (storm->launched)
        launch(storm, n, wait_s, launch_s, &under_way, &rate);
    else
        rate = queue_chain(n, wait_s, serve, storm);
    return storm->measure == STORM_RATE ? rate : under_way / rate;
}

/* theta: logarithms of wait, demand and launch. */
static double log_measure(double n, const double *theta, const void *ctx)
{
    struct storm storm = *(const struct storm *)ctx;
    storm.demand_s = exp(theta[1]);
    return log(measure(&storm, n, exp(theta[0]), storm.launched ? exp(theta[2]) : 0));
}

double storm_predict(const struct storm_fit *fit, double n)
{
    struct storm storm = {fit->measure, fit->cpus, fit->demand_s.value, fit->launch_s.value > 0};
    return measure(&storm, n, fit->wait_s.value, fit->launch_s.value);
}

static bool solve(struct nls *problem, const struct sweep *sweep, struct nls_fit *best)
{
    static const double shares[] = {0.1, 0.5, 0.9}, launches[] = {0.005, 0.03, 0.2};
    const struct storm *storm = problem->ctx;
    double alone_s = INFINITY;
    bool any = false;
    for (size_t i = 0; i < sweep->count; i++)
        alone_s =
            fmin(alone_s, storm->measure == STORM_RATE ? sweep->n[i] / sweep->y[i] : sweep->y[i]);
    for (size_t i = 0; i < (storm->launched ? 9 : 3); i++) {
        double share = shares[i % 3];
        struct nls_fit one = {.theta = {log(alone_s * (1 - share)), log(alone_s * share),
                                        log(alone_s * launches[i / 3])}};
        any = nls_try(problem, &one, any, best);
    }
    return any;
}

/* A model fitted: the problem and what it borrows. */
struct fitted {
    struct storm storm;
    struct nls problem;
    struct nls_fit nls;
};

static bool fit_model(struct fitted *fitted, bool launched, const struct sweep *sweep,
                      const double *log_y, const struct storm_rules *rules)
{
    fitted->storm = (struct storm){rules->measure, rules->cpus, 0, launched};
    fitted->problem = (struct nls){.n = sweep->count,
                                   .parameters = launched ? 3 : 2,
                                   .x = sweep->n,
                                   .y = log_y,
                                   .model = log_measure,
                                   .ctx = &fitted->storm};
    return solve(&fitted->problem, sweep, &fitted->nls);
}

static bool refit(const double *weight, double *theta, void *ctx)
{
    const struct fitted *fitted = ctx;
    return nls_refit(&fitted->problem, &fitted->nls, weight, theta);
}

static int take(struct storm_fit *fit, struct fitted *fitted, size_t resamples, struct diag *diag)
{
    struct fit_value value[3] = {{0}};
    double theta[3];
    size_t p = fitted->problem.parameters;
    value[2] = (struct fit_value){0, 0, 0, 0, NAN, NAN, true};
    for (size_t k = 0; k < p; k++) {
        value[k] = nls_positive(&fitted->problem, &fitted->nls, k);
        theta[k] = value[k].value;
    }
    int status =
        fit_bootstrap(refit, fitted, NULL, fitted->problem.n, theta, p, resamples, value, diag);
    fit->wait_s = value[0];
    fit->demand_s = value[1];
    fit->launch_s = value[2];
    return status;
}

static void judge(struct storm_fit *fit, const struct sweep *sweep, const struct fitted *fitted)
{
    double *at = malloc(sweep->count * sizeof *at);
    fit->quality.n = sweep->count;
    fit->quality.parameters = fitted->problem.parameters;
    fit->quality.method = "processor sharing, least squares on logarithms";
    fit->quality.p = NAN;
    fit->quality.aicc = fit_aicc(fitted->nls.sse, sweep->count, fitted->problem.parameters);
    fit->quality.condition = fitted->nls.condition;
    for (size_t i = 0; at != NULL && i < sweep->count; i++)
        at[i] = storm_predict(fit, sweep->n[i]);
    if (at != NULL)
        fit_errors(&fit->quality, sweep->y, at, sweep->count);
    free(at);
    if (fit->quality.passed && sweep->count <= fitted->problem.parameters) {
        fit->quality.passed = false;
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "as many parameters as points: nothing tells how good it is");
    } else if (fit->quality.passed && !fit->demand_s.identified) {
        fit->quality.passed = false;
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "the starts do not tell CPU time from waiting: more at once than %g CPUs would",
                 fit->cpus);
    }
}

static int check(const struct sweep *sweep, const struct storm_rules *rules, struct diag *diag)
{
    int status = sweep_check(sweep, 2, true, diag);
    if (status == STATUS_OK &&
        !(rules->cpus >= 1 && rules->cpus <= STORM_CPUS_MAX && rules->cpus == floor(rules->cpus)))
        status = diag_set(diag, STATUS_DATA, NULL, 0, "cpus",
                          "%g, expected a whole number from 1 to %d", rules->cpus, STORM_CPUS_MAX);
    for (size_t i = 0; i < sweep->count && status == STATUS_OK; i++) {
        if (sweep->n[i] > STORM_STARTS_MAX)
            status = diag_set(diag, STATUS_DATA, NULL, 0, "n", "value %zu is %g, expected up to %d",
                              i + 1, sweep->n[i], STORM_STARTS_MAX);
    }
    return status;
}

int storm_fit(struct storm_fit *fit, const struct sweep *sweep, const struct storm_rules *rules,
              struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = check(sweep, rules, diag);
    double *log_y = status == STATUS_OK ? sweep_logs(sweep) : NULL;
    if (status == STATUS_OK && log_y == NULL)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    if (status != STATUS_OK)
        return status;
    struct fitted fitted;
    fit->measure = rules->measure;
    fit->cpus = rules->cpus;
    bool launched = rules->measure == STORM_TIME && sweep->count > 2;
    if (fit_model(&fitted, launched, sweep, log_y, rules)) {
        status = take(fit, &fitted, rules->resamples, diag);
        judge(fit, sweep, &fitted);
    } else {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "starts",
                          "%zu points cannot carry starts that share CPUs", sweep->count);
    }
    free(log_y);
    return status;
}
