#include "sim/host/lock.h"

#include <math.h>

static void spin(struct sim *sim, struct lock_wait *wait);

void lock_init(struct lock *lock, const struct lock_rules *rules, struct thread *peers,
               uint32_t peer_count)
{
    *lock = (struct lock){.rules = *rules, .peers = peers, .peer_count = peer_count};
    tally_init(&lock->wait_ns);
}

static bool steals(const struct lock *lock)
{
    return lock->rules.kind == LOCK_PV_QUEUED || lock->rules.kind == LOCK_MUTEX ||
           lock->rules.kind == LOCK_BYTE;
}

static bool halts(const struct lock *lock)
{
    return lock->rules.kind == LOCK_PV_TICKET || lock->rules.kind == LOCK_PV_QUEUED;
}

static void take(struct sim *sim, struct lock *lock, struct lock_wait *wait)
{
    lock->owner = wait;
    lock->acquisitions++;
    lock->taken_ns = sim_now(sim);
    wait->owner = true;
}

static void remove_wait(struct lock *lock, struct lock_wait *wait)
{
    struct lock_wait **link = &lock->head;
    struct lock_wait *before = NULL;
    while (*link != wait) {
        before = *link;
        link = &before->next;
    }
    *link = wait->next;
    if (lock->tail == wait)
        lock->tail = before;
    lock->waiting--;
}

static void granted(struct sim *sim, struct lock_wait *wait)
{
    tally_add(&wait->lock->wait_ns, (double)(sim_now(sim) - wait->asked_ns));
    wait->thread->spinning = false;
    wait->granted(sim, wait->arg);
}

/* A waiter runs, and the lock is its own or free for it. */
static bool try_take(struct sim *sim, struct lock_wait *wait)
{
    struct lock *lock = wait->lock;
    if (!wait->owner && (lock->owner != NULL || !steals(lock)))
        return false;
    if (!wait->owner) {
        remove_wait(lock, wait);
        take(sim, lock, wait);
    }
    granted(sim, wait);
    return true;
}

/* virt/kvm/kvm_main.c, kvm_vcpu_eligible_for_directed_yield. */
static bool eligible(const struct lock *lock, struct thread *peer)
{
    if (!lock->rules.ple_filter || !peer->in_spin_loop)
        return true;
    peer->passed_over = !peer->passed_over;
    return !peer->passed_over;
}

/* The next preempted vCPU of the guest is to run instead. */
static void yield_to_peer(struct sim *sim, struct lock_wait *wait)
{
    struct lock *lock = wait->lock;
    for (uint32_t i = 0; i < lock->peer_count; i++) {
        struct thread *peer = &lock->peers[lock->next_peer];
        lock->next_peer = lock->next_peer + 1 == lock->peer_count ? 0 : lock->next_peer + 1;
        if (peer == wait->thread || peer->state != THREAD_READY || !eligible(lock, peer))
            continue;
        wait->thread->in_spin_loop = thread_yield_to(sim, wait->thread, peer);
        return;
    }
}

static void halt(struct lock_wait *wait)
{
    wait->halted = true;
    wait->thread->spinning = false;
}

/* The waiter has spun for its window, or the lock was handed to it. */
static void on_spun(struct sim *sim, void *arg)
{
    struct lock_wait *wait = arg;
    const struct lock_rules *rules = &wait->lock->rules;
    if (try_take(sim, wait))
        return;
    wait->spun_ns += wait->burst.work_ns;
    if (halts(wait->lock) && wait->spun_ns >= rules->spin_limit_ns) {
        halt(wait);
        return;
    }
    wait->window_ns = (uint64_t)fmin((double)wait->window_ns * rules->ple_grow, 1e9);
    spin(sim, wait);
    if (rules->ple_window_ns > 0)
        yield_to_peer(sim, wait);
}

