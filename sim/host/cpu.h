/* The host's CPUs and the threads that run on them.
 *
 * A thread does bursts of work one after another, in the order they were handed to it, and sleeps
 * when it has none. Everything that uses CPU time is a thread: vCPUs, main loops, iothreads, vhost
 * workers, daemons.
 *
 *     thread_run(sim, &vcpu, &burst);     burst.work_ns of CPU time later: burst.done(sim, arg)
 *
 * SCHEDULER. Each CPU has a run queue in the order of virtual run time (CFS; EEVDF differs in
 * which of several late threads goes first, not in shares). A thread runs for a slice, latency /
 * runnable threads but at least slice_min; one that wakes up is placed at most half a latency
 * behind the queue's least virtual time, and preempts if it is behind the current one by more than
 * wakeup_ns. It is put on the CPU it ran on last if that is idle, else on any idle one (the nearest
 * number first, so that NUMA nodes are filled by neighbours), else on the shorter of its own and
 * another's queue. A CPU that falls idle takes the next thread from the longest queue it finds.
 *
 * SPEED. A burst of w ns takes w / speed: the thread's speed (NUMA penalty, nested), times
 * smt_share while a hardware thread of the same core is busy. Picking another thread than the last
 * one costs switch_ns of CPU; waking one up costs wake_ns more, or poll_ns when its vCPU slept
 * shorter than poll_max_ns and its CPU had nothing else to do (halt polling).
 *
 * Sources: kernel/sched/fair.c (place_entity, check_preempt_wakeup, select_idle_sibling), and
 * Documentation/virt/kvm/halt-polling.rst.
 *
 * Cost: a burst is one event while nobody waits; O(log threads of the queue) otherwise; looking for
 * an idle CPU is O(CPUs / 64). Nothing is allocated after cpus_init, but queues grow. */
#ifndef SIM_HOST_CPU_H
#define SIM_HOST_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/histogram.h"
#include "sim/engine/sim.h"

#define BURST_FOREVER UINT64_MAX

/* Belongs to the caller; in place until done is called. done runs while the thread is still on its
 * CPU: what it hands to the same thread goes on without a wake-up. */
struct burst {
    uint64_t work_ns; /* BURST_FOREVER: until thread_finish */
    sim_callback *done;
    void *arg;
    struct burst *next; /* private */
};

enum thread_state { THREAD_ASLEEP, THREAD_READY, THREAD_RUNNING };

struct cpus;

/* Zeroed, then thread_init. The first two cache lines are what a wake-up touches. */
struct thread {
    /* private */
    struct cpus *cpus;
    struct burst *first, *last;
    uint64_t remaining_ns; /* of the first burst, at speed 1; overheads included */
    uint64_t vruntime;
    uint64_t ready_ns, slept_ns;
    /* read only */
    enum thread_state state;
    uint32_t cpu; /* where it runs, waits, or ran last */
    /* set by the owner */
    struct histogram *delays; /* of wake-ups, in ns; NULL: not kept */
    float speed;              /* 1: as fast as the host's CPU is */
    uint32_t weight;          /* 1024 is nice 0 */
    bool halt_polls;          /* a vCPU: its CPU polls a while before it sleeps */
    bool spinning;            /* what runs now is spinning for a lock */
    bool in_spin_loop; /* off CPU since it left the guest for spinning; cleared when it runs */
    bool passed_over;  /* by the last directed yield that looked at it */
    bool woken;        /* private: ready since it was woken up, not since it was preempted */
    uint32_t guest;    /* whose it is; UINT32_MAX: the host's */
    /* read only: CPU time in ns, on a CPU, ready but not on one, and spinning on one */
    uint64_t run_ns, wait_ns, spin_ns;
    uint64_t wakeups;
    /* private */
    uint64_t order;
    uint64_t waited_ns; /* wait_ns is up to then */
};

struct cpu_rules {
    uint64_t latency_ns, slice_min_ns, wakeup_ns; /* of the scheduler */
    uint64_t switch_ns, wake_ns;                  /* costs */
    uint64_t poll_ns, poll_max_ns;                /* halt polling; poll_max_ns 0: off */
    double smt_share;                             /* of a core's speed with both threads busy */
    uint32_t threads_per_core;                    /* CPUs c and c + count / 2 share a core */
};

struct cpu;

struct cpus {
    /* read only */
    uint32_t count;
    struct cpu_rules rules;
    uint64_t busy_ns; /* over all CPUs, polling not included */
    uint64_t poll_ns; /* burnt by halt polling */
    uint64_t switches;
    uint64_t awake_area; /* threads ready or running, integrated over ns */
    /* private */
    struct sim *sim;
    struct cpu *cpu;
    uint64_t *idle;          /* a bit each */
    uint64_t *idle_core;     /* a bit each: all hardware threads of the core are idle */
    uint32_t cores;          /* count / threads_per_core */
    uint32_t waiting, awake; /* threads that wait; that wait or run */
    uint32_t probe;          /* the next queue to compare with */
    uint64_t order;
    uint64_t awake_since_ns;
};

/* Returns 0, or -1 without memory. */
int cpus_init(struct cpus *cpus, struct sim *sim, uint32_t count, const struct cpu_rules *rules);
void cpus_free(struct cpus *cpus);

/* weight 1024 is nice 0. */
void thread_init(struct thread *thread, struct cpus *cpus, uint32_t guest, uint32_t weight);

/* Hands over a burst; wakes the thread up if it sleeps. */
void thread_run(struct sim *sim, struct thread *thread, struct burst *burst);

/* The same, ahead of all bursts that wait (the one in progress is put off): an interrupt. */
void thread_interrupt(struct sim *sim, struct thread *thread, struct burst *burst);

/* Ends a burst that was handed over: once it is the first, the thread does `more_ns` of work
 * instead of what is left of it. */
void thread_finish(struct sim *sim, struct thread *thread, struct burst *burst, uint64_t more_ns);

/* Gives the CPU to the next that waits for it, if any. To be called from a done of the thread. */
void thread_yield(struct sim *sim, struct thread *thread);

/* Directed yield: `to`, ready on any CPU, takes the place of `from`, which is running. Returns
 * false when `to` is not waiting for a CPU. */
bool thread_yield_to(struct sim *sim, struct thread *from, struct thread *to);

/* Brings the counters of all threads up to now; before they are read. */
void cpus_account(struct cpus *cpus);

/* Zeroes the counters of the CPUs: the end of a warm-up. */
void cpus_restart_statistics(struct cpus *cpus);

/* Share of CPU time in use since then; and the mean of threads ready or running. */
double cpus_use(const struct cpus *cpus, uint64_t since_ns);
double cpus_running(const struct cpus *cpus, uint64_t since_ns);

#endif
