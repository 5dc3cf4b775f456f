/*
 * Histogram of uint64_t values (latencies in ns, sizes in bytes) with logarithmic buckets: fixed
 * memory (30 KiB), O(1) to add, quantiles within HISTOGRAM_ERROR_RATIO of the exact order statistic
 * over the whole range.
 *
 * Values below 128 have a bucket each. Above, every power of two is cut into 64 equal buckets:
 *
 *     0 1 2 ... 127 | 128 130 ... 254 | 256 260 ... 508 | 512 520 ...     (lower ends)
 *      width 1           width 2           width 4          width 8
 *
 * The layout is that of HdrHistogram (G. Tene). A bucket [low, low + w) has low >= 64 w, and its
 * midpoint stands for it, so the error is at most (w/2) / (64 w) = 1/128.
 *
 * Counts and the 128-bit sum are integers: merging is exact, in any order.
 */
#ifndef SIM_ENGINE_HISTOGRAM_H
#define SIM_ENGINE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_ERROR_RATIO (1.0 / 128)

enum {
    HISTOGRAM_HALF_BITS = 6, /* 2^6 buckets in each power of two */
    HISTOGRAM_BUCKETS = (64 - HISTOGRAM_HALF_BITS + 1) << HISTOGRAM_HALF_BITS,
};

__extension__ typedef unsigned __int128 histogram_sum;

struct histogram {
    uint64_t count;
    uint64_t least;    /* exact; UINT64_MAX while empty */
    uint64_t greatest; /* exact */
    histogram_sum sum; /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *histogram);

/* Bucket of a value, and the least value of a bucket (and of the one past the last: 2^64 as 0). */
static inline unsigned histogram_bucket(uint64_t value)
{
    if (value < 2u << HISTOGRAM_HALF_BITS) {
        return (unsigned)value;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_HALF_BITS;

    return (shift << HISTOGRAM_HALF_BITS) + (unsigned)(value >> shift);
}

static inline uint64_t histogram_bucket_least(unsigned bucket)
{
    unsigned octave = bucket >> HISTOGRAM_HALF_BITS;

    if (octave < 2) {
        return bucket;
    }
    return (uint64_t)(bucket - ((octave - 1) << HISTOGRAM_HALF_BITS)) << (octave - 1);
}

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->sum += value;
    histogram->least = value < histogram->least ? value : histogram->least;
    histogram->greatest = value > histogram->greatest ? value : histogram->greatest;
    histogram->buckets[histogram_bucket(value)]++;
}

/* Adds all that `from` has seen: the same bits as if it had been added here value by value. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* NAN while empty. */
double histogram_mean(const struct histogram *histogram);

/*
 * The value of rank ceil(p count), 0 <= p <= 1, within HISTOGRAM_ERROR_RATIO of it; exact below
 * 128, and for p = 0 and p = 1. 0 while empty.
 */
uint64_t histogram_quantile(const struct histogram *histogram, double p);

/* How many values lie above `value`, taking the bucket of `value` itself as not above. */
uint64_t histogram_above(const struct histogram *histogram, uint64_t value);

#endif
