#include "sim/engine/pairs.h"

void pairs_init(struct pairs *pairs)
{
    tally_init(&pairs->x);
    tally_init(&pairs->y);
    pairs->products = 0;
}

void pairs_add(struct pairs *pairs, double x, double y)
{
    double step = x - pairs->x.mean;

    tally_add(&pairs->x, x);
    tally_add(&pairs->y, y);
    pairs->products += step * (y - pairs->y.mean);
}

void pairs_merge(struct pairs *into, const struct pairs *from)
{
    double a = (double)into->x.count;
    double b = (double)from->x.count;

    if (from->x.count == 0) {
        return;
    }
    into->products += from->products + (from->x.mean - into->x.mean) *
                                           (from->y.mean - into->y.mean) * (a * b / (a + b));
    tally_merge(&into->x, &from->x);
    tally_merge(&into->y, &from->y);
}

double pairs_correlation(const struct pairs *pairs)
{
    return pairs->x.count < 2 ? NAN : pairs->products / sqrt(pairs->x.squares * pairs->y.squares);
}

/* Interval of a linear combination whose squared deviations add up to `squares`. */
static struct interval combined(const struct pairs *pairs, double mean, double squares,
                                double confidence)
{
    double count = (double)pairs->x.count;
    double freedom = count - 1;

    return interval_student(mean, sqrt(fmax(squares, 0) / freedom / count), freedom, confidence);
}

static double difference_squares(const struct pairs *pairs)
{
    return pairs->x.squares + pairs->y.squares - 2 * pairs->products;
}

static double sum_squares(const struct pairs *pairs)
{
    return pairs->x.squares + pairs->y.squares + 2 * pairs->products;
}

struct interval pairs_difference(const struct pairs *pairs, double confidence)
{
    return combined(pairs, pairs->y.mean - pairs->x.mean, difference_squares(pairs), confidence);
}

struct interval pairs_average(const struct pairs *pairs, double confidence)
{
    return combined(pairs, (pairs->x.mean + pairs->y.mean) / 2, sum_squares(pairs) / 4, confidence);
}

struct interval pairs_controlled(const struct pairs *pairs, double x_mean, double confidence)
{
    double count = (double)pairs->x.count;
    double freedom = count - 2;
    double slope = pairs->x.squares > 0 ? pairs->products / pairs->x.squares : 0;
    double off = pairs->x.mean - x_mean;
    double residual = fmax(pairs->y.squares - slope * pairs->products, 0) / freedom;
    double lever = pairs->x.squares > 0 ? off * off / pairs->x.squares : 0;

    return interval_student(pairs->y.mean - slope * off, sqrt(residual * (1 / count + lever)),
                            freedom, confidence);
}

double pairs_difference_gain(const struct pairs *pairs)
{
    return (pairs->x.squares + pairs->y.squares) / difference_squares(pairs);
}

double pairs_average_gain(const struct pairs *pairs)
{
    return (pairs->x.squares + pairs->y.squares) / sum_squares(pairs);
}
