/* Whole runs of the host: a fixed seed gives the same run to the last bit, and what its parts count
 * fits together by laws that hold for any run, whatever the parameters (Denning and Buzen, "The
 * operational analysis of queueing network models"). */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/host/memory.h"
#include "sim/host/migration.h"
#include "tests/sim/watch.h"

enum kind { STEADY, STARTS, MEMORY, MIGRATIONS };

struct golden {
    const char *name, *settings;
    enum metric shows; /* of which there must be some */
    enum kind kind;
    double warmup_s, duration_s; /* of steady load */
};

static const struct golden goldens[] = {
    {"idle_with_ticks", "host=x3950m2-2008 guests=40 vcpus=2 guest_hz=1000",
     METRIC_host_lock_wait_mean, STEADY, 0.05, 0.2},
    {"build_overcommitted", "host_cpus=8 guests=4 vcpus=4 workload=build", METRIC_lock_contended,
     STEADY, 0.05, 0.2},
    {"oltp_on_images",
     "guests=4 vcpus=2 host_cpus=8 workload=oltp disk_format=qcow2 disk_size=1T iothreads=2",
     METRIC_io_rate, STEADY, 0.02, 0.05},
    {"oltp_on_threads",
     "guests=2 vcpus=2 host_cpus=4 workload=oltp disk_aio=threads io_flush_every=8 disk_cache=none",
     METRIC_io_rate, STEADY, 0.02, 0.05},
    {"four_streams", "guests=2 vcpus=2 host_cpus=8 workload=netperf net_streams=4", METRIC_net_rate,
     STEADY, 0.02, 0.1},
    {"desktops", "guests=30 vcpus=2 host_cpus=8 workload=desktop", METRIC_work_rate, STEADY, 0.2,
     1},
    {"kernbench_and_hog", "scenario=kernbench-hog-2008", METRIC_cpu_spin, STEADY, 0.05, 0.5},
    {"start_storm", "guests=100 vcpus=2 host_cpus=16 workload=boot-storm parallel_starts=0",
     METRIC_guests_started, STARTS, 0, 0},
    {"starts_refused", "host=z13-2015 guests=100 parallel_starts=7", METRIC_guests_refused, STARTS,
     0, 0},
    {"three_migrations",
     "host=generic-2026 guests=3 memory=1G workload=idle migrations=3 dirty_rate=1000 "
     "working_set=256M host_migration_link=10",
     METRIC_migration_total, MIGRATIONS, 0, 0},
    {"memory_overcommitted",
     "host=generic-2026 host_memory=16G host_swap=16G guests=24 memory=1G ksm=1 ksm_share=0.1",
     METRIC_memory_swapped, MEMORY, 0, 0},
};

enum { GOLDENS = sizeof goldens / sizeof goldens[0] };

static void is(const char *what, uint64_t value, uint64_t expected)
{
    if (value != expected)
        fail_msg("%s: %llu, not %llu", what, (unsigned long long)value,
                 (unsigned long long)expected);
}

/* Little's law of threads at CPUs, and the utilisation law. before: of the host's own threads. */
static void check_cpus(struct host *host, struct thread_times before)
{
    struct thread_times guests = times_of_guests(host);
    struct thread_times parts = times_of_parts(host);
    uint64_t run_ns = guests.run + parts.run - before.run;
    uint64_t wait_ns = guests.wait + parts.wait - before.wait;
    is("busy CPUs", host->cpus.busy_ns, run_ns);
    is("threads at CPUs", host->cpus.awake_area, run_ns + wait_ns);
    assert_true(run_ns <= (sim_now(&host->sim) - host->measured_since_ns) * host->cpus.count);
}

static void check_lock(const struct lock *lock, uint64_t area, uint64_t now_ns)
{
    uint64_t pending = lock->contended - lock->wait_ns.count;
    double waits = lock->wait_ns.mean * (double)lock->wait_ns.count;
    uint32_t waiting = 0;
    for (const struct lock_wait *wait = lock->head; wait != NULL; wait = wait->next) {
        waits += (double)(now_ns - wait->asked_ns);
        waiting++;
    }
    is("waits in line", waiting, lock->waiting);
    assert_in_range(pending - waiting, 0, 1);
    if (pending > waiting) /* the lock is its own, but it is not on a CPU */
        waits += (double)(now_ns - lock->owner->asked_ns);
    near(waits, (double)area, 1e-9);
    assert_true(lock->held_ns <= now_ns);
    assert_true(lock->acquisitions + waiting >= lock->contended);
}

static void check_locks(const struct watch *watch)
{
    for (uint32_t i = 0; i < lock_count(watch->host); i++)
        check_lock(lock_at(watch->host, i), watch->lock_area[i], watch->now_ns);
}

static uint64_t area_of(const struct station_level *level, uint64_t now_ns)
{
    return (uint64_t)level->area_ns + level->now * (now_ns - level->changed_ns);
}

