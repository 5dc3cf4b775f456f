/* Watches a host event by event, from outside: who is where, since when. What the host's own
 * counters say must follow from it by Little's law and the utilisation law, to the nanosecond. */
#ifndef TESTS_SIM_WATCH_H
#define TESTS_SIM_WATCH_H

#include "sim/host/block_path.h"
#include "sim/host/lock.h"
#include "sim/host/net_private.h"
#include "sim/host/start.h"
#include "sim/host/tick.h"
#include "sim/host/workload.h"
#include "tests/sim/host_run.h"

/* CPU time of threads, in ns. */
struct thread_times {
    uint64_t run, wait;
};

static inline void add_thread(struct thread_times *times, const struct thread *thread)
{
    times->run += thread->run_ns;
    times->wait += thread->wait_ns;
}

static inline struct thread_times times_of_guests(const struct host *host)
{
    struct thread_times times = {0};
    for (uint32_t g = 0; g < host->plan->guests; g++) {
        const struct guest *guest = &host->guests[g];
        for (uint32_t i = 0; i < guest->vcpu_count + 1 + guest->iothread_count; i++)
            add_thread(&times, &guest->vcpus[i]);
    }
    return times;
}

/* Threads of the host's parts: workers of disks, networks and libvirt. */
static inline struct thread_times times_of_parts(const struct host *host)
{
    struct thread_times times = {0};
    for (uint32_t g = 0; host->block != NULL && g < host->plan->guests; g++) {
        const struct block_guest *guest = &host->block->guests[g];
        for (uint32_t w = 0; w < guest->server_count * guest->costs->workers; w++)
            add_thread(&times, &guest->workers[w].thread);
    }
    for (uint32_t i = 0; host->net != NULL && i < host->net->thread_count; i++)
        add_thread(&times, &host->net->threads[i].own);
    for (uint32_t i = 0; host->start != NULL && i < host->start->worker_count; i++)
        add_thread(&times, &host->start->workers[i].thread);
    return times;
}

/* One passage of a job through a station of a drive. */
struct visit {
    const struct drive_job *job;
    const struct station_queue *queue; /* NULL: it is at none */
    bool running;
    uint64_t since_ns, started_ns, service_ns;
};

/* A request in a guest. */
struct ask {
    const struct request *request;
    uint64_t began_ns;
    bool open;
};

struct watch {
    const struct host *host;
    uint64_t now_ns;
    struct visit *visits;
    struct ask *asks;
    uint32_t *ready; /* requests of each job that are in the guest's hands */
    uint32_t visit_count, ask_count, job_count;
    uint64_t visited, visit_ns, service_ns;     /* visits that ended */
    uint64_t issued, answered, open, open_area; /* requests */
    uint64_t think_ns;                          /* of all requests issued */
    uint64_t *lock_area;    /* waits in progress, of each lock; the host's last */
    uint64_t *trains_began; /* 0: not yet */
    uint64_t link_area;     /* trains on links */
    uint64_t starts_area;   /* guests that are being started */
};

static inline void *watch_array(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    assert_non_null(memory);
    return memory;
}

static inline uint32_t lock_count(const struct host *host)
{
    uint32_t count = 0;
    if (host->workload != NULL)
        workload_locks(host, &count);
    return count + (host->tick != NULL);
}

static inline const struct lock *lock_at(const struct host *host, uint32_t i)
{
    uint32_t count;
    const struct lock *locks = workload_locks(host, &count);
    return i < count ? &locks[i] : tick_time_lock(host);
}

static inline void add_visit(struct watch *watch, const struct drive_job *job)
{
    watch->visits[watch->visit_count++].job = job;
}

/* Once the host's parts are open. */
static inline void watch_open(struct watch *watch, const struct host *host)
{
    const struct block *block = host->block;
    uint32_t disks = 0;
    *watch = (struct watch){.host = host, .now_ns = sim_now(&host->sim)};
    watch->lock_area = watch_array(lock_count(host), sizeof *watch->lock_area);
    uint32_t streams = host->net != NULL ? host->net->stream_count : 0;
    watch->trains_began = watch_array(streams * NET_WINDOW_MAX, sizeof *watch->trains_began);
    for (uint32_t g = 0; block != NULL && g < host->plan->guests; g++) {
        const struct block_costs *costs = block->guests[g].costs;
        watch->job_count += costs->jobs;
        watch->ask_count += costs->jobs * costs->depth;
        disks += costs->jobs > 0 ? costs->disks : 0;
    }
    watch->ready = watch_array(watch->job_count, sizeof *watch->ready);
    watch->asks = watch_array(watch->ask_count, sizeof *watch->asks);
    watch->visits =
        watch_array(watch->ask_count + watch->job_count + disks * WRITERS, sizeof *watch->visits);
    for (uint32_t r = 0; r < watch->ask_count; r++) {
        watch->asks[r].request = &block->requests[r];
        add_visit(watch, &block->requests[r].drive_job);
    }
    for (uint32_t j = 0; j < watch->job_count; j++) {
        watch->ready[j] = block->jobs[j].ready.count;
        add_visit(watch, &block->jobs[j].flush.drive_job);
    }
    for (uint32_t d = 0; d < disks * WRITERS; d++)
        add_visit(watch, &block->disks[d / WRITERS].writers[d % WRITERS].drive_job);
}

