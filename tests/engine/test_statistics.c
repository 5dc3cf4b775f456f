/* Tallies, time-weighted averages and histograms: exact where they can be, and how they merge. */
#include "sim/engine/histogram.h"
#include "sim/engine/random.h"
#include "sim/engine/tally.h"
#include "sim/engine/time_average.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the headers above */
#include <cmocka.h>
#include <gsl/gsl_statistics.h>

enum { COUNT = 10000 };

static double series[COUNT];

static int near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

static void tally_agrees_with_two_passes(void **state)
{
    struct rng rng;
    struct tally tally;
    (void)state;

    rng_init(&rng, 1, 0, 0, 0);
    tally_init(&tally);
    assert_true(isnan(tally_variance(&tally)));
    for (int i = 0; i < COUNT; i++) {
        series[i] = 1e9 + rng_normal(&rng); /* a mean that drowns naive sums of squares */
        tally_add(&tally, series[i]);
    }
    assert_true(near(tally.mean, gsl_stats_mean(series, 1, COUNT), 1e-15));
    assert_true(near(tally_variance(&tally), gsl_stats_variance(series, 1, COUNT), 1e-7));
    assert_true(tally.least == gsl_stats_min(series, 1, COUNT));
    assert_true(tally.greatest == gsl_stats_max(series, 1, COUNT));
}

static void tallies_merge(void **state)
{
    static const int cuts[] = {0, 1, 2, 5000, COUNT};
    struct rng rng;
    struct tally all;
    (void)state;

    rng_init(&rng, 2, 0, 0, 0);
    tally_init(&all);
    for (int i = 0; i < COUNT; i++) {
        series[i] = rng_exponential(&rng);
        tally_add(&all, series[i]);
    }
    for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
        struct tally parts[2];

        tally_init(&parts[0]);
        tally_init(&parts[1]);
        for (int i = 0; i < COUNT; i++) {
            tally_add(&parts[i >= cuts[k]], series[i]);
        }
        tally_merge(&parts[0], &parts[1]);
        assert_int_equal(parts[0].count, COUNT);
        assert_true(near(parts[0].mean, all.mean, 1e-13));
        assert_true(near(tally_variance(&parts[0]), tally_variance(&all), 1e-12));
        assert_true(parts[0].least == all.least && parts[0].greatest == all.greatest);
    }
}

static void time_average_weighs_by_time(void **state)
{
    struct time_average average;
    (void)state;

    time_average_init(&average, 100, 2);
    assert_true(isnan(time_average_mean(&average, 100)));
    time_average_set(&average, 200, 5);  /* 2 for 100 ns */
    time_average_set(&average, 200, 50); /* 5 for no time at all */
    time_average_set(&average, 250, 0);  /* 50 for 50 ns */
    assert_true(near(time_average_mean(&average, 400), (200 + 2500) / 300.0, 1e-15));
    assert_true(near(time_average_mean(&average, 400), 9, 1e-15)); /* asking changes nothing */
    assert_true(near(time_average_variance(&average, 400),
                     (100 * 49 + 50 * 41 * 41 + 150 * 81) / 300.0, 1e-14));
    assert_true(average.least == 0 && average.greatest == 50);
    time_average_set(&average, 500, 3);
    time_average_restart(&average, 1000);
    assert_true(time_average_mean(&average, 2000) == 3 && average.least == 3);
}

static void histogram_buckets_tile_the_range(void **state)
{
    (void)state;

    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    assert_int_equal(histogram_bucket_least(HISTOGRAM_BUCKETS), 0);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t low = histogram_bucket_least(i);
        uint64_t high = histogram_bucket_least(i + 1) - 1;

        assert_int_equal(histogram_bucket(low), i);
        assert_int_equal(histogram_bucket(high), i);
        assert_true((double)(high - low + 1) / 2 <= HISTOGRAM_ERROR_RATIO * (double)low ||
                    low == high);
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Against the sorted sample, over laws from a few ns to the whole range. */
static void histogram_quantiles_keep_their_bound(void **state)
{
    static const double ps[] = {0, 0.0001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.9999, 1};
    static struct histogram histogram;
    static uint64_t values[COUNT];
    struct rng rng;
    (void)state;

    for (int law = 0; law < 4; law++) {
        rng_init(&rng, 3, 0, (uint64_t)law, 0);
        histogram_init(&histogram);
        assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
        assert_true(isnan(histogram_mean(&histogram)));
        for (int i = 0; i < COUNT; i++) {
            switch (law) {
            case 0:
                values[i] = rng_below(&rng, 200);
                break;
            case 1:
                values[i] = (uint64_t)(1e6 * rng_exponential(&rng));
                break;
            case 2:
                values[i] = (uint64_t)rng_lognormal(&rng, 12, 3);
                break;
            default:
                values[i] = rng_u64(&rng) >> rng_below(&rng, 64);
            }
            histogram_add(&histogram, values[i]);
        }
        qsort(values, COUNT, sizeof *values, compare_u64);
        for (size_t i = 0; i < sizeof ps / sizeof *ps; i++) {
            size_t rank = (size_t)ceil(ps[i] * COUNT);
            uint64_t exact = values[rank > 0 ? rank - 1 : 0];
            uint64_t estimate = histogram_quantile(&histogram, ps[i]);
            double error = fabs((double)estimate - (double)exact);

            assert_true(error <= HISTOGRAM_ERROR_RATIO * (double)exact);
            assert_true(exact >= 128 || error == 0);
        }
        assert_int_equal(histogram_above(&histogram, UINT64_MAX), 0);
        assert_true(histogram_above(&histogram, values[COUNT / 2]) <= COUNT / 2);
    }
}

static void histograms_merge_exactly(void **state)
{
    static struct histogram all;
    static struct histogram parts[3];
    struct rng rng;
    (void)state;

    rng_init(&rng, 4, 0, 0, 0);
    histogram_init(&all);
    for (int k = 0; k < 3; k++) {
        histogram_init(&parts[k]);
    }
    for (int i = 0; i < COUNT; i++) {
        uint64_t value = rng_u64(&rng) >> rng_below(&rng, 64);

        histogram_add(&all, value);
        histogram_add(&parts[rng_below(&rng, 3)], value);
    }
    histogram_merge(&parts[2], &parts[0]); /* any order gives the same bytes */
    histogram_merge(&parts[2], &parts[1]);
    assert_memory_equal(&parts[2], &all, sizeof all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tally_agrees_with_two_passes),
        cmocka_unit_test(tallies_merge),
        cmocka_unit_test(time_average_weighs_by_time),
        cmocka_unit_test(histogram_buckets_tile_the_range),
        cmocka_unit_test(histogram_quantiles_keep_their_bound),
        cmocka_unit_test(histograms_merge_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
