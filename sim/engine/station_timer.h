/*
 * One event that a station arms, moves and disarms: zeroed it is disarmed.
 *
 * A time beyond the end of simulated time is never reached, so such a timer never fires.
 */
#ifndef SIM_ENGINE_STATION_TIMER_H
#define SIM_ENGINE_STATION_TIMER_H

#include "sim/engine/sim.h"

struct station_timer {
    struct sim_event event; /* none or stale when disarmed */
};

static inline void station_timer_stop(struct sim *sim, struct station_timer *timer)
{
    sim_cancel(sim, timer->event);
    timer->event = SIM_EVENT_NONE;
}

/* Arm, or move if armed, to fire in delay_ns from now. */
static inline void station_timer_set(struct sim *sim, struct station_timer *timer,
                                     uint64_t delay_ns, sim_callback *fn, void *arg)
{
    station_timer_stop(sim, timer);
    timer->event = sim_schedule_in(sim, delay_ns, SIM_PRIORITY_NORMAL, fn, arg);
}

#endif
