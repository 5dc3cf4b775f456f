#include "sim/host/costs.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/names.h"
#include "model/table.h"
#include "model/text.h"
#include "sim/engine/random.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static const char *const places[] = {"delay", "qemu", "vcpu", "daemon", "lock", "disk"};
static const char *const phases[] = {"define", "prepare", "exec", "realize",
                                     "memory", "boot",    "run",  "migrate"};

enum parameter_column {
    P_NAME,
    P_VALUE,
    P_LOW,
    P_HIGH,
    P_UNIT,
    P_WHEN,
    P_SINCE,
    P_UNTIL,
    P_FITTED,
    P_SOURCE,
    P_CONFIDENCE,
    P_DESCRIPTION,
    P_COLUMNS
};
static const char *const parameter_columns[P_COLUMNS] = {
    "parameter", "value", "low",    "high",   "unit",       "when",
    "since",     "until", "fitted", "source", "confidence", "description"};

enum step_column {
    S_STEP,
    S_PHASE,
    S_STATION,
    S_WHEN,
    S_AMOUNT,
    S_GROWTH,
    S_SINCE,
    S_UNTIL,
    S_SOURCE,
    S_CONFIDENCE,
    S_COLUMNS
};
static const char *const step_columns[S_COLUMNS] = {"step",   "phase",     "station", "when",
                                                    "amount", "growth",    "since",   "until",
                                                    "source", "confidence"};

/* What comes first is asked first: a file of parameters, an overlay's, the embedded ones. */
enum { PARAMETER_TABLES = 3, STEP_TABLES = 2 };

struct class_costs {
    struct parameter *parameters;
    struct step steps[STEPS_MAX];
    size_t step_count;
};

struct costs {
    struct model *model;
    struct table parameters[PARAMETER_TABLES], steps[STEP_TABLES];
    struct names names;
    size_t parameter_count; /* distinct names */
    struct class_costs *classes;
    size_t class_count;
    const char *locks[HOST_LOCKS_MAX];
    uint64_t draw;                     /* of struct overlay */
    const struct class_costs *binding; /* the class whose values expressions read */
};

/* A row on its way in. */
struct row {
    const struct table *table;
    size_t row;
    const int *column;
    struct diag *diag;
};

static const char *cell(const struct row *row, int column)
{
    return table_cell(row->table, row->row, row->column[column]);
}

static double *lookup(const char *name, void *context)
{
    struct costs *costs = context;
    int index = names_find(&costs->names, name);
    return index >= 0 ? &costs->binding->parameters[index].value : NULL;
}

/* Evaluates a cell; empty means `empty`. */
static int evaluate(struct costs *costs, size_t class_index, const struct row *row, int column,
                    double empty, double *value)
{
    const char *text = cell(row, column);
    *value = empty;
    if (text[0] == '\0')
        return STATUS_OK;
    int status = model_evaluate(costs->model, class_index, text, lookup, costs, value, row->diag);
    if (status != STATUS_OK) {
        char message[sizeof row->diag->message];
        memcpy(message, row->diag->message, sizeof message);
        table_error(row->table, row->row, row->column[column], row->diag, "%s", message);
    }
    return status;
}

static int holds(struct costs *costs, size_t class_index, const struct row *row, int when,
                 int since, int until, bool *holds)
{
    struct era_bound from;
    struct era_bound to;
    double value;
    if (!era_bound_parse(cell(row, since), &from))
        return table_error(row->table, row->row, row->column[since], row->diag,
                           "'%s' is not COMPONENT-VERSION such as linux-5.13", cell(row, since));
    if (!era_bound_parse(cell(row, until), &to))
        return table_error(row->table, row->row, row->column[until], row->diag,
                           "'%s' is not COMPONENT-VERSION such as qemu-9.0", cell(row, until));
    *holds = era_holds(&from, &to, model_scenario(costs->model)->versions);
    if (!*holds)
        return STATUS_OK;
    int status = evaluate(costs, class_index, row, when, 1, &value);
    *holds = value != 0;
    return status;
}

/* A draw from a parameter's interval; see sim/spread.h. */
static double drawn(const struct costs *costs, const struct parameter *parameter, int index)
{
    struct rng rng;
    double width = parameter->high - parameter->low;
    rng_init(&rng, 0, costs->draw, (uint64_t)index, 0);
    double z = fmax(fmin(rng_normal(&rng), 3), -3) / (2 * 1.96);
    if (parameter->low > 0)
        return parameter->value * exp(z * log(parameter->high / parameter->low));
    return fmax(parameter->value + z * width, 0);
}

