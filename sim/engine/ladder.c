/* The array ladder queue: rungs, refilling, insertion, sweeping. See ladder.h. */
#include "sim/engine/ladder.h"

#include "sim/engine/contract.h"
#include "sim/engine/ladder_bucket.h"
#include "sim/engine/ladder_front.h"

#include <stdlib.h>

#define FRONT_DEPTH 32   /* rungs; each further one doubles the length of a front that spills */
#define BUCKET_TARGET 8  /* keys a bucket of a new rung should hold */
#define MAX_BUCKETS 2048 /* so that the ends being written stay in the cache */
#define SWEEP_SLACK 64   /* dead keys not worth a sweep */

/* ---- rungs ---- */

static inline void rung_file(struct ladder *ladder, struct ladder_rung *rung, uint64_t high,
                             uint64_t low)
{
    uint64_t index = (high - rung->base) >> rung->shift;
    invariant(high >= rung->base && index >= rung->current && index < rung->buckets);
    bucket_append(ladder, &rung->bucket[index], high, low);
}

/*
 * A new lowest rung for `count` keys between two high words, still empty, with `chunks` more than
 * one a bucket reserved for filling it. NULL if there is no memory.
 */
static struct ladder_rung *add_rung(struct ladder *ladder, uint64_t base, uint64_t last,
                                    uint64_t count, uint64_t chunks)
{
    invariant(ladder->depth < LADDER_MAX_RUNGS && base <= last);
    struct ladder_rung *rung = &ladder->rung[ladder->depth];
    uint64_t wanted = count / BUCKET_TARGET;
    if (wanted > MAX_BUCKETS)
        wanted = MAX_BUCKETS;
    unsigned shift = 0;
    while ((last - base) >> shift >= wanted)
        shift++;
    uint32_t buckets = (uint32_t)((last - base) >> shift) + 1;
    if (!ladder_reserve(ladder, chunks + buckets))
        return NULL;
    if (buckets > rung->capacity) {
        struct ladder_bucket *bucket = calloc(buckets, sizeof *bucket);
        if (!bucket)
            return NULL;
        free(rung->bucket);
        rung->bucket = bucket;
        rung->capacity = buckets;
    }
    rung->base = base;
    rung->last = last;
    rung->shift = shift;
    rung->current = 0;
    rung->buckets = buckets;
    ladder->depth++;
    return rung;
}

/* Splits a bucket that covers the high words base to last into a new rung, and empties it. */
static bool split(struct ladder *ladder, struct ladder_bucket *bucket, uint64_t base, uint64_t last)
{
    /* Chunks read are given back at once: only those in hand are needed on top. */
    struct ladder_rung *rung = add_rung(ladder, base, last, bucket_count(bucket), 2);
    if (!rung)
        return false;
    for (struct ladder_chunk *chunk = bucket->head; chunk;) {
        struct ladder_chunk *next = chunk->next;
        const struct pending_key *end = bucket_chunk_end(bucket, chunk);
        for (size_t line = 0; next && line < sizeof *next; line += 64)
            __builtin_prefetch((const char *)next + line);
        for (const struct pending_key *key = chunk->key; key < end; key++)
            rung_file(ladder, rung, key->high, key->low);
        ladder_give_chunk(ladder, chunk);
        chunk = next;
    }
    *bucket = (struct ladder_bucket){0};
    return true;
}

/* ---- refilling ---- */

/* Always inlined: gcc 12 takes a function that only prefetches for one that does nothing. */
PENDING_HOT void look_ahead_in(const struct ladder *ladder, const struct ladder_bucket *bucket,
                               bool arguments)
{
    if (bucket_is_empty(bucket))
        return;
    const struct pending_key *end = bucket_chunk_end(bucket, bucket->head);
    for (const struct pending_key *key = bucket->head->key; key < end; key++) {
        const struct ladder_record *record = ladder_record_of(ladder, key);
        const void *what = arguments ? record->action.arg : record;
        __builtin_prefetch(what ? what : record, 1); /* address 0 costs a walk of page tables */
    }
}

/*
 * Brings in what the events of the next buckets will touch, in two steps, as the address of the
 * second is in the first: records two buckets ahead, arguments one.
 */
PENDING_HOT void look_ahead(const struct ladder *ladder, const struct ladder_rung *rung)
{
    uint32_t next = rung->current + 1;
    if (next < rung->buckets)
        look_ahead_in(ladder, &rung->bucket[next], true);
    if (next + 1 < rung->buckets)
        look_ahead_in(ladder, &rung->bucket[next + 1], false);
}

static void drop_exhausted_rungs(struct ladder *ladder)
{
    while (ladder->depth > 0) {
        const struct ladder_rung *lowest = &ladder->rung[ladder->depth - 1];
        if (lowest->current < lowest->buckets)
            return;
        ladder->depth--;
    }
}

