#include "sim/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "sim/engine/runner.h"
#include "sim/host/host.h"
#include "sim/host/irq.h"

const struct run_rules run_defaults = {
    .seed = 1, .least = 3, .most = 20, .relative = 0.05, .metric = -1};

struct running {
    const struct plan *plan;
    const struct run_rules *rules;
    struct figures *figures;
    enum phase phase;
    double warmup_s; /* of steady load */
};

static int run_host(struct host *host, const struct running *running)
{
    switch (running->phase) {
    case PHASE_START:
        return host_run_start(host);
    case PHASE_MEMORY:
        return host_run_memory(host);
    case PHASE_MIGRATIONS:
        return host_run_migrations(host);
    case PHASE_COSTS:
        irq_measure(host);
        return 0;
    default:
        return host_run_steady(host, running->warmup_s, plan_option(running->plan, 0, "duration"));
    }
}

/* The warm-up of steady load, from a pilot run whose random numbers no replication has. NAN without
 * memory, or when cancelled. */
static double find_warmup(const struct plan *plan, const struct run_rules *rules)
{
    struct host host;
    struct result *result = malloc(sizeof *result);
    double warmup = NAN;
    if (result == NULL)
        return NAN;
    int status = host_open(&host, plan, rules->seed, UINT64_MAX, result);
    host.cancel = rules->cancel;
    if (status == 0)
        warmup = host_warmup_s(&host, cost_of(plan->costs, 0, "warmup_s"),
                               plan_option(plan, 0, "duration"));
    host_close(&host);
    free(result);
    return warmup;
}

static int prepare(struct running *running)
{
    if (running->phase != PHASE_STEADY)
        return RUNNER_OK;
    running->warmup_s = find_warmup(running->plan, running->rules);
    if (!isnan(running->warmup_s))
        return RUNNER_OK;
    const atomic_int *cancel = running->rules->cancel;
    return cancel != NULL && atomic_load(cancel) != 0 ? RUNNER_CANCELLED : RUNNER_NO_MEMORY;
}

static int run_one(void *context, uint64_t replication, unsigned worker, void *out)
{
    const struct running *running = context;
    struct host host;
    (void)worker;
    int status = host_open(&host, running->plan, running->rules->seed, replication, out);
    host.cancel = running->rules->cancel;
    if (status == 0)
        status = run_host(&host, running);
    host_close(&host);
    return status == HOST_CANCELLED ? RUNNER_CANCELLED : status;
}

static void merge(void *context, uint64_t replication, const void *in)
{
    struct running *running = context;
    struct figures *figures = running->figures;
    const struct result *result = in;
    (void)replication;
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (!isnan(result->value[i]))
            tally_add(&figures->metric[i], result->value[i]);
        for (int c = 0; c < CLASSES_MAX; c++) {
            if (!isnan(result->class_value[c][i]))
                tally_add(&figures->class_metric[c][i], result->class_value[c][i]);
        }
    }
    histogram_merge(&figures->start_ns, &result->start_ns);
    histogram_merge(&figures->io_ns, &result->io_ns);
    histogram_merge(&figures->delay_ns, &result->delay_ns);
    figures->replications++;
}

struct interval figures_interval(const struct figures *figures, enum metric metric)
{
    return interval_of_mean(&figures->metric[metric], 0.95);
}

static bool precise(const struct running *running, enum metric metric)
{
    const struct tally *tally = &running->figures->metric[metric];
    struct interval interval = figures_interval(running->figures, metric);
    return tally->count == 0 ||
           interval.half_width <= running->rules->relative * fabs(interval.mean);
}

static bool is_clear(const struct running *running, enum metric metric, double level)
{
    struct interval interval = figures_interval(running->figures, metric);
    return isnan(level) || running->figures->metric[metric].count == 0 ||
           fabs(interval.mean - level) > interval.half_width;
}

