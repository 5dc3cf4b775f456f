/* Any numbers at all: every fit returns, an error or a result whose interval holds its value. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "calibrate/fit_collapse.h"
#include "calibrate/fit_cost.h"
#include "calibrate/fit_count.h"
#include "calibrate/fit_law.h"
#include "calibrate/fit_migration.h"
#include "calibrate/fit_queue.h"
#include "calibrate/fit_storm.h"
#include "tests/calibrate/recovery.h"

enum { MOST = 12 };

/* Numbers of any size, whole or not, often the same, now and then none. */
static double wild(gsl_rng *rng)
{
    static const double odd[] = {0,   1,        1,         2,     3,      -1,
                                 NAN, INFINITY, -INFINITY, 1e300, 1e-300, 5e-324};
    double size = pow(10, gsl_ran_flat(rng, -8, 8));
    switch (gsl_rng_uniform_int(rng, 16)) {
    case 0:
        return odd[gsl_rng_uniform_int(rng, sizeof odd / sizeof *odd)];
    case 1:
        return pow(10, gsl_ran_flat(rng, -70, 70));
    case 2:
    case 3:
        return size;
    default:
        return 1 + (double)gsl_rng_uniform_int(rng, 40);
    }
}

static void fill(gsl_rng *rng, double *values, size_t count)
{
    bool tame = gsl_rng_uniform(rng) < 0.5;
    for (size_t i = 0; i < count; i++)
        values[i] = tame ? 1 + (double)gsl_rng_uniform_int(rng, 40) : wild(rng);
}

static void holds(const struct fit_value *value)
{
    assert_false(isnan(value->value));
    if (!isnan(value->low) && !isnan(value->high))
        assert_true(value->low <= value->value && value->value <= value->high);
}

static void fit_sweeps(const struct sweep *sweep, int round, size_t *fitted)
{
    struct diag diag;
    struct queue_fit queue;
    if (queue_fit(&queue, sweep, &(struct queue_rules){QUEUE_BY_AICC, 5}, &diag) == STATUS_OK) {
        fitted[4]++;
        holds(&queue.think_s);
        holds(&queue.demand_s);
    }
    struct storm_fit storm;
    if (storm_fit(&storm, sweep, &(struct storm_rules){round % 40 ? STORM_RATE : STORM_TIME, 2, 0},
                  &diag) == STATUS_OK) {
        fitted[7]++;
        holds(&storm.wait_s);
        holds(&storm.demand_s);
        holds(&storm.launch_s);
    }
    struct collapse_fit collapse;
    if (collapse_fit(&collapse, sweep, 1.5, QUEUE_BY_AICC, 5, &diag) == STATUS_OK) {
        fitted[8]++;
        holds(&collapse.cycle_s);
        holds(&collapse.stall_s);
    }
    struct usl_fit usl;
    struct lock_fit lock;
    if (usl_fit(&usl, sweep, 5, &diag) == STATUS_OK &&
        lock_fit(&lock, sweep, 0, QUEUE_BY_AICC, 5, &diag) == STATUS_OK) {
        fitted[5]++;
        holds(&usl.lambda);
        holds(&lock.hold_s);
        holds(&lock.cycle_s);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    gsl_rng *rng = recovery_rng(300);
    size_t fitted[9] = {0};
    for (int round = 0; round < 400; round++) {
        double x[MOST * 2], y[MOST], w[MOST];
        size_t n = gsl_rng_uniform_int(rng, MOST + 1);
        struct diag diag;
        fill(rng, x, 2 * n);
        fill(rng, y, n);
        fill(rng, w, n);
        struct cost_fit cost;
        if (cost_fit(&cost, &(struct cost_data){x, y, round % 2 ? w : NULL, n},
                     &(struct cost_rules){COST_BY_AICC, 20}, &diag) == STATUS_OK) {
            fitted[0]++;
            for (size_t k = 0; k < cost.parameters; k++)
                holds(&cost.value[k]);
        }
        struct count_fit count;
        if (count_fit(&count, &(struct count_data){x, y, n, 2, 0}, &diag) == STATUS_OK)
            fitted[1]++;
        if (cost_fit_read(&cost, &(struct cost_data){x, y, NULL, n}, 0.5 + round % 3,
                          &(struct cost_rules){COST_BY_AICC, 20}, &diag) == STATUS_OK) {
            fitted[6]++;
            for (size_t k = 0; k < cost.parameters; k++)
                holds(&cost.value[k]);
        }
        struct migration_fit migration;
        if (migration_fit(&migration, &(struct migration_rounds){x, y, round % 2 ? w : NULL, n},
                          &(struct migration_rules){DIRTY_BY_AICC, 20}, &diag) == STATUS_OK) {
            fitted[2]++;
            holds(&migration.rate);
            holds(&migration.working_set);
        }
        struct law_cell cells[MOST];
        for (size_t i = 0; i < n; i++)
            cells[i] = (struct law_cell){x[i], round % 3 ? x[i] : x[n + i], round % 2 ? w[i] : 1};
        struct law_fit law;
        if (law_fit(&law, &(struct law_data){cells, n},
                    &(struct law_rules){LAW_BY_AICC, 20, round % 9 ? 0 : 19}, &diag) == STATUS_OK) {
            fitted[3]++;
            for (size_t k = 0; k < law.parameters; k++)
                holds(&law.value[k]);
        }
        if (round % 4 == 0)
            fit_sweeps(&(struct sweep){x, y, n}, round, fitted);
    }
    for (size_t i = 0; i < 9; i++)
        assert_true(fitted[i] > 2);
    gsl_rng_free(rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
