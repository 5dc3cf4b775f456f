/* Sensitivity (sweep --sobol): the outcomes of a study's rows, and their indices as a table or as
 * rows. */
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sobol.h"

enum { CELL = 32 };

static int no_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

int sensitivity_open(struct sensitivity *sensitivity, const struct sweep *sweep, struct diag *diag)
{
    *sensitivity = (struct sensitivity){.sweep = sweep};
    sensitivity->outcome[sensitivity->outcomes++].name = "max_ok";
    for (size_t i = 0; sweep->simulate && i < sweep->metric_count; i++)
        sensitivity->outcome[sensitivity->outcomes++].name = metric_texts[sweep->metrics[i]].name;
    if (sweep->knees)
        sensitivity->outcome[sensitivity->outcomes++].name = "knee_ok";
    for (size_t i = 0; i < sensitivity->outcomes; i++) {
        sensitivity->outcome[i].values = malloc((sweep->cells + 1) * sizeof(double));
        if (sensitivity->outcome[i].values == NULL)
            return no_memory(diag);
    }
    return STATUS_OK;
}

void sensitivity_close(struct sensitivity *sensitivity)
{
    for (size_t i = 0; i < sensitivity->outcomes; i++)
        free(sensitivity->outcome[i].values);
    sensitivity->outcomes = 0;
}

/* What is before the next comma or the line's end; NULL: the line is over. Fields that are looked
 * at have no quotes, nor have those before them. */
static const char *next_field(const char **at, const char *end, size_t *length)
{
    const char *field = *at;
    if (field >= end)
        return NULL;
    const char *comma = memchr(field, ',', (size_t)(end - field));
    *length = (size_t)((comma != NULL ? comma : end - 1) - field);
    *at = field + *length + 1;
    return field;
}

static void find_columns(struct sensitivity *sensitivity, const char *line, size_t length)
{
    const char *at = line;
    const char *field;
    size_t here;
    for (size_t c = 0; (field = next_field(&at, line + length, &here)) != NULL; c++) {
        for (size_t i = 0; i < sensitivity->outcomes; i++) {
            if (strlen(sensitivity->outcome[i].name) == here &&
                memcmp(sensitivity->outcome[i].name, field, here) == 0)
                sensitivity->outcome[i].column = c;
        }
    }
}

int sensitivity_take(void *context, const char *line, size_t length)
{
    struct sensitivity *sensitivity = context;
    const char *at = line;
    const char *field;
    size_t here;
    size_t next = 0; /* outcomes stand in the order of their columns */
    if (!sensitivity->header) {
        sensitivity->header = true;
        find_columns(sensitivity, line, length);
        return STATUS_OK;
    }
    for (size_t c = 0; (field = next_field(&at, line + length, &here)) != NULL; c++) {
        if (next == sensitivity->outcomes || sensitivity->outcome[next].column != c)
            continue;
        sensitivity->outcome[next++].values[sensitivity->cells] =
            here > 0 ? strtod(field, NULL) : NAN;
    }
    sensitivity->cells++;
    return STATUS_OK;
}

static bool is_there(const struct sensitivity *sensitivity, size_t outcome)
{
    for (uint64_t i = 0; i < sensitivity->cells; i++) {
        if (isfinite(sensitivity->outcome[outcome].values[i]))
            return true;
    }
    return false;
}

int sensitivity_find(struct sensitivity *sensitivity, uint64_t seed, unsigned threads,
                     struct diag *diag)
{
    const struct sweep *sweep = sensitivity->sweep;
    int status = STATUS_OK;
    size_t kept = 0;
    for (size_t i = 0; status == STATUS_OK && i < sensitivity->outcomes; i++) {
        struct outcome_indices *outcome = &sensitivity->outcome[i];
        bool there = is_there(sensitivity, i);
        if (there)
            status = sobol_indices(outcome->values, sweep->points, sweep->axes, seed, threads,
                                   outcome->index, &outcome->used, diag);
        free(outcome->values);
        outcome->values = NULL;
        if (there)
            sensitivity->outcome[kept++] = *outcome;
    }
    sensitivity->outcomes = kept;
    return status;
}

static void numbers_of(const struct sobol_index *index, double out[6])
{
    const struct sobol_estimate *both[] = {&index->first, &index->total};
    for (size_t i = 0; i < 2; i++) {
        out[3 * i] = both[i]->value;
        out[3 * i + 1] = both[i]->low;
        out[3 * i + 2] = both[i]->high;
    }
}

