/* How many pages a guest dirties while a migration's round lasts. */
#ifndef SIM_HOST_DIRTY_H
#define SIM_HOST_DIRTY_H

#include <stdbool.h>

struct dirty_rules {
    double rate, set; /* pages/s; pages that are written again and again */
    bool cyclic;      /* in turn, not at random */
    bool clear_log;   /* a page's dirty bit is cleared just before it is sent */
};

/* Pages that are dirty after `lasted_s` at `rate` pages/s and were not before: `unsent` of the set
 * were dirty all the time, `sent` of it were until they were sent, evenly over the time. */
double dirty_pages(const struct dirty_rules *rules, double rate, double lasted_s, double unsent,
                   double sent);

#endif
