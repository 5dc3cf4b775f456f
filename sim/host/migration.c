#include "sim/host/migration.h"

#include <math.h>
#include <stdlib.h>

#include "sim/host/dirty.h"

enum stage { STAGE_COPY, STAGE_STOPPED, STAGE_POSTCOPY, STAGE_ENDED, STAGE_GIVEN_UP };

/* What all migrations of one guest class have in common. Pages are of `page` bytes. */
struct migration_class {
    double page, pages, zero_pages;
    struct dirty_rules dirty;
    double wire_page, wire_zero; /* bytes sent for each */
    double scan_s;               /* to find that a page is zero */
    double setup_s, device_s, downtime_s, patience_s, fault_s, vcpus;
    double bandwidth, rate, final_rate; /* bytes/s: 0 none; of raw pages */
    double look_s, rounds_max;          /* between two looks at what is left, mean */
    double throttle_first, throttle_step, throttle_most, throttle_slice_s, writer_rate;
    bool auto_converge, postcopy, cpu_bound;
    struct station_class limited, unlimited;
};

struct migration {
    struct migrations *all;
    struct migration_class *class;
    struct station_flow flow;
    struct sim_event step, deadline;
    enum stage stage;
    uint64_t began_ns, round_ns, flow_ns, stopped_ns, ended_ns;
    double left, zero_left;          /* in the bitmap */
    double sending, sending_zero;    /* of them in this round */
    double bytes, round_bytes, rate; /* rate: of the last flow, bytes/s */
    double rounds, high_rounds;
    double throttle, dirty_rate, expected_s, downtime_s, stall_s;
};

struct migrations {
    struct sim *sim;
    struct station_fluid link;
    struct migration_class classes[CLASSES_MAX];
    size_t class_count;
    struct migration *migration;
    uint32_t asked, accepted, under_way;
};

static void read_class(struct migration_class *class, const struct plan *plan, size_t c)
{
    const struct costs *costs = plan->costs;
    double page = class->page = plan_option(plan, c, "page_size");
    double memory = plan_option(plan, c, "memory");
    double touched = fmin(memory, plan_option(plan, c, "memory_touched"));
    double ratio = cost_of(costs, c, "migration_wire_ratio");
    class->pages = floor((memory + cost_of(costs, c, "migration_extra_ram")) / page);
    class->zero_pages = class->pages - ceil(touched / page);
    class->dirty = (struct dirty_rules){
        .rate = plan_option(plan, c, "dirty_rate"),
        .set = fmin(touched, plan_option(plan, c, "working_set")) / page,
        .cyclic = plan_option(plan, c, "dirty_cyclic") != 0,
        .clear_log = cost_of(costs, c, "migration_clear_log") != 0,
    };
    class->wire_page = page * ratio + cost_of(costs, c, "migration_page_header");
    class->wire_zero = cost_of(costs, c, "migration_zero_bytes");
    class->scan_s = cost_of(costs, c, "migration_zero_scan_s");
    class->setup_s = cost_of(costs, c, "migration_setup_s");
    class->device_s = cost_of(costs, c, "migration_device_s");
    class->downtime_s = plan_option(plan, c, "migration_downtime") / 1000;
    class->patience_s = cost_of(costs, c, "migration_patience_s");
    class->fault_s = cost_of(costs, c, "migration_fault_s");
    class->vcpus = fmax(1, plan_option(plan, c, "vcpus"));
    class->bandwidth = plan_option(plan, c, "migration_bandwidth") * 1024 * 1024 *
                       cost_of(costs, c, "migration_window_use");
    class->rate = cost_of(costs, c, "migration_rate");
    class->final_rate = cost_of(costs, c, "migration_final_rate");
    class->look_s = cost_of(costs, c, "migration_look_s");
    class->rounds_max = cost_of(costs, c, "migration_rounds_max");
    class->throttle_first = cost_of(costs, c, "migration_throttle_first");
    class->throttle_step = cost_of(costs, c, "migration_throttle_step");
    class->throttle_most = cost_of(costs, c, "migration_throttle_most");
    class->throttle_slice_s = cost_of(costs, c, "migration_throttle_slice_s");
    class->writer_rate = cost_of(costs, c, "migration_writer_rate");
    class->auto_converge = plan_option(plan, c, "migration_auto_converge") != 0;
    class->postcopy = plan_option(plan, c, "migration_postcopy") != 0;
    class->cpu_bound = plan_option(plan, c, "busy_vcpus") > 0;
}

