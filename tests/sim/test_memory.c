/* Memory in time: its parts add up, it ends where it must, and the right guests go. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sim/host/memory.h"
#include "tests/sim/host_run.h"

/* Nothing but what guests touch takes memory; a page is 4 KiB. */
#define BARE                                                                                       \
    "host=generic-2026 vcpus=1 memory=1G host_memory=8G working_set=0 parameter=memory_kernel=0,"  \
    "memory_page_tables=0,memory_overhead=0,memory_struct_pages=0"

static struct result result_of(const char *settings)
{
    return run_result(run_of(settings, host_run_memory));
}

static struct host_run *open_memory(const char *settings)
{
    return run_of(settings, memory_open);
}

static void until(struct host_run *run, double seconds)
{
    assert_int_equal(sim_run(&run->host.sim, (uint64_t)(seconds * 1e9)), 0);
}

static void parts_add_up(struct host_run *run)
{
    struct memory_parts parts;
    memory_parts(&run->host, &parts);
    near(parts.used,
         parts.kernel + parts.struct_pages + parts.pool + parts.touched + parts.page_tables +
             parts.overhead - parts.merged - parts.ballooned,
         1e-15);
    assert_true(parts.swapped >= 0 && parts.merged >= 0 && parts.ballooned >= 0);
    assert_true(parts.used - parts.swapped <=
                plan_option(&run->plan, 0, "host_memory") * (1 + 1e-12));
}

/* One guest after another; what they touched is what each would have by itself. */
static void memory_is_the_sum_of_its_parts(void **state)
{
    static const char *const settings[] = {
        "host=small guests=40 memory=1G host_swap=4G ksm=1",
        "host=small guests=40 memory=1G host_swap=0 parameter=memory_balloon_share=0.5",
        "host=generic-2026 guests=40 memory=2G",
    };
    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof settings[0]; s++) {
        struct host_run *run = open_memory(settings[s]);
        for (uint32_t i = 0; i < run->plan.guests; i++) {
            until(run, 0.7 * i);
            memory_start(&run->host, &run->host.guests[i]);
            parts_add_up(run);
        }
        for (double at = 30; at < 3000; at *= 1.5) {
            until(run, at);
            parts_add_up(run);
        }
        run_close(run);
    }
}

static void guests_touch_their_boot_and_then_the_rest(void **state)
{
    struct host_run *run =
        open_memory(BARE " guests=4 parameter=memory_boot_bytes=100e6,memory_boot_rate=50e6,"
                         "memory_fill_rate=200e6");
    double all = 1073741824;
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        until(run, i);
        memory_start(&run->host, &run->host.guests[i]);
    }
    for (double at = 3.25; at < 13; at += 0.45) {
        struct memory_parts parts;
        double expected = 0;
        until(run, at);
        for (int i = 0; i < 4; i++) {
            double age = at - i;
            expected += age < 2 ? 50e6 * age : fmin(all, 100e6 + 200e6 * (age - 2));
        }
        memory_parts(&run->host, &parts);
        near(parts.touched, expected, 1e-9);
    }
    run_close(run);
}

static void full_is_not_too_full(void **state)
{
    struct result result;
    (void)state;
    result = result_of(BARE " guests=8");
    near(result.value[METRIC_memory_used], 8589934592.0, 0);
    near(result.value[METRIC_memory_oom], 0, 0);
    near(result.value[METRIC_memory_guests], 8, 0);
    result = result_of(BARE " guests=8 host_memory=8589930496");
    near(result.value[METRIC_memory_oom], 1, 0);
    near(result.value[METRIC_memory_guests], 7, 0);
    result = result_of(BARE " guests=8 host_memory=8589930496 host_swap=4096");
    near(result.value[METRIC_memory_oom], 0, 0);
    near(result.value[METRIC_memory_swapped], 4096, 0);
    result = result_of(BARE " guests=0");
    near(result.value[METRIC_memory_guests], 0, 0);
    near(result.value[METRIC_memory_used], 0, 0);
    result = result_of("host=x3950m2-2008 host_swap=12G guests=1 memory=256G");
    near(result.value[METRIC_memory_used], 140.0 * 1073741824, 0);
    near(result.value[METRIC_memory_oom], 1, 0);
}

static void the_largest_goes_first(void **state)
{
    struct host_run *run = open_memory(BARE " guests=3 memory=6G");
    (void)state;
    /* 3 s apart at 1 GB/s: the first has most when both together have 8 GiB */
    for (uint32_t i = 0; i < 2; i++) {
        until(run, 3 * i);
        memory_start(&run->host, &run->host.guests[i]);
    }
    until(run, 60);
    assert_true(memory_is_gone(&run->host, &run->host.guests[0]));
    assert_false(memory_is_gone(&run->host, &run->host.guests[1]));
    run_close(run);
    /* of equals the last */
    run = open_memory(BARE " guests=9");
    for (uint32_t i = 0; i < 9; i++)
        memory_start(&run->host, &run->host.guests[i]);
    until(run, 60);
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(memory_is_gone(&run->host, &run->host.guests[i]), i == 8);
    run_close(run);
}

