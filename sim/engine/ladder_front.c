/* The front of a ladder: sorting into it, inserting into it. See ladder.h. */
#include "sim/engine/ladder_front.h"

#include "sim/engine/ladder_bucket.h"

#include <stdlib.h>
#include <string.h>

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
    uint32_t rank[LADDER_FRONT_LOAD];
    rank[0] = 0;
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

bool ladder_front_load(struct ladder *ladder, struct ladder_bucket *bucket, uint64_t last,
                       bool one_time)
{
    struct pending_key gathered[LADDER_FRONT_LOAD];
    uint64_t count = bucket_count(bucket);
    if (count > UINT32_MAX / 2 || !grow_front(ladder, (uint32_t)count))
        return false;
    struct pending_key *to = one_time ? ladder->front : gathered;
    for (struct ladder_chunk *chunk = bucket->head; chunk;) {
        struct ladder_chunk *next = chunk->next;
        const struct pending_key *end = bucket_chunk_end(bucket, chunk);
        for (const struct pending_key *key = chunk->key; key < end; key++)
            *to++ = *key;
        ladder_give_chunk(ladder, chunk);
        chunk = next;
    }
    *bucket = (struct ladder_bucket){0};
    if (!one_time)
        rank_sort(ladder->front, gathered, (uint32_t)count);
    ladder->front_head = 0;
    ladder->front_tail = (uint32_t)count;
    ladder->front_last = last;
    ladder->front_limit = LADDER_FRONT_SPILL + (one_time ? 2 * count : 0);
    return true;
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

bool ladder_front_insert(struct ladder *ladder, uint64_t high, uint64_t low)
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
    return true;
}
