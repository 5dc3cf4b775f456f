/* Costs against n: parameters recovered in every form, the form chosen, the bootstrap, the F-test,
 * times read from a clock of coarse steps, and measured curves of starts, KVM calls and memory. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "calibrate/folds.h"
#include "tests/calibrate/facts.h"
#include "tests/calibrate/recovery.h"

enum { POINTS = 60, ROOM = 512 };

static const double truth[COST_FORMS][3] = {
    {0.03, 0, 0}, {0.03, 1.7e-3, 0}, {0.02, 3e-4, 0}, {0.028, 1.7e-3, 2.2e-6}};
static const size_t parameters[COST_FORMS] = {1, 2, 2, 3};
static const char *const letters[3] = {"a", "b", "c"};

static double cost_at(int form, double n)
{
    const double *t = truth[form];
    double per = form == COST_N_LOG_N ? n * log2(n) : n;
    return t[0] + t[1] * per + t[2] * n * n;
}

/* n from 1 to 1000, evenly spread in its logarithm; noise is a share of the cost. */
static void draw(gsl_rng *rng, int form, double noise, size_t count, double *n, double *y)
{
    for (size_t i = 0; i < count; i++) {
        n[i] = round(pow(1000, (double)i / (double)(count - 1)));
        y[i] = cost_at(form, n[i]) * (1 + gsl_ran_gaussian(rng, noise));
    }
}

static bool recover(int form, const double *weight_at, size_t draws, size_t resamples,
                    const char *name)
{
    gsl_rng *rng = recovery_rng(10 + (unsigned long)form);
    struct recovery r[3];
    double n[POINTS], y[POINTS], weight[POINTS];
    for (size_t k = 0; k < parameters[form]; k++)
        r[k] = recovery_of(name, letters[k], truth[form][k]);
    for (size_t d = 0; d < draws; d++) {
        draw(rng, form, 0.08, POINTS, n, y);
        for (size_t i = 0; i < POINTS; i++)
            weight[i] = pow(cost_at(form, n[i]), -2);
        struct cost_data data = {n, y, weight_at != NULL ? weight : NULL, POINTS};
        struct cost_rules rules = {form, resamples};
        struct cost_fit fit;
        struct diag diag;
        assert_int_equal(cost_fit(&fit, &data, &rules, &diag), STATUS_OK);
        assert_true(fit.quality.passed);
        for (size_t k = 0; k < parameters[form]; k++)
            recovery_add(&r[k], &fit.value[k]);
    }
    gsl_rng_free(rng);
    bool held = true;
    for (size_t k = 0; k < parameters[form]; k++)
        held &= recovery_holds(&r[k]);
    return held;
}

static void test_recovery(void **state)
{
    (void)state;
    static const char *const names[COST_FORMS] = {"cost constant", "cost linear", "cost n log n",
                                                  "cost quadratic"};
    static const double given = 1;
    bool held = true;
    for (int form = 0; form < COST_FORMS; form++)
        held &= recover(form, NULL, recovery_draws(300), 0, names[form]);
    held &= recover(COST_QUADRATIC, &given, recovery_draws(300), 0, "cost quadratic, weights");
    assert_true(held);
}

static void test_bootstrap(void **state)
{
    (void)state;
    bool full = getenv("CALIBRATE_DRAWS") != NULL;
    size_t resamples = full ? 999 : 199;
    bool held = recover(COST_LINEAR, NULL, recovery_draws(20), resamples, "cost linear, BCa");
    held &= recover(COST_QUADRATIC, NULL, recovery_draws(20), resamples, "cost quadratic, BCa");
    assert_true(held);
}

/* The form that made the data is chosen, the F-test has its level, and what is chosen by looking
 * still covers: prediction at 2000, outside the data. */
