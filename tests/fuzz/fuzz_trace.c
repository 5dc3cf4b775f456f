/* Any bytes as a trace, whatever the format they look like. What was read must keep the promises
 * of trace.h: finite figures, cells in order. */
#include "tests/fuzz/fuzz.h"

#include <math.h>

#include "calibrate/trace.h"

static void check_series(const struct trace_series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        if (!isfinite(series->points[i].x) || !isfinite(series->points[i].value))
            abort();
    }
}

/* Cells that are out of order are told in a flag. */
static void check_distribution(const struct trace_distribution *distribution, bool flagged)
{
    for (size_t i = 0; i < distribution->count; i++) {
        const struct trace_cell *cell = &distribution->cells[i];
        if (isnan(cell->low) || isnan(cell->high) || !(cell->weight >= 0))
            abort();
        if (i > 0 && cell[0].low < cell[-1].low && !flagged)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {0};
    struct trace trace;
    /* fio tells the kind of a log by its name alone. */
    int status = trace_parse(&trace, "run_clat.1.log", (const char *)data, size, &diag);
    fuzz_judge(status, &diag);
    for (size_t i = 0; status == 0 && i < trace.series_count; i++)
        check_series(&trace.series[i]);
    for (size_t i = 0; status == 0 && i < trace.distribution_count; i++)
        check_distribution(&trace.distributions[i], trace.flag_count > 0);
    trace_free(&trace);
    return 0;
}