static int take_parameter(struct costs *costs, size_t class_index, const struct row *row)
{
    int index = names_find(&costs->names, cell(row, P_NAME));
    struct parameter *parameter = &costs->classes[class_index].parameters[index];
    bool applies;
    parameter->name = cell(row, P_NAME);
    if (!isnan(parameter->value))
        return STATUS_OK;
    int status = holds(costs, class_index, row, P_WHEN, P_SINCE, P_UNTIL, &applies);
    if (status != STATUS_OK || !applies)
        return status;
    parameter->unit = cell(row, P_UNIT);
    parameter->confidence = cell(row, P_CONFIDENCE);
    parameter->source = cell(row, P_SOURCE);
    parameter->fitted = cell(row, P_FITTED);
    status = evaluate(costs, class_index, row, P_VALUE, NAN, &parameter->value);
    if (status == STATUS_OK)
        status = evaluate(costs, class_index, row, P_LOW, parameter->value, &parameter->low);
    if (status == STATUS_OK)
        status = evaluate(costs, class_index, row, P_HIGH, parameter->value, &parameter->high);
    if (status == STATUS_OK && costs->draw != 0 && parameter->high > parameter->low &&
        isfinite(parameter->low) && isfinite(parameter->high))
        parameter->value = drawn(costs, parameter, index);
    return status;
}

static int take_overrides(struct costs *costs, size_t class_index, struct diag *diag)
{
    const struct scenario *scenario = model_scenario(costs->model);
    for (size_t i = 0; i < scenario->parameter_count; i++) {
        const struct override *given = &scenario->parameters[i];
        int index = names_find(&costs->names, given->name);
        if (index < 0) {
            struct text_nearest nearest;
            text_nearest_init(&nearest, given->name);
            for (size_t t = 0; t < PARAMETER_TABLES; t++) {
                for (size_t r = 0; r < costs->parameters[t].rows; r++)
                    text_nearest_offer(&nearest, table_cell(&costs->parameters[t], r, 0));
            }
            diag_set(diag, STATUS_DATA, NULL, 0, given->name, "unknown parameter");
            diag_suggest(diag, nearest.best);
            return STATUS_DATA;
        }
        costs->classes[class_index].parameters[index] = (struct parameter){.name = given->name,
                                                                           .unit = "",
                                                                           .confidence = "stated",
                                                                           .source = "the scenario",
                                                                           .fitted = "",
                                                                           .value = given->value,
                                                                           .low = given->value,
                                                                           .high = given->value};
    }
    return STATUS_OK;
}

/* Index of the cell's word; otherwise an error that names the nearest. */
static int find_word(const struct row *row, int column, const char *text, const char *const *words,
                     size_t count)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, text);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], text) == 0)
            return (int)i;
        text_nearest_offer(&nearest, words[i]);
    }
    table_error(row->table, row->row, row->column[column], row->diag,
                "'%s' is not known here, expected e.g. '%s'", text, words[0]);
    diag_suggest(row->diag, nearest.best);
    return STATUS_DATA;
}

static int take_lock(struct costs *costs, const struct row *row, const char *name)
{
    for (int i = 0; i < HOST_LOCKS_MAX; i++) {
        if (costs->locks[i] == NULL)
            costs->locks[i] = name;
        if (strcmp(costs->locks[i], name) == 0)
            return i;
    }
    return table_error(row->table, row->row, row->column[S_STATION], row->diag,
                       "more than %d locks", HOST_LOCKS_MAX);
}

/* "lock:rtnl" or one of the other stations. */
static int take_place(struct costs *costs, const struct row *row, struct step *step)
{
    const char *text = cell(row, S_STATION);
    if (strncmp(text, "lock:", 5) == 0) {
        step->place = PLACE_LOCK;
        step->lock = take_lock(costs, row, text + 5);
        return step->lock < 0 ? step->lock : STATUS_OK;
    }
    int found = find_word(row, S_STATION, text, places, LENGTH(places));
    if (found >= 0)
        step->place = (enum place)found;
    return found < 0 ? found : STATUS_OK;
}

static int take_step(struct costs *costs, size_t class_index, const struct row *row)
{
    struct class_costs *class = &costs->classes[class_index];
    struct step step = {.name = cell(row, S_STEP), .source = cell(row, S_SOURCE)};
    bool applies;
    int status = holds(costs, class_index, row, S_WHEN, S_SINCE, S_UNTIL, &applies);
    if (status == STATUS_OK)
        status = take_place(costs, row, &step);
    step.phase = find_word(row, S_PHASE, cell(row, S_PHASE), phases, LENGTH(phases));
    if (status == STATUS_OK && step.phase < 0)
        status = step.phase;
    if (status == STATUS_OK && applies)
        status = evaluate(costs, class_index, row, S_AMOUNT, 0, &step.amount);
    if (status == STATUS_OK && applies)
        status = evaluate(costs, class_index, row, S_GROWTH, 0, &step.growth);
    if (status != STATUS_OK || !applies)
        return status;
    if (isnan(step.amount) || step.amount < 0 || isnan(step.growth))
        return table_error(row->table, row->row, row->column[S_AMOUNT], row->diag,
                           "is no cost of 0 or more: a parameter in it has no row for this host");
    if (class->step_count == STEPS_MAX)
        return table_error(row->table, row->row, row->column[S_STEP], row->diag,
                           "more than %d steps apply", STEPS_MAX);
    class->steps[class->step_count++] = step;
    return STATUS_OK;
}

