/*
 * Intervals: that they cover, when sequential runs stop, what batch means notice, where MSER-5
 * cuts, and what common random numbers, antithetic and control variates gain.
 */
#include "sim/engine/batch_means.h"
#include "sim/engine/interval.h"
#include "sim/engine/mser.h"
#include "sim/engine/pairs.h"
#include "sim/engine/random.h"
#include "sim/engine/tally.h"

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

/* Coverage of a 95 % interval over `seeds` trials lies in its central 99.8 % binomial band. */
static void assert_coverage(int covered, int seeds)
{
    double sd = sqrt(0.95 * 0.05 * seeds);

    if (fabs(covered - 0.95 * seeds) > 3.1 * sd + 0.5) {
        fail_msg("covered %d of %d", covered, seeds);
    }
}

static void intervals_cover(void **state)
{
    enum { SEEDS = 2000, EACH = 8 };
    int covered = 0;
    struct tally tally;
    (void)state;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct rng rng;

        rng_init(&rng, seed, 0, 0, 5);
        tally_init(&tally);
        for (int i = 0; i < EACH; i++) {
            tally_add(&tally, 3 + rng_normal(&rng));
        }
        covered += interval_holds(interval_of_mean(&tally, 0.95), 3);
    }
    assert_coverage(covered, SEEDS);
    tally_init(&tally);
    tally_add(&tally, 1);
    assert_true(isinf(interval_of_mean(&tally, 0.95).half_width));
    /* t(0.975, 4) = 2.776445, from tables */
    assert_true(near(interval_student(0, 1, 4, 0.95).half_width, 2.776445, 1e-6));
}

static void rule_waits_for_the_worst_metric(void **state)
{
    static const struct interval_target targets[] = {{0.05, 0}, {0, 0.2}};
    const struct interval_rule rule = {.confidence = 0.95, .count_at_least = 5};
    struct tally metrics[2];
    struct rng rng;
    uint64_t forecast = 0;
    (void)state;

    rng_init(&rng, 6, 0, 0, 0);
    tally_init(&metrics[0]);
    tally_init(&metrics[1]);
    assert_false(interval_rule_met(&rule, metrics, targets, 2));
    assert_int_equal(interval_rule_forecast(&rule, metrics, targets, 2), UINT64_MAX);
    while (!interval_rule_met(&rule, metrics, targets, 2)) {
        tally_add(&metrics[0], 10 + rng_normal(&rng));
        tally_add(&metrics[1], 3 * rng_normal(&rng)); /* mean 0: only `absolute` can stop it */
        if (metrics[0].count == 100) {
            forecast = interval_rule_forecast(&rule, metrics, targets, 2);
        }
        assert_true(metrics[0].count < 100000);
    }
    /* the second needs about (2.24 * 3 / 0.2)^2 = 1129, by Bonferroni's 97.5 % */
    assert_in_range(metrics[0].count, 900, 1400);
    assert_in_range(forecast, 800, 1600);
    assert_true(interval_of_mean(&metrics[1], 0.975).half_width <= 0.2);
    assert_true(interval_of_mean(&metrics[0], 0.975).half_width <= 0.05 / 1.05 * 10.1);
    tally_init(&metrics[0]);
    for (int i = 0; i < 4; i++) {
        tally_add(&metrics[0], 1);
    }
    assert_false(interval_rule_met(&rule, metrics, targets, 1)); /* constant, but too few */
    tally_add(&metrics[0], 1);
    assert_true(interval_rule_met(&rule, metrics, targets, 1));
}

/* AR(1) with correlation phi around 7, started in its steady state. */
static struct batch_means_result autoregressive(uint64_t seed, double phi, int length)
{
    struct batch_means batches;
    struct rng rng;
    double x;

    rng_init(&rng, seed, 0, 0, 7);
    batch_means_init(&batches);
    x = rng_normal(&rng) / sqrt(1 - phi * phi);
    for (int i = 0; i < length; i++) {
        batch_means_add(&batches, 7 + x);
        x = phi * x + rng_normal(&rng);
    }
    return batch_means_interval(&batches, 0.95);
}

