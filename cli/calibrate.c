/* calibrate: traces -> parameters with intervals and provenance. */
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calibrate/calibration.h"
#include "cli/cli.h"

enum { CELL = 160 };

static const char *verdict(const struct estimate *estimate)
{
    return estimate->refused ? "refused" : !estimate->value.identified ? "not identified" : "good";
}

static void add_line(struct libscols_table *table, const struct estimate *estimate)
{
    char value[CELL], interval[CELL], error[CELL], rows[CELL];
    snprintf(value, sizeof value, "%.4g", estimate->value.value);
    if (isfinite(estimate->value.low) && isfinite(estimate->value.high))
        snprintf(interval, sizeof interval, "%.4g..%.4g", estimate->value.low,
                 estimate->value.high);
    else
        snprintf(interval, sizeof interval, "none");
    snprintf(error, sizeof error, "%.1f %%", 100 * estimate->quality.mean_error);
    snprintf(rows, sizeof rows, "%zu", estimate->quality.n);
    const char *cells[] = {estimate->parameter,
                           value,
                           interval,
                           estimate->fitting.kind->name,
                           rows,
                           error,
                           verdict(estimate),
                           estimate->quality.note[0] != '\0' ? estimate->quality.note
                                                             : estimate->series};
    struct libscols_line *line = scols_table_new_line(table, NULL);
    for (size_t i = 0; line != NULL && i < sizeof cells / sizeof cells[0]; i++)
        scols_line_set_data(line, i, cells[i]);
}

static int print_estimates(const struct calibration *calibration)
{
    static const char *const names[] = {"PARAMETER", "VALUE", "95 %",    "FIT",
                                        "N",         "ERROR", "VERDICT", "SERIES OR WHY"};
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        scols_table_new_column(table, names[i], 0, i == 1 || i == 4 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < calibration->count; i++)
        add_line(table, &calibration->estimates[i]);
    int status = scols_print_table(table) == 0 ? STATUS_OK : STATUS_MEMORY;
    scols_unref_table(table);
    return status;
}

/* The parameter file that is there already, to merge into; none is fine. */
static int read_old(struct table *old, const char *path, struct diag *diag)
{
    static const char *const needed[] = {"parameter", "value",  "low",        "high",
                                         "unit",      "when",   "since",      "until",
                                         "fitted",    "source", "confidence", "description"};
    int column[sizeof needed / sizeof needed[0]];
    if (access(path, F_OK) != 0)
        return STATUS_OK;
    int status = table_read_file(old, path, diag);
    return status == STATUS_OK
               ? table_expect(old, needed, sizeof needed / sizeof needed[0], column, diag)
               : status;
}

static int write_file(const struct calibration *calibration, const struct arguments *arguments,
                      struct diag *diag)
{
    struct table old = {.rows = 0};
    struct output output;
    int status = read_old(&old, arguments->output, diag);
    if (status == STATUS_OK)
        status = output_open(&output, arguments->output, diag);
    if (status == STATUS_OK) {
        size_t count;
        status = calibration_write(calibration, old.columns > 0 ? &old : NULL, arguments->force,
                                   output.file, &count, diag);
        if (status == STATUS_OK)
            status = output_commit(&output, diag);
        else
            output_discard(&output);
        if (status == STATUS_OK)
            printf("%zu parameters written to %s\n", count, arguments->output);
    }
    table_free(&old);
    return status;
}

static int read_traces(struct trace *traces, const struct arguments *arguments, struct diag *diag)
{
    for (size_t i = 0; i < arguments->word_count; i++) {
        int status = trace_read(&traces[i], arguments->words[i], diag);
        if (status != STATUS_OK)
            return status;
        for (size_t f = 0; f < traces[i].flag_count; f++)
            fprintf(stderr, "scalesim: %s: %s\n", traces[i].file, traces[i].flags[f]);
    }
    return STATUS_OK;
}

int cli_calibrate(const struct arguments *arguments, struct diag *diag)
{
    struct calibration calibration = {.count = 0};
    bool any = arguments->output != NULL || arguments->dry_run || arguments->plot != NULL;
    if (arguments->word_count == 0 || !any)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL,
                        "calibrate takes traces and -o FILE, --dry-run or --plot DIR");
    struct trace *traces = calloc(arguments->word_count, sizeof *traces);
    if (traces == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = read_traces(traces, arguments, diag);
    if (status == STATUS_OK)
        status = calibration_find(&calibration, traces, arguments->word_count, NULL, diag);
    if (status == STATUS_OK && calibration.count == 0)
        status = diag_set(diag, STATUS_DATA, NULL, 0, NULL,
                          "no recipe of data/recipes.csv has its series in these traces");
    if (status == STATUS_OK)
        status = print_estimates(&calibration);
    if (status == STATUS_OK && !arguments->dry_run && arguments->output != NULL)
        status = write_file(&calibration, arguments, diag);
    if (status == STATUS_OK && arguments->plot != NULL)
        status = plot_calibration(&calibration, arguments, diag);
    for (size_t i = 0; i < arguments->word_count; i++)
        trace_free(&traces[i]);
    free(traces);
    calibration_free(&calibration);
    return status;
}
