#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/calibration.h"

static const char *const columns[] = {"parameter", "value",  "low",        "high",
                                      "unit",      "when",   "since",      "until",
                                      "fitted",    "source", "confidence", "description"};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Quoted where RFC 4180 asks for it. */
static void write_cell(FILE *out, const char *text, char end)
{
    bool quote = strpbrk(text, ",\"\n\r") != NULL;
    if (quote)
        putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    if (quote)
        putc('"', out);
    putc(end, out);
}

static void write_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.6g,", value);
    else
        putc(',', out);
}

static void write_estimate(const struct estimate *estimate, FILE *out)
{
    const struct fit_value *value = &estimate->value;
    char source[1024];
    snprintf(source, sizeof source,
             "calibrated: %s of %s (%s) over %zu observations of %s%s%s; mean error %.2g%s; %s",
             estimate->quantity, estimate->quality.method != NULL ? estimate->quality.method : "",
             estimate->fitting.kind->name, estimate->quality.n, estimate->series,
             estimate->less[0] != '\0' ? ", less " : "", estimate->less,
             estimate->quality.mean_error, estimate->refused ? ", REFUSED but forced" : "",
             estimate->sources);
    write_cell(out, estimate->parameter, ',');
    write_number(out, value->value);
    /* No cost, size or count is negative. */
    write_number(out, value->low < 0 ? 0 : value->low);
    write_number(out, value->high);
    write_cell(out, estimate->unit, ',');
    write_cell(out, estimate->when, ',');
    write_cell(out, estimate->since, ',');
    write_cell(out, estimate->until, ',');
    write_cell(out, estimate->fitted, ',');
    write_cell(out, source, ',');
    fputs("calibrated,", out);
    write_cell(out, estimate->description, '\n');
}

static bool written(const struct estimate *estimate, bool forced)
{
    return (forced || !estimate->refused) && isfinite(estimate->value.value);
}

static const char *old_cell(const struct table *old, size_t row, const char *column)
{
    return table_cell(old, row, table_column(old, column));
}

static bool replaces(const struct estimate *estimate, const struct table *old, size_t row)
{
    return strcmp(estimate->parameter, old_cell(old, row, "parameter")) == 0 &&
           strcmp(estimate->when, old_cell(old, row, "when")) == 0 &&
           strcmp(estimate->since, old_cell(old, row, "since")) == 0 &&
           strcmp(estimate->until, old_cell(old, row, "until")) == 0;
}

static bool kept(const struct calibration *calibration, const struct table *old, size_t row,
                 bool forced)
{
    for (size_t i = 0; i < calibration->count; i++) {
        const struct estimate *estimate = &calibration->estimates[i];
        if (written(estimate, forced) && replaces(estimate, old, row))
            return false;
    }
    return true;
}

/* Writes the estimates of a parameter (NULL: all) that are not done yet. */
static size_t write_estimates(const struct calibration *calibration, const char *parameter,
                              bool forced, bool *done, FILE *out)
{
    size_t count = 0;
    for (size_t i = 0; i < calibration->count; i++) {
        const struct estimate *estimate = &calibration->estimates[i];
        if (done[i] || !written(estimate, forced) ||
            (parameter != NULL && strcmp(estimate->parameter, parameter) != 0))
            continue;
        write_estimate(estimate, out);
        done[i] = true;
        count++;
    }
    return count;
}

int calibration_write(const struct calibration *calibration, const struct table *old, bool forced,
                      FILE *out, size_t *count, struct diag *diag)
{
    bool *done = calloc(calibration->count + 1, sizeof *done);
    *count = 0;
    if (done == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t c = 0; c < COLUMNS; c++)
        write_cell(out, columns[c], c + 1 < COLUMNS ? ',' : '\n');
    for (size_t r = 0; old != NULL && r < old->rows; r++) {
        if (!kept(calibration, old, r, forced))
            continue;
        *count += write_estimates(calibration, old_cell(old, r, "parameter"), forced, done, out);
        for (size_t c = 0; c < COLUMNS; c++)
            write_cell(out, old_cell(old, r, columns[c]), c + 1 < COLUMNS ? ',' : '\n');
    }
    *count += write_estimates(calibration, NULL, forced, done, out);
    free(done);
    return STATUS_OK;
}
