#include "sim/host/memory.h"

#include <math.h>
#include <stdlib.h>

#include "sim/host/memory_class.h"

/* Steps of the integration: fine near the end of memory, coarse elsewhere, and coarser still once
 * the run is over. */
static const double STEP_MIN_NS = 1e7, STEP_MAX_NS = 1e8, SETTLE_MAX_NS = 1e10;
enum { SETTLE_STEPS = 1000000 };

struct memory {
    struct memory_class classes[CLASSES_MAX];
    size_t class_count;
    double ram, swap, kernel, struct_pages, pool;
    double commit_limit, pool_pages, scan_rate;
    double swap_read_s, swap_servers, swap_write_rate;
    double committed, pool_used;
    double progress_s, speed; /* clock of what guests touch, and its rate */
    double scanned, merged;
    double slow;
    uint64_t now_ns;
    uint32_t started, refused, killed;
    double used_at_kill;
    struct sim_event tick;
    uint8_t *gone; /* a flag for each guest */
};

static void read_host(struct memory *memory, const struct plan *plan)
{
    const struct costs *costs = plan->costs;
    memory->ram = plan_option(plan, 0, "host_memory");
    memory->swap = plan_option(plan, 0, "host_swap");
    memory->kernel = cost_of(costs, 0, "memory_kernel");
    memory->struct_pages = cost_of(costs, 0, "memory_struct_pages");
    memory->pool_pages = plan_option(plan, 0, "hugepages");
    memory->pool = memory->pool_pages * plan_option(plan, 0, "hugepage_size");
    memory->commit_limit = cost_of(costs, 0, "memory_commit_limit");
    memory->scan_rate = cost_of(costs, 0, "memory_scan_rate");
    memory->swap_read_s = cost_of(costs, 0, "memory_swap_read_s");
    memory->swap_servers = cost_of(costs, 0, "memory_swap_servers");
    memory->swap_write_rate = cost_of(costs, 0, "memory_swap_write_rate");
    memory->speed = memory->slow = 1;
}

int memory_open(struct host *host)
{
    const struct plan *plan = host->plan;
    struct memory *memory = host->memory = calloc(1, sizeof *memory);
    if (memory == NULL)
        return -1;
    memory->class_count = plan->scenario->class_count;
    memory->gone = calloc(plan->guests + 1, 1);
    read_host(memory, plan);
    for (size_t c = 0; c < memory->class_count; c++) {
        if (memory_class_open(&memory->classes[c], plan, c) != 0)
            return -1;
    }
    memory->now_ns = sim_now(&host->sim);
    return memory->gone == NULL ? -1 : 0;
}

void memory_close(struct host *host)
{
    struct memory *memory = host->memory;
    if (memory == NULL)
        return;
    for (size_t c = 0; c < memory->class_count; c++)
        memory_class_close(&memory->classes[c]);
    free(memory->gone);
    free(memory);
    host->memory = NULL;
}

/* Bytes a second that guests touch while nothing holds them up. */
static double growth(const struct memory *memory)
{
    double rate = 0;
    for (size_t c = 0; c < memory->class_count; c++)
        rate += memory_class_growth(&memory->classes[c]);
    return rate;
}

static double mergeable(const struct memory *memory)
{
    double bytes = 0;
    for (size_t c = 0; c < memory->class_count; c++) {
        const struct memory_class *class = &memory->classes[c];
        if (class->count > 1)
            bytes += class->merge_share * class->touched * (class->count - 1) / class->count;
    }
    return bytes;
}

static void sum_up(const struct memory *memory, struct memory_parts *parts)
{
    *parts = (struct memory_parts){.kernel = memory->kernel,
                                   .struct_pages = memory->struct_pages,
                                   .pool = memory->pool,
                                   .merged = memory->merged};
    for (size_t c = 0; c < memory->class_count; c++) {
        const struct memory_class *class = &memory->classes[c];
        parts->touched += class->touched;
        parts->page_tables += class->touched * class->page_tables;
        parts->overhead += class->count * class->overhead;
        parts->ballooned += class->ballooned;
    }
    parts->used = parts->kernel + parts->struct_pages + parts->pool + parts->touched +
                  parts->page_tables + parts->overhead - parts->merged - parts->ballooned;
    parts->swapped = fmin(fmax(parts->used - memory->ram, 0), memory->swap);
}

/* What its largest process is worth to the killer: its memory, and its oom_score_adj in thousandths
 * of all (mm/oom_kill.c: oom_badness). */
