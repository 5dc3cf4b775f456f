#include "calibrate/accuracy_parts.h"

#include <fnmatch.h>
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

enum { LEAST_X = 4 };
static const char *const value_names[VALUES_KINDS] = {"each", "min", "median", "repeats"};
static const char *const column_names[COLUMNS] = {"curve", "file", "series", "x",   "values",
                                                  "split", "fit",  "cpus",   "step"};

void accuracy_score(struct accuracy_curve *curve, double x, double observed,
                    const struct fit_value *predicted)
{
    double error = observed != 0 ? (predicted->value - observed) / observed
                                 : (predicted->value != 0 ? INFINITY : 0);
    if (curve->held == 0)
        curve->covered = 0;
    if (curve->held == 0 || fabs(error) > curve->worst_error) {
        curve->worst_error = fabs(error);
        curve->worst_x = x;
        curve->worst_observed = observed;
        curve->worst_predicted = predicted->value;
    }
    size_t told = strlen(curve->held_x);
    snprintf(curve->held_x + told, sizeof curve->held_x - told, told > 0 ? " %g" : "%g", x);
    curve->error += fabs(error);
    curve->past_step += fmax(0, fabs(error) - (observed != 0 ? curve->step / observed : 0));
    curve->bias += error;
    curve->off += fabs(predicted->value - observed) > 1e-6;
    curve->out_of_range += observed < predicted->low - 1e-6 || observed > predicted->high + 1e-6;
    curve->range += predicted->high - predicted->low;
    curve->covered += isnan(predicted->low) || isnan(predicted->high)
                          ? NAN
                          : observed >= predicted->low && observed <= predicted->high;
    curve->held++;
}

void accuracy_close(struct accuracy_curve *curve)
{
    double held = (double)curve->held;
    if (curve->state != ACCURACY_SCORED || curve->held == 0)
        return;
    curve->error /= held;
    curve->past_step /= held;
    curve->bias /= held;
    curve->range /= held;
    curve->covered = curve->counted ? NAN : curve->covered / held;
}

static struct accuracy_curve *add_curve(struct accuracy *accuracy, const struct accuracy_rule *rule,
                                        const char *series)
{
    if (accuracy->count == accuracy->room) {
        size_t room = accuracy->room == 0 ? 64 : accuracy->room * 2;
        struct accuracy_curve *more = realloc(accuracy->curves, room * sizeof *more);
        if (more == NULL)
            return NULL;
        accuracy->curves = more;
        accuracy->room = room;
    }
    struct accuracy_curve *curve = &accuracy->curves[accuracy->count++];
    *curve = (struct accuracy_curve){.covered = NAN,
                                     .turns_error = NAN,
                                     .repeats = NAN,
                                     .floor = NAN,
                                     .step = rule->step,
                                     .counted = rule->kind == PREDICT_COUNT};
    snprintf(curve->curve, sizeof curve->curve, "%s", rule->text[COLUMN_CURVE]);
    snprintf(curve->series, sizeof curve->series, "%s", series);
    snprintf(curve->split, sizeof curve->split, "%.15s", rule->text[COLUMN_SPLIT]);
    snprintf(curve->form, sizeof curve->form, "%s", rule->text[COLUMN_FIT]);
    curve->in_tree = accuracy_starts(rule->text[COLUMN_FILE], "traces/");
    return curve;
}

static void predict(struct accuracy_curve *curve, const struct accuracy_rule *rule,
                    const struct points *points, const struct points *held)
{
    struct diag diag = {0};
    struct predictor predictor = {.kind = rule->kind, .cpus = rule->cpus, .step = rule->step};
    curve->fitted = points->count;
    if (predictor_fit(&predictor, points, &diag) != STATUS_OK) {
        curve->state = ACCURACY_NO_FIT;
        snprintf(curve->note, sizeof curve->note, "%.180s", diag.message);
        return;
    }
    snprintf(curve->form, sizeof curve->form, "%s", predictor.form);
    curve->refused = !predictor.passed;
    for (size_t i = 0; i < held->count; i++) {
        struct fit_value value = predictor_at(&predictor, held->x[i]);
        accuracy_score(curve, held->x[i], held->y[i], &value);
    }
    accuracy_close(curve);
}

/* The mean error when each third is held out in its turn. */
static double in_turns(const struct accuracy_curve *curve, const struct accuracy_rule *rule,
                       const struct points *all, const char *name)
{
    struct points points, held;
    double sum = 0, count = 0;
    size_t distinct = accuracy_distinct(all);
    for (size_t turn = 0; turn * (distinct / 3) < distinct - 2; turn++) {
        struct accuracy_curve one = {.counted = curve->counted};
        points = *all;
        accuracy_split(&points, &held, name, turn);
        accuracy_summarise(&held, rule->values);
        predict(&one, rule, &points, &held);
        if (one.state != ACCURACY_SCORED)
            return NAN;
        sum += one.error * (double)one.held;
        count += (double)one.held;
    }
    return sum / count;
}

/* `read` are all readings; of the held-out places all of them count, also where one was held out.
 */
