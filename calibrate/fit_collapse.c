#include "calibrate/fit_collapse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit_nls.h"
#include "calibrate/fit_sweep.h"

const char *const collapse_kind_names[COLLAPSE_KINDS] = {"preempted holder", "preempted next",
                                                         "preempted queue"};

struct collapse {
    enum collapse_kind kind;
    double cpus;
};

static double turns(const struct collapse *collapse, double n)
{
    double omega = fmax(1, n / collapse->cpus), off = 1 - 1 / omega;
    switch (collapse->kind) {
    case COLLAPSE_NEXT:
        return off;
    case COLLAPSE_QUEUE:
        return off * (omega - 1);
    default:
        return omega - 1;
    }
}

/* theta: logarithms of cycle and stall. */
static double log_throughput(double n, const double *theta, const void *ctx)
{
    return -log(exp(theta[0]) + exp(theta[1]) * turns(ctx, n));
}

double collapse_throughput(const struct collapse_fit *fit, double n)
{
    struct collapse collapse = {fit->kind, fit->cpus};
    return 1 / (fit->cycle_s.value + fit->stall_s.value * turns(&collapse, n));
}

static bool solve(const struct nls *problem, const struct sweep *sweep, struct nls_fit *best)
{
    static const double stalls[] = {0.1, 10, 1000};
    double cycle_s = INFINITY;
    bool any = false;
    for (size_t i = 0; i < sweep->count; i++)
        cycle_s = fmin(cycle_s, 1 / sweep->y[i]);
    for (size_t i = 0; i < sizeof stalls / sizeof *stalls; i++) {
        struct nls_fit one = {.theta = {log(cycle_s), log(cycle_s * stalls[i])}};
        any = nls_try(problem, &one, any, best);
    }
    return any;
}

struct fitted {
    const struct nls *problem;
    const struct nls_fit *nls;
};

static bool refit(const double *weight, double *theta, void *ctx)
{
    const struct fitted *fitted = ctx;
    return nls_refit(fitted->problem, fitted->nls, weight, theta);
}

static void judge(struct collapse_fit *fit, const struct sweep *sweep, const struct nls_fit *nls)
{
    double *at = malloc(sweep->count * sizeof *at);
    fit->quality.n = sweep->count;
    fit->quality.parameters = 2;
    fit->quality.method = "preempted spinners, least squares on log throughput";
    fit->quality.p = NAN;
    fit->quality.aicc = fit_aicc(nls->sse, sweep->count, 2);
    fit->quality.condition = nls->condition;
    for (size_t i = 0; at != NULL && i < sweep->count; i++)
        at[i] = collapse_throughput(fit, sweep->n[i]);
    if (at != NULL)
        fit_errors(&fit->quality, sweep->y, at, sweep->count);
    free(at);
}

static bool fit_kinds(struct collapse_fit *fit, int kind, const struct sweep *sweep,
                      struct nls *problem, struct collapse *collapse, struct nls_fit *best)
{
    bool any = false;
    for (int k = 0; k < COLLAPSE_KINDS; k++) {
        struct nls_fit one;
        fit->sse[k] = NAN;
        collapse->kind = (enum collapse_kind)k;
        if ((kind != QUEUE_BY_AICC && kind != k) || !solve(problem, sweep, &one))
            continue;
        fit->sse[k] = one.sse;
        if (any && one.sse >= best->sse)
            continue;
        fit->kind = collapse->kind;
        *best = one;
        any = true;
    }
    collapse->kind = fit->kind;
    return any;
}

static int check(const struct sweep *sweep, double cpus, struct diag *diag)
{
    double most = 0;
    int status = sweep_check(sweep, 3, false, diag);
    if (status != STATUS_OK)
        return status;
    if (!(cpus >= 1 && cpus < FIT_LARGEST))
        return diag_set(diag, STATUS_DATA, NULL, 0, "cpus", "%g, expected 1 or more", cpus);
    for (size_t i = 0; i < sweep->count; i++)
        most = fmax(most, sweep->n[i]);
    if (most <= cpus)
        return diag_set(diag, STATUS_DATA, NULL, 0, "n",
                        "at most %g threads on %g CPUs: none has to wait for a CPU", most, cpus);
    return STATUS_OK;
}

int collapse_fit(struct collapse_fit *fit, const struct sweep *sweep, double cpus, int kind,
                 size_t resamples, struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = check(sweep, cpus, diag);
    if (status != STATUS_OK)
        return status;
    double *log_y = sweep_logs(sweep);
    if (log_y == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    struct collapse collapse = {.cpus = cpus};
    struct nls problem = {.n = sweep->count,
                          .parameters = 2,
                          .x = sweep->n,
                          .y = log_y,
                          .model = log_throughput,
                          .ctx = &collapse};
    struct nls_fit nls = {.sse = INFINITY};
    fit->cpus = cpus;
    if (fit_kinds(fit, kind, sweep, &problem, &collapse, &nls)) {
        struct fit_value value[2] = {nls_positive(&problem, &nls, 0),
                                     nls_positive(&problem, &nls, 1)};
        double theta[2] = {value[0].value, value[1].value};
        struct fitted fitted = {&problem, &nls};
        status =
            fit_bootstrap(refit, &fitted, NULL, sweep->count, theta, 2, resamples, value, diag);
        fit->cycle_s = value[0];
        fit->stall_s = value[1];
        judge(fit, sweep, &nls);
    } else {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "throughput", "no collapse can be fitted");
    }
    free(log_y);
    return status;
}
