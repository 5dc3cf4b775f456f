/*
 * Steady-state mean of one long correlated series, with an interval: batch means over a fixed
 * number of cells (Fishman, "Grouping observations in digital simulation", Manage. Sci. 24, 1978).
 *
 * The series is cut into equal batches. When all BATCH_MEANS_CELLS are full, neighbours are joined
 * and the batch size doubles: O(1) memory, O(1) amortised time, no length known in advance. Between
 * 16 and 31 batches are complete at any time after the first 32 observations: more would be
 * shorter and so more correlated, for a gain in width of a few percent at best (Schmeiser, "Batch
 * size effects in the analysis of simulation output", Oper. Res. 30(3), 1982).
 *
 * The interval treats batch means as independent. batch_means_interval checks that by their lag-1
 * autocorrelation (von Neumann's ratio is its equivalent) and joins batches, down to
 * BATCH_MEANS_FEWEST, until no positive correlation shows at the 10 % level.
 */
#ifndef SIM_ENGINE_BATCH_MEANS_H
#define SIM_ENGINE_BATCH_MEANS_H

#include "sim/engine/interval.h"

#include <stdint.h>

enum { BATCH_MEANS_CELLS = 32, BATCH_MEANS_FEWEST = 8 };

struct batch_means {
    uint64_t size;   /* observations in a complete batch */
    uint64_t filled; /* observations in the batch being filled */
    double sum;      /* of that batch */
    uint32_t count;  /* complete batches */
    double means[BATCH_MEANS_CELLS];
};

struct batch_means_result {
    struct interval interval;
    uint32_t batches;   /* used, after joining */
    double correlation; /* lag 1, of those batches */
    int independent;    /* 0: still correlated with the fewest batches; run longer */
};

void batch_means_init(struct batch_means *batches);
void batch_means_add(struct batch_means *batches, double x);

/* Lag-1 autocorrelation of means[count]; 0 for fewer than 3 or when all are equal. */
double batch_means_correlation(const double *means, uint32_t count);

/* Uses complete batches only. With fewer than 8 the half width is INFINITY, independent 0. */
struct batch_means_result batch_means_interval(const struct batch_means *batches,
                                               double confidence);

#endif
