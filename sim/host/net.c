#include "sim/host/net.h"

#include <math.h>
#include <stdlib.h>

#include "sim/host/net_private.h"

static void advance(struct sim *sim, struct net_train *train);

/* A guest that polls while it has nothing to do keeps its vCPU running. */

static void on_poll_end(struct sim *sim, void *arg)
{
    struct net_stream *stream = arg;
    if (stream->polling)
        thread_finish(sim, stream->poller, &stream->poll, 0);
}

static void on_polled(struct sim *sim, void *arg)
{
    struct net_stream *stream = arg;
    stream->polling = false;
    sim_cancel(sim, stream->poll_end);
}

static void poll_guest(struct sim *sim, struct net_stream *stream)
{
    stream->polling = true;
    stream->poll = (struct burst){.work_ns = BURST_FOREVER, .done = on_polled, .arg = stream};
    stream->poll_end =
        sim_schedule_in(sim, stream->poll_ns, SIM_PRIORITY_NORMAL, on_poll_end, stream);
    thread_run(sim, stream->poller, &stream->poll);
}

/* Trains. */

static void begin(struct sim *sim, struct net_train *train)
{
    train->at = 0;
    train->began_ns = sim_now(sim);
    advance(sim, train);
}

static void on_begin(struct sim *sim, void *arg)
{
    begin(sim, arg);
}

static void finish(struct sim *sim, struct net_train *train)
{
    struct net *net = train->net;
    struct net_stream *stream = train->stream;
    net->bytes += stream->bytes;
    stream->trains_done++;
    net->packets += stream->packets;
    tally_add(&net->rtt, (double)(sim_now(sim) - train->began_ns) * 1e-9);
    if (stream->pause_ns > 0)
        sim_schedule_in(sim, stream->pause_ns, SIM_PRIORITY_NORMAL, on_begin, train);
    else
        begin(sim, train);
}

static void submit(struct sim *sim, struct net_train *train)
{
    struct net_stage *stage = &train->stream->path[train->at];
    train->stream->on_link = true;
    train->flow.work = (double)stage->work_ns;
    station_fluid_submit(sim, stage->link, &train->flow);
}

/* One train of a stream is on the link; the others wait in their order. */
static void join_link(struct sim *sim, struct net_train *train)
{
    struct net_stream *stream = train->stream;
    if (!stream->on_link) {
        submit(sim, train);
        return;
    }
    train->next = NULL;
    if (stream->first_waiting == NULL)
        stream->first_waiting = train;
    else
        stream->last_waiting->next = train;
    stream->last_waiting = train;
}

static void on_passed(struct sim *sim, void *arg)
{
    struct net_train *train = arg;
    struct net_stream *stream = train->stream;
    struct net_train *next = stream->first_waiting;
    stream->on_link = false;
    if (next != NULL) {
        stream->first_waiting = next->next;
        submit(sim, next);
    }
    train->at++;
    advance(sim, train);
}

static void on_delayed(struct sim *sim, void *arg)
{
    struct net_train *train = arg;
    train->at++;
    advance(sim, train);
}

static bool sleeps(const struct net_stage *stage)
{
    return stage->thread->state == THREAD_ASLEEP;
}

static void run_on_cpu(struct sim *sim, struct net_train *train, const struct net_stage *stage)
{
    const struct net *net = train->net;
    const struct net_thread *sleeper = stage->sleeper;
    struct net_stream *stream = train->stream;
    train->burst.work_ns = stage->work_ns;
    if (stream->polling && stage->thread == stream->poller)
        thread_finish(sim, stage->thread, &stream->poll, stream->poll_hit_ns);
    else if (sleeps(stage))
        train->burst.work_ns += stage->pass_ns;
    if (sleeper != NULL && sleeps(stage) && sim_now(sim) - sleeper->active_ns > net->idle_after_ns)
        train->burst.work_ns += net->idle_exit_ns;
    if (stage->interrupts)
        thread_interrupt(sim, stage->thread, &train->burst);
    else
        thread_run(sim, stage->thread, &train->burst);
}

static void advance(struct sim *sim, struct net_train *train)
{
    const struct net_stage *stage = &train->stream->path[train->at];
    if (train->at == train->stream->stages) {
        finish(sim, train);
        return;
    }
    switch (stage->kind) {
    case NET_CPU:
        run_on_cpu(sim, train, stage);
        break;
    case NET_LINK:
        join_link(sim, train);
        break;
    case NET_DELAY:
        sim_schedule_in(sim, stage->work_ns, SIM_PRIORITY_NORMAL, on_delayed, train);
        break;
    }
}

