/*
 * The ladder tier of the pending set: an array ladder queue for 10^4 to 10^7 events.
 *
 * Events wait unsorted until their turn is near, and are sorted a few at a time:
 *
 *     front    sorted array, the next few dozen events; popping is a step of an index
 *     rungs    buckets of equal time spans; each rung splits one bucket of the rung above
 *                  rung 0   |      |      |  ....  |      |       spans 2^shift
 *                  rung 1          | | | | | | | |                spans 2^(shift - k)
 *     far      everything later than the last bucket of rung 0, in no order
 *
 * When the front runs dry, the next bucket of the lowest rung is sorted into it, or, if it holds
 * too many for that, becomes a rung of its own. When no rung is left, far becomes rung 0.
 * A new event goes into the first of front, lowest rung, ..., rung 0, far that covers its time.
 *
 * Buckets and far are lists of chunks of 15 keys, written at the end and read from the head: a key
 * is copied two or three times on its way, most of it in sequence. Being lists in order of arrival
 * they keep events of equal time and priority in order of sequence; therefore the high word alone
 * is enough to sort by, and a bucket of one single high word is sorted as it stands.
 *
 * The record of an event (by slot) holds its key and action. A cancelled event leaves its key
 * behind in some chunk; a key is dead when the record of its slot does not hold it. Dead keys are
 * skipped at the front and swept out when they exceed half of the live ones, so cancel is O(1)
 * amortised and memory stays bounded. All of it is O(1) amortised an event.
 *
 * WHY IT IS FAST. With a million events no record is in the cache when its turn comes, but the
 * order of turns is known ahead: while one bucket is sorted, the records of the bucket two further
 * on and the arguments of the next one are already fetched. No heap or tree can tell so early.
 * Records and chunks lie in huge pages, or every fetch would wait for its address to be translated.
 *
 * FILES. ladder_memory.c: records and chunks. ladder_bucket.h: lists of chunks. ladder_front.c:
 * sorting into the front, inserting into it. ladder.c: rungs, refilling, insertion, sweeping.
 *
 * Ladder queues: Tang, Goh, Thng, ACM TOMACS 15(3), 2005.
 */
#ifndef SIM_ENGINE_LADDER_H
#define SIM_ENGINE_LADDER_H

#include "sim/engine/winner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;
typedef void sim_callback(struct sim *sim, void *arg);

/* What an event does when its time has come. */
struct pending_action {
    sim_callback *fn;
    void *arg;
};

#define LADDER_CHUNK_KEYS 15
/* At most 51 by spilling a long front, then at most 30 nested ones, as each of those has buckets
 * at most a quarter as wide as the one it splits. */
#define LADDER_MAX_RUNGS 96

/* Aligned to its size. */
struct ladder_chunk {
    struct ladder_chunk *next;
    uint64_t unused;
    struct pending_key key[LADDER_CHUNK_KEYS];
};

/* A list of chunks; all but the last are full. All zero is an empty one. */
struct ladder_bucket {
    struct ladder_chunk *head;
    struct pending_key
        *end; /* behind the last key; at a multiple of the chunk size, if none fits */
    uint64_t chunks;
};

struct ladder_rung {
    uint64_t base; /* high word at which bucket 0 begins */
    uint64_t last; /* greatest high word of the last bucket */
    unsigned shift;
    uint32_t current; /* first bucket not consumed */
    uint32_t buckets;
    uint32_t capacity;
    struct ladder_bucket *bucket;
};

struct ladder_record {
    struct pending_key key; /* low is WINNER_NONE when the slot is free */
    struct pending_action action;
};

struct ladder {
    struct ladder_record *record; /* by slot */
    uint32_t slots;
    struct pending_key *front;
    uint32_t front_head;
    uint32_t front_tail;
    uint32_t front_capacity;
    uint32_t depth;       /* rungs in use */
    uint64_t front_last;  /* greatest high word that belongs to the front */
    uint64_t front_limit; /* keys at which it becomes a rung */
    struct ladder_bucket far;
    uint64_t far_first; /* smallest and greatest high word in far */
    uint64_t far_last;
    uint64_t dead; /* keys whose event was cancelled or moved */
    struct ladder_chunk *free_chunk;
    uint64_t free_chunks;
    void **block; /* memory the chunks are cut from */
    uint32_t blocks;
    uint32_t block_capacity;
    size_t block_bytes; /* sum over blocks */
    struct ladder_rung rung[LADDER_MAX_RUNGS];
};

/* An empty ladder with room for `slots` records, or NULL. */
struct ladder *ladder_create(uint32_t slots);
void ladder_destroy(struct ladder *ladder);

/* Makes room for more records; false if there is no memory. */
bool ladder_resize(struct ladder *ladder, uint32_t slots);

/* Files a key; false, with nothing changed, if there is no memory. */
bool ladder_insert(struct ladder *ladder, uint64_t high, uint64_t low);

static inline struct ladder_record *ladder_record_of(const struct ladder *ladder,
                                                     const struct pending_key *key)
{
    return &ladder->record[key->low & PENDING_SLOT_MASK];
}

enum ladder_front { LADDER_READY, LADDER_EMPTY, LADDER_NO_MEMORY };

/* A cancelled or moved event leaves its key behind: the record of its slot holds it no more. */
static inline bool ladder_is_dead(const struct ladder *ladder, const struct pending_key *key)
{
    return ladder_record_of(ladder, key)->key.low != key->low;
}

/* Makes front[front_head] the earliest live key. */
enum ladder_front ladder_refill(struct ladder *ladder);

static inline enum ladder_front ladder_settle(struct ladder *ladder)
{
    if (__builtin_expect(ladder->front_head < ladder->front_tail, 1) &&
        __builtin_expect(!ladder_is_dead(ladder, &ladder->front[ladder->front_head]), 1))
        return LADDER_READY;
    return ladder_refill(ladder);
}

/* Counts one dead key; sweeps when they exceed half of the live ones. */
void ladder_bury(struct ladder *ladder, uint64_t live);

/* Bytes allocated in all. */
size_t ladder_bytes(const struct ladder *ladder);

#endif
