/* Laws recovered from samples, bins and percentile tables; the kind chosen; tests that reject what
 * is wrong at about their level; two modes not forced into one. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <gsl/gsl_sort.h>
#include <jansson.h>

#include "calibrate/fit_law.h"
#include "tests/calibrate/recovery.h"

enum { SAMPLES = 400, ROOM = 2048 };

static const double truth[LAW_KINDS][LAW_PARAMETERS] = {
    {80e-6},
    {3, 20e-6},
    {80e-6, 0.5},
    {90e-6, 1.7},
    {0.7, 20e-6, 400e-6},
    {0.6, 30, 1.2e-6, 40, 2.5e-6},
    {0.6, 36e-6, 0.15, 90e-6, 0.12},
};
static const size_t parameters[LAW_KINDS] = {1, 2, 2, 2, 3, 5, 5};

static double draw_one(gsl_rng *rng, int kind)
{
    const double *t = truth[kind];
    bool first = kind < LAW_HYPEREXPONENTIAL || gsl_rng_uniform(rng) < t[0];
    switch (kind) {
    case LAW_EXPONENTIAL:
        return gsl_ran_exponential(rng, t[0]);
    case LAW_GAMMA:
        return gsl_ran_gamma(rng, t[0], t[1]);
    case LAW_LOGNORMAL:
        return gsl_ran_lognormal(rng, log(t[0]), t[1]);
    case LAW_WEIBULL:
        return gsl_ran_weibull(rng, t[0], t[1]);
    case LAW_HYPEREXPONENTIAL:
        return gsl_ran_exponential(rng, t[first ? 1 : 2]);
    case LAW_GAMMA_MIXTURE:
        return gsl_ran_gamma(rng, t[first ? 1 : 3], t[first ? 2 : 4]);
    default:
        return gsl_ran_lognormal(rng, log(t[first ? 1 : 3]), t[first ? 2 : 4]);
    }
}

static void draw_samples(gsl_rng *rng, int kind, size_t count, struct law_cell *cells)
{
    for (size_t i = 0; i < count; i++) {
        double x = draw_one(rng, kind);
        cells[i] = (struct law_cell){x, x, 1};
    }
}

/* Counted in bins that grow by an eighth, as histograms of latencies do. */
static size_t draw_bins(gsl_rng *rng, int kind, size_t count, struct law_cell *cells)
{
    enum { BINS = 120 };
    const double first = 1e-7, grow = 1.125;
    cells[0] = (struct law_cell){0, first, 0};
    for (size_t i = 1; i <= BINS; i++)
        cells[i] = (struct law_cell){cells[i - 1].high, cells[i - 1].high * grow, 0};
    cells[BINS].high = INFINITY;
    for (size_t i = 0; i < count; i++) {
        double x = draw_one(rng, kind);
        size_t at = x < first ? 0 : 1 + (size_t)(log(x / first) / log(grow));
        cells[at < BINS ? at : BINS].weight += 1;
    }
    return BINS + 1;
}

enum shape { FROM_SAMPLES, FROM_BINS };

static bool recover(int kind, enum shape shape, size_t draws, size_t count, size_t resamples)
{
    gsl_rng *rng = recovery_rng(100 + (unsigned long)kind);
    struct recovery r[LAW_PARAMETERS];
    char name[64];
    size_t passed = 0;
    snprintf(name, sizeof name, "%s, %s%s", law_names[kind],
             shape == FROM_SAMPLES ? "samples" : "bins", resamples > 0 ? ", BCa" : "");
    for (size_t k = 0; k < parameters[kind]; k++)
        r[k] = recovery_of(name, law_parameter_names[kind][k], truth[kind][k]);
    for (size_t d = 0; d < draws; d++) {
        struct law_cell cells[ROOM];
        size_t cell_count = count;
        if (shape == FROM_SAMPLES)
            draw_samples(rng, kind, count, cells);
        else
            cell_count = draw_bins(rng, kind, count, cells);
        struct law_fit fit;
        struct diag diag;
        assert_int_equal(law_fit(&fit, &(struct law_data){cells, cell_count},
                                 &(struct law_rules){kind, resamples, 0}, &diag),
                         STATUS_OK);
        assert_int_equal(fit.kind, kind);
        passed += fit.quality.passed;
        for (size_t k = 0; k < parameters[kind]; k++)
            recovery_add(&r[k], &fit.value[k]);
    }
    gsl_rng_free(rng);
    bool held = true;
    for (size_t k = 0; k < parameters[kind]; k++)
        held &= recovery_holds(&r[k]);
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("%-28s its own test passed in %.1f %%\n", name,
               100 * (double)passed / (double)draws);
    double few = 0.05 * (double)draws;
    assert_true((double)(draws - passed) <= few + 3 * sqrt(0.95 * few));
    return held;
}

