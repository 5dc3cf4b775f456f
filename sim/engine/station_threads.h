/*
 * Thread pool that grows on demand and shrinks when idle, as QEMU's (util/thread-pool.c) does for
 * blocking I/O. It is a FIFO station_queue whose number of servers follows the load.
 *
 * GROWTH. A task that finds no idle thread has one started, unless threads_max live or are being
 * started, or as many are being started as tasks wait. A new thread looks for work start_ns later;
 * its task may have been taken by another thread by then.
 * SHRINKAGE. The thread that became idle last is used first. One that was idle for idle_ns ends,
 * unless that would leave fewer than threads_min.
 * TASKS are taken in the order of submission.
 *
 * Cost: O(1) for a task, O(idle threads) for the end of a thread; nothing is allocated.
 */
#ifndef SIM_ENGINE_STATION_THREADS_H
#define SIM_ENGINE_STATION_THREADS_H

#include "sim/engine/station_queue.h"

#include <stdint.h>

/* Belongs to the caller; zeroed before its first use; in place until `done`. */
struct thread_task {
    uint64_t run_ns;       /* STATION_FOREVER: until station_threads_finish */
    sim_callback *started; /* called when a thread takes the task; may be NULL */
    sim_callback *done;
    void *arg;
    /* below: private to station_threads.c */
    struct station_threads *threads;
    struct station_job job;
};

struct station_threads {
    struct station_queue queue; /* read only: .servers threads live, .busy, .waiting tasks */
    uint32_t starting;          /* read only */
    uint64_t started;           /* read only: threads ever started */
    /* below: private to station_threads.c */
    uint32_t threads_min;
    uint32_t threads_max;
    uint32_t idle;
    uint64_t start_ns;
    uint64_t idle_ns;
    uint64_t *idle_since_ns; /* of each idle thread, the longest idle first */
    struct station_timer idle_timer;
};

/*
 * The pool begins with threads_min threads, idle; threads_max >= 1. idle_since_ns[threads_max] is
 * the caller's and must outlive the pool. idle_ns STATION_FOREVER: threads never end.
 */
void station_threads_init(struct station_threads *threads, struct sim *sim, uint32_t threads_min,
                          uint32_t threads_max, uint64_t start_ns, uint64_t idle_ns,
                          uint64_t *idle_since_ns);

void station_threads_submit(struct sim *sim, struct station_threads *threads,
                            struct thread_task *task);

/* End a task that runs; `done` is called. */
void station_threads_finish(struct sim *sim, struct thread_task *task);

#endif
