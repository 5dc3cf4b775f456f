/*
 * The pending set: the events that are scheduled and not yet executed.
 *
 * THE IDEA. Every event owns a slot, a small number that stays its own while it is pending. Its
 * place in time is one 128-bit key, so one unsigned compare decides everything, ties included:
 *
 *     high word: | time in ns, 60 bits      | priority 4 |
 *     low word:  | sequence, 40 bits    | slot, 24 bits  |
 *
 * Earlier first; at the same time the lower priority number first; then in the order of
 * scheduling. The slot is never needed to decide, it only tells whose key won. The low word is
 * also the handle of the event: it never repeats, so a handle is stale exactly when its slot does
 * not hold that low word any more.
 *
 * SMALL SETS (up to 16384 slots): a binary winner tree (winner.h). Slot s has the fixed leaf s; an
 * inner node holds a copy of the smaller child:
 *
 *                      [12]                    root = the earliest event: peek is one load
 *                [12]        [35]
 *             [40]  [12]  [35]  [77]
 *      slot:    0     1     2     3            schedule, cancel, reschedule: write a leaf,
 *                                              replay its path; nothing else moves
 *
 * Popping touches no inner node: the winner's leaf becomes the hole, and the first event that its
 * callback schedules moves into it, so that an event costs one pass of log2(slots) steps
 * instead of two. A hole nobody fills is repaired by the next pop. While the hole is open only its
 * own path is stale, and that whole path is rewritten when it closes.
 *
 * LARGE SETS: a tree of a million leaves misses the cache at every level, so a set that outgrows
 * the tree moves once, for good, to an array ladder queue (ladder.h), which knows early enough what
 * it will touch to fetch it ahead. Slots, sequence numbers, handles and the order are the same in
 * both tiers: which one is at work cannot change a result.
 *
 * COSTS (n events pending). Tree: O(log n) a schedule, cancel or reschedule, peek O(1), 48 bytes a
 * slot. Ladder: O(1) amortised, below 60 bytes an event. The tree doubles, the ladder grows by a
 * quarter; nothing is allocated for an event in steady state.
 *
 * WHY THIS. Heaps mispredict a branch per level and need a position table for cancel; calendar
 * queues collapse on ties; lazy deletion fills the set with dead time-outs. The winner tree has no
 * unpredictable branch, cancels for free and is 2 to 6 times faster than any of them up to 10^4
 * events; the ladder is nearly flat from there on.
 *
 * FAILURE. Scheduling returns 0 and sets `error` when memory or slots run out; the set is
 * unchanged and stays usable. A run out of sequence numbers (10^12 events) is a broken contract.
 */
#ifndef SIM_ENGINE_PENDING_H
#define SIM_ENGINE_PENDING_H

#include "sim/engine/contract.h"
#include "sim/engine/ladder.h"
#include "sim/engine/winner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PENDING_PRIORITY_BITS 4
#define PENDING_TIME_BITS (64 - PENDING_PRIORITY_BITS)
#define PENDING_TREE_SLOTS 16384
#define PENDING_NO_SLOT UINT32_MAX

enum pending_error {
    PENDING_OK = 0,
    PENDING_NO_MEMORY = -1, /* growth failed */
    PENDING_FULL = -2,      /* max_slots events are pending */
};

/* An event taken from the set. */
struct pending_event {
    uint64_t high;
    uint64_t id; /* the low word: the handle it had */
    struct pending_action action;
};

struct pending {
    /* Below: private to pending.h and pending.c. */
    struct pending_key *tree;      /* 2 * capacity keys; NULL in the ladder tier */
    struct pending_action *action; /* by slot; NULL in the ladder tier */
    uint64_t stamp;                /* next sequence << 24 */
    uint32_t capacity;             /* leaves of the tree, a power of two */
    uint32_t hole;                 /* slot of the event popped last, or PENDING_NO_SLOT */
    uint32_t free;                 /* last slot given back; the list runs through the actions */
    uint32_t free_count;
    uint32_t used;       /* slots ever given out */
    uint32_t usable;     /* the smaller of capacity and max_slots */
    uint32_t tree_slots; /* above it the ladder takes over */
    uint32_t max_slots;
    enum pending_error error; /* why scheduling failed last */
    struct ladder *ladder;    /* NULL in the tree tier */
};

/*
 * Prepares an empty set. `tree_slots` (a power of two, 0 for the default) is where the ladder takes
 * over, `max_slots` (0 for the format's own limit) how many events may be pending at once.
 */
int pending_init(struct pending *set, uint32_t tree_slots, uint32_t max_slots);
void pending_destroy(struct pending *set);

/* Number of events pending. */
uint32_t pending_count(const struct pending *set);

/* Bytes allocated in all. */
size_t pending_bytes(const struct pending *set);

/* Key of a pending event, or NULL if the handle is stale. */
const struct pending_key *pending_find(const struct pending *set, uint64_t id);

/* The earliest event's key, or NULL if the set is empty. */
const struct pending_key *pending_peek(struct pending *set);

/* Private: the rare and the large cases of the inline functions below. */
bool pending_grow(struct pending *set);
uint64_t pending_schedule_ladder(struct pending *set, uint32_t slot, uint64_t high, uint64_t id,
                                 struct pending_action action);
bool pending_pop_ladder(struct pending *set, uint64_t limit, sim_callback *only,
                        struct pending_event *event);
bool pending_cancel_ladder(struct pending *set, uint64_t id);
uint64_t pending_reschedule_ladder(struct pending *set, uint64_t id, uint64_t high);

