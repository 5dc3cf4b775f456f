#include "calibrate/fit_migration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "calibrate/fit_nls.h"

/* Rounds whose lengths differ by less tell a rate from a working set no better than one round. */
#define SPREAD_MIN 1.3
#define GAP_MIN 1.2

const char *const dirty_kind_names[DIRTY_KINDS] = {"rate", "cyclic", "random", "saturated"};
static const size_t kind_parameters[DIRTY_KINDS] = {1, 2, 2, 1};

enum { RATE, WORKING_SET };

/* One kind fitted: logarithms of D and W (whichever it has), in that order. */
struct dirty {
    enum dirty_kind kind;
    double log_rate, log_set;
    double rate_rows, set_rows; /* rounds below and at the working set */
    double sse;
    struct nls_fit nls; /* random */
};

struct rounds {
    const double *seconds, *log_v;
    double *log_t;
    size_t count;
};

static double log_random(double seconds, const double *theta, const void *ctx)
{
    (void)ctx;
    double rate = exp(theta[RATE]), set = exp(theta[WORKING_SET]);
    return theta[WORKING_SET] + log(-expm1(-rate * seconds / set));
}

static double weight_of(const double *weight, size_t i)
{
    return weight == NULL ? 1 : weight[i];
}

static struct nls problem_of(const struct rounds *rounds, const double *weight)
{
    return (struct nls){.n = rounds->count,
                        .parameters = 2,
                        .x = rounds->seconds,
                        .y = rounds->log_v,
                        .weight = weight,
                        .model = log_random};
}

static double log_dirty(const struct dirty *dirty, double log_t)
{
    double theta[2] = {dirty->log_rate, dirty->log_set};
    switch (dirty->kind) {
    case DIRTY_RATE:
        return dirty->log_rate + log_t;
    case DIRTY_CYCLIC:
        return fmin(dirty->log_set, dirty->log_rate + log_t);
    case DIRTY_RANDOM:
        return log_random(exp(log_t), theta, NULL);
    default:
        return dirty->log_set;
    }
}

static double sum_of_squares(const struct dirty *dirty, const struct rounds *rounds,
                             const double *weight)
{
    double sse = 0;
    for (size_t i = 0; i < rounds->count; i++) {
        double off = log_dirty(dirty, rounds->log_t[i]) - rounds->log_v[i];
        sse += weight_of(weight, i) * off * off;
    }
    return sse;
}

/* Rounds shorter than `cut` are below the working set, the others at it: both means in closed
 * form. */
static bool split_at(struct dirty *dirty, const struct rounds *rounds, const double *weight,
                     double cut)
{
    double rate = 0, set = 0;
    dirty->rate_rows = dirty->set_rows = 0;
    for (size_t i = 0; i < rounds->count; i++) {
        double w = weight_of(weight, i);
        if (rounds->log_t[i] < cut) {
            dirty->rate_rows += w;
            rate += w * (rounds->log_v[i] - rounds->log_t[i]);
        } else {
            dirty->set_rows += w;
            set += w * rounds->log_v[i];
        }
    }
    dirty->log_rate = dirty->rate_rows > 0 ? rate / dirty->rate_rows : NAN;
    dirty->log_set = dirty->set_rows > 0 ? set / dirty->set_rows : NAN;
    return dirty->rate_rows > 0 && dirty->set_rows > 0;
}

/* Whether the shortest round lies so far below the working set that it tells the rate: by a fifth,
 * and by more than the noise. */
static bool tells_rate(const struct dirty *dirty, const struct rounds *rounds, const double *weight)
{
    double shortest = INFINITY;
    for (size_t i = 0; i < rounds->count; i++)
        shortest = weight_of(weight, i) > 0 ? fmin(shortest, rounds->log_t[i]) : shortest;
    double gap = dirty->log_set - log_dirty(dirty, shortest);
    return gap > fmax(log(GAP_MIN), 3 * sqrt(dirty->sse / (double)rounds->count));
}

