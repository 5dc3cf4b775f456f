/* What queues are held against, and the CPUs that they are held against it on. */
#ifndef TESTS_SIM_CLOSED_FORMS_H
#define TESTS_SIM_CLOSED_FORMS_H

#include <stdint.h>

#include "sim/host/cpu.h"

/* Switches, wake-ups and hardware threads cost nothing. */
static const struct cpu_rules plain_cpus = {.latency_ns = 6000000,
                                            .slice_min_ns = 750000,
                                            .wakeup_ns = 1000000,
                                            .smt_share = 1,
                                            .threads_per_core = 1};

/* Erlang's C formula: the probability of waiting in M/M/c with a load of a. */
static inline double erlang_c(double a, int servers)
{
    double b = 1;
    for (int c = 1; c <= servers; c++)
        b = a * b / (c + a * b);
    return b / (1 - a / servers * (1 - b));
}

/* Exact mean value analysis of one queueing station and a think time: the throughput. */
static inline double mva(uint32_t customers, double think, double demand)
{
    double queue = 0;
    double rate = 0;
    for (uint32_t n = 1; n <= customers; n++) {
        double response = demand * (1 + queue);
        rate = n / (think + response);
        queue = rate * response;
    }
    return rate;
}

#endif
