#include "sim/engine/station_fluid.h"

#include "sim/engine/contract.h"

#include <math.h>
#include <string.h>

static const double units_per_work = 0x1p12;

/* Bring all virtual times up to now. */
static void advance(struct station_fluid *fluid, uint64_t now_ns)
{
    double lasted_ns = (double)(now_ns - fluid->updated_ns);

    if (lasted_ns == 0) {
        return;
    }
    for (struct station_class *class = fluid->classes; class != NULL; class = class->next) {
        if (class->flows > 0) {
            double units = class->rate_per_ns * lasted_ns * units_per_work + class->served_fraction;
            double whole = floor(units);

            class->served += (uint64_t)whole;
            class->served_fraction = units - whole;
        }
    }
    fluid->used_ns += fluid->used_per_ns * lasted_ns;
    fluid->updated_ns = now_ns;
}

/*
 * Fill with water: classes ascend by cap / weight, so the first that its cap does not stop is
 * stopped by the level, and so are all after it. Demands are summed from the end, not subtracted
 * from a total: small weights must not drown in large ones.
 */
static void set_rates(struct station_fluid *fluid)
{
    double left = fluid->capacity_per_ns;
    double demand = 0;

    for (struct station_class *class = fluid->last_class; class != NULL; class = class->previous) {
        demand += (double)class->flows * class->weight;
        class->demand = demand;
    }
    for (struct station_class *class = fluid->classes; class != NULL; class = class->next) {
        if (class->flows > 0) {
            class->rate_per_ns = fmin(class->cap_per_ns, left / class->demand * class->weight);
            left = fmax(left - class->rate_per_ns * (double)class->flows, 0);
        }
    }
    fluid->used_per_ns = fluid->capacity_per_ns - left;
}

/* ns until the class's earliest flow is done, rounded up; infinite when its rate is 0. */
static double time_to_finish(const struct station_class *class)
{
    int64_t units = (int64_t)(class->earliest->key - class->served);
    double left = fmax((double)units - class->served_fraction, 0) / units_per_work;

    return left == 0 ? 0 : ceil(left / class->rate_per_ns);
}

static void on_finish(struct sim *sim, void *arg);

static void plan(struct sim *sim, struct station_fluid *fluid)
{
    double soonest_ns = INFINITY;

    set_rates(fluid);
    for (struct station_class *class = fluid->classes; class != NULL; class = class->next) {
        if (class->flows > 0 && time_to_finish(class) < soonest_ns) {
            soonest_ns = time_to_finish(class);
            fluid->finishing = class;
        }
    }
    if (soonest_ns < 0x1p59) {
        station_timer_set(sim, &fluid->timer, (uint64_t)soonest_ns, on_finish, fluid);
    } else {
        station_timer_stop(sim, &fluid->timer);
    }
}

static struct station_flow *flow_of(struct station_node *node)
{
    return (struct station_flow *)((char *)node - offsetof(struct station_flow, node));
}

static void take_out(struct station_fluid *fluid, struct station_flow *flow, uint64_t now_ns)
{
    struct station_class *class = flow->class;

    class->earliest = station_heap_remove(class->earliest, &flow->node);
    class->flows--;
    flow->class = NULL;
    station_level_set(&fluid->flows, now_ns, fluid->flows.now - 1);
}

static void on_finish(struct sim *sim, void *arg)
{
    struct station_fluid *fluid = arg;
    struct station_class *class = fluid->finishing;
    struct station_flow *flow = flow_of(class->earliest);

    fluid->timer.event = SIM_EVENT_NONE;
    advance(fluid, sim_now(sim));
    take_out(fluid, flow, sim_now(sim));
    fluid->done++;
    plan(sim, fluid);
    flow->done(sim, flow->arg);
}

void station_fluid_init(struct station_fluid *fluid, const struct sim *sim, double capacity_per_ns)
{
    contract(capacity_per_ns >= 0 && isfinite(capacity_per_ns));
    memset(fluid, 0, sizeof *fluid);
    fluid->capacity_per_ns = capacity_per_ns;
    fluid->began_ns = sim_now(sim);
    fluid->updated_ns = sim_now(sim);
    station_level_restart(&fluid->flows, sim_now(sim));
}

