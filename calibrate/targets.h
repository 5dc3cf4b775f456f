/* Published figures against the simulation: data/targets/PART.csv. A row is one figure of a target:
 * settings of a scenario ("host=m5d-metal-2020 io_depth=32"), a metric of sim/host/metrics.h, how
 * it is compared with a second scenario, and the bounds that the source or the project sets. A
 * target is met when all its rows are. Rows without a metric say in `note` why nothing can be
 * simulated. */
#ifndef CALIBRATE_TARGETS_H
#define CALIBRATE_TARGETS_H

#include "model/catalog.h"
#include "model/table.h"
#include "sim/run.h"

enum compare { COMPARE_VALUE, COMPARE_RATIO, COMPARE_GAIN, COMPARE_DIFFERENCE, COMPARE_KNEE };

struct target_result {
    const char *target, *metric, *unit, *fitted, *note; /* of the row; fitted and note may be "" */
    double expected, low, high;
    struct interval simulated; /* after the comparison; NAN: the run had no such figure */
    uint64_t replications;
    bool simulable, inside;
    struct diag *bad; /* why the row cannot be run; NULL: it could */
};

struct target_score {
    struct table table;
    struct target_result *results;
    size_t count;
};

/* Runs every row of a table; each distinct scenario once for each phase. The name is a part of
 * data/targets/ or a path. The caller ends with targets_free. Errors: a table that cannot be read;
 * a row that cannot be run keeps its diag and does not stop the others. */
int score_targets(struct target_score *score, const struct catalog *catalog, const char *name,
                  const struct run_rules *rules, struct diag *diag);
void targets_free(struct target_score *score);

#endif
