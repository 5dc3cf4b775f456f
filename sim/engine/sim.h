/*
 * The simulation: clock, run loop, and the calls a model makes.
 *
 * Time is uint64_t nanoseconds from 0. An event is a callback with an argument at a time and a
 * priority; events run in the order of time, then priority (lower number first), then scheduling.
 * Whatever is scheduled for now runs in this very nanosecond, after what was there before it at
 * the same priority.
 *
 *     static void tick(struct sim *sim, void *arg) { sim_schedule_in(sim, 1000, ..., tick, arg); }
 *
 *     struct sim sim;
 *     sim_init(&sim, NULL);
 *     sim_schedule_at(&sim, 0, SIM_PRIORITY_NORMAL, tick, NULL);
 *     sim_run(&sim, 1000000);
 *     sim_destroy(&sim);
 *
 * TIME OVERFLOW. Time ends at SIM_NEVER (2^60 - 1 ns, 36 years); every later time, UINT64_MAX
 * included, and every sum that would exceed it means SIM_NEVER. An event at SIM_NEVER is pending,
 * can be cancelled and rescheduled, and never runs.
 *
 * ERRORS. A broken rule (an event in the past, a priority out of range) is a contract failure and
 * ends the program with its line. A lack of memory is not: scheduling returns the null handle, the
 * run ends, and sim_run returns the code. Calls on a stale handle return false and do nothing.
 *
 * COSTS. See pending.h: a schedule, cancel or reschedule is 5 to 15 ns, the run loop itself about
 * 5 ns an event. Profile and event log cost nothing when off: they have a run loop of their own.
 */
#ifndef SIM_ENGINE_SIM_H
#define SIM_ENGINE_SIM_H

#include "sim/engine/contract.h"
#include "sim/engine/pending.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_NEVER ((UINT64_C(1) << PENDING_TIME_BITS) - 1)

enum sim_priority {
    SIM_PRIORITY_FIRST = 0,
    SIM_PRIORITY_NORMAL = 8,
    SIM_PRIORITY_LAST = 15,
};

enum sim_error {
    SIM_OK = 0,
    SIM_ERROR_MEMORY = -1,  /* memory ran out */
    SIM_ERROR_PENDING = -2, /* more events pending than the options allow */
};

/* Handle of a scheduled event; {0} is none. Valid until the event runs or is cancelled. */
struct sim_event {
    uint64_t id;
};

#define SIM_EVENT_NONE ((struct sim_event){0})

/* Zero means the default everywhere. */
struct sim_options {
    uint32_t tree_slots;  /* pending events above which the ladder takes over, a power of two */
    uint32_t max_pending; /* events that may be pending at once */
    size_t stack_bytes;   /* stack of a process */
};

struct process;
struct process_pool;
struct profile;
struct trace;

struct sim {
    /* Below: private to the engine; read through the functions. */
    uint64_t now_ns;
    uint64_t limit; /* the run goes on while the high word of the next key is below it */
    uint64_t events;
    uint64_t fingerprint;
    struct pending pending;
    struct process *process; /* the one running, or NULL in a callback */
    struct process_pool *process_pool;
    size_t stack_bytes;
    struct profile *profile; /* caller's, or NULL */
    struct trace *trace;     /* caller's, or NULL */
    bool running;
    bool chained; /* a process that suspends may resume the next one itself */
    bool stopped;
};

int sim_init(struct sim *sim, const struct sim_options *options);

/* Frees everything, stacks of suspended processes included. */
void sim_destroy(struct sim *sim);

/*
 * Executes every event up to and including `until_ns`; then the clock stands there, unless the run
 * was stopped, failed, or `until_ns` is SIM_NEVER (until nothing is left). May be called again.
 */
int sim_run(struct sim *sim, uint64_t until_ns);

/* Executes the next event alone; false if there is none. For debuggers and tests. */
bool sim_step(struct sim *sim);

/* Text for a code returned by sim_init or sim_run. */
const char *sim_error_text(int error);

/* Observers: both are the caller's, and NULL switches them off. Set between runs. */
void sim_observe(struct sim *sim, struct profile *profile, struct trace *trace);

