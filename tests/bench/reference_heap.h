/*
 * The queue most simulators have: a plain binary heap of 16-byte keys {time, order}. It is the
 * naive reference of the tests and the yardstick of the benchmark.
 */
#ifndef TESTS_BENCH_REFERENCE_HEAP_H
#define TESTS_BENCH_REFERENCE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct reference_key {
    uint64_t time;
    uint64_t order;
};

struct reference_heap {
    struct reference_key *key;
    size_t count;
    size_t capacity;
};

static inline bool reference_less(struct reference_key a, struct reference_key b)
{
    return a.time < b.time || (a.time == b.time && a.order < b.order);
}

static inline void reference_push(struct reference_heap *heap, struct reference_key key)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity ? 2 * heap->capacity : 16;
        heap->key = realloc(heap->key, heap->capacity * sizeof *heap->key);
        if (!heap->key)
            abort();
    }
    size_t at = heap->count++;
    while (at > 0 && reference_less(key, heap->key[(at - 1) / 2])) {
        heap->key[at] = heap->key[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->key[at] = key;
}

static inline struct reference_key reference_pop(struct reference_heap *heap)
{
    struct reference_key top = heap->key[0];
    struct reference_key moved = heap->key[--heap->count];
    size_t at = 0;
    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && reference_less(heap->key[child + 1], heap->key[child]))
            child++;
        if (!reference_less(heap->key[child], moved))
            break;
        heap->key[at] = heap->key[child];
        at = child;
    }
    heap->key[at] = moved;
    return top;
}

static inline void reference_free(struct reference_heap *heap)
{
    free(heap->key);
    *heap = (struct reference_heap){0};
}

#endif
