/* The pictures: each writes the data and the variables of plots/KIND.gp. Errors: no memory, and
 * what each says. */
#ifndef PLOTS_KINDS_H
#define PLOTS_KINDS_H

#include "model/model.h"
#include "model/predict.h"
#include "plots/plot.h"
#include "sim/knee.h"
#include "sim/run.h"

/* Every limit's demand over its capacity at the request, first to fail at the top. */
int plot_ladder(struct plot *plot, struct model *model, const struct prediction *prediction,
                struct diag *diag);

/* The most that works after each fix of the ladder, and what the fix takes. */
int plot_staircase(struct plot *plot, const struct model *model,
                   const struct prediction *prediction, struct diag *diag);

/* What each input (halved, doubled, or any other choice) and each uncertain coefficient (over its
 * interval) does to the most that works. */
int plot_tornado(struct plot *plot, struct model *model, const struct prediction *prediction,
                 struct diag *diag);

/* Two options against each other: which limit binds where. x and y are "NAME", "NAME=HIGH" or
 * "NAME=LOW..HIGH"; the scenario's totals of devices are not spread yet. cells: along each axis.
 * knees: how many values of one axis a knee is looked for at, by simulation (0: none).
 * Errors: STATUS_USAGE, an unknown option or a range that is none. */
struct phase_question {
    const struct catalog *catalog;
    const struct scenario *scenario;
    const char *x, *y;
    unsigned cells, knees;
    const struct overlay *overlay; /* of the simulation; likewise rules */
    const struct run_rules *rules;
};
int plot_phase(struct plot *plot, const struct phase_question *question, struct diag *diag);

/* Simulated starts along the ramp, up to the wall or twice the request. overlay as for costs_new.
 * Errors: those of the simulation; STATUS_USAGE, a ramp other than guests. */
int plot_ramp(struct plot *plot, struct model *model, const struct prediction *prediction,
              const struct overlay *overlay, const struct run_rules *rules, struct diag *diag);

/* One replication over simulated time: guests, CPU, memory and I/O while guests start and under
 * load. knees: of the scenario, or NULL to look for them. Errors as for plot_ramp. */
int plot_timeline(struct plot *plot, struct model *model, const struct prediction *prediction,
                  const struct knees *knees, const struct overlay *overlay,
                  const struct run_rules *rules, struct diag *diag);

/* A case: what was seen and what was predicted, as counts; predicted INFINITY: none. A run that
 * ended without failing saw a lower bound, one that only tried a count that failed an upper one. */
enum parity_bound { PARITY_EXACT, PARITY_AT_LEAST, PARITY_AT_MOST };
struct parity_point {
    const char *name, *limit;
    double seen, predicted;
    double seen_low; /* what is seen lies from here to seen */
    enum parity_bound bound;
    bool limit_right, count_right;
};
int plot_parity(struct plot *plot, const struct parity_point *points, size_t count,
                struct diag *diag);

/* Points and the curve that was fitted to them, or predicted for them, with its 95 % band; what the
 * curve leaves over lies below. */
struct fit_point {
    double x, y, curve;
    bool bound; /* y is a lower bound */
};
struct fit_step {
    double x, value, low, high; /* low and high NAN: no band */
};
struct fit_picture {
    const char *title;
    const char *x_name, *y_name, *x_unit, *y_unit; /* units "s" and "B" get their prefixes */
    const char *curve_name, *band_name;
    bool refused; /* the curve does not describe the points: these turn grey */
    const struct fit_point *points;
    size_t count;
    const struct fit_step *steps; /* ascending by x */
    size_t step_count;
    bool parity; /* x and y are the same quantity: one range for both */
    bool listed; /* x is no more than the order: never logarithmic */
    bool shares; /* y is a share: what is left over is told in points, not relative to the curve */
};
int plot_fit(struct plot *plot, const struct fit_picture *picture, struct diag *diag);

#endif
