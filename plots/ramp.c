/* Ramp and knee: starts simulated at counts along the ramp. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plots/kinds.h"
#include "sim/knee.h"

enum { POINTS = 10 };

static const enum metric drawn[] = {METRIC_start_p50, METRIC_start_p99, METRIC_start_rate};
enum { DRAWN = sizeof drawn / sizeof drawn[0], RATE = DRAWN - 1 };

struct ramp {
    const struct catalog *catalog;
    const struct scenario *scenario;
    const struct overlay *overlay;
    const struct run_rules *rules;
};

static int simulate_at(const struct ramp *ramp, double n, struct figures *figures,
                       struct diag *diag)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct plan plan = {.model = NULL};
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = scenario_at(ramp->scenario, n, scenario, diag);
    if (status == STATUS_OK)
        status = plan_open(&plan, ramp->catalog, scenario, ramp->overlay, diag);
    if (status == STATUS_OK && !phase_applies(&plan, PHASE_START))
        status = diag_set(diag, STATUS_DATA, NULL, 0, NULL, "nothing is started in this scenario");
    if (status == STATUS_OK)
        status = run_phase(&plan, PHASE_START, ramp->rules, figures, diag);
    plan_free(&plan);
    free(scenario);
    return status;
}

static int write_points(struct plot *plot, const struct ramp *ramp, double bound, struct diag *diag)
{
    struct figures *figures = malloc(sizeof *figures);
    int status =
        figures != NULL ? STATUS_OK : diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    double before = 0;
    double low = INFINITY;
    double high = 0;
    plot_block(plot, "ramp",
               "count\tp50\tp50_low\tp50_high\tp99\tp99_low\tp99_high\trate\trate_low\trate_high");
    for (int i = 1; status == STATUS_OK && i <= POINTS; i++) {
        double n = fmax(1, floor(bound * i / POINTS));
        if (n == before)
            continue;
        before = n;
        status = simulate_at(ramp, n, figures, diag);
        if (status != STATUS_OK || figures->partial)
            break;
        fprintf(plot->data, "%.0f", n);
        for (int m = 0; m < DRAWN; m++) {
            struct interval at = figures_interval(figures, drawn[m]);
            double half = isfinite(at.half_width) ? at.half_width : 0;
            low = fmin(low, m == RATE ? low : at.mean);
            high = fmax(high, m == RATE ? high : at.mean + half);
            fprintf(plot->data, "\t%.6g\t%.6g\t%.6g", at.mean, fmax(at.mean - half, at.mean / 100),
                    at.mean + half);
        }
        fputc('\n', plot->data);
    }
    plot_number(plot, "y_low", high / low > 20 ? low / 2 : 0);
    plot_number(plot, "y_high", high / low > 20 ? high * 3 : high * 1.4);
    free(figures);
    return status;
}

/* The knee and the wall, or NAN; and a title that tells them. */
static void write_marks(struct plot *plot, const struct prediction *prediction,
                        const struct knees *knees, double bound)
{
    int first = knees_first(knees);
    char at[PLOT_WORD];
    char wall[PLOT_WORD];
    double knee = first >= 0 ? knees->knee[first].first_bad : NAN;
    bool stopped = prediction->first_fatal >= 0;
    const struct outcome *stop = stopped ? &prediction->outcomes[prediction->first_fatal] : NULL;
    plot_count(at, first >= 0 ? knees->knee[first].last_good : bound);
    plot_count(wall, stopped ? stop->max_ok : bound);
    if (first >= 0)
        plot_text(plot, "knee_text", "knee: %s", knees->knee[first].slo);
    if (stopped)
        plot_text(plot, "wall_text", "wall: %s", stop->limit->id);
    if (first >= 0 && stopped)
        plot_text(plot, "title_text", "%s breaks beyond %s guests, before %s stops the ramp at %s",
                  knees->knee[first].slo, at, stop->limit->id, wall);
    else if (first >= 0)
        plot_text(plot, "title_text", "%s breaks beyond %s guests; no hard limit stops the ramp",
                  knees->knee[first].slo, at);
    else if (stopped && stop->max_ok > bound)
        plot_text(plot, "title_text",
                  "Every service level holds up to %s guests; %s stops the ramp at %s", at,
                  stop->limit->id, wall);
    else if (stopped)
        plot_text(plot, "title_text",
                  "Every service level holds until %s stops the ramp at %s guests", stop->limit->id,
                  wall);
    else
        plot_text(plot, "title_text",
                  "Every service level holds up to %s guests, and no limit binds", at);
    plot_number(plot, "has_knee", first >= 0);
    plot_number(plot, "has_wall", stopped && stop->max_ok <= bound);
    plot_number(plot, "knee", first >= 0 ? knee : 0);
    plot_number(plot, "wall", stopped ? stop->max_ok : 0);
    plot_number(plot, "x_high", bound * 1.05);
}

int plot_ramp(struct plot *plot, struct model *model, const struct prediction *prediction,
              const struct overlay *overlay, const struct run_rules *rules, struct diag *diag)
{
    struct ramp ramp = {model_catalog(model), model_scenario(model), overlay, rules};
    struct knees knees = {.count = 0};
    double wall = prediction->first_fatal >= 0
                      ? prediction->outcomes[prediction->first_fatal].max_ok
                      : INFINITY;
    double bound = fmax(1, fmin(wall, 2 * fmax(prediction->requested, 1)));
    if (strcmp(model_ramp(model), "guests") != 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "ramp", "only a ramp of guests is started");
    if (wall == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "not one guest starts: nothing to draw");
    int status = write_points(plot, &ramp, bound, diag);
    if (status == STATUS_OK)
        status = knees_find(&knees, ramp.catalog, ramp.scenario, bound, overlay, rules, diag);
    if (status == STATUS_OK)
        write_marks(plot, prediction, &knees, bound);
    knees_free(&knees);
    plot->height = 640;
    return status;
}
