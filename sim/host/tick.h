/* What vCPUs do even when their guest does nothing: timer ticks, or wake-ups at random once the
 * kernel is tickless.
 *
 * All ticks of a class have one period, so they come in the same order for ever: a ring of them,
 * sorted by phase, needs one pending event for all and walks through memory in order. The wake-ups
 * of a tickless vCPU are a Poisson process; those of n vCPUs together are one of n times the rate,
 * of which each is any one's with the same odds: again one pending event for all.
 *
 *     period  |--a-----b-c-------d--|--a-----b-c-------d--|
 *
 * A tick that comes while the last one of its vCPU is not handled yet is late and lost. On kernels
 * whose clock is read under one lock of the host (xtime_lock until 2.6.27) each tick takes it for a
 * while: idle guests then saturate a host whose CPUs have nothing else to do. */
#ifndef SIM_HOST_TICK_H
#define SIM_HOST_TICK_H

#include "sim/host/host.h"
#include "sim/host/lock.h"

int tick_open(struct host *host);
void tick_close(struct host *host);

/* The guest runs now. */
void tick_start(struct host *host, struct guest *guest);

/* All guests have started: the rings turn from now on. */
void tick_begin(struct host *host);

/* Of the host's clock. */
const struct lock *tick_time_lock(const struct host *host);

void tick_restart_statistics(struct host *host);
void tick_measure(struct host *host);

#endif
