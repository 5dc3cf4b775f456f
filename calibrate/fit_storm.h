/* Starts in parallel: how long each takes, or how many are done a second, when n are under way.
 *
 * A start takes D of CPU time and Z of waiting that no other start prolongs. The n share c CPUs
 * (processor sharing: a closed network of a station with c servers and a delay, whose means do not
 * depend on the distribution of D; Baskett, Chandy, Muntz and Palacios, JACM 22, 1975). c is the
 * host's and not fitted.
 *
 * One process launches them, one at a time, S of CPU time each, and it shares the CPUs with the
 * starts under way: with k of those on the CPUs it has c / (k + 1) of one (at most a whole one). So
 * it falls behind where they crowd: their number settles near D / S however large n is, and the
 * time of a start with it. Without Z that number is Poisson of mean D / S, cut off at n; with it
 * the network takes the station's place at each number (flow-equivalent: Chandy, Herzog and Woo,
 * IBM J. Res. Dev. 19, 1975). Not reproduced: what makes a start alone slower than one of several
 * (clocks of idle CPUs), and what slows all at once (memory that runs out).
 *
 * Noise is a share of the time (least squares on logarithms). Cost: the square of the largest n a
 * model call. Times are seconds. */
#ifndef CALIBRATE_FIT_STORM_H
#define CALIBRATE_FIT_STORM_H

#include "calibrate/fit_queue.h"

enum { STORM_STARTS_MAX = 1024, STORM_CPUS_MAX = 65536 };

enum storm_measure {
    STORM_TIME, /* the mean time of a start, without the wait to be launched */
    STORM_RATE, /* starts a second */
};

struct storm_rules {
    enum storm_measure measure; /* what the sweep's y is */
    double cpus;                /* of the host; whole, 1 to STORM_CPUS_MAX */
    size_t resamples;           /* of the bootstrap; 0: none */
};

struct storm_fit {
    enum storm_measure measure;
    double cpus;
    struct fit_value wait_s, demand_s; /* Z, D */
    struct fit_value launch_s;         /* S; value 0: left out */
    struct fit_quality quality;
};

/* There always is a launcher. It is left out (value 0) of two points, which cannot carry it, and of
 * rates, which cannot tell it from the CPUs: either way they stop rising. A sweep of times that
 * does not feel it leaves launch_s unidentified. With as many points as parameters the curve goes
 * through them and quality.passed is false. STATUS_DATA as queue_fit, n at most STORM_STARTS_MAX.
 */
int storm_fit(struct storm_fit *fit, const struct sweep *sweep, const struct storm_rules *rules,
              struct diag *diag);

/* The measure with n starts under way or waiting to be launched. */
double storm_predict(const struct storm_fit *fit, double n);

#endif