static void join_link(struct migrations *all, struct migration_class *class)
{
    double wire = class->wire_page / class->page;
    double limit = class->rate * wire;
    if (class->bandwidth > 0)
        limit = fmin(limit, class->bandwidth);
    station_fluid_add_class(&all->link, &class->limited, 1, limit * 1e-9);
    station_fluid_add_class(&all->link, &class->unlimited, 1, class->final_rate * wire * 1e-9);
}

/* The class of the i-th guest of the mix, which repeats; migrations need no guest that runs here.
 */
static size_t class_of(const struct plan *plan, uint32_t i)
{
    if (plan->guests == 0)
        return 0;
    i %= plan->guests;
    for (size_t c = 0; c < plan->scenario->class_count; c++) {
        if (i < plan->class_guests[c])
            return c;
        i -= plan->class_guests[c];
    }
    return 0;
}

int migration_open(struct host *host)
{
    const struct plan *plan = host->plan;
    struct migrations *all = host->migrations = calloc(1, sizeof *all);
    if (all == NULL)
        return -1;
    all->sim = &host->sim;
    all->asked = (uint32_t)fmin(plan_option(plan, 0, "migrations"), UINT32_MAX / 2);
    all->accepted = (uint32_t)fmin(all->asked, cost_of(plan->costs, 0, "migration_places"));
    all->class_count = plan->scenario->class_count;
    all->migration = calloc(all->accepted + 1, sizeof *all->migration);
    if (all->migration == NULL)
        return -1;
    station_fluid_init(&all->link, &host->sim,
                       cost_of(plan->costs, 0, "migration_link_rate") * 1e-9);
    for (size_t c = 0; c < all->class_count; c++) {
        read_class(&all->classes[c], plan, c);
        join_link(all, &all->classes[c]);
    }
    for (uint32_t i = 0; i < all->accepted; i++) {
        all->migration[i].all = all;
        all->migration[i].class = &all->classes[class_of(plan, i)];
        all->migration[i].stage = STAGE_COPY;
    }
    return 0;
}

void migration_close(struct host *host)
{
    if (host->migrations != NULL)
        free(host->migrations->migration);
    free(host->migrations);
    host->migrations = NULL;
}

void migration_start(struct host *host, struct guest *guest)
{
    (void)host;
    (void)guest;
}

/* Pages a second that the guest dirties under its throttle. */
static double dirtying(const struct migration *m)
{
    double share = 1 - m->throttle;
    if (m->class->cpu_bound)
        return m->class->dirty.rate * share;
    return fmin(m->class->dirty.rate, fmax(m->class->dirty.rate, m->class->writer_rate) * share);
}

/* Bytes a second before any was measured: its cap, or an equal part of the link. */
static double expected_rate(const struct migration *m)
{
    double share = m->all->link.capacity_per_ns * 1e9 / m->all->under_way;
    double limit = m->class->bandwidth > 0 ? m->class->bandwidth : INFINITY;
    return fmin(m->class->rate * m->class->wire_page / m->class->page, fmin(share, limit));
}

static void end(struct sim *sim, struct migration *m, enum stage stage)
{
    if (m->flow.class != NULL)
        m->bytes -= station_fluid_withdraw(sim, &m->flow);
    sim_cancel(sim, m->step);
    sim_cancel(sim, m->deadline);
    m->stage = stage;
    m->ended_ns = sim_now(sim);
    m->all->under_way--;
}

static void on_deadline(struct sim *sim, void *arg)
{
    end(sim, arg, STAGE_GIVEN_UP);
}

static void on_sent(struct sim *sim, void *arg);

/* The flow, after the time it takes to look at the zero pages among it. */
static void on_scanned(struct sim *sim, void *arg)
{
    struct migration *m = arg;
    bool capped = m->stage == STAGE_COPY;
    m->flow_ns = sim_now(sim);
    station_fluid_submit(sim, capped ? &m->class->limited : &m->class->unlimited, &m->flow);
}

