/* One replication of the host in time. Parts (block.h, net.h, ...) hang their state here, and act
 * on guests once these run. */
#ifndef SIM_HOST_HOST_H
#define SIM_HOST_HOST_H

#include "sim/engine/random.h"
#include "sim/host/cpu.h"
#include "sim/host/metrics.h"
#include "sim/host/plan.h"

/* A guest that runs. Threads stand in one array: vCPUs first, then the main loop, then iothreads.
 */
struct guest {
    uint32_t index, class_index;
    struct thread *vcpus, *main_loop, *iothreads;
    uint32_t vcpu_count, iothread_count;
};

struct host {
    struct sim sim;
    const struct plan *plan;
    uint64_t seed, replication;
    struct cpus cpus;
    struct guest *guests; /* plan->guests of them */
    struct thread *threads;
    uint64_t measured_since_ns; /* the end of the warm-up */
    struct result *result;
    struct workload *workload; /* of the parts; NULL: not in this run */
    struct block *block;
    struct net *net;
    struct start *start;
};

/* What random numbers are for. */
enum purpose { PURPOSE_START };

/* The stream of random numbers for one purpose of one entity (a guest's disk, say): the same in
 * every what-if, whatever else the run does. */
void host_stream(const struct host *host, struct rng *rng, uint64_t entity, uint64_t purpose);

#endif
