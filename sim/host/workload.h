/* What guests do with their vCPUs: work in a loop, tick, or idle.
 *
 *     busy vCPU:  think (CPU) -> [lock -> hold (CPU) -> unlock] -> one operation -> [sleep] -> ...
 *     any vCPU:   a tick every 1 / guest_hz s, or, tickless, wake-ups at random
 *
 * Think times are exponential, holds constant. On kernels whose clock reads take one lock of the
 * host (xtime_lock of 2008) each tick does so. Busy vCPUs are the first busy_vcpus of a guest. */
#ifndef SIM_HOST_WORKLOAD_H
#define SIM_HOST_WORKLOAD_H

#include "sim/host/host.h"
#include "sim/host/lock.h"

int workload_open(struct host *host);
void workload_close(struct host *host);

/* The guest runs now: its vCPUs begin. */
void workload_start(struct host *host, struct guest *guest);

/* End of the warm-up; and filling the cpu_, lock_, work_ and tick metrics. */
void workload_restart_statistics(struct host *host);
void workload_measure(struct host *host);

#endif
