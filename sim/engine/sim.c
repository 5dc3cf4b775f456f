#include "sim/engine/sim.h"

#include <string.h>

int sim_init(struct sim *sim)
{
    memset(sim, 0, sizeof *sim);
    return pending_init(&sim->pending, 0);
}

void sim_destroy(struct sim *sim)
{
    pending_destroy(&sim->pending);
}

/* Mixes one word into the fingerprint (the multiply-xorshift step of splitmix64). */
static inline uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

void sim_run(struct sim *sim, uint64_t until_ns)
{
    uint64_t end = until_ns < SIM_TIME_MAX ? until_ns : SIM_TIME_MAX;
    uint64_t limit = pending_high(end + 1, 0);
    struct pending_event event;
    sim->stopped = false;
    while (!sim->stopped && pending_pop(&sim->pending, limit, &event)) {
        sim->now_ns = event.high >> PENDING_PRIORITY_BITS;
        sim->executed++;
        sim->fingerprint = mix(sim->fingerprint, event.high ^ event.id >> PENDING_SLOT_BITS);
        event.action.fn(sim, event.action.arg);
    }
    if (!sim->stopped && end < SIM_TIME_MAX)
        sim->now_ns = end;
}
