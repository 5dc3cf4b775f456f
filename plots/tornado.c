/* Tornado: one change at a time, each a model of its own, on all CPUs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "plots/kinds.h"

enum { BARS = 16, VARIANTS_MAX = 16, NAME = 120, VALUE = 40, ROW_PIXELS = 30, FRAME_PIXELS = 180 };

/* An input (option >= 0) or a coefficient (demand >= 0), and the most that works at its ends. */
struct bar {
    char name[NAME], low_text[VALUE], high_text[VALUE];
    int option, demand;
    double low, high;
};

struct tornado {
    const struct catalog *catalog;
    const struct scenario *scenario;
    double base;
    struct bar *bars;
    size_t count;
};

/* The most that works, INFINITY when nothing stops it; NAN when the scenario cannot be, or when
 * not one step works, which tells that a change is none that could be made rather than how much it
 * matters. */
static double most(struct model *model)
{
    struct prediction prediction;
    struct diag ignored;
    double out = NAN;
    if (prediction_init(&prediction, model, &ignored) == STATUS_OK) {
        predict(model, &prediction);
        out = prediction.first_fatal >= 0 ? prediction.outcomes[prediction.first_fatal].max_ok
                                          : INFINITY;
    }
    prediction_free(&prediction);
    return out > 0 ? out : NAN;
}

/* What to try an option at. */
static size_t variants(const struct scenario_option *option, double base, double *out)
{
    size_t count = 0;
    if (option->kind == KIND_BOOL) {
        out[count++] = base == 0;
    } else if (option->kind == KIND_CHOICE) {
        for (int i = 0; option->choices[i].text != NULL && count < VARIANTS_MAX; i++) {
            if (i != (int)base)
                out[count++] = i;
        }
    } else if (base > 0) {
        bool whole = option->kind != KIND_NUMBER;
        if (!whole || base >= 2)
            out[count++] = whole ? floor(base / 2) : base / 2;
        out[count++] = base * 2;
    } else {
        out[count++] = 1;
    }
    return count;
}

static void take(struct bar *bar, double at, const char *text)
{
    if (isnan(at))
        return;
    if (at < bar->low) {
        bar->low = at;
        snprintf(bar->low_text, sizeof bar->low_text, "%s", text);
    }
    if (at > bar->high) {
        bar->high = at;
        snprintf(bar->high_text, sizeof bar->high_text, "%s", text);
    }
}

static void vary_option(const struct tornado *tornado, struct bar *bar, double base,
                        struct scenario *scenario, struct model *model)
{
    const struct scenario_option *option = &options[bar->option];
    double values[VARIANTS_MAX];
    size_t count = variants(option, base, values);
    for (size_t i = 0; i < count; i++) {
        struct diag ignored;
        char text[VALUE];
        *scenario = *tornado->scenario;
        if (option->kind == KIND_SIZE) /* in full: what people read is rounded */
            snprintf(text, sizeof text, "%.0fK", values[i] / 1024);
        else
            option_format(option, values[i], text, sizeof text);
        if (scenario_set(scenario, option->name, text, &ignored) != STATUS_OK)
            continue;
        option_format(option, values[i], text, sizeof text);
        if (model_rebind(model, scenario, &ignored) == STATUS_OK)
            take(bar, most(model), text);
    }
}

/* The catalogue with one demand shifted to either end of its interval. */
static void vary_demand(const struct tornado *tornado, struct bar *bar)
{
    struct catalog catalog = *tornado->catalog;
    const struct demand *row = &catalog.demands[bar->demand];
    struct demand *demands = malloc(catalog.demand_count * sizeof *demands);
    size_t length = strlen(row->amount) + VALUE;
    char *amount = malloc(length);
    for (int side = -1; demands != NULL && amount != NULL && side <= 1; side += 2) {
        char text[VALUE];
        memcpy(demands, catalog.demands, catalog.demand_count * sizeof *demands);
        snprintf(amount, length, "(%s)*%.6g", row->amount, 1 + side * row->error_ratio);
        snprintf(text, sizeof text, "%+.0f %%", 100 * side * row->error_ratio);
        demands[bar->demand].amount = amount;
        struct catalog shifted = catalog;
        shifted.demands = demands;
        struct model *model;
        struct diag ignored;
        if (model_new(&model, &shifted, tornado->scenario, &ignored) == STATUS_OK)
            take(bar, most(model), text);
        model_free(model);
    }
    free(amount);
    free(demands);
}

/* The architecture is no input that varies on a host, how far guests get is what is asked, and the
 * ramp is what the answer counts. */
static bool is_varied(int option, const struct model *model)
{
    const char *ramp = model_ramp(model);
    return option != OPTION_ARCH && option != OPTION_GUESTS && option != OPTION_DISKS &&
           option != OPTION_NICS && option != option_find("stage") &&
           strcmp(options[option].name, ramp) != 0;
}

static void list_bars(struct tornado *tornado, struct model *model)
{
    const struct bar blank = {
        .option = -1, .demand = -1, .low = tornado->base, .high = tornado->base};
    for (int i = 0; options[i].name != NULL; i++) {
        if (!is_varied(i, model) || isnan(model_value(model, model_requested(model), 0, i)))
            continue;
        struct bar *bar = &tornado->bars[tornado->count++];
        *bar = blank;
        bar->option = i;
        snprintf(bar->name, sizeof bar->name, "%s", options[i].name);
    }
    for (size_t i = 0; i < tornado->catalog->demand_count; i++) {
        const struct demand *row = &tornado->catalog->demands[i];
        if (row->error_ratio == 0 ||
            !era_holds(&row->since, &row->until, tornado->scenario->versions))
            continue;
        struct bar *bar = &tornado->bars[tornado->count++];
        *bar = blank;
        bar->demand = (int)i;
        snprintf(bar->name, sizeof bar->name, "%s of a %s (uncertain)", row->resource_text,
                 per_names[row->per]);
    }
}

