/* The pending set: creation, growth, the move to the ladder tier. See pending.h. */
#include "sim/engine/pending.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 2
#define CACHE_LINE 64

static void set_leaf_free(struct pending_key *leaf)
{
    leaf->high = WINNER_NONE;
    leaf->low = WINNER_NONE;
}

/* A tree of twice the leaves (or the first one), with the old leaves in place. */
static bool grow_tree(struct pending *set)
{
    uint32_t capacity = set->capacity ? 2 * set->capacity : FIRST_CAPACITY;
    struct pending_key *tree = aligned_alloc(CACHE_LINE, 2 * (size_t)capacity * sizeof *tree);
    struct pending_action *action = realloc(set->action, capacity * sizeof *action);
    if (action)
        set->action = action;
    if (!tree || !action) {
        free(tree);
        return false;
    }
    for (uint32_t slot = 0; slot < capacity; slot++) {
        if (slot < set->used)
            tree[capacity + slot] = set->tree[set->capacity + slot];
        else
            set_leaf_free(&tree[capacity + slot]);
    }
    set_leaf_free(&tree[0]);
    for (uint32_t node = capacity - 1; node > 0; node--) {
        const struct pending_key *child = &tree[2 * node];
        bool right = pending_key_less(child[1].high, child[1].low, child[0].high, child[0].low);
        tree[node] = child[right];
    }
    free(set->tree);
    set->tree = tree;
    set->capacity = capacity;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct pending_key *x = a;
    const struct pending_key *y = b;
    return pending_key_less(y->high, y->low, x->high, x->low) -
           pending_key_less(x->high, x->low, y->high, y->low);
}

/* A quarter more: records are moved by remapping pages, so small steps cost little. */
static uint32_t more_records(uint32_t capacity)
{
    uint64_t more = (uint64_t)capacity + capacity / 4 + 1;
    return more < PENDING_SLOT_MASK ? (uint32_t)more : (uint32_t)PENDING_SLOT_MASK;
}

/* Moves every event into a new ladder, in order, as the ladder wants ties in order of sequence. */
static bool enter_ladder(struct pending *set)
{
    uint32_t capacity = more_records(set->capacity);
    struct ladder *ladder = ladder_create(capacity);
    if (!ladder)
        return false;
    struct pending_key *leaf = set->tree + set->capacity;
    for (uint32_t slot = 0; slot < set->used; slot++) {
        ladder->record[slot].key = leaf[slot];
        ladder->record[slot].action = set->action[slot];
    }
    /* Nothing is pending twice, so the leaves may be sorted where they are: the tree goes away,
     * or is put back from the records if memory runs out half-way. */
    qsort(leaf, set->used, sizeof *leaf, compare_keys);
    for (uint32_t i = 0; i < set->used && leaf[i].low != WINNER_NONE; i++) {
        if (!ladder_insert(ladder, leaf[i].high, leaf[i].low)) {
            for (uint32_t slot = 0; slot < set->used; slot++)
                leaf[slot] = ladder->record[slot].key;
            ladder_destroy(ladder);
            return false;
        }
    }
    free(set->tree);
    free(set->action);
    set->tree = NULL;
    set->action = NULL;
    set->ladder = ladder;
    set->capacity = capacity;
    return true;
}

static bool grow_records(struct pending *set)
{
    uint32_t capacity = more_records(set->capacity);
    if (!ladder_resize(set->ladder, capacity))
        return false;
    set->capacity = capacity;
    return true;
}

static bool grow(struct pending *set)
{
    if (set->ladder)
        return grow_records(set);
    if (set->capacity >= set->tree_slots)
        return enter_ladder(set);
    return grow_tree(set);
}

static void set_usable(struct pending *set)
{
    set->usable = set->capacity < set->max_slots ? set->capacity : set->max_slots;
}

bool pending_grow(struct pending *set)
{
    if (set->used >= set->max_slots) {
        set->error = PENDING_FULL;
        return false;
    }
    if (!grow(set)) {
        set->error = PENDING_NO_MEMORY;
        return false;
    }
    set_usable(set);
    return true;
}

