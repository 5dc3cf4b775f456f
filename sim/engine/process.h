/*
 * Processes: a thin layer over events for models that read better as a sequence of actions.
 *
 *     static void clerk(struct process *self, void *arg)
 *     {
 *         for (;;) {
 *             while (queue_is_empty(arg))
 *                 process_wait(self, &arrived);
 *             process_hold(self, service_ns);
 *         }
 *     }
 *
 * A process runs on a stack of its own until it holds (lets time pass) or waits (for a signal); it
 * is then resumed by an event. Being woken, interrupted or started takes effect through an event
 * at the current time with the process's priority, never inside the call, so the order of
 * everything is the order of events.
 *
 * The caller owns struct process, signals and timers; the simulation owns and reuses the stacks.
 * A stack has a guard below it: running over it kills the program (SIGSEGV) instead of corrupting
 * another process. A guarded stack takes two of the kernel's memory mappings, of which a program
 * has 65530 unless vm.max_map_count is raised: about 32000 processes at once.
 *
 * INTERRUPTS. process_interrupt ends the hold or wait of another process, whose call returns the
 * cause instead of 0. A process that is already on its way (started, woken or interrupted in this
 * nanosecond), running or ended cannot be interrupted: the call returns false.
 *
 * COSTS. A hold is one event and one switch, from process to process if the next event resumes one:
 * 2 to 4 ns more than a callback.
 */
#ifndef SIM_ENGINE_PROCESS_H
#define SIM_ENGINE_PROCESS_H

#include "sim/engine/context.h"
#include "sim/engine/sim.h"

#include <stdbool.h>
#include <stdint.h>

#define PROCESS_DEFAULT_STACK_BYTES ((size_t)64 << 10)

struct process;
struct process_stack;
typedef void process_body(struct process *self, void *arg);

/* Cause returned by process_wait_for when the time is over; models use positive numbers. */
#define PROCESS_TIMEOUT (-1)

/* Processes waiting, in order of arrival. All zero is a signal nobody waits for. */
struct process_signal {
    struct process *first;
    struct process *last;
};

/* Interrupts a process at a set time. All zero is a timer that is not set. */
struct process_timer {
    struct process *process; /* NULL when not set */
    struct sim_event event;
    int cause;
    struct process_timer *next; /* of the same process */
};

enum process_state {
    PROCESS_READY = 1, /* an event at the current time will resume it */
    PROCESS_RUNNING,
    PROCESS_HOLDING,
    PROCESS_WAITING,
    PROCESS_ENDED,
};

struct process {
    struct sim *sim;
    const char *name;            /* for traces; may be NULL */
    struct process_signal ended; /* woken when the process ends */
    /* Below: private to process.h and process.c. */
    enum process_state state;
    unsigned priority;
    int cause; /* what the next resumption returns */
    struct sim_event wake;
    struct context inside; /* the process, while suspended */
    struct process_signal *signal;
    struct process *next; /* in the signal's list */
    struct process *previous;
    struct process_timer *timers;
    struct process_stack *stack;
    process_body *body;
    void *arg;
};

/* Starts a process now. SIM_OK or SIM_ERROR_MEMORY. */
int process_start(struct sim *sim, struct process *process, const char *name, unsigned priority,
                  process_body *body, void *arg);

/* Ends another process where it stands, without running any more of it; or the calling one. */
void process_kill(struct process *process);

/* Ends the hold or wait of a process with a cause other than 0; false if it does neither. */
bool process_interrupt(struct process *process, int cause);

/* Wakes the first process waiting, or all; the number woken. */
unsigned process_wake_one(struct process_signal *signal);
unsigned process_wake_all(struct process_signal *signal);

/* Sets a timer, again if it is set, that interrupts the process after a delay. */
void process_timer_start(struct process_timer *timer, struct process *process, uint64_t delay_ns,
                         int cause);

/* False if it was not set: never started, expired, or its process ended. */
bool process_timer_stop(struct process_timer *timer);

/* Waits at most so long; 0, PROCESS_TIMEOUT, or the cause of an interrupt. */
int process_wait_for(struct process *self, struct process_signal *signal, uint64_t timeout_ns);

/* Bytes of address space taken by stacks. */
size_t process_stack_bytes(const struct sim *sim);

static inline bool process_has_ended(const struct process *process)
{
    return process->state == PROCESS_ENDED;
}

/* The event callback behind every resumption; `arg` is the process. */
void process_resume(struct sim *sim, void *arg);

/* Private: for sim_destroy. */
void process_pool_destroy(struct process_pool *pool);

/* Private: stacks, and where the run loop goes on. */
struct process_pool {
    struct context outside;
    struct process_stack *free;
    struct process_stack *all;
    size_t stacks;
    size_t mapping_bytes;
};

/* Private: the process that the next event resumes, if nobody needs to see that event. */
struct process *process_next(struct sim *sim);

/*
 * Private: gives way to the process that comes next, or to the run loop; returns, when resumed,
 * why. Going from process to process spares every second switch, and the whole of it to a process
 * that is its own successor.
 */
static inline int process_suspend(struct process *self)
{
    struct process *next = process_next(self->sim);
    struct context *to = next ? &next->inside : &self->sim->process_pool->outside;
    if (next != self)
        context_switch(&self->inside, to, next);
    int cause = self->cause;
    self->cause = 0;
    return cause;
}

/* Lets time pass; 0, or the cause of the interrupt that ended it early. */
static inline int process_hold(struct process *self, uint64_t delay_ns)
{
    contract(self->state == PROCESS_RUNNING);
    self->wake = sim_schedule_in(self->sim, delay_ns, self->priority, process_resume, self);
    self->state = PROCESS_HOLDING;
    return process_suspend(self);
}

/* Waits for a signal; 0, or the cause of the interrupt that ended it. */
static inline int process_wait(struct process *self, struct process_signal *signal)
{
    contract(self->state == PROCESS_RUNNING);
    self->state = PROCESS_WAITING;
    self->signal = signal;
    self->next = NULL;
    self->previous = signal->last;
    if (signal->last)
        signal->last->next = self;
    else
        signal->first = self;
    signal->last = self;
    return process_suspend(self);
}

#endif