static void test_choice(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(20);
    size_t draws = recovery_draws(150), chosen[COST_FORMS] = {0}, level = 0, power = 0;
    size_t inside[COST_FORMS] = {0};
    for (size_t d = 0; d < draws; d++) {
        for (int form = 0; form < COST_FORMS; form++) {
            double n[POINTS], y[POINTS];
            draw(rng, form, 0.08, POINTS, n, y);
            struct cost_fit fit;
            struct diag diag;
            assert_int_equal(cost_fit(&fit, &(struct cost_data){n, y, NULL, POINTS},
                                      &(struct cost_rules){COST_BY_AICC, 0}, &diag),
                             STATUS_OK);
            chosen[form] += (int)fit.form == form;
            level += form == COST_LINEAR && fit.quadratic_p < 0.05;
            power += form == COST_QUADRATIC && fit.quadratic_p < 0.05;
            struct fit_value at = cost_predict(&fit, 700);
            double seen = cost_at(form, 700) * (1 + gsl_ran_gaussian(rng, 0.08));
            inside[form] += at.low <= seen && seen <= at.high;
        }
    }
    if (getenv("CALIBRATE_REPORT") != NULL) {
        for (int form = 0; form < COST_FORMS; form++)
            printf("cost %s: chosen in %.1f %%, prediction at 700 covers %.1f %% of %zu draws\n",
                   cost_form_names[form], 100 * (double)chosen[form] / (double)draws,
                   100 * (double)inside[form] / (double)draws, draws);
        printf("cost F-test of c > 0: level %.1f %%, power %.1f %%\n",
               100 * (double)level / (double)draws, 100 * (double)power / (double)draws);
    }
    for (int form = 0; form < COST_FORMS; form++) {
        assert_true(chosen[form] * 10 >= draws * 8);
        assert_true(recovery_covers(inside[form], draws));
    }
    assert_in_range(level, 0, draws * 9 / 100);
    assert_true(power * 10 >= draws * 9);
    gsl_rng_free(rng);
}

/* A CPU time: user and system, each cut off to whole steps. A share of noise, as everywhere. */
static double read_clock(gsl_rng *rng, double cost, double step)
{
    double user = cost * (0.3 + 0.4 * gsl_rng_uniform(rng)), at = user / step;
    return step * (floor(at) + floor((cost - user) / step));
}

/* Readings are low by a step on the average, which the base takes: the truth of `a` is that much
 * less. The short times, a few steps each, neither spoil the others nor narrow the intervals. */
static void test_clock(void **state)
{
    (void)state;
    enum { PLACES = 20, REPEATS = 3, ALL = PLACES * REPEATS };
    static const double step = 0.01, a = 0.05, b = 1.7e-3;
    gsl_rng *rng = recovery_rng(40);
    struct recovery base = recovery_of("cost linear, clock", "a", a - step),
                    slope = recovery_of("cost linear, clock", "b", b);
    size_t draws = recovery_draws(300), covered = 0;
    for (size_t d = 0; d < draws; d++) {
        double n[ALL], y[ALL];
        for (size_t i = 0; i < ALL; i++) {
            n[i] = round(pow(1000, (double)(i / REPEATS) / (PLACES - 1)));
            y[i] = read_clock(rng, (a + b * n[i]) * (1 + gsl_ran_gaussian(rng, 0.05)), step);
        }
        struct cost_fit fit;
        struct diag diag;
        assert_int_equal(cost_fit_read(&fit, &(struct cost_data){n, y, NULL, ALL}, step,
                                       &(struct cost_rules){COST_LINEAR, 0}, &diag),
                         STATUS_OK);
        assert_true(fit.quality.passed);
        recovery_add(&base, &fit.value[0]);
        recovery_add(&slope, &fit.value[1]);
        struct fit_value at = cost_predict(&fit, 30);
        double seen = read_clock(rng, (a + b * 30) * (1 + gsl_ran_gaussian(rng, 0.05)), step);
        covered += at.low <= seen && seen <= at.high;
    }
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("cost linear, clock: prediction at 30 covers %.1f %% of %zu draws\n",
               100 * (double)covered / (double)draws, draws);
    bool held = recovery_holds(&base);
    held &= recovery_holds(&slope);
    assert_true(held);
    /* Readings of a few steps come in lumps: more lie within than 95 %. */
    assert_true((double)covered >= 0.92 * (double)draws);
    gsl_rng_free(rng);
}

