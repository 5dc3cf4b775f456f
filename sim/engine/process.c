/* Processes: stacks, starting and ending, signals, interrupts, timers. See process.h. */
#include "sim/engine/process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_BYTES ((size_t)16 << 10) /* more than any frame: it cannot be jumped over */

/* Stacks of one size begin at the same cache sets; shifting their tops spreads them. */
#define COLOURS 32
#define COLOUR_BYTES 128

struct process_stack {
    struct process_stack *next_free;
    struct process_stack *next; /* of all */
    char *mapping;              /* guard, then stack, then this header */
    char *bottom;
    size_t bytes; /* usable */
};

/* ---- stacks ---- */

static struct process_pool *get_pool(struct sim *sim)
{
    if (sim->process_pool)
        return sim->process_pool;
    struct process_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = sim->stack_bytes ? sim->stack_bytes : PROCESS_DEFAULT_STACK_BYTES;
    bytes += GUARD_BYTES + COLOURS * COLOUR_BYTES + sizeof(struct process_stack);
    pool->mapping_bytes = (bytes + page - 1) & ~(page - 1);
    sim->process_pool = pool;
    return pool;
}

static struct process_stack *map_stack(struct process_pool *pool)
{
    char *mapping = mmap(NULL, pool->mapping_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    if (mprotect(mapping, GUARD_BYTES, PROT_NONE)) {
        munmap(mapping, pool->mapping_bytes);
        return NULL;
    }
    size_t colour = pool->stacks++ % COLOURS * COLOUR_BYTES;
    char *top = mapping + pool->mapping_bytes - colour;
    struct process_stack *stack =
        (struct process_stack *)((uintptr_t)(top - sizeof *stack) & ~(uintptr_t)63);
    stack->mapping = mapping;
    stack->bottom = mapping + GUARD_BYTES;
    stack->bytes = (size_t)((char *)stack - stack->bottom);
    stack->next = pool->all;
    pool->all = stack;
    return stack;
}

static struct process_stack *take_stack(struct process_pool *pool)
{
    struct process_stack *stack = pool->free;
    if (!stack)
        return map_stack(pool);
    pool->free = stack->next_free;
    return stack;
}

static void give_stack(struct process *process)
{
    struct process_pool *pool = process->sim->process_pool;
    context_forget(process->stack->bottom, process->stack->bytes);
    process->stack->next_free = pool->free;
    pool->free = process->stack;
    process->stack = NULL;
}

void process_pool_destroy(struct process_pool *pool)
{
    if (!pool)
        return;
    for (struct process_stack *stack = pool->all; stack;) {
        struct process_stack *next = stack->next;
        context_forget(stack->bottom, stack->bytes);
        munmap(stack->mapping, pool->mapping_bytes);
        stack = next;
    }
    free(pool);
}

size_t process_stack_bytes(const struct sim *sim)
{
    return sim->process_pool ? sim->process_pool->stacks * sim->process_pool->mapping_bytes : 0;
}

/* ---- life of a process ---- */

/* An event now, so that whoever caused it goes on first. */
static void make_ready(struct process *process, int cause)
{
    process->cause = cause;
    process->state = PROCESS_READY;
    process->wake = sim_schedule_in(process->sim, 0, process->priority, process_resume, process);
}

static void enter(void *arg)
{
    struct process *self = arg;
    context_arrive(&self->inside);
    self->body(self, self->arg);
    self->state = PROCESS_ENDED;
    context_leave(&self->inside, &self->sim->process_pool->outside);
}

static void finish(struct process *process)
{
    process->state = PROCESS_ENDED;
    while (process->timers)
        process_timer_stop(process->timers);
    give_stack(process);
    process_wake_all(&process->ended);
}

int process_start(struct sim *sim, struct process *process, const char *name, unsigned priority,
                  process_body *body, void *arg)
{
    memset(process, 0, sizeof *process);
    process->sim = sim;
    process->name = name;
    process->priority = priority;
    process->body = body;
    process->arg = arg;
    process->state = PROCESS_ENDED;
    struct process_pool *pool = get_pool(sim);
    if (!pool)
        return SIM_ERROR_MEMORY;
    process->stack = take_stack(pool);
    if (!process->stack)
        return SIM_ERROR_MEMORY;
    context_prepare(&process->inside, process->stack->bottom, process->stack->bytes, enter,
                    process);
    make_ready(process, 0);
    if (process->wake.id)
        return SIM_OK;
    process->state = PROCESS_ENDED;
    give_stack(process);
    return SIM_ERROR_MEMORY;
}

static inline void begin(struct sim *sim, struct process *process)
{
    process->state = PROCESS_RUNNING;
    sim->process = process;
}

void process_resume(struct sim *sim, void *arg)
{
    struct process *process = arg;
    begin(sim, process);
    context_switch(&sim->process_pool->outside, &process->inside, process);
    process = sim->process; /* the last of those that resumed each other */
    sim->process = NULL;
    if (process->state == PROCESS_ENDED)
        finish(process);
}

struct process *process_next(struct sim *sim)
{
    struct pending_event event;
    if (!sim->chained || !sim_take_next(sim, process_resume, &event))
        return NULL;
    begin(sim, event.action.arg);
    return event.action.arg;
}

static void leave_signal(struct process *process)
{
    struct process_signal *signal = process->signal;
    if (process->previous)
        process->previous->next = process->next;
    else
        signal->first = process->next;
    if (process->next)
        process->next->previous = process->previous;
    else
        signal->last = process->previous;
    process->signal = NULL;
}

void process_kill(struct process *process)
{
    switch (process->state) {
    case PROCESS_ENDED:
        return;
    case PROCESS_RUNNING:
        contract(process->sim->process == process);
        process->state = PROCESS_ENDED;
        context_leave(&process->inside, &process->sim->process_pool->outside);
    case PROCESS_WAITING:
        leave_signal(process);
        break;
    case PROCESS_READY:
    case PROCESS_HOLDING:
        sim_cancel(process->sim, process->wake);
        break;
    }
    finish(process);
}

/* ---- signals, interrupts, timers ---- */

bool process_interrupt(struct process *process, int cause)
{
    contract(cause != 0);
    switch (process->state) {
    case PROCESS_HOLDING:
        sim_cancel(process->sim, process->wake);
        break;
    case PROCESS_WAITING:
        leave_signal(process);
        break;
    default:
        return false;
    }
    make_ready(process, cause);
    return true;
}

unsigned process_wake_one(struct process_signal *signal)
{
    struct process *process = signal->first;
    if (!process)
        return 0;
    leave_signal(process);
    make_ready(process, 0);
    return 1;
}

unsigned process_wake_all(struct process_signal *signal)
{
    unsigned woken = 0;
    while (process_wake_one(signal))
        woken++;
    return woken;
}

static void unlink_timer(struct process_timer *timer)
{
    struct process_timer **link = &timer->process->timers;
    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    timer->process = NULL;
}

static void timer_expired(struct sim *sim, void *arg)
{
    (void)sim;
    struct process_timer *timer = arg;
    struct process *process = timer->process;
    unlink_timer(timer);
    process_interrupt(process, timer->cause);
}

void process_timer_start(struct process_timer *timer, struct process *process, uint64_t delay_ns,
                         int cause)
{
    contract(cause != 0 && process->state != PROCESS_ENDED);
    process_timer_stop(timer);
    timer->process = process;
    timer->cause = cause;
    timer->next = process->timers;
    process->timers = timer;
    timer->event = sim_schedule_in(process->sim, delay_ns, process->priority, timer_expired, timer);
}

bool process_timer_stop(struct process_timer *timer)
{
    if (!timer->process)
        return false;
    sim_cancel(timer->process->sim, timer->event);
    unlink_timer(timer);
    return true;
}

int process_wait_for(struct process *self, struct process_signal *signal, uint64_t timeout_ns)
{
    struct process_timer timer = {0};
    process_timer_start(&timer, self, timeout_ns, PROCESS_TIMEOUT);
    int cause = process_wait(self, signal);
    process_timer_stop(&timer);
    return cause;
}
