#include "sim/axis.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "model/text.h"

static int no_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

static void clear(struct axis *axis)
{
    for (size_t i = 0; i < axis->count; i++)
        free(axis->values[i].text);
    free(axis->values);
    free(axis->drawn);
    *axis = (struct axis){.option = -1};
}

void axes_free(struct axes *axes)
{
    for (size_t i = 0; i < axes->count; i++)
        clear(&axes->items[i]);
    free(axes->items);
    *axes = (struct axes){.count = 0};
}

static void name_option(struct axis *axis, int option)
{
    enum option_kind kind = options[option].kind;
    axis->option = option;
    axis->numeric = kind != KIND_CHOICE && kind != KIND_BOOL;
    snprintf(axis->name, sizeof axis->name, "%s", options[option].name);
    snprintf(axis->column, sizeof axis->column, "%s", options[option].name);
}

static bool is_override(const char *name)
{
    return strcmp(name, "set") == 0 || strcmp(name, "used") == 0 || strcmp(name, "parameter") == 0;
}

/* The value of an item, NAN for a word. Whether the name takes it is seen when it is applied, but
 * an option's own reading is known here. */
static int read_value(const struct axis *axis, const char *text, double *value, struct diag *diag)
{
    *value = NAN;
    if (axis->option >= 0)
        return option_parse(&options[axis->option], text, value, diag);
    if (!axis->numeric)
        return STATUS_OK;
    if (strcmp(text, "unlimited") == 0 || strcmp(text, "inf") == 0)
        *value = INFINITY;
    else if (!text_parse_size(text, value))
        return diag_set(diag, STATUS_DATA, NULL, 0, axis->column,
                        "'%s' is not a number or 'unlimited'", text);
    return STATUS_OK;
}

static int append(struct axis *axis, const char *text, struct diag *diag)
{
    const char *key = strchr(axis->column, '.');
    double value;
    int status = read_value(axis, text, &value, diag);
    if (status != STATUS_OK)
        return status;
    if (axis->count == AXIS_VALUES_MAX)
        return diag_set(diag, STATUS_DATA, NULL, 0, axis->column, "more than %d values",
                        AXIS_VALUES_MAX);
    if ((axis->count & (axis->count - 1)) == 0) { /* full at each power of two */
        size_t room = axis->count > 0 ? 2 * axis->count : 1;
        struct axis_value *grown = realloc(axis->values, room * sizeof *grown);
        if (grown == NULL)
            return no_memory(diag);
        axis->values = grown;
    }
    char *copy;
    if (asprintf(&copy, "%s%s%s", is_override(axis->name) ? key + 1 : "",
                 is_override(axis->name) ? "=" : "", text) < 0)
        return no_memory(diag);
    axis->values[axis->count++] = (struct axis_value){copy, value};
    return STATUS_OK;
}

/* A number as its option reads it back: bytes carry a suffix, because memory without one is MiB. */
static void write_number(const struct axis *axis, double value, char out[64])
{
    bool size = axis->option >= 0 && options[axis->option].kind == KIND_SIZE;
    snprintf(out, 64, value == floor(value) ? "%.0f%s" : "%.17g%s", value, size ? "B" : "");
}

int axis_append(struct axis *axis, double number, struct diag *diag)
{
    char text[64];
    write_number(axis, number, text);
    return append(axis, text, diag);
}

struct range {
    double first, last, step;
    bool geometric;
};

static int bad_range(const struct axis *axis, const char *item, const char *why, struct diag *diag)
{
    return diag_set(diag, STATUS_DATA, NULL, 0, axis->column,
                    "'%s': %s; expected a..b, a..b:step or a..b:xFACTOR", item, why);
}

