/* The inside of cpu.h: one CPU, its run queue (cpu_queue.c), and where threads are put
 * (cpu_place.c). */
#ifndef SIM_HOST_CPU_PRIVATE_H
#define SIM_HOST_CPU_PRIVATE_H

#include "sim/host/cpu.h"

struct cpu {
    struct thread *current; /* NULL: idle */
    struct thread *last;    /* that ran here */
    struct thread *next;    /* of the queue, to be picked ahead of all */
    uint64_t since_ns;      /* when current's progress was last accounted */
    uint64_t started_ns;    /* when current was put on the CPU */
    uint64_t slice_end_ns;  /* SIM_NEVER: nobody waits */
    double speed;           /* of current */
    struct sim_event timer; /* its burst's end or its slice's */
    uint64_t vruntime;      /* no thread here is behind it; it never falls */
    struct thread **queue;  /* a heap by virtual time */
    uint32_t queued, room;
    bool in_done; /* a burst's done runs: what it causes here waits for settle() */
    bool yield, resched;
    uint32_t index, core; /* index % cores */
    bool alone;           /* no sibling shares its core */
    struct cpus *cpus;
};

/* The run queue: a binary heap by virtual time, then order of arrival. */
void cpu_enqueue(struct cpu *cpu, struct thread *thread);
void cpu_dequeue(struct cpu *cpu, struct thread *thread);

/* Notes that a CPU fell idle or became busy. */
void cpu_mark_idle(struct cpu *cpu, bool idle);

/* Where a thread that wakes up goes: see cpu.h. */
struct cpu *cpu_choose(struct thread *thread);

#endif
