/* Broadcasts: a bridge copies a packet into each of its ports, and each guest behind one takes it.
 */
#include "sim/host/net_private.h"

#include <math.h>

static void on_received(struct sim *sim, void *arg)
{
    struct net_flood *flood = arg;
    (void)sim;
    flood->receiving = false;
}

static void on_delivered(struct sim *sim, void *arg)
{
    struct net_flood *flood = arg;
    flood->received += flood->taking;
    flood->burst.work_ns = flood->taking * flood->guest_ns;
    flood->burst.done = on_received;
    thread_interrupt(sim, flood->vcpu, &flood->burst);
}

/* What arrives while a guest still takes earlier ones is taken with the next. */
static void deliver(struct sim *sim, struct net_flood *flood)
{
    flood->waiting++;
    if (flood->receiving)
        return;
    flood->receiving = true;
    flood->taking = flood->waiting;
    flood->waiting = 0;
    flood->burst.work_ns = flood->taking * flood->worker_ns;
    flood->burst.done = on_delivered;
    thread_run(sim, flood->worker, &flood->burst);
}

static void on_copied(struct sim *sim, void *arg)
{
    struct net_flood *flood = arg;
    struct net *net = flood->net;
    flood->copying = false;
    for (uint32_t g = flood->guest % flood->bridges; g < net->host->plan->guests;
         g += flood->bridges) {
        struct net_flood *other = &net->floods[g];
        if (other != flood && other->worker != NULL)
            deliver(sim, other);
    }
}

static void on_broadcast(struct sim *sim, void *arg)
{
    struct net_flood *flood = arg;
    sim_schedule_in(sim, (uint64_t)(rng_exponential(&flood->rng) * flood->gap_ns),
                    SIM_PRIORITY_NORMAL, on_broadcast, flood);
    if (flood->copying)
        return;
    flood->copying = true;
    thread_run(sim, flood->worker, &flood->copy);
}

void net_flood_start(struct net *net, const struct guest *guest)
{
    const struct plan *plan = net->host->plan;
    size_t c = guest->class_index;
    const struct net_guest *mine = &net->guests[guest->index];
    struct net_flood *flood = &net->floods[guest->index];
    if (mine->workers == NULL)
        return;
    double rate = plan_option(plan, c, "net_broadcasts");
    *flood = (struct net_flood){.net = net, .guest = guest->index};
    flood->worker = mine->workers[0].thread;
    flood->vcpu = &guest->vcpus[0];
    flood->bridges = (uint32_t)fmax(plan_option(plan, c, "bridges"), 1);
    flood->worker_ns = cost_ns(plan->costs, c, "net_flood_take_s");
    flood->guest_ns =
        cost_ns(plan->costs, c, "net_interrupt_s") + cost_ns(plan->costs, c, "net_flood_take_s");
    double ports = 0;
    for (size_t k = 0; k < plan->scenario->class_count; k++)
        ports += plan->nics[k] * plan->class_guests[k];
    double copies = fmax(ports / flood->bridges - 1, 0);
    flood->copy =
        (struct burst){.work_ns = (uint64_t)(copies * cost_of(plan->costs, c, "net_flood_s") * 1e9),
                       .done = on_copied,
                       .arg = flood};
    flood->burst.arg = flood;
    if (!(rate > 0))
        return;
    flood->gap_ns = 1e9 / rate;
    host_stream(net->host, &flood->rng, guest->index, PURPOSE_NET_FLOOD);
    sim_schedule_in(&net->host->sim, (uint64_t)(rng_exponential(&flood->rng) * flood->gap_ns),
                    SIM_PRIORITY_NORMAL, on_broadcast, flood);
}
