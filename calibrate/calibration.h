/* From traces to parameters: data/recipes.csv says which series of a trace a parameter is fitted
 * to, how, and which quantity of the fit it is.
 *
 *   fit        data                                          quantities
 *   constant, linear, n-log-n, quadratic, cost (by AICc)     a, b, c           (fit_cost.h)
 *   queue      throughput against requests in flight         demand, think, servers (fit_queue.h)
 *   lock       throughput against threads                    hold, think, transfer  (fit_queue.h)
 *   law        a distribution                                mean              (fit_law.h)
 *   mean       any points, one too                           mean
 *
 * A recipe's series is a pattern of names (* and ?, alternatives by |: the first that any trace has
 * counts); points of all traces that have the series and the recipe's tags are fitted together. Of
 * repeats at one x all count, or the least alone: other work on the host only ever adds to a time.
 * step is that of the clock the points were read from, in their unit (CPU times: 10 ms; 0: none).
 * The quantity times the scale, less another parameter that a recipe above gives, is the parameter.
 * when, since and until say where a measurement like that holds, fitted which published figures it
 * rests on: those cells become the parameter's. */
#ifndef CALIBRATE_CALIBRATION_H
#define CALIBRATE_CALIBRATION_H

#include <stdio.h>

#include "calibrate/fitting.h"
#include "calibrate/trace.h"
#include "model/table.h"

/* One parameter as fitted. Texts point into the recipes. */
struct estimate {
    const char *recipe, *quantity, *parameter, *less, *unit, *when, *since, *until, *fitted,
        *description;
    struct fitting fitting;
    struct fit_value value; /* scaled to the parameter's unit */
    struct fit_quality quality;
    char series[TRACE_NAME];
    char sources[512]; /* files and their hashes */
    bool refused;      /* it does not describe its data; why is in the quality's note */
};

struct calibration {
    struct table recipes;
    struct estimate *estimates;
    size_t count;
};

/* Applies every recipe that the traces have data for. recipes: a file; NULL: the built-in ones. The
 * caller ends with calibration_free, also after an error. Errors: a recipe that names an unknown
 * fit, quantity or parameter (file, line, column); data that no fit can be made of is no error but
 * a refused estimate. */
int calibration_find(struct calibration *calibration, const struct trace *traces, size_t count,
                     const char *recipes, struct diag *diag);
void calibration_free(struct calibration *calibration);

/* Writes a parameter file (the columns of data/parameters.csv): the rows of `old` (NULL: none) that
 * no estimate replaces, which is one of the same parameter, when, since and until, and the
 * estimates, refused ones only when forced. Of rows of a parameter the first that applies counts:
 * estimates come before all others of theirs, or at the end where there is no other. So the file
 * does not depend on what was calibrated before: writing into what was written gives the same
 * bytes. count: the estimates written. */
int calibration_write(const struct calibration *calibration, const struct table *old, bool forced,
                      FILE *out, size_t *count, struct diag *diag);

#endif
