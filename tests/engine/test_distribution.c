#include "sim/engine/distribution.h"

#include "sim/engine/tally.h"
#include "tests/engine/goodness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the headers above */
#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <stdlib.h>

enum { SAMPLE = 20000, LAWS = 12 };

static double sample[SAMPLE];
static double other[SAMPLE];

static const double means[] = {0.2, 1.0, 5.0};
static const double weights[] = {5, 3, 2};
static const double knots_p[] = {0, 0.1, 0.5, 0.9, 0.99, 1};
static const double knots_x[] = {1, 2, 3, 8, 20, 100};

/* The continuous laws, each with its distribution function computed apart from ours. */
struct law {
    struct distribution d;
    double (*cdf)(double x);
};

static struct distribution parts[2];
static struct alias_cell hyper_cells[3];
static struct alias_cell mixture_cells[2];

static double cdf_uniform(double x)
{
    return gsl_cdf_flat_P(x, -1, 4);
}

static double cdf_exponential(double x)
{
    return gsl_cdf_exponential_P(x, 2.5);
}

static double cdf_normal(double x)
{
    return gsl_cdf_gaussian_P(x - 3, 2);
}

static double cdf_lognormal(double x)
{
    return gsl_cdf_lognormal_P(x, 0.5, 0.8);
}

static double cdf_gamma(double x)
{
    return gsl_cdf_gamma_P(x, 2.5, 0.4);
}

static double cdf_gamma_small(double x)
{
    return gsl_cdf_gamma_P(x, 0.4, 3);
}

static double cdf_weibull(double x)
{
    return gsl_cdf_weibull_P(x, 2, 1.7);
}

static double cdf_pareto(double x)
{
    return gsl_cdf_pareto_P(x, 2.5, 1.5);
}

static double cdf_erlang(double x)
{
    return gsl_cdf_gamma_P(x, 4, 0.5);
}

static double cdf_erlang_many(double x)
{
    return gsl_cdf_gamma_P(x, 20, 0.1);
}

static double cdf_hyper(double x)
{
    return 0.5 * gsl_cdf_exponential_P(x, 0.2) + 0.3 * gsl_cdf_exponential_P(x, 1) +
           0.2 * gsl_cdf_exponential_P(x, 5);
}

static double cdf_mixture(double x)
{
    return 0.75 * gsl_cdf_gaussian_P(x - 1, 0.3) + 0.25 * gsl_cdf_gamma_P(x, 3, 2);
}

static void make_laws(struct law *laws)
{
    static const double odds[] = {3, 1};
    int error = 0;

    error |= distribution_uniform(&laws[0].d, -1, 4);
    laws[0].cdf = cdf_uniform;
    error |= distribution_exponential(&laws[1].d, 2.5);
    laws[1].cdf = cdf_exponential;
    error |= distribution_normal(&laws[2].d, 3, 2);
    laws[2].cdf = cdf_normal;
    error |= distribution_lognormal(&laws[3].d, 0.5, 0.8);
    laws[3].cdf = cdf_lognormal;
    error |= distribution_gamma(&laws[4].d, 2.5, 0.4);
    laws[4].cdf = cdf_gamma;
    error |= distribution_gamma(&laws[5].d, 0.4, 3);
    laws[5].cdf = cdf_gamma_small;
    error |= distribution_weibull(&laws[6].d, 1.7, 2);
    laws[6].cdf = cdf_weibull;
    error |= distribution_pareto(&laws[7].d, 2.5, 1.5);
    laws[7].cdf = cdf_pareto;
    error |= distribution_erlang(&laws[8].d, 4, 2);
    laws[8].cdf = cdf_erlang;
    error |= distribution_erlang(&laws[9].d, 20, 2);
    laws[9].cdf = cdf_erlang_many;
    error |= distribution_hyperexponential(&laws[10].d, 3, means, weights, hyper_cells);
    laws[10].cdf = cdf_hyper;
    error |= distribution_normal(&parts[0], 1, 0.3);
    error |= distribution_gamma(&parts[1], 3, 2);
    error |= distribution_mixture(&laws[11].d, 2, parts, odds, mixture_cells);
    laws[11].cdf = cdf_mixture;
    assert_int_equal(error, 0);
}

static void check_fit(const struct law *law, double *u)
{
    for (size_t i = 0; i < SAMPLE; i++) {
        assert_true(fabs(law->cdf(u[i]) - distribution_cdf(&law->d, u[i])) < 1e-12);
        u[i] = law->cdf(u[i]);
    }
    assert_true(goodness_ks(u, SAMPLE) > 0.001);
    assert_true(goodness_ad(u, SAMPLE) > 0.001);
}

