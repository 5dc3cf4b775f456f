/* The knee: the count at which a host is still within every hard limit but no longer good enough. A
 * service level (data/slo.csv) is a metric and the worst value that is acceptable; its knee is the
 * first count of the ramp at which the simulated mean is worse, found by narrowing a bracket. All
 * runs share their random numbers, so that neighbouring counts differ by what the count changes,
 * not by luck. A metric is taken to grow along the ramp. A probe has few replications, until its 95
 * % intervals are clear of every level: it is asked which side of a level it is on, not where. */
#ifndef SIM_KNEE_H
#define SIM_KNEE_H

#include "model/catalog.h"
#include "model/scenario.h"
#include "model/table.h"
#include "sim/run.h"

enum { LEVELS_MAX = 32, PROBE_REPLICATIONS_LEAST = 2, PROBE_REPLICATIONS = 4 };

struct knee {
    const char *slo, *description, *source, *unit; /* of the level; point into the table */
    enum metric metric;
    double worst;
    double last_good, first_bad; /* counts; first_bad INFINITY: none up to the bound */
    struct interval at_bad;      /* the metric there, or at the bound */
    uint64_t replications;
};

struct knees {
    struct table table;
    struct knee knee[LEVELS_MAX];
    size_t count; /* levels whose metric this scenario has */
    double bound; /* the largest count looked at */
    bool partial; /* cancelled: what was found so far */
};

/* Looks for the knee of each level up to `bound` guests (or units of another ramp). An slo.csv
 * in the overlay's directory replaces the built-in one. The caller ends with knees_free,
 * also after an error. */
int knees_find(struct knees *knees, const struct catalog *catalog, const struct scenario *scenario,
               double bound, const struct overlay *overlay, const struct run_rules *rules,
               struct diag *diag);
/* The same for a scenario whose totals of devices are spread anew over the guests of every count.
 */
int knees_find_spread(struct knees *knees, const struct catalog *catalog,
                      const struct scenario *scenario, double bound, const struct overlay *overlay,
                      const struct run_rules *rules, struct diag *diag);
void knees_free(struct knees *knees);

/* The knee with the least first_bad; -1: none within the bound. */
int knees_first(const struct knees *knees);

#endif
