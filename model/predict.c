#include "model/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool limit_is_fatal(const struct limit *limit)
{
    return limit->effect >= EFFECT_HANG;
}

int prediction_init(struct prediction *prediction, const struct model *model, struct diag *diag)
{
    size_t count = model_limit_count(model);
    memset(prediction, 0, sizeof *prediction);
    prediction->outcomes = calloc(count + 1, sizeof *prediction->outcomes);
    prediction->ladder = calloc(2 * count + 1, sizeof *prediction->ladder);
    if (prediction->outcomes == NULL || prediction->ladder == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    return STATUS_OK;
}

void prediction_free(struct prediction *prediction)
{
    free(prediction->outcomes);
    free(prediction->ladder);
    memset(prediction, 0, sizeof *prediction);
}

/* One question: at which step does a limit fail? */
struct search {
    struct model *model;
    size_t limit;
    bool hard; /* raised to its hard maximum */
    int side;  /* the demand is shifted by this many half-widths of its interval */
};

/* How far the demand exceeds the capacity at step n; > 0: the limit fails there. */
static double excess(const struct search *search, double n)
{
    struct headroom at;
    model_exceeds(search->model, search->limit, n, search->hard, &at);
    return at.demand + search->side * at.error - at.capacity;
}

/* Narrows [low, high], of which only high fails, to neighbours. Most demands grow on a line, so
 * the last step before the line through both ends crosses is tried first, then its neighbour;
 * every third step halves the interval, which bounds the search when the demand is no line. */
static double narrow(const struct search *search, double low, double at_low, double high,
                     double at_high)
{
    for (unsigned i = 1; high - low > 1; i++) {
        double part = at_low / (at_low - at_high);
        double middle = floor(low + (high - low) * (i % 3 == 0 || !(part >= 0) ? 0.5 : part));
        middle = fmin(fmax(middle, low + 1), high - 1);
        double at = excess(search, middle);
        if (at > 0) {
            high = middle;
            at_high = at;
        } else {
            low = middle;
            at_low = at;
        }
    }
    return high;
}

/* First failing step in [0, bound]; INFINITY when none. Demand minus capacity is taken to cross
 * zero once along the ramp. */
static double first_failure(struct model *model, size_t limit, bool hard, int side)
{
    struct search search = {model, limit, hard, side};
    double bound = model_ramp_bound(model);
    double at_bound = excess(&search, bound);
    if (!(at_bound > 0))
        return INFINITY;
    double at_zero = excess(&search, 0);
    if (at_zero > 0)
        return 0;
    return narrow(&search, 0, at_zero, bound, at_bound);
}

static double step_before(double fails_at)
{
    return isinf(fails_at) ? INFINITY : fmax(fails_at - 1, 0);
}

/* A resource nobody uses along this ramp says nothing about its limits. */
static bool judge(struct model *model, size_t index, double requested, struct outcome *outcome)
{
    struct headroom far;
    if (!model_touches(model, index))
        return false;
    *outcome = (struct outcome){.limit = model_limit(model, index), .index = index};
    model_exceeds(model, index, requested, false, &outcome->asked);
    model_exceeds(model, index, model_ramp_bound(model), false, &far);
    if (isinf(outcome->asked.capacity) && isinf(far.capacity))
        return false;
    if (outcome->asked.demand <= 0 && far.demand <= 0)
        return false;
    outcome->fails_at = first_failure(model, index, false, 0);
    outcome->max_ok = step_before(outcome->fails_at);
    outcome->max_ok_low = outcome->max_ok;
    outcome->max_ok_high = outcome->max_ok;
    outcome->hard_fails_at = NAN;
    if (isfinite(outcome->fails_at))
        model_exceeds(model, index, outcome->fails_at, false, &outcome->broken);
    if (outcome->asked.error > 0 || outcome->broken.error > 0) {
        outcome->max_ok_low = step_before(first_failure(model, index, false, 1));
        outcome->max_ok_high = step_before(first_failure(model, index, false, -1));
    }
    if (isfinite(outcome->fails_at) && !isnan(model_hard_capacity(model, index)))
        outcome->hard_fails_at = first_failure(model, index, true, 0);
    return true;
}

static double share(const struct outcome *outcome)
{
    return outcome->asked.capacity > 0 ? outcome->asked.demand / outcome->asked.capacity : INFINITY;
}

static int compare_outcomes(const void *left, const void *right)
{
    const struct outcome *a = left;
    const struct outcome *b = right;
    if (a->fails_at != b->fails_at)
        return a->fails_at < b->fails_at ? -1 : 1;
    if (isinf(a->fails_at) && share(a) != share(b))
        return share(a) > share(b) ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

static int compare_rungs(const void *left, const void *right)
{
    const struct rung *a = left;
    const struct rung *b = right;
    if (a->fails_at != b->fails_at)
        return a->fails_at < b->fails_at ? -1 : 1;
    return a->outcome < b->outcome ? -1 : a->outcome > b->outcome;
}

static void build_ladder(struct prediction *prediction)
{
    prediction->rungs = 0;
    for (size_t i = 0; i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (!limit_is_fatal(outcome->limit) || isinf(outcome->fails_at))
            continue;
        prediction->ladder[prediction->rungs++] = (struct rung){i, false, outcome->fails_at};
        if (isfinite(outcome->hard_fails_at))
            prediction->ladder[prediction->rungs++] =
                (struct rung){i, true, outcome->hard_fails_at};
    }
    qsort(prediction->ladder, prediction->rungs, sizeof *prediction->ladder, compare_rungs);
    for (size_t i = 0; i < prediction->rungs; i++) {
        const struct limit *limit = prediction->outcomes[prediction->ladder[i].outcome].limit;
        if (strcmp(limit->kind, "architectural") == 0)
            prediction->rungs = i + 1;
    }
}

/* Within one step, the limit of the earlier phase is met first. */
static void order_phases(struct prediction *prediction, const struct resource *resources)
{
    for (size_t i = 1; i < prediction->count; i++) {
        struct outcome moved = prediction->outcomes[i];
        int phase = resources[moved.limit->resource].phase;
        size_t at = i;
        while (at > 0 && isfinite(moved.fails_at) &&
               prediction->outcomes[at - 1].fails_at == moved.fails_at &&
               resources[prediction->outcomes[at - 1].limit->resource].phase > phase) {
            prediction->outcomes[at] = prediction->outcomes[at - 1];
            at--;
        }
        prediction->outcomes[at] = moved;
    }
}

void predict(struct model *model, struct prediction *prediction)
{
    prediction->requested = model_requested(model);
    prediction->count = 0;
    prediction->first = -1;
    prediction->first_fatal = -1;
    for (size_t i = 0; i < model_limit_count(model); i++) {
        if (judge(model, i, prediction->requested, &prediction->outcomes[prediction->count]))
            prediction->count++;
    }
    qsort(prediction->outcomes, prediction->count, sizeof *prediction->outcomes, compare_outcomes);
    order_phases(prediction, model_catalog(model)->resources);
    for (size_t i = 0; i < prediction->count; i++) {
        if (isinf(prediction->outcomes[i].fails_at))
            break;
        if (prediction->first < 0)
            prediction->first = (int)i;
        if (prediction->first_fatal < 0 && limit_is_fatal(prediction->outcomes[i].limit))
            prediction->first_fatal = (int)i;
    }
    build_ladder(prediction);
}
