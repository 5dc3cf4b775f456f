/* One cell: the scenario it stands for, the model that answers it. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "sim/sobol.h"
#include "sim/sweep.h"

/* A model bound to one combination of the axes that bind. */
struct binding {
    struct scenario *bound; /* with all settings but those that move, before spreading */
    struct scenario *now;   /* the cell's; what the model follows */
    struct model *model;    /* NULL: free */
    uint64_t number;        /* the cell's among the axes that bind */
    uint64_t used;          /* when last, in cells */
    bool known;             /* firsts are those of the model's place */
    struct firsts firsts;
};

/* Batches come back to the bindings of the one before when an axis that binds stands to the left of
 * one that moves. */
enum { BINDINGS = 4 };

struct sweep_worker {
    const struct sweep *sweep;
    struct binding bindings[BINDINGS];
    struct binding *at; /* the present cell's */
    uint64_t clock;
    struct answer answer;
    char invalid[256]; /* the present cell's reason */
};

int sweep_worker_new(struct sweep_worker **worker, const struct sweep *sweep, struct diag *diag)
{
    *worker = calloc(1, sizeof **worker);
    bool good = *worker != NULL;
    for (size_t i = 0; good && i < BINDINGS; i++) {
        struct binding *binding = &(*worker)->bindings[i];
        binding->bound = malloc(sizeof *binding->bound);
        binding->now = malloc(sizeof *binding->now);
        good = binding->bound != NULL && binding->now != NULL;
    }
    if (!good)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    (*worker)->sweep = sweep;
    return STATUS_OK;
}

void sweep_worker_free(struct sweep_worker *worker)
{
    if (worker == NULL)
        return;
    answer_free(&worker->answer);
    for (size_t i = 0; i < BINDINGS; i++) {
        model_free(worker->bindings[i].model);
        free(worker->bindings[i].bound);
        free(worker->bindings[i].now);
    }
    free(worker);
}

/* Of axes that are drawn: whose combinations are too many to be numbered, so it is the number of
 * the first evaluation of the same point that has the same values of these axes. */
static uint64_t drawn_number(const struct sweep *sweep, uint64_t cell, bool moves)
{
    uint64_t which = cell % (sweep->axes + SOBOL_AB);
    return which >= SOBOL_AB && sweep->moves[which - SOBOL_AB] != moves ? cell - which : cell;
}

static bool can_number(const struct sweep *sweep, bool moves)
{
    uint64_t combinations = 1;
    for (size_t i = 0; i < sweep->axes; i++) {
        if (sweep->moves[i] == moves &&
            __builtin_mul_overflow(combinations, sweep->axis[i]->count, &combinations))
            return false;
    }
    return true;
}

/* The number of a cell among the axes that move or among those that do not. */
static uint64_t number_among(const struct sweep *sweep, uint64_t cell, bool moves)
{
    uint64_t number = 0;
    if (sweep->points > 0 && !can_number(sweep, moves))
        return drawn_number(sweep, cell, moves);
    for (size_t i = 0; i < sweep->axes; i++) {
        if (sweep->moves[i] == moves)
            number = number * sweep->axis[i]->count + sweep_index(sweep, cell, i);
    }
    return number;
}

/* The axis's place among the study's axes, or sweep->axes: a plain setting. */
static size_t axis_number(const struct sweep *sweep, const struct axis *axis)
{
    size_t i = 0;
    while (i < sweep->axes && sweep->axis[i] != axis)
        i++;
    return i;
}

/* A host replaces what other settings adjust, so it goes first. */
static int apply_settings(const struct sweep *sweep, uint64_t cell, struct scenario *scenario,
                          struct diag *diag)
{
    int status = STATUS_OK;
    memcpy(scenario, sweep->start, sizeof *scenario);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t s = 0; status == STATUS_OK && s < sweep->settings.count; s++) {
            const struct axis *axis = &sweep->settings.items[s];
            size_t i = axis_number(sweep, axis);
            size_t at = i < sweep->axes ? sweep_index(sweep, cell, i) : 0;
            if ((strcmp(axis->name, "host") == 0) == (pass == 0) &&
                !(i < sweep->axes && sweep->moves[i]))
                status = scenario_set(scenario, axis->name, axis->values[at].text, diag);
        }
    }
    return status;
}