/* A working set that is seen, not inferred from a slight bend far below it. */
static bool shows_set(const struct dirty *dirty, const struct rounds *rounds)
{
    for (size_t i = 0; i < rounds->count; i++) {
        if (rounds->log_v[i] > dirty->log_set - log(2))
            return true;
    }
    return false;
}

/* The best of the splits; n of them, each one pass. */
static bool fit_cyclic(struct dirty *best, const struct rounds *rounds, const double *weight)
{
    best->sse = INFINITY;
    for (size_t i = 0; i < rounds->count; i++) {
        struct dirty one = {.kind = DIRTY_CYCLIC};
        if (weight_of(weight, i) <= 0 || !split_at(&one, rounds, weight, rounds->log_t[i]))
            continue;
        one.sse = sum_of_squares(&one, rounds, weight);
        if (one.sse < best->sse && tells_rate(&one, rounds, weight))
            *best = one;
    }
    return isfinite(best->sse);
}

static bool fit_random(struct dirty *dirty, const struct rounds *rounds, const double *weight)
{
    static const double beyond[] = {1.02, 1.5, 6};
    double most = -INFINITY, rate = -INFINITY;
    struct nls problem = problem_of(rounds, weight);
    for (size_t i = 0; i < rounds->count; i++) {
        most = fmax(most, rounds->log_v[i]);
        rate = fmax(rate, rounds->log_v[i] - rounds->log_t[i]);
    }
    dirty->sse = INFINITY;
    for (size_t i = 0; i < 3; i++) {
        struct nls_fit one = {.theta = {rate, most + log(beyond[i])}};
        if (!nls_solve(&problem, &one) || one.sse >= dirty->sse)
            continue;
        dirty->sse = one.sse;
        dirty->nls = one;
        dirty->log_rate = one.theta[RATE];
        dirty->log_set = one.theta[WORKING_SET];
    }
    return isfinite(dirty->sse) && tells_rate(dirty, rounds, weight) && shows_set(dirty, rounds);
}

static bool fit_kind(struct dirty *dirty, enum dirty_kind kind, const struct rounds *rounds,
                     const double *weight)
{
    *dirty = (struct dirty){.kind = kind};
    switch (kind) {
    case DIRTY_CYCLIC:
        return fit_cyclic(dirty, rounds, weight);
    case DIRTY_RANDOM:
        return fit_random(dirty, rounds, weight);
    default:
        split_at(dirty, rounds, weight, kind == DIRTY_RATE ? INFINITY : -INFINITY);
        dirty->sse = sum_of_squares(dirty, rounds, weight);
        return true;
    }
}

/* A mean of `rows` logarithms, its interval with the spread of all rounds. */
static struct fit_value mean_value(double log_mean, double rows, double sse, double free_rows)
{
    double se = sqrt(sse / free_rows / rows), value = exp(log_mean);
    double t = free_rows > 0 ? gsl_cdf_tdist_Pinv(0.975, free_rows) : INFINITY;
    if (!(free_rows > 0))
        return (struct fit_value){value, NAN, 0, INFINITY, NAN, NAN, false};
    return (struct fit_value){value, value * se, value * exp(-t * se), value * exp(t * se), NAN,
                              NAN,   true};
}

static struct fit_value at_least(double value, double low)
{
    return (struct fit_value){value, NAN, low, INFINITY, NAN, NAN, false};
}

