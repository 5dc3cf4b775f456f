/*
 * Time integral of a whole number (jobs waiting, busy servers) held by a station. Exact integers:
 * no division and no rounding on the way, unlike time_average.h, which takes any double.
 */
#ifndef SIM_ENGINE_STATION_LEVEL_H
#define SIM_ENGINE_STATION_LEVEL_H

#include <math.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 station_area;

struct station_level {
    uint64_t began_ns;
    uint64_t changed_ns;
    uint64_t now; /* the level */
    uint64_t greatest;
    station_area area_ns; /* level times ns, up to changed_ns */
};

/* Begin, or begin again after a warm-up, with the level as it is. */
static inline void station_level_restart(struct station_level *level, uint64_t now_ns)
{
    *level = (struct station_level){
        .began_ns = now_ns, .changed_ns = now_ns, .now = level->now, .greatest = level->now};
}

static inline void station_level_set(struct station_level *level, uint64_t now_ns, uint64_t value)
{
    level->area_ns += (station_area)level->now * (now_ns - level->changed_ns);
    level->changed_ns = now_ns;
    level->now = value;
    level->greatest = value > level->greatest ? value : level->greatest;
}

/* Time-weighted mean since the beginning; NAN when no time has passed. */
static inline double station_level_mean(const struct station_level *level, uint64_t now_ns)
{
    station_area area = level->area_ns + (station_area)level->now * (now_ns - level->changed_ns);

    return now_ns == level->began_ns ? NAN : (double)area / (double)(now_ns - level->began_ns);
}

#endif
