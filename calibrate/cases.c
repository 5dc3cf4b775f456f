#include "calibrate/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/derive.h"
#include "model/predict.h"
#include "model/text.h"

static const char *const own_columns[] = {"case",  "source", "confidence", "limit", "ok",
                                          "fails", "bound",  "tolerance",  "note"};
enum {
    COL_CASE,
    COL_SOURCE,
    COL_CONFIDENCE,
    COL_LIMIT,
    COL_OK,
    COL_FAILS,
    COL_BOUND,
    COL_TOLERANCE,
    COL_NOTE,
    OWN_COLUMNS
};

static bool is_own(const char *name)
{
    for (size_t i = 0; i < OWN_COLUMNS; i++) {
        if (strcmp(own_columns[i], name) == 0)
            return true;
    }
    return false;
}

/* The row's cell, empty when the table has no such column. */
static const char *cell(const struct table *table, size_t row, int column)
{
    return column < 0 ? "" : table_cell(table, row, column);
}

static int read_number(const struct table *table, size_t row, int column, double *value,
                       struct diag *diag)
{
    const char *text = cell(table, row, column);
    *value = NAN;
    if (text[0] != '\0' && !text_parse_number(text, value))
        return table_error(table, row, column, diag, "'%s' is not a number", text);
    return STATUS_OK;
}

/* Columns are applied left to right, but host first: it replaces everything about the host. */
static int build_scenario(struct scenario *scenario, const struct table *table, size_t row,
                          struct diag *diag)
{
    int status = scenario_init(scenario, diag);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; status == STATUS_OK && i < table->columns; i++) {
            const char *name = table->cells[i];
            const char *text = table_cell(table, row, (int)i);
            if (is_own(name) || text[0] == '\0' || (strcmp(name, "host") == 0) != (pass == 0))
                continue;
            status = scenario_set(scenario, name, text, diag);
        }
    }
    if (status == STATUS_OK)
        status = scenario_spread(scenario, diag);
    return status;
}

static void place(struct diag *diag, const struct table *table, size_t row)
{
    if (diag->line == 0) {
        snprintf(diag->file, sizeof diag->file, "%s", table->file);
        diag->line = table->lines[row + 1];
    }
}

/* Ranks the seen limit among the limits at least as grave as itself. */
static void rank_limit(const struct prediction *prediction, struct case_result *result)
{
    enum effect gravity = EFFECT_FAIL;
    for (size_t i = 0; i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (strcmp(outcome->limit->id, result->limit) == 0)
            gravity = limit_is_fatal(outcome->limit) ? EFFECT_HANG : outcome->limit->effect;
    }
    int rank = 0;
    for (size_t i = 0; i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (isinf(outcome->fails_at) || outcome->limit->effect < gravity)
            continue;
        if (rank < CASE_LIMITS) {
            result->first[rank] = outcome->limit->id;
            result->first_at[rank] = outcome->fails_at;
        }
        rank++;
        if (strcmp(outcome->limit->id, result->limit) == 0 && result->rank == 0) {
            result->rank = rank;
            result->max_ok = outcome->max_ok;
            result->fails_at = outcome->fails_at;
        }
    }
}

static bool near(double seen, double predicted, double tolerance)
{
    return isnan(seen) || fabs(predicted - seen) <= tolerance * fabs(seen) + 1e-9;
}

static bool at_least(double predicted, double seen, double tolerance)
{
    return predicted >= seen - tolerance * fabs(seen) - 1e-9;
}

/* ok and fails further than a step apart were not searched to the last step: they bracket it. */
static bool wall_agrees(const struct case_result *result, double tolerance)
{
    if (result->fails - result->ok > 1)
        return at_least(result->max_ok, result->ok, tolerance) &&
               at_least(-result->fails_at, -result->fails, tolerance);
    return near(result->ok, result->max_ok, tolerance) &&
           near(result->fails, result->fails_at, tolerance);
}

void case_judge(struct case_result *result, const struct prediction *prediction)
{
    double tolerance = isnan(result->tolerance) ? 0 : result->tolerance;
    result->scored = result->bound != BOUND_UNSCORED;
    rank_limit(prediction, result);
    if (result->bound == BOUND_NONE) {
        result->rank = prediction->first_fatal < 0 ||
                       prediction->outcomes[prediction->first_fatal].max_ok >= result->ok;
    } else if (result->bound == BOUND_CAP) {
        result->count_scored = result->rank > 0 && !isnan(result->ok);
        result->count_right = at_least(result->max_ok, result->ok, tolerance);
    } else if (result->bound == BOUND_WALL) {
        result->count_scored = result->rank > 0 && (!isnan(result->ok) || !isnan(result->fails));
        result->count_right = wall_agrees(result, tolerance);
    }
}

bool case_missed(const struct case_result *result)
{
    return result->scored && (result->rank != 1 || (result->count_scored && !result->count_right));
}

/* Both sides of a miss: the limit that was seen, where it was seen, and the one predicted. */
static char *derive_miss(struct model *model, const struct prediction *prediction,
                         const struct case_result *result)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    double seen = isnan(result->fails) ? result->ok : result->fails;
    for (size_t i = 0; out != NULL && i < model_limit_count(model); i++) {
        if (strcmp(model_limit(model, i)->id, result->limit) == 0 && !isnan(seen))
            derive(out, model, i, seen);
    }
    for (size_t i = 0; out != NULL && i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (result->first[0] == outcome->limit->id)
            derive(out, model, outcome->index, outcome->fails_at);
    }
    if (out != NULL)
        fclose(out);
    return text;
}