static void take(struct migration_fit *fit, const struct dirty *dirty, const struct rounds *rounds)
{
    double free_rows = (double)rounds->count - (double)kind_parameters[dirty->kind];
    double most = -INFINITY, fastest = -INFINITY;
    double spread = free_rows > 0 ? sqrt(dirty->sse / free_rows) : 0;
    struct nls problem = problem_of(rounds, NULL);
    for (size_t i = 0; i < rounds->count; i++) {
        most = fmax(most, rounds->log_v[i]);
        fastest = fmax(fastest, rounds->log_v[i] - rounds->log_t[i]);
    }
    if (dirty->kind == DIRTY_RANDOM) {
        fit->rate = nls_positive(&problem, &dirty->nls, RATE);
        fit->working_set = nls_positive(&problem, &dirty->nls, WORKING_SET);
        return;
    }
    if (dirty->kind == DIRTY_SATURATED)
        fit->rate = at_least(exp(fastest), exp(fastest - 2 * spread));
    else
        fit->rate = mean_value(dirty->log_rate, dirty->rate_rows, dirty->sse, free_rows);
    if (dirty->kind == DIRTY_RATE)
        fit->working_set = at_least(exp(most), exp(most - 2 * spread));
    else
        fit->working_set = mean_value(dirty->log_set, dirty->set_rows, dirty->sse, free_rows);
}

static struct fit_value fit_bandwidth(const struct migration_rounds *rounds)
{
    double sum = 0, square = 0, rows = 0;
    for (size_t i = 0; rounds->sent != NULL && i < rounds->count; i++) {
        if (!(rounds->sent[i] > 0))
            continue;
        double rate = log(rounds->sent[i] / rounds->seconds[i]);
        rows++;
        sum += rate;
        square += rate * rate;
    }
    if (rows < 1)
        return (struct fit_value){NAN, NAN, 0, INFINITY, NAN, NAN, false};
    return mean_value(sum / rows, rows, fmax(0, square - sum * sum / rows), rows - 1);
}

struct resampling {
    const struct rounds *rounds;
    enum dirty_kind kind;
};

static bool refit(const double *weight, double *theta, void *ctx)
{
    const struct resampling *from = ctx;
    struct dirty dirty;
    if (!fit_kind(&dirty, from->kind, from->rounds, weight))
        return false;
    theta[RATE] = exp(dirty.log_rate);
    theta[WORKING_SET] = exp(dirty.log_set);
    return from->kind == DIRTY_RATE || isfinite(theta[WORKING_SET]);
}

static int bootstrap(struct migration_fit *fit, const struct rounds *rounds, size_t resamples,
                     struct diag *diag)
{
    struct fit_value value[2] = {fit->rate, fit->working_set};
    double theta[2] = {fit->rate.value, fit->working_set.value};
    struct resampling from = {rounds, fit->kind};
    if (fit->kind == DIRTY_SATURATED)
        return STATUS_OK;
    size_t parameters = fit->kind == DIRTY_RATE ? 1 : 2;
    int status =
        fit_bootstrap(refit, &from, NULL, rounds->count, theta, parameters, resamples, value, diag);
    fit->rate = value[RATE];
    fit->working_set = value[WORKING_SET];
    return status;
}

static void judge(struct migration_fit *fit, const struct migration_rounds *rounds,
                  const struct dirty *dirty)
{
    double *at = malloc(rounds->count * sizeof *at);
    bool has_set = fit->kind != DIRTY_RATE;
    for (size_t i = 0; i < rounds->count; i++) {
        fit->saturated += has_set && rounds->dirtied[i] >= 0.95 * fit->working_set.value;
        if (at != NULL)
            at[i] = exp(log_dirty(dirty, log(rounds->seconds[i])));
    }
    fit->quality.n = rounds->count;
    fit->quality.parameters = kind_parameters[fit->kind];
    fit->quality.method = "dirty pages against round time, least squares on logarithms";
    fit->quality.p = NAN;
    fit->quality.aicc = fit->aicc[fit->kind];
    fit->quality.condition = fit->kind == DIRTY_RANDOM ? dirty->nls.condition : 1;
    if (at != NULL)
        fit_errors(&fit->quality, rounds->dirtied, at, rounds->count);
    free(at);
    if (!fit->rate.identified) {
        fit->quality.passed = false;
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "every round finds the whole working set dirty: the rate is at least %.0f "
                 "pages/s, a run at a higher bandwidth would tell it",
                 fit->rate.value);
    }
}

/* Rounds of about one length: the same pages are D t or W, and nothing says which. */
static bool of_one_length(const struct rounds *rounds)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < rounds->count; i++) {
        least = fmin(least, rounds->log_t[i]);
        most = fmax(most, rounds->log_t[i]);
    }
    return most - least < log(SPREAD_MIN);
}