static void test_samples(void **state)
{
    (void)state;
    bool held = true;
    for (int kind = 0; kind < LAW_KINDS; kind++)
        held &= recover(kind, FROM_SAMPLES, recovery_draws(kind < LAW_HYPEREXPONENTIAL ? 40 : 6),
                        kind < LAW_HYPEREXPONENTIAL ? SAMPLES : 1000, 0);
    assert_true(held);
}

static void test_bins(void **state)
{
    (void)state;
    bool held = true;
    for (int kind = 0; kind < LAW_KINDS; kind++)
        held &=
            recover(kind, FROM_BINS, recovery_draws(kind < LAW_HYPEREXPONENTIAL ? 30 : 6), 1000, 0);
    assert_true(held);
}

static void test_bootstrap(void **state)
{
    (void)state;
    size_t resamples = getenv("CALIBRATE_DRAWS") != NULL ? 399 : 199;
    bool held = recover(LAW_EXPONENTIAL, FROM_SAMPLES, recovery_draws(10), 150, resamples);
    held &= recover(LAW_LOGNORMAL, FROM_SAMPLES, recovery_draws(6), 150, resamples);
    assert_true(held);
}

/* The percentiles a benchmark prints, of a known law and a known number of requests. */
static void test_percentiles(void **state)
{
    (void)state;
    static const double shares[] = {0.01, 0.05, 0.1,  0.2,  0.3,   0.4,   0.5,    0.6,   0.7,
                                    0.8,  0.9,  0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999};
    enum { ROWS = sizeof shares / sizeof *shares, REQUESTS = 20000 };
    gsl_rng *rng = recovery_rng(120);
    size_t draws = recovery_draws(20);
    struct recovery r[2] = {recovery_of("lognormal, percentiles", "median", 80e-6),
                            recovery_of("lognormal, percentiles", "sigma", 0.5)};
    double *all = malloc(REQUESTS * sizeof *all);
    assert_non_null(all);
    for (size_t d = 0; d < draws; d++) {
        double x[ROWS];
        struct law_cell cells[ROWS + 1];
        size_t count;
        struct law_fit fit;
        struct diag diag;
        for (size_t i = 0; i < REQUESTS; i++)
            all[i] = draw_one(rng, LAW_LOGNORMAL);
        gsl_sort(all, 1, REQUESTS);
        for (size_t i = 0; i < ROWS; i++)
            x[i] = all[(size_t)(shares[i] * REQUESTS)];
        assert_int_equal(law_from_quantiles(cells, &count, x, shares, ROWS, REQUESTS, &diag),
                         STATUS_OK);
        assert_int_equal(law_fit(&fit, &(struct law_data){cells, count},
                                 &(struct law_rules){LAW_LOGNORMAL, 0, 0}, &diag),
                         STATUS_OK);
        recovery_add(&r[0], &fit.value[0]);
        recovery_add(&r[1], &fit.value[1]);
    }
    free(all);
    gsl_rng_free(rng);
    bool held = recovery_holds(&r[0]);
    held &= recovery_holds(&r[1]);
    assert_true(held);
}

