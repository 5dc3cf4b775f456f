#include "sim/engine/random.h"

#include "sim/engine/contract.h"
#include "sim/engine/random_tables.h"

#include <Random123/philox.h>
#include <gsl/gsl_cdf.h>

/* The fixed Philox key, "scalesim" in ASCII: changing it changes every result ever published. */
static const uint64_t cipher_key[2] = {0x7363616c6573696d, 0};

void rng_init(struct rng *rng, uint64_t seed, uint64_t replication, uint64_t entity,
              uint64_t purpose)
{
    philox4x64_ctr_t counter = {{seed, replication, entity, purpose}};
    philox4x64_key_t key = {{cipher_key[0], cipher_key[1]}};
    philox4x64_ctr_t block = philox4x64(counter, key);

    memcpy(rng->state, block.v, sizeof rng->state);
    if ((rng->state[0] | rng->state[1] | rng->state[2] | rng->state[3]) == 0) {
        rng->state[0] = 1; /* the one state xoshiro cannot leave; one key in 2^256 leads to it */
    }
    rng_set_mode(rng, RNG_FAST);
}

void rng_set_mode(struct rng *rng, enum rng_mode mode)
{
    contract(mode <= RNG_ANTITHETIC);
    rng->mode = mode;
    rng->mirror = mode == RNG_ANTITHETIC ? UINT64_MAX : 0;
}

/* Whether a uniform point of the layer's strip, at this abscissa, lies under the density. */
static int under_curve(struct rng *rng, const double *heights, uint64_t layer, double density)
{
    double low = heights[layer];
    double high = heights[layer + 1];

    return low + rng_uniform(rng) * (high - low) < density;
}

/* By inversion; or bits missed the inner rectangle of its layer: the tail, the wedge, or another
 * try. */
double rng_exponential_rare(struct rng *rng, uint64_t bits)
{
    double beyond = 0;

    if (rng->mode != RNG_FAST) {
        return -log1p(-rng_uniform_open(rng));
    }
    for (;;) {
        const struct rng_layer *layer = &rng_exponential_layers[bits & 255];
        double x = (double)(int64_t)(bits >> 11) * layer->scale;

        if ((bits >> 11) < layer->inside) {
            return beyond + x;
        }
        if ((bits & 255) == 0) {
            beyond += RNG_EXPONENTIAL_TAIL; /* no memory: the tail is a fresh variate, shifted */
        } else if (under_curve(rng, rng_exponential_heights, bits & 255, exp(-x))) {
            return beyond + x;
        }
        bits = rng_next(rng);
    }
}

/* The normal beyond RNG_NORMAL_TAIL: Marsaglia, Technometrics 6(1), 1964. */
static double normal_tail(struct rng *rng)
{
    double excess;

    do {
        excess = rng_exponential(rng) * (1 / RNG_NORMAL_TAIL);
    } while (2 * rng_exponential(rng) < excess * excess);
    return RNG_NORMAL_TAIL + excess;
}

double rng_normal_rare(struct rng *rng, uint64_t bits)
{
    if (rng->mode != RNG_FAST) {
        return gsl_cdf_ugaussian_Pinv(rng_uniform_open(rng));
    }
    for (;;) {
        const struct rng_layer *layer = &rng_normal_layers[bits & 255];
        double x = (double)(int64_t)(bits >> 11) * layer->scale;
        double sign = bits & 256 ? -1 : 1;

        if ((bits >> 11) < layer->inside) {
            return sign * x;
        }
        if ((bits & 255) == 0) {
            return sign * normal_tail(rng);
        }
        if (under_curve(rng, rng_normal_heights, bits & 255, exp(-0.5 * x * x))) {
            return sign * x;
        }
        bits = rng_next(rng);
    }
}

static void gsl_set(void *state, unsigned long seed)
{
    rng_init(state, seed, 0, 0, 0);
}

static unsigned long gsl_get(void *state)
{
    return rng_u64(state);
}

/* Never 0 for a mirrored stream's sake: gsl_ran_* that take a logarithm draw again on 0. */
static double gsl_get_double(void *state)
{
    return rng_uniform_open(state);
}

_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "GSL's integers must hold 64 bits");

const gsl_rng_type rng_gsl_type = {
    .name = "xoshiro256++",
    .max = UINT64_MAX,
    .min = 0,
    .size = sizeof(struct rng),
    .set = gsl_set,
    .get = gsl_get,
    .get_double = gsl_get_double,
};

gsl_rng rng_gsl(struct rng *rng)
{
    return (gsl_rng){.type = &rng_gsl_type, .state = rng};
}
