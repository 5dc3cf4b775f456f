#include "sim/host/tick.h"

#include <math.h>
#include <stdlib.h>

/* The timer of one vCPU; one cache line. */
struct ticker {
    struct thread *thread;
    struct burst burst;
    uint64_t phase_ns; /* within the period */
    struct ring *ring;
    uint32_t index; /* of its lock_wait */
    bool pending;   /* the last one is not handled yet */
};

/* The tickers of a class. */
struct ring {
    struct tick *tick;
    struct ticker *ticker;
    uint32_t count, next; /* next: that ticks then */
    struct rng rng;
    uint64_t period_ns, turned_ns; /* period 0: tickless; when this turn began */
    uint64_t work_ns, hold_ns;
    double gap_ns; /* tickless */
};

struct tick {
    struct host *host;
    struct ring ring[CLASSES_MAX];
    struct ticker *tickers;
    struct lock_wait *waits; /* of each ticker, on kernels with a time lock */
    uint32_t count;
    struct lock time_lock;
    uint64_t ticks, late;
};

static void on_held(struct sim *sim, void *arg)
{
    struct ticker *ticker = arg;
    lock_release(sim, &ticker->ring->tick->time_lock);
    ticker->pending = false;
}

static void on_granted(struct sim *sim, void *arg)
{
    struct ticker *ticker = arg;
    ticker->burst =
        (struct burst){.work_ns = ticker->ring->hold_ns, .done = on_held, .arg = ticker};
    thread_interrupt(sim, ticker->thread, &ticker->burst);
}

static void on_handled(struct sim *sim, void *arg)
{
    struct ticker *ticker = arg;
    struct tick *tick = ticker->ring->tick;
    if (ticker->ring->hold_ns == 0)
        ticker->pending = false;
    else if (lock_acquire(sim, &tick->time_lock, &tick->waits[ticker->index]))
        on_granted(sim, ticker);
}

static void tick_now(struct sim *sim, struct ticker *ticker)
{
    struct ring *ring = ticker->ring;
    ring->tick->ticks++;
    if (ticker->pending) {
        ring->tick->late++;
        return;
    }
    ticker->pending = true;
    ticker->burst = (struct burst){.work_ns = ring->work_ns, .done = on_handled, .arg = ticker};
    thread_interrupt(sim, ticker->thread, &ticker->burst);
}

/* What the next tick will touch is fetched while there is other work to do. */
static void prefetch(const struct ticker *ticker)
{
    __builtin_prefetch(ticker->thread);
    __builtin_prefetch((const char *)ticker->thread + 64);
    __builtin_prefetch((const char *)ticker->thread + 128);
}

static void on_ring(struct sim *sim, void *arg)
{
    struct ring *ring = arg;
    struct ticker *ticker = &ring->ticker[ring->next++];
    if (ring->next == ring->count) {
        ring->next = 0;
        ring->turned_ns += ring->period_ns;
    }
    const struct ticker *next = &ring->ticker[ring->next];
    prefetch(next);
    sim_schedule_at(sim, ring->turned_ns + next->phase_ns, SIM_PRIORITY_NORMAL, on_ring, ring);
    tick_now(sim, ticker);
}

/* Draws who wakes up next, and when. */
static void draw(struct sim *sim, struct ring *ring, sim_callback *on_random)
{
    double gap = ring->gap_ns / ring->count * rng_exponential(&ring->rng);
    ring->next = (uint32_t)rng_below(&ring->rng, ring->count);
    prefetch(&ring->ticker[ring->next]);
    sim_schedule_in(sim, (uint64_t)gap + 1, SIM_PRIORITY_NORMAL, on_random, ring);
}

static void on_random(struct sim *sim, void *arg)
{
    struct ring *ring = arg;
    struct ticker *ticker = &ring->ticker[ring->next];
    draw(sim, ring, on_random);
    tick_now(sim, ticker);
}

static void bind_ring(struct tick *tick, size_t c)
{
    const struct plan *plan = tick->host->plan;
    double hz = plan_option(plan, c, "guest_hz");
    double wakeups = cost_of(plan->costs, c, "idle_wakeups");
    tick->ring[c] = (struct ring){.tick = tick,
                                  .period_ns = hz > 0 ? (uint64_t)(1e9 / hz) : 0,
                                  .work_ns = cost_ns(plan->costs, c, "tick_cpu_s"),
                                  .hold_ns = cost_ns(plan->costs, c, "time_lock_hold_s"),
                                  .gap_ns = wakeups > 0 ? 1e9 / wakeups : INFINITY};
    host_stream(tick->host, &tick->ring[c].rng, c, PURPOSE_TICK);
}

