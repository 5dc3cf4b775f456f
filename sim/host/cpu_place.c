/* Idle CPUs, a bit each; and idle cores, where hardware threads share them. */
#include "sim/host/cpu_private.h"

static void set_bit(uint64_t *bits, uint32_t at, bool value)
{
    uint64_t bit = UINT64_C(1) << (at % 64);
    bits[at / 64] = value ? bits[at / 64] | bit : bits[at / 64] & ~bit;
}

void cpu_mark_idle(struct cpu *cpu, bool idle)
{
    struct cpus *cpus = cpu->cpus;
    bool all = idle;
    set_bit(cpus->idle, cpu->index, idle);
    if (cpu->alone)
        return;
    for (uint32_t c = cpu->core; all && c < cpus->count; c += cpus->cores)
        all = cpus->cpu[c].current == NULL;
    set_bit(cpus->idle_core, cpu->core, all);
}

static bool core_idle(const struct cpus *cpus, const struct cpu *cpu)
{
    return cpu->alone || (cpus->idle_core[cpu->core / 64] >> (cpu->core % 64) & 1) != 0;
}

/* The first bit set from `from` on, around the end; UINT32_MAX: none. */
static uint32_t find_bit(const uint64_t *bits, uint32_t count, uint32_t from)
{
    uint32_t words = (count + 63) / 64;
    uint32_t word = from / 64;
    uint64_t here = bits[word] & (~UINT64_C(0) << (from % 64));
    for (uint32_t i = 0; i <= words; i++) {
        if (here != 0)
            return word * 64 + (uint32_t)__builtin_ctzll(here);
        word = word + 1 == words ? 0 : word + 1;
        here = bits[word];
    }
    return UINT32_MAX;
}

struct cpu *cpu_choose(struct thread *thread)
{
    struct cpus *cpus = thread->cpus;
    struct cpu *own = &cpus->cpu[thread->cpu];
    uint32_t found = UINT32_MAX;
    if (own->current == NULL && core_idle(cpus, own))
        return own;
    if (!own->alone)
        found = find_bit(cpus->idle_core, cpus->cores, own->core);
    if (found == UINT32_MAX && own->current == NULL)
        return own;
    if (found == UINT32_MAX)
        found = find_bit(cpus->idle, cpus->count, own->index);
    if (found != UINT32_MAX)
        return &cpus->cpu[found];
    struct cpu *other = &cpus->cpu[cpus->probe++ % cpus->count];
    return other->queued < own->queued ? other : own;
}