static void test_choice(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(130);
    for (int kind = 0; kind < LAW_KINDS; kind++) {
        size_t right = 0, family = 0, passed = 0, draws = 4;
        for (size_t d = 0; d < draws; d++) {
            struct law_cell cells[SAMPLES];
            struct law_fit fit;
            struct diag diag;
            draw_samples(rng, kind, SAMPLES, cells);
            assert_int_equal(law_fit(&fit, &(struct law_data){cells, SAMPLES},
                                     &(struct law_rules){LAW_BY_AICC, 0, 0}, &diag),
                             STATUS_OK);
            right += (int)fit.kind == kind;
            family += (fit.kind >= LAW_HYPEREXPONENTIAL) == (kind >= LAW_HYPEREXPONENTIAL);
            passed += fit.quality.passed;
        }
        if (getenv("CALIBRATE_REPORT") != NULL)
            printf("%-18s kind chosen right in %zu, number of branches in %zu, passed in %zu of "
                   "%zu\n",
                   law_names[kind], right, family, passed, draws);
        assert_true(passed >= draws - 1);
        assert_true(family >= draws - 1);
    }
    gsl_rng_free(rng);
}

/* Simulated, the test has its level for laws fitted to what they are tested on, and refuses what
 * Stephens' p lets pass. */
static void test_simulated(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(135);
    size_t draws = recovery_draws(8), low = 0, refused = 0, passed = 0;
    for (size_t d = 0; d < draws; d++) {
        struct law_cell cells[100];
        struct law_data data = {cells, 100};
        struct law_fit fit;
        struct diag diag;
        draw_samples(rng, LAW_LOGNORMAL, 100, cells);
        assert_int_equal(law_fit(&fit, &data, &(struct law_rules){LAW_LOGNORMAL, 0, 99}, &diag),
                         STATUS_OK);
        low += fit.quality.p <= 0.1;
        draw_samples(rng, LAW_WEIBULL, 100, cells);
        assert_int_equal(law_fit(&fit, &data, &(struct law_rules){LAW_LOGNORMAL, 0, 99}, &diag),
                         STATUS_OK);
        refused += fit.quality.p <= 0.1;
        assert_int_equal(law_fit(&fit, &data, &(struct law_rules){LAW_LOGNORMAL, 0, 0}, &diag),
                         STATUS_OK);
        passed += fit.quality.p > 0.1;
    }
    gsl_rng_free(rng);
    double level = (double)low / (double)draws;
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("simulated test at 10 %%: level %.1f %%, refuses a Weibull as lognormal in %.0f %%, "
               "Stephens' in %.0f %%\n",
               100 * level, 100 * (double)refused / (double)draws,
               100 - 100 * (double)passed / (double)draws);
    assert_true(level <= 0.1 + 3.5 * sqrt(0.09 / (double)draws));
    assert_true(refused >= draws - passed);
}

/* A wrong law is refused: by samples and by bins. */
static void test_refusal(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(140);
    struct law_cell cells[ROOM];
    struct law_fit fit;
    struct diag diag;
    draw_samples(rng, LAW_LOGNORMAL_MIXTURE, SAMPLES, cells);
    for (int kind = 0; kind < LAW_HYPEREXPONENTIAL; kind++) {
        assert_int_equal(law_fit(&fit, &(struct law_data){cells, SAMPLES},
                                 &(struct law_rules){kind, 0, 0}, &diag),
                         STATUS_OK);
        assert_false(fit.quality.passed);
        assert_true(fit.quality.note[0] != '\0' && fit.distance > 0.1);
    }
    size_t count = draw_bins(rng, LAW_WEIBULL, 2000, cells);
    assert_int_equal(law_fit(&fit, &(struct law_data){cells, count},
                             &(struct law_rules){LAW_EXPONENTIAL, 0, 0}, &diag),
                     STATUS_OK);
    assert_false(fit.quality.passed);
    gsl_rng_free(rng);
}

