/* The engine's speed: one `name<TAB>value<TAB>unit` line a figure; CPU time, minima over repeats.
 * An event is an entry popped from the pending set. The reference is a plain binary heap with
 * 16-byte keys, in the same run, so that ratios hold on any machine. */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/engine/random.h"
#include "sim/engine/sim.h"

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct station {
    struct rng rng;
    unsigned count;
};

static void depart(struct sim *sim, void *arg)
{
    struct station *station = arg;
    if (--station->count > 0)
        sim_schedule_in(sim, (uint64_t)(1e6 * rng_exponential(&station->rng)), depart, station);
}

static void arrive(struct sim *sim, void *arg)
{
    struct station *station = arg;
    sim_schedule_in(sim, (uint64_t)(1e6 / 0.9 * rng_exponential(&station->rng)), arrive, station);
    if (station->count++ == 0)
        sim_schedule_in(sim, (uint64_t)(1e6 * rng_exponential(&station->rng)), depart, station);
}

/* ns per event of `stations` independent M/M/1 queues. */
static double mm1(size_t stations, double events)
{
    struct sim sim;
    struct station *station = calloc(stations, sizeof *station);
    if (station == NULL || sim_init(&sim) != 0)
        exit(1);
    for (size_t i = 0; i < stations; i++) {
        rng_init(&station[i].rng, 1, 0, i, 0);
        sim_schedule_in(&sim, 0, arrive, &station[i]);
    }
    double started = cpu_ns();
    sim_run(&sim, (uint64_t)(events / (1.8 * (double)stations) * 1e6));
    double spent = (cpu_ns() - started) / (double)sim.executed;
    sim_destroy(&sim);
    free(station);
    return spent;
}

static void hold_step(struct sim *sim, void *arg)
{
    sim_schedule_in(sim, (uint64_t)(1e6 * rng_exponential(arg)), hold_step, arg);
}

static double hold(size_t pending)
{
    struct sim sim;
    struct rng rng;
    if (sim_init(&sim) != 0)
        exit(1);
    rng_init(&rng, 1, 0, 0, 0);
    for (size_t i = 0; i < pending; i++)
        hold_step(&sim, &rng);
    double started = cpu_ns();
    sim_run(&sim, (uint64_t)(4e6 / (double)pending * 1e6));
    double spent = (cpu_ns() - started) / (double)sim.executed;
    sim_destroy(&sim);
    return spent;
}

static void sift_down(struct pending_key *heap, size_t count, struct pending_key key)
{
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && pending_key_less(heap[child + 1].high, heap[child + 1].low,
                                                  heap[child].high, heap[child].low))
            child++;
        if (!pending_key_less(heap[child].high, heap[child].low, key.high, key.low))
            break;
        heap[at] = heap[child];
    }
    heap[at] = key;
}

static double reference_hold(size_t pending)
{
    struct pending_key *heap = malloc(pending * sizeof *heap);
    struct rng rng;
    if (heap == NULL)
        exit(1);
    rng_init(&rng, 1, 0, 0, 0);
    for (size_t i = 0; i < pending; i++) /* increasing keys are a heap */
        heap[i] = (struct pending_key){i, i};
    size_t steps = 2000000;
    double started = 0;
    for (size_t i = 0; i < 2 * steps; i++) {
        if (i == steps)
            started = cpu_ns();
        uint64_t next = heap[0].high + (uint64_t)(1e6 * rng_exponential(&rng));
        sift_down(heap, pending, (struct pending_key){next, pending + i});
    }
    double spent = (cpu_ns() - started) / (double)steps;
    free(heap);
    return spent;
}

static double variates(int kind)
{
    enum { COUNT = 10000000 };
    struct rng rng;
    gsl_rng *gsl = gsl_rng_alloc(gsl_rng_mt19937);
    volatile double sink;
    double sum = 0;
    rng_init(&rng, 1, 0, 0, 0);
    double started = cpu_ns();
    for (int i = 0; i < COUNT; i++)
        sum += kind == 0   ? rng_uniform(&rng)
               : kind == 1 ? rng_exponential(&rng)
               : kind == 2 ? rng_normal(&rng)
                           : gsl_ran_exponential(gsl, 1);
    double spent = (cpu_ns() - started) / COUNT;
    sink = sum;
    (void)sink;
    gsl_rng_free(gsl);
    return spent;
}

static double best_mm1(size_t stations, double events)
{
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        double spent = mm1(stations, events);
        best = spent < best ? spent : best;
    }
    return best;
}

int main(void)
{
    static const size_t sizes[] = {10, 1000, 100000, 1000000};
    static const char *const names[] = {"uniform", "exponential", "normal", "gsl.exponential"};
    double single = best_mm1(1, 1e7);
    printf("engine.mm1.ns_per_event\t%.2f\tns\n", single);
    printf("engine.mm1.events_per_s\t%.0f\t1/s\n", 1e9 / single);
    for (size_t i = 0; i < 3; i++)
        printf("engine.stations.%zu.ns_per_event\t%.2f\tns\n", sizes[i], best_mm1(sizes[i], 4e6));
    for (size_t i = 0; i < 4; i++) {
        double ours = hold(sizes[i]);
        double reference = reference_hold(sizes[i]);
        printf("engine.hold.%zu.ns\t%.2f\tns\n", sizes[i], ours);
        printf("engine.reference.hold.%zu.ns\t%.2f\tns\n", sizes[i], reference);
    }
    for (int i = 0; i < 4; i++)
        printf("rng.%s.ns\t%.2f\tns\n", names[i], variates(i));
    return 0;
}
