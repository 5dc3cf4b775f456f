/* Migrations against closed forms, against the rules of their ports and link, and against what was
 * measured. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sim/host/dirty.h"
#include "tests/sim/host_run.h"

/* QEMU of before the dirty log was cleared page by page, and nothing but pages takes time. */
#define PLAIN                                                                                      \
    "host=generic-2026 qemu=4.0 guests=0 memory=4G "                                               \
    "parameter=migration_setup_s=0,migration_device_s=0,migration_zero_scan_s=0,"                  \
    "migration_extra_ram=0,migration_window_use=1 "

static struct result result_of(const char *settings)
{
    return run_result(run_of(settings, host_run_migrations));
}

/* What exceeds the threshold shrinks by r a round until it is below the grain. */
static void rounds_are_a_geometric_series(void **state)
{
    static const double dirty_rates[] = {500, 2000, 8000, 16000, 24000, 30000};
    (void)state;
    for (size_t i = 0; i < sizeof dirty_rates / sizeof dirty_rates[0]; i++) {
        char settings[512];
        double pages = 4.0 * 262144;
        double rate = 128 * 1048576.0 / 4104;
        double most = 128 * 1048576.0 / 4096;
        double kept = most * 0.3 - most * 0.05;
        double sent = pages - kept;
        double above = sent;
        int rounds = 0;
        snprintf(settings, sizeof settings,
                 PLAIN "migrations=1 migration_bandwidth=128 dirty_cyclic=1 working_set=4G "
                       "dirty_rate=%g duration=10000",
                 dirty_rates[i]);
        struct result result = result_of(settings);
        above *= 1 - kept / pages; /* what waited in the first round was written to as well */
        do {
            above *= dirty_rates[i] / rate;
            sent += above;
            rounds++;
        } while (above > most * 0.05);
        near(result.value[METRIC_migration_bytes], (sent + kept) * 4104, 1e-3);
        near(result.value[METRIC_migration_rounds], rounds + 2, 0);
        near(result.value[METRIC_migration_total], sent / rate, 0.02);
        near(result.value[METRIC_migration_converged], 1, 0);
        near(result.value[METRIC_migration_dirty_rate], dirty_rates[i], 1e-3);
    }
}

static void a_saturated_set_is_sent_again_and_again(void **state)
{
    double rate = 128 * 1048576.0 / 4104;
    struct result result;
    (void)state;
    /* 1 GiB is written over and over while 128 MiB a second are sent */
    result = result_of(PLAIN "migrations=1 migration_bandwidth=128 dirty_rate=1e8 working_set=1G");
    near(result.value[METRIC_migration_converged], 0, 0);
    near(result.value[METRIC_migration_expected_downtime], 262144 / rate, 0.01);
    assert_true(isnan(result.value[METRIC_migration_total]));
    /* a set that fits into the downtime limit is sent once more, and that is all */
    result = result_of(PLAIN "migrations=1 migration_bandwidth=128 dirty_rate=1e8 working_set=16M");
    near(result.value[METRIC_migration_converged], 1, 0);
    assert_true(result.value[METRIC_migration_rounds] <= 4);
    near(result.value[METRIC_migration_bytes], (4 * 262144 + 4096) * 4104.0, 0.002);
}

static void a_guest_as_fast_as_the_link_never_converges(void **state)
{
    (void)state;
    for (int percent = 100; percent <= 200; percent += 50) {
        char settings[512];
        snprintf(settings, sizeof settings,
                 PLAIN "migrations=1 migration_bandwidth=64 dirty_cyclic=1 working_set=4G "
                       "duration=3000 dirty_rate=%g",
                 64 * 1048576.0 / 4104 * percent / 100);
        struct result result = result_of(settings);
        near(result.value[METRIC_migration_converged], 0, 0);
        near(result.value[METRIC_migration_bytes], 3000 * 64 * 1048576.0, 1e-3);
    }
}

static void throttling_and_postcopy_end_what_does_not_converge(void **state)
{
    struct result result;
    (void)state;
    result =
        result_of(PLAIN "migrations=1 migration_bandwidth=64 working_set=2G vcpus=1 busy_vcpus=1 "
                        "dirty_rate=20000 duration=5000 migration_auto_converge=1");
    near(result.value[METRIC_migration_converged], 1, 0);
    assert_true(result.value[METRIC_migration_throttle] >= 0.2);
    result = result_of(PLAIN "migrations=1 migration_bandwidth=64 working_set=2G dirty_rate=20000 "
                             "migration_postcopy=1");
    near(result.value[METRIC_migration_converged], 1, 0);
    assert_true(result.value[METRIC_migration_downtime] < 0.001);
    assert_true(result.value[METRIC_migration_stall] > 0);
}

