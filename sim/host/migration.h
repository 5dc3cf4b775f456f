/* Live migrations in time: `migrations` of them begin together at the end of the warm-up.
 *
 * PORTS. Each takes a port of the daemon's range, and a session of the ssh connection that drives
 * it where there is one; those that find none are refused.
 *
 * PRE-COPY, as QEMU does it (migration/migration.c: migration_iteration_run; ram.c:
 * ram_save_pending, migration_bitmap_sync). Pages are sent in rounds. A round ends when what is
 * left is below the threshold S = rate * downtime limit; then the dirty bitmap is read. If no more
 * than S are left then, the guest stops and the rest is sent; otherwise the next round begins. As
 * the bitmap is read while S pages are still unsent, what exceeds S shrinks by r = dirtying /
 * sending a round, and the end comes once it is below the grain g, what is sent between two looks
 * at what is left (half of the 100 ms window of the bandwidth limit, on average): syncs = 2 +
 * ln((V1 - S) / g) / ln(1 / r)
 *
 * DIRTYING in t seconds at D pages/s within W pages: W (1 - exp(-D t / W)) at random (coupon
 * collector's mean), min(W, D t) in turn. Where the kernel clears the dirty log page by page just
 * before these are sent (KVM_CLEAR_DIRTY_LOG), a page that waits is dirtied only by what is written
 * after that: the mean over the round of the same with the time left.
 *
 * RATE. All migrations share the link max-min (station_fluid) with whoever else is on it; each is
 * capped by the bandwidth limit and by what its threads can send. The stopped guest's rest is not
 * limited by the bandwidth setting.
 *
 * THROTTLE. With auto-converge, each second time that a round dirtied more than half of the bytes
 * it sent the vCPUs are slowed down a step. A guest that writes as fast as it can writes that much
 * less; one that writes at a pace of its own is slowed down once too little CPU time is left for
 * it.
 *
 * A migration that is not over in time is given up: it did not converge.
 *
 * Units: pages and bytes in double, times in ns. Cost: about three events a round. */
#ifndef SIM_HOST_MIGRATION_H
#define SIM_HOST_MIGRATION_H

#include <stdbool.h>

#include "sim/engine/station_fluid.h"
#include "sim/host/host.h"

int migration_open(struct host *host);
void migration_start(struct host *host, struct guest *guest);
void migration_restart_statistics(struct host *host);
void migration_measure(struct host *host);
void migration_close(struct host *host);

/* Whether one is still under way: a run that wants the result goes on until none is. */
bool migration_busy(const struct host *host);

/* The link they share; capacity in bytes per ns. Other traffic may join it. */
struct station_fluid *migration_link(struct host *host);

/* Share of its CPU time that auto-converge leaves to a guest, 0 to 1. */
double migration_cpu_share(const struct host *host, const struct guest *guest);

#endif
