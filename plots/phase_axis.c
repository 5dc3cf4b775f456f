/* The axes of a phase map: what they were asked to be, and how far they reach. */
#include <math.h>
#include <string.h>

#include "model/option.h"
#include "model/text.h"
#include "plots/phase.h"

static int axis_error(struct diag *diag, const char *flag, const char *text)
{
    return diag_set(diag, STATUS_USAGE, NULL, 0, flag,
                    "'%s' is not NAME, NAME=HIGH or NAME=LOW..HIGH with 0 < LOW < HIGH", text);
}

static int unknown_option(struct diag *diag, const char *flag, const char *name)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (int i = 0; options[i].name != NULL; i++)
        text_nearest_offer(&nearest, options[i].name);
    diag_set(diag, STATUS_USAGE, NULL, 0, flag, "'%s' is not an option that can be counted", name);
    diag_suggest(diag, nearest.best);
    return STATUS_USAGE;
}

int phase_axis_read(struct phase_axis *axis, const char *flag, const char *text, struct diag *diag)
{
    char name[NAME_MAX_LENGTH];
    char low[NAME_MAX_LENGTH];
    const char *equals = strchr(text, '=');
    size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text);
    *axis = (struct phase_axis){.low = 1, .high = NAN};
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    axis->option = option_find(name);
    if (axis->option < 0 || options[axis->option].kind == KIND_CHOICE ||
        options[axis->option].kind == KIND_BOOL)
        return unknown_option(diag, flag, name);
    axis->total = axis->option == OPTION_DISKS || axis->option == OPTION_NICS;
    if (equals == NULL)
        return STATUS_OK;
    const char *high = equals + 1;
    const char *dots = strstr(high, "..");
    if (dots != NULL) {
        snprintf(low, sizeof low, "%.*s", (int)(dots - high), high);
        high = dots + 2;
        if (!text_parse_number(low, &axis->low))
            return axis_error(diag, flag, text);
    }
    if (!text_parse_number(high, &axis->high) || axis->low <= 0 || axis->high <= axis->low)
        return axis_error(diag, flag, text);
    return STATUS_OK;
}

/* A round number well above. */
static double beyond(double value)
{
    double step = pow(10, floor(log10(value)));
    return ceil(value / step) * step;
}

void phase_axis_settle(struct phase_axis *axis, double at, double wall)
{
    if (isnan(axis->high))
        axis->high = beyond(fmax(fmax(isnan(at) ? 1 : at * 5, wall), 10));
    axis->logarithmic = axis->high / axis->low >= 50;
}

double phase_edge(const struct phase_map *map, const struct phase_axis *axis, unsigned cell)
{
    double part = (double)cell / map->cells;
    return axis->logarithmic ? axis->low * pow(axis->high / axis->low, part)
                             : axis->low + (axis->high - axis->low) * part;
}

double phase_middle(const struct phase_map *map, const struct phase_axis *axis, unsigned cell)
{
    double low = phase_edge(map, axis, cell);
    double high = phase_edge(map, axis, cell + 1);
    return round(axis->logarithmic ? sqrt(low * high) : (low + high) / 2);
}
