/* Disks of the guests in time: a closed load of io_jobs x io_depth requests in each guest, from the
 * guest's CPU to the drive and back.
 *
 *     job on a vCPU -> virtqueue -> kick -> serving thread [-> pool of workers] -> drive
 *     job on a vCPU <- interrupt <- serving thread [<- worker]                  <- drive
 *
 * SERVING THREAD. The main loop, or an iothread. A pass of its event loop takes whatever stands in
 * its virtqueues and whatever the drive has finished, so batches grow with the load by themselves;
 * a pass has a price (the scan of idle handlers included), so has each request and each interrupt.
 * With aio=threads a pool of at most 64 workers blocks in their place. A synchronous back end
 * (Firecracker, Cloud Hypervisor of 2020) serves one request after another, whatever the depth.
 *
 * KICKS. The guest leaves its CPU for one when the serving thread has to be told: not while older
 * requests are still in the queue (event index), nor while the thread is at that queue (QEMU 2.9)
 * or polls it. A sleeping thread answers a kick late, as its CPU has to come out of an idle state.
 *
 * INTERRUPTS. One for all that a pass has finished, unless one is on its way; on the vCPU of the
 * virtqueue, which tells the job's vCPU if that is another one.
 *
 * FLUSH. After io_flush_every writes the job waits for a flush, and does nothing meanwhile (as fio
 * does). CACHE MODES: writeback and unsafe end writes in the host's memory, from where they are
 * written back; once that holds too much, writes wait for the drive. A flush waits for what is left
 * there. writethrough and directsync flush each write.
 *
 * All times are rows of data/parameters.csv, blk_* and drive_*. Sources: hw/block/virtio-blk.c,
 * hw/virtio/virtio.c, util/aio-posix.c, util/thread-pool.c of QEMU; "timing" rows name theirs.
 *
 * Cost: about eight events a request at depth 1, fewer where batches form; nothing is allocated
 * after block_open. */
#ifndef SIM_HOST_BLOCK_H
#define SIM_HOST_BLOCK_H

#include "sim/host/host.h"

int block_open(struct host *host);
void block_start(struct host *host, struct guest *guest);
/* Requests completed since the start or the end of the warm-up. */
uint64_t block_requests(const struct host *host);

void block_restart_statistics(struct host *host);
void block_measure(struct host *host);
void block_close(struct host *host);

#endif
