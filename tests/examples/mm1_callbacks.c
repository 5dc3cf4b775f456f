/* M/M/1 in callbacks: arrivals at 0.9 a second, services of mean one second; prints the mean
 * number in the system beside the closed form rho / (1 - rho). */
#include <stdio.h>

#include "sim/engine/random.h"
#include "sim/engine/sim.h"
#include "sim/engine/time_average.h"

struct queue {
    struct rng arrivals, services;
    struct time_average in_system;
    unsigned count;
};

static const double second_ns = 1e9;

static void depart(struct sim *sim, void *arg)
{
    struct queue *queue = arg;
    time_average_set(&queue->in_system, sim_now(sim), --queue->count);
    if (queue->count > 0)
        sim_schedule_in(sim, (uint64_t)(second_ns * rng_exponential(&queue->services)),
                        SIM_PRIORITY_NORMAL, depart, queue);
}

static void arrive(struct sim *sim, void *arg)
{
    struct queue *queue = arg;
    time_average_set(&queue->in_system, sim_now(sim), ++queue->count);
    sim_schedule_in(sim, (uint64_t)(second_ns / 0.9 * rng_exponential(&queue->arrivals)),
                    SIM_PRIORITY_NORMAL, arrive, queue);
    if (queue->count == 1)
        sim_schedule_in(sim, (uint64_t)(second_ns * rng_exponential(&queue->services)),
                        SIM_PRIORITY_NORMAL, depart, queue);
}

int main(void)
{
    struct sim sim;
    struct queue queue = {.count = 0};
    if (sim_init(&sim, NULL) != 0)
        return 1;
    rng_init(&queue.arrivals, 1, 0, 0, 0);
    rng_init(&queue.services, 1, 0, 0, 1);
    time_average_init(&queue.in_system, 0, 0);
    sim_schedule_in(&sim, 0, SIM_PRIORITY_NORMAL, arrive, &queue);
    sim_run(&sim, UINT64_C(2000000) * 1000000000);
    printf("events %llu, mean in system %.3f, closed form %.3f\n",
           (unsigned long long)sim_events(&sim), time_average_mean(&queue.in_system, sim_now(&sim)),
           0.9 / 0.1);
    sim_destroy(&sim);
    return 0;
}
