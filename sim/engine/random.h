/*
 * Random streams: xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47, 2021), one stream for each (seed, replication, entity, purpose).
 *
 * The 256-bit state of a stream is one block of Philox4x64-10 (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011) with these four words as the counter. A block cipher is a
 * bijection, so different keys give different states; that two streams of 2^40 draws among 2^40
 * streams overlap anywhere on the common period of 2^256-1 has odds below 2^-130. A stream depends
 * on its key alone, never on the order in which streams are made: two what-if runs with the same
 * key see common random numbers, and threads share nothing.
 *
 * Variates come in three modes. RNG_FAST uses the ziggurat (Marsaglia and Tsang, J. Stat. Softw.
 * 5(8), 2000; 256 layers, layer index and abscissa from separate bits as Doornik advises).
 * RNG_INVERSION computes each variate as its quantile function of one uniform u, and
 * RNG_ANTITHETIC does the same of 1-u: an antithetic pair is one run in each of these two modes
 * with one key. (The ziggurat takes a varying number of draws and is not monotone in them, so it
 * cannot be half of a pair.)
 *
 * Results are the same bits with every IEEE compiler that does not contract a*b+c; on machines with
 * a fused multiply-add compile with -ffp-contract=off for that. Do not compile with gcc -O3: its
 * SLP vectoriser makes the generator three times slower.
 */
#ifndef SIM_ENGINE_RANDOM_H
#define SIM_ENGINE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum rng_mode { RNG_FAST, RNG_INVERSION, RNG_ANTITHETIC };

struct rng {
    uint64_t state[4];
    uint64_t mirror; /* all ones when antithetic, else 0: exclusive-or turns u into 1-u */
    uint32_t mode;   /* enum rng_mode */
};

/* Start the stream of this key in mode RNG_FAST. Equal keys give equal streams. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t replication, uint64_t entity,
              uint64_t purpose);

/* Choose the mode; call it before the first draw. */
void rng_set_mode(struct rng *rng, enum rng_mode mode);

/*
 * GSL's view of the same generator, for gsl_ran_*: it draws from *rng, which must outlive it.
 * Nothing is allocated or to be freed: gsl_rng g = rng_gsl(rng); x = gsl_ran_gamma(&g, a, b).
 * rng_gsl_type also works with gsl_rng_alloc; gsl_rng_set(g, s) is then rng_init(.., s, 0, 0, 0).
 */
extern const gsl_rng_type rng_gsl_type;
gsl_rng rng_gsl(struct rng *rng);

/* Private to the inline functions below. */
struct rng_layer {
    uint64_t
        inside;   /* abscissas below this, in units of 2^-53 of the layer, are accepted at once */
    double scale; /* layer width * 2^-53 */
};
extern const struct rng_layer rng_exponential_layers[256];
extern const struct rng_layer rng_normal_layers[256];
double rng_exponential_rare(struct rng *rng, uint64_t bits);
double rng_normal_rare(struct rng *rng, uint64_t bits);

static inline uint64_t rng_rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

/* The generator itself, deaf to the mode. */
static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t s0 = rng->state[0];
    uint64_t s1 = rng->state[1];
    uint64_t s2 = rng->state[2] ^ s0;
    uint64_t s3 = rng->state[3] ^ s1;
    uint64_t result = rng_rotate(s0 + rng->state[3], 23) + s0;

    rng->state[1] = s1 ^ s2;
    rng->state[0] = s0 ^ s3;
    rng->state[2] = s2 ^ (s1 << 17);
    rng->state[3] = rng_rotate(s3, 45);
    return result;
}

/* 64 uniform bits; complemented in RNG_ANTITHETIC. */
static inline uint64_t rng_u64(struct rng *rng)
{
    return rng_next(rng) ^ rng->mirror;
}

/* Uniform on [0, 1): multiples of 2^-53. */
static inline double rng_uniform(struct rng *rng)
{
    return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

/* Uniform on (0, 1): odd multiples of 2^-53, so that u and 1-u are both exact. */
static inline double rng_uniform_open(struct rng *rng)
{
    return (double)((rng_u64(rng) >> 12) * 2 + 1) * 0x1p-53;
}

/*
 * Uniform integer in [0, count), count > 0, without bias and monotone in the bits drawn
 * (Lemire, ACM TOMACS 29(1), 2019).
 */
static inline uint64_t rng_below(struct rng *rng, uint64_t count)
{
    __extension__ typedef unsigned __int128 uint128;
    uint128 product = (uint128)rng_u64(rng) * count;

    if ((uint64_t)product < count) {
        uint64_t least = -count % count;

        while ((uint64_t)product < least) {
            product = (uint128)rng_u64(rng) * count;
        }
    }
    return (uint64_t)(product >> 64);
}

/*
 * Exponential of mean 1, >= 0. What is rare works on a copy of the stream: where no other code
 * knows its address, a loop of draws then keeps the state in registers.
 */
static inline double rng_exponential(struct rng *rng)
{
    uint64_t bits = 0;

    if (__builtin_expect(rng->mode == RNG_FAST, 1)) {
        bits = rng_next(rng);
        const struct rng_layer *layer = &rng_exponential_layers[bits & 255];

        if (__builtin_expect((bits >> 11) < layer->inside, 1)) {
            return (double)(int64_t)(bits >> 11) * layer->scale;
        }
    }
    struct rng copy = *rng;
    double variate = rng_exponential_rare(&copy, bits);

    *rng = copy;
    return variate;
}

/* Normal of mean 0 and variance 1. */
static inline double rng_normal(struct rng *rng)
{
    uint64_t bits = 0;

    if (__builtin_expect(rng->mode == RNG_FAST, 1)) {
        bits = rng_next(rng);
        const struct rng_layer *layer = &rng_normal_layers[bits & 255];

        if (__builtin_expect((bits >> 11) < layer->inside, 1)) {
            double size = (double)(int64_t)(bits >> 11) * layer->scale;
            uint64_t image;

            memcpy(&image, &size, sizeof image);
            image |= (bits & 256) << 55; /* bit 8 is the sign: no branch to mispredict */
            memcpy(&size, &image, sizeof size);
            return size;
        }
    }
    struct rng copy = *rng;
    double variate = rng_normal_rare(&copy, bits);

    *rng = copy;
    return variate;
}

/* exp(log_mean + log_sd * normal): the logarithm has this mean and standard deviation. */
static inline double rng_lognormal(struct rng *rng, double log_mean, double log_sd)
{
    return exp(log_mean + log_sd * rng_normal(rng));
}

#endif
