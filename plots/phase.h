/* A phase map: which limit binds at each mix of two options. A cell's limit is the one that the mix
 * exceeds most, of those that stop something.
 *
 * One of the options is the ramp of a model that is bound once for each value of the other (a
 * line); on a line each limit's first failing step is found by bisection, and cells are compared
 * between there and the line's end on the straight line of demand over capacity. O(lines * (bind +
 * limits * log(bound)) + cells * limits that fail). */
#ifndef PLOTS_PHASE_H
#define PLOTS_PHASE_H

#include "plots/kinds.h"

enum { PHASE_CELLS_MAX = 1000, PHASE_KNEES = 5, PHASE_KNEES_MAX = 100 };

struct phase_axis {
    int option;
    bool total;       /* devices of the whole host, spread over its guests */
    double low, high; /* edges of the first and the last cell */
    bool logarithmic;
};

struct phase_map {
    struct phase_axis x, y;
    unsigned cells;       /* along each axis */
    short *limit;         /* [x * cells + y]: limit number of the catalogue; -1: fits */
    unsigned char *tight; /* likewise: demand above 80 % of some limit's capacity */
    bool *fixed;          /* by limit number: demand and capacity are the same all over the map */
    double you_x, you_y;  /* what the scenario asks for */
};

/* Errors: as for plot_phase. The caller ends with phase_free, also after an error. */
int phase_find(struct phase_map *map, const struct phase_question *question, struct diag *diag);
void phase_free(struct phase_map *map);

/* Where a service level breaks before any limit binds, in simulation: along guests where they are
 * an axis, otherwise along x; at values of the other axis, equally far apart. One replication a
 * count: O(values * log(counts) * run). Errors: those of the simulation. */
struct phase_knee {
    double x, y; /* NAN: none before a limit binds */
    char level[NAME_MAX_LENGTH];
};
int phase_knees(const struct phase_map *map, const struct phase_question *question,
                struct phase_knee *knees, struct diag *diag);

/* The value at a cell's lower edge, 0 to cells; what the cell stands for is the whole number at its
 * middle. */
double phase_edge(const struct phase_map *map, const struct phase_axis *axis, unsigned cell);
double phase_middle(const struct phase_map *map, const struct phase_axis *axis, unsigned cell);

/* Reads "NAME[=[LOW..]HIGH]"; high stays NAN when it is not said. flag is what errors name. */
int phase_axis_read(struct phase_axis *axis, const char *flag, const char *text, struct diag *diag);

/* Reaches far enough to show what the scenario asks for and what stops it: at and wall. */
void phase_axis_settle(struct phase_axis *axis, double at, double wall);

#endif
