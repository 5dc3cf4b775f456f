/* What sim/host/net.c (trains on their way) and net_path.c (the way, and what it costs) share. */
#ifndef SIM_HOST_NET_PRIVATE_H
#define SIM_HOST_NET_PRIVATE_H

#include "sim/engine/station_fluid.h"
#include "sim/engine/tally.h"
#include "sim/host/net.h"

enum { NET_STAGES_MAX = 12, NET_WINDOW_MAX = 16, NET_HIGHEST_WEIGHT = 88761 };

/* A thread of this part's own, or a guest's. */
struct net_thread {
    struct thread own;
    struct thread *thread; /* &own, or one of the guest's */
    uint64_t active_ns;    /* when it did something last; kept for those that may sleep deeply */
    uint64_t run_base_ns;  /* CPU time at the start of the measurement */
};

enum net_stage_kind { NET_CPU, NET_LINK, NET_DELAY };

struct net_stage {
    enum net_stage_kind kind;
    struct thread *thread;      /* NET_CPU */
    struct net_thread *sleeper; /* NET_CPU: its CPU may be in a deep idle state; or NULL */
    struct station_class *link; /* NET_LINK */
    uint64_t work_ns;           /* of CPU, of the link, or the delay */
    uint64_t signal_ns;         /* the stage before pays it when this thread sleeps */
    uint64_t pass_ns;           /* this thread pays it when it slept */
    bool interrupts;            /* ahead of other work of the thread */
};

struct net_stream;

struct net_train {
    struct burst burst;
    struct station_flow flow;
    struct net_train *next; /* that waits for the stream's turn on the link */
    struct net_stream *stream;
    struct net *net;
    uint64_t began_ns;
    uint32_t at;
    bool signalling; /* the burst in progress signals the next stage */
};

struct net_stream {
    struct net_stage path[NET_STAGES_MAX];
    uint32_t stages;
    struct net_train trains[NET_WINDOW_MAX];
    uint32_t window;
    uint32_t packets; /* of a train */
    double bytes;
    uint64_t trains_done; /* since the start */
    uint64_t pause_ns;    /* between two pings */
    struct net_train *first_waiting, *last_waiting;
    bool on_link;
    struct thread *poller; /* a vCPU that polls for a while before it halts; or NULL */
    struct burst poll;
    bool polling;
    uint64_t poll_ns, poll_hit_ns;
    struct sim_event poll_end;
};

/* Values of the options net_peer and net_direction (model/option.c), and of net_worker
 * (data/parameters.csv). */
enum net_peer { NET_REMOTE, NET_HOST, NET_GUEST };
enum net_direction { NET_OUT, NET_IN };
enum net_worker { NET_NO_WORKER, NET_OWN_WORKERS, NET_MAIN_LOOP };

struct net_guest {
    struct net_stream *streams;
    struct net_thread *workers;        /* NULL: none */
    struct net_thread *peer, *softirq; /* a process on the host; its softirq for this guest */
    uint32_t stream_count, worker_count;
};

/* The broadcasts of a guest, and those of others that it takes. */
struct net_flood {
    struct net *net;
    struct thread *worker, *vcpu; /* worker NULL: it does not run */
    struct burst copy, burst;
    struct rng rng;
    double gap_ns;
    uint64_t worker_ns, guest_ns; /* of a packet that is taken */
    uint64_t received, waiting, taking;
    uint32_t guest, bridges;
    bool copying, receiving;
};

struct net {
    struct host *host;
    struct net_guest *guests;
    struct net_stream *streams;
    struct net_thread *threads;
    struct net_flood *floods;
    uint32_t stream_count, thread_count;
    struct station_fluid out, in, inner; /* the card's directions; between its functions */
    struct station_class out_class, in_class, inner_class;
    uint64_t idle_exit_ns, idle_after_ns;
    double bytes, packets;
    uint64_t flooded_base;
    struct tally rtt;
};

/* Lays out the path and the trains of a stream. */
void net_build(struct net *net, struct guest *guest, struct net_stream *stream, uint32_t index);

/* The guest's broadcasts begin, and it takes those of others. */
void net_flood_start(struct net *net, const struct guest *guest);

#endif
