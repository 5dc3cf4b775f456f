/* What a study's cells cost: one `name<TAB>value<TAB>unit` line a figure. Rows are made, and thrown
 * away. Cells a second and core are of one thread's CPU time; seconds are elapsed, and a speed-up
 * is of these, so it tells of a machine that has nothing else to do. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/sweep.h"

static double now_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct setting {
    const char *name, *text;
};

/* Returns seconds. */
static double measure(const char *name, const struct catalog *catalog,
                      const struct setting *settings, size_t count, bool simulate, unsigned threads)
{
    static const enum metric metrics[] = {METRIC_start_mean, METRIC_cpu_busy, METRIC_io_p99};
    struct diag diag = {.line = 0};
    struct axes axes = {.count = 0};
    struct overlay overlay = {.catalog = NULL};
    struct scenario *start = malloc(sizeof *start);
    FILE *out = fopen("/dev/null", "w");
    if (start == NULL || out == NULL || scenario_init(start, &diag) != 0)
        exit(1);
    for (size_t i = 0; i < count; i++) {
        if (axes_add(&axes, settings[i].name, settings[i].text, &diag) != 0)
            exit(1);
    }
    struct sweep sweep = {.catalog = catalog,
                          .overlay = &overlay,
                          .start = start,
                          .simulate = simulate,
                          .rules = run_defaults,
                          .metrics = metrics,
                          .metric_count = 3};
    double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    double wall = now_s(CLOCK_MONOTONIC);
    if (sweep_open(&sweep, &axes, &diag) != 0)
        exit(1);
    struct sweep_job job = {.end = sweep.batches, .threads = threads, .out = out};
    if (sweep_run(&sweep, &job, &diag) != 0) {
        diag_print(stderr, &diag);
        exit(1);
    }
    cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = now_s(CLOCK_MONOTONIC) - wall;
    printf("sweep.%s.cells\t%lu\t\n", name, (unsigned long)sweep.cells);
    printf("sweep.%s.rate\t%.0f\tcells/s/core\n", name, (double)sweep.cells / cpu);
    printf("sweep.%s.elapsed\t%.3f\ts at %u threads\n", name, wall, threads);
    sweep_close(&sweep);
    fclose(out);
    free(start);
    return wall;
}

int main(void)
{
    static const struct setting ramp[] = {{"disks_per_guest", "0..999"}, {"guests", "1..1000"}};
    static const struct setting across[] = {{"guests", "1..1000"}, {"disks_per_guest", "0..999"}};
    static const struct setting map[] = {{"guests", "12..4800:12"}, {"disks", "50..20000:50"}};
    static const struct setting many[] = {{"linux", "5.10,6.12"},
                                          {"host_memory", "256G,512G,1T,2T"},
                                          {"vcpus", "1..10"},
                                          {"guests", "100..5000:10"}};
    static const struct setting time[] = {
        {"vcpus", "1,2,4"}, {"guests", "4..64:2"}, {"duration", "10"}};
    struct catalog catalog;
    struct diag diag;
    if (catalog_load(&catalog, NULL, &diag) != 0)
        return 1;
    measure("ramp", &catalog, ramp, 2, false, 1);
    measure("across", &catalog, across, 2, false, 1);
    measure("mixed", &catalog, many, 4, false, 1);
    measure("map", &catalog, map, 2, false, 1);
    measure("map2", &catalog, map, 2, false, 2);
    double one = measure("simulated", &catalog, time, 3, true, 1);
    double two = measure("simulated2", &catalog, time, 3, true, 2);
    printf("sweep.simulated.speedup\t%.2f\ttimes at 2 threads\n", one / two);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("sweep.memory\t%.0f\tMiB at most\n", (double)usage.ru_maxrss / 1024);
    catalog_free(&catalog);
    return 0;
}