static void continuous_laws_fit(void **state)
{
    struct law laws[LAWS];
    (void)state;

    make_laws(laws);
    for (size_t k = 0; k < LAWS; k++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            struct rng rng;

            rng_init(&rng, seed, 0, k, 1);
            for (int i = 0; i < SAMPLE; i++) {
                sample[i] = distribution_sample(&laws[k].d, &rng);
            }
            check_fit(&laws[k], sample);
        }
    }
}

/* Both halves of a pair have the right law, and one falls whenever the other rises. */
static void pairs_fit_and_fall(void **state)
{
    struct law laws[LAWS];
    (void)state;

    make_laws(laws);
    for (size_t k = 0; k < LAWS; k++) {
        struct rng plus;
        struct rng minus;
        double last_plus = 0;
        double last_minus = 0;

        rng_init(&plus, 1, 0, k, 2);
        minus = plus;
        rng_set_mode(&plus, RNG_INVERSION);
        rng_set_mode(&minus, RNG_ANTITHETIC);
        for (int i = 0; i < SAMPLE; i++) {
            sample[i] = distribution_sample(&laws[k].d, &plus);
            other[i] = distribution_sample(&laws[k].d, &minus);
            assert_true(i == 0 || (sample[i] - last_plus) * (other[i] - last_minus) <= 0);
            last_plus = sample[i];
            last_minus = other[i];
        }
        check_fit(&laws[k], sample);
        check_fit(&laws[k], other);
    }
}

static void quantiles_invert(void **state)
{
    static const double ps[] = {1e-12, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.999, 1 - 1e-9};
    struct law laws[LAWS];
    (void)state;

    make_laws(laws);
    for (size_t k = 0; k < LAWS; k++) {
        for (size_t i = 0; i < sizeof ps / sizeof *ps; i++) {
            double x = distribution_quantile(&laws[k].d, ps[i]);

            assert_true(fabs(distribution_cdf(&laws[k].d, x) - ps[i]) <= fmax(1e-9 * ps[i], 1e-15));
        }
    }
}

/* Gamma quantiles over the whole range of shapes: a replication in RNG_ANTITHETIC meets them all.
 */
static void gamma_quantiles_hold_everywhere(void **state)
{
    static const double shapes[] = {0.05, 0.3, 0.9, 1, 2, 7.5, 40, 300, 2000};
    (void)state;

    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        struct distribution d;

        assert_int_equal(distribution_gamma(&d, shapes[k], 1), 0);
        for (int i = 1; i < 1000; i++) {
            double p = i < 500 ? i / 500.0 : pow(10, -(i - 499) / 33.0);
            double x = distribution_quantile(&d, p);

            assert_true(fabs(distribution_cdf(&d, x) / p - 1) < 1e-6);
        }
    }
}

/* E[X] and Var[X] against Riemann sums of the quantile function: no formula in common. */
static void moments_agree_with_quantiles(void **state)
{
    enum { STEPS = 100000 };
    struct law laws[LAWS];
    struct distribution table;
    (void)state;

    make_laws(laws);
    assert_int_equal(distribution_quantiles(&table, 6, knots_p, knots_x), 0);
    laws[7].d = table; /* Pareto's variance converges too slowly to be summed */
    for (size_t k = 0; k < LAWS; k++) {
        struct tally tally;
        int steps = k >= 10 ? STEPS / 20 : STEPS;

        tally_init(&tally);
        for (int i = 0; i < steps; i++) {
            tally_add(&tally, distribution_quantile(&laws[k].d, (i + 0.5) / steps));
        }
        assert_true(fabs(tally.mean / distribution_mean(&laws[k].d) - 1) < 1e-3);
        assert_true(fabs(tally_variance(&tally) / distribution_variance(&laws[k].d) - 1) < 1e-2);
    }
}