static void test_empirical(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(150);
    double median = 80e-6, high = 80e-6 * exp(0.5 * 1.2815515655446004);
    struct recovery r[2] = {recovery_of("empirical", "median", median),
                            recovery_of("empirical", "p90", high)};
    for (size_t d = recovery_draws(300); d > 0; d--) {
        struct law_cell cells[SAMPLES];
        struct law_data data = {cells, SAMPLES};
        struct fit_value value;
        struct diag diag;
        draw_samples(rng, LAW_LOGNORMAL, SAMPLES, cells);
        assert_int_equal(law_empirical(&value, &data, 0.5, &diag), STATUS_OK);
        recovery_add(&r[0], &value);
        assert_int_equal(law_empirical(&value, &data, 0.9, &diag), STATUS_OK);
        recovery_add(&r[1], &value);
    }
    bool held = recovery_holds(&r[0]);
    held &= recovery_holds(&r[1]);
    assert_true(held);
    gsl_rng_free(rng);
}

static void test_functions(void **state)
{
    (void)state;
    for (int kind = 0; kind < LAW_KINDS; kind++) {
        struct law_fit fit = {.kind = (enum law_kind)kind, .parameters = parameters[kind]};
        for (size_t k = 0; k < parameters[kind]; k++)
            fit.value[k].value = truth[kind][k];
        double sum = 0;
        for (int i = 0; i < 2000; i++)
            sum += law_quantile(&fit, (i + 0.5) / 2000);
        assert_float_equal(sum / 2000 / law_mean(&fit), 1, 0.01);
        assert_float_equal(law_cdf(&fit, law_quantile(&fit, 0.37)), 0.37, 1e-9);
    }
}

static void test_degenerate(void **state)
{
    (void)state;
    struct law_rules any = {LAW_BY_AICC, 99, 0};
    struct law_cell three[3] = {{1, 1, 1}, {2, 2, 1}, {3, 3, 1}};
    struct law_cell same[4] = {{2, 2, 1}, {2, 2, 1}, {2, 2, 1}, {2, 2, 1}};
    struct law_cell wrong[][4] = {
        {{1, 1, 1}, {NAN, NAN, 1}, {3, 3, 1}, {4, 4, 1}},
        {{1, 1, 1}, {-2, -2, 1}, {3, 3, 1}, {4, 4, 1}},
        {{1, 1, 1}, {0, 0, 1}, {3, 3, 1}, {4, 4, 1}},
        {{1, 1, 1}, {2, 2, -1}, {3, 3, 1}, {4, 4, 1}},
        {{1, 1, 1}, {2, 2, INFINITY}, {3, 3, 1}, {4, 4, 1}},
        {{1, 2, 1}, {1.5, 3, 1}, {3, 4, 1}, {4, 5, 1}},
        {{1, 2, 1}, {3, 2, 1}, {3, 4, 1}, {4, 5, 1}},
        {{INFINITY, INFINITY, 1}, {2, 3, 1}, {3, 4, 1}, {4, 5, 1}},
    };
    struct law_fit fit;
    struct diag diag;
    struct fit_value value;
    for (size_t count = 0; count < 3; count++)
        assert_int_equal(law_fit(&fit, &(struct law_data){three, count}, &any, &diag), STATUS_DATA);
    assert_int_equal(law_fit(&fit, &(struct law_data){three, 3}, &any, &diag), STATUS_OK);
    assert_int_equal(law_fit(&fit, &(struct law_data){same, 4}, &any, &diag), STATUS_DATA);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(law_fit(&fit, &(struct law_data){wrong[i], 4}, &any, &diag), STATUS_DATA);
        assert_int_equal(law_empirical(&value, &(struct law_data){wrong[i], 4}, 0.5, &diag),
                         STATUS_DATA);
    }
    assert_int_equal(law_empirical(&value, &(struct law_data){three, 0}, 0.5, &diag), STATUS_DATA);
    assert_int_equal(law_empirical(&value, &(struct law_data){three, 3}, 1.5, &diag), STATUS_DATA);
    double x[3] = {1, 2, 1.5}, p[3] = {0.1, 0.5, 0.9};
    struct law_cell cells[4];
    size_t count;
    assert_int_equal(law_from_quantiles(cells, &count, x, p, 3, NAN, &diag), STATUS_DATA);
    assert_int_equal(law_from_quantiles(cells, &count, x, p, 1, NAN, &diag), STATUS_DATA);
}

