/* What trace.h promises of a trace that was read, held against one made of any bytes: finite
 * figures, cells in order unless a flag tells otherwise. */
#ifndef TESTS_FUZZ_TRACE_PROMISES_H
#define TESTS_FUZZ_TRACE_PROMISES_H

#include <math.h>
#include <stdlib.h>

#include "calibrate/trace.h"

/* fio tells the kind of a log by its name alone. */
#define FUZZ_TRACE_NAME "run_clat.1.log"

static inline void check_series(const struct trace_series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        if (!isfinite(series->points[i].x) || !isfinite(series->points[i].value))
            abort();
    }
}

static inline void check_distribution(const struct trace_distribution *distribution, bool flagged)
{
    for (size_t i = 0; i < distribution->count; i++) {
        const struct trace_cell *cell = &distribution->cells[i];
        if (isnan(cell->low) || isnan(cell->high) || !(cell->weight >= 0))
            abort();
        if (i > 0 && cell[0].low < cell[-1].low && !flagged)
            abort();
    }
}

static inline void check_trace(const struct trace *trace)
{
    for (size_t i = 0; i < trace->series_count; i++)
        check_series(&trace->series[i]);
    for (size_t i = 0; i < trace->distribution_count; i++)
        check_distribution(&trace->distributions[i], trace->flag_count > 0);
}

#endif
