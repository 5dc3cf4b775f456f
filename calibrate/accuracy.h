/* How well fits predict what they have not seen: real curves, each fitted on one part and predicted
 * on the other. The one place that splits, fits, predicts and scores.
 *
 * Which curves, and how each is split, is a table, written down before any result was looked at:
 *   curve    a name
 *   file     what to read, below a root: traces/ (the tree's own), facts/, external/; a glob.
 *            "A > B": fitted on A, predicted on B
 *   series   of the trace, a glob: each that matches is a curve of its own. "mean NAME": the mean
 *            of a distribution. "A > B" as with files
 *   x        the name of x, with a range if it ends (n<=64); "file": the number in the file's name,
 *            1 without one
 *   values   of repeats at the same x: each, min, median; repeats: fitted on each, scored on their
 *            median
 *   split    points: a third of the x, never the least or the largest, is held out, drawn with
 *            FIT_SEED and the names; files: the same where a file is a point; file: A > B;
 *            runs: a third of the runs of a table
 *   fit      a predictor_names of predictor.h, or migration
 *   cpus     of the host, or that the threads had: storms, locks, collapse
 *   step     of the clock that a time was read from
 *
 * Errors are relative to the observed; those past the step leave a step of the clock out of each
 * miss, which no reading can tell. Coverage is the share of held-out values within the 95 %
 * interval of one more observation (predictor.h). Beside an error stands its floor, the error that
 * one who knows the truth would make on the held-out readings, from how far the repeats of the
 * curve differ: below it no predictor can get but by luck. */
#ifndef CALIBRATE_ACCURACY_H
#define CALIBRATE_ACCURACY_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diag.h"
#include "model/table.h"

#define ACCURACY_MEDIAN_MAX 0.10
#define ACCURACY_CURVE_MAX 0.20

enum { ACCURACY_NAME = 160 };

struct accuracy_roots {
    const char *traces, *facts, *external; /* NULL: absent */
};

enum accuracy_state {
    ACCURACY_SCORED,
    ACCURACY_ABSENT,  /* no such file here */
    ACCURACY_NO_FIT,  /* the fitted part carries no fit */
    ACCURACY_TOO_FEW, /* fewer than 4 different x: nothing to hold out */
};

struct accuracy_curve {
    char curve[ACCURACY_NAME], series[ACCURACY_NAME], split[16], form[48], note[192];
    enum accuracy_state state;
    bool in_tree; /* of traces/ alone */
    bool refused; /* by the fit's own test: calibrate writes no such fit unless forced */
    bool counted; /* of a count: judged by whether it is exact */
    size_t fitted, held, off;
    double error, bias; /* mean absolute, mean signed */
    double past_step;   /* as error, less the clock's step */
    double step;
    double repeats, floor; /* their spread, a share; the least error that can be. NAN: no repeats */
    size_t out_of_range;   /* of a count that is not exact */
    double range;          /* ... how wide, on the average */
    double covered;        /* NAN: no interval */
    double turns_error;    /* when each third of the x is held out in its turn; NAN: not made */
    double worst_x, worst_observed, worst_predicted, worst_error;
    char held_x[512]; /* the x held out, with spaces between */
};

struct accuracy {
    struct accuracy_curve *curves;
    size_t count, room;
};

/* One row of the table of splits into curves, appended. A file that is not there makes one curve
 * that is ACCURACY_ABSENT; a file that cannot be read is an error. */
int accuracy_row(struct accuracy *accuracy, const struct table *splits, size_t row,
                 const struct accuracy_roots *roots, struct diag *diag);
/* All rows. The caller ends with accuracy_free, also after an error. */
int accuracy_run(struct accuracy *accuracy, const char *splits, const struct accuracy_roots *roots,
                 struct diag *diag);
void accuracy_free(struct accuracy *accuracy);

/* The median over the rows of the table that are no counts, each the mean of its curves: many
 * curves of one kind weigh as one. */
double accuracy_median_of_kinds(const struct accuracy *accuracy);
/* The median error of the scored curves that are no counts; NAN: there are none. */
double accuracy_median(const struct accuracy *accuracy);
/* A count: exact. Any other: at most ACCURACY_CURVE_MAX. */
bool accuracy_met(const struct accuracy_curve *curve);
/* ... or so past the clock's step. */
bool accuracy_met_past_step(const struct accuracy_curve *curve);

#endif
