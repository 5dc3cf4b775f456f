/* Disks: the drive against closed forms, the closed loop against mean value analysis, and the path
 * of a request at its edges. Formulas: Kleinrock, "Queueing Systems", vols. 1 and 2. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/engine/interval.h"
#include "sim/host/block_path.h"
#include "tests/sim/closed_forms.h"
#include "tests/sim/host_run.h"

enum { REPLICATIONS = 20, REQUESTS = 20000, MOST = 256 };

/* An open stream of requests, or customers that think, at a drive of its own. */
struct load {
    struct sim sim;
    struct drive drive;
    struct rng rng;
    double gap_s, think_s; /* means; gap 0: closed */
    uint64_t left, arrived;
    double time_s; /* sum of responses */
    struct customer {
        struct drive_job job;
        struct load *load;
        uint64_t began_ns;
        struct customer *next;
    } customer[MOST], *free;
};

static void enter(struct sim *sim, struct customer *customer);

static void on_thought(struct sim *sim, void *arg)
{
    enter(sim, arg);
}

static void on_served(struct sim *sim, void *arg)
{
    struct customer *customer = arg;
    struct load *load = customer->load;
    load->left++;
    load->time_s += (double)(sim_now(sim) - customer->began_ns) * 1e-9;
    if (load->gap_s > 0) {
        customer->next = load->free;
        load->free = customer;
        return;
    }
    double think_s = load->think_s * rng_exponential(&load->rng);
    sim_schedule_in(sim, (uint64_t)(think_s * 1e9), SIM_PRIORITY_NORMAL, on_thought, customer);
}

static void enter(struct sim *sim, struct customer *customer)
{
    customer->began_ns = sim_now(sim);
    customer->job = (struct drive_job){.operation = DRIVE_READ, .done = on_served, .arg = customer};
    drive_submit(sim, &customer->load->drive, &customer->job);
}

static void on_arrival(struct sim *sim, void *arg)
{
    struct load *load = arg;
    struct customer *customer = load->free;
    if (++load->arrived < REQUESTS) {
        double gap_s = load->gap_s * rng_exponential(&load->rng);
        sim_schedule_in(sim, (uint64_t)(gap_s * 1e9), SIM_PRIORITY_NORMAL, on_arrival, load);
    }
    assert_non_null(customer);
    load->free = customer->next;
    enter(sim, customer);
}

static void load_open(struct load *load, const struct drive_rules *rules, uint64_t seed)
{
    struct rng rng;
    load->left = load->arrived = 0;
    load->time_s = 0;
    load->free = NULL;
    assert_int_equal(sim_init(&load->sim, NULL), 0);
    rng_init(&rng, seed, 0, 0, 0);
    rng_init(&load->rng, seed, 0, 0, 1);
    drive_init(&load->drive, &load->sim, rules, &rng);
    for (int i = 0; i < MOST; i++) {
        load->customer[i].load = load;
        load->customer[i].next = load->free;
        load->free = &load->customer[i];
    }
}

/* Mean response of an open stream; every run is also held against Little's law. */
static void assert_response(const struct drive_rules *rules, double rate, double expected_s)
{
    static struct load load;
    struct tally means;
    tally_init(&means);
    load.gap_s = 1 / rate;
    for (uint64_t seed = 1; seed <= REPLICATIONS; seed++) {
        load_open(&load, rules, seed);
        on_arrival(&load.sim, &load);
        sim_run(&load.sim, SIM_NEVER);
        uint64_t now_ns = sim_now(&load.sim);
        double inside = station_level_mean(&load.drive.channels.busy, now_ns) +
                        station_level_mean(&load.drive.channels.waiting, now_ns) +
                        station_level_mean(&load.drive.bus.busy, now_ns) +
                        station_level_mean(&load.drive.bus.waiting, now_ns);
        assert_int_equal(load.left, REQUESTS);
        assert_true(fabs(inside / (load.time_s / ((double)now_ns * 1e-9)) - 1) < 1e-6);
        tally_add(&means, load.time_s / (double)load.left);
        sim_destroy(&load.sim);
    }
    struct interval interval = interval_of_mean(&means, 0.99);
    if (fabs(interval.mean - expected_s) > interval.half_width)
        fail_msg("%g +- %g is not %g", interval.mean, interval.half_width, expected_s);
    assert_true(interval.half_width < 0.05 * expected_s);
}

