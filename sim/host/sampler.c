#include "sim/host/sampler.h"

#include <math.h>

#include "sim/engine/mser.h"
#include "sim/host/block.h"
#include "sim/host/memory.h"
#include "sim/host/recorder.h"
#include "sim/host/workload.h"

static const char *const names[SAMPLE_KINDS] = {"cpus_busy", "tasks_running", "io_rate",
                                                "work_rate"};

static void take(struct sampler *sampler)
{
    struct host *host = sampler->host;
    cpus_account(&host->cpus);
    sampler->busy_ns = host->cpus.busy_ns;
    sampler->awake_area = host->cpus.awake_area;
    if (host->block != NULL)
        sampler->requests = block_requests(host);
    if (host->workload != NULL)
        sampler->operations = workload_operations(host);
}

/* What the run has no part for is not told. */
static void tell(const struct sampler *sampler, const double *value)
{
    struct host *host = sampler->host;
    const bool part[SAMPLE_KINDS] = {true, true, host->block != NULL, host->workload != NULL};
    struct memory_parts parts;
    for (int i = 0; i < SAMPLE_KINDS; i++) {
        if (part[i])
            recorder_value(host, names[i], value[i]);
    }
    if (host->memory == NULL || host->recorder == NULL)
        return;
    memory_parts(host, &parts);
    recorder_value(host, "memory_used", parts.used);
}

static void on_sample(struct sim *sim, void *arg)
{
    struct sampler *sampler = arg;
    struct sampler before = {.busy_ns = sampler->busy_ns,
                             .awake_area = sampler->awake_area,
                             .requests = sampler->requests,
                             .operations = sampler->operations};
    double passed = (double)sampler->interval_ns;
    take(sampler);
    const double value[SAMPLE_KINDS] = {
        (double)(sampler->busy_ns - before.busy_ns) / passed,
        (double)(sampler->awake_area - before.awake_area) / passed,
        (double)(sampler->requests - before.requests) / passed * 1e9,
        (double)(sampler->operations - before.operations) / passed * 1e9,
    };
    for (int i = 0; i < SAMPLE_KINDS; i++)
        sampler->value[i][sampler->count] = value[i];
    tell(sampler, value);
    if (++sampler->count < SAMPLES)
        sim_schedule_in(sim, sampler->interval_ns, SIM_PRIORITY_LAST, on_sample, sampler);
}

void sampler_begin(struct sampler *sampler, struct host *host, uint64_t duration_ns)
{
    *sampler = (struct sampler){.host = host, .interval_ns = duration_ns / SAMPLES};
    take(sampler);
    sim_schedule_in(&host->sim, sampler->interval_ns, SIM_PRIORITY_LAST, on_sample, sampler);
}

double sampler_warmup_s(const struct sampler *sampler, bool *settled)
{
    double latest = 0;
    *settled = true;
    for (int i = 0; i < SAMPLE_KINDS; i++) {
        double most = 0;
        for (size_t s = 0; s < sampler->count; s++)
            most = fmax(most, sampler->value[i][s]);
        if (most == 0)
            continue;
        struct mser mser = mser_truncate(sampler->value[i], sampler->count);
        latest = fmax(latest, (double)mser.discard * (double)sampler->interval_ns * 1e-9);
        *settled = *settled && mser.settled != 0;
    }
    return latest;
}
