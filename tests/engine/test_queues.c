/*
 * Stations against closed forms. Each model is run with 200 seeds; each run gives a 95 % interval
 * from its own batch means, and the number of intervals that hold the exact value must lie in the
 * central 99.9 % band of Binomial(200, 0.95). A bias of half a half width would fail.
 * Formulas: Kleinrock, "Queueing Systems", vols. 1 and 2, Wiley 1975-76, unless said otherwise.
 */
#include "sim/engine/batch_means.h"
#include "sim/engine/distribution.h"
#include "sim/engine/station_fluid.h"
#include "sim/engine/station_queue.h"
#include "tests/engine/scene.h"

#include <math.h>
#include <stdlib.h>

enum { SEEDS = 200, CUSTOMERS = 16000, WARM_UP = 1000, MOST_FORKS = 4 };

static const double unit_ns = 1e6; /* one unit of time, the mean service, so that a ns is little */

struct model;

struct customer {
    struct station_job jobs[MOST_FORKS];
    struct station_flow flow;
    struct model *model;
    struct customer *next; /* free */
    uint64_t arrived_ns;
    double size; /* units */
    int class;
    int stage; /* of a tandem; parts still out of a fork */
};

struct model {
    /* what a test sets */
    uint64_t id; /* of its streams: a freak draw in one model must not be in all */
    void (*enter)(struct model *model, struct customer *customer);
    double (*value)(const struct model *model, const struct customer *customer); /* NAN: skip */
    double arrival_rate; /* per unit of time */
    struct distribution service;
    double first_class; /* odds of class 0, the others are class 1 */
    uint32_t servers;
    uint32_t waiting_max;
    double patience; /* mean, in units; 0: for ever */
    double cores;
    int forks;
    uint64_t population; /* > 0: closed, with this mean time to think */
    double think;
    /* what a run uses */
    struct sim sim;
    struct rng arrivals;
    struct rng services;
    struct rng other;
    struct station_queue queues[MOST_FORKS];
    struct station_fluid fluid;
    struct station_class class;
    struct batch_means result;
    struct customer *free;
    uint64_t arrived;
    uint64_t left;
};

static struct customer *new_customer(struct model *model)
{
    struct customer *customer = model->free;

    if (customer != NULL) {
        model->free = customer->next;
    } else {
        customer = malloc(sizeof *customer);
        assert_non_null(customer);
    }
    memset(customer, 0, sizeof *customer);
    customer->model = model;
    return customer;
}

static void enter(struct customer *customer)
{
    struct model *model = customer->model;

    customer->arrived_ns = sim_now(&model->sim);
    customer->size = distribution_sample(&model->service, &model->services);
    customer->class = model->first_class > 0 && rng_uniform(&model->other) >= model->first_class;
    model->enter(model, customer);
}

static void on_thought(struct sim *sim, void *arg)
{
    struct customer *customer = arg;

    (void)sim;
    enter(customer);
}

static void think(struct customer *customer)
{
    struct model *model = customer->model;

    sim_schedule_in(&model->sim,
                    (uint64_t)(unit_ns * model->think * rng_exponential(&model->arrivals)),
                    SIM_PRIORITY_NORMAL, on_thought, customer);
}

static void leave(struct customer *customer)
{
    struct model *model = customer->model;
    double value = model->value(model, customer);

    if (++model->left > WARM_UP && !isnan(value)) {
        batch_means_add(&model->result, value);
    }
    if (model->population > 0 && model->left < CUSTOMERS) {
        think(customer);
        return;
    }
    customer->next = model->free;
    model->free = customer;
}

static void on_arrival(struct sim *sim, void *arg)
{
    struct model *model = arg;

    if (++model->arrived < CUSTOMERS) {
        double gap = rng_exponential(&model->arrivals) / model->arrival_rate;

        sim_schedule_in(sim, (uint64_t)(gap * unit_ns), SIM_PRIORITY_NORMAL, on_arrival, model);
    }
    enter(new_customer(model));
}

static struct batch_means_result run(struct model *model, uint64_t seed)
{
    assert_int_equal(sim_init(&model->sim, NULL), 0);
    rng_init(&model->arrivals, seed, 0, model->id, 0);
    rng_init(&model->services, seed, 0, model->id, 1);
    rng_init(&model->other, seed, 0, model->id, 2);
    for (int i = 0; i < MOST_FORKS; i++) {
        station_queue_init(&model->queues[i], &model->sim, model->servers, model->waiting_max,
                           STATION_RESUME);
    }
    station_fluid_init(&model->fluid, &model->sim, model->cores);
    station_fluid_add_class(&model->fluid, &model->class, 1, 1);
    batch_means_init(&model->result);
    model->arrived = 0;
    model->left = 0;
    model->free = NULL;
    if (model->population == 0) {
        sim_schedule_in(&model->sim, 0, SIM_PRIORITY_NORMAL, on_arrival, model);
    }
    for (uint64_t i = 0; i < model->population; i++) {
        think(new_customer(model));
    }
    sim_run(&model->sim, UINT64_MAX);
    while (model->free != NULL) {
        struct customer *customer = model->free;

        model->free = customer->next;
        free(customer);
    }
    sim_destroy(&model->sim);
    return batch_means_interval(&model->result, 0.95);
}