static int parse_range(const struct axis *axis, const char *item, const char *dots,
                       struct range *range, struct diag *diag)
{
    char first[64], last[64];
    const char *colon = strchr(dots, ':');
    snprintf(first, sizeof first, "%.*s", (int)(dots - item), item);
    snprintf(last, sizeof last, "%.*s", (int)(colon != NULL ? colon - dots - 2 : 60), dots + 2);
    *range = (struct range){.step = 1};
    int status = read_value(axis, first, &range->first, diag);
    if (status == STATUS_OK)
        status = read_value(axis, last, &range->last, diag);
    if (status != STATUS_OK)
        return status;
    if (colon != NULL && colon[1] == 'x') {
        range->geometric = true;
        if (!text_parse_number(colon + 2, &range->step) || !(range->step > 1))
            return bad_range(axis, item, "the factor is not a number above 1", diag);
        if (!(range->first > 0))
            return bad_range(axis, item, "a geometric range begins above 0", diag);
    } else if (colon != NULL) {
        status = read_value(axis, colon + 1, &range->step, diag);
        if (status == STATUS_OK && !(range->step > 0))
            status = bad_range(axis, item, "the step is not above 0", diag);
    } else if (axis->option >= 0 && options[axis->option].kind == KIND_SIZE) {
        range->step = 0; /* none that would go without saying */
    }
    if (status == STATUS_OK && (!(range->last >= range->first) || isinf(range->last)))
        status = bad_range(axis, item, "the range is empty or has no end", diag);
    return status;
}

static int append_range(struct axis *axis, const char *item, const char *dots, struct diag *diag)
{
    struct range range;
    double before = NAN;
    int status = parse_range(axis, item, dots, &range, diag);
    if (status == STATUS_OK && range.step == 0)
        status = bad_range(axis, item, "sizes need a step", diag);
    if (status == STATUS_OK && !range.geometric &&
        (range.last - range.first) / range.step >= AXIS_VALUES_MAX)
        return bad_range(axis, item, "more than 10 million values", diag);
    double end = range.last * (1 + 1e-12); /* 0.1 added ten times is above 1 */
    double power = 1;
    for (uint64_t i = 0; status == STATUS_OK; i++, power *= range.step) {
        double at = range.geometric ? range.first * power : range.first + (double)i * range.step;
        bool whole = axis->option < 0 || options[axis->option].kind != KIND_NUMBER;
        if (at > end)
            break;
        at = range.geometric && whole ? round(at) : fmin(at, range.last);
        if (at == before) /* small counts grow by less than 1 */
            continue;
        before = at;
        status = axis_append(axis, at, diag);
    }
    return status;
}

static int set_interval(struct axis *axis, const char *item, const char *dots, struct diag *diag)
{
    struct range range;
    int status = parse_range(axis, item, dots, &range, diag);
    if (status != STATUS_OK)
        return status;
    axis->interval = true;
    axis->geometric = range.geometric;
    axis->low = range.first;
    axis->high = range.last;
    return STATUS_OK;
}

/* A range with a step is a list of values. */
static bool is_interval(const char *dots)
{
    const char *colon = strchr(dots, ':');
    return colon == NULL || colon[1] == 'x';
}

static int append_item(struct axis *axis, const char *item, bool intervals, struct diag *diag)
{
    const char *dots = strstr(item, "..");
    if (item[0] == '\0')
        return diag_set(diag, STATUS_DATA, NULL, 0, axis->column, "an empty value in the list");
    if (axis->interval ||
        (axis->numeric && intervals && axis->count > 0 && dots != NULL && is_interval(dots)))
        return diag_set(
            diag, STATUS_DATA, NULL, 0, axis->column,
            "'%s': an interval to draw from stands alone; give a range in a list a step", item);
    if (axis->numeric && intervals && dots != NULL && is_interval(dots))
        return set_interval(axis, item, dots, diag);
    return dots != NULL && axis->numeric ? append_range(axis, item, dots, diag)
                                         : append(axis, item, diag);
}

static int compare_values(const void *left, const void *right)
{
    const struct axis_value *const *a = left;
    const struct axis_value *const *b = right;
    if (!isnan((*a)->value) && !isnan((*b)->value))
        return ((*a)->value > (*b)->value) - ((*a)->value < (*b)->value);
    return strcmp((*a)->text, (*b)->text);
}

static int check_distinct(const struct axis *axis, struct diag *diag)
{
    const struct axis_value **sorted = malloc((axis->count + 1) * sizeof *sorted);
    int status = sorted != NULL ? STATUS_OK : no_memory(diag);
    for (size_t i = 0; status == STATUS_OK && i < axis->count; i++)
        sorted[i] = &axis->values[i];
    if (status == STATUS_OK)
        qsort(sorted, axis->count, sizeof *sorted, compare_values);
    for (size_t i = 1; status == STATUS_OK && i < axis->count; i++) {
        if (compare_values(&sorted[i - 1], &sorted[i]) == 0)
            status = diag_set(diag, STATUS_DATA, NULL, 0, axis->column, "'%s' is there twice",
                              sorted[i]->text);
    }
    free(sorted);
    return status;
}