int tick_open(struct host *host)
{
    const struct plan *plan = host->plan;
    struct tick *tick = host->tick = calloc(1, sizeof *tick);
    if (tick == NULL)
        return -1;
    tick->host = host;
    const struct lock_rules rules = {.kind = LOCK_TICKET,
                                     .base_ns = cost_ns(plan->costs, 0, "lock_handover_s"),
                                     .line_ns = cost_ns(plan->costs, 0, "lock_line_s"),
                                     .ple_grow = 1};
    lock_init(&tick->time_lock, &rules, NULL, 0);
    bool locks = false;
    for (size_t c = 0; c < plan->scenario->class_count; c++) {
        bind_ring(tick, c);
        tick->count += plan->class_guests[c] * (uint32_t)plan_option(plan, c, "vcpus");
        locks = locks || tick->ring[c].hold_ns > 0;
    }
    tick->tickers = calloc(tick->count + 1, sizeof *tick->tickers);
    tick->waits = calloc(locks ? tick->count + 1 : 1, sizeof *tick->waits);
    struct ticker *next = tick->tickers;
    for (size_t c = 0; next != NULL && c < plan->scenario->class_count; c++) {
        tick->ring[c].ticker = next;
        next += plan->class_guests[c] * (uint32_t)plan_option(plan, c, "vcpus");
    }
    return tick->tickers == NULL || tick->waits == NULL ? -1 : 0;
}

void tick_close(struct host *host)
{
    if (host->tick == NULL)
        return;
    free(host->tick->tickers);
    free(host->tick->waits);
    free(host->tick);
    host->tick = NULL;
}

void tick_start(struct host *host, struct guest *guest)
{
    struct tick *tick = host->tick;
    struct ring *ring = &tick->ring[guest->class_index];
    for (uint32_t i = 0; i < guest->vcpu_count; i++) {
        struct ticker *ticker = &ring->ticker[ring->count++];
        uint32_t index = (uint32_t)(ticker - tick->tickers);
        *ticker = (struct ticker){.thread = &guest->vcpus[i], .ring = ring, .index = index};
        ticker->phase_ns = (uint64_t)((double)ring->period_ns * rng_uniform(&ring->rng));
    }
}

static int by_phase(const void *left, const void *right)
{
    const struct ticker *a = left;
    const struct ticker *b = right;
    if (a->phase_ns != b->phase_ns)
        return a->phase_ns < b->phase_ns ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

void tick_begin(struct host *host)
{
    struct tick *tick = host->tick;
    struct sim *sim = &host->sim;
    for (size_t c = 0; c < host->plan->scenario->class_count; c++) {
        struct ring *ring = &tick->ring[c];
        if (ring->period_ns > 0)
            qsort(ring->ticker, ring->count, sizeof *ring->ticker, by_phase);
        for (uint32_t i = 0; i < ring->count; i++) {
            struct ticker *ticker = &ring->ticker[i];
            if (ring->hold_ns > 0)
                tick->waits[ticker->index] = (struct lock_wait){
                    .thread = ticker->thread, .granted = on_granted, .arg = ticker};
        }
        ring->turned_ns = sim_now(sim);
        if (ring->period_ns == 0 && ring->count > 0 && isfinite(ring->gap_ns))
            draw(sim, ring, on_random);
        if (ring->period_ns > 0 && ring->count > 0)
            sim_schedule_in(sim, ring->ticker[0].phase_ns, SIM_PRIORITY_NORMAL, on_ring, ring);
    }
}

void tick_restart_statistics(struct host *host)
{
    host->tick->ticks = 0;
    host->tick->late = 0;
    lock_restart_statistics(&host->tick->time_lock, &host->sim);
}

const struct lock *tick_time_lock(const struct host *host)
{
    return &host->tick->time_lock;
}

void tick_measure(struct host *host)
{
    const struct tick *tick = host->tick;
    const struct tally *wait = &tick->time_lock.wait_ns;
    double *value = host->result->value;
    double passed = (double)(sim_now(&host->sim) - host->measured_since_ns) * 1e-9;
    if (tick->ticks > 0)
        value[METRIC_ticks_late] = (double)tick->late / (double)tick->ticks;
    if (tick->time_lock.acquisitions == 0)
        return;
    value[METRIC_host_lock_use] = (double)tick->time_lock.held_ns * 1e-9 / passed;
    value[METRIC_host_lock_wait_mean] = wait->count > 0 ? wait->mean * 1e-9 : 0;
    value[METRIC_host_lock_wait_max] = wait->count > 0 ? wait->greatest * 1e-9 : 0;
}