static void assert_covers(struct model *model, double exact)
{
    double band = 3.3 * sqrt(SEEDS * 0.95 * 0.05);
    double mean = 0;
    int covered = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct batch_means_result result = run(model, seed);

        covered += interval_holds(result.interval, exact);
        mean += result.interval.mean / SEEDS;
    }
    model->id++;
    if (fabs(covered - 0.95 * SEEDS) > band) {
        fail_msg("%d of %d intervals hold %g; the mean of all runs is %g", covered, SEEDS, exact,
                 mean);
    }
}

static double sojourn(const struct model *model, const struct customer *customer)
{
    return (double)(sim_now(&model->sim) - customer->arrived_ns) / unit_ns;
}

static double sojourn_of_first_class(const struct model *model, const struct customer *customer)
{
    return customer->class == 0 ? sojourn(model, customer) : NAN;
}

static double sojourn_of_second_class(const struct model *model, const struct customer *customer)
{
    return customer->class == 1 ? sojourn(model, customer) : NAN;
}

static void on_served(struct sim *sim, void *arg)
{
    (void)sim;
    leave(arg);
}

static void fill_job(struct station_job *job, struct customer *customer, sim_callback *done)
{
    const struct model *model = customer->model;

    job->service_ns = (uint64_t)llrint(customer->size * unit_ns);
    job->priority = (uint32_t)customer->class;
    job->patience_ns = STATION_FOREVER;
    if (model->patience > 0) {
        job->patience_ns =
            (uint64_t)(model->patience * unit_ns * rng_exponential(&customer->model->other));
    }
    job->done = done;
    job->arg = customer;
}

static void enter_queue(struct model *model, struct customer *customer)
{
    struct station_job *job = &customer->jobs[0];

    fill_job(job, customer, on_served);
    if (station_queue_submit(&model->sim, &model->queues[0], job) == STATION_AWAY) {
        leave(customer);
    }
}

static void enter_fluid(struct model *model, struct customer *customer)
{
    customer->flow =
        (struct station_flow){.work = customer->size * unit_ns, .done = on_served, .arg = customer};
    station_fluid_submit(&model->sim, &model->class, &customer->flow);
}

static struct model open_queue(uint64_t id, double load, uint32_t servers)
{
    struct model model = {.id = id,
                          .enter = enter_queue,
                          .value = sojourn,
                          .arrival_rate = load * servers,
                          .servers = servers,
                          .waiting_max = UINT32_MAX};

    distribution_exponential(&model.service, 1);
    return model;
}

static void mm1(void **state)
{
    struct model model = open_queue(10, 0.6, 1);
    (void)state;

    assert_covers(&model, 1 / (1 - 0.6));
}

