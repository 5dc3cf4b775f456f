#include "sim/host/cpu_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NICE_0 = 1024 };

/* Time and speed. */

static bool forever(const struct thread *thread)
{
    return thread->remaining_ns >= SIM_NEVER;
}

/* Brings the current thread's counters up to now. */
static void account(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    uint64_t now = cpu->cpus->sim->now_ns;
    uint64_t passed = now - cpu->since_ns;
    if (passed == 0)
        return;
    cpu->since_ns = now;
    cpu->cpus->busy_ns += passed;
    thread->run_ns += passed;
    thread->spin_ns += thread->spinning ? passed : 0;
    thread->vruntime += thread->weight == NICE_0 ? passed : passed * NICE_0 / thread->weight;
    if (forever(thread))
        return;
    uint64_t work = cpu->speed == 1 ? passed : (uint64_t)((double)passed * cpu->speed + 0.5);
    thread->remaining_ns -= work < thread->remaining_ns ? work : thread->remaining_ns;
}

static uint64_t finish_ns(const struct cpu *cpu)
{
    uint64_t remaining = cpu->current->remaining_ns;
    if (cpu->speed != 1 && !forever(cpu->current))
        remaining = (uint64_t)ceil((double)remaining / cpu->speed);
    return sim_time_add(cpu->since_ns, remaining);
}

static void on_timer(struct sim *sim, void *arg);

/* Sets the timer for what comes first. */
static void program(struct cpu *cpu)
{
    struct sim *sim = cpu->cpus->sim;
    uint64_t at = finish_ns(cpu);
    at = cpu->slice_end_ns < at ? cpu->slice_end_ns : at;
    at = at < sim->now_ns ? sim->now_ns : at;
    if (cpu->timer.id == SIM_EVENT_NONE.id)
        cpu->timer = sim_schedule_at(sim, at, SIM_PRIORITY_NORMAL, on_timer, cpu);
    else
        sim_reschedule(sim, &cpu->timer, at);
}

/* The slice of the current thread ends when its share of the latency is used up. */
static void set_slice(struct cpu *cpu)
{
    const struct cpu_rules *rules = &cpu->cpus->rules;
    if (cpu->queued == 0) {
        cpu->slice_end_ns = SIM_NEVER;
        return;
    }
    uint64_t share = rules->latency_ns / (cpu->queued + 1);
    cpu->slice_end_ns =
        cpu->started_ns + (share > rules->slice_min_ns ? share : rules->slice_min_ns);
}

static double speed_of(const struct cpu *cpu)
{
    const struct cpus *cpus = cpu->cpus;
    double speed = cpu->current->speed;
    for (uint32_t c = cpu->core; !cpu->alone && c < cpus->count; c += cpus->cores) {
        if (&cpus->cpu[c] != cpu && cpus->cpu[c].current != NULL)
            return speed * cpus->rules.smt_share;
    }
    return speed;
}

/* This CPU fell idle or became busy: its siblings change their speed. */
static void slow_siblings(struct cpu *cpu)
{
    struct cpus *cpus = cpu->cpus;
    for (uint32_t c = cpu->core; !cpu->alone && c < cpus->count; c += cpus->cores) {
        struct cpu *other = &cpus->cpu[c];
        if (other == cpu || other->current == NULL)
            continue;
        account(other);
        double speed = speed_of(other);
        if (speed == other->speed)
            continue;
        other->speed = speed;
        if (!other->in_done)
            program(other);
    }
}

/* Threads come and go. */

static void count_awake(struct cpus *cpus, int change)
{
    uint64_t now = cpus->sim->now_ns;
    cpus->awake_area += cpus->awake * (now - cpus->awake_since_ns);
    cpus->awake_since_ns = now;
    cpus->awake += (uint32_t)change;
}

/* Puts a thread that is in no queue on an idle CPU. */
static void start(struct cpu *cpu, struct thread *thread)
{
    struct cpus *cpus = cpu->cpus;
    uint64_t now = cpus->sim->now_ns;
    uint64_t waited = now - thread->ready_ns;
    if (thread->state == THREAD_READY)
        thread->wait_ns += now - thread->waited_ns;
    if (thread->woken && thread->delays != NULL)
        histogram_add(thread->delays, waited);
    thread->woken = false;
    thread->in_spin_loop = false;
    thread->state = THREAD_RUNNING;
    thread->cpu = cpu->index;
    if (cpu->last != thread) {
        cpus->switches++;
        thread->remaining_ns += forever(thread) ? 0 : cpus->rules.switch_ns;
    }
    cpu->last = thread;
    cpu->current = thread;
    cpu->since_ns = now;
    cpu->started_ns = now;
    cpu->speed = speed_of(cpu);
    set_slice(cpu);
}

