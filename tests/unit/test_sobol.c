/* Sobol' indices against closed forms, their intervals against repetition, and what is drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/design.h"
#include "sim/engine/random.h"
#include "sim/sobol.h"
#include "tests/unit/program.h"

enum { INPUTS_MAX = 8 };

typedef double function(const double *u);

/* Ishigami and Homma (1990), a = 7, b = 0.1. */
static double ishigami(const double *u)
{
    double x[3];
    for (size_t i = 0; i < 3; i++)
        x[i] = -M_PI + 2 * M_PI * u[i];
    return sin(x[0]) + 7 * sin(x[1]) * sin(x[1]) + 0.1 * pow(x[2], 4) * sin(x[0]);
}
static const double ishigami_first[] = {0.3139, 0.4424, 0};
static const double ishigami_total[] = {0.5576, 0.4424, 0.2437};

static const double g_weight[INPUTS_MAX] = {0, 1, 4.5, 9, 99, 99, 99, 99};

/* Sobol's g-function. */
static double g_function(const double *u)
{
    double product = 1;
    for (size_t i = 0; i < INPUTS_MAX; i++)
        product *= (fabs(4 * u[i] - 2) + g_weight[i]) / (1 + g_weight[i]);
    return product;
}

static double g_index(size_t input, bool total)
{
    double all = 1;
    double others = 1;
    double own = 0;
    for (size_t i = 0; i < INPUTS_MAX; i++) {
        double variance = 1 / (3 * (1 + g_weight[i]) * (1 + g_weight[i]));
        all *= 1 + variance;
        others *= i == input ? 1 : 1 + variance;
        own = i == input ? variance : own;
    }
    return own * (total ? others : 1) / (all - 1);
}

/* A mean that is large against the spread. */
static double lifted(const double *u)
{
    return 1e6 + ishigami(u);
}

/* Evaluates at points[count][2 * inputs], the way that sim/sweep.c numbers cells. */
static double *evaluate(function *f, const double *points, size_t count, size_t inputs)
{
    double *values = malloc((count * (inputs + 2) + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) {
        const double *a = points + 2 * inputs * i;
        const double *b = a + inputs;
        double *row = values + (inputs + 2) * i;
        row[SOBOL_A] = f(a);
        row[SOBOL_B] = f(b);
        for (size_t k = 0; k < inputs; k++) {
            double mixed[INPUTS_MAX];
            memcpy(mixed, a, inputs * sizeof *mixed);
            mixed[k] = b[k];
            row[SOBOL_AB + k] = f(mixed);
        }
    }
    return values;
}

static void indices(function *f, size_t count, size_t inputs, uint64_t seed, bool random,
                    struct sobol_index *out)
{
    struct diag diag;
    struct rng rng;
    size_t used;
    double *points = malloc((count * 2 * inputs + 1) * sizeof *points);
    assert_non_null(points);
    rng_init(&rng, seed, 0, 0, 1);
    if (!random)
        assert_int_equal(sobol_points(points, count, inputs, seed, &diag), 0);
    for (size_t i = 0; random && i < count * 2 * inputs; i++)
        points[i] = rng_uniform(&rng);
    double *values = evaluate(f, points, count, inputs);
    assert_int_equal(sobol_indices(values, count, inputs, seed, 0, out, &used, &diag), 0);
    assert_int_equal(used, count);
    free(values);
    free(points);
}

static void assert_near(const struct sobol_estimate *found, double known, double tolerance)
{
    if (!(fabs(found->value - known) <= tolerance))
        fail_msg("%.5f is not %.5f within %g", found->value, known, tolerance);
    assert_true(found->low <= found->value && found->value <= found->high);
}

static void closed_forms(void **state)
{
    static function *const ishigamis[] = {ishigami, lifted};
    struct sobol_index found[INPUTS_MAX];
    (void)state;
    for (size_t f = 0; f < 2; f++) {
        indices(ishigamis[f], 8192, 3, 1, false, found);
        for (size_t i = 0; i < 3; i++) {
            assert_near(&found[i].first, ishigami_first[i], 0.005);
            assert_near(&found[i].total, ishigami_total[i], 0.005);
        }
    }
    indices(g_function, 8192, INPUTS_MAX, 1, false, found);
    for (size_t i = 0; i < INPUTS_MAX; i++) {
        assert_near(&found[i].first, g_index(i, false), 0.01);
        assert_near(&found[i].total, g_index(i, true), 0.01);
    }
}

/* How often the intervals of repeated studies hold the truth. */
static void coverage(size_t count, bool random, double at_least, double at_most)
{
    enum { STUDIES = 100 };
    unsigned held[3][2] = {{0}};
    for (uint64_t s = 1; s <= STUDIES; s++) {
        struct sobol_index found[INPUTS_MAX];
        indices(ishigami, count, 3, s, random, found);
        for (size_t i = 0; i < 3; i++) {
            held[i][0] += found[i].first.low <= ishigami_first[i] + 5e-5 &&
                          found[i].first.high >= ishigami_first[i] - 5e-5;
            held[i][1] += found[i].total.low <= ishigami_total[i] + 5e-5 &&
                          found[i].total.high >= ishigami_total[i] - 5e-5;
        }
    }
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 2; k++) {
            double share = (double)held[i][k] / STUDIES;
            if (share < at_least || share > at_most)
                fail_msg("input %zu, %s: %.3f of the intervals hold the truth", i,
                         k == 0 ? "S1" : "ST", share);
        }
    }
}