int pending_init(struct pending *set, uint32_t tree_slots, uint32_t max_slots)
{
    memset(set, 0, sizeof *set);
    set->tree_slots = tree_slots ? tree_slots : PENDING_TREE_SLOTS;
    contract((set->tree_slots & (set->tree_slots - 1)) == 0 && set->tree_slots >= FIRST_CAPACITY);
    set->max_slots = max_slots ? max_slots : (uint32_t)PENDING_SLOT_MASK;
    contract(set->max_slots <= PENDING_SLOT_MASK);
    set->stamp = UINT64_C(1) << PENDING_SLOT_BITS; /* no handle is 0 */
    set->hole = PENDING_NO_SLOT;
    set->free = PENDING_NO_SLOT;
    if (!grow_tree(set))
        return PENDING_NO_MEMORY;
    set_usable(set);
    return PENDING_OK;
}

void pending_destroy(struct pending *set)
{
    free(set->tree);
    free(set->action);
    if (set->ladder)
        ladder_destroy(set->ladder);
    memset(set, 0, sizeof *set);
}

uint32_t pending_count(const struct pending *set)
{
    return set->used - set->free_count - (set->hole != PENDING_NO_SLOT);
}

size_t pending_bytes(const struct pending *set)
{
    if (set->ladder)
        return ladder_bytes(set->ladder);
    return (size_t)set->capacity * (2 * sizeof *set->tree + sizeof *set->action);
}

const struct pending_key *pending_find(const struct pending *set, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & PENDING_SLOT_MASK);
    if (slot >= set->used)
        return NULL;
    const struct pending_key *key =
        set->ladder ? &set->ladder->record[slot].key : &set->tree[set->capacity + slot];
    return key->low == id ? key : NULL;
}

const struct pending_key *pending_peek(struct pending *set)
{
    if (set->hole != PENDING_NO_SLOT)
        pending_close_hole(set);
    if (!set->ladder)
        return set->tree[1].low == WINNER_NONE ? NULL : &set->tree[1];
    switch (ladder_settle(set->ladder)) {
    case LADDER_READY:
        return &set->ladder->front[set->ladder->front_head];
    case LADDER_NO_MEMORY:
        set->error = PENDING_NO_MEMORY;
        return NULL;
    case LADDER_EMPTY:
        break;
    }
    return NULL;
}

uint64_t pending_schedule_ladder(struct pending *set, uint32_t slot, uint64_t high, uint64_t id,
                                 struct pending_action action)
{
    struct ladder_record *record = &set->ladder->record[slot];
    if (!ladder_insert(set->ladder, high, id)) {
        record->key.low = WINNER_NONE;
        pending_give_slot(set, slot, &record->action);
        set->error = PENDING_NO_MEMORY;
        return 0;
    }
    record->key.high = high;
    record->key.low = id;
    record->action = action;
    return id;
}

bool pending_pop_ladder(struct pending *set, uint64_t limit, sim_callback *only,
                        struct pending_event *event)
{
    struct ladder *ladder = set->ladder;
    enum ladder_front state = ladder_settle(ladder);
    if (state != LADDER_READY) {
        if (state == LADDER_NO_MEMORY)
            set->error = PENDING_NO_MEMORY;
        return false;
    }
    const struct pending_key *key = &ladder->front[ladder->front_head];
    if (key->high >= limit)
        return false;
    struct ladder_record *record = ladder_record_of(ladder, key);
    if (only && record->action.fn != only)
        return false;
    ladder->front_head++;
    record->key.low = WINNER_NONE;
    set->hole = (uint32_t)(key->low & PENDING_SLOT_MASK);
    event->high = key->high;
    event->id = key->low;
    event->action = record->action;
    return true;
}

bool pending_cancel_ladder(struct pending *set, uint64_t id)
{
    if (!pending_find(set, id))
        return false;
    uint32_t slot = (uint32_t)(id & PENDING_SLOT_MASK);
    struct ladder_record *record = &set->ladder->record[slot];
    record->key.low = WINNER_NONE;
    pending_give_slot(set, slot, &record->action);
    ladder_bury(set->ladder, pending_count(set));
    return true;
}

uint64_t pending_reschedule_ladder(struct pending *set, uint64_t id, uint64_t high)
{
    if (!pending_find(set, id))
        return 0;
    uint32_t slot = (uint32_t)(id & PENDING_SLOT_MASK);
    uint64_t moved = pending_next_stamp(set) | slot;
    if (!ladder_insert(set->ladder, high, moved)) {
        set->error = PENDING_NO_MEMORY;
        return 0;
    }
    set->ladder->record[slot].key.high = high;
    set->ladder->record[slot].key.low = moved;
    ladder_bury(set->ladder, pending_count(set));
    return moved;
}
