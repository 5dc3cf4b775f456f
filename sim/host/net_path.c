#include "sim/host/net_private.h"

#include <math.h>

static const double frame_bytes = 65536; /* GSO_MAX_SIZE */

/* A stream of a guest, and what its trains are like. */
struct way {
    struct net *net;
    struct guest *guest;
    struct net_stream *stream;
    uint32_t index; /* of the stream */
    double packets, bytes;
    bool ping, merged, bare, polls;
};

static double option(const struct way *way, const char *name)
{
    return plan_option(way->net->host->plan, way->guest->class_index, name);
}

static double cost(const struct way *way, const char *name)
{
    return fmax(cost_of(way->net->host->plan->costs, way->guest->class_index, name), 0);
}

static uint64_t ns(double seconds)
{
    return (uint64_t)llround(seconds * 1e9);
}

static struct net_stage *add(const struct way *way, enum net_stage_kind kind, double work_s)
{
    struct net_stream *stream = way->stream;
    contract(stream->stages < NET_STAGES_MAX);
    struct net_stage *stage = &stream->path[stream->stages++];
    *stage = (struct net_stage){.kind = kind, .work_ns = ns(work_s)};
    return stage;
}

static void add_thread(const struct way *way, struct net_thread *thread, double work_s,
                       double signal_s)
{
    struct net_stage *stage = add(way, NET_CPU, work_s);
    stage->thread = thread->thread;
    stage->sleeper = thread;
    stage->signal_ns = ns(signal_s);
    stage->pass_ns = ns(cost(way, "net_pass_s"));
}

/* What a host's own process or a generator in its kernel takes for a train. */
static double host_work(const struct way *way)
{
    if (way->ping)
        return cost(way, "net_ping_s");
    if (!way->merged)
        return way->packets * cost(way, "net_host_packet_s");
    return cost(way, "net_host_frame_s") + way->bytes * cost(way, "net_host_byte_s");
}

static double guest_work(const struct way *way, enum net_direction direction)
{
    if (way->bare || way->ping)
        return host_work(way);
    double exits = cost(way, "net_train_exit_s") + way->packets * cost(way, "net_packet_exit_s");
    double work = way->packets * cost(way, "net_guest_packet_s") + exits;
    if (!way->merged)
        return work;
    work += cost(way, "net_guest_frame_s");
    if (direction == NET_OUT)
        return work + way->bytes * cost(way, "net_guest_byte_out_s");
    double others = 1 - 1 / fmax(option(way, "net_streams"), 1);
    return work + way->bytes * cost(way, "net_guest_byte_in_s") +
           others * cost(way, "net_mix_in_s");
}

static double worker_work(const struct way *way, enum net_direction direction)
{
    bool out = direction == NET_OUT;
    double packet = cost(way, out ? "net_packet_out_s" : "net_packet_in_s");
    double byte = cost(way, out ? "net_byte_out_s" : "net_byte_in_s");
    double batch = fmin(fmax(option(way, "tap_batch"), 1), fmax(way->packets, 1));
    packet += cost(way, "net_signal_s") + (out ? cost(way, "net_batch_s") / batch : 0);
    return way->packets * packet + cost(way, "net_frame_s") + way->bytes * byte;
}

static void add_vcpu(const struct way *way, const struct guest *guest, double work_s, double pass_s)
{
    struct net_stage *stage = add(way, NET_CPU, work_s);
    stage->thread = &guest->vcpus[way->index % guest->vcpu_count];
    stage->interrupts = option(way, "busy_vcpus") > 0;
    stage->pass_ns = ns(pass_s);
}

static struct net_thread *worker_of(const struct way *way, const struct guest *guest)
{
    struct net_guest *mine = &way->net->guests[guest->index];
    return mine->workers == NULL ? NULL : &mine->workers[way->index % mine->worker_count];
}

/* The card of an assigned device interrupts the sender too, for what it has sent. */
static void leave(const struct way *way, const struct guest *guest)
{
    struct net_thread *worker = worker_of(way, guest);
    bool interrupted = worker == NULL && !way->bare && !way->ping && !way->polls;
    add_vcpu(way, guest,
             guest_work(way, NET_OUT) + (interrupted ? cost(way, "net_interrupt_s") : 0), 0);
    if (worker != NULL)
        add_thread(way, worker, worker_work(way, NET_OUT),
                   way->polls ? 0 : cost(way, "net_kick_s"));
}

static void arrive(const struct way *way, const struct guest *guest)
{
    struct net_thread *worker = worker_of(way, guest);
    double inject = way->polls ? 0 : cost(way, "irqfd_inject_s");
    double interrupt = way->bare || way->polls ? 0 : cost(way, "net_interrupt_s");
    if (worker != NULL)
        add_thread(way, worker, worker_work(way, NET_IN) + inject, 0);
    add_vcpu(way, guest, guest_work(way, NET_IN) + interrupt,
             way->bare ? 0 : cost(way, "net_halt_s"));
}

