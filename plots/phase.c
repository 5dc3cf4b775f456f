#include "plots/phase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"

static const double tight_share = 0.8;

/* A limit on a line: from `from` on (in units of the inner axis) it fails, and is exceeded `here`
 * times there and `far` times at the line's end. */
struct failing {
    int number;
    double from, here, far;
};

/* What a thread fills its lines with, one after the other. */
struct study {
    struct scenario *base, *scenario; /* as asked; of the line */
    struct model *model;
    struct prediction prediction;
    struct failing *failing;
};

struct line {
    struct phase_map *map;
    const struct phase_question *question;
    const struct phase_axis *inner, *outer;
    bool inner_x;
    unsigned first, count; /* outer cells that stand for the same value */
};

/* The scenario of a line, its devices spread, the inner option its ramp. */
static int line_scenario(const struct line *line, const struct study *study, struct diag *diag)
{
    struct scenario *base = study->base;
    double value = phase_middle(line->map, line->outer, line->first);
    *base = *line->question->scenario;
    if (line->inner->total) /* the ramp states them */
        base->value[line->inner->option] = NAN;
    snprintf(base->ramp, sizeof base->ramp, "%s", options[line->outer->option].name);
    int status = scenario_at(base, value, study->scenario, diag);
    if (status == STATUS_OK)
        status = scenario_spread(study->scenario, diag);
    snprintf(study->scenario->ramp, sizeof study->scenario->ramp, "%s",
             options[line->inner->option].name);
    return status;
}

static double guests_of(const struct scenario *scenario)
{
    double guests = 0;
    for (size_t c = 0; c < scenario->class_count; c++)
        guests += scenario_guests(scenario, c);
    return guests;
}

static bool is_shared(const struct model *model, const struct limit *limit)
{
    enum resource_scope scope = model_catalog(model)->resources[limit->resource].scope;
    return scope != RESOURCE_GUEST && scope != RESOURCE_DEVICE;
}

static double share_at(struct model *model, size_t limit, double n)
{
    struct headroom at;
    model_exceeds(model, limit, n, false, &at);
    return isinf(at.capacity) || at.demand <= 0 ? 0
           : at.capacity > 0                    ? at.demand / at.capacity
                                                : INFINITY;
}

/* Demand over capacity at a value of the axis. Devices of the host are spread: some guests have one
 * more than others, and where a limit is one guest's, the guest with most of them counts. */
static double share_of(const struct line *line, struct model *model, const struct outcome *outcome,
                       double guests, double value)
{
    if (!line->inner->total)
        return share_at(model, outcome->index, value);
    double high = share_at(model, outcome->index, ceil(value / guests));
    double part = value / guests - floor(value / guests);
    if (!is_shared(model, outcome->limit) || part == 0)
        return high;
    double low = share_at(model, outcome->index, floor(value / guests));
    return isinf(high) ? high : low + (high - low) * part;
}

/* The first value of the axis that fails. Between two steps of a total, guests get one device more
 * each, one by one. */
static double failing_from(const struct line *line, struct model *model,
                           const struct outcome *outcome, double guests)
{
    double n = outcome->fails_at;
    struct headroom below;
    struct headroom at;
    if (!line->inner->total || n == 0)
        return n;
    if (!is_shared(model, outcome->limit))
        return guests * (n - 1) + 1;
    model_exceeds(model, outcome->index, n - 1, false, &below);
    model_exceeds(model, outcome->index, n, false, &at);
    double part = (at.capacity - below.demand) / (at.demand - below.demand);
    double more = floor(part * guests) + 1;
    return guests * (n - 1) + fmin(fmax(more >= 1 ? more : 1, 1), guests);
}

static size_t list_failing(const struct line *line, struct model *model,
                           const struct prediction *prediction, double guests,
                           struct failing *failing)
{
    size_t count = 0;
    for (size_t i = 0; i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (isinf(outcome->fails_at) || !limit_is_fatal(outcome->limit))
            continue;
        double from = failing_from(line, model, outcome, guests);
        if (from > line->inner->high)
            continue;
        from = fmax(from, line->inner->low);
        failing[count++] = (struct failing){
            outcome->limit->number, from, share_of(line, model, outcome, guests, from),
            share_of(line, model, outcome, guests, line->inner->high)};
    }
    return count;
}

