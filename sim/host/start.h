/* Starting guests: the pipeline of data/costs.csv in time.
 *
 * `parallel_starts` starts are in flight (0: all at once); a guest that is up or stopped makes room
 * for the next one. A start does the steps of its class one after another, each on its station:
 *
 *     delay   nobody is busy
 *     qemu    the guest's main loop         vcpu   its first vCPU
 *     daemon  a worker of libvirt: held from the first step on it until the guest boots, as the
 *             worker is by the call that starts a guest; there are `daemon_workers` of them
 *     lock    CPU time of the worker (without one, of the main loop) under a lock of the host
 *     disk    bytes from the images' storage, whose bandwidth all starts share
 *
 * CPU work is done by threads of cpu.h and so shares the host's CPUs with all that runs already.
 * What neighbouring steps do at the same station is one burst, so that a guest costs some ten
 * events whatever its number of devices: linear and quadratic terms are in the amounts.
 *
 * A guest that a limit stops (ledger.h) goes as far as the phase in which that limit is met.
 *
 * Closed form: with demand D of the CPU time and R1 alone, P starts on C CPUs take max(R1, P D / C)
 * each, and a section of D under a lock lets at most 1 / D starts a second through (asymptotic
 * bounds of a closed queueing network; Lazowska et al., "Quantitative System Performance", ch. 5).
 */
#ifndef SIM_HOST_START_H
#define SIM_HOST_START_H

#include "sim/engine/station_fluid.h"
#include "sim/engine/station_mutex.h"
#include "sim/host/host.h"
#include "sim/host/ledger.h"

struct boot;

/* The stations of starts; read only. */
struct start_worker {
    struct thread thread;
    struct start_worker *next;
};

struct start_lock {
    struct station_mutex mutex;
};

struct start_disk {
    struct station_fluid fluid;
    struct station_class readers;
};

struct start {
    /* set by the owner after start_open; NULL: nobody is told */
    void (*up)(struct host *host, struct guest *guest);      /* it runs now */
    void (*stopped)(struct host *host, struct guest *guest); /* a limit stopped it */
    void (*all_done)(struct host *host);                     /* the last one is up or stopped */
    /* read only */
    struct account account; /* of limits: what is held, and what was met first */
    uint32_t launched, started, refused;
    uint64_t last_up_ns;
    double cpu_ns; /* of guests that came up, until then */
    /* private */
    struct boot *boots, *idle_boots;
    uint32_t boot_count;
    struct start_worker *workers, *idle_workers;
    uint32_t worker_count;
    struct boot *first_waiting, *last_waiting; /* for a worker */
    struct start_lock *locks;
    struct start_disk *disk;
    struct start_program *programs; /* of each class */
};

/* Returns 0, or -1 without memory. */
int start_open(struct host *host);

/* Launches the first guests, now; the others follow. Guests of a class come one after another in
 * the order of the mix, which must be that of host->guests. */
void start_launch(struct host *host);

/* Starts are no steady state: nothing is forgotten at the end of a warm-up. */
void start_measure(struct host *host);
void start_close(struct host *host);

#endif
