/* A measured curve against the prediction: a CSV table whose first column is a countable option (or
 * "guests") and whose others are metrics of sim/host/metrics.h or resources of the catalogue, in
 * their units. Every row is a count at which something was seen; an empty cell was not, and ">N"
 * says that it was at least N (the run ended there).
 *
 * Metrics are simulated at every count, and an observation is covered when it lies in the 95 %
 * interval of one more replication; resources are the model's demand, covered within the demand's
 * own interval (and half a unit). MAPE is the mean absolute error relative to the observed, bias
 * the signed one; a lower bound counts as right when the prediction is not below it.
 *
 * With folds, each column is cross-validated too (folds.h): a resource as an exact count, a metric
 * as a cost. That tells what the curve says of itself, beside what the scenario says of it. */
#ifndef CALIBRATE_CURVE_H
#define CALIBRATE_CURVE_H

#include "calibrate/folds.h"
#include "model/catalog.h"
#include "model/scenario.h"
#include "model/table.h"
#include "sim/run.h"

enum { CURVE_COLUMNS = 32 };

struct curve_column {
    const char *name; /* of the metric or resource */
    int metric;       /* -1: a resource */
    int resource;
    size_t seen, covered, bounds, bounds_right;
    double mape, bias; /* of the seen */
    double worst_at, worst_seen, worst_predicted, worst_error;
    struct points *points; /* what was seen, lower bounds aside; NULL: no folds asked for */
    struct folds *folds;   /* NULL: none, why_not says why */
    char why_not[128];
};

/* What a row says of a column; predicted NAN: nothing to compare. */
struct curve_point {
    double count, seen, predicted, half_width;
    bool bound; /* at least `seen` */
};

struct curve_score {
    struct table table;
    struct curve_point *points; /* of the column c at the row r: [c * table.rows + r] */
    struct curve_column columns[CURVE_COLUMNS];
    size_t count;
};

/* Whether a table is such a curve rather than one of cases. */
bool is_curve(const struct table *table);

/* Errors: an unknown column, a cell that is no number (file, line, column). The caller ends with
 * curve_free, also after an error. overlay as for costs_new. folds: how many, 2 to FOLDS_MAX; 0:
 * none. A column that cannot be dealt to so many is no error. */
int score_curve(struct curve_score *score, const struct catalog *catalog,
                const struct scenario *scenario, const char *path, const struct overlay *overlay,
                const struct run_rules *rules, size_t folds, struct diag *diag);
void curve_free(struct curve_score *score);

/* What the column amounts to: "within 4 % on average; ..." */
const char *curve_verdict(const struct curve_column *column);

#endif
