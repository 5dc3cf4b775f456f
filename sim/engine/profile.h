/*
 * Where a run's time goes: executions and processor time by type of event. Reading the clock costs
 * 20 to 50 ns an event and is part of the time shown; with no profile set it costs nothing.
 */
#ifndef SIM_ENGINE_PROFILE_H
#define SIM_ENGINE_PROFILE_H

#include "sim/engine/event_types.h"

#include <stdint.h>

struct profile_row {
    uint64_t events;
    uint64_t ns;
};

struct profile {
    struct event_types *types; /* the caller's */
    struct profile_row *row;   /* by type number; rows of types never executed may be missing */
    uint32_t rows;
    /* Below: private to profile.c. */
    uint64_t last_ns;
};

void profile_init(struct profile *profile, struct event_types *types);
void profile_free(struct profile *profile);

/* Executions and time of one type. */
struct profile_row profile_row(const struct profile *profile, uint32_t type);

/* Adds the rows of another profile, of a run in another thread say, by callback. */
void profile_merge(struct profile *into, const struct profile *from);

/* For the run loop: the clock starts; an event of this type has just ended. */
void profile_begin(struct profile *profile);
void profile_count(struct profile *profile, event_function fn);

#endif
