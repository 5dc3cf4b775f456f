#include "calibrate/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/option.h"
#include "model/text.h"

/* One row on its way: the scenario at its count, and what was simulated there. */
struct at {
    struct curve_score *score;
    size_t row;
    double count;
    struct plan plan;
    struct figures *figures[PHASE_COUNT]; /* NULL: not run yet */
    const struct run_rules *rules;
    struct diag *diag;
};

struct seen {
    double value;
    bool bound; /* at least the value */
};

bool is_curve(const struct table *table)
{
    return table_column(table, "case") < 0;
}

static int take_columns(struct curve_score *score, const struct catalog *catalog, struct diag *diag)
{
    const struct table *table = &score->table;
    if (table->columns < 2 || table->columns - 1 > CURVE_COLUMNS)
        return table_error(table, 0, 0, diag, "a curve has a count and 1 to %d columns more",
                           CURVE_COLUMNS);
    for (size_t c = 1; c < table->columns; c++) {
        struct curve_column *column = &score->columns[score->count++];
        const char *name = table->cells[c];
        *column = (struct curve_column){
            .name = name, .metric = metric_find(name), .resource = catalog_resource(catalog, name)};
        if (column->metric >= 0 || column->resource >= 0)
            continue;
        struct text_nearest nearest;
        text_nearest_init(&nearest, name);
        for (int i = 0; i < METRIC_COUNT; i++)
            text_nearest_offer(&nearest, metric_texts[i].name);
        for (size_t i = 0; i < catalog->resource_count; i++)
            text_nearest_offer(&nearest, catalog->resources[i].id);
        diag_set(diag, STATUS_DATA, table->file, table->lines[0], name,
                 "is neither a metric nor a resource");
        diag_suggest(diag, nearest.best);
        return STATUS_DATA;
    }
    return STATUS_OK;
}

static int take_seen(const struct at *at, size_t column, struct seen *seen)
{
    const struct table *table = &at->score->table;
    const char *text = table_cell(table, at->row, (int)column + 1);
    *seen = (struct seen){NAN, text[0] == '>'};
    if (text[0] == '\0')
        return STATUS_OK;
    if (!text_parse_number(text + seen->bound, &seen->value) || seen->value < 0)
        return table_error(table, at->row, (int)column + 1, at->diag,
                           "'%s' is not a number of 0 or more, or >N", text);
    return STATUS_OK;
}

/* Demand of a resource at the count: by any limit on it. */
static struct interval demand_of(struct model *model, int resource)
{
    for (size_t i = 0; i < model_limit_count(model); i++) {
        struct headroom headroom;
        if (model_limit(model, i)->resource != resource)
            continue;
        model_exceeds(model, i, model_requested(model), false, &headroom);
        return (struct interval){headroom.demand, headroom.error + 0.5};
    }
    return (struct interval){NAN, NAN};
}

