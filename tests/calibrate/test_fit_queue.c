/* Queueing parameters: every network, the scalability law and locks recovered from sweeps drawn
 * from them; what a sweep cannot tell is said; measured disks and locks. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "calibrate/fit_queue.h"
#include "tests/calibrate/facts.h"
#include "tests/calibrate/recovery.h"

enum { ROOM = 128 };

static const double depths[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};
enum { DEPTHS = sizeof depths / sizeof *depths };

struct known {
    const char *name;
    struct queue_fit truth;
    double noise;
};

static struct known known[QUEUE_MODELS] = {
    {"queue one", {.model = QUEUE_ONE, .think_s.value = 60e-6, .demand_s.value = 20e-6}, 0.03},
    {"queue servers",
     {.model = QUEUE_SERVERS, .think_s.value = 60e-6, .demand_s.value = 80e-6, .servers.value = 4},
     0.01},
    {"queue two",
     {.model = QUEUE_TWO, .think_s.value = 60e-6, .demand_s.value = 22e-6, .second_s.value = 15e-6},
     0.01},
    {"queue variable",
     {.model = QUEUE_VARIABLE,
      .think_s.value = 60e-6,
      .demand_s.value = 22e-6,
      .variation.value = 4},
     0.01},
};

/* Twice each depth. */
static size_t draw(gsl_rng *rng, const struct known *from, double *n, double *y)
{
    for (size_t i = 0; i < 2 * DEPTHS; i++) {
        n[i] = depths[i % DEPTHS];
        struct queue_fit truth = from->truth;
        if (truth.model != QUEUE_VARIABLE)
            truth.variation.value = 1;
        y[i] = queue_throughput(&truth, n[i]) * exp(gsl_ran_gaussian(rng, from->noise));
    }
    return 2 * DEPTHS;
}

static bool recover(const struct known *from, size_t draws, size_t resamples)
{
    gsl_rng *rng = recovery_rng(40 + from->truth.model);
    struct recovery r[3];
    size_t count = from->truth.model == QUEUE_ONE ? 2 : 3, right = 0;
    const char *third = from->truth.model == QUEUE_TWO ? "second" : "cv2";
    r[0] = recovery_of(from->name, "think", from->truth.think_s.value);
    r[1] = recovery_of(from->name, "demand", from->truth.demand_s.value);
    r[2] = recovery_of(from->name, third,
                       from->truth.model == QUEUE_TWO ? from->truth.second_s.value
                                                      : from->truth.variation.value);
    for (size_t d = 0; d < draws; d++) {
        double n[ROOM], y[ROOM];
        struct sweep sweep = {n, y, draw(rng, from, n, y)};
        struct queue_rules rules = {from->truth.model, resamples};
        struct queue_fit fit;
        struct diag diag;
        assert_int_equal(queue_fit(&fit, &sweep, &rules, &diag), STATUS_OK);
        recovery_add(&r[0], &fit.think_s);
        recovery_add(&r[1], &fit.demand_s);
        if (from->truth.model == QUEUE_SERVERS)
            right += fit.servers.value == from->truth.servers.value;
        else if (count == 3)
            recovery_add(&r[2], from->truth.model == QUEUE_TWO ? &fit.second_s : &fit.variation);
    }
    if (from->truth.model == QUEUE_SERVERS) {
        count = 2;
        if (getenv("CALIBRATE_REPORT") != NULL)
            printf("%-28s servers right in %zu of %zu draws\n", from->name, right, draws);
        assert_true(right * 100 >= draws * 95);
    }
    gsl_rng_free(rng);
    bool held = true;
    for (size_t k = 0; k < count; k++)
        held &= recovery_holds(&r[k]);
    return held;
}

static void test_recovery(void **state)
{
    (void)state;
    bool held = true;
    for (int model = 0; model < QUEUE_MODELS; model++)
        held &= recover(&known[model], recovery_draws(model == QUEUE_SERVERS ? 6 : 40), 0);
    assert_true(held);
}

static void test_bootstrap(void **state)
{
    (void)state;
    struct known one = known[QUEUE_ONE];
    one.name = "queue one, BCa";
    size_t resamples = getenv("CALIBRATE_DRAWS") != NULL ? 499 : 199;
    assert_true(recover(&one, recovery_draws(10), resamples));
}

/* The kind that made the data is chosen, or one whose curve is as near. */
static void test_choice(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(50);
    for (int model = 0; model < QUEUE_MODELS; model++) {
        size_t right = 0;
        for (int d = 0; d < 4; d++) {
            double n[ROOM], y[ROOM];
            struct sweep sweep = {n, y, draw(rng, &known[model], n, y)};
            struct queue_fit fit;
            struct diag diag;
            assert_int_equal(
                queue_fit(&fit, &sweep, &(struct queue_rules){QUEUE_BY_AICC, 0}, &diag), STATUS_OK);
            assert_true(fit.quality.mean_error < 0.06);
            right += (int)fit.model == model;
        }
        if (getenv("CALIBRATE_REPORT") != NULL)
            printf("%s: kind chosen right in %zu of 4\n", known[model].name, right);
        assert_true(right >= 3);
    }
    gsl_rng_free(rng);
}

