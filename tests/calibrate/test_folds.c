/* Cross-validation: what is dealt, what is told, and a measured curve by the command line's own
 * path. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calibrate/curve.h"
#include "calibrate/folds.h"
#include "tests/calibrate/recovery.h"

static struct points points;
static struct folds folds;

static void draw_line(gsl_rng *rng, size_t places, size_t times, double noise)
{
    points.count = places * times;
    for (size_t i = 0; i < points.count; i++) {
        points.x[i] = (double)(i / times + 1);
        points.y[i] = (2 + 0.5 * points.x[i]) * (1 + gsl_ran_gaussian(rng, noise));
    }
}

/* Every point is predicted once, by a fit that has seen none of its place. */
static void test_each_once(void **state)
{
    struct predictor kind = {.kind = PREDICT_COST};
    struct diag diag;
    size_t predicted = 0;
    gsl_rng *rng = recovery_rng(70);
    (void)state;
    draw_line(rng, 20, 3, 0.05);
    for (size_t count = 2; count <= 20; count += 6) {
        assert_int_equal(folds_run(&folds, &points, &kind, count, &diag), STATUS_OK);
        assert_int_equal(folds.pooled.predicted, 60);
        predicted = 0;
        for (size_t f = 0; f < count; f++) {
            assert_int_equal(folds.fold[f].predicted % 3, 0);
            assert_int_equal(folds.fold[f].predicted + folds.fold[f].fitted, 60);
            predicted += folds.fold[f].predicted;
        }
        assert_int_equal(predicted, 60);
    }
    gsl_rng_free(rng);
}

static void test_same_folds(void **state)
{
    static struct folds again;
    struct predictor kind = {.kind = PREDICT_COST};
    struct diag diag;
    gsl_rng *rng = recovery_rng(71);
    (void)state;
    draw_line(rng, 30, 1, 0.05);
    assert_int_equal(folds_run(&folds, &points, &kind, 5, &diag), STATUS_OK);
    assert_int_equal(folds_run(&again, &points, &kind, 5, &diag), STATUS_OK);
    assert_memory_equal(&folds, &again, sizeof folds);
    gsl_rng_free(rng);
}

/* Over many curves: errors of the size of the noise, no bias, intervals that cover. */
static void test_what_is_told(void **state)
{
    struct predictor kind = {.kind = PREDICT_COST};
    struct diag diag;
    gsl_rng *rng = recovery_rng(72);
    size_t draws = recovery_draws(100), covered = 0, intervals = 0;
    double mape = 0, bias = 0;
    (void)state;
    for (size_t draw = 0; draw < draws; draw++) {
        draw_line(rng, 40, 1, 0.08);
        assert_int_equal(folds_run(&folds, &points, &kind, 5, &diag), STATUS_OK);
        covered += folds.pooled.covered;
        intervals += folds.pooled.intervals;
        mape += folds.pooled.mape / (double)draws;
        bias += folds.pooled.bias / (double)draws;
    }
    if (getenv("CALIBRATE_REPORT") != NULL)
        printf("folds: MAPE %.2f %%, bias %+.2f %%, covered %.1f %% of %zu\n", 100 * mape,
               100 * bias, 100 * (double)covered / (double)intervals, intervals);
    assert_true(recovery_covers(covered, intervals));
    assert_true(fabs(mape - 0.08 * sqrt(2 / M_PI)) < 0.008 && fabs(bias) < 0.02);
    gsl_rng_free(rng);
}

static void test_counts(void **state)
{
    struct predictor kind = {.kind = PREDICT_COUNT};
    struct diag diag;
    (void)state;
    points.count = 12;
    for (size_t i = 0; i < 12; i++) {
        points.x[i] = (double)i;
        points.y[i] = 27 + 2 * points.x[i];
    }
    assert_int_equal(folds_run(&folds, &points, &kind, 4, &diag), STATUS_OK);
    assert_true(folds.pooled.mape == 0 && folds.pooled.covered == 12);
    points.y[5] += 1; /* no fold that holds it out can know */
    assert_int_equal(folds_run(&folds, &points, &kind, 4, &diag), STATUS_OK);
    assert_true(folds.pooled.mape > 0 && folds.pooled.worst_at == 5);
}

static void test_too_few(void **state)
{
    struct predictor kind = {.kind = PREDICT_COST};
    struct diag diag = {0};
    gsl_rng *rng = recovery_rng(73);
    (void)state;
    draw_line(rng, 4, 3, 0.05);
    assert_int_equal(folds_run(&folds, &points, &kind, 1, &diag), STATUS_DATA);
    assert_int_equal(folds_run(&folds, &points, &kind, 5, &diag), STATUS_DATA);
    assert_non_null(strstr(diag.message, "4 different counts"));
    assert_int_equal(folds_run(&folds, &points, &kind, FOLDS_MAX + 1, &diag), STATUS_DATA);
    points.y[0] = points.y[11] = -1; /* one of them is left in every fold's rest */
    assert_int_equal(folds_run(&folds, &points, &kind, 4, &diag), STATUS_DATA);
    points.count = 0;
    assert_int_equal(folds_run(&folds, &points, &kind, 2, &diag), STATUS_DATA);
    gsl_rng_free(rng);
}

static void score(struct curve_score *curve, const char *text, size_t count)
{
    static struct catalog catalog;
    static struct scenario scenario;
    char path[] = "/tmp/scalesim_folds_XXXXXX";
    struct overlay overlay = {0};
    struct diag diag = {0};
    int file = mkstemp(path);
    assert_true(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    assert_int_equal(catalog_load(&catalog, NULL, &diag), STATUS_OK);
    assert_int_equal(scenario_init(&scenario, &diag), STATUS_OK);
    assert_int_equal(
        score_curve(curve, &catalog, &scenario, path, &overlay, &run_defaults, count, &diag),
        STATUS_OK);
    catalog_free(&catalog);
    unlink(path);
}

/* Lower bounds and empty cells are not dealt; a column of too few says so and stops nothing. */
static void test_curve(void **state)
{
    static const char text[] = "guests,libvirtd_fds,bridge_ports\n10,47,10\n20,67,\n40,107,\n"
                               "80,187,\n100,227,100\n150,327,\n200,>400,\n";
    struct curve_score curve;
    (void)state;
    score(&curve, text, 3);
    assert_non_null(curve.columns[0].folds);
    assert_int_equal(curve.columns[0].folds->pooled.predicted, 6);
    assert_true(curve.columns[0].folds->pooled.mape == 0);
    assert_null(curve.columns[1].folds);
    assert_non_null(strstr(curve.columns[1].why_not, "2 different counts"));
    curve_free(&curve);
    score(&curve, text, 0);
    assert_null(curve.columns[0].points);
    curve_free(&curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),    cmocka_unit_test(test_same_folds),
        cmocka_unit_test(test_what_is_told), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_too_few),      cmocka_unit_test(test_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
