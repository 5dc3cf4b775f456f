/* The array ladder queue. See ladder.h. */
#include "sim/engine/ladder.h"

#include "sim/engine/contract.h"
#include "sim/engine/pending.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FRONT_LOAD 32    /* most keys of different times sorted into the front at once */
#define FRONT_SPILL 96   /* a front longer than this becomes a rung */
#define FRONT_DEPTH 32   /* rungs; each further one doubles the length at which that happens */
#define BUCKET_TARGET 8  /* keys a bucket of a new rung should hold */
#define MAX_BUCKETS 4096 /* so that the tails being written stay in the cache */
#define SWEEP_SLACK 64   /* dead keys not worth a sweep */
#define SMALL_BLOCK_BYTES ((size_t)64 << 10)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* ---- memory: records, chunks ---- */

static size_t record_bytes(uint32_t slots)
{
    size_t page = 4096;
    return (slots * sizeof(struct ladder_record) + page - 1) & ~(page - 1);
}

/*
 * Records and chunks are read in an order that is random: with pages of 4 KiB every second access
 * waits for an address translation. Advice only: without huge pages all is correct and slower.
 */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif
static void advise_huge(void *memory, size_t bytes)
{
    if (bytes < HUGE_PAGE_BYTES)
        return;
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
    (void)madvise(memory, bytes, MADV_COLLAPSE); /* what was touched in small pages already */
}

/* Address space that begins at a huge page, so that moving it moves huge pages. */
static void *map_aligned(size_t bytes)
{
    size_t mapped = bytes + HUGE_PAGE_BYTES;
    char *memory =
        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)memory & (HUGE_PAGE_BYTES - 1);
    if (before > 0)
        munmap(memory, before);
    munmap(memory + before + bytes, HUGE_PAGE_BYTES - before);
    return memory + before;
}

static bool add_block(struct ladder *ladder)
{
    if (ladder->blocks == ladder->block_capacity) {
        uint32_t capacity = 2 * ladder->block_capacity + 8;
        void **block = realloc(ladder->block, capacity * sizeof *block);
        if (!block)
            return false;
        ladder->block = block;
        ladder->block_capacity = capacity;
    }
    bool large = ladder->block_bytes >= HUGE_PAGE_BYTES;
    size_t bytes = large ? HUGE_PAGE_BYTES : SMALL_BLOCK_BYTES;
    struct ladder_chunk *chunk = aligned_alloc(bytes, bytes);
    if (!chunk)
        return false;
    advise_huge(chunk, bytes);
    ladder->block[ladder->blocks++] = chunk;
    ladder->block_bytes += bytes;
    size_t chunks = bytes / sizeof *chunk;
    for (size_t i = chunks; i-- > 0;) {
        chunk[i].next = ladder->free_chunk;
        ladder->free_chunk = &chunk[i];
    }
    ladder->free_chunks += chunks;
    return true;
}

/* Everything that moves keys reserves its chunks first, so that it cannot fail half-way. */
static bool reserve_chunks(struct ladder *ladder, uint64_t chunks)
{
    while (ladder->free_chunks < chunks) {
        if (!add_block(ladder))
            return false;
    }
    return true;
}

static struct ladder_chunk *take_chunk(struct ladder *ladder)
{
    struct ladder_chunk *chunk = ladder->free_chunk;
    ladder->free_chunk = chunk->next;
    ladder->free_chunks--;
    chunk->next = NULL;
    return chunk;
}

static void give_chunk(struct ladder *ladder, struct ladder_chunk *chunk)
{
    chunk->next = ladder->free_chunk;
    ladder->free_chunk = chunk;
    ladder->free_chunks++;
}

struct ladder *ladder_create(uint32_t slots)
{
    struct ladder *ladder = calloc(1, sizeof *ladder);
    if (!ladder)
        return NULL;
    ladder->front_capacity = 2 * FRONT_SPILL;
    ladder->front = malloc(ladder->front_capacity * sizeof *ladder->front);
    void *record = map_aligned(record_bytes(slots));
    if (!ladder->front || !record) {
        if (record)
            munmap(record, record_bytes(slots));
        free(ladder->front);
        free(ladder);
        return NULL;
    }
    ladder->record = record;
    ladder->slots = slots;
    ladder->front_limit = FRONT_SPILL;
    return ladder;
}

