/* Remedy staircase: the rungs of the ladder as steps, each with what it takes to get past it. */
#include <math.h>
#include <string.h>

#include "plots/kinds.h"

enum { STEPS = 16, FIX = 44, ROW_PIXELS = 44, FRAME_PIXELS = 230 };
enum cost {
    COST_SYSCTL,
    COST_SETUP, /* of the host or its guests, in another way */
    COST_RESTART,
    COST_REBOOT,
    COST_RECOMPILE,
    COST_HARDWARE,
    COST_WALL
};

/* What a fix takes follows from where a limit is kept. One without a knob is got around by another
 * setup; one at its hard maximum is a constant of a program, unless it is one of the machine. */
static enum cost cost_of_fix(const struct limit *limit, bool raised)
{
    static const struct {
        const char *persist;
        enum cost cost;
    } kept[] = {{"sysctl.d", COST_SYSCTL},
                {"boot", COST_REBOOT},
                {"module", COST_REBOOT},
                {"build", COST_RECOMPILE}};
    if (strcmp(limit->layer, "hardware") == 0)
        return COST_HARDWARE;
    if (strcmp(limit->kind, "architectural") == 0)
        return COST_WALL;
    if (raised)
        return COST_RECOMPILE;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (strcmp(limit->persist, kept[i].persist) == 0)
            return kept[i].cost;
    }
    return strcmp(limit->kind, "arbitrary") == 0 ? COST_SETUP : COST_RESTART;
}

/* The remedy's first clause, cut at a word where it is still too long. */
static void short_fix(char out[FIX + 4], const char *remedy)
{
    size_t length = strcspn(remedy, ";(:");
    if (length > FIX) {
        length = FIX;
        while (length > FIX / 2 && remedy[length] != ' ')
            length--;
    }
    while (length > 0 && remedy[length - 1] == ' ')
        length--;
    bool cut = length >= FIX / 2 && remedy[length] == ' ' && length + 1 < strlen(remedy) &&
               strchr(";(:", remedy[length + 1]) == NULL;
    snprintf(out, FIX + 4, "%.*s%s", (int)length, remedy, cut ? "..." : "");
}

static double most_before(const struct rung *rung)
{
    return fmax(rung->fails_at - 1, 0);
}

/* Steps that lie at the same count are one climb: the first of them comes first. */
int plot_staircase(struct plot *plot, const struct model *model,
                   const struct prediction *prediction, struct diag *diag)
{
    size_t rows = prediction->rungs < STEPS ? prediction->rungs : STEPS;
    char ramp[PLOT_WORD];
    char from[PLOT_WORD];
    char to[PLOT_WORD];
    char asked[PLOT_WORD];
    if (rows == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL,
                        "no limit stops this ramp: there is nothing to raise");
    plot_words(ramp, model_ramp(model));
    unsigned used = 0;
    plot_block(plot, "steps", "row\tlimit\traised\tmost\tnext\tcost\tfix\ttext");
    for (size_t i = 0; i < rows; i++) {
        const struct rung *rung = &prediction->ladder[i];
        const struct limit *limit = prediction->outcomes[rung->outcome].limit;
        char fix[FIX + 4];
        double most = most_before(rung);
        double next = i + 1 < prediction->rungs ? most_before(&prediction->ladder[i + 1]) : most;
        short_fix(fix, rung->raised ? "beyond the most it can be raised to" : limit->remedy);
        plot_count(from, most);
        plot_count(to, next);
        bool ends = i + 1 == prediction->rungs;
        enum cost cost = ends ? COST_WALL : cost_of_fix(limit, rung->raised);
        used |= 1u << cost;
        fprintf(plot->data, "%zu\t%s\t%d\t%.10g\t%.10g\t%d\t", i, limit->id, rung->raised, most,
                next, (int)cost);
        plot_cell(plot, fix);
        fprintf(plot->data, "\t%s%s%s\n", from, ends ? "" : " to ", ends ? "" : to);
    }
    const struct rung *last = &prediction->ladder[rows - 1];
    plot_count(from, most_before(&prediction->ladder[0]));
    plot_count(to, most_before(last));
    plot_count(asked, prediction->requested);
    if (rows > 1)
        plot_text(plot, "title_text", "%zu fix%s %s %s from %s to %s; then %s stops the ramp",
                  rows - 1, rows == 2 ? "" : "es", rows == 2 ? "takes" : "take", ramp, from, to,
                  prediction->outcomes[last->outcome].limit->id);
    else
        plot_text(plot, "title_text", "%s stops the ramp at %s %s, and nothing comes before it",
                  prediction->outcomes[last->outcome].limit->id, from, ramp);
    plot_number(plot, "used", used);
    plot_text(plot, "ramp_text", "%s that work", ramp);
    plot_text(plot, "asked_text", "asked for: %s", asked);
    plot_number(plot, "asked", prediction->requested);
    plot_number(plot, "rows", (double)rows);
    plot_number(plot, "x_low",
                fmax(fmin(most_before(&prediction->ladder[0]),
                          prediction->requested > 0 ? prediction->requested : 1) /
                         1.5,
                     0.5));
    plot_number(plot, "x_high", fmax(most_before(last), prediction->requested) * 1.5 + 1);
    plot->height = FRAME_PIXELS + ROW_PIXELS * (unsigned)rows;
    return STATUS_OK;
}
