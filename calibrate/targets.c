#include "calibrate/targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/data.h"
#include "model/text.h"
#include "sim/knee.h"

enum column {
    T_TARGET,
    T_PART,
    T_SCENARIO,
    T_METRIC,
    T_COMPARE,
    T_AGAINST,
    T_EXPECTED,
    T_LOW,
    T_HIGH,
    T_UNIT,
    T_FITTED,
    T_SOURCE,
    T_NOTE,
    T_COLUMNS
};
static const char *const columns[T_COLUMNS] = {
    "target", "part", "scenario", "metric", "compare", "against", "expected",
    "low",    "high", "unit",     "fitted", "source",  "note"};
static const char *const compares[] = {"value", "ratio", "gain", "difference", "knee"};

/* A scenario that was run. */
struct run {
    const char *scenario;
    enum phase phase;
    struct figures figures;
    struct run *next;
};

struct targets {
    const struct catalog *catalog;
    const struct table *table;
    const struct run_rules *rules;
    int column[T_COLUMNS];
    size_t row;
    struct run *runs;
};

static const char *cell(const struct targets *targets, enum column column)
{
    return table_cell(targets->table, targets->row, targets->column[column]);
}

static int simulate(struct targets *targets, struct run *run, struct diag *diag)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct plan plan = {.model = NULL};
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = scenario_init(scenario, diag);
    if (status == STATUS_OK)
        status = scenario_settings(scenario, run->scenario, diag);
    if (status == STATUS_OK)
        status = plan_open(&plan, targets->catalog, scenario, NULL, diag);
    if (status == STATUS_OK)
        status = run_phase(&plan, run->phase, targets->rules, &run->figures, diag);
    plan_free(&plan);
    free(scenario);
    return status;
}

/* The figures of a scenario's phase, run now or earlier; NULL with diag filled. */
static const struct figures *figures_of(struct targets *targets, const char *scenario,
                                        enum phase phase, struct diag *diag)
{
    for (struct run *run = targets->runs; run != NULL; run = run->next) {
        if (run->phase == phase && strcmp(run->scenario, scenario) == 0)
            return &run->figures;
    }
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
        return NULL;
    }
    *run = (struct run){.scenario = scenario, .phase = phase};
    if (simulate(targets, run, diag) != STATUS_OK) {
        free(run);
        return NULL;
    }
    run->next = targets->runs;
    targets->runs = run;
    return &run->figures;
}

/* Ratios: relative half-widths add in quadrature, as if the two runs were independent; they share
 * their random numbers, so that this is on the safe side. */
static struct interval compare(enum compare how, struct interval a, struct interval b)
{
    double ratio = a.mean / b.mean;
    double ratio_half = fabs(ratio) * hypot(a.half_width / a.mean, b.half_width / b.mean);
    switch (how) {
    case COMPARE_RATIO:
        return (struct interval){ratio, ratio_half};
    case COMPARE_GAIN:
        return (struct interval){100 * (ratio - 1), 100 * ratio_half};
    case COMPARE_DIFFERENCE:
        return (struct interval){a.mean - b.mean, hypot(a.half_width, b.half_width)};
    default:
        return a;
    }
}

static int number(const struct targets *targets, enum column column, double *value,
                  struct diag *diag)
{
    if (text_parse_number(cell(targets, column), value))
        return STATUS_OK;
    return table_error(targets->table, targets->row, targets->column[column], diag,
                       "'%s' is not a number", cell(targets, column));
}

static int find(const struct targets *targets, enum column column, struct diag *diag)
{
    const char *text = cell(targets, column);
    struct text_nearest nearest;
    size_t count = column == T_METRIC ? METRIC_COUNT : sizeof compares / sizeof compares[0];
    text_nearest_init(&nearest, text);
    for (size_t i = 0; i < count; i++) {
        const char *name = column == T_METRIC ? metric_texts[i].name : compares[i];
        if (strcmp(name, text) == 0)
            return (int)i;
        text_nearest_offer(&nearest, name);
    }
    table_error(targets->table, targets->row, targets->column[column], diag, "unknown %s '%s'",
                columns[column], text);
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

/* The knee of a service level, up to the guests that the scenario asks for. */
static int run_knee(struct targets *targets, struct target_result *result, struct diag *diag)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct knees knees = {.count = 0};
    double guests = 0;
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = scenario_init(scenario, diag);
    if (status == STATUS_OK)
        status = scenario_settings(scenario, cell(targets, T_SCENARIO), diag);
    for (size_t c = 0; status == STATUS_OK && c < scenario->class_count; c++)
        guests += scenario_guests(scenario, c);
    if (status == STATUS_OK)
        status = knees_find(&knees, targets->catalog, scenario, guests, NULL, targets->rules, diag);
    for (size_t i = 0; status == STATUS_OK && i < knees.count; i++) {
        if (strcmp(knees.knee[i].slo, result->metric) == 0) {
            result->simulated = (struct interval){knees.knee[i].last_good, 0};
            result->replications = knees.knee[i].replications;
        }
    }
    if (status == STATUS_OK && isnan(result->simulated.mean))
        status = table_error(targets->table, targets->row, targets->column[T_METRIC], diag,
                             "no service level '%s' applies", result->metric);
    knees_free(&knees);
    free(scenario);
    return status;
}