static void link_class(struct station_fluid *fluid, struct station_class *class)
{
    struct station_class *after = fluid->classes;
    struct station_class *before = NULL;

    while (after != NULL &&
           after->cap_per_ns / after->weight <= class->cap_per_ns / class->weight) {
        before = after;
        after = after->next;
    }
    class->previous = before;
    class->next = after;
    *(before != NULL ? &before->next : &fluid->classes) = class;
    *(after != NULL ? &after->previous : &fluid->last_class) = class;
}

static void unlink_class(struct station_class *class)
{
    struct station_fluid *fluid = class->fluid;

    *(class->previous != NULL ? &class->previous->next : &fluid->classes) = class->next;
    *(class->next != NULL ? &class->next->previous : &fluid->last_class) = class->previous;
}

void station_fluid_add_class(struct station_fluid *fluid, struct station_class *class,
                             double weight, double cap_per_ns)
{
    contract(weight > 0 && isfinite(weight) && cap_per_ns > 0);
    *class = (struct station_class){.weight = weight, .cap_per_ns = cap_per_ns, .fluid = fluid};
    link_class(fluid, class);
}

void station_fluid_set_class(struct sim *sim, struct station_class *class, double weight,
                             double cap_per_ns)
{
    contract(weight > 0 && isfinite(weight) && cap_per_ns > 0);
    advance(class->fluid, sim_now(sim));
    unlink_class(class);
    class->weight = weight;
    class->cap_per_ns = cap_per_ns;
    link_class(class->fluid, class);
    plan(sim, class->fluid);
}

void station_fluid_remove_class(struct station_class *class)
{
    contract(class->flows == 0);
    unlink_class(class);
    class->fluid = NULL;
}

void station_fluid_set_capacity(struct sim *sim, struct station_fluid *fluid,
                                double capacity_per_ns)
{
    contract(capacity_per_ns >= 0 && isfinite(capacity_per_ns));
    advance(fluid, sim_now(sim));
    fluid->capacity_per_ns = capacity_per_ns;
    plan(sim, fluid);
}

void station_fluid_submit(struct sim *sim, struct station_class *class, struct station_flow *flow)
{
    struct station_fluid *fluid = class->fluid;

    contract(flow->class == NULL && flow->done != NULL);
    contract(flow->work >= 0 && flow->work < STATION_WORK_MAX);
    advance(fluid, sim_now(sim));
    flow->class = class;
    flow->node.key =
        class->served + (uint64_t)llrint(flow->work * units_per_work + class->served_fraction);
    flow->node.sequence = fluid->sequence++;
    class->earliest = station_heap_push(class->earliest, &flow->node);
    class->flows++;
    station_level_set(&fluid->flows, sim_now(sim), fluid->flows.now + 1);
    plan(sim, fluid);
}

double station_fluid_remaining(struct sim *sim, const struct station_flow *flow)
{
    const struct station_class *class = flow->class;

    contract(class != NULL);
    advance(class->fluid, sim_now(sim));
    return fmax((double)(int64_t)(flow->node.key - class->served) - class->served_fraction, 0) /
           units_per_work;
}

double station_fluid_withdraw(struct sim *sim, struct station_flow *flow)
{
    double left = station_fluid_remaining(sim, flow);
    struct station_fluid *fluid = flow->class->fluid;

    take_out(fluid, flow, sim_now(sim));
    plan(sim, fluid);
    return left;
}

double station_fluid_rate(const struct station_class *class)
{
    return class->flows > 0 ? class->rate_per_ns : 0;
}

double station_fluid_used(struct sim *sim, struct station_fluid *fluid)
{
    uint64_t now_ns = sim_now(sim);

    advance(fluid, now_ns);
    return now_ns == fluid->began_ns ? NAN : fluid->used_ns / (double)(now_ns - fluid->began_ns);
}

void station_fluid_restart_statistics(struct sim *sim, struct station_fluid *fluid)
{
    advance(fluid, sim_now(sim));
    station_level_restart(&fluid->flows, sim_now(sim));
    fluid->done = 0;
    fluid->used_ns = 0;
    fluid->began_ns = sim_now(sim);
}