static void test_clock_of_zeros(void **state)
{
    (void)state;
    double n[6] = {1, 2, 4, 8, 16, 32}, y[6] = {0, 0, 0.01, 0.01, 0.02, 0.03}, w[6] = {1};
    struct cost_data data = {n, y, NULL, 6}, weighted = {n, y, w, 6};
    struct cost_rules rules = {COST_LINEAR, 0};
    struct cost_fit fit;
    struct diag diag;
    assert_int_equal(cost_fit(&fit, &data, &rules, &diag), STATUS_DATA);
    assert_int_equal(cost_fit_read(&fit, &data, 0.01, &rules, &diag), STATUS_OK);
    assert_true(fit.variance == 0 && fit.quality.passed); /* the steps explain all of it */
    assert_int_equal(cost_fit_read(&fit, &data, -0.01, &rules, &diag), STATUS_DATA);
    assert_int_equal(cost_fit_read(&fit, &data, NAN, &rules, &diag), STATUS_DATA);
    assert_int_equal(cost_fit_read(&fit, &weighted, 0.01, &rules, &diag), STATUS_DATA);
}

static void fill(struct points *points, const double *n, const double *y, size_t count)
{
    points->count = count;
    memcpy(points->x, n, count * sizeof *n);
    memcpy(points->y, y, count * sizeof *y);
}

static void test_degenerate(void **state)
{
    (void)state;
    double n[5] = {1, 2, 3, 4, 5}, same[5] = {3, 3, 3, 3, 3}, y[5] = {2, 3, 4, 5, 6};
    double bad[5] = {2, 3, NAN, 5, 6}, below[5] = {2, 3, -4, 5, 6}, none[5] = {0, 1, 2, 3, 4};
    struct cost_rules rules = {COST_BY_AICC, 99}, quadratic = {COST_QUADRATIC, 0};
    struct cost_fit fit;
    struct diag diag;
    for (size_t count = 0; count < 2; count++)
        assert_int_equal(cost_fit(&fit, &(struct cost_data){n, y, NULL, count}, &rules, &diag),
                         STATUS_DATA);
    assert_int_equal(cost_fit(&fit, &(struct cost_data){n, y, NULL, 2}, &rules, &diag), STATUS_OK);
    assert_false(fit.quality.passed);
    assert_false(fit.value[0].identified);
    assert_int_equal(cost_fit(&fit, &(struct cost_data){same, y, NULL, 5}, &rules, &diag),
                     STATUS_OK);
    assert_int_equal(fit.form, COST_CONSTANT);
    assert_int_equal(cost_fit(&fit, &(struct cost_data){same, y, NULL, 5}, &quadratic, &diag),
                     STATUS_DATA);
    assert_int_equal(cost_fit(&fit, &(struct cost_data){n, same, NULL, 5}, &rules, &diag),
                     STATUS_OK);
    assert_int_equal(fit.form, COST_CONSTANT);
    assert_float_equal(fit.value[0].value, 3, 1e-9);
    double far[5] = {1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3, 1e6 + 4};
    assert_int_equal(cost_fit(&fit, &(struct cost_data){far, y, NULL, 5},
                              &(struct cost_rules){COST_LINEAR, 0}, &diag),
                     STATUS_OK);
    assert_false(fit.value[0].identified || fit.quality.passed);
    double *wrong[] = {bad, below, none};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cost_fit(&fit, &(struct cost_data){n, wrong[i], NULL, 5}, &rules, &diag),
                         STATUS_DATA);
    assert_int_equal(cost_fit(&fit, &(struct cost_data){below, y, NULL, 5}, &rules, &diag),
                     STATUS_DATA);
    assert_int_equal(cost_fit(&fit, &(struct cost_data){n, y, none, 5}, &rules, &diag),
                     STATUS_DATA);
}

/* A measured curve: fitted whole, and each fifth predicted from the rest. A clock of some grain
 * makes small values worth less than their size says. */
