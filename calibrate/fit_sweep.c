#include "calibrate/fit_sweep.h"

#include <math.h>
#include <stdlib.h>

int sweep_check(const struct sweep *sweep, size_t least, bool whole, struct diag *diag)
{
    if (sweep->count < least)
        return diag_set(diag, STATUS_DATA, NULL, 0, "n", "%zu points, expected %zu or more",
                        sweep->count, least);
    int status = fit_check(sweep->n, sweep->count, 1, "n", diag);
    if (status == STATUS_OK)
        status = fit_check(sweep->y, sweep->count, 0, "throughput", diag);
    for (size_t i = 0; i < sweep->count && status == STATUS_OK; i++) {
        if (whole && (sweep->n[i] != floor(sweep->n[i]) || sweep->n[i] > QUEUE_CUSTOMERS_MAX))
            status = diag_set(diag, STATUS_DATA, NULL, 0, "n",
                              "value %zu is %g, expected a whole number up to %d", i + 1,
                              sweep->n[i], QUEUE_CUSTOMERS_MAX);
        else if (sweep->y[i] <= 0)
            status = diag_set(diag, STATUS_DATA, NULL, 0, "throughput",
                              "value %zu is 0, expected a positive throughput", i + 1);
    }
    if (status == STATUS_OK && fit_distinct(sweep->n, sweep->count) < 2)
        status =
            diag_set(diag, STATUS_DATA, NULL, 0, "n",
                     "all points are at n = %g, expected two or more different n", sweep->n[0]);
    return status;
}

double *sweep_logs(const struct sweep *sweep)
{
    double *logs = malloc(sweep->count * sizeof *logs);
    for (size_t i = 0; logs != NULL && i < sweep->count; i++)
        logs[i] = log(sweep->y[i]);
    return logs;
}
