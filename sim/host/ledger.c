#include "sim/host/ledger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/predict.h"

/* How a kept limit is judged. */
enum judged {
    JUDGED_LINE, /* base + sum of each * held against the capacity */
    JUDGED_EACH, /* a guest of the class never fits */
    JUDGED_STEP, /* by the number of the step alone */
};

struct cap {
    const struct limit *limit;
    size_t index;
    int phase;
    bool fatal;
    enum judged judged;
    double fails_at; /* the first step that fails */
    double base, capacity, each[CLASSES_MAX];
    bool never[CLASSES_MAX];
};

struct ledger {
    bool along_guests;
    double steps; /* asked for */
    size_t classes, kept;
    double guests[CLASSES_MAX]; /* asked for */
    struct cap *caps;           /* by phase, then in the order of the catalogue */
};

static double excess(struct model *model, size_t limit, double n)
{
    struct headroom at;
    model_exceeds(model, limit, n, false, &at);
    return at.demand - at.capacity;
}

/* The first step that fails; one at or before `steps` does. */
static double first_failure(struct model *model, size_t limit, double steps)
{
    double low = -1;
    double high = steps;
    while (high - low > 1) {
        double middle = floor(low + (high - low) / 2);
        if (excess(model, limit, middle) > 0)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* Whether a start can meet the limit; the same limits are left out as in a prediction. */
static bool can_fail(struct model *model, size_t limit, double steps)
{
    struct headroom asked;
    struct headroom far;
    if (!model_touches(model, limit))
        return false;
    model_exceeds(model, limit, steps, false, &asked);
    if (!(asked.demand - asked.capacity > 0))
        return false;
    model_exceeds(model, limit, model_ramp_bound(model), false, &far);
    return far.demand - far.capacity > 0 && (asked.demand > 0 || far.demand > 0);
}

/* Guests of each class that hold something when n do, in the order of the mix. */
static void count_at(const struct ledger *ledger, double n, double held[CLASSES_MAX])
{
    for (size_t c = 0; c < ledger->classes; c++) {
        held[c] = fmin(n, ledger->guests[c]);
        n -= held[c];
    }
}

static double line_at(const struct cap *cap, size_t classes, const double held[CLASSES_MAX])
{
    double demand = cap->base;
    for (size_t c = 0; c < classes; c++)
        demand += cap->each[c] * held[c];
    return demand - cap->capacity;
}

static bool line_agrees(const struct ledger *ledger, const struct cap *cap, struct model *model,
                        double n)
{
    struct headroom at;
    double held[CLASSES_MAX];
    model_exceeds(model, cap->index, n, false, &at);
    count_at(ledger, n, held);
    double line = line_at(cap, ledger->classes, held);
    double here = at.demand - at.capacity;
    return at.capacity == cap->capacity && (line > 0) == (here > 0) &&
           fabs(line - here) <= 1e-9 * (fabs(at.demand) + fabs(at.capacity));
}

/* Tries base + each * guests, from the ends of each class's stretch of the ramp. */
static bool fit_line(const struct ledger *ledger, struct cap *cap, struct model *model)
{
    struct headroom at;
    double before = 0;
    model_exceeds(model, cap->index, 0, false, &at);
    cap->base = at.demand;
    cap->capacity = at.capacity;
    double demand = at.demand;
    for (size_t c = 0; c < ledger->classes; c++) {
        if (ledger->guests[c] == 0)
            continue;
        model_exceeds(model, cap->index, before + ledger->guests[c], false, &at);
        cap->each[c] = (at.demand - demand) / ledger->guests[c];
        demand = at.demand;
        before += ledger->guests[c];
    }
    before = 0;
    for (size_t c = 0; c < ledger->classes; c++) {
        double step[] = {before, fmin(before + 1, ledger->steps),
                         before + floor(ledger->guests[c] / 2)};
        for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
            if (!line_agrees(ledger, cap, model, step[i]))
                return false;
        }
        before += ledger->guests[c];
    }
    return line_agrees(ledger, cap, model, cap->fails_at) &&
           (cap->fails_at == 0 || line_agrees(ledger, cap, model, cap->fails_at - 1));
}

/* A limit of one guest: which classes exceed it from their first guest on. The tightest class is
 * all that the model tells of a step, so one behind a tighter class counts as fitting. */
static bool fit_each(const struct ledger *ledger, struct cap *cap, struct model *model)
{
    double before = 0;
    bool failed = false;
    for (size_t c = 0; c < ledger->classes; c++) {
        struct headroom at;
        if (ledger->guests[c] == 0)
            continue;
        model_exceeds(model, cap->index, before + 1, false, &at);
        cap->never[c] = at.demand - at.capacity > 0 && at.class_index == c;
        if (cap->never[c] && !failed && cap->fails_at != before + 1)
            return false;
        failed = failed || cap->never[c];
        before += ledger->guests[c];
    }
    return failed;
}

static void judge_cap(const struct ledger *ledger, struct cap *cap, struct model *model)
{
    enum resource_scope scope = model_catalog(model)->resources[cap->limit->resource].scope;
    bool guest = scope == RESOURCE_GUEST || scope == RESOURCE_DEVICE;
    cap->fails_at = first_failure(model, cap->index, ledger->steps);
    cap->judged = JUDGED_STEP;
    if (!ledger->along_guests)
        return;
    if (guest && fit_each(ledger, cap, model))
        cap->judged = JUDGED_EACH;
    else if (!guest && fit_line(ledger, cap, model))
        cap->judged = JUDGED_LINE;
}

static int compare_caps(const void *left, const void *right)
{
    const struct cap *a = left;
    const struct cap *b = right;
    if (a->phase != b->phase)
        return a->phase < b->phase ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

int ledger_new(struct ledger **out, struct model *model, struct diag *diag)
{
    size_t limits = model_limit_count(model);
    const struct scenario *scenario = model_scenario(model);
    double asked = model_requested(model);
    struct ledger *ledger = *out = calloc(1, sizeof *ledger);
    struct cap *caps = calloc(limits + 1, sizeof *caps);
    if (ledger == NULL || caps == NULL) {
        free(caps);
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    }
    ledger->caps = caps;
    ledger->along_guests = strcmp(model_ramp(model), "guests") == 0;
    ledger->steps = asked > 0 ? floor(fmin(asked, model_ramp_bound(model))) : 0;
    ledger->classes = scenario->class_count;
    for (size_t c = 0; c < ledger->classes; c++)
        ledger->guests[c] = scenario_guests(scenario, c);
    for (size_t i = 0; i < limits; i++) {
        const struct limit *limit = model_limit(model, i);
        if (!can_fail(model, i, ledger->steps))
            continue;
        struct cap *cap = &caps[ledger->kept++];
        cap->limit = limit;
        cap->index = i;
        cap->phase = model_catalog(model)->resources[limit->resource].phase;
        cap->fatal = limit_is_fatal(limit);
        judge_cap(ledger, cap, model);
    }
    qsort(caps, ledger->kept, sizeof *caps, compare_caps);
    struct cap *kept = realloc(caps, (ledger->kept + 1) * sizeof *caps);
    ledger->caps = kept != NULL ? kept : caps;
    return STATUS_OK;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    free(ledger->caps);
    free(ledger);
}

size_t ledger_kept(const struct ledger *ledger)
{
    return ledger->kept;
}

/* Keeps the first: the lowest step, in it the earliest phase, in it the catalogue's order, in which
 * caps come. */
static void note(struct account *account, const struct cap *cap, double fails_at)
{
    struct met *met = cap->fatal ? &account->fatal : &account->soft;
    if (met->limit != NULL &&
        (met->fails_at < fails_at || (met->fails_at == fails_at && met->phase <= cap->phase)))
        return;
    *met = (struct met){cap->limit, cap->phase, fmax(fails_at - 1, 0), fails_at};
}

/* Limits that nothing is left of before the first step, or, inside guests, that a step breaks. */
void account_open(struct account *account, const struct ledger *ledger)
{
    *account =
        (struct account){.ledger = ledger, .steps = ledger->along_guests ? NAN : ledger->steps};
    for (size_t i = 0; i < ledger->kept; i++) {
        const struct cap *cap = &ledger->caps[i];
        if (cap->fails_at == 0 || !ledger->along_guests)
            note(account, cap, cap->fails_at);
    }
    if (!ledger->along_guests && account->fatal.limit != NULL)
        account->steps = account->fatal.max_ok;
}

static bool stops(const struct account *account, const struct cap *cap, size_t class_index)
{
    const struct ledger *ledger = account->ledger;
    if (cap->judged == JUDGED_EACH)
        return cap->never[class_index];
    if (cap->judged == JUDGED_LINE)
        return line_at(cap, ledger->classes, account->held) > 0;
    return !ledger->along_guests || account->guests >= cap->fails_at;
}

const struct limit *account_take(struct account *account, size_t class_index, int *phase)
{
    const struct ledger *ledger = account->ledger;
    account->held[class_index]++;
    account->guests++;
    for (size_t i = 0; i < ledger->kept; i++) {
        const struct cap *cap = &ledger->caps[i];
        if (!stops(account, cap, class_index))
            continue;
        if (ledger->along_guests)
            note(account, cap, account->guests);
        if (!cap->fatal)
            continue;
        account_release(account, class_index);
        *phase = cap->phase;
        return cap->limit;
    }
    return NULL;
}

void account_release(struct account *account, size_t class_index)
{
    account->held[class_index]--;
    account->guests--;
}
