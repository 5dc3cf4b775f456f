#include "sim/engine/pending.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 8 };

/* Fills leaves [from, to) with "nobody" and replays every match: O(capacity). */
static void rebuild(struct pending *set, uint32_t from)
{
    for (size_t i = from; i < set->capacity; i++)
        set->tree[set->capacity + i] = (struct pending_key){WINNER_NONE, WINNER_NONE};
    for (size_t i = set->capacity - 1; i > 0; i--) {
        const struct pending_key *left = &set->tree[2 * i];
        const struct pending_key *right = &set->tree[2 * i + 1];
        bool second = pending_key_less(right->high, right->low, left->high, left->low);
        set->tree[i] = second ? *right : *left;
    }
}

int pending_init(struct pending *set, uint32_t max_slots)
{
    memset(set, 0, sizeof *set);
    set->hole = PENDING_NO_SLOT;
    set->free = PENDING_NO_SLOT;
    set->stamp = UINT64_C(1) << PENDING_SLOT_BITS; /* so that no handle is ever 0 */
    set->max_slots = max_slots != 0 ? max_slots : (uint32_t)PENDING_SLOT_MASK;
    set->capacity = FIRST_CAPACITY;
    set->tree = malloc(2 * FIRST_CAPACITY * sizeof *set->tree);
    set->action = malloc(FIRST_CAPACITY * sizeof *set->action);
    if (set->tree == NULL || set->action == NULL) {
        pending_destroy(set);
        return PENDING_NO_MEMORY;
    }
    rebuild(set, 0);
    return PENDING_OK;
}

void pending_destroy(struct pending *set)
{
    free(set->tree);
    free(set->action);
    memset(set, 0, sizeof *set);
}

uint32_t pending_count(const struct pending *set)
{
    return set->used - set->free_count - (set->hole != PENDING_NO_SLOT);
}

size_t pending_bytes(const struct pending *set)
{
    return set->capacity * (2 * sizeof *set->tree + sizeof *set->action);
}

const struct pending_key *pending_find(const struct pending *set, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & PENDING_SLOT_MASK);
    const struct pending_key *leaf = &set->tree[set->capacity + slot];
    return slot < set->used && leaf->low == id ? leaf : NULL;
}

const struct pending_key *pending_peek(struct pending *set)
{
    if (set->hole != PENDING_NO_SLOT)
        pending_close_hole(set);
    return set->tree[1].high == WINNER_NONE ? NULL : &set->tree[1];
}

/* The leaves move to the second half of a tree twice as large; slots and handles stay. */
bool pending_grow(struct pending *set)
{
    uint32_t old = set->capacity;
    if (set->used >= set->max_slots) {
        set->error = PENDING_FULL;
        return false;
    }
    struct pending_action *action = realloc(set->action, 2 * old * sizeof *action);
    if (action != NULL)
        set->action = action;
    struct pending_key *tree = action != NULL ? malloc(4 * (size_t)old * sizeof *tree) : NULL;
    if (tree == NULL) {
        set->error = PENDING_NO_MEMORY;
        return false;
    }
    memcpy(tree + 2 * (size_t)old, set->tree + old, old * sizeof *tree);
    free(set->tree);
    set->tree = tree;
    set->capacity = 2 * old;
    rebuild(set, old);
    return true;
}