static void ports_and_sessions_bound_them(void **state)
{
    static const struct {
        const char *settings;
        double accepted;
    } cases[] = {
        {PLAIN "migrations=1", 1},
        {PLAIN "migrations=64", 64},
        {PLAIN "migrations=65", 64},
        {PLAIN "migrations=65 set=migration_port_range=1000", 65},
        {PLAIN "migrations=65 migration_storage=1", 32},
        {PLAIN "migrations=65 launcher=qemu", 65},
        {PLAIN "migrations=16 ssh_sessions=16", 10},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        near(result_of(cases[i].settings).value[METRIC_migration_accepted], cases[i].accepted, 0);
    struct result result = result_of(PLAIN "migrations=0");
    assert_true(isnan(result.value[METRIC_migration_accepted]));
    assert_true(isnan(result.value[METRIC_migration_total]));
}

static void they_share_the_link_fairly(void **state)
{
    double bytes = 4 * 262144 * 4104.0;
    double link = 10e9 / 8 * 1448 / 1538;
    struct result result;
    (void)state;
    for (int count = 2; count <= 32; count *= 4) {
        char settings[512];
        snprintf(settings, sizeof settings,
                 PLAIN "host_migration_link=10 dirty_rate=0 migration_downtime=0 migrations=%d",
                 count);
        near(result_of(settings).value[METRIC_migration_total], count * bytes / link, 1e-6);
    }
    /* caps leave the link to nobody else here: four at 64 MiB/s are as fast as one */
    result =
        result_of(PLAIN "host_migration_link=10 dirty_rate=0 migration_downtime=0 migrations=4 "
                        "migration_bandwidth=64");
    near(result.value[METRIC_migration_total], bytes / (64 * 1048576.0), 1e-6);
}

static void dirtying_keeps_within_its_set(void **state)
{
    struct dirty_rules random = {.set = 1000};
    struct dirty_rules cyclic = {.set = 1000, .cyclic = true};
    struct dirty_rules cleared = {.set = 1000, .clear_log = true};
    (void)state;
    near(dirty_pages(&random, 500, 2, 0, 0), 1000 * (1 - exp(-1)), 1e-12);
    near(dirty_pages(&cyclic, 500, 1, 0, 0), 500, 1e-12);
    near(dirty_pages(&cyclic, 500, 9, 200, 300), 800, 1e-12);
    near(dirty_pages(&cleared, 500, 2, 0, 1000), 1000 * exp(-1), 1e-12);
    assert_true(dirty_pages(&(struct dirty_rules){0}, 500, 2, 0, 0) == 0);
}

/* Measured on QEMU 7.2.22 under TCG over loopback: RAM, working set (MiB), dirtying (pages/s),
 * limit (MiB/s), pages that are not zero; seconds, MiB sent, reads of the bitmap (0: it did not
 * end). */
static void measured_migrations_are_met(void **state)
{
    static const struct {
        double ram, set, dirty, limit, pages, total, sent, rounds;
    } cases[] = {
        {128, 32, 1280, 32, 26000, 3.523, 119.44, 5},
        {128, 32, 5120, 32, 26000, 4.987, 166.5, 8},
        {256, 96, 5120, 32, 43100, 12.845, 415.11, 12},
        {256, 96, 12800, 64, 43100, 7.882, 518.49, 16},
        {768, 512, 0, 32, 153450, 18.748, 601.25, 4},
        {768, 512, 1280, 32, 153450, 22.661, 715.49, 6},
        {768, 512, 5120, 128, 153450, 6.291, 726.21, 5},
        {768, 512, 25600, 128, 153450, 22.432, 2784.68, 21},
        {256, 96, 12800, 32, 43100, 30, 0, 0},
        {256, 96, 25600, 64, 43100, 25, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char settings[512];
        snprintf(settings, sizeof settings,
                 "host=tcg-2026 launcher=qemu accel=tcg guests=0 migrations=1 memory=%gM "
                 "memory_touched=%gK dirty_rate=%g working_set=%gM dirty_cyclic=1 "
                 "migration_bandwidth=%g duration=30",
                 cases[i].ram, cases[i].pages * 4, cases[i].dirty, cases[i].set, cases[i].limit);
        struct result result = result_of(settings);
        near(result.value[METRIC_migration_converged], cases[i].rounds > 0, 0);
        if (cases[i].rounds == 0)
            continue;
        near(result.value[METRIC_migration_total], cases[i].total, 0.12);
        near(result.value[METRIC_migration_bytes], cases[i].sent * 1048576, 0.05);
        assert_true(fabs(result.value[METRIC_migration_rounds] - cases[i].rounds) <= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_are_a_geometric_series),
        cmocka_unit_test(a_saturated_set_is_sent_again_and_again),
        cmocka_unit_test(a_guest_as_fast_as_the_link_never_converges),
        cmocka_unit_test(throttling_and_postcopy_end_what_does_not_converge),
        cmocka_unit_test(ports_and_sessions_bound_them),
        cmocka_unit_test(they_share_the_link_fairly),
        cmocka_unit_test(dirtying_keeps_within_its_set),
        cmocka_unit_test(measured_migrations_are_met),
    };
    return cmocka_run_group_tests_name("migration", tests, load_catalog, free_catalog);
}
