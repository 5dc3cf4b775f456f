#include "sim/design.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "model/text.h"
#include "sim/sobol.h"

static_assert((int)AXES_MAX <= (int)SOBOL_INPUTS_MAX, "every axis may be an input");

static int no_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

static int take_interval(struct axis *axis, const struct costs *costs, struct diag *diag)
{
    size_t count;
    const struct parameter *parameters = costs_parameters(costs, 0, &count);
    const char *name = strchr(axis->column, '.') + 1;
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (size_t i = 0; i < count; i++) {
        text_nearest_offer(&nearest, parameters[i].name);
        if (strcmp(parameters[i].name, name) != 0)
            continue;
        axis->low = parameters[i].low;
        axis->high = parameters[i].high;
        if (axis->high > axis->low && isfinite(axis->low) && isfinite(axis->high))
            return STATUS_OK;
        return diag_set(diag, STATUS_DATA, NULL, 0, axis->column,
                        "has no interval in parameters.csv; give one as %s=LOW..HIGH", name);
    }
    diag_set(diag, STATUS_DATA, NULL, 0, axis->column, "unknown parameter");
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

static bool is_asked(const struct axis *axis)
{
    return axis->interval && isnan(axis->low);
}

static int set_plain(struct scenario *scenario, const struct axes *axes, struct diag *diag)
{
    int status = STATUS_OK;
    for (int pass = 0; pass < 2; pass++) { /* a host replaces what others adjust */
        for (size_t i = 0; status == STATUS_OK && i < axes->count; i++) {
            const struct axis *axis = &axes->items[i];
            if (axis->count == 1 && (strcmp(axis->name, "host") == 0) == (pass == 0))
                status = scenario_set(scenario, axis->name, axis->values[0].text, diag);
        }
    }
    return status;
}

int design_parameters(struct axes *axes, const struct catalog *catalog,
                      const struct scenario *start, const struct overlay *overlay,
                      struct diag *diag)
{
    struct model *model = NULL;
    struct costs *costs = NULL;
    bool asked = false;
    for (size_t i = 0; i < axes->count; i++)
        asked = asked || is_asked(&axes->items[i]);
    if (!asked)
        return STATUS_OK;
    struct scenario *scenario = malloc(sizeof *scenario);
    if (scenario == NULL)
        return no_memory(diag);
    *scenario = *start;
    int status = set_plain(scenario, axes, diag);
    if (status == STATUS_OK)
        status = model_new(&model, catalog, scenario, diag);
    if (status == STATUS_OK)
        status = costs_new(&costs, model, overlay, diag);
    for (size_t i = 0; status == STATUS_OK && i < axes->count; i++) {
        if (is_asked(&axes->items[i]))
            status = take_interval(&axes->items[i], costs, diag);
    }
    costs_free(costs);
    model_free(model);
    free(scenario);
    return status;
}

/* Limits and counts are whole numbers, coefficients are not. */
static bool is_whole(const struct axis *axis)
{
    bool real = axis->option >= 0 ? options[axis->option].kind == KIND_NUMBER
                                  : strcmp(axis->name, "parameter") == 0;
    return !real && axis->low == floor(axis->low) && axis->high == floor(axis->high);
}

/* The value of an interval at `u` of [0, 1). */
static double value_at(const struct axis *axis, double u)
{
    double whole = is_whole(axis);
    double end = axis->high + whole; /* each whole number has one of this length */
    double at =
        axis->geometric ? axis->low * pow(end / axis->low, u) : axis->low + u * (end - axis->low);
    return fmin(whole != 0 ? floor(at) : at, axis->high);
}

static int draw(struct axis *axis, const double *points, size_t count, size_t inputs, size_t input,
                struct diag *diag)
{
    size_t listed = axis->count;
    int status = STATUS_OK;
    axis->drawn = calloc(2 * count, sizeof *axis->drawn);
    if (axis->drawn == NULL)
        return no_memory(diag);
    for (size_t row = 0; status == STATUS_OK && row < 2 * count; row++) { /* A, then B */
        double u = points[(row % count) * 2 * inputs + (row < count ? 0 : inputs) + input];
        axis->drawn[row] = (uint32_t)(axis->interval ? row : (size_t)(u * (double)listed));
        if (axis->interval)
            status = axis_append(axis, value_at(axis, u), diag);
    }
    return status;
}

int design_draw(struct axes *axes, size_t points, uint64_t seed, struct diag *diag)
{
    size_t inputs = 0;
    size_t input = 0;
    for (size_t i = 0; i < axes->count; i++)
        inputs += axes->items[i].interval || axes->items[i].count > 1;
    if (inputs == 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "sobol",
                        "nothing varies; give some option a range LOW..HIGH or a list");
    if (inputs > AXES_MAX)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "sobol", "more than %d inputs", AXES_MAX);
    double *at = malloc(points * 2 * inputs * sizeof *at);
    int status = at != NULL ? sobol_points(at, points, inputs, seed, diag) : no_memory(diag);
    for (size_t i = 0; status == STATUS_OK && i < axes->count; i++) {
        struct axis *axis = &axes->items[i];
        if (axis->interval || axis->count > 1)
            status = draw(axis, at, points, inputs, input++, diag);
    }
    free(at);
    return status;
}
