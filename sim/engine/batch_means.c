#include "sim/engine/batch_means.h"

#include <math.h>
#include <string.h>

void batch_means_init(struct batch_means *batches)
{
    *batches = (struct batch_means){.size = 1};
}

static uint32_t join_neighbours(double *means, uint32_t count)
{
    for (uint32_t i = 0; i < count / 2; i++) {
        means[i] = (means[2 * i] + means[2 * i + 1]) / 2;
    }
    return count / 2;
}

void batch_means_add(struct batch_means *batches, double x)
{
    batches->sum += x;
    if (++batches->filled < batches->size) {
        return;
    }
    batches->means[batches->count++] = batches->sum / (double)batches->size;
    batches->sum = 0;
    batches->filled = 0;
    if (batches->count == BATCH_MEANS_CELLS) {
        batches->count = join_neighbours(batches->means, batches->count);
        batches->size *= 2;
    }
}

double batch_means_correlation(const double *means, uint32_t count)
{
    double mean = 0;
    double squares = 0;
    double products = 0;

    for (uint32_t i = 0; i < count; i++) {
        mean += means[i] / count;
    }
    for (uint32_t i = 0; i < count; i++) {
        squares += (means[i] - mean) * (means[i] - mean);
        products += i > 0 ? (means[i] - mean) * (means[i - 1] - mean) : 0;
    }
    return count < 3 || squares == 0 ? 0 : products / squares;
}

/* Under independence the lag-1 correlation is about normal with variance 1/count. */
static int looks_independent(double correlation, uint32_t count)
{
    const double normal_90_percent = 1.2816;

    return correlation * sqrt(count) <= normal_90_percent;
}

struct batch_means_result batch_means_interval(const struct batch_means *batches, double confidence)
{
    struct batch_means_result result = {.batches = batches->count};
    double means[BATCH_MEANS_CELLS];
    struct tally tally;

    memcpy(means, batches->means, sizeof means);
    result.correlation = batch_means_correlation(means, result.batches);
    result.independent = looks_independent(result.correlation, result.batches);
    while (!result.independent && result.batches >= 2 * BATCH_MEANS_FEWEST) {
        result.batches = join_neighbours(means, result.batches);
        result.correlation = batch_means_correlation(means, result.batches);
        result.independent = looks_independent(result.correlation, result.batches);
    }
    tally_init(&tally);
    for (uint32_t i = 0; i < result.batches; i++) {
        tally_add(&tally, means[i]);
    }
    result.interval = interval_of_mean(&tally, confidence);
    if (result.batches < BATCH_MEANS_FEWEST) {
        result.independent = 0;
        result.interval.half_width = INFINITY;
    }
    return result;
}