static void advance_clock(struct cpu *cpu)
{
    uint64_t least = cpu->current != NULL ? cpu->current->vruntime : cpu->vruntime;
    if (cpu->queued > 0 && (cpu->current == NULL || (int64_t)(cpu->queue[0]->vruntime - least) < 0))
        least = cpu->queue[0]->vruntime;
    if ((int64_t)(least - cpu->vruntime) > 0)
        cpu->vruntime = least;
}

/* Moves a thread's virtual time from one CPU's clock to another's. */
static void rebase(struct thread *thread, const struct cpu *from, const struct cpu *to)
{
    thread->vruntime += to->vruntime - from->vruntime;
}

/* The thread that has waited behind the longest queue goes to a CPU that has nothing to do. */
static struct thread *pull(struct cpu *cpu)
{
    struct cpus *cpus = cpu->cpus;
    struct cpu *busiest = NULL;
    uint32_t here = (uint32_t)(cpu - cpus->cpu);
    for (uint32_t i = 1; i < cpus->count; i++) {
        struct cpu *other = &cpus->cpu[(here + i) % cpus->count];
        if (other->queued > 0 && (busiest == NULL || other->queued > busiest->queued))
            busiest = other;
    }
    if (busiest == NULL)
        return NULL;
    struct thread *thread = busiest->queue[0];
    cpu_dequeue(busiest, thread);
    if (busiest->next == thread)
        busiest->next = NULL;
    rebase(thread, busiest, cpu);
    return thread;
}

static struct thread *pick(struct cpu *cpu)
{
    struct thread *thread = cpu->next != NULL ? cpu->next : cpu->queued > 0 ? cpu->queue[0] : NULL;
    cpu->next = NULL;
    if (thread != NULL)
        cpu_dequeue(cpu, thread);
    else if (cpu->cpus->waiting > 0)
        thread = pull(cpu);
    return thread;
}

/* The CPU has no current thread: gives it one, or lets it be idle. */
static void refill(struct cpu *cpu, bool was_busy)
{
    struct thread *thread = pick(cpu);
    if (thread != NULL) {
        start(cpu, thread);
        program(cpu);
    } else if (was_busy) {
        sim_cancel(cpu->cpus->sim, cpu->timer);
        cpu->timer = SIM_EVENT_NONE;
        cpu_mark_idle(cpu, true);
        slow_siblings(cpu);
    }
}

/* Takes the current thread off its CPU and puts it into a queue: this one, or a shorter one. */
static void put_back(struct cpu *cpu)
{
    struct cpus *cpus = cpu->cpus;
    struct thread *thread = cpu->current;
    struct cpu *to = cpu;
    cpu->current = NULL;
    thread->ready_ns = cpus->sim->now_ns;
    if (cpu->queued > 1) {
        struct cpu *other = &cpus->cpu[cpus->probe++ % cpus->count];
        if (other->current != NULL && other->queued + 1 < cpu->queued)
            to = other;
    }
    if (to != cpu)
        rebase(thread, cpu, to);
    cpu_enqueue(to, thread);
    if (to != cpu && to->slice_end_ns == SIM_NEVER) {
        set_slice(to);
        if (!to->in_done)
            program(to);
    }
}

/* The current thread makes room for the one to be picked. A yielding thread is put back after the
 * choice, so that it is not chosen itself. */
static void switch_over(struct cpu *cpu, bool yield)
{
    struct thread *thread = yield ? pick(cpu) : NULL;
    if (yield && thread == NULL) {
        set_slice(cpu);
        program(cpu);
        return;
    }
    put_back(cpu);
    if (thread == NULL)
        thread = pick(cpu);
    start(cpu, thread);
    program(cpu);
}

/* After a done: the thread goes on, gives way, or sleeps. */
static void settle(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    bool yield = cpu->yield;
    bool resched = cpu->resched || cpu->next != NULL;
    cpu->yield = false;
    cpu->resched = false;
    advance_clock(cpu);
    if (thread->first == NULL) {
        thread->state = THREAD_ASLEEP;
        thread->slept_ns = cpu->cpus->sim->now_ns;
        count_awake(cpu->cpus, -1);
        cpu->current = NULL;
        refill(cpu, true);
    } else if (yield || resched) {
        switch_over(cpu, yield);
    } else {
        program(cpu);
    }
}

