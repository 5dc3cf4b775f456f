/*
 * Queue with c equal servers: FIFO in each of 16 priority classes, with or without preemption,
 * limited room, and jobs that lose patience.
 *
 * WHO IS SERVED. A free server takes the waiting job of the lowest priority number (0 is the most
 * urgent), of these the one at the head of its class. Without classes leave all priorities equal.
 *
 * WHO IS EVICTED. With preemption a job that finds all servers busy evicts a running job of a
 * strictly higher number: of those with the highest number the one started last, as it loses least.
 * Equal priorities never evict one another.
 *
 * WHERE IT GOES. To the head of its own class, ahead of jobs that never ran. It is never turned
 * away, even if the room for waiting is full. Several evicted at once keep the order in which they
 * had been started.
 *
 * WHAT IT KEEPS. STATION_RESUME: it has done what it has done, the rest remains. STATION_RESTART:
 * all is lost, it starts again with the same service_ns (for a new sample, withdraw and submit).
 *
 * CAPACITY. station_queue_set_servers up: waiting jobs start at once. Down: with preemption the
 * surplus is evicted at once, chosen as above but whatever waits; without, running jobs finish and
 * their servers then close. 0 servers is a stopped station.
 *
 * BALKING. A job that would have to wait while waiting_max others do is refused by submit.
 * RENEGING. A job that has not been started for the first time within patience_ns leaves with
 * state STATION_RENEGED. Once started it stays to the end, evicted or not.
 *
 * ORDER AT AN INSTANT. When a job leaves, the next one is started first and `done` is called last,
 * so the callback sees the station as it will be and may submit anything, this job included. A job
 * that submit starts has been told so by `started` before submit returns.
 *
 * Cost: O(1) and at most two event operations for each change; nothing is allocated.
 */
#ifndef SIM_ENGINE_STATION_QUEUE_H
#define SIM_ENGINE_STATION_QUEUE_H

#include "sim/engine/sim.h"
#include "sim/engine/station_level.h"
#include "sim/engine/station_timer.h"

#include <stdint.h>

#define STATION_FOREVER UINT64_MAX

enum { STATION_PRIORITIES = 16 };

enum station_preemption { STATION_NO_PREEMPTION, STATION_RESUME, STATION_RESTART };

enum station_job_state {
    STATION_AWAY, /* not at a station: the state of a zeroed job */
    STATION_WAITING,
    STATION_RUNNING,
    STATION_DONE,
    STATION_RENEGED,
};

/* A job belongs to the caller and must stay in place while it is WAITING or RUNNING. */
struct station_job {
    uint64_t service_ns;   /* STATION_FOREVER: until station_queue_finish */
    uint64_t patience_ns;  /* STATION_FOREVER: never leaves */
    uint32_t priority;     /* < STATION_PRIORITIES, 0 the most urgent */
    uint32_t state;        /* enum station_job_state; read only */
    sim_callback *started; /* called at every start, after an eviction too; may be NULL */
    sim_callback *done;    /* called when the job leaves, DONE or RENEGED */
    void *arg;             /* for both */
    /* below: private to station_queue.c */
    struct station_queue *queue;
    struct station_job *before;
    struct station_job *after;
    uint64_t remaining_ns;
    uint64_t started_ns;
    struct station_timer timer;
};

struct station_line {
    struct station_job *head;
    struct station_job *tail;
};

struct station_queue {
    /* read only */
    struct station_level busy;    /* servers at work */
    struct station_level waiting; /* jobs */
    uint64_t done;
    uint64_t balked;
    uint64_t reneged;
    uint64_t evicted;
    uint32_t servers;
    /* below: private to station_queue.c */
    uint32_t waiting_max;
    enum station_preemption preemption;
    uint32_t waiting_classes; /* bit i: line i is not empty */
    uint32_t running_classes;
    struct station_line waiting_lines[STATION_PRIORITIES];
    struct station_line running_lines[STATION_PRIORITIES]; /* in order of start */
};

/* waiting_max UINT32_MAX: room for all. */
void station_queue_init(struct station_queue *queue, const struct sim *sim, uint32_t servers,
                        uint32_t waiting_max, enum station_preemption preemption);

/*
 * Hand a job over. Returns STATION_RUNNING or STATION_WAITING; or STATION_AWAY when it balked: then
 * it is not at the station and `done` will not be called.
 */
enum station_job_state station_queue_submit(struct sim *sim, struct station_queue *queue,
                                            struct station_job *job);

/* End a RUNNING job now, as if its service were over: `done` is called. */
void station_queue_finish(struct sim *sim, struct station_job *job);

/* Take a WAITING or RUNNING job away; `done` is not called. Its state becomes STATION_AWAY. */
void station_queue_withdraw(struct sim *sim, struct station_job *job);

/* Service still to be done; of a job that is WAITING or RUNNING. */
uint64_t station_queue_remaining_ns(const struct sim *sim, const struct station_job *job);

void station_queue_set_servers(struct sim *sim, struct station_queue *queue, uint32_t servers);

/* Zero the counters and integrals: the end of a warm-up. */
void station_queue_restart_statistics(struct station_queue *queue, const struct sim *sim);

#endif
