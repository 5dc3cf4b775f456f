#include "sim/engine/runner.h"

#include "sim/engine/histogram.h"
#include "sim/engine/interval.h"
#include "sim/engine/random.h"
#include "sim/engine/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the headers above */
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_THREADS = 3 };

/* Mean and spread of waits of an M/M/1 queue of load 0.8 by Lindley's recursion. */
struct result {
    struct tally waits;
    struct histogram waits_ns;
};

struct totals {
    struct tally waits;
    struct tally means;
    struct histogram waits_ns;
    uint64_t merged;
};

struct study {
    struct totals totals;
    uint64_t fails_at; /* a replication that fails, UINT64_MAX for none */
    uint64_t cancels_at;
    double precision; /* relative; 0: never stop early */
    atomic_int cancel;
    atomic_int busy[MOST_THREADS];
    uint64_t progress;
};

/* Replications of very unlike length, so that they complete out of order. */
static void dawdle(uint64_t replication)
{
    struct timespec pause = {0, (long)(replication * 2654435761u % 7) * 200000};

    nanosleep(&pause, NULL);
}

static int run(void *context, uint64_t replication, unsigned worker, void *out)
{
    struct study *study = context;
    struct result *result = out;
    struct rng arrivals;
    struct rng services;
    double wait = 0;

    if (worker >= MOST_THREADS || atomic_fetch_add(&study->busy[worker], 1) != 0) {
        return -77;
    }
    dawdle(replication);
    rng_init(&arrivals, 1, replication, 0, 0);
    rng_init(&services, 1, replication, 0, 1);
    tally_init(&result->waits);
    histogram_init(&result->waits_ns);
    for (int i = 0; i < 1000; i++) {
        tally_add(&result->waits, wait);
        histogram_add(&result->waits_ns, (uint64_t)(wait * 1e9));
        wait = fmax(0, wait + 0.8 * rng_exponential(&services) - rng_exponential(&arrivals));
    }
    if (replication == study->cancels_at) {
        raise(SIGINT);
    }
    atomic_fetch_sub(&study->busy[worker], 1);
    return replication == study->fails_at ? -42 : 0;
}

static void merge(void *context, uint64_t replication, const void *in)
{
    struct study *study = context;
    const struct result *result = in;

    assert_int_equal(replication, study->totals.merged);
    study->totals.merged++;
    tally_merge(&study->totals.waits, &result->waits);
    tally_add(&study->totals.means, result->waits.mean);
    histogram_merge(&study->totals.waits_ns, &result->waits_ns);
}

static int enough(void *context, uint64_t merged)
{
    struct study *study = context;
    const struct interval_rule rule = {.confidence = 0.95, .count_at_least = 10};
    const struct interval_target target = {.relative = study->precision};

    assert_int_equal(merged % 8, 0);
    return study->precision > 0 && interval_rule_met(&rule, &study->totals.means, &target, 1);
}

static void progress(void *context, uint64_t merged, uint64_t most)
{
    struct study *study = context;

    assert_true(merged == study->progress + 1 && merged <= most);
    study->progress = merged;
}

static struct study *make_study(void)
{
    struct study *study = calloc(1, sizeof *study);

    assert_non_null(study);
    tally_init(&study->totals.waits);
    tally_init(&study->totals.means);
    histogram_init(&study->totals.waits_ns);
    study->fails_at = UINT64_MAX;
    study->cancels_at = UINT64_MAX;
    return study;
}

static int run_study(struct study *study, unsigned threads, uint64_t most,
                     struct runner_report *report)
{
    const struct runner runner = {
        .most = most,
        .batch = 8,
        .threads = threads,
        .result_bytes = sizeof(struct result),
        .cancel = &study->cancel,
        .context = study,
        .run = run,
        .merge = merge,
        .enough = enough,
        .progress = progress,
    };
    int status = runner_run(&runner, report);

    assert_int_equal(study->progress, report->merged);
    assert_int_equal(study->totals.merged, report->merged);
    return status;
}