static void on_timer(struct sim *sim, void *arg)
{
    struct cpu *cpu = arg;
    struct thread *thread = cpu->current;
    cpu->timer = SIM_EVENT_NONE;
    account(cpu);
    if (thread->remaining_ns > 0) {
        advance_clock(cpu);
        switch_over(cpu, false);
        return;
    }
    struct burst *burst = thread->first;
    thread->first = burst->next;
    if (thread->first != NULL)
        thread->remaining_ns =
            thread->first->work_ns < SIM_NEVER ? thread->first->work_ns : SIM_NEVER;
    cpu->in_done = true;
    burst->done(sim, burst->arg);
    cpu->in_done = false;
    settle(cpu);
}

/* The current thread of a CPU gives way to `thread`, which stands in its queue. */
static void preempt(struct cpu *cpu, struct thread *thread)
{
    cpu->next = thread;
    if (cpu->in_done)
        return;
    switch_over(cpu, false);
}

/* CPU time that waking up costs. */
static uint64_t wake_cost(struct cpus *cpus, const struct cpu *cpu, const struct thread *thread)
{
    uint64_t slept = cpus->sim->now_ns - thread->slept_ns;
    if (!thread->halt_polls || slept > cpus->rules.poll_max_ns || cpu->last != thread ||
        cpu->current != NULL)
        return cpus->rules.wake_ns;
    cpus->poll_ns += slept;
    return cpus->rules.poll_ns;
}

static void wake(struct thread *thread)
{
    struct cpus *cpus = thread->cpus;
    struct cpu *cpu = cpu_choose(thread);
    const struct cpu *own = &cpus->cpu[thread->cpu];
    uint64_t credit = cpus->rules.latency_ns / 2;
    thread->wakeups++;
    thread->woken = true;
    thread->ready_ns = cpus->sim->now_ns;
    thread->remaining_ns = thread->first->work_ns < SIM_NEVER
                               ? thread->first->work_ns + wake_cost(cpus, cpu, thread)
                               : SIM_NEVER;
    count_awake(cpus, 1);
    rebase(thread, own, cpu);
    if ((int64_t)(thread->vruntime - (cpu->vruntime - credit)) < 0)
        thread->vruntime = cpu->vruntime - credit;
    if (cpu->current == NULL) {
        start(cpu, thread);
        cpu_mark_idle(cpu, false);
        slow_siblings(cpu);
        program(cpu);
        return;
    }
    cpu_enqueue(cpu, thread);
    account(cpu);
    advance_clock(cpu);
    if ((int64_t)(cpu->current->vruntime - thread->vruntime) > (int64_t)cpus->rules.wakeup_ns) {
        preempt(cpu, thread);
    } else {
        set_slice(cpu);
        if (!cpu->in_done)
            program(cpu);
    }
}

void thread_run(struct sim *sim, struct thread *thread, struct burst *burst)
{
    (void)sim;
    burst->next = NULL;
    if (thread->first != NULL) {
        thread->last->next = burst;
        thread->last = burst;
        return;
    }
    thread->first = burst;
    thread->last = burst;
    if (thread->state == THREAD_ASLEEP)
        wake(thread);
    else
        thread->remaining_ns = burst->work_ns < SIM_NEVER ? burst->work_ns : SIM_NEVER;
}

void thread_interrupt(struct sim *sim, struct thread *thread, struct burst *burst)
{
    struct cpu *cpu = &thread->cpus->cpu[thread->cpu];
    if (thread->first == NULL) {
        thread_run(sim, thread, burst);
        return;
    }
    bool running = thread->state == THREAD_RUNNING && !cpu->in_done;
    if (running)
        account(cpu);
    if (!forever(thread))
        thread->first->work_ns = thread->remaining_ns;
    burst->next = thread->first;
    thread->first = burst;
    thread->remaining_ns = burst->work_ns;
    if (running)
        program(cpu);
}