static int enough(void *context, uint64_t merged)
{
    const struct running *running = context;
    const struct run_rules *rules = running->rules;
    if (merged < rules->least)
        return 0;
    for (int i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = (enum metric)i;
        if (rules->level != NULL
                ? !is_clear(running, metric, rules->level[i])
                : (rules->metric < 0 || rules->metric == i) && !precise(running, metric))
            return 0;
    }
    return 1;
}

static void progress(void *context, uint64_t merged, uint64_t most)
{
    const struct running *running = context;
    if (running->rules->progress != NULL)
        running->rules->progress(running->rules->progress_context, merged, most);
}

int run_phase(const struct plan *plan, enum phase phase, const struct run_rules *rules,
              struct figures *figures, struct diag *diag)
{
    struct running running = {plan, rules, figures, phase, 0};
    struct runner runner = {.most = rules->most,
                            .batch = 1,
                            .threads = rules->threads,
                            .result_bytes = sizeof(struct result),
                            .cancel = rules->cancel,
                            .context = &running,
                            .run = run_one,
                            .merge = merge,
                            .enough = enough,
                            .progress = progress};
    struct runner_report report;
    memset(figures, 0, sizeof *figures);
    for (int i = 0; i < METRIC_COUNT; i++) {
        tally_init(&figures->metric[i]);
        for (int c = 0; c < CLASSES_MAX; c++)
            tally_init(&figures->class_metric[c][i]);
    }
    histogram_init(&figures->start_ns);
    histogram_init(&figures->io_ns);
    histogram_init(&figures->delay_ns);
    int status = prepare(&running);
    if (status == RUNNER_OK)
        status = runner_run(&runner, &report);
    figures->partial = status == RUNNER_CANCELLED;
    if (status != RUNNER_OK && status != RUNNER_CANCELLED)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    return STATUS_OK;
}

/* Starts end when they end: one run to find out when, and another one to watch. */
static int watch(struct host *host, const struct running *running, const struct recorder *recorder)
{
    if (running->phase != PHASE_START) {
        host->recorder = recorder;
        return run_host(host, running);
    }
    int status = run_host(host, running);
    if (status != 0)
        return status;
    uint64_t lasted_ns = sim_now(&host->sim);
    struct result *result = host->result;
    host_close(host);
    status = host_open(host, running->plan, running->rules->seed, 0, result);
    host->recorder = recorder;
    return status == 0 ? host_watch_start(host, lasted_ns) : status;
}

int run_observed(const struct plan *plan, enum phase phase, const struct run_rules *rules,
                 const struct recorder *recorder, uint64_t *ended_ns, struct diag *diag)
{
    struct running running = {plan, rules, NULL, phase, 0};
    struct host host;
    struct result *result = malloc(sizeof *result);
    int status = result == NULL ? -1 : prepare(&running);
    if (status == 0) {
        status = host_open(&host, plan, rules->seed, 0, result);
        if (status == 0)
            status = watch(&host, &running, recorder);
        *ended_ns = sim_now(&host.sim);
        host_close(&host);
    }
    free(result);
    return status == 0 ? STATUS_OK : diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

bool phase_applies(const struct plan *plan, enum phase phase)
{
    if (phase == PHASE_MIGRATIONS)
        return plan_option(plan, 0, "migrations") > 0;
    return plan->guests > 0;
}

enum phase phase_of(enum metric metric)
{
    static const struct {
        enum metric first, last;
        enum phase phase;
    } ranges[] = {
        {METRIC_guests_started, METRIC_start_cpu, PHASE_START},
        {METRIC_irq_setup, METRIC_guest_devices_bound, PHASE_COSTS},
        {METRIC_memory_used, METRIC_memory_unusable, PHASE_MEMORY},
        {METRIC_migration_total, METRIC_migration_stall, PHASE_MIGRATIONS},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (metric >= ranges[i].first && metric <= ranges[i].last)
            return ranges[i].phase;
    }
    return PHASE_STEADY;
}
