#include "sim/host/workload.h"

#include <math.h>
#include <stdlib.h>

/* One vCPU. */
struct vcpu {
    struct thread *thread;
    const struct class_load *load;
    struct lock *locks; /* of its guest */
    struct burst work;
    struct lock_wait wait;
    struct rng rng;
    uint64_t operations;
    uint32_t lock; /* the one it takes next */
};

struct class_load {
    double think_ns, spread_ns;
    uint64_t hold_ns, sleep_ns;
    uint32_t busy, locks;
    struct lock_rules rules;
};

struct workload {
    struct class_load load[CLASSES_MAX];
    struct vcpu *vcpus;
    struct lock *locks;
    uint32_t vcpu_count, lock_count;
    uint32_t vcpus_used, locks_used;
};

static void think(struct sim *sim, struct vcpu *vcpu);

static void on_slept(struct sim *sim, void *arg)
{
    think(sim, arg);
}

static void operation_done(struct sim *sim, struct vcpu *vcpu)
{
    vcpu->operations++;
    if (vcpu->load->sleep_ns > 0)
        sim_schedule_in(sim, vcpu->load->sleep_ns, SIM_PRIORITY_NORMAL, on_slept, vcpu);
    else
        think(sim, vcpu);
}

static void on_held(struct sim *sim, void *arg)
{
    struct vcpu *vcpu = arg;
    lock_release(sim, vcpu->wait.lock);
    operation_done(sim, vcpu);
}

static void on_granted(struct sim *sim, void *arg)
{
    struct vcpu *vcpu = arg;
    vcpu->work = (struct burst){.work_ns = vcpu->load->hold_ns, .done = on_held, .arg = vcpu};
    thread_run(sim, vcpu->thread, &vcpu->work);
}

static void on_thought(struct sim *sim, void *arg)
{
    struct vcpu *vcpu = arg;
    if (vcpu->load->locks == 0) {
        operation_done(sim, vcpu);
        return;
    }
    vcpu->lock = vcpu->lock + 1 < vcpu->load->locks ? vcpu->lock + 1 : 0;
    if (lock_acquire(sim, &vcpu->locks[vcpu->lock], &vcpu->wait))
        on_granted(sim, vcpu);
}

static void think(struct sim *sim, struct vcpu *vcpu)
{
    uint64_t work_ns = (uint64_t)(vcpu->load->think_ns * rng_exponential(&vcpu->rng)) + 1;
    vcpu->work = (struct burst){.work_ns = work_ns, .done = on_thought, .arg = vcpu};
    thread_run(sim, vcpu->thread, &vcpu->work);
}

static void bind_rules(const struct plan *plan, size_t c, struct lock_rules *rules)
{
    const struct costs *costs = plan->costs;
    bool ple = plan_option(plan, c, "host_ple") > 0;
    *rules = (struct lock_rules){
        .kind = (enum lock_kind)plan_option(plan, c, "guest_lock"),
        .base_ns = cost_ns(costs, c, "lock_handover_s"),
        .line_ns = cost_ns(costs, c, "lock_line_s"),
        .spin_limit_ns = cost_ns(costs, c, "lock_spin_limit_s"),
        .kick_ns = cost_ns(costs, c, "lock_kick_s"),
        .ple_window_ns = ple ? cost_ns(costs, c, "ple_window_s") : 0,
        .ple_exit_ns = cost_ns(costs, c, "ple_exit_s"),
        .ple_scan_ns = cost_ns(costs, c, "ple_scan_s"),
        .ple_grow = fmax(cost_of(costs, c, "ple_grow"), 1),
        .ple_filter = cost_of(costs, c, "ple_filter") > 0,
    };
}

static void bind_load(const struct plan *plan, size_t c, struct class_load *load)
{
    const struct costs *costs = plan->costs;
    *load = (struct class_load){
        .think_ns = plan_option(plan, c, "think_us") * 1e3,
        .hold_ns = (uint64_t)(plan_option(plan, c, "hold_us") * 1e3),
        .sleep_ns = (uint64_t)(plan_option(plan, c, "sleep_us") * 1e3),
        .busy = (uint32_t)fmin(plan_option(plan, c, "busy_vcpus"), plan_option(plan, c, "vcpus")),
        .locks = (uint32_t)plan_option(plan, c, "guest_locks"),
        .spread_ns = cost_of(costs, c, "load_spread_s") * 1e9,
    };
    bind_rules(plan, c, &load->rules);
}