static void test_usl(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(60);
    size_t draws = recovery_draws(100), peaks = 0;
    bool held = true;
    for (int bootstrap = 0; bootstrap < 2; bootstrap++) {
        struct recovery r[4] = {
            recovery_of("usl", "lambda", 1000), recovery_of("usl", "sigma", 0.04),
            recovery_of("usl", "kappa", 1e-3), recovery_of("usl", "peak", sqrt(0.96 / 1e-3))};
        for (size_t d = 0; d < (bootstrap ? (draws + 9) / 10 : draws); d++) {
            double n[ROOM], y[ROOM];
            for (size_t i = 0; i < 3 * DEPTHS; i++) {
                n[i] = depths[i % DEPTHS];
                y[i] = 1000 * n[i] / (1 + 0.04 * (n[i] - 1) + 1e-3 * n[i] * (n[i] - 1)) *
                       exp(gsl_ran_gaussian(rng, 0.03));
            }
            struct usl_fit fit;
            struct diag diag;
            struct sweep sweep = {n, y, 3 * DEPTHS};
            assert_int_equal(usl_fit(&fit, &sweep, bootstrap ? 299 : 0, &diag), STATUS_OK);
            const struct fit_value *value[] = {&fit.lambda, &fit.sigma, &fit.kappa, &fit.peak};
            for (size_t k = 0; k < 4; k++)
                recovery_add(&r[k], value[k]);
            peaks += fit.peak.identified;
        }
        for (size_t k = 0; k < 4 && (bootstrap == 0 || k < 3); k++) {
            r[k].fit = bootstrap ? "usl, BCa" : "usl";
            held &= recovery_holds(&r[k]);
        }
    }
    assert_true(held);
    assert_true(peaks > 0);
    gsl_rng_free(rng);
}

/* A curve that only contends has no peak, and none is reported. */
static void test_usl_without_peak(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(61);
    size_t peaks = 0;
    for (int d = 0; d < 100; d++) {
        double n[ROOM], y[ROOM];
        for (size_t i = 0; i < 2 * DEPTHS; i++) {
            n[i] = depths[i % DEPTHS];
            y[i] = 1000 * n[i] / (1 + 0.05 * (n[i] - 1)) * exp(gsl_ran_gaussian(rng, 0.03));
        }
        struct usl_fit fit;
        struct diag diag;
        assert_int_equal(usl_fit(&fit, &(struct sweep){n, y, 2 * DEPTHS}, 0, &diag), STATUS_OK);
        assert_true(fit.kappa.low >= 0 && fit.sigma.low >= 0);
        peaks += fit.peak.identified;
    }
    assert_true(peaks <= 8);
    gsl_rng_free(rng);
}

struct ticket {
    double hold_s, transfer_s;
};

static double ticket_rate(double k, const void *ctx)
{
    const struct ticket *ticket = ctx;
    return 1 / (ticket->hold_s + ticket->transfer_s * k / 2);
}

static void test_lock(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(70);
    bool held = true;
    for (int kind = LOCK_QUEUED; kind <= LOCK_TICKET; kind++) {
        struct ticket ticket = {1e-6, kind == LOCK_TICKET ? 0.3e-6 : 0};
        const char *name = kind == LOCK_TICKET ? "lock ticket" : "lock queued";
        struct recovery r[4] = {recovery_of(name, "hold", 1e-6), recovery_of(name, "think", 5e-6),
                                recovery_of(name, "cycle", 6e-6),
                                recovery_of(name, "transfer", 0.3e-6)};
        for (size_t d = recovery_draws(100); d > 0; d--) {
            double n[ROOM], y[ROOM];
            for (size_t i = 0; i < 2 * DEPTHS; i++) {
                n[i] = depths[i % DEPTHS];
                y[i] = queue_chain(n[i], 5e-6, ticket_rate, &ticket) *
                       exp(gsl_ran_gaussian(rng, 0.02));
            }
            struct lock_fit fit;
            struct diag diag;
            assert_int_equal(lock_fit(&fit, &(struct sweep){n, y, 2 * DEPTHS}, 0, kind, 0, &diag),
                             STATUS_OK);
            const struct fit_value *value[] = {&fit.hold_s, &fit.think_s, &fit.cycle_s,
                                               &fit.transfer_s};
            for (size_t k = 0; k < (kind == LOCK_TICKET ? 4 : 3); k++)
                recovery_add(&r[k], value[k]);
        }
        for (size_t k = 0; k < (kind == LOCK_TICKET ? 4 : 3); k++)
            held &= recovery_holds(&r[k]);
    }
    assert_true(held);
    gsl_rng_free(rng);
}

