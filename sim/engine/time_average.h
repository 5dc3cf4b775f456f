/*
 * Average over simulated time of a quantity that changes in steps (queue length, busy cores, bytes
 * in use), one pass, O(1) memory: mean, variance, least and greatest, each weighted by the time a
 * value lasted. Update: West, "Updating mean and variance estimates", CACM 22(9), 1979.
 */
#ifndef SIM_ENGINE_TIME_AVERAGE_H
#define SIM_ENGINE_TIME_AVERAGE_H

#include "sim/engine/contract.h"

#include <math.h>
#include <stdint.h>

struct time_average {
    uint64_t changed_ns; /* since when the value is what it is */
    uint64_t weight_ns;  /* time accounted for, up to changed_ns */
    double value;
    double mean;
    double squares; /* sum of squared deviations, times ns */
    double least;   /* of values that were set, however short they lasted */
    double greatest;
};

/* Begin at now_ns with this value. */
static inline void time_average_init(struct time_average *average, uint64_t now_ns, double value)
{
    *average = (struct time_average){
        .changed_ns = now_ns, .value = value, .least = value, .greatest = value};
}

/* Account for the value up to now_ns, which must not be before the last change. */
static inline void time_average_advance(struct time_average *average, uint64_t now_ns)
{
    contract(now_ns >= average->changed_ns);
    uint64_t lasted_ns = now_ns - average->changed_ns;

    if (lasted_ns > 0) {
        double step = average->value - average->mean;

        average->weight_ns += lasted_ns;
        average->mean += step * ((double)lasted_ns / (double)average->weight_ns);
        average->squares += step * (average->value - average->mean) * (double)lasted_ns;
        average->changed_ns = now_ns;
    }
}

static inline void time_average_set(struct time_average *average, uint64_t now_ns, double value)
{
    time_average_advance(average, now_ns);
    average->value = value;
    average->least = value < average->least ? value : average->least;
    average->greatest = value > average->greatest ? value : average->greatest;
}

/* Forget the past, keep the value: the end of a warm-up. */
static inline void time_average_restart(struct time_average *average, uint64_t now_ns)
{
    time_average_init(average, now_ns, average->value);
}

/* Time-weighted mean up to now_ns; NAN when no time has passed. */
static inline double time_average_mean(struct time_average *average, uint64_t now_ns)
{
    time_average_advance(average, now_ns);
    return average->weight_ns == 0 ? NAN : average->mean;
}

/* Time-weighted variance up to now_ns; NAN when no time has passed. */
static inline double time_average_variance(struct time_average *average, uint64_t now_ns)
{
    time_average_advance(average, now_ns);
    return average->weight_ns == 0 ? NAN : average->squares / (double)average->weight_ns;
}

#endif
