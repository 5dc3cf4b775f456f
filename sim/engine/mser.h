/*
 * End of the warm-up by MSER-5: cut where the standard error of what remains is least (White, "An
 * effective truncation heuristic for bias reduction in simulation output", Simulation 69(6), 1997;
 * White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics", WSC 2000).
 */
#ifndef SIM_ENGINE_MSER_H
#define SIM_ENGINE_MSER_H

#include <stddef.h>

struct mser {
    size_t discard; /* leading observations to discard, a multiple of 5 */
    double mean;    /* of the observations kept, in whole groups of 5 */
    int settled;    /* 0: the best cut lies in the last half; the series is too short */
};

/*
 * O(count), no memory. Observations are taken in groups of 5, an incomplete last group is left
 * out. Only cuts in the first half are eligible; when a cut beyond would be better still,
 * `settled` is 0 and discard is the best eligible one. Fewer than 10 observations: discard 0,
 * settled 0, mean of all (NAN for none).
 */
struct mser mser_truncate(const double *series, size_t count);

#endif