static void intervals_hold(void **state)
{
    (void)state;
    coverage(160, true, 0.88, 1);  /* independent points: what a bootstrap is for */
    coverage(160, false, 0.95, 1); /* more even ones: on the wide side */
}

static void few_constant_and_missing(void **state)
{
    enum { COUNT = 64 };
    double values[COUNT][4];
    struct sobol_index found[2];
    struct diag diag;
    size_t used;
    (void)state;
    for (size_t i = 0; i < COUNT; i++) { /* the outcome is the first input: of A, B, AB_1, AB_2 */
        double a = (double)(i * 7 % COUNT);
        double b = (double)(i * 29 % COUNT);
        const double row[] = {a, b, b, a};
        memcpy(values[i], row, sizeof row);
    }
    assert_int_equal(sobol_indices(values[0], 1, 2, 1, 1, found, &used, &diag), 0);
    assert_int_equal(used, 1);
    assert_true(isnan(found[0].first.value) && isnan(found[0].total.low));
    assert_int_equal(sobol_indices(values[0], 0, 2, 1, 1, found, &used, &diag), 0);
    assert_int_equal(used, 0);
    values[3][2] = NAN;
    values[5][0] = INFINITY;
    assert_int_equal(sobol_indices(values[0], COUNT, 2, 1, 1, found, &used, &diag), 0);
    assert_int_equal(used, COUNT - 2);
    assert_true(found[0].total.value > 0.5 && isfinite(found[0].first.value));
    assert_true(found[1].first.value == 0 && found[1].total.high == 0);
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < 4; k++)
            values[i][k] = 0.1; /* whose mean is not 0.1 to the last bit */
    }
    assert_int_equal(sobol_indices(values[0], COUNT, 2, 1, 1, found, &used, &diag), 0);
    assert_true(isnan(found[0].first.value) && isnan(found[1].total.high));
    for (size_t count = 2; count < 6; count++) { /* resamples of one point again and again */
        values[0][0] = 1;
        assert_int_equal(sobol_indices(values[0], count, 2, 1, 1, found, &used, &diag), 0);
        assert_true(isfinite(found[0].total.value) && isfinite(found[0].total.high));
    }
}

