/* One replication of the host in time. Parts (workload.h, block.h, net.h, ...) hang their state
 * here, and act on guests once these run. */
#ifndef SIM_HOST_HOST_H
#define SIM_HOST_HOST_H

#include <stdatomic.h>

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
enum purpose {
    PURPOSE_WORKLOAD,
    PURPOSE_START,
    PURPOSE_TICK,
    PURPOSE_DRIVE,
    PURPOSE_REQUESTS,
    PURPOSE_NET,
    PURPOSE_NET_FLOOD,
};

struct host {
    struct sim sim;
    const struct plan *plan;
    uint64_t seed, replication;
    struct cpus cpus;
    struct guest *guests; /* plan->guests of them, in the order of the mix */
    struct thread *threads;
    uint64_t measured_since_ns; /* the end of the warm-up */
    struct result *result;
    const atomic_int *cancel;        /* set by the owner; raised: runs end early */
    const struct recorder *recorder; /* set by the owner; NULL: nobody watches */
    struct workload *workload;       /* of the parts; NULL: not in this run */
    struct tick *tick;
    struct block *block;
    struct net *net;
    struct start *start;
    struct memory *memory;
    struct migrations *migrations;
};

/* Makes guests and threads; no part yet. Returns 0, or -1 without memory; the caller ends with
 * host_close, also then. The plan and the result must outlive the host. */
int host_open(struct host *host, const struct plan *plan, uint64_t seed, uint64_t replication,
              struct result *result);
void host_close(struct host *host);

/* What runs return when they were cancelled. */
enum { HOST_CANCELLED = -2 };

/* All guests run at once for `duration_s` of simulated seconds after a warm-up of `warmup_s`, or,
 * where the scenario does not tell a duration, until the I/O requests are enough for their
 * quantiles; the result is filled in. Returns 0, or -1 without memory. */
int host_run_steady(struct host *host, double warmup_s, double duration_s);

/* How long this host takes to be steady under its load, by MSER-5 over a run without warm-up; at
 * least `least_s`. NAN without memory. */
double host_warmup_s(struct host *host, double least_s, double duration_s);

/* All guests are started, and do nothing once they are up; until the last one is up or stopped. */
int host_run_start(struct host *host);

/* The same for a recorder, sampled, and guests that are up touch their memory meanwhile; lasts_ns
 * is when the last one is up or stopped. The result has no figures. */
int host_watch_start(struct host *host, uint64_t lasts_ns);

/* All guests touch their memory, until they have it or are killed; nothing else happens. */
int host_run_memory(struct host *host);

/* All migrations begin at once, and the run ends with the last; nothing else happens. */
int host_run_migrations(struct host *host);

/* The stream of random numbers for one purpose of one entity (a guest's disk, say): the same in
 * every what-if, whatever else the run does. */
void host_stream(const struct host *host, struct rng *rng, uint64_t entity, enum purpose purpose);

#endif