/* A stage's CPU work is done: the train goes on, after a signal if its next thread sleeps. */
static void on_done(struct sim *sim, void *arg)
{
    struct net_train *train = arg;
    struct net_stream *stream = train->stream;
    const struct net_stage *stage = &stream->path[train->at];
    const struct net_stage *next = stage + 1;
    if (stage->sleeper != NULL)
        stage->sleeper->active_ns = sim_now(sim);
    if (train->at == 0 && stream->pause_ns > 0 && !train->signalling)
        train->began_ns = sim_now(sim) - stage->work_ns;
    bool last = train->at + 1 == stream->stages;
    if (!train->signalling && !last && next->signal_ns > 0 && sleeps(next)) {
        train->signalling = true;
        train->burst.work_ns = next->signal_ns;
        thread_run(sim, stage->thread, &train->burst);
        return;
    }
    train->signalling = false;
    if (!last && stage->thread == stream->poller && stream->poll_ns > 0)
        poll_guest(sim, stream);
    train->at++;
    advance(sim, train);
}

static uint32_t count(const struct plan *plan, size_t c, const char *option)
{
    return (uint32_t)fmax(plan_option(plan, c, option), 0);
}

static enum net_worker worker_kind(const struct plan *plan, size_t c)
{
    return (enum net_worker)cost_of(plan->costs, c, "net_worker");
}

/* Streams of a guest of the class, and threads: a worker for each queue pair, peer, softirq. */
static uint32_t streams_of(const struct plan *plan, size_t c)
{
    uint32_t streams = count(plan, c, "net_streams");
    return streams == 0 && count(plan, c, "net_ping") > 0 ? 1 : streams;
}

/* Whether guests of the class need threads of this part. */
static bool has_traffic(const struct plan *plan, size_t c)
{
    return streams_of(plan, c) > 0 || plan_option(plan, c, "net_broadcasts") > 0;
}

static uint32_t workers_of(const struct plan *plan, size_t c)
{
    uint32_t queues = count(plan, c, "nic_queues");
    if (worker_kind(plan, c) == NET_NO_WORKER)
        return 0;
    return worker_kind(plan, c) == NET_MAIN_LOOP || queues == 0 ? 1 : queues;
}

static void make_thread(struct net *net, struct net_thread *thread, uint32_t guest, uint32_t weight)
{
    thread->thread = &thread->own;
    thread_init(&thread->own, &net->host->cpus, guest, weight);
}

static void make_threads(struct net *net, const struct guest *guest, struct net_thread *threads)
{
    struct net_guest *mine = &net->guests[guest->index];
    size_t c = guest->class_index;
    float speed = guest->vcpus[0].speed;
    mine->worker_count = workers_of(net->host->plan, c);
    mine->workers = mine->worker_count > 0 ? threads : NULL;
    for (uint32_t i = 0; i < mine->worker_count; i++)
        make_thread(net, &threads[i], guest->index, 1024);
    if (worker_kind(net->host->plan, c) == NET_MAIN_LOOP)
        threads[0].thread = guest->main_loop;
    mine->peer = threads + mine->worker_count;
    mine->softirq = mine->peer + 1;
    make_thread(net, mine->peer, UINT32_MAX, 1024);
    make_thread(net, mine->softirq, UINT32_MAX, NET_HIGHEST_WEIGHT);
    for (uint32_t i = 0; i < mine->worker_count + 2; i++)
        threads[i].own.speed = speed;
}

static void make_guests(struct net *net)
{
    const struct host *host = net->host;
    struct net_stream *streams = net->streams;
    struct net_thread *threads = net->threads;
    for (uint32_t g = 0; net->thread_count > 0 && g < host->plan->guests; g++) {
        struct net_guest *mine = &net->guests[g];
        const struct guest *guest = &host->guests[g];
        mine->stream_count = streams_of(host->plan, guest->class_index);
        if (!has_traffic(host->plan, guest->class_index))
            continue;
        mine->streams = streams;
        streams += mine->stream_count;
        make_threads(net, guest, threads);
        threads += mine->worker_count + 2;
    }
}

static void open_links(struct net *net)
{
    struct station_fluid *fluids[] = {&net->out, &net->in, &net->inner};
    struct station_class *classes[] = {&net->out_class, &net->in_class, &net->inner_class};
    for (size_t i = 0; i < 3; i++) {
        station_fluid_init(fluids[i], &net->host->sim, 1);
        station_fluid_add_class(fluids[i], classes[i], 1, STATION_NO_CAP);
    }
}

