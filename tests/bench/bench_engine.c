/*
 * Figures of the event engine, one line each: name, value, unit. An event is an entry popped from
 * the pending set, two for a customer of M/M/1. The floor program, the plain heap and GSL's
 * variates run beside it, so that ratios hold on any machine.
 */
#include "sim/engine/pending.h"
#include "sim/engine/process.h"
#include "sim/engine/random.h"
#include "sim/engine/sim.h"
#include "tests/bench/floor.h"
#include "tests/bench/increments.h"
#include "tests/bench/measure.h"
#include "tests/bench/reference_heap.h"
#include "tests/bench/variates.h"

#include <string.h>

#define MM1(name) floor_mm1_##name
#define MM1_SIM struct floor_sim
#define MM1_NOW(sim) ((sim)->now_ns)
#define MM1_SCHEDULE_IN(sim, delay, fn, arg) floor_schedule_in(sim, delay, fn, arg)
#include "tests/bench/mm1_model.h"
#undef MM1
#undef MM1_SIM
#undef MM1_NOW
#undef MM1_SCHEDULE_IN

#define MM1(name) engine_mm1_##name
#define MM1_SIM struct sim
#define MM1_NOW(sim) sim_now(sim)
#define MM1_SCHEDULE_IN(sim, delay, fn, arg)                                                       \
    sim_schedule_in(sim, delay, SIM_PRIORITY_NORMAL, fn, arg)
#include "tests/bench/mm1_model.h"

#include "tests/bench/replications.h"

/* ---- M/M/1: floor, callbacks, processes ---- */

static double measure_floor(long customers)
{
    struct floor_sim sim = {0};
    struct floor_mm1_station *station = bench_allocate(1, sizeof *station);
    rng_init(&station->rng, 1, 0, 0, 0);
    station->left = (uint64_t)customers;
    floor_schedule_in(&sim, 0, floor_mm1_arrive, station);
    double begin = thread_seconds();
    floor_run(&sim);
    double seconds = thread_seconds() - begin;
    use_value((double)station->sojourn_ns);
    free(station);
    return per_event_ns(seconds, 2.0 * (double)customers);
}

static double measure_mm1(long customers)
{
    struct sim sim;
    struct engine_mm1_station *station = bench_allocate(1, sizeof *station);
    sim_init(&sim, NULL);
    rng_init(&station->rng, 1, 0, 0, 0);
    station->left = (uint64_t)customers;
    sim_schedule_at(&sim, 0, SIM_PRIORITY_NORMAL, engine_mm1_arrive, station);
    double begin = thread_seconds();
    sim_run(&sim, SIM_NEVER);
    double seconds = thread_seconds() - begin;
    double events = (double)sim_events(&sim);
    sim_destroy(&sim);
    free(station);
    return per_event_ns(seconds, events);
}

#define QUEUE 4096

struct counter {
    struct rng rng;
    struct process_signal filled;
    struct process source;
    struct process server;
    uint64_t head;
    uint64_t tail;
    uint64_t customers;
    uint64_t sojourn_ns;
    uint64_t arrived_ns[QUEUE];
};

static void run_source(struct process *self, void *arg)
{
    struct counter *counter = arg;
    for (uint64_t i = 0; i < counter->customers; i++) {
        process_hold(self, (uint64_t)(1e6 / 0.9 * rng_exponential(&counter->rng)));
        counter->arrived_ns[counter->tail++ % QUEUE] = sim_now(self->sim);
        if (counter->tail - counter->head == 1)
            process_wake_one(&counter->filled);
    }
}

static void run_server(struct process *self, void *arg)
{
    struct counter *counter = arg;
    for (uint64_t i = 0; i < counter->customers; i++) {
        while (counter->head == counter->tail)
            process_wait(self, &counter->filled);
        process_hold(self, (uint64_t)(1e6 * rng_exponential(&counter->rng)));
        counter->sojourn_ns += sim_now(self->sim) - counter->arrived_ns[counter->head++ % QUEUE];
    }
}