static inline void watch_close(struct watch *watch)
{
    free(watch->visits);
    free(watch->asks);
    free(watch->ready);
    free(watch->lock_area);
    free(watch->trains_began);
}

/* Stations of drives neither evict nor take a job back, so a start that changed is a new visit. */
static inline void watch_visit(struct watch *watch, struct visit *visit)
{
    const struct station_job *job = &visit->job->station;
    bool running = job->state == STATION_RUNNING;
    bool there = running || job->state == STATION_WAITING;
    bool same = there && job->queue == visit->queue &&
                (!visit->running || (running && job->started_ns == visit->started_ns));
    if (visit->queue != NULL && !same) {
        watch->visited++;
        watch->visit_ns += watch->now_ns - visit->since_ns;
        watch->service_ns += visit->service_ns;
    }
    if (!same)
        visit->since_ns = watch->now_ns;
    visit->queue = there ? job->queue : NULL;
    visit->running = running;
    visit->started_ns = running ? job->started_ns : 0;
    visit->service_ns = job->service_ns;
}

static inline void watch_asks(struct watch *watch)
{
    for (uint32_t r = 0; r < watch->ask_count; r++) {
        struct ask *ask = &watch->asks[r];
        if (ask->request->began_ns == ask->began_ns)
            continue;
        assert_false(ask->open);
        ask->began_ns = ask->request->began_ns;
        ask->open = true;
        watch->issued++;
        watch->open++;
        watch->think_ns += ask->request->job->guest->costs->think_ns;
    }
}

/* A job takes requests back at the end of its line, and then may issue the first. */
static inline void watch_answers(struct watch *watch)
{
    const struct block *block = watch->host->block;
    for (uint32_t j = 0; j < watch->job_count; j++) {
        const struct block_job *job = &block->jobs[j];
        if (job->ready.count > watch->ready[j]) {
            struct ask *ask = &watch->asks[job->ready.tail - block->requests];
            assert_int_equal(job->ready.count, watch->ready[j] + 1);
            assert_true(ask->open);
            ask->open = false;
            watch->answered++;
            watch->open--;
        }
        watch->ready[j] = job->ready.count;
    }
}

static inline void watch_trains(struct watch *watch)
{
    const struct net *net = watch->host->net;
    for (uint32_t s = 0; net != NULL && s < net->stream_count; s++) {
        for (uint32_t t = 0; t < net->streams[s].window; t++) {
            uint64_t *began = &watch->trains_began[s * NET_WINDOW_MAX + t];
            if (*began == 0)
                *began = net->streams[s].trains[t].began_ns;
        }
    }
}

static inline uint64_t trains_on_links(const struct net *net)
{
    uint64_t trains = 0;
    for (uint32_t s = 0; net != NULL && s < net->stream_count; s++) {
        for (uint32_t t = 0; t < net->streams[s].window; t++)
            trains += net->streams[s].trains[t].flow.class != NULL;
    }
    return trains;
}

/* What was true until this event. */
static inline void watch_time(struct watch *watch, uint64_t passed_ns)
{
    const struct host *host = watch->host;
    for (uint32_t i = 0; i < lock_count(host); i++) {
        const struct lock *lock = lock_at(host, i);
        watch->lock_area[i] += (lock->contended - lock->wait_ns.count) * passed_ns;
    }
    watch->open_area += watch->open * passed_ns;
    watch->link_area += trains_on_links(host->net) * passed_ns;
    const struct start *start = host->start;
    if (start != NULL)
        watch->starts_area += (start->launched - start->started - start->refused) * passed_ns;
}

static inline void watch_look(struct watch *watch)
{
    watch_answers(watch);
    watch_asks(watch);
    watch_trains(watch);
    for (uint32_t v = 0; v < watch->visit_count; v++)
        watch_visit(watch, &watch->visits[v]);
}

/* Runs the host up to a time, or to its end, and looks at it after each event. */
static inline void watch_run(struct watch *watch, struct sim *sim, uint64_t until_ns)
{
    watch_look(watch);
    for (;;) {
        uint64_t next_ns = sim_next_time(sim);
        bool over = next_ns > until_ns || next_ns == SIM_NEVER;
        uint64_t at_ns = !over ? next_ns : until_ns == SIM_NEVER ? sim_now(sim) : until_ns;
        watch_time(watch, at_ns - watch->now_ns);
        watch->now_ns = at_ns;
        if (over)
            break;
        sim_step(sim);
        watch_look(watch);
    }
    if (until_ns != SIM_NEVER)
        assert_int_equal(sim_run(sim, until_ns), 0);
}

#endif