static void send(struct sim *sim, struct migration *m, double pages)
{
    const struct migration_class *class = m->class;
    m->sending = pages;
    m->sending_zero = m->left > 0 ? pages * m->zero_left / m->left : 0;
    double bytes =
        (pages - m->sending_zero) * class->wire_page + m->sending_zero * class->wire_zero;
    m->flow = (struct station_flow){.work = bytes, .done = on_sent, .arg = m};
    m->round_bytes = bytes;
    m->bytes += bytes;
    double scan_ns = m->sending_zero * class->scan_s * 1e9;
    m->step = sim_schedule_in(sim, (uint64_t)scan_ns, SIM_PRIORITY_NORMAL, on_scanned, m);
}

static double threshold(const struct migration *m)
{
    return m->rate * m->class->downtime_s / m->class->page;
}

/* QEMU raises the throttle each second time that more than half of what was sent is dirty again
 * (migration/ram.c: migration_trigger_throttle). */
static void throttle(struct migration *m, double dirtied)
{
    const struct migration_class *class = m->class;
    if (!class->auto_converge || dirtied * class->page * 2 <= m->round_bytes ||
        ++m->high_rounds < 2)
        return;
    m->high_rounds = 0;
    m->throttle = m->throttle == 0 ? class->throttle_first : m->throttle + class->throttle_step;
    m->throttle = fmin(m->throttle, class->throttle_most);
}

/* Reads the dirty bitmap: what is left now. */
static void sync_bitmap(struct sim *sim, struct migration *m)
{
    double lasted_s = (double)(sim_now(sim) - m->round_ns) * 1e-9;
    double left = m->left - m->sending;
    double in_set = m->rounds > 1 ? 1 : m->class->dirty.set / m->class->pages;
    double dirtied =
        dirty_pages(&m->class->dirty, dirtying(m), lasted_s, left * in_set, m->sending * in_set);
    m->zero_left -= m->sending_zero;
    m->left = left + dirtied;
    m->rounds++;
    m->round_ns = sim_now(sim);
    m->dirty_rate = lasted_s > 0 ? dirtied / lasted_s : 0;
    if (dirtied > 0)
        m->expected_s = m->left * m->class->page / m->rate;
    throttle(m, dirtied);
}

static void next_round(struct sim *sim, struct migration *m)
{
    double grain = m->rate * m->class->look_s / m->class->page;
    double unsent = fmax(threshold(m) - grain, 0);
    send(sim, m, fmin(fmax(m->left - unsent, grain), m->left));
}

static void stop_guest(struct sim *sim, struct migration *m)
{
    m->stage = STAGE_STOPPED;
    m->stopped_ns = sim_now(sim);
    m->rounds++;
    send(sim, m, m->class->postcopy ? 0 : m->left);
}

/* Pages that the guest asks for before they come by themselves keep the vCPU waiting that did, and
 * it asks the less for that. */
static void begin_postcopy(struct sim *sim, struct migration *m)
{
    double missing = m->left;
    double sent_s = missing * m->class->wire_page / m->rate;
    double wait_s = m->class->fault_s / m->class->vcpus; /* over all vCPUs */
    double rate = dirtying(m) / (1 + dirtying(m) * wait_s);
    double asked = fmin(dirty_pages(&m->class->dirty, rate, sent_s, 0, 0), missing);
    m->stall_s = asked * wait_s;
    m->stage = STAGE_POSTCOPY;
    send(sim, m, missing);
}

static void on_device_state(struct sim *sim, void *arg)
{
    struct migration *m = arg;
    m->downtime_s = (double)(sim_now(sim) - m->stopped_ns) * 1e-9;
    if (m->class->postcopy && m->left > 0)
        begin_postcopy(sim, m);
    else
        end(sim, m, STAGE_ENDED);
}