static int read_bound(const struct table *table, size_t row, int column, enum case_bound *bound,
                      struct diag *diag)
{
    static const char *const words[] = {"wall", "cap", "none", "unscored"};
    const char *text = cell(table, row, column);
    *bound = BOUND_WALL;
    if (text[0] == '\0')
        return STATUS_OK;
    for (int i = 0; i < (int)(sizeof words / sizeof words[0]); i++) {
        *bound = (enum case_bound)i;
        if (strcmp(text, words[i]) == 0)
            return STATUS_OK;
    }
    return table_error(table, row, column, diag, "'%s' is not one of: wall, cap, none, unscored",
                       text);
}

/* What the row says was seen. */
static int read_seen(struct case_result *result, const struct catalog *catalog,
                     const struct table *table, const int *column, size_t row, struct diag *diag)
{
    const char *seen = cell(table, row, column[COL_LIMIT]);
    *result = (struct case_result){.name = cell(table, row, column[COL_CASE]),
                                   .source = cell(table, row, column[COL_SOURCE]),
                                   .note = cell(table, row, column[COL_NOTE]),
                                   .limit = seen,
                                   .layer = "",
                                   .max_ok = NAN,
                                   .fails_at = NAN};
    int status = read_number(table, row, column[COL_OK], &result->ok, diag);
    if (status == STATUS_OK)
        status = read_number(table, row, column[COL_FAILS], &result->fails, diag);
    if (status == STATUS_OK)
        status = read_number(table, row, column[COL_TOLERANCE], &result->tolerance, diag);
    if (status == STATUS_OK)
        status = read_bound(table, row, column[COL_BOUND], &result->bound, diag);
    const struct limit *limit = catalog_limit(catalog, seen);
    if (status != STATUS_OK || result->bound == BOUND_UNSCORED)
        return status;
    if (limit != NULL) {
        result->limit = limit->id;
        result->layer = limit->layer;
    } else if (result->bound != BOUND_NONE) {
        table_error(table, row, column[COL_LIMIT], diag, "no limit '%s'", seen);
        diag_suggest(diag, catalog_nearest_limit(catalog, seen));
        return STATUS_DATA;
    }
    return STATUS_OK;
}

static void count_case(struct score *score, const struct case_result *result)
{
    score->scored += result->scored;
    score->rank1 += result->scored && result->rank == 1;
    score->rank3 += result->scored && result->rank >= 1 && result->rank <= 3;
    score->counted += result->count_scored;
    score->counted_right += result->count_scored && result->count_right;
}

static int score_row(struct score *score, const struct catalog *catalog, const int *column,
                     size_t row, struct diag *diag)
{
    struct table *table = &score->table;
    struct case_result *result = &score->results[score->count++];
    int status = read_seen(result, catalog, table, column, row, diag);
    if (status != STATUS_OK || result->bound == BOUND_UNSCORED)
        return status;
    struct scenario *scenario = malloc(sizeof *scenario);
    struct model *model = NULL;
    struct prediction prediction = {0};
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    status = build_scenario(scenario, table, row, diag);
    if (status == STATUS_OK)
        status = model_new(&model, catalog, scenario, diag);
    if (status == STATUS_OK)
        status = prediction_init(&prediction, model, diag);
    if (status == STATUS_OK) {
        predict(model, &prediction);
        case_judge(result, &prediction);
        count_case(score, result);
        if (case_missed(result))
            result->derivation = derive_miss(model, &prediction, result);
    } else {
        place(diag, table, row);
    }
    prediction_free(&prediction);
    model_free(model);
    free(scenario);
    return status;
}

/* The row scored last cannot be read: it is missed, and says why. */
static int keep_bad(struct score *score, const struct diag *why)
{
    struct case_result *result = &score->results[score->count - 1];
    result->bad = malloc(sizeof *result->bad);
    if (result->bad == NULL)
        return STATUS_MEMORY;
    *result->bad = *why;
    result->scored = true;
    score->scored++;
    score->bad++;
    return STATUS_OK;
}

int score_cases(struct score *score, const struct catalog *catalog, const char *path,
                struct diag *diag)
{
    int column[OWN_COLUMNS];
    memset(score, 0, sizeof *score);
    int status = table_read_file(&score->table, path, diag);
    for (size_t i = 0; status == STATUS_OK && i < OWN_COLUMNS; i++) {
        column[i] = table_column(&score->table, own_columns[i]);
        if (column[i] < 0 && (i == COL_CASE || i == COL_LIMIT))
            status = diag_set(diag, STATUS_DATA, path, 1, own_columns[i], "column is missing");
    }
    if (status != STATUS_OK)
        return status;
    score->results = calloc(score->table.rows + 1, sizeof *score->results);
    if (score->results == NULL)
        return diag_set(diag, STATUS_MEMORY, path, 0, NULL, "out of memory");
    for (size_t row = 0; status == STATUS_OK && row < score->table.rows; row++) {
        struct diag row_diag = {0};
        status = score_row(score, catalog, column, row, &row_diag);
        if (status == STATUS_DATA)
            status = keep_bad(score, &row_diag);
        if (status != STATUS_OK)
            *diag = row_diag;
    }
    return status;
}

void score_free(struct score *score)
{
    for (size_t i = 0; i < score->count; i++) {
        free(score->results[i].derivation);
        free(score->results[i].bad);
    }
    free(score->results);
    table_free(&score->table);
    memset(score, 0, sizeof *score);
}
