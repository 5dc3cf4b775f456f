/* The front of a ladder, a sorted array with room at both ends. Private to the ladder. */
#ifndef SIM_ENGINE_LADDER_FRONT_H
#define SIM_ENGINE_LADDER_FRONT_H

#include "sim/engine/ladder.h"

#define LADDER_FRONT_LOAD 32  /* most keys of different times sorted into the front at once */
#define LADDER_FRONT_SPILL 96 /* a front longer than this becomes a rung */

/*
 * Moves a bucket into the empty front, which from now on covers everything up to `last`. A bucket
 * of one single time is in order already, and may be of any size.
 */
bool ladder_front_load(struct ladder *ladder, struct ladder_bucket *bucket, uint64_t last,
                       bool one_time);

/* Inserts a key that belongs to the front, moving whichever side is shorter. */
bool ladder_front_insert(struct ladder *ladder, uint64_t high, uint64_t low);

#endif