static void batch_means_cover_correlated_series(void **state)
{
    enum { SEEDS = 400 };
    int covered = 0;
    int independent = 0;
    (void)state;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct batch_means_result result = autoregressive(seed, 0.9, 20000);

        covered += interval_holds(result.interval, 7);
        independent += result.independent;
    }
    assert_coverage(covered, SEEDS);
    assert_true(independent > SEEDS * 9 / 10);
}

static void batch_means_notice_correlation(void **state)
{
    struct batch_means batches;
    int noticed = 0;
    (void)state;

    for (uint64_t seed = 0; seed < 100; seed++) {
        noticed += !autoregressive(seed, 0.999, 200).independent;
    }
    assert_true(noticed > 50); /* 200 observations are a fifth of one correlation time */
    batch_means_init(&batches);
    for (int i = 0; i < 7; i++) {
        batch_means_add(&batches, i);
    }
    assert_true(isinf(batch_means_interval(&batches, 0.95).interval.half_width));
    assert_false(batch_means_interval(&batches, 0.95).independent);
}

static void batches_double_and_keep_the_mean(void **state)
{
    struct batch_means batches;
    struct tally tally;
    (void)state;

    batch_means_init(&batches);
    tally_init(&tally);
    for (int i = 1; i <= 32 * 64; i++) {
        batch_means_add(&batches, i * i);
        tally_add(&tally, (double)(i * i));
        if (i >= 32) {
            assert_in_range(batches.count, 16, 31);
        }
        assert_int_equal(batches.count * batches.size + batches.filled, i);
    }
    assert_int_equal(batches.size, 128);
    assert_true(near(batch_means_interval(&batches, 0.95).interval.mean, tally.mean, 1e-12));
}

/* The definition, O(n^2): the cut that minimises the squared deviations over the kept count^2. */
static size_t naive_mser(const double *x, size_t count)
{
    size_t groups = count / 5;
    size_t best = 0;
    double least = INFINITY;

    for (size_t cut = 0; cut <= groups / 2; cut++) {
        double mean = gsl_stats_mean(x + 5 * cut, 1, 5 * (groups - cut));
        double kept = (double)(groups - cut);
        double sum = 0;

        for (size_t g = cut; g < groups; g++) {
            double deviation = gsl_stats_mean(x + 5 * g, 1, 5) - mean;

            sum += deviation * deviation;
        }
        if (sum / kept / kept < least * (1 - 1e-12)) {
            least = sum / kept / kept;
            best = 5 * cut;
        }
    }
    return best;
}

static void mser_cuts_the_warm_up(void **state)
{
    struct rng rng;
    struct mser mser;
    double before = 0;
    double after = 0;
    (void)state;

    for (uint64_t seed = 0; seed < 50; seed++) {
        rng_init(&rng, seed, 0, 0, 8);
        for (int i = 0; i < 1003; i++) {
            series[i] = 5 + rng_normal(&rng) - 10 * exp(-i / 40.0);
        }
        mser = mser_truncate(series, 1003);
        assert_int_equal(mser.discard, naive_mser(series, 1003));
        assert_true(mser.settled);
        assert_in_range(mser.discard, 60, 400);
        assert_true(
            near(mser.mean, gsl_stats_mean(series + mser.discard, 1, 1000 - mser.discard), 1e-12));
        before += gsl_stats_mean(series, 1, 1000) / 50;
        after += mser.mean / 50;
    }
    assert_true(fabs(before - 5) > 0.3 && fabs(after - 5) < 0.04);
}