static void check_drives(const struct watch *watch)
{
    const struct block *block = watch->host->block;
    uint64_t now_ns = watch->now_ns;
    uint64_t busy = 0;
    uint64_t waiting = 0;
    uint64_t done = 0;
    uint64_t visit_ns = watch->visit_ns;
    uint64_t service_ns = watch->service_ns;
    for (uint32_t d = 0; d < 2 * block->drive_count; d++) {
        const struct drive *drive = &block->drives[d / 2];
        const struct station_queue *queue = d % 2 == 0 ? &drive->channels : &drive->bus;
        busy += area_of(&queue->busy, now_ns);
        waiting += area_of(&queue->waiting, now_ns);
        done += queue->done;
    }
    for (uint32_t v = 0; v < watch->visit_count; v++) {
        const struct visit *visit = &watch->visits[v];
        visit_ns += visit->queue != NULL ? now_ns - visit->since_ns : 0;
        service_ns += visit->running ? now_ns - visit->started_ns : 0;
    }
    is("visits", watch->visited, done);
    is("jobs at drives", busy + waiting, visit_ns);
    is("busy drives", busy, service_ns);
}

/* Requests are in the guest's hands or on their way; those that sleep in between are neither. */
static void check_requests(const struct watch *watch)
{
    const struct block *block = watch->host->block;
    uint64_t in_guests = 0;
    uint64_t answered = 0;
    histogram_sum time_ns = 0;
    for (size_t c = 0; c < watch->host->plan->scenario->class_count; c++) {
        if (block->costs[c].jobs > 0 && block->costs[c].sleep_ns > 0)
            return;
        answered += block->class_io_ns[c].count;
        time_ns += block->class_io_ns[c].sum;
    }
    for (uint32_t r = 0; r < watch->ask_count; r++) {
        if (watch->asks[r].open)
            time_ns += watch->now_ns - watch->asks[r].began_ns;
        in_guests += !watch->asks[r].open;
    }
    is("answers", watch->answered, answered);
    is("requests issued", watch->issued, answered + watch->open);
    is("requests", watch->open + in_guests, watch->ask_count);
    is("time of requests", (uint64_t)time_ns + watch->think_ns, watch->open_area);
}

/* Trains are on their way since they first began. */
static void check_trains(const struct watch *watch)
{
    const struct net *net = watch->host->net;
    double expected_ns = 0;
    double time_ns = net->rtt.mean * (double)net->rtt.count * 1e9;
    uint64_t trains = 0;
    for (uint32_t s = 0; s < net->stream_count; s++) {
        for (uint32_t t = 0; t < net->streams[s].window; t++) {
            const struct net_train *train = &net->streams[s].trains[t];
            expected_ns += (double)(watch->now_ns - watch->trains_began[s * NET_WINDOW_MAX + t]);
            time_ns += (double)(watch->now_ns - train->began_ns);
        }
        trains += net->streams[s].trains_done;
    }
    is("trains", trains, net->rtt.count);
    near(time_ns, expected_ns, 1e-9);
}

/* Links carry what trains ask of them; the classes of one scenario ask for the same. */
static void check_links(const struct watch *watch, struct sim *sim)
{
    struct net *net = watch->host->net;
    struct station_fluid *links[] = {&net->out, &net->in, &net->inner};
    uint64_t on_links = 0;
    uint64_t passed = 0;
    double used_ns = 0;
    double work_ns = 0;
    for (size_t i = 0; i < 3; i++) {
        on_links += area_of(&links[i]->flows, watch->now_ns);
        passed += links[i]->done;
        used_ns += station_fluid_used(sim, links[i]) * (double)watch->now_ns;
    }
    for (uint32_t s = 0; s < net->stream_count; s++) {
        for (uint32_t t = 0; t < net->streams[s].window; t++) {
            const struct station_flow *flow = &net->streams[s].trains[t].flow;
            if (flow->class != NULL)
                work_ns += flow->work - station_fluid_remaining(sim, flow);
        }
    }
    if (net->stream_count > 0)
        work_ns += (double)passed * net->streams[0].trains[0].flow.work;
    is("trains on links", on_links, watch->link_area);
    near(used_ns, work_ns, 1e-6);
}

static void check_watched(const struct watch *watch, struct sim *sim)
{
    check_locks(watch);
    check_drives(watch);
    check_requests(watch);
    check_trains(watch);
    check_links(watch, sim);
}

/* All from the first event on, event by event: being watched changes nothing. */
static void watch_steady(const struct golden *golden, uint64_t until_ns)
{
    struct host_run *watched = run_steady(golden->settings, 0, 0);
    struct host_run *alone = run_steady(golden->settings, 0, (double)until_ns * 1e-9);
    struct watch watch;
    watch_open(&watch, &watched->host);
    watch_run(&watch, &watched->host.sim, until_ns);
    is("fingerprint", sim_fingerprint(&watched->host.sim), sim_fingerprint(&alone->host.sim));
    cpus_account(&watched->host.cpus);
    check_cpus(&watched->host, (struct thread_times){0});
    check_cpus(&alone->host, (struct thread_times){0});
    check_watched(&watch, &watched->host.sim);
    watch_close(&watch);
    run_close(watched);
    run_close(alone);
}