static void vary_all(struct tornado *tornado, struct model *model)
{
    double *base = calloc(tornado->count + 1, sizeof *base);
    for (size_t i = 0; base != NULL && i < tornado->count; i++) {
        if (tornado->bars[i].option >= 0)
            base[i] = model_value(model, model_requested(model), 0, tornado->bars[i].option);
    }
#pragma omp parallel
    {
        struct scenario *scenario = malloc(sizeof *scenario);
        struct model *own = NULL;
        struct diag ignored;
        bool ready = scenario != NULL && base != NULL &&
                     model_new(&own, tornado->catalog, tornado->scenario, &ignored) == STATUS_OK;
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < tornado->count; i++) {
            struct bar *bar = &tornado->bars[i];
            if (ready && bar->option >= 0)
                vary_option(tornado, bar, base[i], scenario, own);
            else if (ready)
                vary_demand(tornado, bar);
        }
        model_free(own);
        free(scenario);
    }
    free(base);
}

static double swing(const struct bar *bar)
{
    return isinf(bar->high) ? INFINITY : log((bar->high + 1) / (bar->low + 1));
}

static int compare_bars(const void *left, const void *right)
{
    const struct bar *a = left;
    const struct bar *b = right;
    if (swing(a) != swing(b))
        return swing(a) > swing(b) ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void write_bars(struct plot *plot, const struct tornado *tornado, size_t rows,
                       const char *ramp)
{
    double low = tornado->base;
    double high = tornado->base;
    char count[PLOT_WORD];
    for (size_t i = 0; i < rows; i++) {
        low = fmin(low, tornado->bars[i].low);
        high = isfinite(tornado->bars[i].high) ? fmax(high, tornado->bars[i].high) : high;
    }
    plot_block(plot, "bars", "row\tname\tlow\thigh\tlow_value\thigh_value\tuncertain");
    for (size_t i = 0; i < rows; i++) {
        const struct bar *bar = &tornado->bars[i];
        fprintf(plot->data, "%zu\t%s\t%.10g\t%.10g\t%s\t%s\t%d\n", i, bar->name, bar->low,
                fmin(bar->high, high * 3), bar->low < tornado->base ? bar->low_text : "-",
                bar->high > tornado->base ? bar->high_text : "-", bar->demand >= 0);
    }
    plot_count(count, tornado->base);
    plot_text(plot, "base_text", "now: %s", count);
    plot_text(plot, "ramp_text", "most %s that work", ramp);
    plot_number(plot, "base", tornado->base);
    bool uncertain = false;
    size_t longest = 0;
    for (size_t i = 0; i < rows; i++) {
        uncertain = uncertain || tornado->bars[i].demand >= 0;
        longest = fmax(longest, strlen(tornado->bars[i].name));
    }
    plot_number(plot, "left_letters", (double)longest + 2);
    plot_number(plot, "uncertain", uncertain);
    plot_number(plot, "rows", (double)rows);
    plot_number(plot, "x_low", fmax(low / 2.5, 0.5));
    plot_number(plot, "x_high", fmax(high, 1) * 2.5);
    plot->height = FRAME_PIXELS + ROW_PIXELS * (unsigned)rows;
}

/* The first bar in words: what leaves fewer, what allows more. */
static void write_title(struct plot *plot, const struct tornado *tornado, const char *ramp)
{
    const struct bar *first = &tornado->bars[0];
    char fewer[2 * PLOT_WORD] = "";
    char more[2 * PLOT_WORD] = "";
    char count[PLOT_WORD];
    plot_count(count, first->low);
    if (first->low < tornado->base)
        snprintf(fewer, sizeof fewer, " %s leaves %s,", first->low_text, count);
    plot_count(count, first->high);
    if (first->high > tornado->base)
        snprintf(more, sizeof more, " %s allows %s,", first->high_text, count);
    plot_count(count, tornado->base);
    plot_text(plot, "title_text", "%s matters most to how many %s work:%s%s now %s", first->name,
              ramp, fewer, more, count);
}

int plot_tornado(struct plot *plot, struct model *model, const struct prediction *prediction,
                 struct diag *diag)
{
    struct tornado tornado = {.catalog = model_catalog(model), .scenario = model_scenario(model)};
    char ramp[PLOT_WORD];
    if (prediction->first_fatal < 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL,
                        "no limit stops this ramp: there is no count to vary");
    tornado.base = prediction->outcomes[prediction->first_fatal].max_ok;
    tornado.bars = calloc(option_count() + tornado.catalog->demand_count + 1, sizeof *tornado.bars);
    if (tornado.bars == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    plot_words(ramp, model_ramp(model));
    list_bars(&tornado, model);
    vary_all(&tornado, model);
    qsort(tornado.bars, tornado.count, sizeof *tornado.bars, compare_bars);
    size_t rows = 0;
    while (rows < BARS && rows < tornado.count && swing(&tornado.bars[rows]) > 0)
        rows++;
    int status = STATUS_OK;
    if (rows > 0) {
        write_bars(plot, &tornado, rows, ramp);
        write_title(plot, &tornado, ramp);
    } else {
        status = diag_set(diag, STATUS_DATA, NULL, 0, NULL,
                          "no input changes how many %s work: nothing to draw", ramp);
    }
    free(tornado.bars);
    return status;
}
