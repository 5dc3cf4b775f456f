/*
 * Intrusive pairing heap (Fredman, Sedgewick, Sleator and Tarjan, Algorithmica 1, 1986): the order
 * in which the flows of a station finish. It lives in its nodes, so it never allocates or fails.
 *
 * Keys are points on a circle of 2^64 and are compared by the sign of their difference: all keys
 * in a heap must lie within 2^63 of one another. Ties go by `sequence`.
 *
 * Cost: push and merge O(1), pop and remove O(log n) amortised.
 */
#ifndef SIM_ENGINE_STATION_HEAP_H
#define SIM_ENGINE_STATION_HEAP_H

#include <stdint.h>

struct station_node {
    uint64_t key;
    uint64_t sequence;
    struct station_node *child;
    struct station_node *next;     /* sibling */
    struct station_node *previous; /* sibling, or the parent of a first child; NULL at the root */
};

/* The root is the least node, NULL when empty. Each returns the new root. */
struct station_node *station_heap_push(struct station_node *root, struct station_node *node);
struct station_node *station_heap_remove(struct station_node *root, struct station_node *node);

#endif
