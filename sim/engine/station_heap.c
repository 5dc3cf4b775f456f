#include "sim/engine/station_heap.h"

#include <stddef.h>

static int before(const struct station_node *a, const struct station_node *b)
{
    int64_t difference = (int64_t)(a->key - b->key);

    return difference != 0 ? difference < 0 : a->sequence < b->sequence;
}

/* Two roots, either may be NULL; their siblings are not looked at. */
static struct station_node *join(struct station_node *a, struct station_node *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    if (before(b, a)) {
        struct station_node *least = b;

        b = a;
        a = least;
    }
    b->next = a->child;
    b->previous = a;
    if (a->child != NULL) {
        a->child->previous = b;
    }
    a->child = b;
    a->next = NULL;
    a->previous = NULL;
    return a;
}

/* The two passes: join neighbours left to right, then all of those right to left. */
static struct station_node *join_siblings(struct station_node *first)
{
    struct station_node *pairs = NULL; /* chained through `next`, the last pair first */
    struct station_node *root = NULL;

    while (first != NULL) {
        struct station_node *second = first->next;
        struct station_node *rest = second != NULL ? second->next : NULL;
        struct station_node *pair;

        first->next = NULL;
        first->previous = NULL;
        if (second != NULL) {
            second->next = NULL;
            second->previous = NULL;
        }
        pair = join(first, second);
        pair->next = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs != NULL) {
        struct station_node *rest = pairs->next;

        pairs->next = NULL;
        root = join(root, pairs);
        pairs = rest;
    }
    return root;
}

struct station_node *station_heap_push(struct station_node *root, struct station_node *node)
{
    node->child = NULL;
    node->next = NULL;
    node->previous = NULL;
    return join(root, node);
}

struct station_node *station_heap_remove(struct station_node *root, struct station_node *node)
{
    struct station_node *orphans = join_siblings(node->child);

    if (node == root) {
        return orphans;
    }
    if (node->previous->child == node) {
        node->previous->child = node->next;
    } else {
        node->previous->next = node->next;
    }
    if (node->next != NULL) {
        node->next->previous = node->previous;
    }
    return join(root, orphans);
}
