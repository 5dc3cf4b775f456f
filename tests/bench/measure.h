/* Timing: processor time of this thread, and the minimum over rounds, as noise only ever adds. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double thread_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
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
    double best;
};

/* All figures once a round, so that a noisy minute does not hit one of them alone. */
static inline void measure_all(struct figure *figure, size_t count)
{
    for (size_t i = 0; i < count; i++)
        figure[i].best = figure[i].measure(figure[i].size);
    for (int round = 1; round < 16; round++) {
        for (size_t i = 0; i < count; i++) {
            if (round >= figure[i].rounds)
                continue;
            double value = figure[i].measure(figure[i].size);
            if (value < figure[i].best)
                figure[i].best = value;
        }
    }
}

static inline void print_figure(const char *name, double value, const char *unit)
{
    printf("%s\t%.*f\t%s\n", name, value >= 1000 ? 0 : 3, value, unit);
    fflush(stdout);
}

#endif