static void test_unidentified(void **state)
{
    (void)state;
    double n[4] = {64, 96, 128, 256}, flat[4] = {40000, 40100, 39900, 40000};
    double few[4] = {1, 2, 4, 8}, even[4] = {1000, 1001, 999, 1000};
    struct queue_fit queue;
    struct lock_fit lock;
    struct diag diag;
    struct queue_rules one = {QUEUE_ONE, 0};
    assert_int_equal(queue_fit(&queue, &(struct sweep){n, flat, 4}, &one, &diag), STATUS_OK);
    assert_true(queue.demand_s.low <= 25e-6 && queue.demand_s.high >= 25e-6);
    assert_false(queue.think_s.identified);
    assert_false(queue.quality.passed);
    /* One CPU: no two threads ever meet at the lock. */
    assert_int_equal(lock_fit(&lock, &(struct sweep){few, even, 4}, 1, LOCK_QUEUED, 0, &diag),
                     STATUS_OK);
    assert_false(lock.quality.passed);
    assert_false(lock.hold_s.identified);
    assert_true(lock.cycle_s.low < 1e-3 && lock.cycle_s.high > 1e-3);
    assert_true(lock.cycle_s.se < 1e-5);
}

static void test_degenerate(void **state)
{
    (void)state;
    double n[6] = {1, 2, 4, 8, 16, 32}, same[6] = {4, 4, 4, 4, 4, 4};
    double y[6] = {10, 19, 33, 44, 47, 48}, bad[6] = {10, 19, NAN, 44, 47, 48};
    double below[6] = {10, 19, -3, 44, 47, 48}, part[6] = {1, 2.5, 4, 8, 16, 32};
    struct sweep wrong[] = {{n, y, 0},     {n, y, 1},   {same, y, 6}, {n, bad, 6},
                            {n, below, 6}, {bad, y, 6}, {below, y, 6}};
    struct queue_rules rules = {QUEUE_BY_AICC, 99};
    struct queue_fit queue;
    struct usl_fit usl;
    struct lock_fit lock;
    struct diag diag;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(queue_fit(&queue, &wrong[i], &rules, &diag), STATUS_DATA);
        assert_int_equal(usl_fit(&usl, &wrong[i], 0, &diag), STATUS_DATA);
        assert_int_equal(lock_fit(&lock, &wrong[i], 0, QUEUE_BY_AICC, 0, &diag), STATUS_DATA);
    }
    assert_int_equal(queue_fit(&queue, &(struct sweep){part, y, 6}, &rules, &diag), STATUS_DATA);
    assert_int_equal(queue_fit(&queue, &(struct sweep){n, y, 2}, &rules, &diag), STATUS_OK);
    assert_false(queue.quality.passed);
    assert_int_equal(queue_fit(&queue, &(struct sweep){n, same, 6}, &rules, &diag), STATUS_OK);
    assert_false(queue.quality.passed);
    assert_int_equal(usl_fit(&usl, &(struct sweep){n, same, 6}, 0, &diag), STATUS_OK);
    assert_false(usl.peak.identified && usl.peak.value > 32);
}

/* Mean error of each inner depth predicted from the others. */
static double left_out(const double *n, const double *y, size_t count)
{
    double sum = 0;
    size_t made = 0;
    for (size_t out = 1; out + 1 < count; out++) {
        double rest_n[ROOM], rest_y[ROOM];
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (i == out)
                continue;
            rest_n[kept] = n[i];
            rest_y[kept++] = y[i];
        }
        struct queue_fit fit;
        struct diag diag;
        if (queue_fit(&fit, &(struct sweep){rest_n, rest_y, kept},
                      &(struct queue_rules){QUEUE_BY_AICC, 0}, &diag) != STATUS_OK)
            continue;
        sum += fabs(queue_throughput(&fit, n[out]) / y[out] - 1);
        made++;
    }
    return made > 0 ? sum / (double)made : NAN;
}

/* Four depths of one disk, whose knee is softer than one queue's: 16 % is what one queue misses
 * when demand and think time are read off its ends. */
