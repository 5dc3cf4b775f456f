/*
 * Buckets of a ladder: lists of chunks, appended to at the end and read from the head. Private to
 * the ladder.
 *
 * Chunks are aligned to their size, so the place of the next key alone tells whether the last chunk
 * is full: filing a key reads and writes one word of the bucket and one place in a chunk.
 */
#ifndef SIM_ENGINE_LADDER_BUCKET_H
#define SIM_ENGINE_LADDER_BUCKET_H

#include "sim/engine/ladder.h"

/*
 * Makes sure of so many free chunks. Whatever moves keys reserves first, so that it cannot fail
 * half-way.
 */
bool ladder_reserve(struct ladder *ladder, uint64_t chunks);

static inline struct ladder_chunk *ladder_take_chunk(struct ladder *ladder)
{
    struct ladder_chunk *chunk = ladder->free_chunk;
    ladder->free_chunk = chunk->next;
    ladder->free_chunks--;
    chunk->next = NULL;
    return chunk;
}

static inline void ladder_give_chunk(struct ladder *ladder, struct ladder_chunk *chunk)
{
    chunk->next = ladder->free_chunk;
    ladder->free_chunk = chunk;
    ladder->free_chunks++;
}

/* Distance of the end from the beginning of its chunk; 0 if the chunk is full, or there is none. */
static inline size_t bucket_fill(const struct ladder_bucket *bucket)
{
    return (uintptr_t)bucket->end % sizeof(struct ladder_chunk);
}

static inline bool bucket_is_empty(const struct ladder_bucket *bucket)
{
    return bucket->head == NULL;
}

static inline uint64_t bucket_count(const struct ladder_bucket *bucket)
{
    size_t last = (uintptr_t)bucket->end - 1; /* some byte of the last key */
    size_t keys = last % sizeof(struct ladder_chunk) / sizeof(struct pending_key);
    return bucket->chunks * LADDER_CHUNK_KEYS + keys - LADDER_CHUNK_KEYS;
}

static inline void bucket_add_chunk(struct ladder *ladder, struct ladder_bucket *bucket)
{
    struct ladder_chunk *chunk = ladder_take_chunk(ladder);
    if (bucket->head)
        ((struct ladder_chunk *)bucket->end - 1)->next = chunk;
    else
        bucket->head = chunk;
    bucket->end = chunk->key;
    bucket->chunks++;
}

/* Files a key at the end; takes a reserved chunk if the last one is full. */
static inline void bucket_append(struct ladder *ladder, struct ladder_bucket *bucket, uint64_t high,
                                 uint64_t low)
{
    if (__builtin_expect(bucket_fill(bucket) == 0, 0))
        bucket_add_chunk(ladder, bucket);
    struct pending_key *key = bucket->end;
    key->high = high;
    key->low = low;
    bucket->end = key + 1;
}

/* Behind the last key of one of the bucket's chunks. */
static inline const struct pending_key *bucket_chunk_end(const struct ladder_bucket *bucket,
                                                         const struct ladder_chunk *chunk)
{
    return chunk->next ? chunk->key + LADDER_CHUNK_KEYS : bucket->end;
}

#endif