static void moments_in_closed_form(void **state)
{
    struct distribution d;
    struct distribution pair[2];
    struct alias_cell cells[3];
    static const double halves[] = {1, 1};
    (void)state;

    distribution_deterministic(&d, 4);
    assert_true(distribution_mean(&d) == 4 && distribution_variance(&d) == 0);
    assert_true(distribution_cdf(&d, 3.9) == 0 && distribution_cdf(&d, 4) == 1);
    distribution_pareto(&d, 3, 2);
    assert_true(distribution_mean(&d) == 3 && distribution_variance(&d) == 3);
    distribution_pareto(&d, 2, 1);
    assert_true(distribution_mean(&d) == 2 && isinf(distribution_variance(&d)));
    distribution_pareto(&d, 1, 1);
    assert_true(isinf(distribution_mean(&d)));
    pair[0] = d;
    distribution_deterministic(&pair[1], 1);
    distribution_mixture(&d, 2, pair, halves, cells);
    assert_true(isinf(distribution_mean(&d)) && isinf(distribution_variance(&d)));
    distribution_weibull(&d, 1, 3); /* shape 1 is exponential */
    assert_true(fabs(distribution_mean(&d) - 3) < 1e-12);
    assert_true(fabs(distribution_variance(&d) - 9) < 1e-12);
    distribution_discrete(&d, 3, means, weights, cells);
    assert_true(fabs(distribution_mean(&d) - 1.4) < 1e-12);
    assert_true(fabs(distribution_variance(&d) - (0.5 * 0.04 + 0.3 + 0.2 * 25 - 1.96)) < 1e-12);
}

/* Alias draws follow their weights (chi-square), for even, skewed, single and zero-weight tables.
 */
static void discrete_draws_follow_weights(void **state)
{
    enum { DRAWS = 200000, MOST = 100 };
    static const size_t counts[] = {1, 2, 3, 10, MOST};
    double values[MOST];
    double odds[MOST];
    struct alias_cell cells[MOST];
    (void)state;

    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        size_t count = counts[k];
        double seen[MOST] = {0};
        double total = 0;
        double chi2 = 0;
        size_t used = 0;
        struct distribution d;
        struct rng rng;

        for (size_t i = 0; i < count; i++) {
            values[i] = (double)i;
            odds[i] = i % 4 == 2 ? 0 : 1 + (double)(i * i);
            total += odds[i];
        }
        assert_int_equal(distribution_discrete(&d, count, values, odds, cells), 0);
        rng_init(&rng, 8, 0, k, 0);
        for (int mode = RNG_FAST; mode <= RNG_ANTITHETIC; mode++) {
            rng_set_mode(&rng, (enum rng_mode)mode);
            for (int i = 0; i < DRAWS; i++) {
                seen[(size_t)distribution_sample(&d, &rng)]++;
            }
        }
        for (size_t i = 0; i < count; i++) {
            double expected = 3 * DRAWS * odds[i] / total;

            assert_true(odds[i] > 0 || seen[i] == 0);
            used += odds[i] > 0;
            chi2 += odds[i] > 0 ? (seen[i] - expected) * (seen[i] - expected) / expected : 0;
        }
        assert_true(used == 1 || gsl_cdf_chisq_Q(chi2, (double)used - 1) > 0.001);
    }
}

static void quantile_table_interpolates(void **state)
{
    struct distribution d;
    struct rng rng;
    (void)state;

    assert_int_equal(distribution_quantiles(&d, 6, knots_p, knots_x), 0);
    assert_true(fabs(distribution_quantile(&d, 0.3) - 2.5) < 1e-12);
    assert_true(fabs(distribution_cdf(&d, 5.5) - 0.7) < 1e-12);
    assert_true(distribution_cdf(&d, 0.5) == 0 && distribution_cdf(&d, 100) == 1);
    rng_init(&rng, 2, 0, 0, 0);
    for (int i = 0; i < SAMPLE; i++) {
        sample[i] = distribution_cdf(&d, distribution_sample(&d, &rng));
    }
    assert_true(goodness_ad(sample, SAMPLE) > 0.001);
}

static void trace_replays_in_order(void **state)
{
    static const double series[] = {3, 1, 2};
    struct distribution_trace trace = {series, 3, 0};
    struct distribution d;
    struct rng rng;
    (void)state;

    rng_init(&rng, 1, 0, 0, 0);
    assert_int_equal(distribution_trace(&d, &trace), 0);
    for (int i = 0; i < 7; i++) {
        assert_true(distribution_sample(&d, &rng) == series[i % 3]);
    }
    assert_true(distribution_mean(&d) == 2);
    assert_true(distribution_quantile(&d, 0.5) == 2 && distribution_quantile(&d, 0.9) == 3);
    assert_true(distribution_cdf(&d, 1.5) == 1.0 / 3);
}