static void test_soft_knee(void **state)
{
    (void)state;
    double n[] = {1, 4, 16, 64}, y[] = {11585, 29974, 40139, 43817};
    struct queue_fit fit;
    struct diag diag;
    assert_int_equal(
        queue_fit(&fit, &(struct sweep){n, y, 4}, &(struct queue_rules){QUEUE_BY_AICC, 0}, &diag),
        STATUS_OK);
    if (getenv("CALIBRATE_REPORT") != NULL)
        for (int model = 0; model < QUEUE_MODELS; model++)
            printf("soft knee, %-16s aic %6.1f worst %4.1f %%\n", queue_model_names[model],
                   fit.aicc[model], 100 * fit.worst[model]);
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("soft knee, inner depths left out: %.1f %%\n", 100 * left_out(n, y, 4));
    assert_true(fit.quality.worst_error < 0.05);
    assert_true(fit.worst[QUEUE_ONE] > 0.1);
}

static void test_measured_disk(void **state)
{
    (void)state;
    static const char *const series[][2] = {{"file", "512"}, {"file", "4k"},  {"file", "16k"},
                                            {"file", "64k"}, {"file", "mix"}, {"loop", "64k"}};
    struct table table;
    if (!facts_open(&table, "G_fio.csv"))
        skip();
    for (size_t s = 0; s < sizeof series / sizeof *series; s++) {
        double n[ROOM], y[ROOM];
        size_t count = 0;
        for (size_t i = 0; i < table.rows && count < ROOM; i++) {
            if (!facts_is(&table, i, "target", series[s][0]) ||
                !facts_is(&table, i, "bs", series[s][1]) || !facts_is(&table, i, "rw", "randrw") ||
                !facts_is(&table, i, "ioengine", "libaio") || !facts_is(&table, i, "numjobs", "1"))
                continue;
            n[count] = facts_number(&table, i, "iodepth");
            y[count++] = facts_number(&table, i, "total_iops");
        }
        struct queue_fit fit;
        struct diag diag;
        assert_int_equal(queue_fit(&fit, &(struct sweep){n, y, count},
                                   &(struct queue_rules){QUEUE_BY_AICC, 0}, &diag),
                         STATUS_OK);
        printf("%s %-4s %2zu points %-16s think %.3g us (%.3g-%.3g) demand %.3g us (%.3g-%.3g) "
               "error %.1f %% worst %.0f %% left out %.1f %%%s%s\n",
               series[s][0], series[s][1], count, queue_model_names[fit.model],
               1e6 * fit.think_s.value, 1e6 * fit.think_s.low, 1e6 * fit.think_s.high,
               1e6 * fit.demand_s.value, 1e6 * fit.demand_s.low, 1e6 * fit.demand_s.high,
               100 * fit.quality.mean_error, 100 * fit.quality.worst_error,
               100 * left_out(n, y, count),
               fit.quality.passed ? "" : " refused: ", fit.quality.note);
        assert_true(fit.quality.mean_error < 0.15);
    }
    table_free(&table);
}

static void test_measured_locks(void **state)
{
    (void)state;
    static const char *const locks[] = {"pthread_mutex", "futex_mutex", "ttas_spin", "ticket_spin"};
    struct table table;
    if (!facts_open(&table, "F_locks.csv"))
        skip();
    for (size_t l = 0; l < 4; l++) {
        double n[ROOM], y[ROOM];
        size_t count = 0;
        for (size_t i = 0; i < table.rows && count < ROOM; i++) {
            if (!facts_is(&table, i, "lock", locks[l]) || facts_number(&table, i, "cs_us") != 1)
                continue;
            n[count] = facts_number(&table, i, "threads");
            y[count++] = facts_number(&table, i, "ops_per_s");
        }
        struct lock_fit fit;
        struct usl_fit usl;
        struct diag diag;
        struct sweep sweep = {n, y, count};
        assert_int_equal(lock_fit(&fit, &sweep, 2, QUEUE_BY_AICC, 0, &diag), STATUS_OK);
        assert_int_equal(usl_fit(&usl, &sweep, 0, &diag), STATUS_OK);
        printf("%-14s %2zu points, 2 CPUs: hold %.3g us (%.3g-%.3g) cycle %.3g us (%.3g-%.3g) "
               "error %.0f %% %s; usl error %.0f %%\n",
               locks[l], count, 1e6 * fit.hold_s.value, 1e6 * fit.hold_s.low, 1e6 * fit.hold_s.high,
               1e6 * fit.cycle_s.value, 1e6 * fit.cycle_s.low, 1e6 * fit.cycle_s.high,
               100 * fit.quality.mean_error, fit.quality.passed ? "passed" : fit.quality.note,
               100 * usl.quality.mean_error);
        /* Spinning past the CPUs is preemption, which neither law has: it must not pass. */
        if (l == 3)
            assert_false(fit.quality.passed);
    }
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery),         cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_choice),           cmocka_unit_test(test_usl),
        cmocka_unit_test(test_usl_without_peak), cmocka_unit_test(test_lock),
        cmocka_unit_test(test_unidentified),     cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_soft_knee),        cmocka_unit_test(test_measured_disk),
        cmocka_unit_test(test_measured_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
