#include "calibrate/calibration.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit_cost.h"
#include "calibrate/fit_law.h"
#include "calibrate/fit_queue.h"
#include "model/text.h"

enum column {
    R_RECIPE,
    R_SERIES,
    R_TAGS,
    R_FIT,
    R_QUANTITY,
    R_PARAMETER,
    R_SCALE,
    R_WHEN,
    R_DESCRIPTION,
    R_COLUMNS
};
static const char *const columns[R_COLUMNS] = {
    "recipe", "series", "tags", "fit", "quantity", "parameter", "scale", "when", "description"};

enum { RESAMPLES = 400, PATTERNS_MAX = 8 };

/* What is pooled for one recipe. */
struct pool {
    double *x, *y;
    size_t count;
    const struct trace_distribution *distribution;
};

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

static void note_source(struct estimate *estimate, const struct trace *trace, const char *series)
{
    size_t used = strlen(estimate->sources);
    const char *name = strrchr(trace->file, '/');
    snprintf(estimate->series, sizeof estimate->series, "%s", series);
    snprintf(estimate->sources + used, sizeof estimate->sources - used,
             "%s%s (FNV-1a %016" PRIx64 ")", used > 0 ? "; " : "",
             name != NULL ? name + 1 : trace->file, trace->hash);
}

static bool add_points(struct pool *pool, const struct trace_series *series)
{
    double *x = realloc(pool->x, (pool->count + series->count) * sizeof *x);
    pool->x = x != NULL ? x : pool->x;
    double *y = realloc(pool->y, (pool->count + series->count) * sizeof *y);
    pool->y = y != NULL ? y : pool->y;
    if (x == NULL || y == NULL)
        return false;
    for (size_t i = 0; i < series->count; i++) {
        if (series->points[i].censored)
            continue;
        x[pool->count] = series->points[i].x;
        y[pool->count++] = series->points[i].value;
    }
    return true;
}

/* Pools what matches one pattern; false without memory. */
static bool gather(const struct job *job, const char *pattern, struct pool *pool,
                   struct estimate *estimate)
{
    for (size_t t = 0; t < job->trace_count; t++) {
        const struct trace *trace = &job->traces[t];
        bool used = false;
        if (!has_tags(trace, cell(job, R_TAGS)))
            continue;
        for (size_t s = 0; s < trace->series_count; s++) {
            const struct trace_series *series = &trace->series[s];
            if (series->count == 0 || fnmatch(pattern, series->name, 0) != 0)
                continue;
            if (!add_points(pool, series))
                return false;
            if (!used)
                note_source(estimate, trace, series->name);
            used = true;
        }
        for (size_t d = 0; d < trace->distribution_count && pool->distribution == NULL; d++) {
            if (fnmatch(pattern, trace->distributions[d].name, 0) == 0) {
                pool->distribution = &trace->distributions[d];
                note_source(estimate, trace, pool->distribution->name);
            }
        }
    }
    return true;
}

/* Data that no fit can be made of. */
static int refuse(struct estimate *estimate, const struct diag *why)
{
    snprintf(estimate->quality.note, sizeof estimate->quality.note, "%.180s", why->message);
    estimate->refused = true;
    return STATUS_OK;
}

static int fit_cost_quantity(const struct job *job, const struct pool *pool, int form,
                             struct estimate *estimate)
{
    struct cost_fit fit;
    const struct cost_data data = {pool->x, pool->y, NULL, pool->count};
    const struct cost_rules rules = {form, RESAMPLES};
    const char *quantity = cell(job, R_QUANTITY);
    size_t index = (size_t)(quantity[0] - 'a');
    if (strlen(quantity) != 1 || index > 2)
        return bad_cell(job, R_QUANTITY, "a, b or c");
    struct diag diag;
    if (cost_fit(&fit, &data, &rules, &diag) != STATUS_OK)
        return refuse(estimate, &diag);
    estimate->quality = fit.quality;
    if (index < fit.parameters)
        estimate->value = fit.value[index];
    estimate->refused = !fit.quality.passed || index >= fit.parameters;
    return STATUS_OK;
}

static int fit_queue_quantity(const struct job *job, const struct pool *pool,
                              struct estimate *estimate)
{
    struct queue_fit fit;
    const struct sweep sweep = {pool->x, pool->y, pool->count};
    const struct queue_rules rules = {QUEUE_SERVERS, RESAMPLES};
    const char *quantity = cell(job, R_QUANTITY);
    const struct fit_value *value = strcmp(quantity, "demand") == 0    ? &fit.demand_s
                                    : strcmp(quantity, "think") == 0   ? &fit.think_s
                                    : strcmp(quantity, "servers") == 0 ? &fit.servers
                                                                       : NULL;
    struct diag diag;
    if (value == NULL)
        return bad_cell(job, R_QUANTITY, "demand, think or servers");
    if (queue_fit(&fit, &sweep, &rules, &diag) != STATUS_OK)
        return refuse(estimate, &diag);
    estimate->quality = fit.quality;
    estimate->value = *value;
    estimate->refused = !fit.quality.passed;
    return STATUS_OK;
}