static int run_metric(struct targets *targets, struct target_result *result, enum compare how,
                      struct diag *diag)
{
    int metric = find(targets, T_METRIC, diag);
    if (metric < 0)
        return STATUS_DATA;
    enum phase phase = phase_of((enum metric)metric);
    const struct figures *figures = figures_of(targets, cell(targets, T_SCENARIO), phase, diag);
    if (figures == NULL)
        return STATUS_DATA;
    result->replications = figures->replications;
    result->simulated = figures_interval(figures, (enum metric)metric);
    if (figures->metric[metric].count == 0)
        result->simulated.mean = NAN;
    if (how != COMPARE_VALUE) {
        const struct figures *against = figures_of(targets, cell(targets, T_AGAINST), phase, diag);
        if (against == NULL)
            return STATUS_DATA;
        result->simulated =
            compare(how, result->simulated, figures_interval(against, (enum metric)metric));
    }
    return STATUS_OK;
}

static int run_row(struct targets *targets, struct target_result *result, struct diag *diag)
{
    int how = find(targets, T_COMPARE, diag);
    if (how < 0 || number(targets, T_EXPECTED, &result->expected, diag) < 0 ||
        number(targets, T_LOW, &result->low, diag) < 0 ||
        number(targets, T_HIGH, &result->high, diag) < 0)
        return STATUS_DATA;
    int status = how == COMPARE_KNEE ? run_knee(targets, result, diag)
                                     : run_metric(targets, result, (enum compare)how, diag);
    result->inside =
        result->simulated.mean >= result->low && result->simulated.mean <= result->high;
    return status;
}

static int run_rows(struct targets *targets, struct target_score *score)
{
    for (targets->row = 0; targets->row < score->table.rows; targets->row++) {
        struct target_result *result = &score->results[score->count++];
        struct diag bad = {.line = 0};
        *result = (struct target_result){.target = cell(targets, T_TARGET),
                                         .metric = cell(targets, T_METRIC),
                                         .unit = cell(targets, T_UNIT),
                                         .fitted = cell(targets, T_FITTED),
                                         .note = cell(targets, T_NOTE),
                                         .simulable = cell(targets, T_METRIC)[0] != '\0',
                                         .simulated = {NAN, NAN}};
        if (!result->simulable || run_row(targets, result, &bad) == STATUS_OK)
            continue;
        if (bad.line == 0) {
            snprintf(bad.file, sizeof bad.file, "%s", score->table.file);
            bad.line = score->table.lines[targets->row + 1];
        }
        result->bad = malloc(sizeof bad);
        if (result->bad == NULL)
            return STATUS_MEMORY;
        *result->bad = bad;
    }
    return STATUS_OK;
}

static int read_table(struct table *table, const char *name, struct diag *diag)
{
    char path[256];
    snprintf(path, sizeof path, "targets/%s.csv", name);
    return data_find(path) != NULL ? table_read(table, path, NULL, diag)
                                   : table_read_file(table, name, diag);
}

int score_targets(struct target_score *score, const struct catalog *catalog, const char *name,
                  const struct run_rules *rules, struct diag *diag)
{
    struct targets targets = {.catalog = catalog, .table = &score->table, .rules = rules};
    memset(score, 0, sizeof *score);
    int status = read_table(&score->table, name, diag);
    if (status == STATUS_OK)
        status = table_expect(&score->table, columns, T_COLUMNS, targets.column, diag);
    if (status == STATUS_OK) {
        score->results = calloc(score->table.rows + 1, sizeof *score->results);
        status = score->results == NULL ? STATUS_MEMORY : run_rows(&targets, score);
    }
    while (targets.runs != NULL) {
        struct run *run = targets.runs;
        targets.runs = run->next;
        free(run);
    }
    return status == STATUS_MEMORY ? diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory")
                                   : status;
}

void targets_free(struct target_score *score)
{
    for (size_t i = 0; i < score->count; i++)
        free(score->results[i].bad);
    free(score->results);
    table_free(&score->table);
    memset(score, 0, sizeof *score);
}
