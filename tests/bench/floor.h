/*
 * The floor: the least any simulator with callbacks can do. A clock, and a handful of events in a
 * sorted array; no handles, no cancelling, no growth, no order among equal times.
 */
#ifndef TESTS_BENCH_FLOOR_H
#define TESTS_BENCH_FLOOR_H

#include <stdint.h>

struct floor_sim;
typedef void floor_callback(struct floor_sim *sim, void *arg);

struct floor_event {
    uint64_t time_ns;
    floor_callback *fn;
    void *arg;
};

struct floor_sim {
    uint64_t now_ns;
    uint64_t count;
    struct floor_event event[8]; /* the earliest last */
};

static inline void floor_schedule_in(struct floor_sim *sim, uint64_t delay_ns, floor_callback *fn,
                                     void *arg)
{
    uint64_t time_ns = sim->now_ns + delay_ns;
    uint64_t at = sim->count++;
    while (at > 0 && sim->event[at - 1].time_ns < time_ns) {
        sim->event[at] = sim->event[at - 1];
        at--;
    }
    sim->event[at] = (struct floor_event){time_ns, fn, arg};
}

static inline void floor_run(struct floor_sim *sim)
{
    while (sim->count > 0) {
        struct floor_event event = sim->event[--sim->count];
        sim->now_ns = event.time_ns;
        event.fn(sim, event.arg);
    }
}

#endif
