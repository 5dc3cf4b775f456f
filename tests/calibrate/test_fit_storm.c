/* Starts that share CPUs, and spin locks that collapse: parameters recovered, closed forms, bad
 * data. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "calibrate/fit_collapse.h"
#include "calibrate/fit_storm.h"
#include "tests/calibrate/recovery.h"

enum { ROOM = 64 };

static size_t repeat(const double *places, size_t count, size_t times, double *n)
{
    for (size_t i = 0; i < count * times; i++)
        n[i] = places[i / times];
    return count * times;
}

static struct storm_fit storm_of(enum storm_measure measure, double cpus, double wait_s,
                                 double demand_s, double launch_s)
{
    return (struct storm_fit){.measure = measure,
                              .cpus = cpus,
                              .wait_s = {.value = wait_s},
                              .demand_s = {.value = demand_s},
                              .launch_s = {.value = launch_s}};
}

/* One alone, as many as there are CPUs, and far more of them; then the launcher's bound. */
static void test_storm_limits(void **state)
{
    (void)state;
    struct storm_fit plain = storm_of(STORM_TIME, 4, 0.06, 0.12, 0);
    struct storm_fit rate = storm_of(STORM_RATE, 4, 0.06, 0.12, 0);
    assert_float_equal(storm_predict(&plain, 1), 0.18, 1e-12);
    assert_float_equal(storm_predict(&plain, 4), 0.18, 1e-12);
    assert_float_equal(storm_predict(&rate, 400), 4 / 0.12, 1e-9);
    assert_float_equal(storm_predict(&plain, 400), 400 * 0.12 / 4, 1e-6);
    struct storm_fit launched = storm_of(STORM_TIME, 4, 1e-6, 0.12, 0.003);
    /* Poisson of mean D / S = 40 under way, which the launcher and they share the CPUs with. */
    double under_way = storm_predict(&launched, 1000) *
                       storm_predict(&(struct storm_fit){.measure = STORM_RATE,
                                                         .cpus = 4,
                                                         .wait_s = launched.wait_s,
                                                         .demand_s = launched.demand_s,
                                                         .launch_s = launched.launch_s},
                                     1000);
    assert_true(fabs(under_way / 40 - 1) < 0.05);
    assert_true(fabs(storm_predict(&launched, 1000) / storm_predict(&launched, 200) - 1) < 1e-6);
    struct storm_fit slow = storm_of(STORM_RATE, 64, 0.05, 0.1, 0.5);
    assert_true(fabs(storm_predict(&slow, 50) - 2) < 1e-3); /* one launch at a time */
}

static bool recover_storm(enum storm_measure measure, double launch_s, const char *name)
{
    static const double places[] = {1, 2, 4, 8, 16, 32, 64};
    gsl_rng *rng = recovery_rng(50 + (unsigned long)measure);
    struct storm_fit truth = storm_of(measure, 4, 0.06, 0.12, launch_s);
    struct recovery wait = recovery_of(name, "wait", 0.06),
                    demand = recovery_of(name, "demand", 0.12),
                    launch = recovery_of(name, "launch", launch_s);
    for (size_t draw = recovery_draws(20); draw > 0; draw--) {
        double n[ROOM], y[ROOM];
        size_t count = repeat(places, 7, 2, n);
        for (size_t i = 0; i < count; i++)
            y[i] = storm_predict(&truth, n[i]) * exp(gsl_ran_gaussian(rng, 0.03));
        struct storm_fit fit;
        struct diag diag;
        assert_int_equal(storm_fit(&fit, &(struct sweep){n, y, count},
                                   &(struct storm_rules){measure, 4, 0}, &diag),
                         STATUS_OK);
        assert_true(fit.quality.passed);
        recovery_add(&wait, &fit.wait_s);
        recovery_add(&demand, &fit.demand_s);
        recovery_add(&launch, &fit.launch_s);
    }
    gsl_rng_free(rng);
    bool held = recovery_holds(&wait);
    held &= recovery_holds(&demand);
    return launch_s > 0 ? held & recovery_holds(&launch) : held;
}

static void test_storm_recovery(void **state)
{
    (void)state;
    bool held = recover_storm(STORM_TIME, 0.004, "storm times");
    held &= recover_storm(STORM_RATE, 0, "storm rates");
    assert_true(held);
}

static struct collapse_fit collapse_of(enum collapse_kind kind, double stall_s)
{
    return (struct collapse_fit){
        .kind = kind, .cpus = 2, .cycle_s = {.value = 2e-6}, .stall_s = {.value = stall_s}};
}

static void test_collapse_shapes(void **state)
{
    (void)state;
    struct collapse_fit holder = collapse_of(COLLAPSE_HOLDER, 1e-6);
    struct collapse_fit next = collapse_of(COLLAPSE_NEXT, 1e-3);
    assert_float_equal(collapse_throughput(&holder, 1), 5e5, 1e-6);
    assert_float_equal(collapse_throughput(&holder, 2), 5e5, 1e-6);
    assert_float_equal(collapse_throughput(&holder, 10), 1 / (2e-6 + 4e-6), 1e-6);
    assert_true(collapse_throughput(&holder, 64) < collapse_throughput(&holder, 32));
    assert_true(fabs(collapse_throughput(&next, 1e6) * (1e-3 + 2e-6) - 1) < 1e-4);
}