/* The interval of one more replication. */
static int simulated(struct at *at, enum metric metric, struct interval *predicted)
{
    enum phase phase = phase_of(metric);
    *predicted = (struct interval){NAN, NAN};
    if (phase >= PHASE_COUNT || !phase_applies(&at->plan, phase))
        return STATUS_OK;
    if (at->figures[phase] == NULL) {
        at->figures[phase] = malloc(sizeof *at->figures[phase]);
        if (at->figures[phase] == NULL)
            return diag_set(at->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
        int status = run_phase(&at->plan, phase, at->rules, at->figures[phase], at->diag);
        if (status != STATUS_OK)
            return status;
    }
    const struct tally *tally = &at->figures[phase]->metric[metric];
    double n = (double)tally->count;
    if (tally->count > 1)
        *predicted = interval_student(tally->mean, tally_sd(tally) * sqrt(1 + 1 / n), n - 1, 0.95);
    else if (tally->count == 1)
        *predicted = (struct interval){tally->mean, 0};
    return STATUS_OK;
}

/* Ascending by count, as a fit takes them. */
static void add_point(struct points *points, double count, double value)
{
    if (points->count == PREDICTOR_POINTS)
        return;
    size_t at = points->count++;
    for (; at > 0 && points->x[at - 1] > count; at--) {
        points->x[at] = points->x[at - 1];
        points->y[at] = points->y[at - 1];
    }
    points->x[at] = count;
    points->y[at] = value;
}

static void judge(struct curve_column *column, double count, const struct seen *seen,
                  struct interval predicted)
{
    if (isnan(predicted.mean))
        return;
    if (seen->bound) {
        column->bounds++;
        column->bounds_right += predicted.mean >= seen->value;
        return;
    }
    double error = seen->value != 0 ? predicted.mean / seen->value - 1 : predicted.mean != 0;
    column->seen++;
    column->covered += fabs(seen->value - predicted.mean) <= predicted.half_width;
    column->mape += fabs(error);
    column->bias += error;
    if (column->seen == 1 || fabs(error) > fabs(column->worst_error)) {
        column->worst_error = error;
        column->worst_at = count;
        column->worst_seen = seen->value;
        column->worst_predicted = predicted.mean;
    }
}

static int score_row(struct at *at)
{
    for (size_t c = 0; c < at->score->count; c++) {
        struct curve_column *column = &at->score->columns[c];
        struct interval predicted;
        struct seen seen;
        int status = take_seen(at, c, &seen);
        if (status != STATUS_OK)
            return status;
        if (isnan(seen.value))
            continue;
        if (column->points != NULL && !seen.bound)
            add_point(column->points, at->count, seen.value);
        if (column->metric >= 0)
            status = simulated(at, (enum metric)column->metric, &predicted);
        else
            predicted = demand_of(at->plan.model, column->resource);
        if (status != STATUS_OK)
            return status;
        judge(column, at->count, &seen, predicted);
        at->score->points[c * at->score->table.rows + at->row] = (struct curve_point){
            at->count, seen.value, predicted.mean, predicted.half_width, seen.bound};
    }
    return STATUS_OK;
}

static int open_row(struct at *at, const struct catalog *catalog, const struct scenario *scenario,
                    const struct overlay *overlay, struct scenario *here)
{
    const struct table *table = &at->score->table;
    if (!text_parse_number(table_cell(table, at->row, 0), &at->count) || at->count < 0)
        return table_error(table, at->row, 0, at->diag, "'%s' is not a count",
                           table_cell(table, at->row, 0));
    struct scenario *ramped = malloc(sizeof *ramped);
    if (ramped == NULL)
        return diag_set(at->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    *ramped = *scenario;
    snprintf(ramped->ramp, sizeof ramped->ramp, "%s", table->cells[0]);
    int status = scenario_at(ramped, at->count, here, at->diag);
    free(ramped);
    return status == STATUS_OK ? plan_open(&at->plan, catalog, here, overlay, at->diag) : status;
}

static int open_folds(struct curve_score *score, struct diag *diag)
{
    for (size_t c = 0; c < score->count; c++) {
        struct curve_column *column = &score->columns[c];
        column->points = calloc(1, sizeof *column->points);
        column->folds = calloc(1, sizeof *column->folds);
        if (column->points == NULL || column->folds == NULL)
            return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    }
    return STATUS_OK;
}

static void run_folds(struct curve_score *score, size_t count)
{
    for (size_t c = 0; c < score->count; c++) {
        struct curve_column *column = &score->columns[c];
        struct predictor kind = {.kind = column->metric >= 0 ? PREDICT_COST : PREDICT_COUNT};
        struct diag why = {0};
        if (folds_run(column->folds, column->points, &kind, count, &why) == STATUS_OK)
            continue;
        snprintf(column->why_not, sizeof column->why_not, "%.120s", why.message);
        free(column->folds);
        column->folds = NULL;
    }
}

static int make_points(struct curve_score *score, struct diag *diag)
{
    size_t count = score->count * score->table.rows;
    score->points = calloc(count + 1, sizeof *score->points);
    if (score->points == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < count; i++)
        score->points[i] = (struct curve_point){NAN, NAN, NAN, NAN, false};
    return STATUS_OK;
}

int score_curve(struct curve_score *score, const struct catalog *catalog,
                const struct scenario *scenario, const char *path, const struct overlay *overlay,
                const struct run_rules *rules, size_t folds, struct diag *diag)
{
    struct scenario *here = malloc(sizeof *here);
    memset(score, 0, sizeof *score);
    int status = here == NULL ? diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory")
                              : table_read_file(&score->table, path, diag);
    if (status == STATUS_OK)
        status = take_columns(score, catalog, diag);
    if (status == STATUS_OK && option_find(score->table.cells[0]) < 0)
        status = diag_set(diag, STATUS_DATA, path, 1, score->table.cells[0],
                          "the first column is not a countable option such as guests");
    if (status == STATUS_OK)
        status = make_points(score, diag);
    if (status == STATUS_OK && folds > 0)
        status = open_folds(score, diag);
    for (size_t r = 0; status == STATUS_OK && r < score->table.rows; r++) {
        struct at at = {.score = score, .row = r, .rules = rules, .diag = diag};
        status = open_row(&at, catalog, scenario, overlay, here);
        if (status == STATUS_OK)
            status = score_row(&at);
        for (int p = 0; p < PHASE_COUNT; p++)
            free(at.figures[p]);
        plan_free(&at.plan);
    }
    for (size_t c = 0; c < score->count; c++) {
        double seen = (double)score->columns[c].seen;
        score->columns[c].mape = seen > 0 ? score->columns[c].mape / seen : NAN;
        score->columns[c].bias = seen > 0 ? score->columns[c].bias / seen : NAN;
    }
    if (status == STATUS_OK && folds > 0)
        run_folds(score, folds);
    free(here);
    return status;
}

void curve_free(struct curve_score *score)
{
    for (size_t c = 0; c < score->count; c++) {
        free(score->columns[c].points);
        free(score->columns[c].folds);
    }
    table_free(&score->table);
    free(score->points);
    memset(score, 0, sizeof *score);
}

const char *curve_verdict(const struct curve_column *column)
{
    if (column->seen == 0 && column->bounds == 0)
        return "nothing to compare: the run has no such figure";
    if (column->bounds_right < column->bounds)
        return "the prediction is below what was reached";
    if (column->seen == 0 || column->mape <= 0.1)
        return "the run is what was predicted";
    if (column->mape <= 0.25)
        return "close, but not within a tenth";
    return column->bias > 0
               ? "the run did better than predicted; it uses less or is faster"
               : "the run did worse than predicted; something costs more than it should";
}