/* Fills the empty front from the bucket that comes next. */
static enum ladder_front load_next(struct ladder *ladder)
{
    for (;;) {
        if (ladder->depth == 0) {
            if (bucket_is_empty(&ladder->far))
                return LADDER_EMPTY;
            bool one_time = ladder->far_first == ladder->far_last;
            if (one_time || bucket_count(&ladder->far) <= LADDER_FRONT_LOAD)
                return ladder_front_load(ladder, &ladder->far, ladder->far_last, one_time)
                           ? LADDER_READY
                           : LADDER_NO_MEMORY;
            ladder->front_last = ladder->far_first - 1;
            if (!split(ladder, &ladder->far, ladder->far_first, ladder->far_last))
                return LADDER_NO_MEMORY;
        }
        struct ladder_rung *rung = &ladder->rung[ladder->depth - 1];
        while (rung->current < rung->buckets && bucket_is_empty(&rung->bucket[rung->current]))
            rung->current++;
        if (rung->current == rung->buckets) {
            ladder->front_last = rung->last;
            ladder->depth--;
            continue;
        }
        struct ladder_bucket *bucket = &rung->bucket[rung->current];
        uint64_t base = rung->base + ((uint64_t)rung->current << rung->shift);
        uint64_t last = base + (UINT64_C(1) << rung->shift) - 1;
        if (last > rung->last)
            last = rung->last;
        bool one_time = base == last;
        if (one_time || bucket_count(bucket) <= LADDER_FRONT_LOAD) {
            look_ahead(ladder, rung);
            if (!ladder_front_load(ladder, bucket, last, one_time))
                return LADDER_NO_MEMORY;
            rung->current++;
            drop_exhausted_rungs(ladder);
            return LADDER_READY;
        }
        if (!split(ladder, bucket, base, last))
            return LADDER_NO_MEMORY;
        rung->current++;
    }
}

enum ladder_front ladder_refill(struct ladder *ladder)
{
    for (;;) {
        while (ladder->front_head < ladder->front_tail) {
            if (!ladder_is_dead(ladder, &ladder->front[ladder->front_head]))
                return LADDER_READY;
            ladder->front_head++;
            ladder->dead--;
        }
        enum ladder_front state = load_next(ladder);
        if (state != LADDER_READY)
            return state;
    }
}

/*
 * A front that new events have made too long becomes the lowest rung, if it can be split. Events
 * that arrive in descending order add a rung each time, next to each other instead of nested; the
 * length doubles then, so that the number of rungs stays logarithmic.
 */
static void spill_front(struct ladder *ladder)
{
    uint32_t count = ladder->front_tail - ladder->front_head;
    uint64_t base = ladder->front[ladder->front_head].high;
    uint32_t doublings = ladder->depth > FRONT_DEPTH ? ladder->depth - FRONT_DEPTH : 0;
    if (count <= ladder->front_limit << doublings || base == 0 || base == ladder->front_last)
        return;
    struct ladder_rung *rung =
        add_rung(ladder, base, ladder->front_last, count, count / LADDER_CHUNK_KEYS + 1);
    if (!rung)
        return; /* it stays long, and correct */
    for (uint32_t i = ladder->front_head; i < ladder->front_tail; i++)
        rung_file(ladder, rung, ladder->front[i].high, ladder->front[i].low);
    ladder->front_head = ladder->front_capacity / 2;
    ladder->front_tail = ladder->front_head;
    ladder->front_last = base - 1;
    ladder->front_limit = LADDER_FRONT_SPILL;
}

/* ---- insertion ---- */

static bool insert_front(struct ladder *ladder, uint64_t high, uint64_t low)
{
    if (!ladder_front_insert(ladder, high, low))
        return false;
    if (ladder->front_tail - ladder->front_head > ladder->front_limit)
        spill_front(ladder);
    return true;
}

static void file_far(struct ladder *ladder, uint64_t high, uint64_t low)
{
    bool first = bucket_is_empty(&ladder->far);
    if (first || high < ladder->far_first)
        ladder->far_first = high;
    if (first || high > ladder->far_last)
        ladder->far_last = high;
    bucket_append(ladder, &ladder->far, high, low);
}

bool ladder_insert(struct ladder *ladder, uint64_t high, uint64_t low)
{
    if (high <= ladder->front_last)
        return insert_front(ladder, high, low);
    if (__builtin_expect(ladder->free_chunks == 0, 0) && !ladder_reserve(ladder, 1))
        return false;
    for (uint32_t d = ladder->depth; d-- > 0;) {
        if (high <= ladder->rung[d].last) {
            rung_file(ladder, &ladder->rung[d], high, low);
            return true;
        }
    }
    file_far(ladder, high, low);
    return true;
}

/* ---- sweeping ---- */

static void sweep_bucket(struct ladder *ladder, struct ladder_bucket *bucket)
{
    struct ladder_bucket old = *bucket;
    *bucket = (struct ladder_bucket){0};
    for (struct ladder_chunk *chunk = old.head; chunk;) {
        /* The chunk goes back first: appending to the new list takes it again, and never writes
         * ahead of what was read, as the new list is the shorter one. */
        struct ladder_chunk copy = *chunk;
        size_t keys = (size_t)(bucket_chunk_end(&old, chunk) - chunk->key);
        ladder_give_chunk(ladder, chunk);
        for (size_t i = 0; i < keys; i++) {
            if (!ladder_is_dead(ladder, &copy.key[i]))
                bucket_append(ladder, bucket, copy.key[i].high, copy.key[i].low);
        }
        chunk = copy.next;
    }
}

static void sweep(struct ladder *ladder)
{
    uint32_t kept = 0;
    for (uint32_t i = ladder->front_head; i < ladder->front_tail; i++) {
        if (!ladder_is_dead(ladder, &ladder->front[i]))
            ladder->front[kept++] = ladder->front[i];
    }
    ladder->front_head = 0;
    ladder->front_tail = kept;
    for (uint32_t d = 0; d < ladder->depth; d++) {
        struct ladder_rung *rung = &ladder->rung[d];
        for (uint32_t i = rung->current; i < rung->buckets; i++)
            sweep_bucket(ladder, &rung->bucket[i]);
    }
    sweep_bucket(ladder, &ladder->far);
    ladder->dead = 0;
}

void ladder_bury(struct ladder *ladder, uint64_t live)
{
    if (++ladder->dead > live / 2 + SWEEP_SLACK)
        sweep(ladder);
}
