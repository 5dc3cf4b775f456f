/*
 * Replications of M/M/1 over threads, by the wall clock, as a user sees them. Included by
 * bench_engine.c after the model.
 */
#ifndef TESTS_BENCH_REPLICATIONS_H
#define TESTS_BENCH_REPLICATIONS_H

#include "sim/engine/runner.h"
#include "sim/engine/tally.h"

enum { REPLICATIONS = 240, REPLICATION_CUSTOMERS = 20000 };

struct replication {
    double sojourn_ns;
};

static int run_replication(void *context, uint64_t number, unsigned worker, void *out)
{
    struct replication *result = out;
    struct engine_mm1_station *station = bench_allocate(1, sizeof *station);
    struct sim sim;
    (void)context;
    (void)worker;
    sim_init(&sim, NULL);
    rng_init(&station->rng, 1, number, 0, 0);
    station->left = REPLICATION_CUSTOMERS;
    sim_schedule_at(&sim, 0, SIM_PRIORITY_NORMAL, engine_mm1_arrive, station);
    sim_run(&sim, SIM_NEVER);
    result->sojourn_ns = (double)station->sojourn_ns / REPLICATION_CUSTOMERS;
    sim_destroy(&sim);
    free(station);
    return 0;
}

static void merge_replication(void *context, uint64_t number, const void *in)
{
    (void)number;
    tally_add(context, ((const struct replication *)in)->sojourn_ns);
}

static double measure_replications(long threads)
{
    struct tally sojourns;
    struct runner_report report;
    const struct runner runner = {.most = REPLICATIONS,
                                  .batch = 1,
                                  .threads = (unsigned)threads,
                                  .result_bytes = sizeof(struct replication),
                                  .context = &sojourns,
                                  .run = run_replication,
                                  .merge = merge_replication};
    tally_init(&sojourns);
    double begin = wall_seconds();
    if (runner_run(&runner, &report) != RUNNER_OK || report.merged != REPLICATIONS)
        exit(1);
    double seconds = wall_seconds() - begin;
    use_value(sojourns.mean);
    return 1e3 * seconds;
}

#endif
