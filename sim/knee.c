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
    double level[METRIC_COUNT]; /* that is looked for, by metric; NAN: none */
    bool spread;                /* totals of devices, anew at every count */
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
    if (status == STATUS_OK && search->spread)
        status = scenario_spread(scenario, search->diag);
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

/* A bracket of the count at which a level breaks. */
struct bracket {
    double at[2];   /* the last good count, the first bad one */
    double over[2]; /* the metric there, less the level */
    double bound;
    int left; /* steps until halving would have ended, and one more */
};

/*
 * The next count to look at: where the line between the ends meets zero, drawn towards the middle,
 * and so near to it that the search never takes more than one step more than halving. That is the
 * ITP method (Oliveira and Takahashi, ACM TOMS 47(1), 2020) with k1 = 0.02 / bound, k2 = 2, n0 = 1.
 */
static double next_count(struct bracket *bracket, double width)
{
    const double *at = bracket->at;
    const double *over = bracket->over;
    double span = at[1] - at[0];
    double middle = (at[0] + at[1]) / 2;
    double line = (over[1] * at[0] - over[0] * at[1]) / (over[1] - over[0]);
    double away = fmax(fabs(line - middle) - 0.02 * span * span / bracket->bound, 0);
    double most = fmax(ldexp(width / 2, bracket->left--) - span / 2, 0);
    double count = floor(middle + copysign(fmin(away, most), line - middle));
    return fmin(fmax(count, at[0] + 1), at[1] - 1);
}

/* The width of the bracket that is narrow enough: neighbours, or one in a hundred. */
static double width_at(double good)
{
    return fmax(1, good / 100);
}

/* Narrows [0, bound] down to where the level breaks, if it does. */
static int narrow(struct search *search, struct knee *knee, double bound, bool *partial)
{
    enum phase phase = phase_of(knee->metric);
    search->level[knee->metric] = knee->worst;
    const struct probe *last = probe_at(search, bound, phase);
    if (last == NULL)
        return STATUS_MEMORY;
    struct bracket bracket = {.at = {0, bound}, .over = {-knee->worst, 0}, .bound = bound};
    bracket.over[1] = last->figures.metric[knee->metric].mean - knee->worst;
    bracket.left = (int)ceil(log2(fmax(bound / width_at(0), 1))) + 1;
    bool broken = is_bad(knee, last);
    *partial = *partial || last->figures.partial;
    while (!*partial && broken && bracket.at[1] - bracket.at[0] > width_at(bracket.at[0])) {
        double n = next_count(&bracket, width_at(bracket.at[0]));
        const struct probe *probe = probe_at(search, n, phase);
        if (probe == NULL)
            return STATUS_MEMORY;
        *partial = probe->figures.partial;
        if (*partial)
            break;
        bool bad = is_bad(knee, probe);
        bracket.at[bad] = n;
        bracket.over[bad] = probe->figures.metric[knee->metric].mean - knee->worst;
        last = bad ? probe : last;
    }
    knee->last_good = broken ? bracket.at[0] : bound;
    knee->first_bad = broken ? bracket.at[1] : INFINITY;
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

static int find(struct knees *knees, const struct catalog *catalog, const struct scenario *scenario,
                bool spread, double bound, const struct overlay *overlay,
                const struct run_rules *rules, struct diag *diag)
{
    struct search search = {catalog, scenario, *rules, {0}, spread, overlay, NULL, diag};
    memset(knees, 0, sizeof *knees);
    search.rules.most = (uint64_t)fmin((double)rules->most, PROBE_REPLICATIONS);
    search.rules.least = (uint64_t)fmin((double)rules->most, PROBE_REPLICATIONS_LEAST);
    search.rules.level = search.level;
    knees->bound = bound;
    int status = read_levels(&search, knees);
    size_t kept = 0;
    for (int i = 0; i < METRIC_COUNT; i++)
        search.level[i] = NAN;
    for (size_t i = 0; i < knees->count; i++)
        search.level[knees->knee[i].metric] = knees->knee[i].worst;
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

int knees_find(struct knees *knees, const struct catalog *catalog, const struct scenario *scenario,
               double bound, const struct overlay *overlay, const struct run_rules *rules,
               struct diag *diag)
{
    return find(knees, catalog, scenario, false, bound, overlay, rules, diag);
}

int knees_find_spread(struct knees *knees, const struct catalog *catalog,
                      const struct scenario *scenario, double bound, const struct overlay *overlay,
                      const struct run_rules *rules, struct diag *diag)
{
    return find(knees, catalog, scenario, true, bound, overlay, rules, diag);
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
