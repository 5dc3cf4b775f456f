/* One replication of the host in time. Parts (workload.h, block.h, net.h, ...) hang their state
 * here, and act on guests once these run. */
#ifndef SIM_HOST_HOST_H
#define SIM_HOST_HOST_H

#include "sim/engine/random.h"
#include "sim/host/cpu.h"
#include "sim/host/metrics.h"
#include "sim/host/plan.h"

/* A guest. Its threads stand in one array: vCPUs first, then the main loop, then iothreads. */
struct guest {
    uint32_t index, class_index;
    struct thread *vcpus, *main_loop, *iothreads;
    uint32_t vcpu_count, iothread_count;
};

/* What a stream of random numbers is for. */
enum purpose { PURPOSE_WORKLOAD, PURPOSE_START, PURPOSE_TICK, PURPOSE_NET, PURPOSE_NET_FLOOD };

struct host {
    struct sim sim;
    const struct plan *plan;
    uint64_t seed, replication;
    struct cpus cpus;
    struct guest *guests; /* plan->guests of them, in the order of the mix */
    struct thread *threads;
    uint64_t measured_since_ns; /* the end of the warm-up */
    struct result *result;
    struct workload *workload; /* of the parts; NULL: not in this run */
    struct tick *tick;
    struct net *net;
    struct start *start;
};

/* Makes guests and threads; no part yet. Returns 0, or -1 without memory; the caller ends with
 * host_close, also then. The plan and the result must outlive the host. */
int host_open(struct host *host, const struct plan *plan, uint64_t seed, uint64_t replication,
              struct result *result);
void host_close(struct host *host);

/* All guests run at once for `duration_s` of simulated seconds after a warm-up of `warmup_s`; the
 * result is filled in. Returns 0, or -1 without memory. */
int host_run_steady(struct host *host, double warmup_s, double duration_s);

/* All guests are started, and do nothing once they are up; until the last one is up or stopped. */
int host_run_start(struct host *host);

/* The stream of random numbers for one purpose of one entity (a guest's disk, say): the same in
 * every what-if, whatever else the run does. */
void host_stream(const struct host *host, struct rng *rng, uint64_t entity, enum purpose purpose);

#endif
