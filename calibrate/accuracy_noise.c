/* How far a curve's repeats differ: what nobody's prediction can do better than. */
#include "calibrate/accuracy_parts.h"

#include <math.h>

#include "calibrate/cost_solver.h"

enum { HALVINGS = 50 };
#define SHARE_MAX 10.0

/* One x after the other: how many readings, and their mean. */
static size_t next_place(const struct points *points, size_t from, double *mean)
{
    size_t to = from;
    *mean = 0;
    for (; to < points->count && points->x[to] == points->x[from]; to++)
        *mean += points->y[to];
    *mean /= (double)(to - from);
    return to;
}

/* Squares about the means of the repeats, each over its variance at a share. */
static double squares(const struct points *points, double share, double step, double *freedom)
{
    double sum = 0, mean;
    *freedom = 0;
    for (size_t from = 0, to; from < points->count; from = to) {
        to = next_place(points, from, &mean);
        double variance = share * share * mean * mean + cost_step_variance(step);
        *freedom += (double)(to - from - 1);
        for (size_t i = from; i < to; i++) {
            double off = points->y[i] - mean;
            sum += off != 0 ? off * off / variance : 0;
        }
    }
    return sum;
}

/* As cost_solver.h has it. */
static double share_of(const struct points *points, double step)
{
    double freedom, low = 0, high = SHARE_MAX;
    if (squares(points, 0, step, &freedom) <= freedom)
        return freedom > 0 ? 0 : NAN;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = 0.5 * (low + high);
        if (squares(points, middle, step, &freedom) > freedom)
            low = middle;
        else
            high = middle;
    }
    return freedom > 0 ? high : NAN;
}

/* Standard deviation of the median or least of n normal deviates, as a share of theirs. Harter,
 * Order Statistics and their Use in Testing and Estimation (1970); medians beyond 3: asymptotic. */
static double of_summary(enum accuracy_values values, size_t n)
{
    static const double least[] = {1, 0.826, 0.748, 0.701}, middle[] = {1, 0.707, 0.670};
    if (values == VALUES_EACH)
        return 1;
    if (values == VALUES_MIN)
        return least[n < 4 ? n - 1 : 3];
    return n <= 3 ? middle[n - 1] : sqrt(M_PI / 2 / (double)n);
}

struct accuracy_noise accuracy_noise(const struct points *all, const struct points *held,
                                     const struct accuracy_rule *rule)
{
    struct accuracy_noise noise = {share_of(all, rule->step), 0};
    double mean, places = 0;
    for (size_t from = 0, to; from < held->count; from = to) {
        to = next_place(held, from, &mean);
        double step = cost_step_variance(rule->step) / (mean * mean);
        noise.floor += sqrt(2 / M_PI) * sqrt(noise.share * noise.share + step) *
                       of_summary(rule->values, to - from);
        places++;
    }
    noise.floor /= places;
    return noise;
}
