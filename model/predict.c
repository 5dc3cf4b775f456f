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

/* Whether a limit has a capacity and a demand, at the request or far beyond. */
static bool has_load(struct model *model, size_t index, double requested, struct headroom *asked)
{
    struct headroom far;
    if (!model_touches(model, index))
        return false;
    model_exceeds(model, index, requested, false, asked);
    model_exceeds(model, index, model_ramp_bound(model), false, &far);
    return !(isinf(asked->capacity) && isinf(far.capacity)) &&
           !(asked->demand <= 0 && far.demand <= 0);
}

/* A resource nobody uses along this ramp says nothing about its limits. */
static bool judge(struct model *model, size_t index, double requested, struct outcome *outcome)
{
    *outcome = (struct outcome){.limit = model_limit(model, index), .index = index};
    if (!has_load(model, index, requested, &outcome->asked))
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

const struct firsts firsts_unknown = {.any = {.index = -1}, .fatal = {.index = -1}};

/* Whether a limit that fails at a step goes before what was found so far. */
static bool goes_before(const struct model *model, size_t index, double fails_at,
                        const struct first *found)
{
    if (found->index < 0 || fails_at != found->fails_at)
        return fails_at < found->fails_at;
    const struct resource *resources = model_catalog(model)->resources;
    int phase = resources[model_limit(model, index)->resource].phase;
    int other = resources[model_limit(model, (size_t)found->index)->resource].phase;
    return phase != other ? phase < other : (int)index < found->index;
}

static void try_limit(struct model *model, size_t index, struct firsts *firsts)
{
    struct headroom at;
    bool fatal = limit_is_fatal(model_limit(model, index));
    double latest = fatal ? firsts->fatal.fails_at : firsts->any.fails_at;
    if (isfinite(latest) && !model_exceeds(model, index, latest, false, &at))
        return;
    double fails_at = first_failure(model, index, false, 0);
    if (isinf(fails_at) || !has_load(model, index, model_requested(model), &at))
        return;
    struct first found = {.index = (int)index, .fails_at = fails_at};
    if (goes_before(model, index, fails_at, &firsts->any))
        firsts->any = found;
    if (fatal && goes_before(model, index, fails_at, &firsts->fatal))
        firsts->fatal = found;
}

static void find_interval(struct model *model, struct first *first)
{
    struct headroom at;
    struct headroom asked;
    if (first->index < 0)
        return;
    size_t index = (size_t)first->index;
    first->max_ok_low = first->max_ok_high = step_before(first->fails_at);
    model_exceeds(model, index, first->fails_at, false, &at);
    model_exceeds(model, index, model_requested(model), false, &asked);
    if (at.error > 0 || asked.error > 0) {
        first->max_ok_low = step_before(first_failure(model, index, false, 1));
        first->max_ok_high = step_before(first_failure(model, index, false, -1));
    }
}

void predict_firsts(struct model *model, struct firsts *firsts)
{
    const int guess[] = {firsts->any.index, firsts->fatal.index};
    const size_t *limits;
    size_t count = model_touched(model, &limits);
    *firsts = (struct firsts){
        {-1, INFINITY, INFINITY, INFINITY}, {-1, INFINITY, INFINITY, INFINITY}, false};
    for (size_t i = 0; i < 2; i++) {
        if (guess[i] >= 0 && (size_t)guess[i] < model_limit_count(model) &&
            model_touches(model, (size_t)guess[i]))
            try_limit(model, (size_t)guess[i], firsts);
    }
    for (int fatal = 1; fatal >= 0; fatal--) { /* of a kind at a time, which is a step at a time */
        for (size_t i = 0; i < count; i++) {
            if (limit_is_fatal(model_limit(model, limits[i])) == (fatal == 1) &&
                (int)limits[i] != guess[0] && (int)limits[i] != guess[1])
                try_limit(model, limits[i], firsts);
        }
    }
    struct headroom at;
    firsts->judged = firsts->any.index >= 0;
    for (size_t i = 0; i < count && !firsts->judged; i++)
        firsts->judged = has_load(model, limits[i], model_requested(model), &at);
    find_interval(model, &firsts->fatal);
}

/* Below a tenth of headroom the answer is "tight". */
static const double warning_headroom = 0.1;

enum verdict predict_verdict(double requested, bool judged, double fatal_at, double any_at)
{
    double max_ok = step_before(fatal_at);
    if (!judged)
        return VERDICT_CANNOT_TELL;
    if (max_ok < requested)
        return VERDICT_DOES_NOT_FIT;
    return max_ok < requested * (1 + warning_headroom) || any_at <= requested ? VERDICT_TIGHT
                                                                              : VERDICT_FITS;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"fits", "tight", "does not fit", "cannot tell"};
    return names[verdict];
}
