#include "sim/host/memory_class.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int memory_class_open(struct memory_class *class, const struct plan *plan, size_t c)
{
    const struct costs *costs = plan->costs;
    uint32_t guests = plan->class_guests[c];
    double all = cost_of(costs, c, "memory_resident");
    class->all_bytes = all;
    class->boot_bytes = fmin(all, cost_of(costs, c, "memory_boot_bytes"));
    class->boot_rate = cost_of(costs, c, "memory_boot_rate");
    class->fill_rate = cost_of(costs, c, "memory_fill_rate");
    class->boot_s = class->boot_bytes / class->boot_rate;
    class->all_s = class->boot_s + (all - class->boot_bytes) / class->fill_rate;
    class->overhead = cost_of(costs, c, "memory_overhead");
    class->page_tables = cost_of(costs, c, "memory_page_tables");
    class->committed = cost_of(costs, c, "memory_commit");
    class->hugepages = cost_of(costs, c, "memory_hugepages");
    class->adjust = cost_of(costs, c, "memory_oom_adjust");
    class->working_set = fmin(all, plan_option(plan, c, "working_set"));
    class->access_rate = cost_of(costs, c, "memory_access_rate");
    class->numa = 1 + cost_of(costs, c, "memory_bound_share") *
                          cost_of(costs, c, "memory_remote_share") *
                          (cost_of(costs, c, "memory_remote_factor") - 1);
    class->merge_share = cost_of(costs, c, "memory_merge_share");
    class->balloon_share = cost_of(costs, c, "memory_balloon_share");
    class->balloon_rate = cost_of(costs, c, "memory_balloon_rate");
    class->guest = calloc(guests + 1, sizeof *class->guest);
    class->began = calloc(guests + 1, sizeof *class->began);
    return class->guest == NULL || class->began == NULL ? -1 : 0;
}

void memory_class_close(struct memory_class *class)
{
    free(class->guest);
    free(class->began);
}

void memory_class_add(struct memory_class *class, uint32_t guest, double now_s)
{
    class->guest[class->count] = guest;
    class->began[class->count++] = now_s;
    class->booting_began += now_s;
}

void memory_class_touch(struct memory_class *class, double now_s)
{
    while (class->booted < class->count && now_s - class->began[class->booted] >= class->boot_s) {
        class->booting_began -= class->began[class->booted];
        class->filling_began += class->began[class->booted++];
    }
    while (class->full < class->booted && now_s - class->began[class->full] >= class->all_s)
        class->filling_began -= class->began[class->full++];
    double filling = class->booted - class->full;
    double booting = class->count - class->booted;
    class->touched = class->full * class->all_bytes;
    if (filling > 0)
        class->touched +=
            filling * class->boot_bytes +
            class->fill_rate * fmax(0, filling * (now_s - class->boot_s) - class->filling_began);
    if (booting > 0)
        class->touched += class->boot_rate * fmax(0, booting * now_s - class->booting_began);
}

double memory_class_growth(const struct memory_class *class)
{
    return (class->booted - class->full) * class->fill_rate +
           (class->count - class->booted) * class->boot_rate;
}

double memory_class_largest(const struct memory_class *class, double now_s)
{
    double age_s = now_s - class->began[0];
    double bytes = class->all_bytes;
    if (class->full == 0)
        bytes = fmin(age_s * class->boot_rate, class->boot_bytes) +
                fmax(age_s - class->boot_s, 0) * class->fill_rate;
    return bytes * (1 + class->page_tables) + class->overhead;
}

double memory_class_spare(const struct memory_class *class)
{
    return class->balloon_share * fmax(class->touched - class->count * class->working_set, 0);
}

uint32_t memory_class_remove(struct memory_class *class, double now_s)
{
    uint32_t victim = class->full > 0 ? class->full - 1 : 0;
    while (class->full == 0 && victim + 1 < class->count &&
           class->began[victim + 1] <= class->began[0])
        victim++;
    uint32_t guest = class->guest[victim];
    uint32_t behind = class->count - victim - 1;
    if (victim >= class->booted)
        class->booting_began -= class->began[victim];
    else if (victim >= class->full)
        class->filling_began -= class->began[victim];
    class->booted -= victim < class->booted;
    class->full -= victim < class->full;
    memmove(&class->guest[victim], &class->guest[victim + 1], behind * sizeof *class->guest);
    memmove(&class->began[victim], &class->began[victim + 1], behind * sizeof *class->began);
    class->count--;
    memory_class_touch(class, now_s);
    return guest;
}