void thread_finish(struct sim *sim, struct thread *thread, struct burst *burst, uint64_t more_ns)
{
    struct cpu *cpu = &thread->cpus->cpu[thread->cpu];
    (void)sim;
    if (thread->first != burst) {
        burst->work_ns = more_ns;
        return;
    }
    if (thread->state == THREAD_RUNNING)
        account(cpu);
    thread->remaining_ns = more_ns;
    if (thread->state == THREAD_RUNNING && !cpu->in_done)
        program(cpu);
}

void thread_yield(struct sim *sim, struct thread *thread)
{
    struct cpu *cpu = &thread->cpus->cpu[thread->cpu];
    (void)sim;
    contract(cpu->current == thread && cpu->in_done);
    cpu->yield = true;
}

bool thread_yield_to(struct sim *sim, struct thread *from, struct thread *to)
{
    struct cpu *cpu = &to->cpus->cpu[to->cpu];
    if (to->state != THREAD_READY)
        return false;
    thread_yield(sim, from);
    if (!cpu->in_done)
        account(cpu);
    preempt(cpu, to);
    return true;
}

int cpus_init(struct cpus *cpus, struct sim *sim, uint32_t count, const struct cpu_rules *rules)
{
    contract(count > 0 && rules->threads_per_core > 0 && rules->smt_share > 0);
    *cpus = (struct cpus){.count = count, .rules = *rules, .sim = sim};
    if (count % rules->threads_per_core != 0)
        cpus->rules.threads_per_core = 1;
    cpus->cores = count / cpus->rules.threads_per_core;
    cpus->cpu = calloc(count, sizeof *cpus->cpu);
    cpus->idle = calloc((count + 63) / 64, sizeof *cpus->idle);
    cpus->idle_core = calloc((count + 63) / 64, sizeof *cpus->idle_core);
    if (cpus->cpu == NULL || cpus->idle == NULL || cpus->idle_core == NULL)
        return -1;
    for (uint32_t c = 0; c < count; c++) {
        cpus->cpu[c].cpus = cpus;
        cpus->cpu[c].index = c;
        cpus->cpu[c].core = c % cpus->cores;
        cpus->cpu[c].alone = cpus->rules.threads_per_core == 1;
        cpus->cpu[c].slice_end_ns = SIM_NEVER;
        cpus->cpu[c].vruntime = UINT64_C(1) << 62; /* room below it for credits */
    }
    for (uint32_t c = 0; c < count; c++)
        cpu_mark_idle(&cpus->cpu[c], true);
    return 0;
}

void cpus_free(struct cpus *cpus)
{
    for (uint32_t c = 0; cpus->cpu != NULL && c < cpus->count; c++)
        free(cpus->cpu[c].queue);
    free(cpus->cpu);
    free(cpus->idle);
    free(cpus->idle_core);
}

void thread_init(struct thread *thread, struct cpus *cpus, uint32_t guest, uint32_t weight)
{
    *thread = (struct thread){.cpus = cpus,
                              .guest = guest,
                              .weight = weight,
                              .speed = 1,
                              .cpu = cpus->probe++ % cpus->count};
    thread->vruntime = cpus->cpu[thread->cpu].vruntime;
}

static void account_waits(struct cpu *cpu)
{
    uint64_t now = cpu->cpus->sim->now_ns;
    for (uint32_t i = 0; i < cpu->queued; i++) {
        struct thread *thread = cpu->queue[i];
        thread->wait_ns += now - thread->waited_ns;
        thread->waited_ns = now;
    }
}

void cpus_account(struct cpus *cpus)
{
    for (uint32_t c = 0; c < cpus->count; c++) {
        if (cpus->cpu[c].current != NULL)
            account(&cpus->cpu[c]);
        account_waits(&cpus->cpu[c]);
    }
    count_awake(cpus, 0);
}

void cpus_restart_statistics(struct cpus *cpus)
{
    cpus_account(cpus);
    cpus->busy_ns = 0;
    cpus->poll_ns = 0;
    cpus->switches = 0;
    cpus->awake_area = 0;
}

double cpus_use(const struct cpus *cpus, uint64_t since_ns)
{
    uint64_t passed = cpus->sim->now_ns - since_ns;
    return passed > 0 ? (double)cpus->busy_ns / ((double)passed * cpus->count) : 0;
}

double cpus_running(const struct cpus *cpus, uint64_t since_ns)
{
    uint64_t passed = cpus->sim->now_ns - since_ns;
    return passed > 0 ? (double)cpus->awake_area / (double)passed : 0;
}