static double measure_mm1_process(long customers)
{
    struct sim sim;
    struct counter *counter = bench_allocate(1, sizeof *counter);
    sim_init(&sim, NULL);
    rng_init(&counter->rng, 1, 0, 0, 0);
    counter->customers = (uint64_t)customers;
    process_start(&sim, &counter->source, "source", SIM_PRIORITY_NORMAL, run_source, counter);
    process_start(&sim, &counter->server, "server", SIM_PRIORITY_NORMAL, run_server, counter);
    double begin = thread_seconds();
    sim_run(&sim, SIM_NEVER);
    double seconds = thread_seconds() - begin;
    double events = (double)sim_events(&sim);
    sim_destroy(&sim);
    free(counter);
    return per_event_ns(seconds, events);
}

/* ---- K stations M/M/1 in one simulation: a cache line each, one stream for all ---- */

struct network {
    struct rng rng;
    struct network_station *station;
};

struct network_station {
    struct network *network;
    uint64_t present;
    uint64_t served;
    uint64_t last_ns;
    double customer_ns; /* integral of present over time */
    char unused[24];
};

static void account(struct network_station *station, uint64_t now_ns)
{
    station->customer_ns += (double)station->present * (double)(now_ns - station->last_ns);
    station->last_ns = now_ns;
}

static void network_depart(struct sim *sim, void *arg)
{
    struct network_station *station = arg;
    account(station, sim_now(sim));
    station->served++;
    if (--station->present > 0)
        sim_schedule_in(sim, (uint64_t)(1e6 * rng_exponential(&station->network->rng)),
                        SIM_PRIORITY_NORMAL, network_depart, arg);
}

static void network_arrive(struct sim *sim, void *arg)
{
    struct network_station *station = arg;
    struct rng *rng = &station->network->rng;
    account(station, sim_now(sim));
    sim_schedule_in(sim, (uint64_t)(1e6 / 0.9 * rng_exponential(rng)), SIM_PRIORITY_NORMAL,
                    network_arrive, arg);
    if (station->present++ == 0)
        sim_schedule_in(sim, (uint64_t)(1e6 * rng_exponential(rng)), SIM_PRIORITY_NORMAL,
                        network_depart, arg);
}

static double measure_stations(long stations)
{
    struct sim sim;
    struct network network;
    const double events = stations >= 1000000 ? 8e6 : 3e6;
    sim_init(&sim, NULL);
    rng_init(&network.rng, 1, 0, 0, 0);
    network.station = bench_allocate_huge((size_t)stations * sizeof *network.station);
    for (long i = 0; i < stations; i++) {
        network.station[i].network = &network;
        sim_schedule_at(&sim, (uint64_t)(1e6 / 0.9 * rng_exponential(&network.rng)),
                        SIM_PRIORITY_NORMAL, network_arrive, &network.station[i]);
    }
    double begin = thread_seconds();
    sim_run(&sim, (uint64_t)(1e6 / 1.8 * events / (double)stations));
    double seconds = thread_seconds() - begin;
    double executed = (double)sim_events(&sim);
    sim_destroy(&sim);
    free(network.station);
    return per_event_ns(seconds, executed);
}

/* ---- the pending set alone ---- */

static const struct pending_action nothing = {NULL, NULL};

static struct pending filled_set(struct rng *rng, long size)
{
    struct pending set;
    if (pending_init(&set, 0, 0))
        exit(1);
    for (long i = 0; i < size; i++)
        pending_schedule(&set, pending_high(increment_ns(rng, INCREMENT_EXPONENTIAL), 8), nothing);
    return set;
}

static void hold_steps(struct pending *set, struct rng *rng, long steps)
{
    struct rng stream = *rng; /* a copy whose address nobody has stays in registers */
    struct pending_event event;
    for (long i = 0; i < steps && pending_pop(set, UINT64_MAX, &event); i++) {
        uint64_t delay_ns = (uint64_t)(1e6 * rng_exponential(&stream));
        pending_schedule(set, event.high + pending_high(delay_ns, 0), nothing);
    }
    *rng = stream;
}