static void on_sent(struct sim *sim, void *arg)
{
    struct migration *m = arg;
    if (m->stage == STAGE_POSTCOPY) {
        end(sim, m, STAGE_ENDED);
    } else if (m->stage == STAGE_STOPPED) {
        m->left -= m->sending;
        m->step = sim_schedule_in(sim, (uint64_t)(m->class->device_s * 1e9), SIM_PRIORITY_NORMAL,
                                  on_device_state, m);
    } else {
        if (sim_now(sim) > m->flow_ns)
            m->rate = m->round_bytes / ((double)(sim_now(sim) - m->flow_ns) * 1e-9);
        sync_bitmap(sim, m);
        if (m->class->postcopy || m->left <= threshold(m))
            stop_guest(sim, m);
        else if (m->rounds >= m->class->rounds_max)
            end(sim, m, STAGE_GIVEN_UP);
        else
            next_round(sim, m);
    }
}

static void on_setup(struct sim *sim, void *arg)
{
    struct migration *m = arg;
    m->round_ns = sim_now(sim);
    m->rate = expected_rate(m);
    if (m->left <= threshold(m) && !m->class->postcopy)
        stop_guest(sim, m);
    else
        next_round(sim, m);
}

static void begin(struct sim *sim, struct migration *m)
{
    const struct migration_class *class = m->class;
    m->began_ns = sim_now(sim);
    m->left = class->pages;
    m->zero_left = class->zero_pages;
    m->rounds = 1;
    m->expected_s = class->downtime_s;
    m->all->under_way++;
    m->step =
        sim_schedule_in(sim, (uint64_t)(class->setup_s * 1e9), SIM_PRIORITY_NORMAL, on_setup, m);
    m->deadline = sim_schedule_in(sim, (uint64_t)(class->patience_s * 1e9), SIM_PRIORITY_LAST,
                                  on_deadline, m);
}

void migration_restart_statistics(struct host *host)
{
    struct migrations *all = host->migrations;
    for (uint32_t i = 0; i < all->accepted; i++)
        begin(&host->sim, &all->migration[i]);
}

bool migration_busy(const struct host *host)
{
    return host->migrations->under_way > 0;
}

struct station_fluid *migration_link(struct host *host)
{
    return &host->migrations->link;
}

double migration_cpu_share(const struct host *host, const struct guest *guest)
{
    const struct migrations *all = host->migrations;
    return guest->index < all->accepted ? 1 - all->migration[guest->index].throttle : 1;
}

struct totals {
    double total, downtime, stall, bytes, rounds, dirty_rate, expected, throttle, pause;
    double over, ended;
};

static void add(struct totals *sum, const struct migration *m)
{
    sum->bytes += m->bytes;
    sum->rounds += m->rounds;
    sum->dirty_rate += m->dirty_rate;
    sum->expected += m->expected_s;
    sum->throttle += m->throttle;
    sum->pause += m->throttle / (1 - m->throttle) * m->class->throttle_slice_s;
    sum->over++;
    if (m->stage != STAGE_ENDED)
        return;
    sum->ended++;
    sum->total += (double)(m->ended_ns - m->began_ns) * 1e-9;
    sum->downtime += m->downtime_s;
    sum->stall += m->stall_s;
}

void migration_measure(struct host *host)
{
    const struct migrations *all = host->migrations;
    double *value = host->result->value;
    struct totals sum = {0};
    if (all->asked == 0)
        return;
    value[METRIC_migration_accepted] = all->accepted;
    for (uint32_t i = 0; i < all->accepted; i++) {
        if (all->migration[i].stage >= STAGE_ENDED)
            add(&sum, &all->migration[i]);
    }
    if (sum.over > 0) {
        value[METRIC_migration_bytes] = sum.bytes / sum.over;
        value[METRIC_migration_rounds] = sum.rounds / sum.over;
        value[METRIC_migration_dirty_rate] = sum.dirty_rate / sum.over;
        value[METRIC_migration_expected_downtime] = sum.expected / sum.over;
        value[METRIC_migration_throttle] = sum.throttle / sum.over;
        value[METRIC_migration_pause] = sum.pause / sum.over;
        value[METRIC_migration_converged] = sum.ended / sum.over;
    }
    if (sum.ended > 0) {
        value[METRIC_migration_total] = sum.total / sum.ended;
        value[METRIC_migration_downtime] = sum.downtime / sum.ended;
        value[METRIC_migration_stall] = sum.stall / sum.ended;
    }
}