static void threads_change_nothing(void **state)
{
    enum { COUNT = 512 };
    double *points = malloc(COUNT * 6 * sizeof *points);
    struct sobol_index found[2][3];
    struct diag diag;
    size_t used;
    (void)state;
    assert_int_equal(sobol_points(points, COUNT, 3, 7, &diag), 0);
    double *values = evaluate(ishigami, points, COUNT, 3);
    for (unsigned t = 0; t < 2; t++)
        assert_int_equal(sobol_indices(values, COUNT, 3, 7, 1 + 2 * t, found[t], &used, &diag), 0);
    assert_memory_equal(found[0], found[1], sizeof found[0]);
    free(values);
    free(points);
}

/* Draws one axis; the values of matrix A, then of B. */
static struct axes drawn(const char *name, const char *text, size_t points)
{
    struct axes axes = {.intervals = true};
    struct diag diag;
    if (axes_add(&axes, name, text, &diag) != 0 || design_draw(&axes, points, 1, &diag) != 0)
        fail_msg("%s %s: %s", name, text, diag.message);
    return axes;
}

static void draws_are_even(void **state)
{
    enum { POINTS = 1024 };
    static const struct {
        const char *name, *text;
        double low, high, median;
        size_t distinct; /* each as often; 0: too many to say */
    } cases[] = {
        {"guests", "1..4", 1, 4, 2.5, 4},
        {"guests", "10,20,30,40", 10, 40, 25, 4},
        {"guests", "10..40:10", 10, 40, 25, 4},
        {"guests", "1..1024:x2", 1, 1024, 32, 0},
        {"guests", "1..1000000", 1, 1000000, 500000, 0},
        {"memory", "1G..9G", 0x1p30, 9 * 0x1p30, 5 * 0x1p30, 0},
        {"set", "pty_max=100..103", 100, 103, 101.5, 4},
        {"set", "host.memory=1G..64G:x2", 0x1p30, 64 * 0x1p30, 8 * 0x1p30, 0},
        {"parameter", "knee_reach=1..3", 1, 3, 2, 0},
        {"think_us", "0.5..1.5", 0.5, 1.5, 1, 0},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct axes axes = drawn(cases[c].name, cases[c].text, POINTS);
        const struct axis *axis = &axes.items[0];
        size_t below = 0;
        size_t lowest = 0;
        for (size_t i = 0; i < 2 * POINTS; i++) {
            double value = axis->values[axis->drawn[i]].value;
            assert_in_range(axis->drawn[i], 0, axis->count - 1);
            assert_true(value >= cases[c].low && value <= cases[c].high);
            below += value < cases[c].median;
            lowest += value == cases[c].low;
        }
        if (below < POINTS - 40 || below > POINTS + 40)
            fail_msg("%s %s: %zu of %d below the middle", cases[c].name, cases[c].text, below,
                     2 * POINTS);
        if (cases[c].distinct > 0)
            assert_int_equal(lowest, 2 * POINTS / cases[c].distinct);
        axes_free(&axes);
    }
}

