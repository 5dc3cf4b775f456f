/*
 * A discrete law over n values in O(1) a draw: Walker's alias method with Vose's O(n) construction
 * (IEEE Trans. Softw. Eng. 17(9), 1991). The cells also hold the cumulated probabilities, so that
 * the same table answers the distribution function and its inverse in O(log n).
 */
#ifndef SIM_ENGINE_ALIAS_H
#define SIM_ENGINE_ALIAS_H

#include "sim/engine/random.h"

#include <stddef.h>
#include <stdint.h>

struct alias_cell {
    double value;       /* whatever the user of the table draws */
    double probability; /* of this value */
    double cumulative;  /* of this value and all before it; exactly 1 in the last cell */
    /* below: private to alias.c and alias_pick */
    double keep; /* part of the cell that is its own */
    uint32_t other;
};

/*
 * Fill caller-owned cells[count] from values[count] and weights[count] >= 0 (any positive sum).
 * Returns 0, or -1 when count is 0 or beyond 2^32-1, or a weight is negative, not finite, or all
 * are 0.
 */
int alias_build(struct alias_cell *cells, size_t count, const double *values,
                const double *weights);

/* The first cell whose cumulative probability reaches u, 0 < u < 1: the inverse in index order. */
size_t alias_invert(const struct alias_cell *cells, size_t count, double u);

/* Index of a random cell: O(1) in RNG_FAST, by inversion otherwise. */
static inline size_t alias_pick(const struct alias_cell *cells, size_t count, struct rng *rng)
{
    if (__builtin_expect(rng->mode != RNG_FAST, 0)) {
        return alias_invert(cells, count, rng_uniform_open(rng));
    }
    size_t at = (size_t)rng_below(rng, count);

    return rng_uniform(rng) < cells[at].keep ? at : cells[at].other;
}

#endif
