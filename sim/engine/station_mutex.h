/*
 * Lock with one holder and a choice of who gets it next.
 *
 * WHO IS NEXT. MUTEX_FIFO: the longest waiting (ticket and queued locks). MUTEX_LIFO: the latest.
 * MUTEX_RANDOM: each waiter with the same odds (test-and-set locks). MUTEX_BARGING: nobody in
 * particular; the longest waiting is woken and takes the lock if it is still free when it gets
 * there, else it waits on at the head of the line (sleeping locks, futexes).
 *
 * WHAT A HAND-OVER COSTS. A waiter goes on handoff_ns after the unlock that chose it (cache miss,
 * wake-up). With FIFO, LIFO and RANDOM the lock is its own all that time and nobody else can have
 * it: this is how convoys form. With BARGING the lock is free meanwhile, and whoever asks first
 * takes it; one waiter at a time is on its way.
 *
 * A free lock is taken at once, whatever waits. Recursive locking is a broken contract.
 *
 * Cost: O(1), RANDOM O(waiters) an unlock; nothing is allocated.
 */
#ifndef SIM_ENGINE_STATION_MUTEX_H
#define SIM_ENGINE_STATION_MUTEX_H

#include "sim/engine/random.h"
#include "sim/engine/sim.h"
#include "sim/engine/station_level.h"
#include "sim/engine/station_timer.h"

#include <stdint.h>

enum mutex_policy { MUTEX_FIFO, MUTEX_LIFO, MUTEX_RANDOM, MUTEX_BARGING };

enum mutex_state { MUTEX_AWAY, MUTEX_WAITING, MUTEX_GRANTED, MUTEX_HOLDING };

/* Belongs to the caller; zeroed before its first use; in place until it unlocked or left. */
struct mutex_waiter {
    sim_callback *acquired; /* called when a lock that was not free has become the waiter's */
    void *arg;
    uint32_t state; /* read only; GRANTED: the lock is its own, and handoff_ns is running */
    /* below: private to station_mutex.c */
    struct station_mutex *mutex;
    struct mutex_waiter *before;
    struct mutex_waiter *after;
    struct station_timer timer;
};

struct station_mutex {
    /* read only */
    struct station_level held;    /* 0 or 1, hand-overs included */
    struct station_level waiting; /* not yet granted */
    uint64_t acquisitions;
    uint64_t contended; /* of these, by waiters */
    uint64_t barged;    /* times a woken waiter came too late */
    /* below: private to station_mutex.c */
    enum mutex_policy policy;
    uint64_t handoff_ns;
    struct rng *rng;
    struct mutex_waiter *head;
    struct mutex_waiter *tail;
    struct mutex_waiter *owner; /* holding or granted */
    struct mutex_waiter *woken; /* BARGING: on its way; it stays at the head of the line */
};

/* rng is needed by MUTEX_RANDOM only and must outlive the mutex. */
void station_mutex_init(struct station_mutex *mutex, const struct sim *sim,
                        enum mutex_policy policy, uint64_t handoff_ns, struct rng *rng);

/* Returns 1 when the lock was free and is now held; 0 when `acquired` will be called later. */
int station_mutex_lock(struct sim *sim, struct station_mutex *mutex, struct mutex_waiter *waiter);

/* By the holder. */
void station_mutex_unlock(struct sim *sim, struct mutex_waiter *waiter);

/*
 * Give up waiting (time-out, killed); `acquired` is not called. A lock already granted to the
 * waiter goes to the next one.
 */
void station_mutex_abandon(struct sim *sim, struct mutex_waiter *waiter);

#endif