/* The least AICc; of two within 2 the smaller. Without any (2 or 3 rounds): of the one-parameter
 * kinds the nearer. */
static enum dirty_kind choose(const double *aicc, const double *sse)
{
    static const enum dirty_kind order[] = {DIRTY_RATE, DIRTY_SATURATED, DIRTY_CYCLIC,
                                            DIRTY_RANDOM};
    int best = -1;
    for (size_t i = 0; i < DIRTY_KINDS; i++) {
        enum dirty_kind kind = order[i];
        double lead = best >= 0 && kind_parameters[kind] > kind_parameters[best] ? 2 : 0;
        if (isfinite(aicc[kind]) && (best < 0 || aicc[kind] < aicc[best] - lead))
            best = (int)kind;
    }
    if (best >= 0)
        return (enum dirty_kind)best;
    return sse[DIRTY_RATE] <= sse[DIRTY_SATURATED] ? DIRTY_RATE : DIRTY_SATURATED;
}

static int check(const struct migration_rounds *rounds, struct diag *diag)
{
    if (rounds->count < 2)
        return diag_set(diag, STATUS_DATA, NULL, 0, "rounds", "%zu rounds, expected 2 or more",
                        rounds->count);
    int status = fit_check(rounds->seconds, rounds->count, 1e-9, "seconds", diag);
    if (status == STATUS_OK)
        status = fit_check(rounds->dirtied, rounds->count, 1e-9, "dirty pages", diag);
    if (status == STATUS_OK && rounds->sent != NULL)
        status = fit_check(rounds->sent, rounds->count, 0, "pages sent", diag);
    return status;
}

int migration_fit(struct migration_fit *fit, const struct migration_rounds *rounds,
                  const struct migration_rules *rules, struct diag *diag)
{
    memset(fit, 0, sizeof *fit);
    int status = check(rounds, diag);
    if (status != STATUS_OK)
        return status;
    size_t n = rounds->count;
    double *logs = malloc(2 * n * sizeof *logs);
    if (logs == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        logs[i] = log(rounds->seconds[i]);
        logs[n + i] = log(rounds->dirtied[i]);
    }
    struct rounds own = {rounds->seconds, logs + n, logs, n};
    struct dirty dirty;
    double sse[DIRTY_KINDS];
    for (int kind = 0; kind < DIRTY_KINDS; kind++) {
        fit->aicc[kind] = NAN;
        sse[kind] = INFINITY;
        if (kind_parameters[kind] <= n && fit_kind(&dirty, (enum dirty_kind)kind, &own, NULL)) {
            sse[kind] = dirty.sse;
            fit->aicc[kind] = fit_aicc(dirty.sse, n, kind_parameters[kind]);
        }
    }
    bool blind = of_one_length(&own);
    fit->kind = rules->kind != DIRTY_BY_AICC ? (enum dirty_kind)rules->kind
                : blind                      ? DIRTY_SATURATED
                                             : choose(fit->aicc, sse);
    if (!isfinite(sse[fit->kind])) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, "rounds",
                          "%zu rounds cannot carry a %s writer", n, dirty_kind_names[fit->kind]);
        goto out;
    }
    fit_kind(&dirty, fit->kind, &own, NULL);
    take(fit, &dirty, &own);
    if (blind && fit->kind == DIRTY_SATURATED)
        fit->working_set.identified = false;
    fit->bandwidth = fit_bandwidth(rounds);
    judge(fit, rounds, &dirty);
    status = bootstrap(fit, &own, rules->resamples, diag);
out:
    free(logs);
    return status;
}

double migration_dirty(const struct migration_fit *fit, double seconds)
{
    struct dirty dirty = {.kind = fit->kind,
                          .log_rate = log(fit->rate.value),
                          .log_set = log(fit->working_set.value)};
    return exp(log_dirty(&dirty, log(seconds)));
}