static const char *const names[] = {"S1", "S1_low", "S1_high", "ST", "ST_low", "ST_high"};

static void write_row(FILE *out, enum format format, const char *input,
                      const struct outcome_indices *outcome, const struct sobol_index *index)
{
    bool json = format == FORMAT_JSON;
    double numbers[6];
    numbers_of(index, numbers);
    fprintf(out, json ? "{\"outcome\":\"%s\",\"input\":\"%s\"" : "%s,%s", outcome->name, input);
    for (size_t i = 0; i < 6; i++) {
        if (json)
            fprintf(out, ",\"%s\":", names[i]);
        else
            fputc(',', out);
        if (isfinite(numbers[i]))
            fprintf(out, "%.17g", numbers[i]);
        else if (json)
            fputs("null", out);
    }
    fprintf(out, json ? ",\"points\":%zu}\n" : ",%zu\n", outcome->used);
}

void sensitivity_rows(const struct sensitivity *sensitivity, enum format format, FILE *out)
{
    const struct sweep *sweep = sensitivity->sweep;
    if (format != FORMAT_JSON) {
        fputs("outcome,input", out);
        for (size_t i = 0; i < 6; i++)
            fprintf(out, ",%s", names[i]);
        fputs(",points\n", out);
    }
    for (size_t i = 0; i < sensitivity->outcomes; i++) {
        for (size_t k = 0; k < sweep->axes; k++)
            write_row(out, format, sweep->axis[k]->column, &sensitivity->outcome[i],
                      &sensitivity->outcome[i].index[k]);
    }
}

static void add_line(struct libscols_table *table, const char *outcome, const char *input,
                     const struct sobol_index *index)
{
    double numbers[6];
    char text[6][CELL];
    struct libscols_line *line = scols_table_new_line(table, NULL);
    numbers_of(index, numbers);
    if (line == NULL)
        return;
    scols_line_set_data(line, 0, outcome);
    scols_line_set_data(line, 1, input);
    for (size_t i = 0; i < 6; i++) {
        if (fabs(numbers[i]) < 0.0005) /* without a sign */
            numbers[i] = 0;
        snprintf(text[i], CELL, isfinite(numbers[i]) ? "%.3f" : "-", numbers[i]);
        scols_line_set_data(line, 2 + i, text[i]);
    }
}

static bool is_known(const struct outcome_indices *outcome)
{
    return isfinite(outcome->index[0].total.value);
}

static void print_unknown(const struct sensitivity *sensitivity)
{
    uint64_t points = sensitivity->sweep->points;
    bool first = true;
    for (size_t i = 0; i < sensitivity->outcomes; i++) {
        if (is_known(&sensitivity->outcome[i]))
            continue;
        printf("%s%s", first ? "No indices where nothing varies, or of too few points: " : ", ",
               sensitivity->outcome[i].name);
        first = false;
    }
    if (!first)
        puts("");
    for (size_t i = 0; i < sensitivity->outcomes; i++) {
        const struct outcome_indices *outcome = &sensitivity->outcome[i];
        if (outcome->used < points)
            printf("%s: %lu points are left out, as it is not known in all of their cells\n",
                   outcome->name, (unsigned long)(points - outcome->used));
    }
}

int sensitivity_print(const struct sensitivity *sensitivity)
{
    static const char *const heads[] = {"OUTCOME", "INPUT", "S1",  "LOW",
                                        "HIGH",    "ST",    "LOW", "HIGH"};
    const struct sweep *sweep = sensitivity->sweep;
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return STATUS_MEMORY;
    printf("Share of each outcome's variance that is due to an input alone (S1) and with its "
           "interactions (ST), 95 %% intervals; %lu points, %lu cells\n",
           (unsigned long)sweep->points, (unsigned long)sweep->cells);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        scols_table_new_column(table, heads[i], 0, i >= 2 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < sensitivity->outcomes; i++) {
        for (size_t k = 0; is_known(&sensitivity->outcome[i]) && k < sweep->axes; k++)
            add_line(table, sensitivity->outcome[i].name, sweep->axis[k]->column,
                     &sensitivity->outcome[i].index[k]);
    }
    int status = scols_print_table(table) == 0 ? STATUS_OK : STATUS_MEMORY;
    scols_unref_table(table);
    print_unknown(sensitivity);
    return status;
}
