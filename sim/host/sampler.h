/* What a host does in each of many equal intervals: the series that the end of its warm-up under
 * steady load is told by (MSER-5), and that a recorder is told. */
#ifndef SIM_HOST_SAMPLER_H
#define SIM_HOST_SAMPLER_H

#include "sim/host/host.h"

enum { SAMPLES = 200 };

enum sample { SAMPLE_BUSY, SAMPLE_AWAKE, SAMPLE_REQUESTS, SAMPLE_OPERATIONS, SAMPLE_KINDS };

/* In place while the host runs. */
struct sampler {
    /* read only: CPUs in use, threads that run or wait, I/O requests and operations a second */
    double value[SAMPLE_KINDS][SAMPLES];
    size_t count;
    /* private */
    struct host *host;
    uint64_t interval_ns;
    uint64_t busy_ns, awake_area, requests, operations; /* at the last sample */
};

/* Samples from now on, SAMPLES times in duration_ns. */
void sampler_begin(struct sampler *sampler, struct host *host, uint64_t duration_ns);

/* After how much of the sampled time the load was steady: the latest of the series that are not all
 * zero. *settled: whether that could be told. */
double sampler_warmup_s(const struct sampler *sampler, bool *settled);

#endif
