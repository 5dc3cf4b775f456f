/* M/M/1 by processes, the model of mm1_callbacks.c: a source and a server, each a text that is read
 * from top to bottom. A server with nothing to do waits for the signal of an arrival. */
#include <stdio.h>

#include "sim/engine/process.h"
#include "sim/engine/random.h"
#include "sim/engine/sim.h"
#include "sim/engine/time_average.h"

struct queue {
    struct rng arrivals, services;
    struct time_average in_system;
    struct process_signal arrival;
    unsigned count;
};

static const double second_ns = 1e9;

static void source(struct process *self, void *arg)
{
    struct queue *queue = arg;
    for (;;) {
        time_average_set(&queue->in_system, sim_now(self->sim), ++queue->count);
        process_wake_one(&queue->arrival);
        process_hold(self, (uint64_t)(second_ns / 0.9 * rng_exponential(&queue->arrivals)));
    }
}

static void server(struct process *self, void *arg)
{
    struct queue *queue = arg;
    for (;;) {
        while (queue->count == 0)
            process_wait(self, &queue->arrival);
        process_hold(self, (uint64_t)(second_ns * rng_exponential(&queue->services)));
        time_average_set(&queue->in_system, sim_now(self->sim), --queue->count);
    }
}

int main(void)
{
    struct sim sim;
    struct process source_process, server_process;
    struct queue queue = {.count = 0};
    if (sim_init(&sim, NULL) != 0)
        return 1;
    rng_init(&queue.arrivals, 1, 0, 0, 0);
    rng_init(&queue.services, 1, 0, 0, 1);
    time_average_init(&queue.in_system, 0, 0);
    if (process_start(&sim, &server_process, "server", SIM_PRIORITY_NORMAL, server, &queue) != 0 ||
        process_start(&sim, &source_process, "source", SIM_PRIORITY_NORMAL, source, &queue) != 0)
        return 1;
    sim_run(&sim, UINT64_C(2000000) * 1000000000);
    printf("events %llu, mean in system %.3f, closed form %.3f\n",
           (unsigned long long)sim_events(&sim), time_average_mean(&queue.in_system, sim_now(&sim)),
           0.9 / 0.1);
    sim_destroy(&sim);
    return 0;
}
