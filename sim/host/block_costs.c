/* The coefficients of the block part, from parameters and options of a class. */
#include <math.h>

#include "sim/host/block_path.h"

/* A parameter without a row for this class is 0. */
static double known(const struct plan *plan, size_t c, const char *name)
{
    double value = cost_of(plan->costs, c, name);
    return isnan(value) ? 0 : value;
}

static double option(const struct plan *plan, size_t c, const char *name)
{
    double value = plan_option(plan, c, name);
    return isnan(value) ? 0 : value;
}

static uint64_t microseconds(double value)
{
    return (uint64_t)llround(fmax(value, 0) * 1e3);
}

static void read_guest_side(struct block_costs *costs, const struct plan *plan, size_t c)
{
    const struct costs *table = plan->costs;
    bool on_host = costs->on_host;
    costs->submit_ns = cost_ns(table, c, on_host ? "blk_host_submit_s" : "blk_guest_submit_s");
    costs->reap_ns = cost_ns(table, c, on_host ? "blk_host_reap_s" : "blk_guest_reap_s");
    costs->job_wake_ns = cost_ns(table, c, on_host ? "blk_host_wake_s" : "blk_guest_wake_s");
    costs->think_ns = microseconds(option(plan, c, "think_us"));
    costs->sleep_ns = microseconds(option(plan, c, "sleep_us"));
    costs->kick_ns = cost_ns(table, c, "blk_kick_s");
    costs->kick_user_ns = cost_ns(table, c, "blk_kick_user_s");
    costs->irq_ns = cost_ns(table, c, "blk_irq_s");
    costs->ipi_ns = cost_ns(table, c, "blk_ipi_s");
    costs->irq_delay_ns = cost_ns(table, c, "blk_irq_delay_s");
    costs->irq_after_ns = cost_ns(table, c, "blk_irq_after_s");
    costs->kick_rule = (enum kick_rule)known(plan, c, "blk_kick_rule");
}

static void read_serving_side(struct block_costs *costs, const struct plan *plan, size_t c)
{
    const struct costs *table = plan->costs;
    costs->pass_ns = cost_ns(table, c, "blk_pass_s");
    costs->polled_pass_ns = cost_ns(table, c, "blk_polled_pass_s");
    costs->parse_ns = cost_ns(table, c, "blk_take_s");
    costs->batch_ns = cost_ns(table, c, "blk_batch_s");
    costs->complete_ns = cost_ns(table, c, "blk_complete_s");
    costs->inject_ns = cost_ns(table, c, "blk_inject_s");
    costs->inject_user_ns = cost_ns(table, c, "blk_inject_user_s");
    costs->worker_start_ns = cost_ns(table, c, "blk_worker_start_s");
    costs->worker_end_ns = cost_ns(table, c, "blk_worker_end_s");
    costs->copy_ns = cost_ns(table, c, "blk_copy_s");
    costs->cached_read_ns = cost_ns(table, c, "blk_cached_read_s");
    costs->flush_delay_ns = cost_ns(table, c, "blk_flush_delay_s");
    costs->wake_delay_ns = cost_ns(table, c, "blk_wake_delay_s");
    costs->wake_after_ns = cost_ns(table, c, "blk_wake_after_s");
    costs->poll_ns = cost_ns(table, c, "blk_poll_s");
    costs->pool = known(plan, c, "blk_pool_threads") > 0;
    costs->synchronous = known(plan, c, "blk_synchronous") > 0;
    costs->user_share = known(plan, c, "blk_user_share");
}

void block_costs_read(struct block_costs *costs, const struct plan *plan, size_t c)
{
    double jobs = option(plan, c, "io_jobs");
    *costs = (struct block_costs){
        .disks = (uint32_t)plan->disks[c],
        .jobs = plan->disks[c] >= 1 ? (uint32_t)jobs : 0,
        .depth = (uint32_t)fmax(option(plan, c, "io_depth"), 1),
        .queues = (uint32_t)fmax(fmin(option(plan, c, "disk_queues"), option(plan, c, "vcpus")),
                                 1), /* others idle */
        .flush_every = (uint32_t)option(plan, c, "io_flush_every"),
        .batch_most = (uint32_t)fmax(known(plan, c, "blk_batch_most"), 1),
        .bytes = option(plan, c, "io_size"),
        .write_share = option(plan, c, "io_write_share"),
        .miss_share = known(plan, c, "qcow2_miss_share"),
        .miss_bytes = known(plan, c, "qcow2_miss_bytes"),
        .fresh_share = known(plan, c, "qcow2_fresh_share"),
        .fresh_bytes = known(plan, c, "qcow2_fresh_bytes"),
        .dirty_limit_bytes = known(plan, c, "blk_dirty_limit"),
        .cache_share = known(plan, c, "blk_cache_share"),
        .on_host = option(plan, c, "io_on_host") != 0,
        .no_drive = known(plan, c, "blk_no_drive") != 0,
        .sequential = option(plan, c, "io_sequential") != 0,
        .write_cached = known(plan, c, "blk_write_cached") != 0,
        .write_through = known(plan, c, "blk_write_through") != 0,
        .flush_ignored = known(plan, c, "blk_flush_ignored") != 0,
    };
    drive_rules_read(&costs->drive, plan->costs, c);
    read_guest_side(costs, plan, c);
    read_serving_side(costs, plan, c);
    double at_most = fmin(known(plan, c, "blk_pool_threads"), (double)costs->jobs * costs->depth);
    costs->workers = costs->pool && !costs->on_host ? (uint32_t)fmax(at_most, 1) : 0;
}
