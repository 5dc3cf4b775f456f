#include "sim/host/dirty.h"

#include <math.h>

/* Share of the set that is written at least once when `turns` = writes / pages of it are made. */
static double share(const struct dirty_rules *rules, double turns)
{
    return rules->cyclic ? fmin(turns, 1) : -expm1(-turns);
}

/* The mean of share over all times from none to `turns`. */
static double mean_share(const struct dirty_rules *rules, double turns)
{
    if (turns <= 0)
        return 0;
    if (rules->cyclic)
        return turns <= 1 ? turns / 2 : 1 - 1 / (2 * turns);
    return 1 + expm1(-turns) / turns;
}

/* A writer that goes round its set has what waits behind it and comes to it last; but when all of
 * the set was dirty, what waits lies anywhere. */
static double dirtied_in_turn(const struct dirty_rules *rules, double written, double unsent,
                              double sent)
{
    if (unsent + sent >= rules->set)
        return fmin(written, rules->set) * fmax(1 - unsent / rules->set, 0);
    return fmin(written, rules->set - unsent);
}

double dirty_pages(const struct dirty_rules *rules, double rate, double lasted_s, double unsent,
                   double sent)
{
    if (rules->set <= 0)
        return 0;
    double turns = rate * lasted_s / rules->set;
    double clean = fmax(rules->set - unsent, 0);
    double dirty = rules->cyclic ? dirtied_in_turn(rules, rate * lasted_s, unsent, sent)
                                 : clean * share(rules, turns);
    if (rules->clear_log)
        dirty -= fmin(sent, clean) * (share(rules, turns) - mean_share(rules, turns));
    return fmax(dirty, 0);
}
