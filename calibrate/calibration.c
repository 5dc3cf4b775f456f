#include "calibrate/calibration.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

enum column {
    R_RECIPE,
    R_SERIES,
    R_TAGS,
    R_REPEATS,
    R_FIT,
    R_QUANTITY,
    R_PARAMETER,
    R_SCALE,
    R_STEP,
    R_LESS,
    R_UNIT,
    R_WHEN,
    R_SINCE,
    R_UNTIL,
    R_FITTED,
    R_DESCRIPTION,
    R_COLUMNS
};
static const char *const columns[R_COLUMNS] = {
    "recipe", "series", "tags", "repeats", "fit",   "quantity", "parameter", "scale",
    "step",   "less",   "unit", "when",    "since", "until",    "fitted",    "description"};

struct job {
    const struct table *table;
    size_t row;
    int column[R_COLUMNS];
    const struct trace *traces;
    size_t trace_count;
    struct diag *diag;
};

static const char *cell(const struct job *job, enum column column)
{
    return table_cell(job->table, job->row, job->column[column]);
}

static int bad_cell(const struct job *job, enum column column, const char *expected)
{
    return table_error(job->table, job->row, job->column[column], job->diag,
                       "'%s' is not known here, expected %s", cell(job, column), expected);
}

/* "name=value name=value": whether the trace has them all. */
static bool has_tags(const struct trace *trace, const char *tags)
{
    char copy[256];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", tags);
    for (char *item; (item = strsep(&rest, " ")) != NULL;) {
        char *equals = strchr(item, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        const char *value = trace_tag(trace, item);
        if (value == NULL || strcmp(value, equals + 1) != 0)
            return false;
    }
    return true;
}

static void note_source(struct estimate *estimate, const struct trace *trace)
{
    size_t used = strlen(estimate->sources);
    const char *name = strrchr(trace->file, '/');
    snprintf(estimate->sources + used, sizeof estimate->sources - used,
             "%s%s (FNV-1a %016" PRIx64 ")", used > 0 ? "; " : "",
             name != NULL ? name + 1 : trace->file, trace->hash);
}

/* The one series that was used, or the pattern of several. */
static void note_series(struct estimate *estimate, const char *name, const char *pattern)
{
    bool other = estimate->series[0] != '\0' && strcmp(estimate->series, name) != 0;
    snprintf(estimate->series, sizeof estimate->series, "%s", other ? pattern : name);
}

/* Pools what matches one pattern. */
static int gather(const struct job *job, const char *pattern, struct estimate *estimate)
{
    struct fitting *fitting = &estimate->fitting;
    int status = STATUS_OK;
    for (size_t t = 0; status == STATUS_OK && t < job->trace_count; t++) {
        const struct trace *trace = &job->traces[t];
        bool used = false;
        if (!has_tags(trace, cell(job, R_TAGS)))
            continue;
        for (size_t s = 0; status == STATUS_OK && s < trace->series_count; s++) {
            const struct trace_series *series = &trace->series[s];
            if (series->count == 0 || fnmatch(pattern, series->name, 0) != 0)
                continue;
            status = fitting_add_series(fitting, series, job->diag);
            note_series(estimate, series->name, pattern);
            if (!used)
                note_source(estimate, trace);
            used = true;
        }
        for (size_t d = 0; status == STATUS_OK && d < trace->distribution_count; d++) {
            const struct trace_distribution *distribution = &trace->distributions[d];
            if (fitting->cells != NULL || fnmatch(pattern, distribution->name, 0) != 0)
                continue;
            status = fitting_add_distribution(fitting, distribution, job->diag);
            note_source(estimate, trace);
            note_series(estimate, distribution->name, pattern);
        }
    }
    return status;
}

/* Data that give no parameter. */
static void refuse(struct estimate *estimate, const char *why)
{
    snprintf(estimate->quality.note, sizeof estimate->quality.note, "%.180s", why);
    estimate->refused = true;
}

static void scale(struct fit_value *value, double factor)
{
    value->value *= factor;
    value->se *= factor;
    value->low *= factor;
    value->high *= factor;
    value->bca_low *= factor;
    value->bca_high *= factor;
}

/* Takes another parameter off; of independent estimates the squares of the reaches add up. */
static void subtract(struct fit_value *value, const struct fit_value *other)
{
    double below = hypot(value->value - value->low, other->high - other->value);
    double above = hypot(value->high - value->value, other->value - other->low);
    value->value -= other->value;
    value->se = hypot(value->se, other->se);
    value->low = value->value - below;
    value->high = value->value + above;
    value->bca_low = value->bca_high = NAN;
}

/* What the recipe takes off, from the rows above it. */
static void take_off(const struct calibration *calibration, struct estimate *estimate)
{
    char why[192];
    for (size_t i = calibration->count; i-- > 0;) {
        const struct estimate *other = &calibration->estimates[i];
        if (strcmp(other->parameter, estimate->less) != 0 || other->refused)
            continue;
        subtract(&estimate->value, &other->value);
        if (!(estimate->value.value > 0))
            refuse(estimate, "nothing is left of it");
        return;
    }
    snprintf(why, sizeof why, "%s is to be taken off, which these traces do not settle",
             estimate->less);
    refuse(estimate, why);
}

static int estimate_quantity(const struct job *job, const struct calibration *calibration,
                             struct estimate *estimate, double factor)
{
    struct diag diag;
    struct fitting *fitting = &estimate->fitting;
    int quantity = fitting_quantity(fitting->kind, estimate->quantity);
    if (quantity < 0)
        return bad_cell(job, R_QUANTITY, "a quantity of its fit (calibration.h)");
    int status = fitting_make(fitting, &diag);
    if (status == STATUS_MEMORY)
        return diag_set(job->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    if (status != STATUS_OK) {
        refuse(estimate, diag.message);
        return STATUS_OK;
    }
    estimate->quality = fitting->quality;
    if ((size_t)quantity >= fitting->quantities) {
        refuse(estimate, "the form that was chosen has no such term");
        return STATUS_OK;
    }
    estimate->value = fitting->value[quantity];
    estimate->refused = !estimate->quality.passed;
    scale(&estimate->value, factor);
    if (estimate->less[0] != '\0')
        take_off(calibration, estimate);
    return STATUS_OK;
}

static int gather_all(const struct job *job, struct estimate *estimate)
{
    char patterns[512];
    char *rest = patterns;
    int status = STATUS_OK;
    snprintf(patterns, sizeof patterns, "%s", cell(job, R_SERIES));
    for (char *pattern; status == STATUS_OK && estimate->sources[0] == '\0' &&
                        (pattern = strsep(&rest, "|")) != NULL;)
        status = gather(job, pattern, estimate);
    return status;
}

static int apply(struct calibration *calibration, struct job *job)
{
    struct estimate estimate = {.recipe = cell(job, R_RECIPE),
                                .quantity = cell(job, R_QUANTITY),
                                .parameter = cell(job, R_PARAMETER),
                                .less = cell(job, R_LESS),
                                .unit = cell(job, R_UNIT),
                                .when = cell(job, R_WHEN),
                                .since = cell(job, R_SINCE),
                                .until = cell(job, R_UNTIL),
                                .fitted = cell(job, R_FITTED),
                                .description = cell(job, R_DESCRIPTION)};
    double factor;
    estimate.fitting.kind = fitting_kind_find(cell(job, R_FIT));
    if (estimate.fitting.kind == NULL)
        return bad_cell(job, R_FIT, FITTING_NAMES);
    if (!text_parse_number(cell(job, R_SCALE), &factor))
        return bad_cell(job, R_SCALE, "a number");
    double *step = &estimate.fitting.step;
    if (!text_parse_number(cell(job, R_STEP), step) || !(*step >= 0))
        return bad_cell(job, R_STEP, "a number from 0");
    int status = gather_all(job, &estimate);
    bool found = estimate.sources[0] != '\0', least = strcmp(cell(job, R_REPEATS), "least") == 0;
    if (status == STATUS_OK && !least && strcmp(cell(job, R_REPEATS), "all") != 0)
        status = bad_cell(job, R_REPEATS, "all or least");
    if (status == STATUS_OK && least)
        fitting_keep_least(&estimate.fitting);
    if (status == STATUS_OK && found)
        status = estimate_quantity(job, calibration, &estimate, factor);
    if (status == STATUS_OK && found)
        calibration->estimates[calibration->count++] = estimate;
    else
        fitting_free(&estimate.fitting);
    return status;
}

int calibration_find(struct calibration *calibration, const struct trace *traces, size_t count,
                     const char *recipes, struct diag *diag)
{
    struct job job = {
        .table = &calibration->recipes, .traces = traces, .trace_count = count, .diag = diag};
    memset(calibration, 0, sizeof *calibration);
    int status = recipes != NULL ? table_read_file(&calibration->recipes, recipes, diag)
                                 : table_read(&calibration->recipes, "recipes.csv", NULL, diag);
    if (status == STATUS_OK)
        status = table_expect(&calibration->recipes, columns, R_COLUMNS, job.column, diag);
    if (status != STATUS_OK)
        return status;
    calibration->estimates = calloc(calibration->recipes.rows + 1, sizeof(struct estimate));
    if (calibration->estimates == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (; status == STATUS_OK && job.row < calibration->recipes.rows; job.row++)
        status = apply(calibration, &job);
    return status;
}

void calibration_free(struct calibration *calibration)
{
    for (size_t i = 0; i < calibration->count; i++)
        fitting_free(&calibration->estimates[i].fitting);
    table_free(&calibration->recipes);
    free(calibration->estimates);
    memset(calibration, 0, sizeof *calibration);
}