static double badness(const struct memory *memory, const struct memory_class *class)
{
    return memory_class_largest(class, memory->progress_s) +
           class->adjust / 1000 * (memory->ram + memory->swap);
}

static void kill_largest(struct memory *memory, double used)
{
    struct memory_class *worst = NULL;
    for (size_t c = 0; c < memory->class_count; c++) {
        struct memory_class *class = &memory->classes[c];
        if (class->count > 0 && (worst == NULL || badness(memory, class) > badness(memory, worst)))
            worst = class;
    }
    if (memory->killed == 0)
        memory->used_at_kill = fmin(used, memory->ram + memory->swap);
    memory->gone[memory_class_remove(worst, memory->progress_s)] = 1;
    memory->committed -= worst->committed;
    memory->pool_used -= worst->hugepages;
    memory->killed++;
}

static uint32_t guests_here(const struct memory *memory)
{
    uint32_t count = 0;
    for (size_t c = 0; c < memory->class_count; c++)
        count += memory->classes[c].count;
    return count;
}

/* A page merges on the second visit at the earliest, as its checksum has to be the same as before
 * (mm/ksm.c: cmp_and_merge_page): the first pass merges nothing. */
static void merge(struct memory *memory, double lasted_s)
{
    double possible = mergeable(memory), all = 0;
    for (size_t c = 0; c < memory->class_count; c++)
        all += memory->classes[c].touched;
    double scanned = memory->scan_rate * lasted_s;
    memory->scanned += scanned;
    if (memory->scanned > all && all > 0)
        memory->merged += scanned * possible / all;
    memory->merged = fmin(memory->merged, possible);
}

/* Balloons take memory from guests while there is not enough of it. */
static void inflate(struct memory *memory, double lasted_s, double missing)
{
    for (size_t c = 0; c < memory->class_count; c++) {
        struct memory_class *class = &memory->classes[c];
        if (missing > 0)
            class->ballooned += class->balloon_rate * lasted_s * class->count;
        class->ballooned = fmin(class->ballooned, memory_class_spare(class));
    }
}

/* How much longer the work of guests takes for faults, and how fast they touch more. */
static void slow_down(struct memory *memory, const struct memory_parts *parts)
{
    double resident = parts->touched - parts->merged - parts->ballooned - parts->swapped;
    double hot = 0, rate = 0;
    for (size_t c = 0; c < memory->class_count; c++) {
        const struct memory_class *class = &memory->classes[c];
        hot += fmin(class->touched, class->count * class->working_set);
        rate += class->count * class->access_rate;
    }
    double guests = guests_here(memory);
    double miss = hot > resident ? 1 - fmax(resident, 0) / hot : 0;
    double each = guests > 0 ? miss * rate / guests * memory->swap_read_s : 0;
    memory->slow = fmax(1 + each, each * guests / memory->swap_servers);
    memory->speed = 1 / memory->slow;
    double grows = growth(memory);
    if (parts->swapped > 0 && grows > 0)
        memory->speed = fmin(memory->speed, memory->swap_write_rate / grows);
}

/* Brings all up to now. */
static void advance(struct memory *memory, uint64_t now_ns)
{
    struct memory_parts parts;
    double lasted_s = (double)(now_ns - memory->now_ns) * 1e-9;
    memory->progress_s += memory->speed * lasted_s;
    memory->now_ns = now_ns;
    for (size_t c = 0; c < memory->class_count; c++)
        memory_class_touch(&memory->classes[c], memory->progress_s);
    merge(memory, lasted_s);
    sum_up(memory, &parts);
    inflate(memory, lasted_s, parts.used - memory->ram);
    sum_up(memory, &parts);
    while (parts.used > memory->ram + memory->swap && guests_here(memory) > 0) {
        kill_largest(memory, parts.used);
        memory->merged = fmin(memory->merged, mergeable(memory));
        inflate(memory, 0, 0);
        sum_up(memory, &parts);
    }
    slow_down(memory, &parts);
}

/* Whether time changes anything. */
static bool moves(const struct memory *memory, const struct memory_parts *parts)
{
    double most = 0;
    for (size_t c = 0; c < memory->class_count; c++)
        most += memory_class_spare(&memory->classes[c]);
    return growth(memory) > 0 || (memory->scan_rate > 0 && memory->merged < mergeable(memory)) ||
           (parts->used > memory->ram && parts->ballooned < most);
}