static struct drive_rules simple(uint32_t channels, double mean_s, double variation)
{
    struct drive_rules rules = {.channels = channels};
    rules.mode[DRIVE_READ][0] = rules.mode[DRIVE_READ][1] = drive_law(mean_s, variation);
    rules.mode[DRIVE_WRITE][0] = rules.mode[DRIVE_FLUSH][0] = drive_law(0, 0);
    return rules;
}

static void drive_is_mm1(void **state)
{
    struct drive_rules rules = simple(1, 1e-4, 1);
    (void)state;
    assert_response(&rules, 5000, 1e-4 / (1 - 0.5));
}

static void drive_is_mmc(void **state)
{
    struct drive_rules rules = simple(4, 1e-4, 1);
    double rate = 0.7 * 4 / 1e-4;
    (void)state;
    assert_response(&rules, rate, 1e-4 + erlang_c(0.7 * 4, 4) / (4 / 1e-4 - rate));
}

static void drive_is_md1(void **state)
{
    struct drive_rules rules = simple(1, 1e-4, 0);
    (void)state;
    assert_response(&rules, 6000, 1e-4 + 6000 * 1e-8 / (2 * (1 - 0.6)));
}

/* Pollaczek and Khinchine, for two modes of an NVMe drive, one channel. */
static void drive_is_mg1(void **state)
{
    struct drive_rules rules = simple(1, 3e-5, 0.1);
    double p = 0.37;
    (void)state;
    rules.mode[DRIVE_READ][1] = drive_law(9e-5, 0.1);
    rules.slow_share[DRIVE_READ] = p;
    double mean = (1 - p) * 3e-5 + p * 9e-5;
    double second = ((1 - p) * 9e-10 + p * 81e-10) * (1 + 0.01);
    double rate = 0.6 / mean;
    assert_response(&rules, rate, mean + rate * second / (2 * (1 - 0.6)));
}

/* A fixed delay and a bus behind the channel: an M/D/1 after a pure delay. */
static void drive_has_a_bus(void **state)
{
    struct drive_rules rules = simple(1, 0, 0);
    (void)state;
    rules.delay_s = 5e-4;
    rules.bus_s[DRIVE_READ] = 1e-4;
    static struct load load;
    load.gap_s = 1.0 / 6000;
    struct tally means;
    tally_init(&means);
    for (uint64_t seed = 1; seed <= REPLICATIONS; seed++) {
        load_open(&load, &rules, seed);
        on_arrival(&load.sim, &load);
        sim_run(&load.sim, SIM_NEVER);
        tally_add(&means, load.time_s / (double)load.left);
        sim_destroy(&load.sim);
    }
    struct interval interval = interval_of_mean(&means, 0.99);
    double expected = 5e-4 + 1e-4 + 6000 * 1e-8 / (2 * (1 - 0.6));
    assert_true(fabs(interval.mean - expected) <= interval.half_width);
}

static void closed_loop_is_mva(void **state)
{
    static struct load load;
    static const unsigned populations[] = {1, 2, 4, 8, 16, 64};
    struct drive_rules rules = simple(1, 23e-6, 1);
    (void)state;
    load.gap_s = 0;
    load.think_s = 63e-6;
    for (size_t i = 0; i < sizeof populations / sizeof populations[0]; i++) {
        struct tally rates;
        tally_init(&rates);
        for (uint64_t seed = 1; seed <= REPLICATIONS; seed++) {
            load_open(&load, &rules, seed);
            for (unsigned c = 0; c < populations[i]; c++)
                enter(&load.sim, &load.customer[c]);
            sim_run(&load.sim, 100000000);
            load.left = 0;
            load.time_s = 0;
            sim_run(&load.sim, 400000000);
            tally_add(&rates, (double)load.left / 0.3);
            /* The response time law. */
            double response_s = load.time_s / (double)load.left;
            assert_true(fabs((double)load.left / 0.3 * (response_s + 63e-6) / populations[i] - 1) <
                        0.06);
            sim_destroy(&load.sim);
        }
        struct interval interval = interval_of_mean(&rates, 0.99);
        double expected = mva(populations[i], 63e-6, 23e-6);
        if (fabs(interval.mean - expected) > interval.half_width)
            fail_msg("%u: %g +- %g is not %g", populations[i], interval.mean, interval.half_width,
                     expected);
    }
}