static void mser_says_when_it_cannot_tell(void **state)
{
    (void)state;

    for (int i = 0; i < 1000; i++) {
        series[i] = i; /* never settles */
    }
    assert_false(mser_truncate(series, 1000).settled);
    assert_false(mser_truncate(series, 9).settled);
    assert_true(mser_truncate(series, 9).mean == 4);
    assert_true(isnan(mser_truncate(series, 0).mean));
    for (int i = 0; i < 1000; i++) {
        series[i] = 4; /* nothing to cut */
    }
    assert_int_equal(mser_truncate(series, 1000).discard, 0);
    assert_true(mser_truncate(series, 1000).settled);
}

/* x and y standard normal around 1 and 2, with this correlation. */
static void add_correlated(struct pairs *pairs, struct rng *rng, double correlation)
{
    double x = rng_normal(rng);
    double y = correlation * x + sqrt(1 - correlation * correlation) * rng_normal(rng);

    pairs_add(pairs, 1 + x, 2 + y);
}

static void paired_intervals_cover(void **state)
{
    enum { SEEDS = 1000, EACH = 12 };
    int covered[3] = {0};
    (void)state;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct rng rng;
        struct pairs alike;
        struct pairs opposed;

        rng_init(&rng, seed, 0, 0, 9);
        pairs_init(&alike);
        pairs_init(&opposed);
        for (int i = 0; i < EACH; i++) {
            add_correlated(&alike, &rng, 0.9);
            add_correlated(&opposed, &rng, -0.8);
        }
        covered[0] += interval_holds(pairs_difference(&alike, 0.95), 1);
        covered[1] += interval_holds(pairs_average(&opposed, 0.95), 1.5);
        covered[2] += interval_holds(pairs_controlled(&alike, 1, 0.95), 2);
    }
    for (int k = 0; k < 3; k++) {
        assert_coverage(covered[k], SEEDS);
    }
}

static void pairing_gains_what_theory_says(void **state)
{
    struct rng rng;
    struct pairs alike;
    struct pairs opposed;
    struct interval plain;
    (void)state;

    rng_init(&rng, 10, 0, 0, 0);
    pairs_init(&alike);
    pairs_init(&opposed);
    for (int i = 0; i < COUNT; i++) {
        add_correlated(&alike, &rng, 0.9);
        add_correlated(&opposed, &rng, -0.8);
    }
    assert_true(near(pairs_correlation(&alike), 0.9, 0.01));
    assert_true(near(pairs_difference_gain(&alike), 1 / (1 - 0.9), 0.05));
    assert_true(near(pairs_average_gain(&opposed), 1 / (1 - 0.8), 0.05));
    plain = interval_of_mean(&alike.y, 0.95);
    assert_true(near(pairs_controlled(&alike, 1, 0.95).half_width / plain.half_width,
                     sqrt(1 - 0.81), 0.03));
}

static void pairs_merge_like_tallies(void **state)
{
    struct rng rng;
    struct pairs all;
    struct pairs parts[2];
    (void)state;

    rng_init(&rng, 12, 0, 0, 0);
    pairs_init(&all);
    pairs_init(&parts[0]);
    pairs_init(&parts[1]);
    assert_true(isnan(pairs_correlation(&all)));
    for (int i = 0; i < 1000; i++) {
        double x = rng_normal(&rng);
        double y = x + rng_exponential(&rng);

        pairs_add(&all, x, y);
        pairs_add(&parts[i % 3 == 0], x, y);
    }
    pairs_merge(&parts[0], &parts[1]);
    assert_true(near(parts[0].products, all.products, 1e-12));
    assert_true(near(pairs_correlation(&parts[0]), pairs_correlation(&all), 1e-12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_cover),
        cmocka_unit_test(rule_waits_for_the_worst_metric),
        cmocka_unit_test(batch_means_cover_correlated_series),
        cmocka_unit_test(batch_means_notice_correlation),
        cmocka_unit_test(batches_double_and_keep_the_mean),
        cmocka_unit_test(mser_cuts_the_warm_up),
        cmocka_unit_test(mser_says_when_it_cannot_tell),
        cmocka_unit_test(paired_intervals_cover),
        cmocka_unit_test(pairing_gains_what_theory_says),
        cmocka_unit_test(pairs_merge_like_tallies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
