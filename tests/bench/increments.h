/* The six increment distributions every queue is tried with: delays in ns of mean about 10^6. */
#ifndef TESTS_BENCH_INCREMENTS_H
#define TESTS_BENCH_INCREMENTS_H

#include "sim/engine/random.h"

#include <math.h>
#include <stdint.h>

enum increment {
    INCREMENT_EXPONENTIAL,
    INCREMENT_UNIFORM,
    INCREMENT_BIMODAL, /* nine short ones, then a long one */
    INCREMENT_PARETO,  /* infinite variance */
    INCREMENT_LATTICE, /* whole ticks: heavy ties */
    INCREMENT_MIXED,   /* three time scales */
    INCREMENT_KINDS,
};

static const char *const increment_names[INCREMENT_KINDS] = {
    "exponential", "uniform", "bimodal", "pareto", "lattice", "mixed",
};

static inline uint64_t increment_ns(struct rng *rng, enum increment kind)
{
    const double mean_ns = 1e6;
    double u;
    switch (kind) {
    case INCREMENT_UNIFORM:
        return (uint64_t)(2 * mean_ns * rng_uniform(rng));
    case INCREMENT_BIMODAL:
        u = rng_uniform(rng);
        return (uint64_t)(mean_ns * (u < 0.9 ? u : 9 + 10 * (u - 0.9)));
    case INCREMENT_PARETO:
        return (uint64_t)(mean_ns / 3 * pow(1 - rng_uniform(rng), -1 / 1.5));
    case INCREMENT_LATTICE:
        return (uint64_t)(rng_uniform(rng) * 20) * 100000;
    case INCREMENT_MIXED:
        u = rng_uniform(rng);
        return (uint64_t)(mean_ns * rng_exponential(rng) * (u < 0.70 ? 0.01 : u < 0.95 ? 1 : 100));
    default:
        return (uint64_t)(mean_ns * rng_exponential(rng));
    }
}

#endif