void ladder_destroy(struct ladder *ladder)
{
    for (uint32_t i = 0; i < ladder->blocks; i++)
        free(ladder->block[i]);
    for (uint32_t i = 0; i < LADDER_MAX_RUNGS; i++)
        free(ladder->rung[i].bucket);
    munmap(ladder->record, record_bytes(ladder->slots));
    free(ladder->block);
    free(ladder->front);
    free(ladder);
}

bool ladder_resize(struct ladder *ladder, uint32_t slots)
{
    size_t bytes = record_bytes(slots);
    void *place = map_aligned(bytes);
    if (!place)
        return false;
    void *record = mremap(ladder->record, record_bytes(ladder->slots), bytes,
                          MREMAP_MAYMOVE | MREMAP_FIXED, place);
    if (record == MAP_FAILED) {
        munmap(place, bytes);
        return false;
    }
    ladder->record = record;
    ladder->slots = slots;
    advise_huge(record, bytes);
    return true;
}

size_t ladder_bytes(const struct ladder *ladder)
{
    size_t bytes = sizeof *ladder + record_bytes(ladder->slots) + ladder->block_bytes;
    bytes += ladder->front_capacity * sizeof *ladder->front;
    bytes += ladder->block_capacity * sizeof *ladder->block;
    for (uint32_t i = 0; i < LADDER_MAX_RUNGS; i++)
        bytes += ladder->rung[i].capacity * sizeof *ladder->rung[i].bucket;
    return bytes;
}

/* ---- buckets ---- */

static inline void bucket_append(struct ladder *ladder, struct ladder_bucket *bucket, uint64_t high,
                                 uint64_t low)
{
    if (bucket->fill == LADDER_CHUNK_KEYS || bucket->tail == NULL) {
        struct ladder_chunk *chunk = take_chunk(ladder);
        if (bucket->tail)
            bucket->tail->next = chunk;
        else
            bucket->head = chunk;
        bucket->tail = chunk;
        bucket->fill = 0;
    }
    struct pending_key *key = &bucket->tail->key[bucket->fill++];
    key->high = high;
    key->low = low;
    bucket->count++;
}

static inline uint32_t chunk_keys(const struct ladder_bucket *bucket,
                                  const struct ladder_chunk *chunk)
{
    return chunk == bucket->tail ? bucket->fill : LADDER_CHUNK_KEYS;
}

static bool is_dead(const struct ladder *ladder, const struct pending_key *key)
{
    return ladder->record[key->low & PENDING_SLOT_MASK].key.low != key->low;
}

static void sweep_bucket(struct ladder *ladder, struct ladder_bucket *bucket)
{
    struct ladder_bucket old = *bucket;
    memset(bucket, 0, sizeof *bucket);
    for (struct ladder_chunk *chunk = old.head; chunk;) {
        /* The chunk goes back first: appending to the new list takes it again, and never writes
         * ahead of what was read, as the new list is the shorter one. */
        struct ladder_chunk copy = *chunk;
        uint32_t keys = chunk_keys(&old, chunk);
        give_chunk(ladder, chunk);
        for (uint32_t i = 0; i < keys; i++) {
            if (!is_dead(ladder, &copy.key[i]))
                bucket_append(ladder, bucket, copy.key[i].high, copy.key[i].low);
        }
        chunk = copy.next;
    }
}

