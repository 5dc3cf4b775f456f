/* The simulation: run loops. See sim.h. */
#include "sim/engine/sim.h"

#include "sim/engine/process.h"
#include "sim/engine/profile.h"
#include "sim/engine/trace.h"

#include <string.h>

int sim_init(struct sim *sim, const struct sim_options *options)
{
    static const struct sim_options defaults;
    const struct sim_options *o = options ? options : &defaults;
    memset(sim, 0, sizeof *sim);
    sim->stack_bytes = o->stack_bytes;
    return pending_init(&sim->pending, o->tree_slots, o->max_pending) == PENDING_OK
               ? SIM_OK
               : SIM_ERROR_MEMORY;
}

void sim_destroy(struct sim *sim)
{
    process_pool_destroy(sim->process_pool);
    pending_destroy(&sim->pending);
    memset(sim, 0, sizeof *sim);
}

void sim_observe(struct sim *sim, struct profile *profile, struct trace *trace)
{
    contract(!sim->running);
    sim->profile = profile;
    sim->trace = trace;
}

static void run_plain(struct sim *sim)
{
    struct pending_event event;
    sim->chained = true;
    while (sim_take_next(sim, NULL, &event))
        event.action.fn(sim, event.action.arg);
    sim->chained = false;
}

/* What an event is called: its callback, or the body of the process it resumes. */
static event_function type_of(const struct pending_action *action)
{
    if (action->fn != process_resume)
        return (event_function)action->fn;
    const struct process *process = action->arg;
    return (event_function)process->body;
}

static void run_observed(struct sim *sim)
{
    struct pending_event event;
    if (sim->profile)
        profile_begin(sim->profile);
    while (sim_take_next(sim, NULL, &event)) {
        event_function type = type_of(&event.action); /* before the process can end */
        if (sim->trace)
            trace_event(sim->trace, type, event.high, event.id);
        event.action.fn(sim, event.action.arg);
        if (sim->profile)
            profile_count(sim->profile, type);
    }
}

static int run_error(const struct sim *sim)
{
    switch (sim->pending.error) {
    case PENDING_NO_MEMORY:
        return SIM_ERROR_MEMORY;
    case PENDING_FULL:
        return SIM_ERROR_PENDING;
    case PENDING_OK:
        break;
    }
    return SIM_OK;
}

int sim_run(struct sim *sim, uint64_t until_ns)
{
    contract(!sim->running && "sim_run called from an event");
    contract(until_ns >= sim->now_ns);
    if (run_error(sim))
        return run_error(sim);
    sim->stopped = false;
    sim->limit = pending_high(until_ns < SIM_NEVER ? until_ns + 1 : SIM_NEVER, 0);
    sim->running = true;
    if (sim->profile || sim->trace)
        run_observed(sim);
    else
        run_plain(sim);
    sim->running = false;
    if (run_error(sim))
        return run_error(sim);
    if (!sim->stopped && until_ns < SIM_NEVER)
        sim->now_ns = until_ns;
    return SIM_OK;
}

bool sim_step(struct sim *sim)
{
    contract(!sim->running);
    struct pending_event event;
    sim->limit = pending_high(SIM_NEVER, 0);
    if (!sim_take_next(sim, NULL, &event))
        return false;
    sim->running = true;
    event.action.fn(sim, event.action.arg);
    sim->running = false;
    return true;
}

const char *sim_error_text(int error)
{
    switch (error) {
    case SIM_OK:
        return "no error";
    case SIM_ERROR_MEMORY:
        return "out of memory";
    case SIM_ERROR_PENDING:
        return "too many events pending";
    }
    return "unknown error";
}

bool sim_reschedule(struct sim *sim, struct sim_event *event, uint64_t time_ns)
{
    contract(time_ns >= sim->now_ns);
    const struct pending_key *key = pending_find(&sim->pending, event->id);
    if (!key)
        return false;
    if (time_ns > SIM_NEVER)
        time_ns = SIM_NEVER;
    unsigned priority = key->high & ((1U << PENDING_PRIORITY_BITS) - 1);
    uint64_t id = pending_reschedule(&sim->pending, event->id, pending_high(time_ns, priority));
    if (id == 0) {
        sim->limit = 0; /* out of memory; the event stays where it was */
        return false;
    }
    event->id = id;
    return true;
}

uint64_t sim_event_time(const struct sim *sim, struct sim_event event)
{
    const struct pending_key *key = pending_find(&sim->pending, event.id);
    return key ? key->high >> PENDING_PRIORITY_BITS : SIM_NEVER;
}

uint64_t sim_next_time(struct sim *sim)
{
    const struct pending_key *key = pending_peek(&sim->pending);
    return key ? key->high >> PENDING_PRIORITY_BITS : SIM_NEVER;
}
