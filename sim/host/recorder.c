#include "sim/host/recorder.h"

#include <inttypes.h>

#include "sim/engine/trace.h"

void recorder_span(const struct host *host, uint32_t guest, const char *name, uint64_t began_ns)
{
    const struct recorder *recorder = host->recorder;
    if (recorder == NULL || recorder->trace == NULL)
        return;
    trace_span(recorder->trace, guest + 1, name, recorder->offset_ns + began_ns,
               recorder->offset_ns + sim_now(&host->sim));
}

void recorder_value(const struct host *host, const char *name, double value)
{
    const struct recorder *recorder = host->recorder;
    if (recorder == NULL)
        return;
    uint64_t now = recorder->offset_ns + sim_now(&host->sim);
    if (recorder->trace != NULL)
        trace_counter(recorder->trace, name, now, value);
    if (recorder->series != NULL)
        fprintf(recorder->series, "%" PRIu64 ".%09" PRIu64 ",%s,%s,%.9g\n", now / 1000000000,
                now % 1000000000, recorder->phase, name, value);
    if (recorder->listen != NULL)
        recorder->listen(recorder->context, recorder->phase, name, (double)now * 1e-9, value);
}
