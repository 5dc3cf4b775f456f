/* validate: how often the model is right on real cases, and every miss; how near it is to measured
 * curves. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibrate/cases.h"
#include "calibrate/curve.h"
#include "cli/cli.h"

static double ratio(size_t part, size_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static void print_miss(const struct case_result *result)
{
    printf(
        "miss %s: seen %s at ok %g, fails %g (tolerance %g); predicted rank %d, max_ok %g; first:",
        result->name, result->limit, result->ok, result->fails, result->tolerance, result->rank,
        result->max_ok);
    for (int i = 0; i < CASE_LIMITS && result->first[i] != NULL; i++)
        printf(" %s@%g", result->first[i], result->first_at[i]);
    putchar('\n');
    for (const char *line = result->derivation, *end; line != NULL && *line != '\0';
         line = end + 1) {
        end = strchr(line, '\n');
        printf("    %.*s\n", (int)(end - line), line);
    }
}

static void print_layers(const struct score *score)
{
    for (size_t i = 0; i < score->count; i++) {
        const char *layer = score->results[i].layer;
        size_t scored = 0;
        size_t right = 0;
        bool repeated = !score->results[i].scored || layer[0] == '\0';
        for (size_t j = 0; j < i; j++)
            repeated = repeated ||
                       (score->results[j].scored && strcmp(score->results[j].layer, layer) == 0);
        if (repeated)
            continue;
        for (size_t j = i; j < score->count; j++) {
            if (score->results[j].scored && strcmp(score->results[j].layer, layer) == 0) {
                scored++;
                right += score->results[j].rank == 1;
            }
        }
        printf("  %-12s %zu of %zu right at rank 1\n", layer, right, scored);
    }
}

static void add_score(struct score *total, const struct score *score)
{
    total->count += score->count;
    total->scored += score->scored;
    total->rank1 += score->rank1;
    total->rank3 += score->rank3;
    total->counted += score->counted;
    total->counted_right += score->counted_right;
}

static void print_summary(const char *path, const struct score *score)
{
    printf("%s: %zu cases, %zu scored; right limit %zu (%.1f %%), within 3 %zu (%.1f %%); count "
           "within tolerance %zu of %zu (%.1f %%)\n",
           path, score->count, score->scored, score->rank1,
           100 * ratio(score->rank1, score->scored), score->rank3,
           100 * ratio(score->rank3, score->scored), score->counted_right, score->counted,
           100 * ratio(score->counted_right, score->counted));
}

static void print_score(const char *path, const struct score *score)
{
    print_summary(path, score);
    print_layers(score);
    for (size_t i = 0; i < score->count; i++) {
        if (case_missed(&score->results[i]))
            print_miss(&score->results[i]);
    }
}

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *miss_json(const char *path, const struct case_result *result)
{
    return json_pack("{s:s,s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:s,s:s}", "file", path, "case",
                     result->name, "limit", result->limit, "rank", result->rank, "ok",
                     real(result->ok), "fails", real(result->fails), "max_ok", real(result->max_ok),
                     "fails_at", real(result->fails_at), "first",
                     result->first[0] != NULL ? result->first[0] : "", "derivation",
                     result->derivation != NULL ? result->derivation : "");
}

static json_t *score_json(const struct score *score)
{
    return json_pack("{s:f,s:f,s:f}", "rank1", ratio(score->rank1, score->scored), "rank3",
                     ratio(score->rank3, score->scored), "count_within",
                     ratio(score->counted_right, score->counted));
}

/* One document for all files: the total score, and each file's. */
static void print_scores_json(const struct score *scores, const char *const *paths, size_t count)
{
    struct score total = {.count = 0};
    json_t *files = json_array();
    json_t *misses = json_array();
    for (size_t f = 0; f < count; f++) {
        add_score(&total, &scores[f]);
        json_array_append_new(
            files, json_pack("{s:s,s:i,s:i,s:o}", "file", paths[f], "cases", (int)scores[f].count,
                             "scored", (int)scores[f].scored, "score", score_json(&scores[f])));
        for (size_t i = 0; i < scores[f].count; i++) {
            if (case_missed(&scores[f].results[i]))
                json_array_append_new(misses, miss_json(paths[f], &scores[f].results[i]));
        }
    }
    json_t *root = json_pack("{s:s,s:i,s:i,s:o,s:o,s:o}", "schema", "scalesim-score-1", "cases",
                             (int)total.count, "scored", (int)total.scored, "score",
                             score_json(&total), "misses", misses, "files", files);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static void print_scores(const struct score *scores, const char *const *paths, size_t count)
{
    struct score total = {.count = 0};
    for (size_t f = 0; f < count; f++) {
        print_score(paths[f], &scores[f]);
        add_score(&total, &scores[f]);
    }
    if (count > 1)
        print_summary("all", &total);
}

static void print_bad(const struct score *score)
{
    for (size_t i = 0; i < score->count; i++) {
        if (score->results[i].bad != NULL)
            diag_print(stderr, score->results[i].bad);
    }
}

/* Of a count, the interval is the count, or the range where no exact line was found. */
static void print_fold(const struct fold *fold, bool counted)
{
    if (fold->predicted == 0) {
        printf("carries no fit\n");
        return;
    }
    printf("n %zu from %zu, MAPE %.1f %%, bias %+.1f %%, ", fold->predicted, fold->fitted,
           100 * fold->mape, 100 * fold->bias);
    if (fold->intervals > 0)
        printf("%.0f %% within the %s; ", 100 * ratio(fold->covered, fold->intervals),
               counted ? "count or its range" : "95 % interval");
    printf("worst at %g: seen %g, predicted %g\n", fold->worst_at, fold->worst_seen,
           fold->worst_predicted);
}

/* What the curve says of itself. */
static void print_folds(const struct curve_column *column)
{
    if (column->folds == NULL) {
        if (column->points != NULL)
            printf("    not cross-validated: %s\n", column->why_not);
        return;
    }
    printf("    the curve from its own other points, %zu folds: ", column->folds->count);
    print_fold(&column->folds->pooled, column->metric < 0);
    for (size_t i = 0; i < column->folds->count; i++) {
        printf("      fold %zu: ", i + 1);
        print_fold(&column->folds->fold[i], column->metric < 0);
    }
}

static void print_curve(const char *path, const struct curve_score *score)
{
    printf("%s: %zu counts of %s\n", path, score->table.rows, score->table.cells[0]);
    for (size_t c = 0; c < score->count; c++) {
        const struct curve_column *column = &score->columns[c];
        printf("  %s: %s", column->name, curve_verdict(column));
        if (column->seen > 0)
            printf("\n    n %zu, MAPE %.1f %%, bias %+.1f %%, %.0f %% within the 95 %% interval; "
                   "worst "
                   "at %g: seen %g, predicted %g",
                   column->seen, 100 * column->mape, 100 * column->bias,
                   100 * ratio(column->covered, column->seen), column->worst_at, column->worst_seen,
                   column->worst_predicted);
        if (column->bounds > 0)
            printf("\n    lower bounds: %zu of %zu reached", column->bounds_right, column->bounds);
        putchar('\n');
        print_folds(column);
    }
}

static json_t *fold_json(const struct fold *fold)
{
    bool any = fold->predicted > 0;
    return json_pack(
        "{s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "n", (json_int_t)fold->predicted, "fitted",
        (json_int_t)fold->fitted, "mape", real(fold->mape), "bias", real(fold->bias), "covered",
        real(fold->intervals > 0 ? ratio(fold->covered, fold->intervals) : NAN), "worst_at",
        real(any ? fold->worst_at : NAN), "worst_seen", real(any ? fold->worst_seen : NAN),
        "worst_predicted", real(any ? fold->worst_predicted : NAN));
}

static json_t *folds_json(const struct curve_column *column)
{
    if (column->folds == NULL)
        return json_pack("{s:s}", "why_not", column->why_not);
    json_t *folds = json_array();
    for (size_t i = 0; i < column->folds->count; i++)
        json_array_append_new(folds, fold_json(&column->folds->fold[i]));
    return json_pack("{s:o,s:o}", "pooled", fold_json(&column->folds->pooled), "folds", folds);
}

static json_t *column_json(const struct curve_column *column)
{
    json_t *json = json_pack(
        "{s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:s}", "name", column->name, "n",
        (json_int_t)column->seen, "mape", real(column->mape), "bias", real(column->bias), "covered",
        real(column->seen > 0 ? ratio(column->covered, column->seen) : NAN), "worst_at",
        real(column->worst_at), "worst_seen", real(column->worst_seen), "worst_predicted",
        real(column->worst_predicted), "bounds", (json_int_t)column->bounds, "bounds_right",
        (json_int_t)column->bounds_right, "verdict", curve_verdict(column));
    if (column->points != NULL)
        json_object_set_new(json, "k_fold", folds_json(column));
    return json;
}

static json_t *curve_json(const char *path, const struct curve_score *score)
{
    json_t *columns = json_array();
    for (size_t c = 0; c < score->count; c++)
        json_array_append_new(columns, column_json(&score->columns[c]));
    return json_pack("{s:s,s:s,s:s,s:o}", "schema", "scalesim-curve-1", "file", path, "dimension",
                     score->table.cells[0], "columns", columns);
}

/* Measured curves against the prediction for the scenario that the flags state. */
static int validate_curves(const struct arguments *arguments, struct diag *diag)
{
    struct question question;
    struct overlay overlay = {arguments->parameters, arguments->catalog, 0};
    int status = question_open(&question, arguments, diag);
    for (size_t i = 0; status == STATUS_OK && i < arguments->word_count; i++) {
        struct curve_score score;
        status = score_curve(&score, &question.catalog, &question.scenario, arguments->words[i],
                             &overlay, &arguments->rules, arguments->folds, diag);
        if (status == STATUS_OK && arguments->format == FORMAT_JSON) {
            json_t *root = curve_json(arguments->words[i], &score);
            json_dumpf(root, stdout, JSON_INDENT(2));
            putchar('\n');
            json_decref(root);
        } else if (status == STATUS_OK) {
            print_curve(arguments->words[i], &score);
        }
        if (status == STATUS_OK && arguments->plot != NULL)
            status = plot_curve(&score, arguments, diag);
        curve_free(&score);
    }
    question_close(&question);
    return status;
}

/* Curves and cases are told apart by their columns. */
static bool are_curves(const struct arguments *arguments, struct diag *diag)
{
    struct table table = {.rows = 0};
    bool curve =
        table_read_file(&table, arguments->words[0], diag) == STATUS_OK && is_curve(&table);
    table_free(&table);
    return curve;
}

int cli_validate(const struct arguments *arguments, struct diag *diag)
{
    struct catalog catalog;
    static struct score scores[WORDS_MAX];
    if (arguments->targets && arguments->folds > 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "--k-fold",
                        "is for measured curves, not for --targets");
    if (arguments->targets)
        return cli_targets(arguments, diag);
    if (arguments->word_count == 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL,
                        "validate takes files of cases or of a measured curve");
    if (are_curves(arguments, diag))
        return validate_curves(arguments, diag);
    if (arguments->folds > 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "--k-fold",
                        "is for measured curves; these are cases");
    int status = catalog_load(&catalog, arguments->catalog, diag);
    for (size_t i = 0; status == STATUS_OK && i < arguments->word_count; i++)
        status = score_cases(&scores[i], &catalog, arguments->words[i], diag);
    if (status == STATUS_OK && arguments->format == FORMAT_JSON)
        print_scores_json(scores, arguments->words, arguments->word_count);
    else if (status == STATUS_OK)
        print_scores(scores, arguments->words, arguments->word_count);
    size_t bad = 0;
    for (size_t i = 0; i < arguments->word_count; i++) {
        bad += scores[i].bad;
        print_bad(&scores[i]);
        score_free(&scores[i]);
    }
    catalog_free(&catalog);
    return status == STATUS_OK && bad > 0
               ? diag_set(diag, STATUS_DATA, NULL, 0, NULL, "%zu cases cannot be read", bad)
               : status;
}