/* A benchmark's percentiles in microseconds and its number of requests. */
static void judge_two_modes(const double *x, const double *p, size_t rows, double total,
                            const char *name)
{
    struct law_cell cells[64];
    size_t count;
    struct law_fit one, fit;
    struct diag diag;
    assert_int_equal(law_from_quantiles(cells, &count, x, p, rows, total, &diag), STATUS_OK);
    struct law_data data = {cells, count};
    assert_int_equal(law_fit(&one, &data, &(struct law_rules){LAW_LOGNORMAL, 0, 0}, &diag),
                     STATUS_OK);
    assert_int_equal(law_fit(&fit, &data, &(struct law_rules){LAW_BY_AICC, 0, 0}, &diag),
                     STATUS_OK);
    printf("%s: lognormal off by %.0f %%, %s off by %.1f %% (p %.2g, %s):", name,
           100 * one.distance, law_names[fit.kind], 100 * fit.distance, fit.quality.p,
           fit.quality.passed ? "passed" : "refused");
    for (size_t k = 0; k < fit.parameters; k++)
        printf(" %s %.3g", law_parameter_names[fit.kind][k], fit.value[k].value);
    printf("\n");
    assert_false(one.quality.passed);
    assert_true(one.distance > 0.15);
    assert_true(fit.kind >= LAW_GAMMA_MIXTURE);
    assert_true(fit.value[0].value > 0.58 && fit.value[0].value < 0.68);
    assert_true(fit.distance < 0.08);
    /* The valley is empty: next to nothing between the modes. */
    assert_true(law_cdf(&fit, 70) - law_cdf(&fit, 50) < 0.02);
}

static void test_two_modes(void **state)
{
    (void)state;
    static const double p[] = {0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.63, 0.7, 0.8, 0.9, 0.95, 0.99};
    static const double x[] = {32.2, 33.6, 34.5, 35.1, 36.0, 37.2, 39.8, 41, 80.3, 82, 95, 97, 100};
    judge_two_modes(x, p, sizeof p / sizeof *p, NAN, "two modes, nominal count");
    judge_two_modes(x, p, sizeof p / sizeof *p, 900000, "two modes, 900,000 requests");
}

static void test_measured_modes(void **state)
{
    (void)state;
    const char *root = getenv("SCALESIM_TRACES");
    char path[512];
    if (root == NULL) {
        printf("SCALESIM_TRACES is not set: the published percentiles are skipped\n");
        skip();
    }
    /* The variable names the folder of all traces or that of the published ones. */
    json_t *file = NULL;
    for (int i = 0; i < 2 && file == NULL; i++) {
        snprintf(path, sizeof path, "%s%s/nsdi2020/data/m5d.metal/raw/%s", root,
                 i == 0 ? "/external" : "", "fio-metal-rand-read-4k-qd1.json");
        file = json_load_file(path, 0, NULL);
    }
    if (file == NULL) {
        printf("%s cannot be read: the published percentiles are skipped\n", path);
        skip();
    }
    json_t *read = json_object_get(json_array_get(json_object_get(file, "jobs"), 0), "read");
    json_t *latency = json_object_get(read, "clat_ns"), *value;
    double x[64], p[64], total = json_number_value(json_object_get(read, "total_ios"));
    size_t rows = 0;
    const char *key;
    json_object_foreach(json_object_get(latency, "percentile"), key, value)
    {
        if (strtod(key, NULL) <= 0 || rows == 64)
            continue;
        size_t at = rows++;
        for (; at > 0 && p[at - 1] > strtod(key, NULL) / 100; at--) {
            p[at] = p[at - 1];
            x[at] = x[at - 1];
        }
        p[at] = strtod(key, NULL) / 100;
        x[at] = json_number_value(value) / 1000;
    }
    json_decref(file);
    assert_true(rows > 10);
    judge_two_modes(x, p, rows, total > 0 ? total : NAN, "published 4 KiB reads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),   cmocka_unit_test(test_bins),
        cmocka_unit_test(test_bootstrap), cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_choice),    cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_refusal),   cmocka_unit_test(test_empirical),
        cmocka_unit_test(test_functions), cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_two_modes), cmocka_unit_test(test_measured_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
