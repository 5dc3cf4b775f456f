/* The memory of a ladder: records by slot, chunks of keys, both in huge pages. See ladder.h. */
#include "sim/engine/ladder.h"

#include "sim/engine/ladder_bucket.h"
#include "sim/engine/ladder_front.h"

#include <stdlib.h>
#include <sys/mman.h>

#define SMALL_BLOCK_BYTES ((size_t)64 << 10)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

static size_t record_bytes(uint32_t slots)
{
    size_t page = 4096;
    return (slots * sizeof(struct ladder_record) + page - 1) & ~(page - 1);
}

/*
 * Records and chunks are read in an order that is random: with pages of 4 KiB every second access
 * waits for an address translation. Advice only: without huge pages all is correct and slower.
 */
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
    char *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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
    bool large = ladder->block_bytes >= 2 * HUGE_PAGE_BYTES; /* little is wasted by then */
    size_t bytes = large ? HUGE_PAGE_BYTES : SMALL_BLOCK_BYTES;
    struct ladder_chunk *chunk = aligned_alloc(large ? bytes : sizeof *chunk, bytes);
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

bool ladder_reserve(struct ladder *ladder, uint64_t chunks)
{
    while (ladder->free_chunks < chunks) {
        if (!add_block(ladder))
            return false;
    }
    return true;
}

struct ladder *ladder_create(uint32_t slots)
{
    struct ladder *ladder = calloc(1, sizeof *ladder);
    if (!ladder)
        return NULL;
    ladder->front_capacity = 2 * LADDER_FRONT_SPILL;
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
    ladder->front_limit = LADDER_FRONT_SPILL;
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