/* The whole point: totals are equal to the last bit, whatever the number of threads. */
static void assert_same_at_any_threads(double precision, uint64_t fails_at, int expected_status,
                                       uint64_t expected_merged)
{
    struct study *reference = NULL;

    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct study *study = make_study();
        struct runner_report report;

        study->precision = precision;
        study->fails_at = fails_at;
        assert_int_equal(run_study(study, threads, 150, &report), expected_status);
        assert_int_equal(report.threads, threads);
        assert_int_equal(report.error, expected_status == RUNNER_FAILED ? -42 : 0);
        assert_int_equal(report.failed, expected_status == RUNNER_FAILED ? fails_at : 0);
        if (expected_merged != UINT64_MAX) {
            assert_int_equal(report.merged, expected_merged);
        }
        if (reference == NULL) {
            reference = study;
        } else {
            assert_memory_equal(&study->totals, &reference->totals, sizeof study->totals);
            free(study);
        }
    }
    free(reference);
}

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    assert_same_at_any_threads(0, UINT64_MAX, RUNNER_OK, 150);
}

static void sequential_stopping_is_deterministic(void **state)
{
    (void)state;
    assert_same_at_any_threads(0.15, UINT64_MAX, RUNNER_OK, UINT64_MAX);
}

static void the_rule_stops_at_a_batch(void **state)
{
    struct study *study = make_study();
    struct runner_report report;
    (void)state;

    study->precision = 0.15;
    assert_int_equal(run_study(study, 2, 150, &report), RUNNER_OK);
    assert_true(report.merged < 150 && report.merged >= 10 && report.merged % 8 == 0);
    free(study);
}

static void the_first_failure_ends_the_run(void **state)
{
    (void)state;
    assert_same_at_any_threads(0, 0, RUNNER_FAILED, 0);
    assert_same_at_any_threads(0, 77, RUNNER_FAILED, 77);
    assert_same_at_any_threads(0, 149, RUNNER_FAILED, 149);
    /* a failure beyond the point where the rule stops never happened */
    assert_same_at_any_threads(0.9, 30, RUNNER_OK, 16);
}

static void many_more_replications_than_window(void **state)
{
    struct study *study = make_study();
    struct runner_report report;
    (void)state;

    assert_int_equal(run_study(study, 1, 777, &report), RUNNER_OK);
    assert_int_equal(report.merged, 777);
    free(study);
    study = make_study();
    assert_int_equal(run_study(study, 2, 0, &report), RUNNER_OK);
    assert_int_equal(report.merged, 0);
    free(study);
}

/* A signal handler can reach nothing but a global. */
static atomic_int *interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    atomic_store(interrupted, 1);
}

static void an_interrupt_keeps_a_whole_prefix(void **state)
{
    (void)state;

    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct study *study = make_study();
        struct study *prefix = make_study();
        struct runner_report report;
        struct runner_report again;
        struct sigaction action = {.sa_handler = on_interrupt};
        struct sigaction before;

        interrupted = &study->cancel;
        study->cancels_at = 20;
        assert_int_equal(sigaction(SIGINT, &action, &before), 0);
        assert_int_equal(run_study(study, threads, 150, &report), RUNNER_CANCELLED);
        sigaction(SIGINT, &before, NULL);
        assert_in_range(report.merged, 21, 20 + 32 * threads);
        assert_int_equal(run_study(prefix, 1, report.merged, &again), RUNNER_OK);
        assert_memory_equal(&study->totals, &prefix->totals, sizeof study->totals);
        free(study);
        free(prefix);
    }
}

static void absurd_sizes_are_refused(void **state)
{
    struct study *study = make_study();
    struct runner_report report;
    const struct runner runner = {.most = 1,
                                  .batch = 1,
                                  .threads = 2,
                                  .result_bytes = SIZE_MAX / 64,
                                  .context = study,
                                  .run = run,
                                  .merge = merge};
    (void)state;

    assert_int_equal(runner_run(&runner, &report), RUNNER_NO_MEMORY);
    assert_int_equal(report.merged, 0);
    free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(sequential_stopping_is_deterministic),
        cmocka_unit_test(the_rule_stops_at_a_batch),
        cmocka_unit_test(the_first_failure_ends_the_run),
        cmocka_unit_test(many_more_replications_than_window),
        cmocka_unit_test(an_interrupt_keeps_a_whole_prefix),
        cmocka_unit_test(absurd_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
