/*
 * The winner tree under the pending set: keys, the smaller of two keys, one leaf-to-root pass.
 *
 * tree[1] is the root, the children of tree[i] are tree[2i] and tree[2i + 1], the leaves are the
 * second half of the array. An inner node is a copy of its smaller child, so the root is the
 * earliest event. Changing a leaf costs log2(leaves) steps, and the addresses of all steps are
 * known before the first one starts: the loads overlap and only the compare-select is in sequence.
 * It must not branch, since its outcome is random: a mispredict costs more than the whole step.
 */
#ifndef SIM_ENGINE_WINNER_H
#define SIM_ENGINE_WINNER_H

#include <stddef.h>
#include <stdint.h>

/* Inlined even where the compiler thinks it large: a call costs as much as the work. */
#define PENDING_HOT __attribute__((always_inline)) static inline

#define PENDING_SLOT_BITS 24
#define PENDING_SLOT_MASK ((UINT64_C(1) << PENDING_SLOT_BITS) - 1)

/* One unsigned 128-bit number, high word first, is the whole order of events. */
struct pending_key {
    uint64_t high; /* time in ns << 4 | priority */
    uint64_t low;  /* sequence << 24 | slot */
};

/* Greater than the key of any event: the leaf of a slot nobody uses. */
#define WINNER_NONE UINT64_MAX

static inline int pending_key_less(uint64_t a_high, uint64_t a_low, uint64_t b_high, uint64_t b_low)
{
    return (a_high < b_high) | ((a_high == b_high) & (a_low < b_low));
}

/* {high, low} becomes the smaller of itself and the rival. */
static inline void winner_take_smaller(uint64_t *high, uint64_t *low, uint64_t rival_high,
                                       uint64_t rival_low)
{
#if defined(__x86_64__)
    /* By hand, because gcc 12 turns every C spelling into a branch or a longer chain. */
    uint64_t difference = rival_high;
    __asm__("cmp %[low], %[rival_low]\n\t"
            "sbb %[high], %[difference]\n\t"
            "cmovb %[rival_low], %[low]\n\t"
            "cmovb %[rival_high], %[high]"
            : [high] "+&r"(*high), [low] "+&r"(*low), [difference] "+&r"(difference)
            : [rival_high] "r"(rival_high), [rival_low] "r"(rival_low)
            : "cc");
#else
    uint64_t take = -(uint64_t)pending_key_less(rival_high, rival_low, *high, *low);
    *high ^= (*high ^ rival_high) & take;
    *low ^= (*low ^ rival_low) & take;
#endif
}

/* One word of the tree at a distance in bytes: an address the processor adds up by itself. */
static inline uint64_t *winner_word(uint64_t *words, size_t offset)
{
    return (uint64_t *)((char *)words + offset);
}

/* Gives a node (usually a leaf) a new key and replays its matches up to the root. */
static inline void winner_replay(struct pending_key *tree, size_t node, uint64_t high, uint64_t low)
{
    const size_t size = sizeof *tree; /* a power of two */
    uint64_t *highs = &tree->high;
    uint64_t *lows = &tree->low;
    size_t at = node * size;
    *winner_word(highs, at) = high;
    *winner_word(lows, at) = low;
    while (at > size) {
        size_t rival = at ^ size;
        winner_take_smaller(&high, &low, *winner_word(highs, rival), *winner_word(lows, rival));
        at = at / 2 & -size;
        *winner_word(highs, at) = high;
        *winner_word(lows, at) = low;
    }
}

#endif
