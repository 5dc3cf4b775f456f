/* Headroom ladder: a row a limit. */
#include <math.h>
#include <string.h>

#include "plots/kinds.h"

enum { ROWS = 20, ROW_PIXELS = 24, FRAME_PIXELS = 170 };

/* A step of the ramp is written with its unit left out; what never fails, as the bound. */
static void most_text(char out[3 * PLOT_WORD], const struct outcome *outcome, double bound)
{
    char low[PLOT_WORD];
    char high[PLOT_WORD];
    plot_count(low, fmin(outcome->max_ok_low, bound));
    plot_count(high, fmin(outcome->max_ok_high, bound));
    if (isinf(outcome->max_ok))
        snprintf(out, 3 * PLOT_WORD, "any");
    else if (outcome->max_ok_low == outcome->max_ok_high)
        snprintf(out, 3 * PLOT_WORD, "%s", low);
    else if (isinf(outcome->max_ok_high))
        snprintf(out, 3 * PLOT_WORD, "%s or more", low);
    else
        snprintf(out, 3 * PLOT_WORD, "%s to %s", low, high);
}

static double ratio(double demand, double capacity)
{
    return capacity > 0 ? fmax(demand, 0) / capacity : demand > 0 ? INFINITY : 0;
}

static void write_title(struct plot *plot, const struct model *model,
                        const struct prediction *prediction)
{
    char ramp[PLOT_WORD];
    char asked[PLOT_WORD];
    char most[PLOT_WORD];
    plot_words(ramp, model_ramp(model));
    plot_count(asked, prediction->requested);
    if (prediction->first_fatal < 0) {
        plot_text(plot, "title_text", "No limit stops the ramp of %s; %s asked for", ramp, asked);
        return;
    }
    const struct outcome *first = &prediction->outcomes[prediction->first_fatal];
    plot_count(most, first->max_ok);
    plot_text(plot, "title_text", "%s stops the ramp first, after %s %s; %s asked for",
              first->limit->id, most, ramp, asked);
}

int plot_ladder(struct plot *plot, struct model *model, const struct prediction *prediction,
                struct diag *diag)
{
    size_t rows = prediction->count < ROWS ? prediction->count : ROWS;
    size_t longest = 8;
    double least = 0.1;
    double greatest = 1;
    if (rows == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "no limit applies: nothing to draw");
    write_title(plot, model, prediction);
    plot_block(plot, "limits",
               "row\tlimit\tlayer\teffect\tratio\tlow\thigh\tdemand\tcapacity\tmost\tkind\ttext");
    for (size_t i = 0; i < rows; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        const struct headroom *at = &outcome->asked;
        double here = ratio(at->demand, at->capacity);
        char most[3 * PLOT_WORD];
        int kind = (int)i == prediction->first_fatal ? 0 : limit_is_fatal(outcome->limit) ? 1 : 2;
        most_text(most, outcome, model_ramp_bound(model));
        fprintf(plot->data, "%zu\t%s\t%s\t%s\t%.6g\t%.6g\t%.6g\t%.10g\t%.10g\t%.10g\t%d\t%s\n", i,
                outcome->limit->id, outcome->limit->layer, outcome->limit->effect_text, here,
                ratio(at->demand - at->error, at->capacity),
                ratio(at->demand + at->error, at->capacity), at->demand, at->capacity,
                outcome->max_ok, kind, most);
        longest = fmax(longest, strlen(outcome->limit->id));
        least = here > 0 ? fmin(least, here) : least;
        greatest = isfinite(here) ? fmax(greatest, here) : greatest;
    }
    char ramp[PLOT_WORD];
    plot_words(ramp, model_ramp(model));
    plot_text(plot, "most_text", "most %s that work", ramp);
    if (prediction->count > rows)
        plot_text(plot, "rest_text", " (%zu more limits are further off)",
                  prediction->count - rows);
    else
        plot_text(plot, "rest_text", "%s", "");
    plot_number(plot, "rows", (double)rows);
    plot_number(plot, "left_letters", (double)longest + 2);
    plot_number(plot, "x_low", fmax(pow(10, floor(log10(least))), 1e-5));
    plot_number(plot, "x_high", pow(10, ceil(log10(greatest * 1.2))));
    plot->height = FRAME_PIXELS + ROW_PIXELS * (unsigned)rows;
    return STATUS_OK;
}