static void sweep(struct ladder *ladder)
{
    uint32_t kept = 0;
    for (uint32_t i = ladder->front_head; i < ladder->front_tail; i++) {
        if (!is_dead(ladder, &ladder->front[i]))
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
    if (!reserve_chunks(ladder, chunks + buckets))
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
    struct ladder_rung *rung = add_rung(ladder, base, last, bucket->count, 2);
    if (!rung)
        return false;
    for (struct ladder_chunk *chunk = bucket->head; chunk;) {
        struct ladder_chunk *next = chunk->next;
        uint32_t keys = chunk_keys(bucket, chunk);
        for (size_t line = 0; line < sizeof *chunk; line += 64)
            __builtin_prefetch((const char *)next + line);
        for (uint32_t i = 0; i < keys; i++)
            rung_file(ladder, rung, chunk->key[i].high, chunk->key[i].low);
        give_chunk(ladder, chunk);
        chunk = next;
    }
    memset(bucket, 0, sizeof *bucket);
    return true;
}

/* ---- the front ---- */

static bool grow_front(struct ladder *ladder, uint32_t capacity)
{
    if (capacity <= ladder->front_capacity)
        return true;
    struct pending_key *front = realloc(ladder->front, capacity * sizeof *front);
    if (!front)
        return false;
    ladder->front = front;
    ladder->front_capacity = capacity;
    return true;
}

/*
 * Sorts by counting, for every key, those that come before it: n * n / 2 compares, none of which
 * is a branch. Equal high words keep their order, which is that of their sequence.
 */
static void rank_sort(struct pending_key *sorted, const struct pending_key *key, uint32_t count)
{
    uint32_t rank[FRONT_LOAD] = {0};
    for (uint32_t j = 1; j < count; j++) {
        uint64_t high = key[j].high;
        uint32_t before = 0;
        for (uint32_t i = 0; i < j; i++) {
            uint32_t stays = key[i].high <= high;
            before += stays;
            rank[i] += 1 - stays;
        }
        rank[j] = before;
    }
    for (uint32_t i = 0; i < count; i++)
        sorted[rank[i]] = key[i];
}

/* Moves a bucket into the empty front, which from now on covers everything up to `last`. */
static bool load_front(struct ladder *ladder, struct ladder_bucket *bucket, uint64_t last,
                       bool one_time)
{
    struct pending_key gathered[FRONT_LOAD];
    uint32_t count = bucket->count;
    if (!grow_front(ladder, count))
        return false;
    struct pending_key *to = one_time ? ladder->front : gathered;
    for (struct ladder_chunk *chunk = bucket->head; chunk;) {
        struct ladder_chunk *next = chunk->next;
        uint32_t keys = chunk_keys(bucket, chunk);
        for (uint32_t i = 0; i < keys; i++)
            *to++ = chunk->key[i];
        give_chunk(ladder, chunk);
        chunk = next;
    }
    memset(bucket, 0, sizeof *bucket);
    if (!one_time)
        rank_sort(ladder->front, gathered, count);
    ladder->front_head = 0;
    ladder->front_tail = count;
    ladder->front_last = last;
    ladder->front_limit = FRONT_SPILL + (one_time ? 2 * (uint64_t)count : 0);
    return true;
}

static inline struct ladder_record *record_of(const struct ladder *ladder,
                                              const struct pending_key *key)
{
    return &ladder->record[key->low & PENDING_SLOT_MASK];
}

/*
 * Brings in what the events of the next buckets will touch, in two steps, as the address of the
 * second is in the first: records two buckets ahead, arguments one bucket ahead.
 */
__attribute__((always_inline)) static inline void look_ahead(const struct ladder *ladder, const struct ladder_rung *rung)
{
    uint32_t next = rung->current + 1;
    if (next < rung->buckets) {
        const struct ladder_bucket *bucket = &rung->bucket[next];
        const struct ladder_chunk *chunk = bucket->head;
        uint32_t keys = chunk ? chunk_keys(bucket, chunk) : 0;
        for (uint32_t i = 0; i < keys; i++) {
            const struct ladder_record *record = record_of(ladder, &chunk->key[i]);
            const void *arg = record->action.arg;
            __builtin_prefetch(arg ? arg : record, 1); /* address 0 costs a walk of page tables */
        }
    }
    if (next + 1 < rung->buckets) {
        const struct ladder_bucket *bucket = &rung->bucket[next + 1];
        const struct ladder_chunk *chunk = bucket->head;
        uint32_t keys = chunk ? chunk_keys(bucket, chunk) : 0;
        for (uint32_t i = 0; i < keys; i++)
            __builtin_prefetch(record_of(ladder, &chunk->key[i]), 1);
    }
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

/* Refills the empty front from the bucket that comes next. */
static enum ladder_front refill(struct ladder *ladder)
{
    for (;;) {
        if (ladder->depth == 0) {
            if (ladder->far.count == 0)
                return LADDER_EMPTY;
            bool one_time = ladder->far_first == ladder->far_last;
            if (one_time || ladder->far.count <= FRONT_LOAD)
                return load_front(ladder, &ladder->far, ladder->far_last, one_time)
                           ? LADDER_READY
                           : LADDER_NO_MEMORY;
            ladder->front_last = ladder->far_first - 1;
            if (!split(ladder, &ladder->far, ladder->far_first, ladder->far_last))
                return LADDER_NO_MEMORY;
        }
        struct ladder_rung *rung = &ladder->rung[ladder->depth - 1];
        while (rung->current < rung->buckets && rung->bucket[rung->current].count == 0)
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
        if (one_time || bucket->count <= FRONT_LOAD) {
            look_ahead(ladder, rung);
            if (!load_front(ladder, bucket, last, one_time))
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

enum ladder_front ladder_settle(struct ladder *ladder)
{
    for (;;) {
        while (ladder->front_head < ladder->front_tail) {
            if (__builtin_expect(!is_dead(ladder, &ladder->front[ladder->front_head]), 1))
                return LADDER_READY;
            ladder->front_head++;
            ladder->dead--;
        }
        enum ladder_front state = refill(ladder);
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
    ladder->front_limit = FRONT_SPILL;
}

/* Number of keys in front of the place of a new one, which has the greatest sequence. */
static uint32_t front_position(const struct ladder *ladder, uint64_t high)
{
    uint32_t from = ladder->front_head;
    uint32_t to = ladder->front_tail;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (ladder->front[middle].high <= high)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Puts the front in the middle of its array, so that it can grow at either end. */
static bool centre_front(struct ladder *ladder)
{
    uint32_t count = ladder->front_tail - ladder->front_head;
    uint32_t capacity = ladder->front_capacity;
    if (count > capacity / 2 && !grow_front(ladder, 2 * capacity))
        return false;
    uint32_t head = (ladder->front_capacity - count) / 2;
    memmove(ladder->front + head, ladder->front + ladder->front_head,
            count * sizeof *ladder->front);
    ladder->front_head = head;
    ladder->front_tail = head + count;
    return true;
}

/* Inserts into the front, moving whichever side is shorter. */
static bool front_insert(struct ladder *ladder, uint64_t high, uint64_t low)
{
    if ((ladder->front_tail == ladder->front_capacity || ladder->front_head == 0) &&
        !centre_front(ladder))
        return false;
    uint32_t position = front_position(ladder, high);
    uint32_t before = position - ladder->front_head;
    uint32_t after = ladder->front_tail - position;
    struct pending_key *key = &ladder->front[position];
    if (before < after) {
        memmove(key - before - 1, key - before, before * sizeof *key);
        ladder->front_head--;
        key--;
    } else {
        memmove(key + 1, key, after * sizeof *key);
        ladder->front_tail++;
    }
    key->high = high;
    key->low = low;
    if (ladder->front_tail - ladder->front_head > ladder->front_limit)
        spill_front(ladder);
    return true;
}

/* ---- insertion ---- */

bool ladder_insert(struct ladder *ladder, uint64_t high, uint64_t low)
{
    if (high <= ladder->front_last)
        return front_insert(ladder, high, low);
    if (!reserve_chunks(ladder, 1))
        return false;
    for (uint32_t d = ladder->depth; d-- > 0;) {
        if (high <= ladder->rung[d].last) {
            rung_file(ladder, &ladder->rung[d], high, low);
            return true;
        }
    }
    if (ladder->far.count == 0) {
        ladder->far_first = high;
        ladder->far_last = high;
    }
    if (high < ladder->far_first)
        ladder->far_first = high;
    if (high > ladder->far_last)
        ladder->far_last = high;
    bucket_append(ladder, &ladder->far, high, low);
    return true;
}
