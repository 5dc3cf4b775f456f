/*
 * The simulation: a clock, the pending set and the loop that executes events in order.
 *
 * An event calls fn(sim, arg) at its time; among events of one time the lower priority number goes
 * first, then the one scheduled first, so that a run is bit-reproducible. Everything a run needs
 * hangs off struct sim, which may live on a stack; nothing is global.
 *
 * Time is nanoseconds in uint64_t, at most SIM_TIME_MAX (36 years). A time beyond it is not an
 * event that will ever happen: scheduling it returns 0 and does nothing.
 *
 * The fingerprint hashes (time, priority, order) of every executed event, so that two runs can be
 * compared in one word.
 */
#ifndef SIM_ENGINE_SIM_H
#define SIM_ENGINE_SIM_H

#include "sim/engine/contract.h"
#include "sim/engine/pending.h"

#include <stdbool.h>
#include <stdint.h>

struct sim;
typedef void sim_callback(struct sim *sim, void *arg);

#define SIM_TIME_MAX ((UINT64_C(1) << PENDING_TIME_BITS) - 2)

enum { SIM_PRIORITY_FIRST = 0, SIM_PRIORITY_NORMAL = 8, SIM_PRIORITY_LAST = 15 };

struct sim {
    uint64_t now_ns;
    uint64_t executed;    /* events */
    uint64_t fingerprint; /* over the executed events */
    bool stopped;
    struct pending pending;
};

/* Returns 0 or PENDING_NO_MEMORY. The caller ends with sim_destroy. */
int sim_init(struct sim *sim);
void sim_destroy(struct sim *sim);

/* Executes events until none is left, one lies beyond until_ns, or sim_stop. The clock then stands
 * at until_ns, or at the last event when it was stopped or until_ns is SIM_TIME_MAX. */
void sim_run(struct sim *sim, uint64_t until_ns);

static inline uint64_t sim_now(const struct sim *sim)
{
    return sim->now_ns;
}

/* Ends sim_run after the event that is executing. */
static inline void sim_stop(struct sim *sim)
{
    sim->stopped = true;
}

/* Schedules at an absolute time, which must not be past. Returns the handle, or 0 beyond
 * SIM_TIME_MAX. Running out of memory is a broken contract: a run without its events is wrong. */
static inline uint64_t sim_schedule_at(struct sim *sim, uint64_t time_ns, unsigned priority,
                                       sim_callback *fn, void *arg)
{
    contract(time_ns >= sim->now_ns && priority <= SIM_PRIORITY_LAST);
    if (time_ns > SIM_TIME_MAX)
        return 0;
    uint64_t id = pending_schedule(&sim->pending, pending_high(time_ns, priority),
                                   (struct pending_action){fn, arg});
    contract(id != 0 && "memory for the pending set");
    return id;
}

/* Schedules delay_ns from now at normal priority; the sum is checked for overflow. */
static inline uint64_t sim_schedule_in(struct sim *sim, uint64_t delay_ns, sim_callback *fn,
                                       void *arg)
{
    if (delay_ns > SIM_TIME_MAX - sim->now_ns)
        return 0;
    return sim_schedule_at(sim, sim->now_ns + delay_ns, SIM_PRIORITY_NORMAL, fn, arg);
}

/* Cancels a pending event; false when the handle is stale (executed, cancelled or 0). */
static inline bool sim_cancel(struct sim *sim, uint64_t id)
{
    return pending_cancel(&sim->pending, id);
}

/* Moves a pending event behind all others of its new time; its new handle, or 0 when the old one
 * is stale. */
static inline uint64_t sim_reschedule(struct sim *sim, uint64_t id, uint64_t time_ns,
                                      unsigned priority)
{
    contract(time_ns >= sim->now_ns && time_ns <= SIM_TIME_MAX && priority <= SIM_PRIORITY_LAST);
    return pending_reschedule(&sim->pending, id, pending_high(time_ns, priority));
}

#endif