/* How long a waiter spins before something happens by itself. */
static uint64_t patience_ns(const struct lock_wait *wait)
{
    const struct lock_rules *rules = &wait->lock->rules;
    uint64_t window = BURST_FOREVER;
    if (rules->ple_window_ns > 0)
        window = wait->window_ns + rules->ple_exit_ns + rules->ple_scan_ns * wait->lock->peer_count;
    if (!halts(wait->lock))
        return window;
    uint64_t left = rules->spin_limit_ns > wait->spun_ns ? rules->spin_limit_ns - wait->spun_ns : 1;
    return left < window ? left : window;
}

static void spin(struct sim *sim, struct lock_wait *wait)
{
    wait->burst = (struct burst){.work_ns = patience_ns(wait), .done = on_spun, .arg = wait};
    wait->thread->spinning = true;
    thread_interrupt(sim, wait->thread, &wait->burst);
}

bool lock_acquire(struct sim *sim, struct lock *lock, struct lock_wait *wait)
{
    wait->lock = lock;
    wait->next = NULL;
    wait->owner = false;
    wait->halted = false;
    wait->spun_ns = 0;
    wait->window_ns = lock->rules.ple_window_ns;
    if (lock->owner == NULL && (lock->head == NULL || steals(lock))) {
        take(sim, lock, wait);
        return true;
    }
    wait->asked_ns = sim_now(sim);
    lock->contended++;
    lock->waiting++;
    if (lock->head == NULL)
        lock->head = wait;
    else
        lock->tail->next = wait;
    lock->tail = wait;
    if (lock->rules.kind == LOCK_MUTEX)
        halt(wait);
    else
        spin(sim, wait);
    return false;
}

static void on_woken(struct sim *sim, void *arg)
{
    struct lock_wait *wait = arg;
    if (try_take(sim, wait))
        return;
    if (wait->lock->rules.kind == LOCK_MUTEX) {
        halt(wait);
        return;
    }
    wait->spun_ns = 0;
    spin(sim, wait);
}

static void wake_halted(struct sim *sim, struct lock_wait *wait)
{
    wait->halted = false;
    wait->burst =
        (struct burst){.work_ns = wait->lock->rules.base_ns, .done = on_woken, .arg = wait};
    thread_run(sim, wait->thread, &wait->burst);
}

static uint64_t handover_ns(const struct lock *lock)
{
    bool ticket = lock->rules.kind == LOCK_TICKET || lock->rules.kind == LOCK_PV_TICKET;
    return lock->rules.base_ns + (ticket ? lock->rules.line_ns * (lock->waiting + 1) / 2 : 0);
}

/* The first waiter that is on a CPU; else the first that merely waits for one; else the first. */
static struct lock_wait *choose(const struct lock *lock)
{
    struct lock_wait *ready = NULL;
    for (struct lock_wait *wait = lock->head; steals(lock) && wait != NULL; wait = wait->next) {
        if (wait->thread->state == THREAD_RUNNING && !wait->halted)
            return wait;
        if (ready == NULL && !wait->halted)
            ready = wait;
    }
    return ready != NULL ? ready : lock->head;
}

uint64_t lock_release(struct sim *sim, struct lock *lock)
{
    lock->held_ns += sim_now(sim) - lock->taken_ns;
    lock->owner->owner = false;
    lock->owner = NULL;
    struct lock_wait *next = choose(lock);
    if (next == NULL)
        return 0;
    bool running = next->thread->state == THREAD_RUNNING && !next->halted;
    if (!steals(lock) || running) {
        remove_wait(lock, next);
        take(sim, lock, next);
    }
    if (next->halted) {
        wake_halted(sim, next);
        return lock->rules.kick_ns;
    }
    thread_finish(sim, next->thread, &next->burst, handover_ns(lock));
    return 0;
}

void lock_restart_statistics(struct lock *lock, const struct sim *sim)
{
    lock->acquisitions = 0;
    lock->contended = 0;
    lock->held_ns = 0;
    lock->taken_ns = sim_now(sim);
    tally_init(&lock->wait_ns);
}
