#include "sim/engine/histogram.h"

#include "sim/engine/contract.h"

#include <math.h>
#include <string.h>

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->least = UINT64_MAX;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->count += from->count;
    into->sum += from->sum;
    into->least = from->least < into->least ? from->least : into->least;
    into->greatest = from->greatest > into->greatest ? from->greatest : into->greatest;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count == 0 ? NAN : (double)histogram->sum / (double)histogram->count;
}

static uint64_t bucket_middle(unsigned bucket)
{
    uint64_t low = histogram_bucket_least(bucket);

    return low + (histogram_bucket_least(bucket + 1) - low) / 2;
}

uint64_t histogram_quantile(const struct histogram *histogram, double p)
{
    uint64_t rank = (uint64_t)ceil(p * (double)histogram->count);
    uint64_t seen = 0;
    unsigned bucket = 0;
    uint64_t middle;

    contract(p >= 0 && p <= 1);
    if (histogram->count == 0) {
        return 0;
    }
    if (rank <= 1 || rank >= histogram->count) {
        return rank <= 1 ? histogram->least : histogram->greatest;
    }
    while (seen + histogram->buckets[bucket] < rank) {
        seen += histogram->buckets[bucket];
        bucket++;
    }
    middle = bucket_middle(bucket);
    if (middle < histogram->least) {
        return histogram->least;
    }
    return middle > histogram->greatest ? histogram->greatest : middle;
}

uint64_t histogram_above(const struct histogram *histogram, uint64_t value)
{
    uint64_t above = 0;

    for (unsigned i = histogram_bucket(value) + 1; i < HISTOGRAM_BUCKETS; i++) {
        above += histogram->buckets[i];
    }
    return above;
}
