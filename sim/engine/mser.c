#include "sim/engine/mser.h"

#include "sim/engine/tally.h"

enum { GROUP = 5, FEWEST_KEPT = 5 };

static double group_mean(const double *series, size_t group)
{
    double sum = 0;

    for (size_t i = 0; i < GROUP; i++) {
        sum += series[group * GROUP + i];
    }
    return sum / GROUP;
}

static struct mser too_short(const double *series, size_t count)
{
    struct tally tally;

    tally_init(&tally);
    for (size_t i = 0; i < count; i++) {
        tally_add(&tally, series[i]);
    }
    return (struct mser){.mean = count == 0 ? NAN : tally.mean};
}

/*
 * From the end to the start one tally sees every suffix once. The last few suffixes are left out:
 * a couple of values that happen to be close would always win.
 */
struct mser mser_truncate(const double *series, size_t count)
{
    size_t groups = count / GROUP;
    double least_late = INFINITY;
    double least = INFINITY;
    struct mser result = {0};
    struct tally suffix;

    if (groups < 2) {
        return too_short(series, count);
    }
    tally_init(&suffix);
    for (size_t cut = groups; cut-- > 0;) {
        double kept;
        double statistic;

        tally_add(&suffix, group_mean(series, cut));
        kept = (double)suffix.count;
        statistic = suffix.squares / (kept * kept);
        if (cut > groups / 2) {
            if (suffix.count >= FEWEST_KEPT) {
                least_late = fmin(least_late, statistic);
            }
        } else if (statistic <= least) {
            least = statistic;
            result.discard = cut * GROUP;
            result.mean = suffix.mean;
        }
    }
    result.settled = least <= least_late;
    return result;
}