static struct host_run *run(const char *settings)
{
    return run_steady(settings, 0.05, 0.2);
}

static double figure(const char *settings, enum metric metric)
{
    return run_figure(run(settings), metric);
}

#define GUEST "host=m5d-metal-2020 vcpus=1 think_us=0 disk_cache=none disk_aio=native io_jobs=1 "

static void no_jobs_no_figures(void **state)
{
    (void)state;
    assert_true(isnan(figure("io_jobs=0", METRIC_io_rate)));
    assert_true(isnan(figure("io_jobs=4 disks_per_guest=0", METRIC_io_rate)));
}

/* The response time law in the guest: all that is in flight is in the path. */
static void requests_in_flight(void **state)
{
    static const int depths[] = {1, 4, 32};
    static const char *const kinds[] = {"", "disk_aio=threads", "io_on_host=1",
                                        "iothreads=1 disk_aio=io_uring", "vmm=firecracker"};
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++) {
            char settings[256];
            snprintf(settings, sizeof settings, GUEST "io_depth=%d %s", depths[d], kinds[k]);
            struct host_run *all = run(settings);
            double inside = all->result.value[METRIC_io_rate] * all->result.value[METRIC_io_mean];
            if (fabs(inside / depths[d] - 1) > 0.03)
                fail_msg("%s: %g in flight", settings, inside);
            run_close(all);
        }
    }
}

/* No disk is forgotten when one thread serves several, each queue with its own interrupt. */
static void disks_share_a_thread(void **state)
{
    static const char *const kinds[] = {"vmm=firecracker", "", "disk_aio=threads", "iothreads=2"};
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        char settings[256];
        snprintf(settings, sizeof settings,
                 GUEST "vcpus=2 disks_per_guest=3 io_jobs=6 io_depth=4 %s", kinds[k]);
        struct host_run *all = run(settings);
        double inside = all->result.value[METRIC_io_rate] * all->result.value[METRIC_io_mean];
        if (fabs(inside / 24 - 1) > 0.05)
            fail_msg("%s: %g in flight", settings, inside);
        run_close(all);
    }
}

/* The utilisation law on the drive and on the serving thread. */
static void utilisation_law(void **state)
{
    (void)state;
    struct host_run *all = run(GUEST "io_depth=4 parameter=drive_read_slow_share=0");
    const struct drive *drive = &all->host.block->drives[0];
    double busy = station_level_mean(&drive->channels.busy, sim_now(&all->host.sim));
    double rate = all->result.value[METRIC_io_rate];
    double service_s = cost_of(all->plan.costs, 0, "drive_read_s") +
                       4096 / cost_of(all->plan.costs, 0, "drive_channel_rate");
    assert_true(fabs(busy / (rate * service_s) - 1) < 0.03);
    assert_true(all->result.value[METRIC_io_thread_use] < 1);
    double least = rate * (cost_of(all->plan.costs, 0, "blk_take_s") +
                           cost_of(all->plan.costs, 0, "blk_complete_s"));
    assert_true(all->result.value[METRIC_io_thread_use] > least);
    run_close(all);
    assert_true(figure(GUEST "io_depth=64", METRIC_io_thread_use) > 0.99);
}

/* At most 64 workers, and one request at a time in a synchronous back end. */
static void limits_of_back_ends(void **state)
{
    (void)state;
    struct host_run *all = run(GUEST "host_drive=hdd disk_aio=threads io_depth=65");
    assert_int_equal(all->host.block->drives[0].channels.waiting.greatest +
                         all->host.block->drives[0].channels.busy.greatest,
                     64);
    run_close(all);
    all = run(GUEST "host_drive=hdd io_depth=65");
    assert_int_equal(all->host.block->drives[0].channels.waiting.greatest +
                         all->host.block->drives[0].channels.busy.greatest,
                     65);
    run_close(all);
    all = run(GUEST "vmm=firecracker io_depth=65");
    assert_int_equal(all->host.block->drives[0].channels.busy.greatest, 1);
    run_close(all);
}