static double measure_hold(long size)
{
    struct rng rng;
    rng_init(&rng, 1, 0, 0, 0);
    struct pending set = filled_set(&rng, size);
    const long steps = 3000000;
    hold_steps(&set, &rng, size); /* past the filling */
    double begin = thread_seconds();
    hold_steps(&set, &rng, steps);
    double seconds = thread_seconds() - begin;
    pending_destroy(&set);
    return per_event_ns(seconds, (double)steps);
}

static double measure_bytes(long size)
{
    struct rng rng;
    rng_init(&rng, 1, 0, 0, 0);
    struct pending set = filled_set(&rng, size);
    hold_steps(&set, &rng, 3 * size);
    double bytes = (double)pending_bytes(&set) / (double)size;
    pending_destroy(&set);
    return bytes;
}

static double measure_reference_hold(long size)
{
    struct rng rng;
    struct reference_heap heap = {0};
    const long steps = 1000000;
    rng_init(&rng, 1, 0, 0, 0);
    uint64_t order = 0;
    for (long i = 0; i < size; i++)
        reference_push(&heap,
                       (struct reference_key){increment_ns(&rng, INCREMENT_EXPONENTIAL), order++});
    struct rng stream = rng;
    double begin = thread_seconds();
    for (long i = 0; i < steps; i++) {
        struct reference_key key = reference_pop(&heap);
        key.time += (uint64_t)(1e6 * rng_exponential(&stream));
        key.order = order++;
        reference_push(&heap, key);
    }
    double seconds = thread_seconds() - begin;
    reference_free(&heap);
    return per_event_ns(seconds, (double)steps);
}

/* A step: one of a pair's two events comes up, the other is cancelled, both are scheduled anew. */
static double measure_cancel(long pairs)
{
    struct rng rng;
    struct pending set;
    struct pending_event event;
    const long steps = 1500000;
    rng_init(&rng, 1, 0, 0, 0);
    uint64_t *handle = bench_allocate((size_t)pairs * 2, sizeof *handle);
    if (pending_init(&set, 0, 0))
        exit(1);
    double begin = 0;
    for (long i = -pairs; i < steps; i++) {
        if (i == 0)
            begin = thread_seconds();
        uint64_t high = pending_high(0, 8);
        uintptr_t pair = (uintptr_t)(i + pairs);
        if (i >= 0) {
            if (!pending_pop(&set, UINT64_MAX, &event))
                exit(1);
            high = event.high;
            pair = (uintptr_t)event.action.arg / 2;
            pending_cancel(&set, handle[(uintptr_t)event.action.arg ^ 1]);
        }
        uint64_t delay_ns = (uint64_t)(1e6 * rng_exponential(&rng));
        handle[2 * pair] = pending_schedule(&set, high + pending_high(delay_ns, 0),
                                            (struct pending_action){NULL, (void *)(2 * pair)});
        handle[2 * pair + 1] =
            pending_schedule(&set, high + pending_high(2000000, 0),
                             (struct pending_action){NULL, (void *)(2 * pair + 1)});
    }
    double seconds = thread_seconds() - begin;
    pending_destroy(&set);
    free(handle);
    return per_event_ns(seconds, (double)steps);
}