/* The next guest of the class. */
static const struct guest *partner_of(const struct way *way)
{
    const struct host *host = way->net->host;
    uint32_t first = 0;
    for (uint32_t c = 0; c < way->guest->class_index; c++)
        first += host->plan->class_guests[c];
    uint32_t count = host->plan->class_guests[way->guest->class_index];
    return &host->guests[first + (way->guest->index - first + 1) % count];
}

/* Time of the card for a train: bits or packets, whichever takes longer. */
static double card_s(const struct way *way)
{
    double bits = 8 * way->bytes * cost(way, "net_overhead");
    double packets = fmax(way->packets, ceil(way->bytes / 1448));
    return fmax(bits / (option(way, "host_link") * 1e9), packets / cost(way, "net_card_packets"));
}

static void add_card(const struct way *way, enum net_direction direction)
{
    struct net *net = way->net;
    if (direction == NET_IN)
        add(way, NET_DELAY, cost(way, "net_wire_s"));
    struct net_stage *stage = add(way, NET_LINK, card_s(way));
    stage->link = direction == NET_OUT ? &net->out_class : &net->in_class;
    if (direction == NET_OUT)
        add(way, NET_DELAY, cost(way, "net_wire_s"));
    else if (!way->bare && way->net->guests[way->guest->index].workers != NULL)
        add(way, NET_CPU, cost(way, "net_softirq_s") * (way->merged ? 1 : way->packets))->thread =
            net->guests[way->guest->index].softirq->thread;
}

static void add_peer(const struct way *way, enum net_direction direction)
{
    const struct guest *partner = partner_of(way);
    switch ((enum net_peer)option(way, "net_peer")) {
    case NET_REMOTE:
        add_card(way, direction);
        break;
    case NET_HOST:
        if (way->merged || direction == NET_IN)
            add_thread(way, way->net->guests[way->guest->index].peer, host_work(way), 0);
        break;
    case NET_GUEST:
        if (direction == NET_IN)
            leave(way, partner);
        if (worker_of(way, way->guest) == NULL)
            add(way, NET_LINK, 8 * way->bytes / cost(way, "net_switch_rate"))->link =
                &way->net->inner_class;
        if (direction == NET_OUT)
            arrive(way, partner);
        break;
    }
}

/* There and back. A host answers in the context of the worker, or of the sender itself. */
static void lay_ping(const struct way *way)
{
    struct net_thread *worker = worker_of(way, way->guest);
    leave(way, way->guest);
    if (option(way, "net_peer") == NET_HOST) {
        if (worker != NULL)
            add_thread(way, worker, 2 * cost(way, "net_ping_s"), 0);
    } else if (option(way, "net_peer") == NET_GUEST) {
        arrive(way, partner_of(way));
        leave(way, partner_of(way));
    } else {
        add_card(way, NET_OUT);
        add_card(way, NET_IN);
    }
    arrive(way, way->guest);
}

static void lay(const struct way *way)
{
    if (way->ping) {
        lay_ping(way);
    } else if (option(way, "net_direction") == NET_OUT) {
        leave(way, way->guest);
        add_peer(way, NET_OUT);
    } else {
        add_peer(way, NET_IN);
        arrive(way, way->guest);
    }
}

void net_build(struct net *net, struct guest *guest, struct net_stream *stream, uint32_t index)
{
    struct way way = {.net = net, .guest = guest, .stream = stream, .index = index};
    double size = fmax(option(&way, "net_packet"), 1);
    way.ping = option(&way, "net_ping") > 0;
    way.merged = option(&way, "net_offload") > 0 && !way.ping;
    way.bare = option(&way, "io_on_host") > 0;
    way.polls = option(&way, "net_poll") > 0;
    way.packets = fmax(1, floor(frame_bytes / size));
    if (!way.merged)
        way.packets = fmin(way.packets, cost(&way, "net_batch"));
    if (way.ping)
        way.packets = 1;
    way.bytes = way.packets * size;
    lay(&way);
    stream->window = way.ping ? 1 : (uint32_t)fmin(cost(&way, "net_window"), NET_WINDOW_MAX);
    stream->packets = (uint32_t)way.packets;
    stream->bytes = way.bytes;
    stream->pause_ns = way.ping ? ns(option(&way, "sleep_us") * 1e-6) : 0;
    if (way.ping && !way.bare && option(&way, "net_streams") <= 1) {
        stream->poll_ns = ns(option(&way, "guest_halt_poll_us") * 1e-6);
        stream->poll_hit_ns = ns(cost(&way, "halt_poll_hit_s"));
        stream->poller = &guest->vcpus[index % guest->vcpu_count];
    }
}