/* The limit exceeded most at a value. */
static int worst_at(const struct line *line, const struct failing *failing, size_t count,
                    double value)
{
    int worst = -1;
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        const struct failing *at = &failing[i];
        double span = line->inner->high - at->from;
        double part = span > 0 ? (value - at->from) / span : 1;
        double share = isinf(at->far) ? INFINITY : at->here + (at->far - at->here) * part;
        if (value >= at->from && (worst < 0 || share > most)) {
            worst = at->number;
            most = share;
        }
    }
    return worst;
}

static bool is_tight(const struct line *line, struct model *model,
                     const struct prediction *prediction, double guests, double value)
{
    for (size_t i = 0; i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (!limit_is_fatal(outcome->limit) || line->map->fixed[outcome->limit->number])
            continue;
        if (share_of(line, model, outcome, guests, value) > tight_share)
            return true;
    }
    return false;
}

/* The first cell that is tight; demand grows along the line. */
static unsigned first_tight(const struct line *line, struct model *model,
                            const struct prediction *prediction, double guests)
{
    unsigned low = 0;
    unsigned high = line->map->cells;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (is_tight(line, model, prediction, guests, phase_middle(line->map, line->inner, middle)))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int study_begin(struct study *study, const struct phase_question *question,
                       struct diag *diag)
{
    *study = (struct study){
        .base = malloc(sizeof *study->base),
        .scenario = malloc(sizeof *study->scenario),
        .failing = calloc(question->catalog->limit_numbers + 1, sizeof *study->failing),
    };
    if (study->base == NULL || study->scenario == NULL || study->failing == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    return STATUS_OK;
}

static void study_end(struct study *study)
{
    prediction_free(&study->prediction);
    model_free(study->model);
    free(study->failing);
    free(study->scenario);
    free(study->base);
}

/* The first line of a study makes its model, the others bind it again. */
static int study_bind(struct study *study, const struct line *line, struct diag *diag)
{
    int status = line_scenario(line, study, diag);
    if (status == STATUS_OK && study->model != NULL)
        return model_rebind(study->model, study->scenario, diag);
    if (status == STATUS_OK)
        status = model_new(&study->model, line->question->catalog, study->scenario, diag);
    if (status == STATUS_OK)
        status = prediction_init(&study->prediction, study->model, diag);
    return status;
}

static int fill_line(const struct line *line, struct study *study, struct diag *diag)
{
    const struct phase_map *map = line->map;
    int status = study_bind(study, line, diag);
    if (status != STATUS_OK)
        return status;
    double guests = fmax(guests_of(study->scenario), 1);
    predict(study->model, &study->prediction);
    size_t count = list_failing(line, study->model, &study->prediction, guests, study->failing);
    unsigned tight = first_tight(line, study->model, &study->prediction, guests);
    for (unsigned i = 0; i < map->cells; i++) {
        int limit = worst_at(line, study->failing, count, phase_middle(map, line->inner, i));
        for (unsigned o = line->first; o < line->first + line->count; o++) {
            size_t at = line->inner_x ? (size_t)i * map->cells + o : (size_t)o * map->cells + i;
            map->limit[at] = (short)limit;
            map->tight[at] = limit >= 0 || i >= tight;
        }
    }
    return STATUS_OK;
}

/* The line whose outer value begins at a cell, or one of no cells: an earlier one has it. */
static struct line line_at(struct phase_map *map, const struct phase_question *question,
                           unsigned first)
{
    bool inner_x = map->x.total || (!map->y.total && map->x.option == OPTION_GUESTS);
    struct line line = {
        map, question, inner_x ? &map->x : &map->y, inner_x ? &map->y : &map->x, inner_x, first, 0};
    double value = phase_middle(map, line.outer, first);
    if (first > 0 && phase_middle(map, line.outer, first - 1) == value)
        return line;
    while (first + line.count < map->cells &&
           phase_middle(map, line.outer, first + line.count) == value)
        line.count++;
    return line;
}

/* Tells the limits that neither axis moves by three corners of the map: a guest that takes all
 * there is of one is no nearer to anything. */
static int find_fixed(struct phase_map *map, const struct phase_question *question,
                      struct diag *diag)
{
    enum { CORNERS = 3 };
    size_t count = question->catalog->limit_numbers + 1;
    double *first = malloc(count * sizeof *first);
    struct study study;
    int status = study_begin(&study, question, diag);
    if (status == STATUS_OK && first == NULL)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (int c = 0; status == STATUS_OK && c < CORNERS; c++) {
        struct line line = line_at(map, question, 0);
        line.first = c == 2 ? map->cells - 1 : 0;
        status = study_bind(&study, &line, diag);
        if (status != STATUS_OK)
            break;
        predict(study.model, &study.prediction);
        double guests = fmax(guests_of(study.scenario), 1);
        for (size_t i = 0; i < study.prediction.count; i++) {
            const struct outcome *outcome = &study.prediction.outcomes[i];
            int number = outcome->limit->number;
            double share = share_of(&line, study.model, outcome, guests,
                                    c == 0 ? line.inner->low : line.inner->high);
            if (c == 0)
                first[number] = share;
            map->fixed[number] = (c == 0 || map->fixed[number]) && share == first[number];
        }
    }
    study_end(&study);
    free(first);
    return status;
}

/* Lines are independent and only read the catalogue; the first error is told. */
static int fill(struct phase_map *map, const struct phase_question *question, struct diag *diag)
{
    int status = STATUS_OK;
#pragma omp parallel
    {
        struct study study;
        struct diag here = {.line = 0};
        int code = study_begin(&study, question, &here);
#pragma omp for schedule(dynamic, 4)
        for (unsigned first = 0; first < map->cells; first++) {
            struct line line = line_at(map, question, first);
            if (code == STATUS_OK && line.count > 0)
                code = fill_line(&line, &study, &here);
        }
#pragma omp critical
        if (code != STATUS_OK && status == STATUS_OK) {
            status = code;
            *diag = here;
        }
        study_end(&study);
    }
    return status;
}

/* What the scenario asks for along an axis. */
static double you(const struct phase_question *question, const struct phase_axis *axis,
                  struct model *model, const struct scenario *spread)
{
    double guests = guests_of(spread);
    double value = model_value(model, model_requested(model), 0, axis->option);
    double each = NAN;
    if (axis->option == OPTION_GUESTS)
        return guests;
    if (!axis->total)
        return options[axis->option].kind == KIND_SIZE ? value / 0x1p20 : value;
    if (!isnan(question->scenario->value[axis->option]))
        return question->scenario->value[axis->option];
    each =
        model_value(model, model_requested(model), 0,
                    axis->option == OPTION_DISKS ? OPTION_DISKS_PER_GUEST : OPTION_NICS_PER_GUEST);
    return isnan(each) ? NAN : each * guests;
}

static int settle(struct phase_map *map, const struct phase_question *question, struct diag *diag)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct model *model = NULL;
    struct prediction prediction = {.count = 0};
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    *scenario = *question->scenario;
    snprintf(scenario->ramp, sizeof scenario->ramp, "guests");
    int status = scenario_spread(scenario, diag);
    if (status == STATUS_OK)
        status = model_new(&model, question->catalog, scenario, diag);
    if (status == STATUS_OK)
        status = prediction_init(&prediction, model, diag);
    if (status == STATUS_OK) {
        predict(model, &prediction);
        double wall = prediction.first_fatal >= 0
                          ? 5 * prediction.outcomes[prediction.first_fatal].fails_at
                          : 0;
        map->you_x = you(question, &map->x, model, scenario);
        map->you_y = you(question, &map->y, model, scenario);
        phase_axis_settle(&map->x, map->you_x, map->x.option == OPTION_GUESTS ? wall : 0);
        phase_axis_settle(&map->y, map->you_y, map->y.option == OPTION_GUESTS ? wall : 0);
    }
    prediction_free(&prediction);
    model_free(model);
    free(scenario);
    return status;
}

int phase_find(struct phase_map *map, const struct phase_question *question, struct diag *diag)
{
    *map = (struct phase_map){.cells = question->cells};
    int status = phase_axis_read(&map->x, "x", question->x, diag);
    if (status == STATUS_OK)
        status = phase_axis_read(&map->y, "y", question->y, diag);
    if (status == STATUS_OK && map->x.option == map->y.option)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "y", "both axes are %s",
                        options[map->x.option].name);
    if (status == STATUS_OK)
        status = settle(map, question, diag);
    if (status != STATUS_OK)
        return status;
    size_t count = (size_t)map->cells * map->cells;
    map->limit = malloc(count * sizeof *map->limit);
    map->tight = malloc(count);
    map->fixed = calloc(question->catalog->limit_numbers + 1, sizeof *map->fixed);
    if (map->limit == NULL || map->tight == NULL || map->fixed == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    status = find_fixed(map, question, diag);
    return status == STATUS_OK ? fill(map, question, diag) : status;
}

void phase_free(struct phase_map *map)
{
    free(map->limit);
    free(map->tight);
    free(map->fixed);
}
