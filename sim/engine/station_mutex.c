#include "sim/engine/station_mutex.h"

#include "sim/engine/contract.h"

#include <string.h>

void station_mutex_init(struct station_mutex *mutex, const struct sim *sim,
                        enum mutex_policy policy, uint64_t handoff_ns, struct rng *rng)
{
    contract(policy != MUTEX_RANDOM || rng != NULL);
    memset(mutex, 0, sizeof *mutex);
    mutex->policy = policy;
    mutex->handoff_ns = handoff_ns;
    mutex->rng = rng;
    station_level_restart(&mutex->held, sim_now(sim));
    station_level_restart(&mutex->waiting, sim_now(sim));
}

static void join_line(struct sim *sim, struct mutex_waiter *waiter)
{
    struct station_mutex *mutex = waiter->mutex;

    waiter->after = NULL;
    waiter->before = mutex->tail;
    *(mutex->tail != NULL ? &mutex->tail->after : &mutex->head) = waiter;
    mutex->tail = waiter;
    waiter->state = MUTEX_WAITING;
    station_level_set(&mutex->waiting, sim_now(sim), mutex->waiting.now + 1);
}

static void leave_line(struct sim *sim, struct mutex_waiter *waiter)
{
    struct station_mutex *mutex = waiter->mutex;

    *(waiter->before != NULL ? &waiter->before->after : &mutex->head) = waiter->after;
    *(waiter->after != NULL ? &waiter->after->before : &mutex->tail) = waiter->before;
    station_level_set(&mutex->waiting, sim_now(sim), mutex->waiting.now - 1);
}

static void own(struct sim *sim, struct mutex_waiter *waiter, enum mutex_state state)
{
    struct station_mutex *mutex = waiter->mutex;

    mutex->owner = waiter;
    waiter->state = state;
    mutex->acquisitions++;
    station_level_set(&mutex->held, sim_now(sim), 1);
}

static struct mutex_waiter *choose(struct station_mutex *mutex)
{
    struct mutex_waiter *waiter = mutex->head;
    uint64_t steps;

    switch (mutex->policy) {
    case MUTEX_LIFO:
        return mutex->tail;
    case MUTEX_RANDOM:
        for (steps = rng_below(mutex->rng, mutex->waiting.now); steps > 0; steps--) {
            waiter = waiter->after;
        }
        return waiter;
    default:
        return mutex->head;
    }
}

static void on_granted(struct sim *sim, void *arg)
{
    struct mutex_waiter *waiter = arg;

    waiter->timer.event = SIM_EVENT_NONE;
    waiter->state = MUTEX_HOLDING;
    waiter->acquired(sim, waiter->arg);
}

static void on_woken(struct sim *sim, void *arg)
{
    struct mutex_waiter *waiter = arg;
    struct station_mutex *mutex = waiter->mutex;

    waiter->timer.event = SIM_EVENT_NONE;
    mutex->woken = NULL;
    if (mutex->owner != NULL) {
        mutex->barged++;
        return;
    }
    leave_line(sim, waiter);
    own(sim, waiter, MUTEX_HOLDING);
    mutex->contended++;
    waiter->acquired(sim, waiter->arg);
}

/* The lock has no owner: let the next one have it, or have a try at it. */
static void pass_on(struct sim *sim, struct station_mutex *mutex)
{
    struct mutex_waiter *waiter;

    if (mutex->head == NULL || mutex->woken != NULL) {
        return;
    }
    waiter = choose(mutex);
    if (mutex->policy == MUTEX_BARGING) {
        mutex->woken = waiter;
        station_timer_set(sim, &waiter->timer, mutex->handoff_ns, on_woken, waiter);
        return;
    }
    leave_line(sim, waiter);
    own(sim, waiter, MUTEX_GRANTED);
    mutex->contended++;
    station_timer_set(sim, &waiter->timer, mutex->handoff_ns, on_granted, waiter);
}

static void release(struct sim *sim, struct mutex_waiter *waiter)
{
    struct station_mutex *mutex = waiter->mutex;

    waiter->state = MUTEX_AWAY;
    mutex->owner = NULL;
    station_level_set(&mutex->held, sim_now(sim), 0);
    pass_on(sim, mutex);
}

int station_mutex_lock(struct sim *sim, struct station_mutex *mutex, struct mutex_waiter *waiter)
{
    contract(waiter->state == MUTEX_AWAY && waiter->acquired != NULL);
    waiter->mutex = mutex;
    waiter->timer.event = SIM_EVENT_NONE;
    if (mutex->owner == NULL) {
        own(sim, waiter, MUTEX_HOLDING);
        return 1;
    }
    join_line(sim, waiter);
    return 0;
}

void station_mutex_unlock(struct sim *sim, struct mutex_waiter *waiter)
{
    contract(waiter->state == MUTEX_HOLDING);
    release(sim, waiter);
}

void station_mutex_abandon(struct sim *sim, struct mutex_waiter *waiter)
{
    struct station_mutex *mutex = waiter->mutex;

    contract(waiter->state == MUTEX_WAITING || waiter->state == MUTEX_GRANTED);
    station_timer_stop(sim, &waiter->timer);
    if (waiter->state == MUTEX_GRANTED) {
        release(sim, waiter);
        return;
    }
    leave_line(sim, waiter);
    waiter->state = MUTEX_AWAY;
    if (mutex->woken == waiter) {
        mutex->woken = NULL;
        if (mutex->owner == NULL) {
            pass_on(sim, mutex); /* or nobody would be on the way to a free lock */
        }
    }
}