static void nanoseconds_round_and_saturate(void **state)
{
    static const struct {
        double s;
        uint64_t ns;
    } cases[] = {{0, 0},
                 {-5, 0},
                 {0.4e-9, 0},
                 {0.6e-9, 1},
                 {1, 1000000000},
                 {1e300, UINT64_MAX},
                 {1.8446744073709552e10, UINT64_MAX}};
    struct rng rng;
    (void)state;

    rng_init(&rng, 1, 0, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct distribution d;

        distribution_deterministic(&d, cases[i].s);
        assert_int_equal(distribution_sample_ns(&d, &rng), cases[i].ns);
    }
}

static void bad_input_is_refused(void **state)
{
    static const double falling[] = {1, 0.5, 2};
    static const double negative[] = {1, -1, 1};
    static const double zeros[] = {0, 0, 0};
    struct distribution_trace empty = {NULL, 0, 0};
    struct distribution d;
    struct distribution held;
    struct alias_cell cells[3];
    (void)state;

    distribution_deterministic(&held, 7);
    d = held;
    assert_int_equal(distribution_uniform(&d, 2, 2), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_uniform(&d, -1e308, 1e308), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_exponential(&d, 0), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_exponential(&d, NAN), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_exponential(&d, INFINITY), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_normal(&d, 0, -1), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_gamma(&d, 0, 1), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_weibull(&d, 1, 0), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_pareto(&d, -1, 1), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_erlang(&d, 0, 1), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_hyperexponential(&d, 3, negative, weights, cells),
                     DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_hyperexponential(&d, 3, means, negative, cells),
                     DISTRIBUTION_BAD_WEIGHT);
    assert_int_equal(distribution_hyperexponential(&d, 3, means, zeros, cells),
                     DISTRIBUTION_BAD_WEIGHT);
    assert_int_equal(distribution_discrete(&d, 3, falling, weights, cells), DISTRIBUTION_BAD_ORDER);
    assert_int_equal(distribution_discrete(&d, 0, means, weights, cells), DISTRIBUTION_BAD_COUNT);
    assert_int_equal(distribution_quantiles(&d, 1, knots_p, knots_x), DISTRIBUTION_BAD_COUNT);
    assert_int_equal(distribution_quantiles(&d, 5, knots_p, knots_x), DISTRIBUTION_BAD_PARAMETER);
    assert_int_equal(distribution_quantiles(&d, 3, falling, knots_x), DISTRIBUTION_BAD_ORDER);
    assert_int_equal(distribution_trace(&d, &empty), DISTRIBUTION_BAD_COUNT);
    assert_memory_equal(&d, &held, sizeof d);
    d.kind = DISTRIBUTION_TRACE;
    assert_int_equal(distribution_mixture(&held, 1, &d, weights, cells), DISTRIBUTION_BAD_PART);
    assert_string_equal(distribution_error_text(DISTRIBUTION_BAD_ORDER),
                        "the table does not ascend");
    assert_string_equal(distribution_name(DISTRIBUTION_ERLANG), "erlang");
}

/*
 * Known answers: the mean of the first thousand draws of each law, so that no change of a method
 * goes unnoticed. Not to the last bit: exp, log and pow are the C library's.
 */
static void draws_are_frozen(void **state)
{
    static const double answers[LAWS] = {1.46101733208772, 2.43786949373481,  3.01413612423601,
                                         2.29831715117131, 0.974288912501364, 1.25821715992766,
                                         1.85187058739631, 2.55126663900372,  1.99353883723258,
                                         2.01853324950804, 1.30845515029114,  2.3015482336128};
    struct law laws[LAWS];
    (void)state;

    make_laws(laws);
    for (int i = 0; i < LAWS; i++) {
        struct rng rng;
        double mean = 0;

        rng_init(&rng, 1, 2, 3, (uint64_t)i);
        for (int n = 0; n < 1000; n++) {
            mean += distribution_sample(&laws[i].d, &rng) / 1000;
        }
        assert_true(fabs(mean - answers[i]) < 1e-12 * fabs(mean));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_frozen),
        cmocka_unit_test(continuous_laws_fit),
        cmocka_unit_test(pairs_fit_and_fall),
        cmocka_unit_test(quantiles_invert),
        cmocka_unit_test(gamma_quantiles_hold_everywhere),
        cmocka_unit_test(moments_agree_with_quantiles),
        cmocka_unit_test(moments_in_closed_form),
        cmocka_unit_test(discrete_draws_follow_weights),
        cmocka_unit_test(quantile_table_interpolates),
        cmocka_unit_test(trace_replays_in_order),
        cmocka_unit_test(nanoseconds_round_and_saturate),
        cmocka_unit_test(bad_input_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
