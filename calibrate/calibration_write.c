#include <math.h>
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

/* Base units by the end of the name, as everywhere in the tables. */
static const char *unit_of(const char *parameter)
{
    size_t length = strlen(parameter);
    return length > 2 && strcmp(parameter + length - 2, "_s") == 0 ? "s"
           : strncmp(parameter, "memory_", 7) == 0                 ? "bytes"
                                                                   : "";
}

static void write_estimate(const struct estimate *estimate, FILE *out)
{
    const struct fit_value *value = &estimate->value;
    char source[1024];
    snprintf(source, sizeof source,
             "calibrated: %s of %s (%s) over %zu observations of %s; mean error %.2g%s; %s",
             estimate->quantity, estimate->quality.method != NULL ? estimate->quality.method : "",
             estimate->fit, estimate->quality.n, estimate->series, estimate->quality.mean_error,
             estimate->refused ? ", REFUSED but forced" : "", estimate->sources);
    write_cell(out, estimate->parameter, ',');
    write_number(out, value->value);
    write_number(out, value->low);
    write_number(out, value->high);
    write_cell(out, unit_of(estimate->parameter), ',');
    write_cell(out, estimate->when, ',');
    fputs(",,,", out);
    write_cell(out, source, ',');
    fputs("calibrated,", out);
    write_cell(out, estimate->description, '\n');
}

static bool written(const struct estimate *estimate, bool forced)
{
    return (forced || !estimate->refused) && isfinite(estimate->value.value);
}

/* An old row goes when an estimate has its parameter and condition. */
static bool replaced(const struct calibration *calibration, const struct table *old, size_t row,
                     bool forced)
{
    const char *parameter = table_cell(old, row, table_column(old, "parameter"));
    const char *when = table_cell(old, row, table_column(old, "when"));
    for (size_t i = 0; i < calibration->count; i++) {
        const struct estimate *estimate = &calibration->estimates[i];
        if (written(estimate, forced) && strcmp(estimate->parameter, parameter) == 0 &&
            strcmp(estimate->when, when) == 0)
            return true;
    }
    return false;
}

size_t calibration_write(const struct calibration *calibration, const struct table *old,
                         bool forced, FILE *out)
{
    size_t count = 0;
    for (size_t c = 0; c < COLUMNS; c++)
        write_cell(out, columns[c], c + 1 < COLUMNS ? ',' : '\n');
    for (size_t i = 0; i < calibration->count; i++) {
        if (!written(&calibration->estimates[i], forced))
            continue;
        write_estimate(&calibration->estimates[i], out);
        count++;
    }
    for (size_t r = 0; old != NULL && r < old->rows; r++) {
        for (size_t c = 0; c < COLUMNS && !replaced(calibration, old, r, forced); c++)
            write_cell(out, table_cell(old, r, table_column(old, columns[c])),
                       c + 1 < COLUMNS ? ',' : '\n');
    }
    return count;
}