/* Arguments: the figures wanted, by the beginnings of their names; all of them without. */
int main(int argc, char **argv)
{
    enum { FLOOR, MM1_CALLBACKS, ONE_THREAD, TWO_THREADS };
    static struct figure figures[] = {
        [FLOOR] = {"engine.floor.ns_per_event", measure_floor, 1000000, 12, "ns", 0},
        [MM1_CALLBACKS] = {"engine.mm1.ns_per_event", measure_mm1, 1000000, 12, "ns", 0},
        [ONE_THREAD] = {"engine.runner.1thread.ms", measure_replications, 1, 16, "ms", 0},
        [TWO_THREADS] = {"engine.runner.2threads.ms", measure_replications, 2, 16, "ms", 0},
        {"engine.mm1_process.ns_per_event", measure_mm1_process, 1000000, 12, "ns", 0},
        {"engine.stations.1.ns_per_event", measure_stations, 1, 5, "ns", 0},
        {"engine.stations.10.ns_per_event", measure_stations, 10, 5, "ns", 0},
        {"engine.stations.1000.ns_per_event", measure_stations, 1000, 5, "ns", 0},
        {"engine.stations.100000.ns_per_event", measure_stations, 100000, 4, "ns", 0},
        {"engine.stations.1000000.ns_per_event", measure_stations, 1000000, 3, "ns", 0},
        {"engine.hold.10.ns", measure_hold, 10, 8, "ns", 0},
        {"engine.hold.1000.ns", measure_hold, 1000, 8, "ns", 0},
        {"engine.hold.100000.ns", measure_hold, 100000, 6, "ns", 0},
        {"engine.hold.1000000.ns", measure_hold, 1000000, 4, "ns", 0},
        {"engine.reference.hold.10.ns", measure_reference_hold, 10, 5, "ns", 0},
        {"engine.reference.hold.1000.ns", measure_reference_hold, 1000, 5, "ns", 0},
        {"engine.reference.hold.100000.ns", measure_reference_hold, 100000, 3, "ns", 0},
        {"engine.reference.hold.1000000.ns", measure_reference_hold, 1000000, 2, "ns", 0},
        {"engine.cancel.10.ns", measure_cancel, 10, 6, "ns", 0},
        {"engine.cancel.1000.ns", measure_cancel, 1000, 6, "ns", 0},
        {"engine.cancel.100000.ns", measure_cancel, 100000, 4, "ns", 0},
        {"engine.pending.tree.bytes_per_event", measure_bytes, PENDING_TREE_SLOTS, 1, "bytes", 0},
        {"engine.pending.ladder.bytes_per_event", measure_bytes, 1000000, 1, "bytes", 0},
        {"rng.uniform.ns", measure_uniform, 10000000, 6, "ns", 0},
        {"rng.exponential.ns", measure_exponential, 10000000, 6, "ns", 0},
        {"rng.normal.ns", measure_normal, 10000000, 6, "ns", 0},
        {"rng.lognormal.ns", measure_lognormal, 3000000, 6, "ns", 0},
        {"rng.gamma.ns", measure_gamma, 3000000, 6, "ns", 0},
        {"rng.gsl.uniform.ns", measure_gsl_uniform, 5000000, 4, "ns", 0},
        {"rng.gsl.exponential.ns", measure_gsl_exponential, 3000000, 4, "ns", 0},
        {"rng.gsl.normal.ns", measure_gsl_normal, 3000000, 4, "ns", 0},
        {"rng.gsl.lognormal.ns", measure_gsl_lognormal, 3000000, 4, "ns", 0},
        {"rng.gsl.gamma.ns", measure_gsl_gamma, 3000000, 4, "ns", 0},
    };
    const size_t count = sizeof figures / sizeof *figures;
    (void)argc;
    choose_figures(figures, count, argv + 1);
    measure_all(figures, count);
    for (size_t i = 0; i < count; i++) {
        if (figures[i].best > 0)
            print_figure(figures[i].name, figures[i].best, figures[i].unit);
    }
    if (figures[MM1_CALLBACKS].best > 0)
        print_figure("engine.mm1.events_per_s", 1e9 / figures[MM1_CALLBACKS].best, "1/s");
    if (figures[MM1_CALLBACKS].best > 0 && figures[FLOOR].best > 0)
        print_figure("engine.mm1.ratio_to_floor", figures[MM1_CALLBACKS].best / figures[FLOOR].best,
                     "ratio");
    if (figures[ONE_THREAD].best > 0 && figures[TWO_THREADS].best > 0)
        print_figure("engine.runner.2threads.speedup",
                     figures[ONE_THREAD].best / figures[TWO_THREADS].best, "ratio");
    return 0;
}
