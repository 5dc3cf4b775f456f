/*
 * M/M/1 by callbacks, compiled once over the engine and once over the floor program: the includer
 * defines MM1(name), MM1_SIM, MM1_NOW(sim) and MM1_SCHEDULE_IN(sim, delay, fn, arg). Interarrival
 * times have a mean of 1/0.9 ms, service times of 1 ms; the queue keeps the times of arrival.
 */

#define MM1_QUEUE 4096 /* never full at this load: 0.9^4096 */

struct MM1(station) {
    struct rng rng;
    uint64_t head;
    uint64_t tail;
    uint64_t left; /* customers that may still arrive */
    uint64_t sojourn_ns;
    uint64_t served;
    uint64_t arrived_ns[MM1_QUEUE];
};

static void MM1(depart)(MM1_SIM *sim, void *arg)
{
    struct MM1(station) *station = arg;
    station->sojourn_ns += MM1_NOW(sim) - station->arrived_ns[station->head++ % MM1_QUEUE];
    station->served++;
    if (station->head != station->tail)
        MM1_SCHEDULE_IN(sim, (uint64_t)(1e6 * rng_exponential(&station->rng)), MM1(depart), arg);
}

static void MM1(arrive)(MM1_SIM *sim, void *arg)
{
    struct MM1(station) *station = arg;
    if (--station->left > 0)
        MM1_SCHEDULE_IN(sim, (uint64_t)(1e6 / 0.9 * rng_exponential(&station->rng)), MM1(arrive),
                        arg);
    if (station->head == station->tail)
        MM1_SCHEDULE_IN(sim, (uint64_t)(1e6 * rng_exponential(&station->rng)), MM1(depart), arg);
    station->arrived_ns[station->tail++ % MM1_QUEUE] = MM1_NOW(sim);
}

#undef MM1_QUEUE
