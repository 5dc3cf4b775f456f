#include "sim/host/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "sim/host/block.h"
#include "sim/host/net.h"
#include "sim/host/memory.h"
#include "sim/host/migration.h"
#include "sim/host/sampler.h"
#include "sim/host/start.h"
#include "sim/host/tick.h"
#include "sim/host/workload.h"

/* The parts of steady load, in the order in which they act on a guest. */
static const struct part {
    int (*open)(struct host *host); /* 0, or -1 without memory */
    void (*start)(struct host *host, struct guest *guest);
    void (*begin)(struct host *host); /* once all guests have started; NULL: nothing to do */
    void (*restart_statistics)(struct host *host);
    void (*measure)(struct host *host);
    void (*close)(struct host *host); /* also if it was not opened */
} parts[] = {
    {workload_open, workload_start, NULL, workload_restart_statistics, workload_measure,
     workload_close},
    {tick_open, tick_start, tick_begin, tick_restart_statistics, tick_measure, tick_close},
    {block_open, block_start, NULL, block_restart_statistics, block_measure, block_close},
    {net_open, net_start, NULL, net_restart_statistics, net_measure, net_close},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

void host_stream(const struct host *host, struct rng *rng, uint64_t entity, enum purpose purpose)
{
    rng_init(rng, host->seed, host->replication, entity, (uint64_t)purpose);
}

static void bind_rules(const struct plan *plan, struct cpu_rules *rules)
{
    const struct costs *costs = plan->costs;
    *rules = (struct cpu_rules){
        .latency_ns = cost_ns(costs, 0, "sched_latency_s"),
        .slice_min_ns = cost_ns(costs, 0, "sched_slice_s"),
        .wakeup_ns = cost_ns(costs, 0, "sched_wakeup_s"),
        .switch_ns = cost_ns(costs, 0, "switch_s"),
        .wake_ns = cost_ns(costs, 0, "wake_s"),
        .poll_ns = cost_ns(costs, 0, "halt_poll_hit_s"),
        .poll_max_ns = cost_ns(costs, 0, "halt_poll_max_s"),
        .smt_share = cost_of(costs, 0, "smt_share"),
        .threads_per_core = (uint32_t)plan_option(plan, 0, "host_threads_per_core"),
    };
}

static uint32_t count_of(const struct plan *plan, size_t c, const char *option)
{
    return (uint32_t)fmax(plan_option(plan, c, option), 0);
}

static void make_guest(struct host *host, struct guest *guest, struct thread *threads)
{
    size_t c = guest->class_index;
    float speed = (float)cost_of(host->plan->costs, c, "cpu_speed");
    guest->vcpus = threads;
    guest->main_loop = threads + guest->vcpu_count;
    guest->iothreads = guest->main_loop + 1;
    for (uint32_t i = 0; i < guest->vcpu_count + 1 + guest->iothread_count; i++) {
        thread_init(&threads[i], &host->cpus, guest->index, 1024);
        threads[i].speed = speed;
        if (i < guest->vcpu_count) {
            threads[i].halt_polls = true;
            threads[i].delays = &host->result->delay_ns;
        }
    }
}

static int make_guests(struct host *host)
{
    const struct plan *plan = host->plan;
    size_t threads = 0;
    uint32_t index = 0;
    host->guests = calloc(plan->guests + 1, sizeof *host->guests);
    if (host->guests == NULL)
        return -1;
    for (size_t c = 0; c < plan->scenario->class_count; c++) {
        for (uint32_t i = 0; i < plan->class_guests[c]; i++, index++) {
            host->guests[index] = (struct guest){.index = index,
                                                 .class_index = (uint32_t)c,
                                                 .vcpu_count = count_of(plan, c, "vcpus"),
                                                 .iothread_count = count_of(plan, c, "iothreads")};
            threads += host->guests[index].vcpu_count + 1 + host->guests[index].iothread_count;
        }
    }
    host->threads = calloc(threads + 1, sizeof *host->threads);
    if (host->threads == NULL)
        return -1;
    struct thread *next = host->threads;
    for (index = 0; index < plan->guests; index++) {
        struct guest *guest = &host->guests[index];
        make_guest(host, guest, next);
        next += guest->vcpu_count + 1 + guest->iothread_count;
    }
    return 0;
}

int host_open(struct host *host, const struct plan *plan, uint64_t seed, uint64_t replication,
              struct result *result)
{
    struct cpu_rules rules;
    *host = (struct host){.plan = plan, .seed = seed, .replication = replication, .result = result};
    result_init(result);
    bind_rules(plan, &rules);
    uint32_t count = count_of(plan, 0, "host_cpus");
    if (sim_init(&host->sim, NULL) != SIM_OK ||
        cpus_init(&host->cpus, &host->sim, count > 0 ? count : 1, &rules) != 0)
        return -1;
    return make_guests(host);
}

void host_close(struct host *host)
{
    for (size_t p = 0; p < PARTS; p++)
        parts[p].close(host);
    start_close(host);
    memory_close(host);
    migration_close(host);
    free(host->guests);
    free(host->threads);
    cpus_free(&host->cpus);
    sim_destroy(&host->sim);
}

static int open_parts(struct host *host)
{
    for (size_t p = 0; p < PARTS; p++) {
        if (parts[p].open(host) != 0)
            return -1;
    }
    for (uint32_t g = 0; g < host->plan->guests; g++) {
        for (size_t p = 0; p < PARTS; p++)
            parts[p].start(host, &host->guests[g]);
    }
    for (size_t p = 0; p < PARTS; p++) {
        if (parts[p].begin != NULL)
            parts[p].begin(host);
    }
    return 0;
}

static void restart_statistics(struct host *host)
{
    cpus_restart_statistics(&host->cpus);
    for (uint32_t g = 0; g < host->plan->guests; g++) {
        struct guest *guest = &host->guests[g];
        for (uint32_t i = 0; i < guest->vcpu_count + 1 + guest->iothread_count; i++) {
            struct thread *thread = &guest->vcpus[i];
            thread->run_ns = thread->wait_ns = thread->spin_ns = thread->wakeups = 0;
        }
    }
    histogram_init(&host->result->delay_ns);
    for (size_t p = 0; p < PARTS; p++)
        parts[p].restart_statistics(host);
    host->measured_since_ns = sim_now(&host->sim);
}

/* CPU time of vCPUs, in ns. */
struct vcpu_use {
    double run, wait, spin, locking; /* locking: run of guests whose work takes locks */
    double wakeups;
};

static void add_use(struct vcpu_use *use, const struct guest *guest, bool locks)
{
    for (uint32_t i = 0; i < guest->vcpu_count; i++) {
        const struct thread *vcpu = &guest->vcpus[i];
        use->run += (double)vcpu->run_ns;
        use->wait += (double)vcpu->wait_ns;
        use->spin += (double)vcpu->spin_ns;
        use->locking += locks ? (double)vcpu->run_ns : 0;
        use->wakeups += (double)vcpu->wakeups;
    }
}

static void measure_use(const struct vcpu_use *use, double passed, double *value)
{
    value[METRIC_cpu_steal] = use->run + use->wait > 0 ? use->wait / (use->run + use->wait) : 0;
    if (use->locking > 0)
        value[METRIC_cpu_spin] = use->spin / use->locking;
    value[METRIC_wakeups] = use->wakeups / passed;
}

static void measure_cpu(struct host *host)
{
    double *value = host->result->value;
    double passed = (double)(sim_now(&host->sim) - host->measured_since_ns) * 1e-9;
    struct vcpu_use all = {.run = 0};
    struct vcpu_use class_use[CLASSES_MAX] = {{.run = 0}};
    for (uint32_t g = 0; g < host->plan->guests; g++) {
        const struct guest *guest = &host->guests[g];
        bool locks = plan_option(host->plan, guest->class_index, "guest_locks") > 0;
        add_use(&all, guest, locks);
        add_use(&class_use[guest->class_index], guest, locks);
    }
    measure_use(&all, passed, value);
    for (size_t c = 0; c < host->plan->scenario->class_count; c++)
        measure_use(&class_use[c], passed, host->result->class_value[c]);
    value[METRIC_cpu_busy] = cpus_use(&host->cpus, host->measured_since_ns);
    value[METRIC_tasks_running] = cpus_running(&host->cpus, host->measured_since_ns);
    if (host->result->delay_ns.count > 0) {
        value[METRIC_sched_delay_mean] = histogram_mean(&host->result->delay_ns) * 1e-9;
        value[METRIC_sched_delay_p99] =
            (double)histogram_quantile(&host->result->delay_ns, 0.99) * 1e-9;
    }
}

/* Requests of steady load after which it has been measured; a duration that was told is kept. */
static uint64_t enough_requests(const struct host *host)
{
    if (!isnan(host->plan->scenario->value[option_find("duration")]) || host->recorder != NULL)
        return UINT64_MAX;
    return block_requests(host) + (uint64_t)cost_of(host->plan->costs, 0, "steady_requests");
}

/* Runs in pieces, so that a long run can be cancelled, or ended by requests that are enough. */
static int run_until(struct host *host, double end_s, uint64_t enough)
{
    enum { PIECES = 50 };
    double from_s = (double)sim_now(&host->sim) * 1e-9;
    for (int i = 1; i <= PIECES; i++) {
        double at_s = i == PIECES ? end_s : from_s + (end_s - from_s) * i / PIECES;
        if (host->cancel != NULL && atomic_load(host->cancel) != 0)
            return HOST_CANCELLED;
        if (sim_run(&host->sim, (uint64_t)(at_s * 1e9)) != SIM_OK)
            return -1;
        if (block_requests(host) >= enough)
            return 0;
    }
    return 0;
}

double host_warmup_s(struct host *host, double least_s, double duration_s)
{
    struct sampler sampler;
    bool settled;
    double end_s = least_s + duration_s;
    if (open_parts(host) != 0)
        return NAN;
    sampler_begin(&sampler, host, (uint64_t)(end_s * 1e9));
    if (run_until(host, end_s, UINT64_MAX) != 0)
        return NAN;
    double warmup = sampler_warmup_s(&sampler, &settled);
    return fmax(warmup, least_s);
}

int host_run_steady(struct host *host, double warmup_s, double duration_s)
{
    struct sampler sampler;
    if (open_parts(host) != 0)
        return -1;
    int status = run_until(host, warmup_s, UINT64_MAX);
    if (status != 0)
        return status;
    restart_statistics(host);
    if (host->recorder != NULL)
        sampler_begin(&sampler, host, (uint64_t)(duration_s * 1e9));
    status = run_until(host, warmup_s + duration_s, enough_requests(host));
    if (status != 0)
        return status;
    cpus_account(&host->cpus);
    measure_cpu(host);
    for (size_t p = 0; p < PARTS; p++)
        parts[p].measure(host);
    return 0;
}

int host_run_start(struct host *host)
{
    if (start_open(host) != 0)
        return -1;
    start_launch(host);
    if (sim_run(&host->sim, SIM_NEVER) != SIM_OK)
        return -1;
    start_measure(host);
    return 0;
}

int host_watch_start(struct host *host, uint64_t lasts_ns)
{
    struct sampler sampler;
    if (start_open(host) != 0 || memory_open(host) != 0)
        return -1;
    host->start->up = memory_start;
    if (lasts_ns >= SAMPLES)
        sampler_begin(&sampler, host, lasts_ns);
    start_launch(host);
    return sim_run(&host->sim, lasts_ns) == SIM_OK ? 0 : -1;
}

int host_run_memory(struct host *host)
{
    if (memory_open(host) != 0)
        return -1;
    for (uint32_t g = 0; g < host->plan->guests; g++)
        memory_start(host, &host->guests[g]);
    uint64_t end_ns = (uint64_t)(plan_option(host->plan, 0, "duration") * 1e9);
    if (sim_run(&host->sim, end_ns) != SIM_OK)
        return -1;
    memory_measure(host);
    return 0;
}

int host_run_migrations(struct host *host)
{
    if (migration_open(host) != 0)
        return -1;
    migration_restart_statistics(host);
    if (sim_run(&host->sim, SIM_NEVER) != SIM_OK)
        return -1;
    migration_measure(host);
    return 0;
}
