/* Private to the fits of sweeps (fit_queue.h, fit_storm.h, fit_collapse.h): a sweep's checks and
 * logarithms. */
#ifndef CALIBRATE_FIT_SWEEP_H
#define CALIBRATE_FIT_SWEEP_H

#include "calibrate/fit_queue.h"

/* STATUS_DATA unless there are `least` points at two n or more, all n whole (if asked for) and at
 * least 1, all throughputs positive. */
int sweep_check(const struct sweep *sweep, size_t least, bool whole, struct diag *diag);

/* Logarithms of y; NULL: out of memory. The caller frees. */
double *sweep_logs(const struct sweep *sweep);

/* From so many points on, AICc of models of two and three parameters can be held side by side. */
enum { SWEEP_AICC_POINTS = 10 };

#endif