#define WRITES GUEST "io_write_share=1 io_flush_every=32 io_depth=8 "

static void cache_modes_differ(void **state)
{
    (void)state;
    double unsafe = figure(WRITES "disk_cache=unsafe", METRIC_io_rate);
    double writeback = figure(WRITES "disk_cache=writeback", METRIC_io_rate);
    double none = figure(WRITES "disk_cache=none", METRIC_io_rate);
    double writethrough = figure(WRITES "disk_cache=writethrough", METRIC_io_rate);
    assert_true(unsafe > 1.1 * writeback);
    assert_true(unsafe > 1.1 * none);
    assert_true(none > 1.1 * writethrough);
    /* A flush for 32 writes, and what is left in flight at both ends. */
    struct host_run *all = run(WRITES);
    double writes = all->result.value[METRIC_io_rate] * 0.2;
    double flushes = (double)all->host.block->drives[0].channels.done - writes;
    assert_true(fabs(flushes - writes / 32) < 10);
    run_close(all);
}

static void kicks_are_suppressed(void **state)
{
    (void)state;
    /* one exit a request at depth 1 */
    double rate = figure(GUEST, METRIC_io_rate);
    assert_true(fabs(figure(GUEST, METRIC_io_exits) / rate - 1) < 0.01);
    /* next to none when the serving thread is the limit, or polls */
    assert_true(figure(GUEST "io_depth=32", METRIC_io_exits) < 0.05 * rate);
    assert_true(figure(GUEST "iothreads=1 disk_format=null", METRIC_io_exits) < 0.01 * rate);
}

static void images_cost_more(void **state)
{
    (void)state;
    double raw = figure(GUEST "disk_size=1T", METRIC_io_mean);
    double image = figure(GUEST "disk_size=1T disk_format=qcow2", METRIC_io_mean);
    double small = figure(GUEST "disk_size=8G disk_format=qcow2", METRIC_io_mean);
    /* 32 MiB of tables cover 256 GiB: three of four requests read a table first */
    assert_true(image > raw + 0.6 * 40e-6);
    assert_true(fabs(small / raw - 1) < 0.02);
}

static void user_space_is_slow(void **state)
{
    (void)state;
    double fast = figure(GUEST, METRIC_io_mean);
    double slow = figure(GUEST "parameter=blk_user_share=1", METRIC_io_mean);
    assert_true(slow > fast + 10e-6);
}

static void same_seed_same_figures(void **state)
{
    (void)state;
    struct host_run *first =
        run(GUEST "guests=3 io_jobs=2 io_depth=8 io_write_share=0.3 disk_aio=threads");
    struct host_run *second =
        run(GUEST "guests=3 io_jobs=2 io_depth=8 io_write_share=0.3 disk_aio=threads");
    assert_true(first->result.io_ns.count > 1000);
    assert_memory_equal(&first->result, &second->result, sizeof first->result);
    assert_true(sim_fingerprint(&first->host.sim) == sim_fingerprint(&second->host.sim));
    run_close(first);
    run_close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drive_is_mm1),         cmocka_unit_test(drive_is_mmc),
        cmocka_unit_test(drive_is_md1),         cmocka_unit_test(drive_is_mg1),
        cmocka_unit_test(drive_has_a_bus),      cmocka_unit_test(closed_loop_is_mva),
        cmocka_unit_test(no_jobs_no_figures),   cmocka_unit_test(requests_in_flight),
        cmocka_unit_test(disks_share_a_thread), cmocka_unit_test(utilisation_law),
        cmocka_unit_test(limits_of_back_ends),  cmocka_unit_test(cache_modes_differ),
        cmocka_unit_test(kicks_are_suppressed), cmocka_unit_test(images_cost_more),
        cmocka_unit_test(user_space_is_slow),   cmocka_unit_test(same_seed_same_figures),
    };
    return cmocka_run_group_tests(tests, load_catalog, free_catalog);
}