/* Probability of waiting, by Erlang's B recursion. */
static double erlang_c(double load, uint32_t servers)
{
    double offered = load * servers;
    double b = 1;

    for (uint32_t i = 1; i <= servers; i++) {
        b = offered * b / (i + offered * b);
    }
    return b / (1 - load * (1 - b));
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

/* Preemptive resume, class 0 first; equal exponential services. */
static void two_class_priority(void **state)
{
    struct model model = open_queue(70, 0.7, 1);
    double top = 0.7 * 0.4;
    (void)state;

    model.first_class = 0.4;
    model.value = sojourn_of_first_class;
    assert_covers(&model, 1 / (1 - top)); /* as if the others did not exist */
    model.value = sojourn_of_second_class;
    assert_covers(&model, 1 / ((1 - top) * (1 - 0.7)));
}

/*
 * Machine repairman, M/M/1//N: p[n] by the birth-death chain, throughput, and then the response by
 * Little's law: R = N / X - Z.
 */
static void machine_repairman(void **state)
{
    struct model model = open_queue(80, 1, 1);
    double p = 1;
    double total = 1;
    (void)state;

    model.population = 8;
    model.think = 6;
    for (int n = 1; n <= 8; n++) {
        p *= (8 - n + 1) / model.think;
        total += p;
    }
    assert_covers(&model, 8 / (1 - 1 / total) - model.think);
}

static void on_stage_done(struct sim *sim, void *arg);

static void enter_stage(struct model *model, struct customer *customer)
{
    fill_job(&customer->jobs[0], customer, on_stage_done);
    station_queue_submit(&model->sim, &model->queues[customer->stage], &customer->jobs[0]);
}

static void on_stage_done(struct sim *sim, void *arg)
{
    struct customer *customer = arg;

    (void)sim;
    if (++customer->stage == 3) {
        leave(customer);
        return;
    }
    customer->size = distribution_sample(&customer->model->service, &customer->model->services);
    enter_stage(customer->model, customer);
}

/* Three M/M/1 in a row: each as if alone (Burke; Jackson). */
static void tandem(void **state)
{
    struct model model = open_queue(90, 0.5, 1);
    (void)state;

    model.enter = enter_stage;
    assert_covers(&model, 3 / (1 - 0.5));
}

static void on_part_done(struct sim *sim, void *arg)
{
    struct customer *customer = arg;

    (void)sim;
    if (--customer->stage == 0) {
        leave(customer);
    }
}

static void enter_fork(struct model *model, struct customer *customer)
{
    customer->stage = model->forks;
    for (int i = 0; i < model->forks; i++) {
        customer->size = distribution_sample(&model->service, &model->services);
        fill_job(&customer->jobs[i], customer, on_part_done);
        station_queue_submit(&model->sim, &model->queues[i], &customer->jobs[i]);
    }
}

/*
 * Two ways: exact (Flatto and Hahn, SIAM J. Appl. Math. 44, 1984). Four ways: between the two-way
 * time and H_4 times one queue's (Nelson and Tantawi, IEEE Trans. Comput. 37(6), 1988).
 */
static void fork_join(void **state)
{
    double load = 0.5;
    struct model model = open_queue(100, load, 1);
    double two = (12 - load) / 8 / (1 - load);
    double four = 0;
    (void)state;

    model.enter = enter_fork;
    model.forks = 2;
    assert_covers(&model, two);
    model.forks = 4;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct interval interval = run(&model, seed).interval;

        assert_true(interval.mean + interval.half_width > two);
        assert_true(interval.mean - interval.half_width < 25.0 / 12 / (1 - load));
        four += interval.mean / 20;
    }
    /* their approximation for 4 is said to be within 5 % */
    assert_true(fabs(four / ((25.0 / 12 / 1.5 + 4.0 / 11 * (1 - 25.0 / 12 / 1.5) * load) * two) -
                     1) < 0.05);
}

static struct model open_fluid(uint64_t id, double load, double cores)
{
    struct model model = open_queue(id, load, 1);

    model.enter = enter_fluid;
    model.arrival_rate = load * cores;
    model.cores = cores;
    return model;
}

/* The mean depends on the service law by its mean alone. */
static void processor_sharing(void **state)
{
    struct model model = open_fluid(110, 0.6, 1);
    static const double means[] = {0.5, 2};
    static const double weights[] = {2, 1};
    struct alias_cell cells[2];
    (void)state;

    assert_covers(&model, 1 / (1 - 0.6));
    distribution_deterministic(&model.service, 1);
    assert_covers(&model, 1 / (1 - 0.6));
    distribution_hyperexponential(&model.service, 2, means, weights, cells);
    assert_covers(&model, 1 / (1 - 0.6));
}

static double excess_of_short(const struct model *model, const struct customer *customer)
{
    return customer->size < 0.4 ? sojourn(model, customer) - customer->size / (1 - 0.6) : NAN;
}

static double excess_of_long(const struct model *model, const struct customer *customer)
{
    return customer->size > 1.5 ? sojourn(model, customer) - customer->size / (1 - 0.6) : NAN;
}

/* E[T | x] = x / (1 - load), for small and for large x. */
static void processor_sharing_is_linear(void **state)
{
    struct model model = open_fluid(120, 0.6, 1);
    (void)state;

    model.value = excess_of_short;
    assert_covers(&model, 0);
    model.value = excess_of_long;
    assert_covers(&model, 0);
}

/* Three cores shared, a job on one at most: as many at work as in M/M/3, so the same mean. */
static void processor_sharing_on_cores(void **state)
{
    struct model model = open_fluid(130, 0.7, 3);
    (void)state;

    assert_covers(&model, 1 + erlang_c(0.7, 3) / (3 * (1 - 0.7)));
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
        cmocka_unit_test(machine_repairman),
        cmocka_unit_test(tandem),
        cmocka_unit_test(fork_join),
        cmocka_unit_test(processor_sharing),
        cmocka_unit_test(processor_sharing_is_linear),
        cmocka_unit_test(processor_sharing_on_cores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
