/* Lock hold and think time of fit_queue.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit_nls.h"
#include "calibrate/fit_sweep.h"

struct lock {
    enum lock_kind kind;
    double cpus, hold_s, transfer_s;
};

static double serve(double k, const void *ctx)
{
    const struct lock *lock = ctx;
    return 1 / (lock->hold_s + lock->transfer_s * k / 2);
}

static double running(double n, double cpus)
{
    return cpus > 0 ? fmin(n, cpus) : n;
}

/* theta: logarithms of think, hold and transfer. */
static double log_throughput(double n, const double *theta, const void *ctx)
{
    struct lock lock = *(const struct lock *)ctx;
    lock.hold_s = exp(theta[1]);
    lock.transfer_s = lock.kind == LOCK_TICKET ? exp(theta[2]) : 0;
    return log(queue_chain(running(n, lock.cpus), exp(theta[0]), serve, &lock));
}

static bool solve(struct nls *problem, const struct sweep *sweep, struct nls_fit *best)
{
    static const double shares[] = {0.05, 0.3, 0.7}, transfers[] = {0.02, 0.3};
    double cycle_s = INFINITY;
    bool any = false;
    for (size_t i = 0; i < sweep->count; i++)
        cycle_s = fmin(cycle_s, sweep->n[i] / sweep->y[i]);
    for (size_t i = 0; i < 6; i++) {
        double share = shares[i % 3], transfer = transfers[i / 3];
        struct nls_fit one = {.theta = {log(cycle_s * (1 - share)), log(cycle_s * share),
                                        log(cycle_s * share * transfer)}};
        if (problem->parameters < 3 && i >= 3)
            break;
        any = nls_try(problem, &one, any, best);
    }
    return any;
}

static bool refit(const double *weight, double *theta, void *ctx)
{
    void **both = ctx;
    return nls_refit(both[0], both[1], weight, theta);
}

/* Hold and think together, by the delta method: settled even where neither is. */
static struct fit_value cycle(const struct nls *problem, const struct nls_fit *nls)
{
    size_t p = problem->parameters;
    double part[2] = {exp(nls->theta[0]), exp(nls->theta[1])}, sum = part[0] + part[1];
    double variance = 0;
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 2; j++)
            variance += part[i] * part[j] * nls->covariance[i * p + j];
    }
    double low, high;
    struct nls_fit scaled = {.theta = {log(sum)}, .se = {sqrt(fmax(0, variance)) / sum}};
    nls_interval(problem, &scaled, 0, &low, &high);
    return (struct fit_value){sum, sum * scaled.se[0], exp(low), exp(high), NAN,
                              NAN, isfinite(high)};
}

static void judge(struct lock_fit *fit, const struct sweep *sweep, const struct nls *problem,
                  const struct nls_fit *nls)
{
    double *at = malloc(sweep->count * sizeof *at);
    fit->quality.n = sweep->count;
    fit->quality.parameters = problem->parameters;
    fit->quality.method = "lock as a closed chain, least squares on log throughput";
    fit->quality.p = NAN;
    fit->quality.aicc = fit_aicc(nls->sse, sweep->count, problem->parameters);
    fit->quality.condition = nls->condition;
    for (size_t i = 0; at != NULL && i < sweep->count; i++)
        at[i] = exp(log_throughput(sweep->n[i], nls->theta, problem->ctx));
    if (at != NULL)
        fit_errors(&fit->quality, sweep->y, at, sweep->count);
    free(at);
    if (fit->quality.passed && !(fit->hold_s.identified && fit->think_s.identified)) {
        fit->quality.passed = false;
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "throughput does not tell hold from think time: only their sum is settled");
    }
}

/* The chosen kind, or the better by AICc; the queued lock when it is as good to within 2. */
static bool fit_kinds(struct lock_fit *fit, int kind, const struct sweep *sweep,
                      struct nls *problem, struct lock *lock, struct nls_fit *best)
{
    double least = INFINITY;
    enum lock_kind found = LOCK_QUEUED;
    for (int k = LOCK_QUEUED; k <= LOCK_TICKET; k++) {
        struct nls_fit one;
        if (kind != QUEUE_BY_AICC && kind != k)
            continue;
        lock->kind = (enum lock_kind)k;
        problem->parameters = k == LOCK_TICKET ? 3 : 2;
        if (sweep->count <= problem->parameters || !solve(problem, sweep, &one))
            continue;
        double aicc = fit_aicc(one.sse, sweep->count, problem->parameters);
        if (isinf(least) || aicc < least - 2) {
            least = isfinite(aicc) ? aicc : 1e300;
            found = lock->kind;
            *best = one;
        }
    }
    lock->kind = fit->kind = found;
    problem->parameters = found == LOCK_TICKET ? 3 : 2;
    return isfinite(least);
}

int lock_fit(struct lock_fit *fit, const struct sweep *sweep, double cpus, int kind,
             size_t resamples, struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = sweep_check(sweep, 3, true, diag);
    if (status != STATUS_OK)
        return status;
    if (!(cpus == 0 || (cpus >= 1 && cpus == floor(cpus))))
        return diag_set(diag, STATUS_DATA, NULL, 0, "cpus", "%g, expected a whole number", cpus);
    double *log_y = sweep_logs(sweep);
    if (log_y == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    struct lock lock = {.cpus = cpus};
    struct nls_fit nls = {.sse = 0};
    struct nls problem = {
        .n = sweep->count, .x = sweep->n, .y = log_y, .model = log_throughput, .ctx = &lock};
    if (!fit_kinds(fit, kind, sweep, &problem, &lock, &nls)) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "throughput",
                          "%zu points cannot carry a lock's curve", sweep->count);
        goto out;
    }
    struct fit_value value[3] = {{0}};
    double theta[3] = {0};
    for (size_t k = 0; k < problem.parameters; k++) {
        value[k] = nls_positive(&problem, &nls, k);
        theta[k] = value[k].value;
    }
    void *both[2] = {&problem, &nls};
    status = fit_bootstrap(refit, both, NULL, sweep->count, theta, problem.parameters, resamples,
                           value, diag);
    fit->think_s = value[0];
    fit->hold_s = value[1];
    fit->transfer_s = value[2];
    fit->cycle_s = cycle(&problem, &nls);
    judge(fit, sweep, &problem, &nls);
out:
    free(log_y);
    return status;
}