/* Half of the way to the end of memory, within bounds. */
static uint64_t step_ns(const struct memory *memory, const struct memory_parts *parts,
                        double longest_ns)
{
    double left = fabs(memory->ram + memory->swap - parts->used);
    if (parts->used < memory->ram)
        left = memory->ram - parts->used;
    double step = left / fmax(growth(memory) * memory->speed, 1) / 2 * 1e9;
    return (uint64_t)fmin(fmax(step, STEP_MIN_NS), longest_ns);
}

static void on_tick(struct sim *sim, void *arg)
{
    struct memory *memory = arg;
    struct memory_parts parts;
    advance(memory, sim_now(sim));
    sum_up(memory, &parts);
    memory->tick = SIM_EVENT_NONE;
    if (!moves(memory, &parts))
        return;
    memory->tick = sim_schedule_in(sim, step_ns(memory, &parts, STEP_MAX_NS), SIM_PRIORITY_NORMAL,
                                   on_tick, memory);
}

void memory_start(struct host *host, struct guest *guest)
{
    struct memory *memory = host->memory;
    struct memory_class *class = &memory->classes[guest->class_index];
    advance(memory, sim_now(&host->sim));
    memory->started++;
    if (memory->committed + class->committed > memory->commit_limit ||
        memory->pool_used + class->hugepages > memory->pool_pages) {
        memory->gone[guest->index] = 1;
        memory->refused++;
        return;
    }
    memory->committed += class->committed;
    memory->pool_used += class->hugepages;
    memory_class_add(class, guest->index, memory->progress_s);
    if (!sim_is_pending(&host->sim, memory->tick))
        memory->tick = sim_schedule_in(&host->sim, 0, SIM_PRIORITY_NORMAL, on_tick, memory);
}

void memory_restart_statistics(struct host *host)
{
    (void)host;
}

/* A cost of a guest, mean over all guests asked for. */
static double mean_cost(const struct plan *plan, const char *name)
{
    double sum = 0;
    for (size_t c = 0; c < plan->scenario->class_count; c++)
        sum += plan->class_guests[c] * cost_of(plan->costs, c, name);
    return plan->guests > 0 ? sum / plan->guests : NAN;
}

static double mean_slowdown(const struct memory *memory)
{
    double numa = 0;
    uint32_t guests = guests_here(memory);
    for (size_t c = 0; c < memory->class_count; c++)
        numa += memory->classes[c].count * memory->classes[c].numa;
    return guests > 0 ? memory->slow * numa / guests : NAN;
}

/* Lets guests touch the rest: what memory holds does not depend on how long the run was. */
static void settle(struct memory *memory)
{
    struct memory_parts parts;
    for (uint32_t i = 0; i < SETTLE_STEPS && growth(memory) > 0; i++) {
        sum_up(memory, &parts);
        advance(memory, memory->now_ns + step_ns(memory, &parts, SETTLE_MAX_NS));
    }
}

void memory_measure(struct host *host)
{
    struct memory *memory = host->memory;
    double *value = host->result->value;
    struct memory_parts parts;
    advance(memory, sim_now(&host->sim));
    settle(memory);
    sum_up(memory, &parts);
    value[METRIC_memory_used] = memory->killed > 0 ? memory->used_at_kill : parts.used;
    value[METRIC_memory_swapped] = parts.swapped;
    value[METRIC_memory_guests] = guests_here(memory);
    value[METRIC_memory_oom] = memory->killed;
    value[METRIC_memory_slowdown] = mean_slowdown(memory);
    value[METRIC_memory_merged] = parts.merged;
    value[METRIC_memory_overhead] =
        mean_cost(host->plan, "memory_overhead") + mean_cost(host->plan, "memory_page_table_bytes");
    value[METRIC_memory_mapped] = mean_cost(host->plan, "memory_mapped");
    value[METRIC_memory_unusable] = mean_cost(host->plan, "memory_unusable");
    value[METRIC_memory_committed] = memory->committed;
}

void memory_parts(struct host *host, struct memory_parts *parts)
{
    advance(host->memory, sim_now(&host->sim));
    sum_up(host->memory, parts);
}

bool memory_is_gone(const struct host *host, const struct guest *guest)
{
    return host->memory->gone[guest->index] != 0;
}

double memory_slowdown(const struct host *host, size_t class_index)
{
    return host->memory->slow * host->memory->classes[class_index].numa;
}
