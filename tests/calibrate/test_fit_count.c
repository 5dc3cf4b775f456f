/* Counts per device: exact models recovered to the last unit, also from rows that a few worker
 * threads spoil, and said not to be exact where they are not. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "calibrate/fit_count.h"
#include "tests/calibrate/facts.h"
#include "tests/calibrate/recovery.h"

enum { ROWS = 40, KINDS = 3 };

static void draw_devices(gsl_rng *rng, double *x)
{
    for (size_t i = 0; i < ROWS * KINDS; i++)
        x[i] = (double)gsl_rng_uniform_int(rng, 64);
}

static void test_exact_from_spoilt_rows(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(1);
    size_t draws = recovery_draws(200), right = 0;
    for (size_t draw = 0; draw < draws; draw++) {
        double x[ROWS * KINDS], y[ROWS];
        long k[KINDS + 1] = {11 + (long)gsl_rng_uniform_int(rng, 5),
                             (long)gsl_rng_uniform_int(rng, 4), (long)gsl_rng_uniform_int(rng, 65),
                             (long)gsl_rng_uniform_int(rng, 10)};
        draw_devices(rng, x);
        size_t spoilt = 0;
        for (size_t i = 0; i < ROWS; i++) {
            y[i] = (double)k[0];
            for (size_t j = 0; j < KINDS; j++)
                y[i] += (double)k[j + 1] * x[i * KINDS + j];
            if (gsl_rng_uniform(rng) < 0.1) {
                y[i] += 1 + (double)gsl_rng_uniform_int(rng, 60);
                spoilt++;
            }
        }
        struct count_data data = {x, y, ROWS, KINDS, 0};
        struct count_fit fit;
        struct diag diag;
        assert_int_equal(count_fit(&fit, &data, &diag), STATUS_OK);
        bool same = true;
        for (size_t j = 0; j <= KINDS; j++)
            same = same && fit.value[j].numerator == k[j] && fit.value[j].denominator == 1;
        right += same && fit.exact == (spoilt == 0) && fit.rows_off == spoilt;
    }
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("count, a tenth spoilt: exact model and spoilt rows told in %zu of %zu draws\n",
               right, draws);
    assert_true(right * 100 >= 98 * draws);
    gsl_rng_free(rng);
}

static void test_robust_intervals(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(2);
    struct recovery base = recovery_of("count, normal noise", "base", 12),
                    disk = recovery_of("count, normal noise", "disk", 2);
    for (size_t draw = recovery_draws(300); draw > 0; draw--) {
        double x[ROWS], y[ROWS];
        for (size_t i = 0; i < ROWS; i++) {
            x[i] = (double)gsl_rng_uniform_int(rng, 64);
            y[i] = 12 + 2 * x[i] + gsl_ran_gaussian(rng, 1.5);
        }
        struct count_data data = {x, y, ROWS, 1, 0};
        struct count_fit fit;
        struct diag diag;
        assert_int_equal(count_fit(&fit, &data, &diag), STATUS_OK);
        assert_false(fit.exact);
        recovery_add(&base, &fit.value[0].robust);
        recovery_add(&disk, &fit.value[1].robust);
    }
    bool held = recovery_holds(&base);
    held &= recovery_holds(&disk);
    assert_true(held);
    gsl_rng_free(rng);
}

static void test_small_denominators(void **state)
{
    (void)state;
    double x[64], y[64];
    for (size_t i = 0; i < 64; i++) {
        x[i] = (double)i;
        y[i] = 5 + (double)(i / 4); /* a controller every four disks */
    }
    struct count_data data = {x, y, 64, 1, 4};
    struct count_fit fit;
    struct diag diag;
    assert_int_equal(count_fit(&fit, &data, &diag), STATUS_OK);
    assert_int_equal(fit.value[1].numerator, 1);
    assert_int_equal(fit.value[1].denominator, 4);
    assert_true(fit.exact && fit.quality.passed);
    for (size_t i = 0; i < 64; i++)
        assert_float_equal(count_predict(&fit, 1, &x[i]), y[i], 0);
    /* Three rows carry a fourth, but do not tell it from a whole number and chance. */
    double few[3] = {0, 4, 9}, counts[3] = {5, 6, 7};
    assert_int_equal(count_fit(&fit, &(struct count_data){few, counts, 3, 1, 4}, &diag), STATUS_OK);
    assert_false(fit.quality.passed);
}