/* From the bound scenario to the cell's. Classes that spreading makes are copies of the first. */
static int move_scenario(const struct sweep *sweep, const struct binding *at, uint64_t cell,
                         struct diag *diag)
{
    struct scenario *now = at->now;
    if (at->bound->class_count == 1) { /* undo the spreading of the last cell */
        struct guest_class *class = &now->classes[0];
        now->class_count = 1;
        class->value[OPTION_GUESTS] = at->bound->classes[0].value[OPTION_GUESTS];
        class->disks[0].value[OPTION_DISKS_PER_GUEST] =
            at->bound->classes[0].disks[0].value[OPTION_DISKS_PER_GUEST];
        class->nics[0].value[OPTION_NICS_PER_GUEST] =
            at->bound->classes[0].nics[0].value[OPTION_NICS_PER_GUEST];
        memcpy(class->name, at->bound->classes[0].name, sizeof class->name);
    }
    for (size_t i = 0; i < sweep->axes; i++) {
        if (sweep->moves[i])
            scenario_set_option(now, sweep->axis[i]->option,
                                sweep->axis[i]->values[sweep_index(sweep, cell, i)].value);
    }
    return scenario_spread(now, diag);
}

static int bind(struct sweep_worker *worker, struct binding *at, uint64_t cell, uint64_t number,
                struct diag *diag)
{
    const struct sweep *sweep = worker->sweep;
    if (!sweep->rebinds) {
        model_free(at->model);
        at->model = NULL;
    }
    int status = apply_settings(sweep, cell, at->bound, diag);
    memcpy(at->now, at->bound, sizeof *at->now);
    if (status == STATUS_OK)
        status = move_scenario(sweep, at, cell, diag);
    if (status == STATUS_OK && at->model != NULL)
        status = model_rebind(at->model, at->now, diag);
    else if (status == STATUS_OK)
        status = model_new_free(&at->model, sweep->catalog, at->now, sweep->free_option,
                                sweep->free_count, diag);
    if (status != STATUS_OK) {
        model_free(at->model);
        at->model = NULL;
    }
    at->number = number;
    at->known = false;
    at->firsts = firsts_unknown;
    return status;
}

/* Says which cell an error is of. */
static int name_cell(const struct sweep *sweep, uint64_t cell, int status, struct diag *diag)
{
    size_t used = strlen(diag->message);
    for (size_t i = 0; i < sweep->axes && used < sizeof diag->message; i++) {
        used += (size_t)snprintf(diag->message + used, sizeof diag->message - used, "%s %s %s",
                                 i == 0 ? "; at" : ",", sweep->axis[i]->column,
                                 sweep->axis[i]->values[sweep_index(sweep, cell, i)].text);
    }
    return status;
}

/* The binding of that number, or the one that has not been used for longest. */
static struct binding *choose_binding(struct sweep_worker *worker, uint64_t number)
{
    struct binding *oldest = &worker->bindings[0];
    for (size_t i = 0; i < BINDINGS; i++) {
        struct binding *binding = &worker->bindings[i];
        if (binding->model != NULL && binding->number == number)
            return binding;
        if (binding->used < oldest->used)
            oldest = binding;
    }
    return oldest;
}

static int place_model(struct sweep_worker *worker, uint64_t cell, struct diag *diag)
{
    const struct sweep *sweep = worker->sweep;
    uint64_t number = number_among(sweep, cell, false);
    struct binding *at = worker->at;
    if (at == NULL || at->model == NULL || at->number != number)
        at = choose_binding(worker, number);
    worker->at = at;
    at->used = ++worker->clock;
    if (at->model == NULL || at->number != number)
        return bind(worker, at, cell, number, diag);
    if (sweep->free_count == 0)
        return STATUS_OK;
    int status = move_scenario(sweep, at, cell, diag);
    if (status == STATUS_OK && model_move(at->model))
        at->known = false;
    return status;
}

static int simulate(struct sweep_worker *worker, struct cell *out, struct diag *diag)
{
    const struct sweep *sweep = worker->sweep;
    struct run_rules rules = sweep->rules;
    double fails_at = worker->at->firsts.fatal.fails_at;
    double wall = isinf(fails_at) ? INFINITY : fmax(fails_at - 1, 0);
    rules.threads = 1;
    rules.progress = NULL;
    answer_free(&worker->answer);
    int status = sweep->knees ? answer_find(&worker->answer, worker->at->model, wall, 0,
                                            sweep->overlay, &rules, diag)
                              : answer_figures(&worker->answer, worker->at->model, wall,
                                               sweep->overlay, &rules, diag);
    out->answer = &worker->answer;
    out->verdict = answer_verdict(out->verdict, out->answer, out->requested);
    return status;
}

