/* validate CASES.csv...: how often the model is right on real cases, and every miss. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibrate/cases.h"
#include "cli/cli.h"

static double ratio(size_t part, size_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static bool is_miss(const struct case_result *result)
{
    return result->scored && (result->rank != 1 || (result->count_scored && !result->count_right));
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

static void print_score(const char *path, const struct score *score)
{
    printf("%s: %zu cases, %zu scored; right limit %zu (%.1f %%), within 3 %zu (%.1f %%); count "
           "within tolerance %zu of %zu (%.1f %%)\n",
           path, score->count, score->scored, score->rank1,
           100 * ratio(score->rank1, score->scored), score->rank3,
           100 * ratio(score->rank3, score->scored), score->counted_right, score->counted,
           100 * ratio(score->counted_right, score->counted));
    print_layers(score);
    for (size_t i = 0; i < score->count; i++) {
        if (is_miss(&score->results[i]))
            print_miss(&score->results[i]);
    }
}

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *score_json(const char *path, const struct score *score)
{
    json_t *misses = json_array();
    for (size_t i = 0; i < score->count; i++) {
        const struct case_result *result = &score->results[i];
        if (is_miss(result))
            json_array_append_new(
                misses, json_pack("{s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:s}", "case", result->name,
                                  "limit", result->limit, "rank", result->rank, "ok",
                                  real(result->ok), "fails", real(result->fails), "max_ok",
                                  real(result->max_ok), "fails_at", real(result->fails_at), "first",
                                  result->first[0] != NULL ? result->first[0] : ""));
    }
    return json_pack("{s:s,s:i,s:i,s:{s:f,s:f,s:f},s:o}", "file", path, "cases", (int)score->count,
                     "scored", (int)score->scored, "score", "rank1",
                     ratio(score->rank1, score->scored), "rank3",
                     ratio(score->rank3, score->scored), "count_within",
                     ratio(score->counted_right, score->counted), "misses", misses);
}

int cli_validate(const struct arguments *arguments, struct diag *diag)
{
    struct catalog catalog;
    if (arguments->word_count == 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "validate takes case files");
    int status = catalog_load(&catalog, arguments->catalog, diag);
    for (size_t i = 0; status == STATUS_OK && i < arguments->word_count; i++) {
        struct score score;
        status = score_cases(&score, &catalog, arguments->words[i], diag);
        if (status == STATUS_OK && arguments->format == FORMAT_JSON) {
            json_t *object = score_json(arguments->words[i], &score);
            json_dumpf(object, stdout, JSON_INDENT(2));
            putchar('\n');
            json_decref(object);
        } else if (status == STATUS_OK) {
            print_score(arguments->words[i], &score);
        }
        score_free(&score);
    }
    catalog_free(&catalog);
    return status;
}
