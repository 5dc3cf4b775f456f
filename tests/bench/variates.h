/* Random variates, ours and GSL's, a loop each. */
#ifndef TESTS_BENCH_VARIATES_H
#define TESTS_BENCH_VARIATES_H

#include "sim/engine/distribution.h"
#include "sim/engine/random.h"
#include "tests/bench/measure.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#define VARIATES(name, prepare, draw)                                                              \
    static double measure_##name(long count)                                                       \
    {                                                                                              \
        prepare;                                                                                   \
        double sum = 0;                                                                            \
        double begin = thread_seconds();                                                           \
        for (long i = 0; i < count; i++)                                                           \
            sum += draw;                                                                           \
        double seconds = thread_seconds() - begin;                                                 \
        use_value(sum);                                                                            \
        return per_event_ns(seconds, (double)count);                                               \
    }

/* A copy whose address nobody has. */
#define OWN_STREAM                                                                                 \
    struct rng seeded;                                                                             \
    rng_init(&seeded, 1, 0, 0, 0);                                                                 \
    struct rng rng = seeded

#define GSL_STREAM gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937)

static double sample_gamma(struct rng *rng)
{
    static const struct distribution gamma = {.kind = DISTRIBUTION_GAMMA, .a = 2.5, .b = 1};
    return distribution_sample(&gamma, rng);
}

/* GSL's streams live until the end of the program, as one a round is no great leak. */
VARIATES(uniform, OWN_STREAM, rng_uniform(&rng))
VARIATES(exponential, OWN_STREAM, rng_exponential(&rng))
VARIATES(normal, OWN_STREAM, rng_normal(&rng))
VARIATES(lognormal, OWN_STREAM, rng_lognormal(&rng, 0, 1))
VARIATES(gamma, OWN_STREAM, sample_gamma(&rng))
VARIATES(gsl_uniform, GSL_STREAM, gsl_rng_uniform(rng))
VARIATES(gsl_exponential, GSL_STREAM, gsl_ran_exponential(rng, 1))
VARIATES(gsl_normal, GSL_STREAM, gsl_ran_gaussian_ziggurat(rng, 1))
VARIATES(gsl_lognormal, GSL_STREAM, gsl_ran_lognormal(rng, 0, 1))
VARIATES(gsl_gamma, GSL_STREAM, gsl_ran_gamma(rng, 2.5, 1))

#endif