static void watch_starts(const struct golden *golden)
{
    struct host_run *run = run_of(golden->settings, start_open);
    struct start *start = run->host.start;
    struct watch watch;
    start_launch(&run->host);
    watch_open(&watch, &run->host);
    watch_run(&watch, &run->host.sim, SIM_NEVER);
    start_measure(&run->host);
    cpus_account(&run->host.cpus);
    check_cpus(&run->host, (struct thread_times){0});
    is("guests", start->started + start->refused, run->plan.guests);
    is("guests launched", start->launched, run->plan.guests);
    is("guests up", run->result.start_ns.count, start->started);
    if (golden->shows == METRIC_guests_started)
        is("guests that start", watch.starts_area, (uint64_t)run->result.start_ns.sum);
    for (size_t i = 0; i < HOST_LOCKS_MAX; i++) {
        const struct station_mutex *mutex = &start->locks[i].mutex;
        assert_true(area_of(&mutex->held, watch.now_ns) <= watch.now_ns);
        assert_true(mutex->contended <= mutex->acquisitions);
        is("lock held", mutex->held.now + mutex->waiting.now, 0);
    }
    watch_close(&watch);
    run_close(run);
}

static void check_memory(struct host_run *run)
{
    const double *value = run->result.value;
    struct memory_parts parts;
    memory_parts(&run->host, &parts);
    assert_true(parts.swapped > 0);
    assert_true(parts.used - parts.swapped <=
                plan_option(&run->plan, 0, "host_memory") * (1 + 1e-12));
    near(parts.used,
         parts.kernel + parts.struct_pages + parts.pool + parts.touched + parts.page_tables +
             parts.overhead - parts.merged - parts.ballooned,
         1e-15);
    near(value[METRIC_memory_guests] + value[METRIC_memory_oom], run->plan.guests, 0);
}

/* What the link has carried is what the migrations have sent; each is on the link for a part of its
 * time. */
static void check_migrations(struct host_run *run)
{
    const double *value = run->result.value;
    struct station_fluid *link = migration_link(&run->host);
    double elapsed_ns = (double)sim_now(&run->host.sim);
    double accepted = value[METRIC_migration_accepted];
    near(accepted, 3, 0);
    near(value[METRIC_migration_converged], 1, 0);
    near(station_fluid_used(&run->host.sim, link) * elapsed_ns,
         value[METRIC_migration_bytes] * accepted, 1e-6);
    assert_true((double)area_of(&link->flows, sim_now(&run->host.sim)) <=
                accepted * value[METRIC_migration_total] * 1e9 * (1 + 1e-9));
    is("flows left", link->flows.now, 0);
}

/* What the host's own threads have used when the warm-up ends: only guests' begin again then. */
struct warmup {
    struct host *host;
    struct thread_times parts;
};

static void on_warm(struct sim *sim, void *arg)
{
    struct warmup *warmup = arg;
    (void)sim;
    cpus_account(&warmup->host->cpus);
    warmup->parts = times_of_parts(warmup->host);
}

static struct host_run *run_golden(const struct golden *golden)
{
    struct host_run *run = run_open(golden->settings);
    struct warmup warmup = {.host = &run->host};
    int status;
    switch (golden->kind) {
    case STARTS:
        status = host_run_start(&run->host);
        break;
    case MEMORY:
        status = host_run_memory(&run->host);
        check_memory(run);
        break;
    case MIGRATIONS:
        status = host_run_migrations(&run->host);
        check_migrations(run);
        break;
    default:
        sim_schedule_at(&run->host.sim, (uint64_t)(golden->warmup_s * 1e9), SIM_PRIORITY_LAST,
                        on_warm, &warmup);
        status = host_run_steady(&run->host, golden->warmup_s, golden->duration_s);
        check_cpus(&run->host, warmup.parts);
    }
    assert_int_equal(status, 0);
    return run;
}

static void golden_run(void **state)
{
    const struct golden *golden = *state;
    struct host_run *first = run_golden(golden);
    struct host_run *second = run_golden(golden);
    print_message("%-22s %016llx %10llu events\n", golden->name,
                  (unsigned long long)sim_fingerprint(&first->host.sim),
                  (unsigned long long)sim_events(&first->host.sim));
    assert_true(first->result.value[golden->shows] > 0);
    is("fingerprint", sim_fingerprint(&second->host.sim), sim_fingerprint(&first->host.sim));
    assert_memory_equal(&first->result, &second->result, sizeof first->result);
    run_close(first);
    run_close(second);
    if (golden->kind == STARTS)
        watch_starts(golden);
    if (golden->kind == STEADY)
        watch_steady(golden, (uint64_t)((golden->warmup_s + golden->duration_s / 2) * 1e9));
}

int main(void)
{
    struct CMUnitTest tests[GOLDENS];
    static union {
        const struct golden *golden;
        void *state;
    } at[GOLDENS];
    for (size_t i = 0; i < GOLDENS; i++) {
        at[i].golden = &goldens[i];
        tests[i] = (struct CMUnitTest){
            .name = goldens[i].name, .test_func = golden_run, .initial_state = at[i].state};
    }
    return _cmocka_run_group_tests("golden", tests, GOLDENS, load_catalog, free_catalog);
}
