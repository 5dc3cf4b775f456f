/*
 * One station against closed forms: servers, service laws, room, patience, priority.
 * Formulas: Kleinrock, "Queueing Systems", vols. 1 and 2, Wiley 1975-76, unless said otherwise.
 */
#include "tests/engine/queue_model.h"

static void mm1(void **state)
{
    struct model model = open_queue(10, 0.6, 1);
    (void)state;

    assert_covers(&model, 1 / (1 - 0.6));
}

static void mmc(void **state)
{
    struct model model = open_queue(20, 0.7, 3);
    (void)state;

    assert_covers(&model, 1 + erlang_c(0.7, 3) / (3 * (1 - 0.7)));
}

/* Pollaczek and Khinchine: wait = rate E[S^2] / 2 (1 - load). */
static double pollaczek_khinchine(const struct model *model)
{
    double mean = distribution_mean(&model->service);
    double second = distribution_variance(&model->service) + mean * mean;

    return mean + model->arrival_rate * second / (2 * (1 - model->arrival_rate * mean));
}

static void md1(void **state)
{
    struct model model = open_queue(30, 0.7, 1);
    (void)state;

    distribution_deterministic(&model.service, 1);
    assert_covers(&model, 1 + 0.7 / (2 * (1 - 0.7)));
}

static void mg1(void **state)
{
    struct model model = open_queue(40, 0.6, 1);
    (void)state;

    distribution_gamma(&model.service, 0.5, 2); /* squared coefficient of variation 2 */
    assert_covers(&model, pollaczek_khinchine(&model));
    distribution_uniform(&model.service, 0, 2);
    assert_covers(&model, pollaczek_khinchine(&model));
}

static double was_turned_away(const struct model *model, const struct customer *customer)
{
    (void)model;
    return customer->jobs[0].state == STATION_AWAY;
}

static double has_reneged(const struct model *model, const struct customer *customer)
{
    (void)model;
    return customer->jobs[0].state == STATION_RENEGED;
}

/* M/M/1/K: room for 3 that wait and 1 that is served; P(full) = p_4. */
static void mm1_with_limited_room(void **state)
{
    double load = 0.8;
    struct model model = open_queue(50, load, 1);
    (void)state;

    model.waiting_max = 3;
    model.value = was_turned_away;
    assert_covers(&model, (1 - load) * pow(load, 4) / (1 - pow(load, 5)));
}

/* M/M/c+M (Erlang A): a birth-death chain; P(renege) = patience rate * mean waiting / arrivals. */
static void mmc_with_reneging(void **state)
{
    struct model model = open_queue(60, 0.95, 2);
    double p = 1;
    double total = 1;
    double waiting = 0;
    (void)state;

    model.patience = 2;
    model.value = has_reneged;
    for (int n = 1; n < 500; n++) {
        p *= model.arrival_rate / (fmin(n, 2) + fmax(n - 2, 0) / model.patience);
        total += p;
        waiting += fmax(n - 2, 0) * p;
    }
    assert_covers(&model, waiting / total / model.patience / model.arrival_rate);
}

static double sojourn_of_first_class(const struct model *model, const struct customer *customer)
{
    return customer->class == 0 ? sojourn(model, customer) : NAN;
}

static double sojourn_of_second_class(const struct model *model, const struct customer *customer)
{
    return customer->class == 1 ? sojourn(model, customer) : NAN;
}

/* Preemptive resume, class 0 first; equal exponential services. */
static void two_class_priority(void **state)
{
    struct model model = open_queue(70, 0.7, 1);
    double top = 0.7 * 0.4;
    (void)state;

    model.first_class = 0.4;
    model.customers = 4 * CUSTOMERS; /* class 1 waits through many busy periods of class 0 */
    model.value = sojourn_of_first_class;
    assert_covers(&model, 1 / (1 - top)); /* as if the others did not exist */
    model.value = sojourn_of_second_class;
    assert_covers(&model, 1 / ((1 - top) * (1 - 0.7)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mm1),
        cmocka_unit_test(mmc),
        cmocka_unit_test(md1),
        cmocka_unit_test(mg1),
        cmocka_unit_test(mm1_with_limited_room),
        cmocka_unit_test(mmc_with_reneging),
        cmocka_unit_test(two_class_priority),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
