#include "sim/engine/random.h"

#include "sim/engine/random_tables.h"
#include "tests/engine/goodness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the headers above */
#include <Random123/philox.h>
#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_statistics.h>
#include <stdlib.h>

enum { SAMPLE = 50000 };

static double sample[SAMPLE];

/* Random123's published vectors for philox4x64, 10 rounds (kat_vectors). */
static void philox_known_answers(void **state)
{
    static const struct {
        uint64_t counter[4], key[2], block[4];
    } vectors[] = {
        {{0, 0, 0, 0},
         {0, 0},
         {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
        {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
         {UINT64_MAX, UINT64_MAX},
         {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
        {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
         {0x452821e638d01377, 0xbe5466cf34e90c6c},
         {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        philox4x64_ctr_t counter;
        philox4x64_key_t key;

        memcpy(counter.v, vectors[i].counter, sizeof counter.v);
        memcpy(key.v, vectors[i].key, sizeof key.v);
        counter = philox4x64(counter, key);
        assert_memory_equal(counter.v, vectors[i].block, sizeof counter.v);
    }
}

/* The first outputs of the authors' xoshiro256plusplus.c from the state {1, 2, 3, 4}. */
static void xoshiro_known_answers(void **state)
{
    static const uint64_t expected[] = {
        41943041,
        58720359,
        3588806011781223,
        3591011842654386,
        9228616714210784205u,
        9973669472204895162u,
        14011001112246962877u,
        12406186145184390807u,
        15849039046786891736u,
        10450023813501588000u,
    };
    struct rng rng = {.state = {1, 2, 3, 4}};
    (void)state;

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(rng_u64(&rng), expected[i]);
    }
}

/* Our own streams, frozen: a change here changes every published result. */
static void streams_are_frozen(void **state)
{
    struct rng rng;
    double exponential = 0;
    double normal = 0;
    (void)state;

    rng_init(&rng, 1, 2, 3, 4);
    assert_int_equal(rng_u64(&rng), 0x0180107ffc68fc05);
    for (int i = 0; i < 100000; i++) {
        exponential += rng_exponential(&rng);
        normal += rng_normal(&rng);
    }
    assert_true(exponential == 0x1.8708789fb5a8bp+16);
    assert_true(normal == 0x1.8a3b392da309bp+6);
}

static void each_word_of_the_key_counts(void **state)
{
    struct rng a;
    struct rng b;
    (void)state;

    for (int word = 0; word < 4; word++) {
        uint64_t key[4] = {7, 7, 7, 7};

        rng_init(&a, 7, 7, 7, 7);
        key[word]++;
        rng_init(&b, key[0], key[1], key[2], key[3]);
        assert_memory_not_equal(a.state, b.state, sizeof a.state);
        for (int i = 0; i < SAMPLE; i++) {
            sample[i] = rng_uniform(&a) + rng_uniform(&b); /* triangular when independent */
            sample[i] = sample[i] < 1 ? sample[i] * sample[i] / 2
                                      : 1 - (2 - sample[i]) * (2 - sample[i]) / 2;
        }
        assert_true(goodness_ks(sample, SAMPLE) > 0.001);
    }
}

static long double exponential_height(long double x)
{
    return expl(-x);
}

static long double exponential_abscissa(long double y)
{
    return -logl(y);
}

static long double normal_height(long double x)
{
    return expl(-x * x / 2);
}

static long double normal_abscissa(long double y)
{
    return sqrtl(-2 * logl(y));
}

static void check_tables(long double tail, long double tail_area, /* of the density beyond tail */
                         long double (*height)(long double), long double (*abscissa)(long double),
                         const struct rng_layer *layers, const double *heights)
{
    long double area = tail * height(tail) + tail_area;
    long double x = area / height(tail);
    long double next = tail;

    for (int i = 0; i < 256; i++) {
        double inside = (double)(0x1p53L * next / x);

        assert_true(fabs((double)layers[i].inside - inside) <= 0x1p53 * 1e-13);
        assert_true(fabs(layers[i].scale / (double)(x * 0x1p-53L) - 1) < 1e-13);
        if (i > 0) {
            assert_true(fabs(heights[i] / (double)height(x) - 1) < 1e-13);
        }
        x = next;
        next = i < 254 ? abscissa(height(x) + area / x) : 0;
    }
    assert_true(heights[256] == 1);
    assert_true(fabsl(height(abscissa(heights[255])) + area / abscissa(heights[255]) - 1) < 1e-13);
}

static void tables_follow_their_formula(void **state)
{
    long double normal_tail = RNG_NORMAL_TAIL;
    (void)state;

    check_tables(RNG_EXPONENTIAL_TAIL, expl(-(long double)RNG_EXPONENTIAL_TAIL), exponential_height,
                 exponential_abscissa, rng_exponential_layers, rng_exponential_heights);
    check_tables(normal_tail, sqrtl(acosl(-1) / 2) * erfcl(normal_tail / sqrtl(2)), normal_height,
                 normal_abscissa, rng_normal_layers, rng_normal_heights);
}

static double draw_uniform(struct rng *rng)
{
    return rng_uniform_open(rng);
}

static double draw_exponential(struct rng *rng)
{
    return -expm1(-rng_exponential(rng));
}

static double draw_normal(struct rng *rng)
{
    return gsl_cdf_ugaussian_P(rng_normal(rng));
}

static double draw_lognormal(struct rng *rng)
{
    return gsl_cdf_lognormal_P(rng_lognormal(rng, -1, 0.7), -1, 0.7);
}

static double draw_by_gsl(struct rng *rng)
{
    gsl_rng view = rng_gsl(rng);

    return gsl_cdf_beta_P(gsl_ran_beta(&view, 2, 3.5), 2, 3.5);
}

/* 20 seeds a variate: each sample fits, and so do the p-values to the uniform law. */
static void variates_fit(void **state)
{
    static double (*const draws[])(struct rng *) = {draw_uniform, draw_exponential, draw_normal,
                                                    draw_lognormal, draw_by_gsl};
    enum { SEEDS = 20 };
    (void)state;

    for (size_t k = 0; k < sizeof draws / sizeof *draws; k++) {
        double ks[SEEDS];
        double ad[SEEDS];

        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct rng rng;

            rng_init(&rng, seed, 0, k, 0);
            for (int i = 0; i < SAMPLE; i++) {
                sample[i] = draws[k](&rng);
            }
            ks[seed] = goodness_ks(sample, SAMPLE);
            ad[seed] = goodness_ad(sample, SAMPLE);
            assert_true(ks[seed] > 0.0005 && ad[seed] > 0.0005);
        }
        assert_true(goodness_ks(ks, SEEDS) > 0.005);
        assert_true(goodness_ks(ad, SEEDS) > 0.005);
    }
}

/* The tail and the wedges are rare: look at them alone. */
static void tails_fit(void **state)
{
    struct rng rng;
    int exponentials = 0;
    int normals = 0;
    (void)state;

    rng_init(&rng, 11, 0, 0, 0);
    for (int count = 0; count < 2000; exponentials++) {
        double x = rng_exponential(&rng);

        if (x > RNG_EXPONENTIAL_TAIL) {
            sample[count++] = -expm1(RNG_EXPONENTIAL_TAIL - x);
        }
    }
    assert_true(goodness_ad(sample, 2000) > 0.001);
    assert_true(fabs(exponentials * exp(-RNG_EXPONENTIAL_TAIL) / 2000 - 1) < 4 / sqrt(2000));

    for (int count = 0; count < 2000; normals++) {
        double x = fabs(rng_normal(&rng));

        if (x > RNG_NORMAL_TAIL) {
            sample[count++] = 1 - gsl_cdf_ugaussian_Q(x) / gsl_cdf_ugaussian_Q(RNG_NORMAL_TAIL);
        }
    }
    assert_true(goodness_ad(sample, 2000) > 0.001);
    assert_true(fabs(normals * 2 * gsl_cdf_ugaussian_Q(RNG_NORMAL_TAIL) / 2000 - 1) <
                4 / sqrt(2000));
}

/* A test that cannot fail shows nothing: a mean off by 2 % must be seen. */
static void a_wrong_law_is_rejected(void **state)
{
    struct rng rng;
    (void)state;

    rng_init(&rng, 5, 0, 0, 0);
    for (int i = 0; i < SAMPLE; i++) {
        sample[i] = -expm1(-1.02 * rng_exponential(&rng));
    }
    assert_true(goodness_ks(sample, SAMPLE) < 0.001);
    assert_true(goodness_ad(sample, SAMPLE) < 0.001);
}

static void antithetic_pairs_mirror(void **state)
{
    struct rng plus;
    struct rng minus;
    static double other[SAMPLE];
    (void)state;

    rng_init(&plus, 3, 0, 0, 0);
    rng_init(&minus, 3, 0, 0, 0);
    rng_set_mode(&plus, RNG_INVERSION);
    rng_set_mode(&minus, RNG_ANTITHETIC);
    for (int i = 0; i < SAMPLE; i++) {
        assert_true(rng_uniform_open(&plus) + rng_uniform_open(&minus) == 1);
        assert_true(rng_uniform(&plus) + rng_uniform(&minus) == 1 - 0x1p-53);
        assert_true(rng_below(&plus, 10) + rng_below(&minus, 10) == 9);
        assert_true(fabs(rng_normal(&plus) + rng_normal(&minus)) < 1e-12);
        sample[i] = rng_exponential(&plus);
        other[i] = rng_exponential(&minus);
    }
    /* cov(-ln U, -ln(1-U)) = 1 - pi^2/6, the least correlation two exponentials can have */
    assert_true(fabs(gsl_stats_correlation(sample, 1, other, 1, SAMPLE) - (1 - M_PI * M_PI / 6)) <
                0.02);
    for (int i = 0; i < SAMPLE; i++) {
        sample[i] = -expm1(-sample[i]);
        other[i] = -expm1(-other[i]);
    }
    assert_true(goodness_ad(sample, SAMPLE) > 0.001);
    assert_true(goodness_ad(other, SAMPLE) > 0.001);
}

static void below_is_uniform(void **state)
{
    static const uint64_t counts[] = {1, 2, 3, 7, 1000};
    struct rng rng;
    (void)state;

    rng_init(&rng, 9, 0, 0, 0);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        double seen[1000] = {0};
        double expected = 1e6 / (double)counts[k];
        double chi2 = 0;

        for (int i = 0; i < 1000000; i++) {
            uint64_t x = rng_below(&rng, counts[k]);

            assert_true(x < counts[k]);
            seen[x]++;
        }
        for (uint64_t i = 0; i < counts[k]; i++) {
            chi2 += (seen[i] - expected) * (seen[i] - expected) / expected;
        }
        assert_true(counts[k] == 1 || gsl_cdf_chisq_Q(chi2, (double)counts[k] - 1) > 0.001);
    }
    /* just above 2^63 every second draw must be refused to stay without bias */
    uint64_t upper = 0;

    for (int i = 0; i < 100000; i++) {
        upper += rng_below(&rng, (UINT64_C(1) << 63) + 1) >= UINT64_C(1) << 62;
    }
    assert_true(fabs((double)upper - 50000) < 4 * sqrt(25000));
}

static void gsl_sees_the_same_stream(void **state)
{
    struct rng direct;
    struct rng seen;
    gsl_rng view = rng_gsl(&seen);
    gsl_rng *allocated = gsl_rng_alloc(&rng_gsl_type);
    (void)state;

    rng_init(&direct, 42, 0, 0, 0);
    rng_init(&seen, 42, 0, 0, 0);
    gsl_rng_set(allocated, 42);
    for (int i = 0; i < 1000; i++) {
        uint64_t expected = rng_u64(&direct);

        assert_int_equal(gsl_rng_get(&view), expected);
        assert_int_equal(gsl_rng_get(allocated), expected);
    }
    assert_true(gsl_rng_uniform(&view) == rng_uniform_open(&direct));
    gsl_rng_free(allocated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(xoshiro_known_answers),
        cmocka_unit_test(streams_are_frozen),
        cmocka_unit_test(each_word_of_the_key_counts),
        cmocka_unit_test(tables_follow_their_formula),
        cmocka_unit_test(variates_fit),
        cmocka_unit_test(tails_fit),
        cmocka_unit_test(a_wrong_law_is_rejected),
        cmocka_unit_test(antithetic_pairs_mirror),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(gsl_sees_the_same_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
