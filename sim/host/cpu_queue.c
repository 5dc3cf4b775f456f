#include <stdlib.h>

#include "sim/host/cpu_private.h"

static bool before(const struct thread *a, const struct thread *b)
{
    int64_t apart = (int64_t)(a->vruntime - b->vruntime);
    return apart != 0 ? apart < 0 : a->order < b->order;
}

static void sift_up(struct cpu *cpu, uint32_t at)
{
    struct thread *thread = cpu->queue[at];
    for (; at > 0 && before(thread, cpu->queue[(at - 1) / 2]); at = (at - 1) / 2)
        cpu->queue[at] = cpu->queue[(at - 1) / 2];
    cpu->queue[at] = thread;
}

static void sift_down(struct cpu *cpu, uint32_t at)
{
    struct thread *thread = cpu->queue[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= cpu->queued)
            break;
        if (child + 1 < cpu->queued && before(cpu->queue[child + 1], cpu->queue[child]))
            child++;
        if (!before(cpu->queue[child], thread))
            break;
        cpu->queue[at] = cpu->queue[child];
        at = child;
    }
    cpu->queue[at] = thread;
}

static void grow(struct cpu *cpu)
{
    uint32_t room = cpu->room > 0 ? 2 * cpu->room : 8;
    struct thread **queue = realloc(cpu->queue, room * sizeof(struct thread *));
    contract(queue != NULL && "memory for a run queue");
    cpu->queue = queue;
    cpu->room = room;
}

void cpu_enqueue(struct cpu *cpu, struct thread *thread)
{
    if (cpu->queued == cpu->room)
        grow(cpu);
    thread->order = cpu->cpus->order++;
    thread->waited_ns = cpu->cpus->sim->now_ns;
    thread->cpu = cpu->index;
    thread->state = THREAD_READY;
    cpu->queue[cpu->queued] = thread;
    sift_up(cpu, cpu->queued++);
    cpu->cpus->waiting++;
}

void cpu_dequeue(struct cpu *cpu, struct thread *thread)
{
    uint32_t at = 0;
    while (cpu->queue[at] != thread)
        at++;
    struct thread *last = cpu->queue[--cpu->queued];
    cpu->cpus->waiting--;
    if (last == thread)
        return;
    cpu->queue[at] = last;
    sift_down(cpu, at);
    sift_up(cpu, at);
}