/* Hash over time, priority, sequence and slot of every event executed so far. */
static inline uint64_t sim_fingerprint(const struct sim *sim)
{
    return sim->fingerprint;
}

/* Events executed so far. */
static inline uint64_t sim_events(const struct sim *sim)
{
    return sim->events;
}

static inline uint64_t sim_now(const struct sim *sim)
{
    return sim->now_ns;
}

/* a + b, or SIM_NEVER if that is earlier. */
static inline uint64_t sim_time_add(uint64_t a_ns, uint64_t b_ns)
{
    if (__builtin_expect(a_ns >= SIM_NEVER || b_ns >= SIM_NEVER - a_ns, 0))
        return SIM_NEVER;
    return a_ns + b_ns;
}

/* Ends the run after the event being executed. */
static inline void sim_stop(struct sim *sim)
{
    sim->stopped = true;
    sim->limit = 0;
}

/* Private: multiplier of xxHash64; any odd number with well-mixed bits would do. */
#define SIM_FINGERPRINT_FACTOR UINT64_C(0x9e3779b185ebca87)

/* Private: takes the next event of this run, if it calls `only` or `only` is NULL, and counts it.
 * Inlined into every loop, or the event travels through memory. */
PENDING_HOT bool sim_take_next(struct sim *sim, sim_callback *only, struct pending_event *event)
{
    if (!pending_pop_only(&sim->pending, sim->limit, only, event))
        return false;
    sim->now_ns = event->high >> PENDING_PRIORITY_BITS;
    sim->events++;
    sim->fingerprint = (sim->fingerprint ^ event->high ^ (event->id << 7)) * SIM_FINGERPRINT_FACTOR;
    return true;
}

/* Private: schedules at a time known to be valid. */
static inline struct sim_event sim_schedule_valid(struct sim *sim, uint64_t time_ns,
                                                  unsigned priority, sim_callback *fn, void *arg)
{
    contract(priority <= SIM_PRIORITY_LAST);
    struct pending_action action = {fn, arg};
    uint64_t id = pending_schedule(&sim->pending, pending_high(time_ns, priority), action);
    if (__builtin_expect(id == 0, 0))
        sim->limit = 0;
    return (struct sim_event){id};
}

/* Schedules fn(sim, arg) after a delay. */
static inline struct sim_event sim_schedule_in(struct sim *sim, uint64_t delay_ns,
                                               unsigned priority, sim_callback *fn, void *arg)
{
    uint64_t time_ns = sim->now_ns + delay_ns;
    if (__builtin_expect(delay_ns >= SIM_NEVER - sim->now_ns, 0))
        time_ns = SIM_NEVER;
    return sim_schedule_valid(sim, time_ns, priority, fn, arg);
}

/* Schedules fn(sim, arg) at a time, which must not be in the past. */
static inline struct sim_event sim_schedule_at(struct sim *sim, uint64_t time_ns, unsigned priority,
                                               sim_callback *fn, void *arg)
{
    contract(time_ns >= sim->now_ns);
    if (__builtin_expect(time_ns > SIM_NEVER, 0))
        time_ns = SIM_NEVER;
    return sim_schedule_valid(sim, time_ns, priority, fn, arg);
}

/* Removes an event; false if it already ran, runs now, or was cancelled. */
static inline bool sim_cancel(struct sim *sim, struct sim_event event)
{
    return pending_cancel(&sim->pending, event.id);
}

/* Moves an event, behind all others of its new time, and renews the handle. */
bool sim_reschedule(struct sim *sim, struct sim_event *event, uint64_t time_ns);

static inline bool sim_is_pending(const struct sim *sim, struct sim_event event)
{
    return pending_find(&sim->pending, event.id) != NULL;
}

/* When a pending event is due; SIM_NEVER if the handle is stale. */
uint64_t sim_event_time(const struct sim *sim, struct sim_event event);

/* Time of the next event; SIM_NEVER if there is none. */
uint64_t sim_next_time(struct sim *sim);

#endif