static bool recover_collapse(enum collapse_kind kind, double stall_s)
{
    static const double places[] = {1, 2, 4, 8, 16, 32, 64};
    gsl_rng *rng = recovery_rng(60 + (unsigned long)kind);
    struct collapse_fit truth = collapse_of(kind, stall_s);
    struct recovery cycle = recovery_of(collapse_kind_names[kind], "cycle", 2e-6),
                    stall = recovery_of(collapse_kind_names[kind], "stall", stall_s);
    size_t draws = recovery_draws(200), chosen = 0;
    for (size_t draw = 0; draw < draws; draw++) {
        double n[ROOM], y[ROOM];
        size_t count = repeat(places, 7, 3, n);
        for (size_t i = 0; i < count; i++)
            y[i] = collapse_throughput(&truth, n[i]) * exp(gsl_ran_gaussian(rng, 0.1));
        struct sweep sweep = {n, y, count};
        struct collapse_fit fit;
        struct diag diag;
        assert_int_equal(collapse_fit(&fit, &sweep, 2, QUEUE_BY_AICC, 0, &diag), STATUS_OK);
        chosen += fit.kind == kind;
        assert_int_equal(collapse_fit(&fit, &sweep, 2, (int)kind, 0, &diag), STATUS_OK);
        assert_true(fit.quality.passed);
        recovery_add(&cycle, &fit.cycle_s);
        recovery_add(&stall, &fit.stall_s);
    }
    gsl_rng_free(rng);
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("%s: chosen in %.1f %% of %zu draws\n", collapse_kind_names[kind],
               100 * (double)chosen / (double)draws, draws);
    bool held = recovery_holds(&cycle);
    held &= recovery_holds(&stall);
    return held && chosen * 10 >= draws * 9;
}

static void test_collapse_recovery(void **state)
{
    (void)state;
    bool held = recover_collapse(COLLAPSE_HOLDER, 1e-6);
    held &= recover_collapse(COLLAPSE_NEXT, 2e-5);
    held &= recover_collapse(COLLAPSE_QUEUE, 5e-6);
    assert_true(held);
}

/* Three points go through the curve and say so; what cannot be fitted says why. */
static void test_degenerate(void **state)
{
    (void)state;
    double n[4] = {1, 10, 100, 1000}, y[4] = {0.18, 0.32, 1.4, 1.5}, bad[4] = {0.18, -1, 1, 1};
    double half[4] = {1, 1.5, 2, 4}, far[4] = {1, 2, 4, 5000}, same[4] = {2, 2, 2, 2};
    struct storm_rules rules = {STORM_TIME, 4, 99}, none = {STORM_TIME, 0, 0},
                       part = {STORM_TIME, 2.5, 0};
    struct storm_fit storm;
    struct collapse_fit collapse;
    struct diag diag;
    assert_int_equal(storm_fit(&storm, &(struct sweep){n, y, 3}, &rules, &diag), STATUS_OK);
    assert_false(storm.quality.passed);
    assert_true(storm.launch_s.value > 0 && !storm.launch_s.identified);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(storm_predict(&storm, n[i]) / y[i] - 1) < 0.01);
    assert_int_equal(storm_fit(&storm, &(struct sweep){n, y, 2}, &rules, &diag), STATUS_OK);
    assert_true(storm.launch_s.value == 0);
    const struct sweep wrong[] = {{n, y, 1}, {n, bad, 3}, {half, y, 3}, {far, y, 4}, {same, y, 4}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(storm_fit(&storm, &wrong[i], &rules, &diag), STATUS_DATA);
    assert_int_equal(storm_fit(&storm, &(struct sweep){n, y, 3}, &none, &diag), STATUS_DATA);
    assert_int_equal(storm_fit(&storm, &(struct sweep){n, y, 3}, &part, &diag), STATUS_DATA);
    assert_int_equal(
        collapse_fit(&collapse, &(struct sweep){n, y, 4}, 2000, QUEUE_BY_AICC, 0, &diag),
        STATUS_DATA);
    assert_int_equal(
        collapse_fit(&collapse, &(struct sweep){n, y, 4}, 0.5, QUEUE_BY_AICC, 0, &diag),
        STATUS_DATA);
    assert_int_equal(
        collapse_fit(&collapse, &(struct sweep){n, bad, 4}, 2, QUEUE_BY_AICC, 0, &diag),
        STATUS_DATA);
    assert_int_equal(collapse_fit(&collapse, &(struct sweep){n, y, 2}, 2, QUEUE_BY_AICC, 0, &diag),
                     STATUS_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storm_limits),    cmocka_unit_test(test_storm_recovery),
        cmocka_unit_test(test_collapse_shapes), cmocka_unit_test(test_collapse_recovery),
        cmocka_unit_test(test_degenerate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
