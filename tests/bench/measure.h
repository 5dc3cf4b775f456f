/* Timing: processor time of this thread (the wall clock where threads are compared), and the
 * minimum over rounds, as noise only ever adds. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static inline double thread_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline double wall_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void *bench_allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fputs("bench: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static inline double per_event_ns(double seconds, double events)
{
    return 1e9 * seconds / events;
}

/* Zeroed, in huge pages where there are any: as a model with millions of stations would have it. */
static inline void *bench_allocate_huge(size_t bytes)
{
    const size_t page = (size_t)2 << 20;
    bytes = (bytes + page - 1) & ~(page - 1);
    void *memory = aligned_alloc(page, bytes);
    if (!memory) {
        fputs("bench: out of memory\n", stderr);
        exit(1);
    }
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
    memset(memory, 0, bytes);
    return memory;
}

/* Keeps the compiler from dropping a computation nobody looks at. */
static inline void use_value(double value)
{
    __asm__ volatile("" : : "m"(value) : "memory");
}

struct figure {
    const char *name;
    double (*measure)(long size); /* in the unit printed */
    long size;
    int rounds;
    const char *unit;
    double best; /* 0: not measured */
};

/* Drops the figures whose name begins like none of the arguments; keeps all if there are none. */
static inline void choose_figures(struct figure *figure, size_t count, char **prefix)
{
    for (size_t i = 0; i < count && *prefix; i++) {
        bool chosen = false;
        for (char **p = prefix; *p; p++)
            chosen = chosen || strncmp(figure[i].name, *p, strlen(*p)) == 0;
        if (!chosen)
            figure[i].rounds = 0;
    }
}

/* All figures once a round, so that a noisy minute does not hit one of them alone. */
static inline void measure_all(struct figure *figure, size_t count)
{
    bool more = true;
    for (int round = 0; more; round++) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            if (round >= figure[i].rounds)
                continue;
            double value = figure[i].measure(figure[i].size);
            if (round == 0 || value < figure[i].best)
                figure[i].best = value;
            more = true;
        }
    }
}

static inline void print_figure(const char *name, double value, const char *unit)
{
    printf("%s\t%.*f\t%s\n", name, value >= 1000 ? 0 : 3, value, unit);
    fflush(stdout);
}

#endif