static void tell_noise(struct accuracy_curve *curve, const struct accuracy_rule *rule,
                       const struct points *read, const struct points *held)
{
    struct points places = {.count = 0};
    for (size_t i = 0, h = 0; i < read->count; i++) {
        while (h < held->count && held->x[h] < read->x[i])
            h++;
        if (h < held->count && held->x[h] == read->x[i]) {
            places.x[places.count] = read->x[i];
            places.y[places.count++] = read->y[i];
        }
    }
    struct accuracy_noise noise = accuracy_noise(read, &places, rule);
    curve->repeats = noise.share;
    curve->floor = noise.floor;
}

static int one_curve(struct accuracy *accuracy, const struct accuracy_rule *rule,
                     const struct accuracy_trace_list *traces,
                     const struct accuracy_trace_list *others, const char *series,
                     struct diag *diag)
{
    struct points all = {.count = 0}, points, held = {.count = 0}, read;
    struct accuracy_curve *curve = add_curve(accuracy, rule, series);
    char name[2 * ACCURACY_NAME], second[ACCURACY_NAME];
    if (curve == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    accuracy_collect(&all, rule, traces, series);
    read = all;
    if (rule->values != VALUES_REPEATS)
        accuracy_summarise(&all, rule->values);
    points = all;
    snprintf(name, sizeof name, "%s %s", rule->text[COLUMN_CURVE], series);
    if (others->count > 0) {
        accuracy_part(second, sizeof second, rule->text[COLUMN_SERIES], true);
        accuracy_collect(&held, rule, others, second);
    } else if (accuracy_distinct(&all) < LEAST_X) {
        curve->state = ACCURACY_TOO_FEW;
        return STATUS_OK;
    } else {
        accuracy_split(&points, &held, name, 0);
        curve->turns_error = in_turns(curve, rule, &all, name);
        tell_noise(curve, rule, &read, &held);
    }
    accuracy_summarise(&held, rule->values);
    predict(curve, rule, &points, &held);
    return STATUS_OK;
}

static bool seen(const struct accuracy_trace_list *traces, size_t before, const char *name)
{
    for (size_t t = 0; t < before; t++) {
        if (trace_find(&traces->list[t], name) != NULL)
            return true;
    }
    return false;
}

static int each_series(struct accuracy *accuracy, const struct accuracy_rule *rule,
                       const struct accuracy_trace_list *traces,
                       const struct accuracy_trace_list *others, struct diag *diag)
{
    char pattern[ACCURACY_NAME];
    int status = STATUS_OK;
    size_t matches = 0;
    accuracy_part(pattern, sizeof pattern, rule->text[COLUMN_SERIES], false);
    if (accuracy_starts(pattern, "mean "))
        return one_curve(accuracy, rule, traces, others, pattern, diag);
    for (size_t t = 0; t < traces->count; t++) {
        const struct trace *trace = &traces->list[t];
        for (size_t s = 0; s < trace->series_count && status == STATUS_OK; s++) {
            const char *name = trace->series[s].name;
            if (fnmatch(pattern, name, 0) != 0 || seen(traces, t, name))
                continue;
            matches++;
            status = one_curve(accuracy, rule, traces, others, name, diag);
        }
    }
    if (status == STATUS_OK && matches == 0)
        status = diag_set(diag, STATUS_DATA, traces->list[0].file, 0, "series",
                          "\"%s\" is none of the file's series", pattern);
    return status;
}

static int absent(struct accuracy *accuracy, const struct accuracy_rule *rule, struct diag *diag)
{
    struct accuracy_curve *curve = add_curve(accuracy, rule, rule->text[COLUMN_SERIES]);
    if (curve == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    curve->state = ACCURACY_ABSENT;
    snprintf(curve->note, sizeof curve->note, "%.170s is not here", rule->text[COLUMN_FILE]);
    return STATUS_OK;
}

static int migrations(struct accuracy *accuracy, const struct accuracy_rule *rule,
                      struct diag *diag)
{
    char path[ACCURACY_PATH];
    glob_t found;
    if (!accuracy_path(path, sizeof path, rule, rule->text[COLUMN_FILE]) ||
        glob(path, GLOB_BRACE, NULL, &found) != 0)
        return absent(accuracy, rule, diag);
    globfree(&found);
    struct accuracy_curve *curve = add_curve(accuracy, rule, "total time");
    if (curve == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    curve->counted = false;
    int status = accuracy_migration(curve, path, diag);
    accuracy_close(curve);
    return status;
}

/* A range after x's name: n<=64, n>=8. */
static void read_range(struct accuracy_rule *rule)
{
    const char *most = strstr(rule->text[COLUMN_X], "<=");
    const char *least = strstr(rule->text[COLUMN_X], ">=");
    rule->x_from = least != NULL ? strtod(least + 2, NULL) : -INFINITY;
    rule->x_to = most != NULL ? strtod(most + 2, NULL) : INFINITY;
}

/* A number above 0, or nothing: 0. */
static bool read_number(const char *text, double *number)
{
    *number = 0;
    return text[0] == '\0' || (text_parse_number(text, number) && *number > 0);
}

static int read_rule(struct accuracy_rule *rule, const struct table *splits, size_t row,
                     const int *columns, struct diag *diag)
{
    for (int c = 0; c < COLUMNS; c++)
        rule->text[c] = table_cell(splits, row, columns[c]);
    for (int k = 0; k < PREDICT_KINDS; k++) {
        if (strcmp(rule->text[COLUMN_FIT], predictor_names[k]) == 0)
            rule->kind = (enum predictor_kind)k;
    }
    for (int v = 0; v < VALUES_KINDS; v++) {
        if (strcmp(rule->text[COLUMN_VALUES], value_names[v]) == 0)
            rule->values = (enum accuracy_values)v;
    }
    read_range(rule);
    if (rule->kind == PREDICT_KINDS && strcmp(rule->text[COLUMN_FIT], "migration") != 0)
        return table_error(splits, row, columns[COLUMN_FIT], diag, "no such fit");
    if (rule->values == VALUES_KINDS)
        return table_error(splits, row, columns[COLUMN_VALUES], diag,
                           "expected each, min, median or repeats");
    if (!read_number(rule->text[COLUMN_CPUS], &rule->cpus))
        return table_error(splits, row, columns[COLUMN_CPUS], diag, "expected CPUs, or nothing");
    if (!read_number(rule->text[COLUMN_STEP], &rule->step))
        return table_error(splits, row, columns[COLUMN_STEP], diag,
                           "expected the step of a clock, or nothing");
    return STATUS_OK;
}

int accuracy_row(struct accuracy *accuracy, const struct table *splits, size_t row,
                 const struct accuracy_roots *roots, struct diag *diag)
{
    int columns[COLUMNS];
    struct accuracy_rule rule = {.roots = roots, .kind = PREDICT_KINDS, .values = VALUES_KINDS};
    struct accuracy_trace_list traces = {0}, others = {0};
    int status = table_expect(splits, column_names, COLUMNS, columns, diag);
    if (status != STATUS_OK)
        return status;
    status = read_rule(&rule, splits, row, columns, diag);
    if (status != STATUS_OK)
        return status;
    if (rule.kind == PREDICT_KINDS)
        return migrations(accuracy, &rule, diag);
    bool two = strcmp(rule.text[COLUMN_SPLIT], "file") == 0;
    status = accuracy_traces(&traces, &rule, false, diag);
    if (status == STATUS_OK && two)
        status = accuracy_traces(&others, &rule, true, diag);
    if (status == STATUS_OK && (traces.count == 0 || (two && others.count == 0)))
        status = absent(accuracy, &rule, diag);
    else if (status == STATUS_OK)
        status = each_series(accuracy, &rule, &traces, &others, diag);
    accuracy_traces_free(&traces);
    accuracy_traces_free(&others);
    return status;
}

int accuracy_run(struct accuracy *accuracy, const char *splits, const struct accuracy_roots *roots,
                 struct diag *diag)
{
    struct table table = {0};
    *accuracy = (struct accuracy){0};
    int status = table_read_file(&table, splits, diag);
    for (size_t r = 0; status == STATUS_OK && r < table.rows; r++)
        status = accuracy_row(accuracy, &table, r, roots, diag);
    table_free(&table);
    return status;
}

void accuracy_free(struct accuracy *accuracy)
{
    free(accuracy->curves);
    *accuracy = (struct accuracy){0};
}

static double median(double *values, size_t n)
{
    if (n == 0)
        return NAN;
    qsort(values, n, sizeof *values, accuracy_by_value);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* Of each curve, or of each kind of curve; those of a kind stand together. */
static double median_error(const struct accuracy *accuracy, bool of_kinds)
{
    double *errors = calloc(accuracy->count + 1, sizeof *errors);
    const char *kind = "";
    size_t n = 0, same = 0;
    for (size_t i = 0; errors != NULL && i < accuracy->count; i++) {
        const struct accuracy_curve *curve = &accuracy->curves[i];
        if (curve->state != ACCURACY_SCORED || curve->counted)
            continue;
        same = of_kinds && strcmp(kind, curve->curve) == 0 ? same + 1 : 1;
        kind = curve->curve;
        if (same == 1)
            n++;
        errors[n - 1] += (curve->error - errors[n - 1]) / (double)same;
    }
    double middle = median(errors, n);
    free(errors);
    return middle;
}

double accuracy_median(const struct accuracy *accuracy)
{
    return median_error(accuracy, false);
}

double accuracy_median_of_kinds(const struct accuracy *accuracy)
{
    return median_error(accuracy, true);
}

bool accuracy_met_past_step(const struct accuracy_curve *curve)
{
    return accuracy_met(curve) || (curve->state == ACCURACY_SCORED && !curve->counted &&
                                   curve->past_step <= ACCURACY_CURVE_MAX);
}

bool accuracy_met(const struct accuracy_curve *curve)
{
    if (curve->state != ACCURACY_SCORED)
        return false;
    return curve->counted ? curve->off == 0 : curve->error <= ACCURACY_CURVE_MAX;
}
