/* What the vCPUs of guests do when they have something to do: a loop of
 *
 *     think (CPU) -> [lock -> hold (CPU) -> unlock] -> one operation -> [sleep]
 *
 * Think times are exponential, holds constant. Busy vCPUs are the first busy_vcpus of a guest; they
 * begin at random within a while, as guests do that were not started in step. */
#ifndef SIM_HOST_WORKLOAD_H
#define SIM_HOST_WORKLOAD_H

#include "sim/host/host.h"
#include "sim/host/lock.h"

int workload_open(struct host *host);
void workload_close(struct host *host);

/* The guest runs now: its vCPUs begin. */
void workload_start(struct host *host, struct guest *guest);

/* Operations since the start or the end of the warm-up. */
uint64_t workload_operations(const struct host *host);

/* The locks of all guests. */
const struct lock *workload_locks(const struct host *host, uint32_t *count);

/* End of the warm-up; and filling the lock_ and work_ metrics. */
void workload_restart_statistics(struct host *host);
void workload_measure(struct host *host);

#endif