int net_open(struct host *host)
{
    const struct plan *plan = host->plan;
    struct net *net = host->net = calloc(1, sizeof *net);
    if (net == NULL)
        return -1;
    net->host = host;
    for (size_t c = 0; c < plan->scenario->class_count; c++) {
        net->stream_count += streams_of(plan, c) * plan->class_guests[c];
        if (has_traffic(plan, c))
            net->thread_count += (workers_of(plan, c) + 2) * plan->class_guests[c];
    }
    net->guests = calloc(plan->guests + 1, sizeof *net->guests);
    net->streams = calloc(net->stream_count + 1, sizeof *net->streams);
    net->threads = calloc(net->thread_count + 1, sizeof *net->threads);
    net->floods = calloc(plan->guests + 1, sizeof *net->floods);
    if (net->floods == NULL || net->guests == NULL || net->streams == NULL || net->threads == NULL)
        return -1;
    net->idle_exit_ns = cost_ns(plan->costs, 0, "host_idle_exit_s");
    net->idle_after_ns = cost_ns(plan->costs, 0, "host_idle_after_s");
    tally_init(&net->rtt);
    open_links(net);
    make_guests(net);
    return 0;
}

void net_start(struct host *host, struct guest *guest)
{
    struct net *net = host->net;
    struct net_guest *mine = &net->guests[guest->index];
    struct rng rng;
    if (net->thread_count == 0)
        return;
    net_flood_start(net, guest);
    host_stream(host, &rng, guest->index, PURPOSE_NET);
    for (uint32_t s = 0; s < mine->stream_count; s++) {
        struct net_stream *stream = &mine->streams[s];
        net_build(net, guest, stream, s);
        for (uint32_t t = 0; t < stream->window; t++) {
            struct net_train *train = &stream->trains[t];
            *train = (struct net_train){.burst = {.done = on_done, .arg = train},
                                        .flow = {.done = on_passed, .arg = train},
                                        .stream = stream,
                                        .net = net};
            sim_schedule_in(&host->sim, (uint64_t)(rng_uniform(&rng) * 1e5), SIM_PRIORITY_NORMAL,
                            on_begin, train);
        }
    }
}

/* Broadcasts that guests have taken. */
static uint64_t flooded(const struct net *net)
{
    uint64_t packets = 0;
    for (uint32_t g = 0; g < net->host->plan->guests; g++)
        packets += net->floods[g].received;
    return packets;
}

void net_restart_statistics(struct host *host)
{
    struct net *net = host->net;
    net->bytes = 0;
    net->packets = 0;
    net->flooded_base = flooded(net);
    tally_init(&net->rtt);
    for (uint32_t i = 0; i < net->thread_count; i++)
        net->threads[i].run_base_ns = net->threads[i].thread->run_ns;
}

/* Mean use of the workers of guests with traffic; NAN without any. */
static double worker_use(const struct net *net, double passed_ns)
{
    double used = 0;
    double workers = 0;
    for (uint32_t g = 0; g < net->host->plan->guests; g++) {
        const struct net_guest *mine = &net->guests[g];
        for (uint32_t i = 0; mine->workers != NULL && i < mine->worker_count; i++)
            used += (double)(mine->workers[i].thread->run_ns - mine->workers[i].run_base_ns);
        workers += mine->workers != NULL ? mine->worker_count : 0;
    }
    return workers > 0 ? used / workers / passed_ns : NAN;
}

void net_measure(struct host *host)
{
    const struct net *net = host->net;
    double *value = host->result->value;
    double passed_ns = (double)(sim_now(&host->sim) - host->measured_since_ns);
    if (net->thread_count == 0 || passed_ns <= 0)
        return;
    if (net->stream_count > 0) {
        value[METRIC_net_rate] = 8 * net->bytes / passed_ns * 1e9;
        value[METRIC_net_packets] = net->packets / passed_ns * 1e9;
        value[METRIC_net_rtt] = net->rtt.count > 0 ? net->rtt.mean : NAN;
    }
    value[METRIC_net_thread_use] = worker_use(net, passed_ns);
    if (flooded(net) > 0)
        value[METRIC_net_flooded] = (double)(flooded(net) - net->flooded_base) / passed_ns * 1e9;
}

void net_close(struct host *host)
{
    if (host->net == NULL)
        return;
    free(host->net->floods);
    free(host->net->guests);
    free(host->net->streams);
    free(host->net->threads);
    free(host->net);
    host->net = NULL;
}