/* Makes an error of the cell's own its answer. */
static int refuse(struct sweep_worker *worker, uint64_t cell, int status, struct cell *out,
                  struct diag *diag)
{
    if (status != STATUS_DATA || worker->sweep->strict)
        return name_cell(worker->sweep, cell, status, diag);
    snprintf(worker->invalid, sizeof worker->invalid, "%s%s%.150s", diag->column,
             diag->column[0] != '\0' ? ": " : "", diag->message);
    for (char *at = worker->invalid; *at != '\0'; at++) {
        if (iscntrl((unsigned char)*at)) /* a row is a line */
            *at = ' ';
    }
    *out = (struct cell){.invalid = worker->invalid};
    return STATUS_OK;
}

int sweep_cell(struct sweep_worker *worker, uint64_t cell, struct cell *out, struct diag *diag)
{
    int status = place_model(worker, cell, diag);
    if (status != STATUS_OK)
        return refuse(worker, cell, status, out, diag);
    struct binding *at = worker->at;
    struct model *model = at->model;
    const struct firsts *firsts = &at->firsts;
    if (!at->known)
        predict_firsts(model, &at->firsts);
    at->known = true;
    *out = (struct cell){.requested = model_requested(model), .firsts = *firsts};
    out->verdict = predict_verdict(out->requested, firsts->judged, firsts->fatal.fails_at,
                                   firsts->any.fails_at);
    if (firsts->fatal.index >= 0) {
        struct headroom asked;
        out->limit = model_limit(model, (size_t)firsts->fatal.index);
        model_exceeds(model, (size_t)firsts->fatal.index, out->requested, false, &asked);
        out->demand = asked.demand;
        out->capacity = asked.capacity;
    }
    if (firsts->any.index >= 0 && firsts->any.index != firsts->fatal.index)
        out->slow = model_limit(model, (size_t)firsts->any.index);
    if (worker->sweep->simulate)
        status = simulate(worker, out, diag);
    return status == STATUS_OK ? status : refuse(worker, cell, status, out, diag);
}

/* A cell's place in the order of work: by binding, then by what moves, guests innermost. */
struct turn {
    uint64_t binding, place, guests, cell;
};

static int compare_turns(const void *left, const void *right)
{
    const struct turn *a = left;
    const struct turn *b = right;
    const uint64_t *x = &a->binding;
    const uint64_t *y = &b->binding;
    for (size_t i = 0; i < 3; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    return a->cell < b->cell ? -1 : 1;
}

static struct turn turn_of(const struct sweep *sweep, uint64_t cell)
{
    struct turn turn = {.binding = number_among(sweep, cell, false), .cell = cell};
    for (size_t i = 0; i < sweep->axes; i++) {
        size_t index = sweep_index(sweep, cell, i);
        if (sweep->moves[i] && sweep->axis[i]->option == OPTION_GUESTS)
            turn.guests = index;
        else if (sweep->moves[i])
            turn.place = turn.place * sweep->axis[i]->count + index;
    }
    return turn;
}

int sweep_cells(struct sweep_worker *worker, uint64_t first, uint64_t count, take_cell *take,
                void *context, struct diag *diag)
{
    struct turn *turns = malloc((count + 1) * sizeof *turns);
    int status =
        turns != NULL ? STATUS_OK : diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (uint64_t i = 0; status == STATUS_OK && i < count; i++)
        turns[i] = turn_of(worker->sweep, first + i);
    if (status == STATUS_OK)
        qsort(turns, count, sizeof *turns, compare_turns);
    /* Nothing of earlier batches: where a search could end in two ways, it must always end in one.
     */
    for (size_t i = 0; i < BINDINGS; i++) {
        worker->bindings[i].known = false;
        worker->bindings[i].firsts = firsts_unknown;
    }
    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        struct cell answer;
        status = sweep_cell(worker, turns[i].cell, &answer, diag);
        if (status == STATUS_OK)
            status = take(context, turns[i].cell, &answer);
    }
    free(turns);
    return status;
}