/* 8 guests go to 1 GiB each, of which 6 GiB in all are resident. */
static void swap_slows_down_by_its_misses(void **state)
{
    struct result result = result_of(
        BARE ",memory_access_rate=1000,memory_swap_read_s=0.0001,memory_swap_servers=1000,"
             "memory_remote_share=0 guests=8 working_set=1G host_memory=6G host_swap=4G");
    (void)state;
    near(result.value[METRIC_memory_swapped], 2 * 1073741824.0, 0);
    near(result.value[METRIC_memory_slowdown], 1 + 0.25 * 1000 * 0.0001, 1e-9);
    /* a device that serves one at a time holds all eight up */
    result =
        result_of(BARE ",memory_access_rate=1e6,memory_swap_read_s=0.0001,memory_swap_servers=1,"
                       "memory_remote_share=0 guests=8 working_set=1G host_memory=6G host_swap=4G");
    near(result.value[METRIC_memory_slowdown], 0.25 * 1e6 * 0.0001 * 8, 1e-9);
}

static void remote_memory_slows_down(void **state)
{
    struct result result = result_of(BARE " guests=1 parameter=memory_bound_share=0.4,"
                                          "memory_remote_share=0.5,memory_remote_factor=1.6");
    (void)state;
    near(result.value[METRIC_memory_slowdown], 1 + 0.4 * 0.5 * 0.6, 1e-9);
}

/* Pages are merged by the second pass of the scan, in its time. */
static void merging_takes_two_passes(void **state)
{
    struct host_run *run =
        open_memory(BARE " guests=4 ksm=1 ksm_share=0.5 parameter=memory_boot_rate=1e12,"
                         "memory_fill_rate=1e12");
    double pass_s = 4 * 262144 / 5000.0;
    double most = 0.5 * 4 * 1073741824.0 * 3 / 4;
    struct memory_parts parts;
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        memory_start(&run->host, &run->host.guests[i]);
    until(run, 0.99 * pass_s);
    memory_parts(&run->host, &parts);
    assert_true(parts.merged == 0);
    until(run, 1.5 * pass_s);
    memory_parts(&run->host, &parts);
    near(parts.merged, most / 2, 0.01);
    until(run, 2.1 * pass_s);
    memory_parts(&run->host, &parts);
    near(parts.merged, most, 1e-9);
    run_close(run);
}

/* Guests that a limit of the catalogue allows at most. */
static double allowed(struct host_run *run, const char *id)
{
    for (size_t i = 0; i < model_limit_count(run->plan.model); i++) {
        struct headroom at;
        double low = 0;
        double high = 1e6;
        if (strcmp(model_limit(run->plan.model, i)->id, id) != 0)
            continue;
        while (high - low > 1) {
            double middle = floor((low + high) / 2);
            if (model_exceeds(run->plan.model, i, middle, false, &at))
                high = middle;
            else
                low = middle;
        }
        return low;
    }
    return NAN;
}

static void the_model_says_the_same_count(void **state)
{
    static const char *const settings[] = {
        "host=small guests=64 memory=1G",
        "host=debian12 guests=900 memory=1G iothreads=2",
        "host=z13-2015 host_memory=1T guests=2000 bridges=9",
        "host=x3950m2-2008 guests=300 memory=1G",
        "host=rhel6-2012 guests=900 memory=2G",
        "host=small guests=900 memory=64M backing=memfd disks_per_guest=3",
        "host=generic-2026 manager=kubevirt guests=3000 memory=4G graphics=vnc",
        "host=small guests=900 memory=64M accel=tcg disk_bus=nvme nics_per_guest=2",
    };
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        struct host_run *run = run_of(settings[i], host_run_memory);
        near(run->result.value[METRIC_memory_guests], allowed(run, "host_memory"), 0);
        run_close(run);
    }
}

static void strict_accounting_refuses(void **state)
{
    (void)state;
    /* half of 64 GiB; 2 GiB and 14 + 8 x 4 MiB each */
    struct result result = result_of(
        "host=generic-2026 host_memory=64G guests=20 vcpus=1 memory=2G overcommit_memory=2");
    near(result.value[METRIC_memory_guests], 15, 0);
    result = result_of("host=generic-2026 guests=5 memory=1G backing=hugepages hugepages=2048");
    near(result.value[METRIC_memory_guests], 4, 0);
}

static void ten_thousand_guests_are_no_trouble(void **state)
{
    (void)state;
    struct result result = result_of("host=generic-2026 host_memory=1T guests=10000 memory=128M");
    assert_true(result.value[METRIC_memory_oom] > 0);
    near(result.value[METRIC_memory_guests] + result.value[METRIC_memory_oom], 10000, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_the_sum_of_its_parts),
        cmocka_unit_test(guests_touch_their_boot_and_then_the_rest),
        cmocka_unit_test(full_is_not_too_full),
        cmocka_unit_test(the_largest_goes_first),
        cmocka_unit_test(swap_slows_down_by_its_misses),
        cmocka_unit_test(remote_memory_slows_down),
        cmocka_unit_test(merging_takes_two_passes),
        cmocka_unit_test(the_model_says_the_same_count),
        cmocka_unit_test(strict_accounting_refuses),
        cmocka_unit_test(ten_thousand_guests_are_no_trouble),
    };
    return cmocka_run_group_tests_name("memory", tests, load_catalog, free_catalog);
}
