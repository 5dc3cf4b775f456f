#include "sim/knee.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

enum column { L_SLO, L_METRIC, L_WORST, L_UNIT, L_WHEN, L_SOURCE, L_DESCRIPTION, L_COLUMNS };
static const char *const columns[L_COLUMNS] = {"slo",  "metric", "worst",      "unit",
                                               "when", "source", "description"};

/* A count that was simulated. */
struct probe {
    double n;
    enum phase phase;
    struct figures figures;
    struct probe *next;
};

struct search {
    const struct catalog *catalog;
    const struct scenario *scenario;
    struct run_rules rules;
    const struct overlay *overlay;
    struct probe *probes;
    struct diag *diag;
};

static int simulate(const struct search *search, struct probe *probe)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct plan plan = {.model = NULL};
    if (scenario == NULL)
        return diag_set(search->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = scenario_at(search->scenario, probe->n, scenario, search->diag);
    if (status == STATUS_OK)
        status = plan_open(&plan, search->catalog, scenario, search->overlay, search->diag);
    if (status == STATUS_OK)
        status = run_phase(&plan, probe->phase, &search->rules, &probe->figures, search->diag);
    plan_free(&plan);
    free(scenario);
    return status;
}

static const struct probe *probe_at(struct search *search, double n, enum phase phase)
{
    for (struct probe *probe = search->probes; probe != NULL; probe = probe->next) {
        if (probe->n == n && probe->phase == phase)
            return probe;
    }
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL)
        return NULL;
    *probe = (struct probe){.n = n, .phase = phase, .next = search->probes};
    search->probes = probe;
    return simulate(search, probe) == STATUS_OK ? probe : NULL;
}

static bool is_bad(const struct knee *knee, const struct probe *probe)
{
    return probe->figures.metric[knee->metric].mean > knee->worst;
}

/* Halves [good, bad] down to neighbours, or to one in a hundred of it. */
static int narrow(struct search *search, struct knee *knee, double bound, bool *partial)
{
    double good = 0;
    double bad = bound;
    enum phase phase = phase_of(knee->metric);
    const struct probe *last = probe_at(search, bound, phase);
    while (last != NULL && !last->figures.partial && is_bad(knee, last) &&
           bad - good > fmax(1, good / 100)) {
        double middle = floor((good + bad) / 2);
        const struct probe *probe = probe_at(search, middle, phase);
        if (probe == NULL)
            return STATUS_MEMORY;
        *partial = *partial || probe->figures.partial;
        if (*partial)
            break;
        if (is_bad(knee, probe)) {
            bad = middle;
            last = probe;
        } else {
            good = middle;
        }
    }
    if (last == NULL)
        return STATUS_MEMORY;
    *partial = *partial || last->figures.partial;
    bool broken = is_bad(knee, last);
    knee->last_good = broken ? good : bound;
    knee->first_bad = broken ? bad : INFINITY;
    knee->at_bad = figures_interval(&last->figures, knee->metric);
    knee->replications = last->figures.metric[knee->metric].count;
    return STATUS_OK;
}

static int take_level(struct search *search, struct knees *knees, struct model *model, size_t row,
                      const int *column)
{
    const struct table *table = &knees->table;
    struct knee *knee = &knees->knee[knees->count];
    double holds = 1;
    const char *when = table_cell(table, row, column[L_WHEN]);
    int metric = metric_find(table_cell(table, row, column[L_METRIC]));
    if (metric < 0) {
        struct text_nearest nearest;
        text_nearest_init(&nearest, table_cell(table, row, column[L_METRIC]));
        for (int i = 0; i < METRIC_COUNT; i++)
            text_nearest_offer(&nearest, metric_texts[i].name);
        table_error(table, row, column[L_METRIC], search->diag, "unknown metric '%s'",
                    table_cell(table, row, column[L_METRIC]));
        diag_suggest(search->diag, nearest.best);
        return STATUS_DATA;
    }
    if (knees->count == LEVELS_MAX)
        return table_error(table, row, column[L_SLO], search->diag, "more than %d levels",
                           LEVELS_MAX);
    *knee = (struct knee){.slo = table_cell(table, row, column[L_SLO]),
                          .description = table_cell(table, row, column[L_DESCRIPTION]),
                          .source = table_cell(table, row, column[L_SOURCE]),
                          .unit = metric_texts[metric].unit,
                          .metric = (enum metric)metric};
    if (!text_parse_number(table_cell(table, row, column[L_WORST]), &knee->worst))
        return table_error(table, row, column[L_WORST], search->diag, "is not a number");
    int status = STATUS_OK;
    if (when[0] != '\0')
        status = model_evaluate(model, 0, when, NULL, NULL, &holds, search->diag);
    knees->count += status == STATUS_OK && holds != 0;
    return status;
}

static int read_levels(struct search *search, struct knees *knees)
{
    int column[L_COLUMNS];
    struct model *model = NULL;
    int status = STATUS_OK;
    if (search->overlay != NULL && search->overlay->catalog != NULL)
        status = table_read(&knees->table, "slo.csv", search->overlay->catalog, search->diag);
    if (status == STATUS_OK && knees->table.columns == 0)
        status = table_read(&knees->table, "slo.csv", NULL, search->diag);
    if (status == STATUS_OK)
        status = table_expect(&knees->table, columns, L_COLUMNS, column, search->diag);
    if (status == STATUS_OK)
        status = model_new(&model, search->catalog, search->scenario, search->diag);
    for (size_t r = 0; status == STATUS_OK && r < knees->table.rows; r++)
        status = take_level(search, knees, model, r, column);
    model_free(model);
    return status;
}

int knees_find(struct knees *knees, const struct catalog *catalog, const struct scenario *scenario,
               double bound, const struct overlay *overlay, const struct run_rules *rules,
               struct diag *diag)
{
    struct search search = {catalog, scenario, *rules, overlay, NULL, diag};
    memset(knees, 0, sizeof *knees);
    if (search.rules.most > PROBE_REPLICATIONS)
        search.rules.most = PROBE_REPLICATIONS;
    knees->bound = bound;
    int status = read_levels(&search, knees);
    size_t kept = 0;
    for (size_t i = 0; status == STATUS_OK && !knees->partial && i < knees->count; i++) {
        struct knee knee = knees->knee[i];
        status = narrow(&search, &knee, bound, &knees->partial);
        if (status == STATUS_OK && knee.replications > 0)
            knees->knee[kept++] = knee;
    }
    knees->count = kept;
    while (search.probes != NULL) {
        struct probe *probe = search.probes;
        search.probes = probe->next;
        free(probe);
    }
    return status;
}

void knees_free(struct knees *knees)
{
    table_free(&knees->table);
}

int knees_first(const struct knees *knees)
{
    int first = -1;
    for (size_t i = 0; i < knees->count; i++) {
        if (isfinite(knees->knee[i].first_bad) &&
            (first < 0 || knees->knee[i].first_bad < knees->knee[first].first_bad))
            first = (int)i;
    }
    return first;
}
