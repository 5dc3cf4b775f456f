/* The universal scalability law of fit_queue.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit_nls.h"
#include "calibrate/fit_sweep.h"

/* Which of sigma and kappa are free; the others are 0, the edge of what they may be. */
struct usl {
    bool sigma, kappa;
};

static void parts(const double *theta, const struct usl *usl, double *lambda, double *sigma,
                  double *kappa)
{
    size_t k = 1;
    *lambda = exp(theta[0]);
    *sigma = usl->sigma ? theta[k++] : 0;
    *kappa = usl->kappa ? theta[k] : 0;
}

static double log_usl(double n, const double *theta, const void *ctx)
{
    double lambda, sigma, kappa;
    parts(theta, ctx, &lambda, &sigma, &kappa);
    return log(lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1)));
}

static bool solve(struct nls *problem, struct usl *usl, const struct sweep *sweep,
                  struct nls_fit *fit)
{
    double first = 0, most = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        first = fmax(first, sweep->y[i] / sweep->n[i]);
        most = fmax(most, sweep->n[i]);
    }
    /* From both free to none: what comes out below 0 is held at 0. */
    *usl = (struct usl){true, true};
    problem->ctx = usl;
    for (int tries = 0; tries < 3; tries++) {
        double sigma = 0.02, kappa = 0.1 / (most * most);
        *fit = (struct nls_fit){.theta = {log(first), usl->sigma ? sigma : kappa, kappa}};
        problem->parameters = 1 + (size_t)usl->sigma + (size_t)usl->kappa;
        if (!nls_solve(problem, fit))
            return false;
        double lambda;
        parts(fit->theta, usl, &lambda, &sigma, &kappa);
        if (kappa < 0)
            usl->kappa = false;
        else if (sigma < 0)
            usl->sigma = false;
        else
            break;
    }
    return true;
}

static struct fit_value bounded(const struct nls *problem, const struct nls_fit *fit, size_t k)
{
    double low, high;
    nls_interval(problem, fit, k, &low, &high);
    return (struct fit_value){.value = fit->theta[k],
                              .se = fit->se[k],
                              .low = fmax(0, low),
                              .high = high,
                              .bca_low = NAN,
                              .bca_high = NAN,
                              .identified = isfinite(high)};
}

/* n* = sqrt((1 - sigma) / kappa), its interval by the delta method on its logarithm. */
static void find_peak(struct usl_fit *fit, const struct nls *problem, const struct nls_fit *nls)
{
    double sigma = fit->sigma.value, kappa = fit->kappa.value;
    fit->peak = (struct fit_value){NAN, NAN, 1, INFINITY, NAN, NAN, false};
    if (!(fit->kappa.low > 0) || sigma >= 1)
        return;
    size_t p = problem->parameters, k = p - 1;
    double by_kappa = -0.5 / kappa, by_sigma = -0.5 / (1 - sigma);
    double variance = by_kappa * by_kappa * nls->covariance[k * p + k];
    if (p == 3)
        variance += by_sigma * by_sigma * nls->covariance[p + 1] +
                    2 * by_sigma * by_kappa * nls->covariance[p + 2];
    double low, high, at = sqrt((1 - sigma) / kappa);
    struct nls_fit scaled = {.theta = {log(at)}, .se = {sqrt(fmax(0, variance))}};
    nls_interval(problem, &scaled, 0, &low, &high);
    fit->peak = (struct fit_value){at, at * scaled.se[0], exp(low), exp(high), NAN, NAN, true};
}

struct usl_problem {
    struct nls problem;
    const struct sweep *sweep;
};

static bool refit(const double *weight, double *theta, void *ctx)
{
    struct usl_problem *whole = ctx;
    struct nls problem = whole->problem;
    struct usl usl;
    struct nls_fit fit;
    problem.weight = weight;
    if (!solve(&problem, &usl, whole->sweep, &fit))
        return false;
    parts(fit.theta, &usl, &theta[0], &theta[1], &theta[2]);
    return true;
}

static void judge(struct usl_fit *fit, const struct sweep *sweep, const struct nls *problem,
                  const struct nls_fit *nls)
{
    double *at = malloc(sweep->count * sizeof *at);
    fit->quality.n = sweep->count;
    fit->quality.parameters = problem->parameters;
    fit->quality.method = "universal scalability law, least squares on log throughput";
    fit->quality.p = NAN;
    fit->quality.aicc = fit_aicc(nls->sse, sweep->count, problem->parameters);
    fit->quality.condition = nls->condition;
    for (size_t i = 0; at != NULL && i < sweep->count; i++)
        at[i] = exp(log_usl(sweep->n[i], nls->theta, problem->ctx));
    if (at != NULL)
        fit_errors(&fit->quality, sweep->y, at, sweep->count);
    free(at);
}

int usl_fit(struct usl_fit *fit, const struct sweep *sweep, size_t resamples, struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = sweep_check(sweep, 4, false, diag);
    if (status != STATUS_OK)
        return status;
    if (fit_distinct(sweep->n, sweep->count) < 3)
        return diag_set(diag, STATUS_DATA, NULL, 0, "n",
                        "2 different n, expected three or more to tell contention from coherence");
    double *log_y = sweep_logs(sweep);
    if (log_y == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    struct usl usl;
    struct nls_fit nls;
    struct usl_problem whole = {{.n = sweep->count, .x = sweep->n, .y = log_y, .model = log_usl},
                                sweep};
    if (!solve(&whole.problem, &usl, sweep, &nls)) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "throughput", "no scalability curve fits");
        goto out;
    }
    struct fit_value none = {0, 0, 0, 0, NAN, NAN, true};
    struct fit_value value[3] = {nls_positive(&whole.problem, &nls, 0), none, none};
    size_t k = 1;
    if (usl.sigma)
        value[1] = bounded(&whole.problem, &nls, k++);
    if (usl.kappa)
        value[2] = bounded(&whole.problem, &nls, k);
    double theta[3] = {value[0].value, value[1].value, value[2].value};
    status = fit_bootstrap(refit, &whole, NULL, sweep->count, theta, 3, resamples, value, diag);
    fit->lambda = value[0];
    fit->sigma = value[1];
    fit->kappa = value[2];
    find_peak(fit, &whole.problem, &nls);
    judge(fit, sweep, &whole.problem, &nls);
out:
    free(log_y);
    return status;
}