int workload_open(struct host *host)
{
    const struct plan *plan = host->plan;
    struct workload *workload = host->workload = calloc(1, sizeof *workload);
    if (workload == NULL)
        return -1;
    for (size_t c = 0; c < plan->scenario->class_count; c++) {
        bind_load(plan, c, &workload->load[c]);
        workload->vcpu_count += plan->class_guests[c] * workload->load[c].busy;
        workload->lock_count += plan->class_guests[c] * workload->load[c].locks;
    }
    workload->vcpus = calloc(workload->vcpu_count + 1, sizeof *workload->vcpus);
    workload->locks = calloc(workload->lock_count + 1, sizeof *workload->locks);
    return workload->vcpus == NULL || workload->locks == NULL ? -1 : 0;
}

void workload_close(struct host *host)
{
    if (host->workload == NULL)
        return;
    free(host->workload->vcpus);
    free(host->workload->locks);
    free(host->workload);
    host->workload = NULL;
}

static void start_vcpu(struct host *host, struct guest *guest, uint32_t index, struct lock *locks)
{
    struct workload *workload = host->workload;
    const struct class_load *load = &workload->load[guest->class_index];
    struct vcpu *vcpu = &workload->vcpus[workload->vcpus_used++];
    *vcpu =
        (struct vcpu){.thread = &guest->vcpus[index], .load = load, .locks = locks, .lock = index};
    vcpu->wait = (struct lock_wait){.thread = vcpu->thread, .granted = on_granted, .arg = vcpu};
    host_stream(host, &vcpu->rng, (uint64_t)guest->index << 16 | index, PURPOSE_WORKLOAD);
    if (load->locks > 0)
        vcpu->lock = index % load->locks;
    sim_schedule_in(&host->sim, (uint64_t)(load->spread_ns * rng_uniform(&vcpu->rng)),
                    SIM_PRIORITY_NORMAL, on_slept, vcpu);
}

void workload_start(struct host *host, struct guest *guest)
{
    struct workload *workload = host->workload;
    const struct class_load *load = &workload->load[guest->class_index];
    struct lock *locks = &workload->locks[workload->locks_used];
    workload->locks_used += load->locks;
    for (uint32_t i = 0; i < load->locks; i++)
        lock_init(&locks[i], &load->rules, guest->vcpus, guest->vcpu_count);
    for (uint32_t i = 0; i < load->busy; i++)
        start_vcpu(host, guest, i, locks);
}

void workload_restart_statistics(struct host *host)
{
    struct workload *workload = host->workload;
    for (uint32_t i = 0; i < workload->vcpus_used; i++)
        workload->vcpus[i].operations = 0;
    for (uint32_t i = 0; i < workload->locks_used; i++)
        lock_restart_statistics(&workload->locks[i], &host->sim);
}

uint64_t workload_operations(const struct host *host)
{
    uint64_t operations = 0;
    for (uint32_t i = 0; i < host->workload->vcpus_used; i++)
        operations += host->workload->vcpus[i].operations;
    return operations;
}

const struct lock *workload_locks(const struct host *host, uint32_t *count)
{
    *count = host->workload->locks_used;
    return host->workload->locks;
}

static void measure_locks(struct host *host)
{
    struct workload *workload = host->workload;
    double *value = host->result->value;
    struct tally wait;
    uint64_t acquisitions = 0;
    uint64_t contended = 0;
    tally_init(&wait);
    for (uint32_t i = 0; i < workload->locks_used; i++) {
        acquisitions += workload->locks[i].acquisitions;
        contended += workload->locks[i].contended;
        tally_merge(&wait, &workload->locks[i].wait_ns);
    }
    if (acquisitions > 0) {
        value[METRIC_lock_contended] = (double)contended / (double)acquisitions;
        value[METRIC_lock_wait_mean] = wait.count > 0 ? wait.mean * 1e-9 : 0;
        value[METRIC_lock_wait_max] = wait.count > 0 ? wait.greatest * 1e-9 : 0;
    }
}

void workload_measure(struct host *host)
{
    double passed = (double)(sim_now(&host->sim) - host->measured_since_ns) * 1e-9;
    double operations = (double)workload_operations(host);
    if (host->workload->vcpus_used > 0) {
        host->result->value[METRIC_work_rate] = operations / passed;
        host->result->value[METRIC_work_rate_guest] = operations / passed / host->plan->guests;
    }
    measure_locks(host);
}