static void wrong_draws(void **state)
{
    static const struct {
        const char *name, *text, *part;
    } cases[] = {
        {"guests", "1..4,9", "stands alone"},      {"guests", "9,1..4", "stands alone"},
        {"guests", "0..4:x2", "above 0"},          {"guests", "4..1", "empty"},
        {"guests", "5", "nothing varies"},         {"memory", "1G..2G:", "not a size"},
        {"set", "pty_max=1..unlimited", "no end"}, {"disk_bus", "nvme..ide", "not one of"},
        {"parameter", "5", "not NAME=VALUE"},      {"set", "pty_max", "not NAME=VALUE"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct axes axes = {.intervals = true};
        struct diag diag = {.line = 0};
        int status = axes_add(&axes, cases[i].name, cases[i].text, &diag);
        if (status == STATUS_OK)
            status = design_draw(&axes, 4, 1, &diag);
        if (status == STATUS_OK || strstr(diag.message, cases[i].part) == NULL)
            fail_msg("%s %s: %d %s", cases[i].name, cases[i].text, status, diag.message);
        axes_free(&axes);
    }
}

static void command_line(void **state)
{
    static const struct {
        const char *arguments, *part;
        int code;
    } cases[] = {
        {"--sobol 64 --memory 1G..8G --csv", "\nmax_ok,memory,1.", 0},
        {"--sobol 64 --memory 1G..8G", "max_ok  memory 1.0", 0},
        {"--sobol 64 --memory 1G..8G --guests 1..5 --json",
         "\"input\":\"guests\",\"S1\":0,\"S1_low\":0,\"S1_high\":0,\"ST\":0,", 0},
        {"--sobol 16 --guests 1..5 --csv", "\nmax_ok,guests,,,,,,,16", 0},
        {"--sobol 16 --guests 1..5", "or of too few points: max_ok\n", 0},
        {"--sobol 1 --memory 1G..8G --json", "\"S1\":null,", 0},
        {"--sobol 64 --memory 1G..8G --dry-run", "192 cells: 64 points x (1 inputs + 2)", 0},
        {"--sobol 64 --disks 9 --guests 0..3 --memory 1G..2G", "cells are invalid", 0},
        {"--sobol 64 --disks 9 --guests 0..3 --memory 1G..2G", "points are left out", 0},
        {"--sobol 64 --guests 5", "nothing varies", 64},
        {"--sobol 0 --guests 1..5", "not a number from 1", 64},
        {"--sobol 64 --guests 1..5 --shard 1/2", "a shard has only some", 64},
        {"--sobol 64 --parameter memory_vmm_vcpu", "varies with --simulate", 64},
        {"--sobol 64 --parameter memory_vmm_vcp --simulate", "did you mean 'memory_vmm_vcpu'", 65},
        {"--sobol 64 --parameter memory_heap --simulate", "has no interval", 65},
        {"--sobol 8 --parameter memory_vmm_vcpu --simulate --guests 2 --no-such", "nrecogni", 64},
        {"--sobol 2 --parameter memory_vmm_vcpu --guests 2 --simulate --replications 2 --csv",
         "memory_used,parameter.memory_vmm_vcpu,", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[8192];
        char arguments[512];
        snprintf(arguments, sizeof arguments, "sweep %s", cases[i].arguments);
        int code = run(arguments, out, sizeof out);
        if (code != cases[i].code || strstr(out, cases[i].part) == NULL ||
            strstr(out, "nan") != NULL)
            fail_msg("%s: exit %d: %s", cases[i].arguments, code, out);
    }
}

static void resumed_studies_end_the_same(void **state)
{
    static const char study[] = "sweep --sobol 1024 --memory 1G..8G --vcpus 1..16:x2 --disks 5..900"
                                " --guests 5..90 --csv";
    char folder[] = "/tmp/test_sobol.XXXXXX";
    char command[1024];
    char out[2][4096];
    const char *program = getenv("SCALESIM") != NULL ? getenv("SCALESIM") : "./scalesim";
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command, "%s --threads 1", study);
    assert_int_equal(run(command, out[0], sizeof out[0]), 0);
    for (double after = 0.05; after < 0.5;
         after *= 2) { /* each gets further, whatever the machine */
        snprintf(command, sizeof command,
                 "timeout -s KILL %g %s %s -o %s/rows --resume >/dev/null 2>&1", after, program,
                 study, folder);
        (void)!system(command);
    }
    snprintf(command, sizeof command, "%s -o %s/rows --resume && cat %s/rows", study, folder,
             folder);
    run(command, out[1], sizeof out[1]);
    const char *rows = strstr(out[1], "outcome,input");
    assert_non_null(rows);
    assert_string_equal(rows, out[0]);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_forms),
        cmocka_unit_test(intervals_hold),
        cmocka_unit_test(few_constant_and_missing),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(draws_are_even),
        cmocka_unit_test(wrong_draws),
        cmocka_unit_test(command_line),
        cmocka_unit_test(resumed_studies_end_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