/* Workers that come and go: 5 or 6 threads are no line at 5.5, but a range that holds both. */
static void test_halves_are_no_line(void **state)
{
    (void)state;
    double x[6] = {1, 2, 4, 8, 16, 32}, y[6] = {5, 6, 5, 6, 6, 5};
    double low, high, many = 20;
    struct count_fit fit;
    struct diag diag;
    assert_int_equal(count_fit(&fit, &(struct count_data){x, y, 6, 1, 0}, &diag), STATUS_OK);
    assert_false(fit.exact || fit.quality.passed);
    assert_true(fit.rows_off > 0 && fabs(fit.worst_residual) > 0.4);
    assert_float_equal(fit.range.share, 4.0 / 7, 1e-12);
    count_range_at(&fit, 1, &many, &low, &high);
    assert_float_equal(low, 5, 0);
    assert_float_equal(high, 6, 0);
    /* Each disk has a thread of its own besides. */
    for (size_t i = 0; i < 6; i++)
        y[i] += x[i];
    assert_int_equal(count_fit(&fit, &(struct count_data){x, y, 6, 1, 0}, &diag), STATUS_OK);
    count_range_at(&fit, 1, &many, &low, &high);
    assert_float_equal(low, 25, 0);
    assert_float_equal(high, 26, 0);
}

/* A range holds at least the share of new rows that it tells. */
static void test_range_holds(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(3);
    size_t draws = recovery_draws(300), inside = 0;
    double share = 0;
    for (size_t draw = 0; draw < draws; draw++) {
        double x[10], y[10], low, high;
        for (size_t i = 0; i < 10; i++) {
            x[i] = (double)gsl_rng_uniform_int(rng, 32);
            y[i] = 4 + x[i] + (double)gsl_rng_uniform_int(rng, 64);
        }
        struct count_fit fit;
        struct diag diag;
        struct count_data data = {x, y, 9, 1, 0};
        if (count_fit(&fit, &data, &diag) != STATUS_OK)
            continue;
        count_range_at(&fit, 1, &x[9], &low, &high);
        inside += y[9] >= low && y[9] <= high;
        share += fit.range.share / (double)draws;
    }
    gsl_rng_free(rng);
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("count range: holds %.1f %% of %zu draws, tells %.1f %%\n",
               100 * (double)inside / (double)draws, draws, 100 * share);
    double slack = 3 * sqrt(share * (1 - share) / (double)draws);
    assert_true((double)inside / (double)draws > share - slack);
}

static void test_degenerate(void **state)
{
    (void)state;
    double x[6] = {1, 2, 3, 4, 5, 6}, same[6] = {2, 2, 2, 2, 2, 2}, y[6] = {3, 5, 7, 9, 11, 13};
    double bad[6] = {3, 5, NAN, 9, 11, 13}, below[6] = {3, 5, -1, 9, 11, 13};
    struct count_fit fit;
    struct diag diag;
    for (size_t rows = 0; rows < 2; rows++)
        assert_int_equal(count_fit(&fit, &(struct count_data){x, y, rows, 1, 0}, &diag),
                         STATUS_DATA);
    assert_int_equal(count_fit(&fit, &(struct count_data){x, y, 2, 1, 0}, &diag), STATUS_OK);
    assert_false(fit.quality.passed);
    assert_int_equal(count_fit(&fit, &(struct count_data){same, y, 6, 1, 0}, &diag), STATUS_DATA);
    assert_int_equal(count_fit(&fit, &(struct count_data){x, bad, 6, 1, 0}, &diag), STATUS_DATA);
    assert_int_equal(count_fit(&fit, &(struct count_data){x, below, 6, 1, 0}, &diag), STATUS_DATA);
    assert_int_equal(count_fit(&fit, &(struct count_data){x, same, 6, 1, 0}, &diag), STATUS_OK);
    assert_true(fit.exact && fit.value[1].numerator == 0 && fit.value[0].numerator == 2);
}

/* Descriptors and threads of paused guests are those of one guest, times their number. */
static void test_measured(void **state)
{
    (void)state;
    struct table table;
    if (!facts_open(&table, "H_memory.csv"))
        skip();
    double x[64], fds[64];
    size_t rows = 0;
    for (size_t i = 0; i < table.rows && rows < 64; i++) {
        if (!facts_is(&table, i, "exp", "one_guest_vs_ram") || facts_is(&table, i, "boot", "linux"))
            continue;
        x[rows] = facts_is(&table, i, "accel", "kvm");
        fds[rows++] = facts_number(&table, i, "fds");
    }
    struct count_fit fit;
    struct diag diag;
    assert_int_equal(count_fit(&fit, &(struct count_data){x, fds, rows, 1, 0}, &diag), STATUS_OK);
    assert_true(fit.exact);
    assert_int_equal(fit.value[0].numerator, 11);
    assert_int_equal(fit.value[1].numerator, 3);
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_from_spoilt_rows),
        cmocka_unit_test(test_robust_intervals),
        cmocka_unit_test(test_small_denominators),
        cmocka_unit_test(test_halves_are_no_line),
        cmocka_unit_test(test_range_holds),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
