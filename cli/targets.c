/* validate --targets: published figures against the simulation. */
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/targets.h"
#include "cli/cli.h"
#include "model/data.h"

enum { CELL = 64, PARTS_MAX = 32 };

/* Targets counted, a target being all rows of one id. */
struct count {
    size_t targets, inside, calibrated, unsimulable, bad;
};

static const char *verdict(const struct target_result *result)
{
    return result->bad != NULL         ? "cannot run"
           : !result->simulable        ? "not simulated"
           : !result->inside           ? "OUTSIDE"
           : result->fitted[0] != '\0' ? "calibrated"
                                       : "inside";
}

static void add_line(struct libscols_table *table, const struct target_result *result)
{
    char expected[CELL] = "";
    char simulated[CELL] = "";
    char tolerance[CELL] = "";
    if (result->simulable && result->bad == NULL) {
        snprintf(expected, sizeof expected, "%.4g", result->expected);
        snprintf(tolerance, sizeof tolerance, "%.4g..%.4g", result->low, result->high);
        snprintf(simulated, sizeof simulated, "%.4g +- %.1g (n=%lu)", result->simulated.mean,
                 result->simulated.half_width, (unsigned long)result->replications);
    }
    const char *cells[] = {result->target,
                           result->metric,
                           expected,
                           tolerance,
                           simulated,
                           result->unit,
                           verdict(result),
                           result->inside && result->fitted[0] != '\0' ? result->fitted
                           : result->inside                            ? ""
                           : result->bad != NULL                       ? result->bad->message
                                                                       : result->note};
    struct libscols_line *line = scols_table_new_line(table, NULL);
    for (size_t i = 0; line != NULL && i < sizeof cells / sizeof cells[0]; i++)
        scols_line_set_data(line, i, cells[i]);
}

/* Rows of one target stand together. */
static void count_targets(const struct target_score *score, struct count *count)
{
    for (size_t i = 0; i < score->count;) {
        bool simulable = false;
        bool inside = true;
        bool fitted = false;
        const char *target = score->results[i].target;
        for (; i < score->count && strcmp(score->results[i].target, target) == 0; i++) {
            const struct target_result *result = &score->results[i];
            simulable = simulable || result->simulable;
            inside = inside && (result->inside || !result->simulable);
            fitted = fitted || result->fitted[0] != '\0';
            count->bad += result->bad != NULL;
        }
        count->targets += simulable;
        count->inside += simulable && inside;
        count->calibrated += simulable && inside && fitted;
        count->unsimulable += !simulable;
    }
}

static int print_part(const char *name, const struct target_score *score)
{
    static const char *const names[] = {"TARGET",    "METRIC", "EXPECTED", "TOLERANCE",
                                        "SIMULATED", "UNIT",   "VERDICT",  "WHY"};
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        scols_table_new_column(table, names[i], 0, i == 2 || i == 4 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < score->count; i++)
        add_line(table, &score->results[i]);
    printf("%s\n", name);
    int status = scols_print_table(table) == 0 ? STATUS_OK : STATUS_MEMORY;
    scols_unref_table(table);
    putchar('\n');
    return status;
}

static int run_part(const struct arguments *arguments, const struct catalog *catalog,
                    const char *name, struct count *count, struct diag *diag)
{
    struct target_score score;
    int status = score_targets(&score, catalog, name, &arguments->rules, diag);
    if (status == STATUS_OK) {
        status = print_part(name, &score);
        count_targets(&score, count);
    }
    for (size_t i = 0; i < score.count; i++) {
        if (score.results[i].bad != NULL)
            diag_print(stderr, score.results[i].bad);
    }
    targets_free(&score);
    return status;
}

/* The parts that are built in, in the order of their names. */
static size_t list_parts(char parts[PARTS_MAX][CELL])
{
    size_t count = 0;
    for (const struct data_file *file = data_files; file->name != NULL && count < PARTS_MAX; file++)
        count += sscanf(file->name, "targets/%63[^.].csv", parts[count]) == 1;
    return count;
}

int cli_targets(const struct arguments *arguments, struct diag *diag)
{
    char parts[PARTS_MAX][CELL];
    struct catalog catalog;
    struct count count = {.targets = 0};
    size_t part_count = arguments->word_count > 0 ? arguments->word_count : list_parts(parts);
    int status = catalog_load(&catalog, arguments->catalog, diag);
    for (size_t i = 0; status == STATUS_OK && i < part_count; i++)
        status = run_part(arguments, &catalog,
                          arguments->word_count > 0 ? arguments->words[i] : parts[i], &count, diag);
    catalog_free(&catalog);
    if (status != STATUS_OK)
        return status;
    printf("%zu targets predicted, %zu calibrated, %zu outside; %zu more cannot be simulated\n",
           count.inside - count.calibrated, count.calibrated, count.targets - count.inside,
           count.unsimulable);
    printf("%.0f %% of %zu targets\n",
           count.targets > 0 ? 100 * (double)count.inside / (double)count.targets : 0,
           count.targets);
    return count.bad > 0
               ? diag_set(diag, STATUS_DATA, NULL, 0, NULL, "%zu rows cannot be run", count.bad)
               : STATUS_OK;
}
