/*
 * A model for checking stations against closed forms. It is run with 200 seeds; each run gives a
 * 95 % interval from its own batch means, and the number of intervals that hold the exact value
 * must lie in a band of Binomial(200, 0.95). A bias of half a half width would fail.
 *
 * THE BAND. 18 checks are made, in test_queues.c and test_networks.c; all of them together may fail
 * by chance with odds of 1 %, so each has 1 % / 18, half of it on either side (Bonferroni): 178 to
 * 199. Runs are long enough for intervals of batch means to be as good as their name; where the
 * series is so correlated that 16000 customers are not, the test asks for more.
 */
#ifndef TESTS_ENGINE_QUEUE_MODEL_H
#define TESTS_ENGINE_QUEUE_MODEL_H

#include "sim/engine/batch_means.h"
#include "sim/engine/distribution.h"
#include "sim/engine/station_fluid.h"
#include "sim/engine/station_queue.h"
#include "tests/engine/scene.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

enum { SEEDS = 200, CHECKS = 18, CUSTOMERS = 16000, WARM_UP = 1000, MOST_FORKS = 4 };

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
    uint64_t customers;  /* arrivals; of a closed model, services */
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

static inline struct customer *new_customer(struct model *model)
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

static inline void enter(struct customer *customer)
{
    struct model *model = customer->model;

    customer->arrived_ns = sim_now(&model->sim);
    customer->size = distribution_sample(&model->service, &model->services);
    customer->class = model->first_class > 0 && rng_uniform(&model->other) >= model->first_class;
    model->enter(model, customer);
}

static inline void on_thought(struct sim *sim, void *arg)
{
    struct customer *customer = arg;

    (void)sim;
    enter(customer);
}

static inline void think(struct customer *customer)
{
    struct model *model = customer->model;

    sim_schedule_in(&model->sim,
                    (uint64_t)(unit_ns * model->think * rng_exponential(&model->arrivals)),
                    SIM_PRIORITY_NORMAL, on_thought, customer);
}

static inline void leave(struct customer *customer)
{
    struct model *model = customer->model;
    double value = model->value(model, customer);

    if (++model->left > WARM_UP && !isnan(value)) {
        batch_means_add(&model->result, value);
    }
    if (model->population > 0 && model->left < model->customers) {
        think(customer);
        return;
    }
    customer->next = model->free;
    model->free = customer;
}

static inline void on_arrival(struct sim *sim, void *arg)
{
    struct model *model = arg;

    if (++model->arrived < model->customers) {
        double gap = rng_exponential(&model->arrivals) / model->arrival_rate;

        sim_schedule_in(sim, (uint64_t)(gap * unit_ns), SIM_PRIORITY_NORMAL, on_arrival, model);
    }
    enter(new_customer(model));
}

static inline struct batch_means_result run(struct model *model, uint64_t seed)
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

/* The band's lower or upper end: the first count that is not too unlikely, from 0 or from SEEDS. */
static inline int band_end(int from, int step)
{
    const double odds = 0.01 / CHECKS / 2;
    double tail = 0;

    for (int count = from;; count += step) {
        tail += gsl_ran_binomial_pdf((unsigned)count, 0.95, SEEDS);
        if (tail > odds) {
            return count;
        }
    }
}

static inline void assert_covers(struct model *model, double exact)
{
    double mean = 0;
    int covered = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct batch_means_result result = run(model, seed);

        covered += interval_holds(result.interval, exact);
        mean += result.interval.mean / SEEDS;
    }
    model->id++;
    if (covered < band_end(0, 1) || covered > band_end(SEEDS, -1)) {
        fail_msg("%d of %d intervals hold %g; the mean of all runs is %g", covered, SEEDS, exact,
                 mean);
    }
}

static inline double sojourn(const struct model *model, const struct customer *customer)
{
    return (double)(sim_now(&model->sim) - customer->arrived_ns) / unit_ns;
}

static inline void on_served(struct sim *sim, void *arg)
{
    (void)sim;
    leave(arg);
}

static inline void fill_job(struct station_job *job, struct customer *customer, sim_callback *done)
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

static inline void enter_queue(struct model *model, struct customer *customer)
{
    struct station_job *job = &customer->jobs[0];

    fill_job(job, customer, on_served);
    if (station_queue_submit(&model->sim, &model->queues[0], job) == STATION_AWAY) {
        leave(customer);
    }
}

static inline struct model open_queue(uint64_t id, double load, uint32_t servers)
{
    struct model model = {.id = id,
                          .enter = enter_queue,
                          .value = sojourn,
                          .customers = CUSTOMERS,
                          .arrival_rate = load * servers,
                          .servers = servers,
                          .waiting_max = UINT32_MAX};

    distribution_exponential(&model.service, 1);
    return model;
}

/* Probability of waiting, by Erlang's B recursion. */
static inline double erlang_c(double load, uint32_t servers)
{
    double offered = load * servers;
    double b = 1;

    for (uint32_t i = 1; i <= servers; i++) {
        b = offered * b / (i + offered * b);
    }
    return b / (1 - load * (1 - b));
}

#endif