/* Hands every row of both tables to `take`. */
static int each_row(struct costs *costs, const struct table *tables, size_t table_count,
                    const char *const *columns, size_t count, size_t class_index,
                    int (*take)(struct costs *, size_t, const struct row *), struct diag *diag)
{
    int column[P_COLUMNS];
    for (size_t t = 0; t < table_count; t++) {
        if (tables[t].columns == 0)
            continue;
        int status = table_expect(&tables[t], columns, count, column, diag);
        for (size_t r = 0; status == STATUS_OK && r < tables[t].rows; r++)
            status = take(costs, class_index, &(struct row){&tables[t], r, column, diag});
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static int take_name(struct costs *costs, size_t class_index, const struct row *row)
{
    (void)class_index;
    int at = names_add(&costs->names, cell(row, P_NAME), (int)costs->parameter_count);
    costs->parameter_count += at == (int)costs->parameter_count;
    return STATUS_OK;
}

static int bind_class(struct costs *costs, size_t c, struct diag *diag)
{
    struct class_costs *class = &costs->classes[c];
    class->parameters = calloc(costs->parameter_count + 1, sizeof *class->parameters);
    if (class->parameters == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < costs->parameter_count; i++)
        class->parameters[i].value = NAN;
    costs->binding = class;
    int status = take_overrides(costs, c, diag);
    if (status == STATUS_OK)
        status = each_row(costs, costs->parameters, PARAMETER_TABLES, parameter_columns, P_COLUMNS,
                          c, take_parameter, diag);
    if (status == STATUS_OK)
        status =
            each_row(costs, costs->steps, STEP_TABLES, step_columns, S_COLUMNS, c, take_step, diag);
    return status;
}

static int read_tables(struct costs *costs, const struct overlay *overlay, struct diag *diag)
{
    int status = STATUS_OK;
    if (overlay != NULL && overlay->parameters != NULL)
        status = table_read_file(&costs->parameters[0], overlay->parameters, diag);
    if (status == STATUS_OK && overlay != NULL && overlay->catalog != NULL) {
        status = table_read(&costs->parameters[1], "parameters.csv", overlay->catalog, diag);
        if (status == STATUS_OK)
            status = table_read(&costs->steps[0], "costs.csv", overlay->catalog, diag);
    }
    if (status == STATUS_OK)
        status = table_read(&costs->parameters[2], "parameters.csv", NULL, diag);
    if (status == STATUS_OK)
        status = table_read(&costs->steps[1], "costs.csv", NULL, diag);
    size_t rows = 0;
    for (size_t t = 0; t < PARAMETER_TABLES; t++)
        rows += costs->parameters[t].rows;
    if (status == STATUS_OK && !names_init(&costs->names, rows))
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    if (status == STATUS_OK)
        status = each_row(costs, costs->parameters, PARAMETER_TABLES, parameter_columns, P_COLUMNS,
                          0, take_name, diag);
    return status;
}

int costs_new(struct costs **out, struct model *model, const struct overlay *overlay,
              struct diag *diag)
{
    struct costs *costs = *out = calloc(1, sizeof *costs);
    if (costs == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    costs->model = model;
    costs->draw = overlay != NULL ? overlay->draw : 0;
    costs->class_count = model_scenario(model)->class_count;
    costs->classes = calloc(costs->class_count, sizeof *costs->classes);
    int status = costs->classes == NULL
                     ? diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory")
                     : STATUS_OK;
    if (status == STATUS_OK)
        status = read_tables(costs, overlay, diag);
    for (size_t c = 0; status == STATUS_OK && c < costs->class_count; c++)
        status = bind_class(costs, c, diag);
    return status;
}

void costs_free(struct costs *costs)
{
    if (costs == NULL)
        return;
    for (size_t c = 0; costs->classes != NULL && c < costs->class_count; c++)
        free(costs->classes[c].parameters);
    for (size_t t = 0; t < PARAMETER_TABLES; t++)
        table_free(&costs->parameters[t]);
    for (size_t t = 0; t < STEP_TABLES; t++)
        table_free(&costs->steps[t]);
    names_free(&costs->names);
    free(costs->classes);
    free(costs);
}

double cost_of(const struct costs *costs, size_t class_index, const char *name)
{
    int index = names_find(&costs->names, name);
    assert(index >= 0 && "a parameter that data/parameters.csv does not have");
    return costs->classes[class_index].parameters[index].value;
}

uint64_t cost_ns(const struct costs *costs, size_t class_index, const char *name)
{
    double seconds = cost_of(costs, class_index, name);
    return seconds > 0 ? (uint64_t)llround(fmin(seconds, 1e9) * 1e9) : 0;
}

const struct step *costs_steps(const struct costs *costs, size_t class_index, size_t *count)
{
    *count = costs->classes[class_index].step_count;
    return costs->classes[class_index].steps;
}

const char *costs_lock(const struct costs *costs, size_t lock)
{
    return lock < HOST_LOCKS_MAX ? costs->locks[lock] : NULL;
}

const struct parameter *costs_parameters(const struct costs *costs, size_t class_index,
                                         size_t *count)
{
    *count = costs->parameter_count;
    return costs->classes[class_index].parameters;
}