static int fit_lock_quantity(const struct job *job, const struct pool *pool,
                             struct estimate *estimate)
{
    struct lock_fit fit;
    const struct sweep sweep = {pool->x, pool->y, pool->count};
    const char *quantity = cell(job, R_QUANTITY);
    const struct fit_value *value = strcmp(quantity, "hold") == 0       ? &fit.hold_s
                                    : strcmp(quantity, "think") == 0    ? &fit.think_s
                                    : strcmp(quantity, "transfer") == 0 ? &fit.transfer_s
                                                                        : NULL;
    struct diag diag;
    if (value == NULL)
        return bad_cell(job, R_QUANTITY, "hold, think or transfer");
    if (lock_fit(&fit, &sweep, 0, QUEUE_BY_AICC, RESAMPLES, &diag) != STATUS_OK)
        return refuse(estimate, &diag);
    estimate->quality = fit.quality;
    estimate->value = *value;
    estimate->refused = !fit.quality.passed;
    return STATUS_OK;
}

/* Cells of a law from a trace's distribution; quantiles become cells. */
static int law_cells(const struct trace_distribution *from, struct law_cell *cells, size_t *count,
                     struct diag *diag)
{
    if (from->shape != TRACE_QUANTILES) {
        for (size_t i = 0; i < from->count; i++)
            cells[i] = (struct law_cell){from->cells[i].low,
                                         from->shape == TRACE_SAMPLES ? from->cells[i].low
                                                                      : from->cells[i].high,
                                         from->cells[i].weight};
        *count = from->count;
        return STATUS_OK;
    }
    double *x = calloc(2 * from->count + 1, sizeof *x);
    if (x == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < from->count; i++) {
        x[i] = from->cells[i].low;
        x[from->count + i] = from->cells[i].weight;
    }
    int status =
        law_from_quantiles(cells, count, x, x + from->count, from->count, from->total, diag);
    free(x);
    return status;
}

static int fit_law_quantity(const struct job *job, const struct pool *pool,
                            struct estimate *estimate)
{
    struct law_fit fit;
    struct diag diag;
    size_t count = 0;
    const struct law_rules rules = {.kind = LAW_BY_AICC};
    struct law_cell *cells = calloc(pool->distribution->count + 2, sizeof *cells);
    if (strcmp(cell(job, R_QUANTITY), "mean") != 0) {
        free(cells);
        return bad_cell(job, R_QUANTITY, "mean");
    }
    if (cells == NULL)
        return diag_set(job->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = law_cells(pool->distribution, cells, &count, &diag);
    if (status == STATUS_OK)
        status = law_fit(&fit, &(struct law_data){cells, count}, &rules, &diag);
    free(cells);
    if (status != STATUS_OK)
        return refuse(estimate, &diag);
    estimate->quality = fit.quality;
    estimate->value = (struct fit_value){.value = law_mean(&fit),
                                         .se = NAN,
                                         .low = NAN,
                                         .high = NAN,
                                         .bca_low = NAN,
                                         .bca_high = NAN,
                                         .identified = true};
    estimate->refused = !fit.quality.passed;
    return STATUS_OK;
}

static int fit_pool(const struct job *job, const struct pool *pool, struct estimate *estimate)
{
    static const char *const forms[COST_FORMS] = {"constant", "linear", "n-log-n", "quadratic"};
    const char *fit = cell(job, R_FIT);
    for (int i = 0; i < COST_FORMS; i++) {
        if (strcmp(fit, forms[i]) == 0)
            return fit_cost_quantity(job, pool, i, estimate);
    }
    if (strcmp(fit, "cost") == 0)
        return fit_cost_quantity(job, pool, COST_BY_AICC, estimate);
    if (strcmp(fit, "queue") == 0)
        return fit_queue_quantity(job, pool, estimate);
    if (strcmp(fit, "lock") == 0)
        return fit_lock_quantity(job, pool, estimate);
    if (strcmp(fit, "law") == 0 && pool->distribution != NULL)
        return fit_law_quantity(job, pool, estimate);
    return bad_cell(job, R_FIT, "constant, linear, n-log-n, quadratic, cost, queue, lock or law");
}

static void scale(struct estimate *estimate, double factor)
{
    struct fit_value *value = &estimate->value;
    value->value *= factor;
    value->se *= factor;
    value->low *= factor;
    value->high *= factor;
    value->bca_low *= factor;
    value->bca_high *= factor;
}

static int apply(struct calibration *calibration, struct job *job)
{
    struct estimate estimate = {.recipe = cell(job, R_RECIPE),
                                .fit = cell(job, R_FIT),
                                .quantity = cell(job, R_QUANTITY),
                                .parameter = cell(job, R_PARAMETER),
                                .when = cell(job, R_WHEN),
                                .description = cell(job, R_DESCRIPTION)};
    struct pool pool = {.x = NULL};
    char patterns[512];
    char *rest = patterns;
    double factor;
    if (!text_parse_number(cell(job, R_SCALE), &factor))
        return bad_cell(job, R_SCALE, "a number");
    snprintf(patterns, sizeof patterns, "%s", cell(job, R_SERIES));
    int status = STATUS_OK;
    for (char *pattern; status == STATUS_OK && estimate.sources[0] == '\0' &&
                        (pattern = strsep(&rest, "|")) != NULL;) {
        if (!gather(job, pattern, &pool, &estimate))
            status = diag_set(job->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    }
    if (status == STATUS_OK && estimate.sources[0] != '\0') {
        status = fit_pool(job, &pool, &estimate);
        scale(&estimate, factor);
        calibration->estimates[calibration->count] = estimate;
        calibration->count += status == STATUS_OK;
    }
    free(pool.x);
    free(pool.y);
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
    table_free(&calibration->recipes);
    free(calibration->estimates);
    memset(calibration, 0, sizeof *calibration);
}