/* Moves an axis's values to the list: in place of one that says the same thing, or as the last. */
static int keep(struct axes *axes, struct axis *axis, struct diag *diag)
{
    int status = check_distinct(axis, diag);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < axes->count; i++) {
        if (strcmp(axes->items[i].column, axis->column) == 0) {
            clear(&axes->items[i]);
            axes->items[i] = *axis;
            *axis = (struct axis){.option = -1};
            return STATUS_OK;
        }
    }
    struct axis *grown = realloc(axes->items, (axes->count + 1) * sizeof *grown);
    if (grown == NULL)
        return no_memory(diag);
    axes->items = grown;
    grown[axes->count++] = *axis;
    *axis = (struct axis){.option = -1};
    return STATUS_OK;
}

/* What --set says of an option of the host is that option's axis. */
static void begin_override(struct axis *axis, const char *name, const char *id)
{
    int option = strcmp(name, "set") == 0 ? option_find_set(id) : -1;
    if (option >= 0) {
        name_option(axis, option);
        return;
    }
    axis->option = -1;
    axis->numeric = true;
    snprintf(axis->name, sizeof axis->name, "%.63s", name);
    snprintf(axis->column, sizeof axis->column, "%.16s.%.63s", name, id);
}

static int add_overrides(struct axes *axes, struct axis *axis, const char *name, char *text,
                         struct diag *diag)
{
    int status = STATUS_OK;
    for (char *item; status == STATUS_OK && (item = strsep(&text, ",")) != NULL;) {
        char *equals = strchr(item, '=');
        bool alone = equals == NULL && axes->intervals && strcmp(name, "parameter") == 0 &&
                     !isdigit((unsigned char)item[0]);
        if ((equals != NULL || alone) && axis->column[0] != '\0')
            status = keep(axes, axis, diag);
        if (status == STATUS_OK && alone) {
            begin_override(axis, name, item);
            axis->interval = true;
            axis->low = NAN;
            continue;
        }
        if (equals != NULL) {
            *equals = '\0';
            begin_override(axis, name, item);
            item = equals + 1;
        } else if (axis->column[0] == '\0') {
            return diag_set(diag, STATUS_DATA, NULL, 0, name, "'%s' is not NAME=VALUE", item);
        }
        if (status == STATUS_OK)
            status = append_item(axis, item, axes->intervals, diag);
    }
    return status == STATUS_OK ? keep(axes, axis, diag) : status;
}

/* host, ramp and components, by the names that scenario_set tells them apart by. */
static const char *word_name(const char *name)
{
    enum component component = component_find(name, strlen(name));
    if (component != COMPONENT_COUNT)
        return component_name(component);
    return strcmp(name, "host") == 0 || strcmp(name, "ramp") == 0 ? name : NULL;
}

static int add_list(struct axes *axes, struct axis *axis, char *text, struct diag *diag)
{
    int status = STATUS_OK;
    for (char *item; status == STATUS_OK && (item = strsep(&text, ",")) != NULL;)
        status = append_item(axis, item, axes->intervals, diag);
    return status == STATUS_OK ? keep(axes, axis, diag) : status;
}

int axes_add(struct axes *axes, const char *name, const char *text, struct diag *diag)
{
    struct axis axis = {.option = -1};
    int option = option_find(name);
    const char *word = word_name(name);
    if (option < 0 && word == NULL && !is_override(name))
        return scenario_unknown_name(name, diag);
    char *copy = strdup(text);
    int status = copy != NULL ? STATUS_OK : no_memory(diag);
    if (status == STATUS_OK && is_override(name)) {
        status = add_overrides(axes, &axis, name, copy, diag);
    } else if (status == STATUS_OK) {
        if (option >= 0)
            name_option(&axis, option);
        else
            snprintf(axis.name, sizeof axis.name, "%s", word);
        snprintf(axis.column, sizeof axis.column, "%s", axis.name);
        status = add_list(axes, &axis, copy, diag);
    }
    clear(&axis);
    free(copy);
    return status;
}