static void report(const char *name, const double *n, const double *y, double step, size_t count,
                   double most)
{
    static struct points points;
    static struct folds all;
    struct cost_data data = {n, y, NULL, count};
    struct cost_rules rules = {COST_BY_AICC, 499};
    struct cost_fit fit;
    struct diag diag;
    assert_int_equal(cost_fit_read(&fit, &data, step, &rules, &diag), STATUS_OK);
    fill(&points, n, y, count);
    assert_int_equal(
        folds_run(&all, &points, &(struct predictor){.kind = PREDICT_COST, .step = step}, 5, &diag),
        STATUS_OK);
    const struct fold *folds = &all.pooled;
    double covered = (double)folds->covered / (double)folds->intervals;
    printf("%-34s %2zu points %-9s a %.3g", name, count, cost_form_names[fit.form],
           fit.value[0].value);
    for (size_t k = 1; k < fit.parameters; k++)
        printf(" %s %.3g (%.3g-%.3g)", letters[k], fit.value[k].value, fit.value[k].low,
               fit.value[k].high);
    printf(" error %.1f %% predicted %.1f %% worst %.0f %% covered %.0f %%\n",
           100 * fit.quality.mean_error, 100 * folds->mape, 100 * folds->worst_error,
           100 * covered);
    assert_true(fit.quality.passed && covered >= 0.7);
    /* A fold of a handful of points is mostly extrapolation: said above, not held against it. */
    assert_true(count < 9 || folds->mape <= most);
}

/* Rows of one series: the least of the repeats, as other work only adds to a time. */
static size_t least_of(const struct table *table, const char *const *where, const char *x_name,
                       const char *y_name, double *n, double *y)
{
    size_t count = 0;
    for (size_t row = 0; row < table->rows; row++) {
        bool wanted = true;
        for (size_t w = 0; where[w] != NULL; w += 2)
            wanted = wanted && facts_is(table, row, where[w], where[w + 1]);
        double at = facts_number(table, row, x_name), value = facts_number(table, row, y_name);
        if (!wanted || !(value > 0))
            continue;
        size_t i = 0;
        while (i < count && n[i] != at)
            i++;
        if (i == count) {
            assert_true(count < ROOM);
            n[count] = at;
            y[count++] = value;
        } else {
            y[i] = fmin(y[i], value);
        }
    }
    return count;
}

static void test_measured_starts(void **state)
{
    (void)state;
    static const char *const series[][2] = {{"vblk_raw_pcibridge", "tcg"},
                                            {"vnet_hubport_pcibridge", "tcg"},
                                            {"scsihd_raw_1ctrl", "tcg"},
                                            {"scsihd_null_1ctrl", "tcg"},
                                            {"vcpus", "tcg"},
                                            {"vcpus", "kvm"},
                                            {"iothreads", "tcg"}};
    struct table table;
    if (!facts_open(&table, "B_start_time.csv"))
        skip();
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        const char *where[] = {"series", series[i][0], "accel", series[i][1],
                               "stage",  "qmp_ready",  NULL};
        double n[ROOM], y[ROOM];
        size_t count = least_of(&table, where, "n", "cpu_s", n, y);
        report(series[i][0], n, y, 0.01, count, 0.3);
    }
    table_free(&table);
}

static void test_measured_ioctls(void **state)
{
    (void)state;
    static const char *const series[][2] = {{"irqfd_add", "commit_per_route"},
                                            {"irqfd_add", "batched_routes"},
                                            {"ioeventfd_mmio_cost", "median_of_32"}};
    struct table table;
    if (!facts_open(&table, "D_kvm_ioctls.csv"))
        skip();
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        const char *where[] = {"exp", series[i][0], "metric", series[i][1], NULL};
        double n[ROOM], y[ROOM];
        size_t count = least_of(&table, where, "n", "value", n, y);
        report(series[i][1], n, y, 0, count, 0.1);
    }
    table_free(&table);
}

static void test_measured_memory(void **state)
{
    (void)state;
    static const char *const series[][2] = {{"tcg", "stopped"}, {"tcg", "linux"}};
    struct table table;
    if (!facts_open(&table, "H_memory.csv"))
        skip();
    for (size_t i = 0; i < 2; i++) {
        const char *where[] = {"exp",  "n_guests",   "accel", series[i][0],
                               "boot", series[i][1], NULL};
        double n[ROOM], y[ROOM];
        size_t count = least_of(&table, where, "n_guests", "sum_pss_kib", n, y);
        if (count >= 5)
            report(series[i][1], n, y, 0, count, 0.1);
    }
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery),        cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_choice),          cmocka_unit_test(test_clock),
        cmocka_unit_test(test_clock_of_zeros),  cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_measured_starts), cmocka_unit_test(test_measured_ioctls),
        cmocka_unit_test(test_measured_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