static inline uint64_t pending_high(uint64_t time_ns, unsigned priority)
{
    return time_ns << PENDING_PRIORITY_BITS | priority;
}

static inline uint64_t pending_next_stamp(struct pending *set)
{
    uint64_t stamp = set->stamp;
    set->stamp = stamp + (UINT64_C(1) << PENDING_SLOT_BITS);
    contract(set->stamp != 0 && "sequence numbers");
    return stamp;
}

static inline void pending_give_slot(struct pending *set, uint32_t slot,
                                     struct pending_action *action)
{
    action->arg = (void *)(uintptr_t)set->free;
    set->free = slot;
    set->free_count++;
}

static inline struct pending_action *pending_action_of(const struct pending *set, uint32_t slot)
{
    return set->ladder ? &set->ladder->record[slot].action : &set->action[slot];
}

/* The slot of a new event: the hole, else the slot given back last, else one never used. */
static inline uint32_t pending_take_slot(struct pending *set)
{
    uint32_t slot = set->hole;
    if (slot != PENDING_NO_SLOT) {
        set->hole = PENDING_NO_SLOT;
        return slot;
    }
    slot = set->free;
    if (slot != PENDING_NO_SLOT) {
        set->free = (uint32_t)(uintptr_t)pending_action_of(set, slot)->arg;
        set->free_count--;
        return slot;
    }
    if (set->used == set->usable && !pending_grow(set))
        return PENDING_NO_SLOT;
    return set->used++;
}

/* Adds an event and returns its handle, or 0 with set->error filled. */
PENDING_HOT uint64_t pending_schedule(struct pending *set, uint64_t high,
                                      struct pending_action action)
{
    uint32_t slot = pending_take_slot(set);
    if (__builtin_expect(slot == PENDING_NO_SLOT, 0))
        return 0;
    uint64_t id = pending_next_stamp(set) | slot;
    if (__builtin_expect(set->ladder != NULL, 0))
        return pending_schedule_ladder(set, slot, high, id, action);
    set->action[slot].fn = action.fn;
    set->action[slot].arg = action.arg;
    winner_replay(set->tree, set->capacity + slot, high, id);
    return id;
}

/* Gives the hole's slot back: nothing was scheduled since the last pop. */
static inline void pending_close_hole(struct pending *set)
{
    uint32_t slot = set->hole;
    set->hole = PENDING_NO_SLOT;
    pending_give_slot(set, slot, pending_action_of(set, slot));
    if (set->ladder == NULL)
        winner_replay(set->tree, set->capacity + slot, WINNER_NONE, WINNER_NONE);
}

/* Not through the caller's event: its address must not escape, or it lives in memory, and the two
 * halves of what was just stored as words are loaded as vectors, which stalls. */
static inline bool pending_pop_large(struct pending *set, uint64_t limit, sim_callback *only,
                                     struct pending_event *event)
{
    struct pending_event popped;
    if (!pending_pop_ladder(set, limit, only, &popped))
        return false;
    *event = popped;
    return true;
}

/* Takes the earliest event if its high word is below the limit, and if it calls `only`; NULL means
 * any callback will do. */
PENDING_HOT bool pending_pop_only(struct pending *set, uint64_t limit, sim_callback *only,
                                  struct pending_event *event)
{
    if (set->hole != PENDING_NO_SLOT)
        pending_close_hole(set);
    if (__builtin_expect(set->ladder != NULL, 0))
        return pending_pop_large(set, limit, only, event);
    uint64_t high = set->tree[1].high;
    if (__builtin_expect(high >= limit, 0))
        return false;
    uint64_t id = set->tree[1].low;
    uint32_t slot = (uint32_t)(id & PENDING_SLOT_MASK);
    if (only && set->action[slot].fn != only)
        return false;
    set->tree[set->capacity + slot].low = WINNER_NONE; /* its handle is stale from now on */
    set->hole = slot;
    event->high = high;
    event->id = id;
    event->action.fn = set->action[slot].fn;
    event->action.arg = set->action[slot].arg;
    return true;
}

/* Takes the earliest event if its high word is below the limit. */
PENDING_HOT bool pending_pop(struct pending *set, uint64_t limit, struct pending_event *event)
{
    return pending_pop_only(set, limit, NULL, event);
}

/* Removes an event; false if the handle is stale. */
static inline bool pending_cancel(struct pending *set, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & PENDING_SLOT_MASK);
    if (__builtin_expect(set->ladder != NULL, 0))
        return pending_cancel_ladder(set, id);
    if (slot >= set->used || set->tree[set->capacity + slot].low != id)
        return false;
    pending_give_slot(set, slot, &set->action[slot]);
    winner_replay(set->tree, set->capacity + slot, WINNER_NONE, WINNER_NONE);
    return true;
}

/* Moves an event, behind all others of its new time; its new handle, or 0 if `id` is stale. */
static inline uint64_t pending_reschedule(struct pending *set, uint64_t id, uint64_t high)
{
    uint32_t slot = (uint32_t)(id & PENDING_SLOT_MASK);
    if (__builtin_expect(set->ladder != NULL, 0))
        return pending_reschedule_ladder(set, id, high);
    if (slot >= set->used || set->tree[set->capacity + slot].low != id)
        return 0;
    id = pending_next_stamp(set) | slot;
    winner_replay(set->tree, set->capacity + slot, high, id);
    return id;
}

#endif
