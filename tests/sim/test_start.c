/* Starting guests: closed forms of a chain, a lock, a pool, processors and a disk; eras; limits. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/host/start.h"
#include "tests/sim/host_run.h"

/* Nothing random, and no work but that of the steps. */
#define EXACT                                                                                      \
    " parameter=start_spread=0 parameter=switch_s=0 parameter=wake_s=0"                            \
    " parameter=halt_poll_hit_s=0 parameter=halt_poll_max_s=0 "
#define BARE " launcher=qemu disks_per_guest=0 nics_per_guest=0 vcpus=1 firmware=none "
#define ROOMY " host_memory=64T set=host_cpu=unlimited "

static double value(const struct host_run *run, enum metric metric)
{
    return run->result.value[metric];
}

static struct host_run *started(const char *settings)
{
    return run_of(settings, host_run_start);
}

static double metric_of(const char *settings, enum metric metric)
{
    return run_figure(started(settings), metric);
}

static void no_guests(void **state)
{
    (void)state;
    struct host_run *run = started("guests=0");
    assert_true(value(run, METRIC_guests_started) == 0);
    assert_true(value(run, METRIC_guests_refused) == 0);
    assert_true(isnan(value(run, METRIC_start_mean)));
    run_close(run);
}

/* One start is the sum of its steps; bytes take their time at the disk. */
static void a_chain_is_a_sum(void **state)
{
    static const char *const scenarios[] = {
        "guests=1 disks_per_guest=4 nics_per_guest=2 vcpus=4" EXACT,
        "host=z13-2015 guests=1 disks_per_guest=9 nics_per_guest=1 workload=boot-storm" EXACT,
        "guests=1 vmm=firecracker" BARE EXACT, "guests=1 stage=defined" EXACT};
    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        size_t count;
        double sum = 0;
        double cpu = 0;
        struct host_run *run = started(scenarios[i]);
        const struct step *steps = costs_steps(run->plan.costs, 0, &count);
        for (size_t s = 0; s < count; s++) {
            bool disk = steps[s].place == PLACE_DISK;
            double rate = disk ? cost_of(run->plan.costs, 0, "boot_read_bytes_per_s") : 1;
            sum += steps[s].amount / rate;
            cpu += disk || steps[s].place == PLACE_DELAY ? 0 : steps[s].amount;
        }
        assert_true(sum > 0);
        near(value(run, METRIC_start_mean), sum, 1e-6);
        near(value(run, METRIC_start_total), sum, 1e-6);
        near(value(run, METRIC_start_cpu), cpu, 1e-6);
        assert_true(value(run, METRIC_guests_started) == 1);
        run_close(run);
    }
}

/* One behind the other: N times as long. */
static void serial_starts_follow_one_another(void **state)
{
    double one = metric_of("guests=1 parallel_starts=1" BARE EXACT, METRIC_start_total);
    double many = metric_of("guests=40 parallel_starts=1" BARE EXACT, METRIC_start_total);
    (void)state;
    near(many, 40 * one, 1e-6);
}

/* A section of D under a lock lets 1 / D starts a second through. */
static void a_lock_is_a_bottleneck(void **state)
{
    double rate = metric_of("guests=400 parallel_starts=50 host_cpus=64 parameter=vm_lock_s=0.05"
                            " parameter=start_spread=0.1" BARE ROOMY,
                            METRIC_start_rate);
    (void)state;
    near(rate, 1 / 0.05, 0.03);
}

/* P starts on C processors: never below max(R1, P D / C), and near it when P is far from C. */
static void processors_are_shared(void **state)
{
    static const char common[] = "guests=600 host_cpus=4 parameter=vm_lock_s=0" BARE ROOMY EXACT;
    static const unsigned at_once[] = {1, 2, 4, 8, 32, 64};
    char settings[512];
    snprintf(settings, sizeof settings, "%s parallel_starts=1", common);
    double alone = metric_of(settings, METRIC_start_mean);
    double demand = metric_of(settings, METRIC_start_cpu);
    (void)state;
    for (size_t i = 0; i < sizeof at_once / sizeof at_once[0]; i++) {
        double p = at_once[i];
        snprintf(settings, sizeof settings, "%s parallel_starts=%u", common, at_once[i]);
        double mean = metric_of(settings, METRIC_start_mean);
        double least = fmax(alone, p * demand / 4);
        assert_true(mean >= least * 0.95); /* the last ones have the processors for themselves */
        assert_true(mean <= alone + p * demand / 4);
        near(mean, least, p <= 4 || p >= 32 ? 0.05 : 0.3);
    }
}

/* Twice as fast a host takes half the CPU time. */
static void speed_counts(void **state)
{
    double slow = metric_of("guests=1 parameter=cpu_speed=1" BARE EXACT, METRIC_start_cpu);
    double fast = metric_of("guests=1 parameter=cpu_speed=2" BARE EXACT, METRIC_start_cpu);
    (void)state;
    near(slow, 2 * fast, 1e-6);
}

/* libvirt's workers: with 2 of them two starts are in its hands, whatever is asked for. */
static void workers_are_a_pool(void **state)
{
    static const char common[] = "guests=40 host_cpus=64 parallel_starts=0 nics_per_guest=0"
                                 " disks_per_guest=0 stage=defined"
                                 " parameter=libvirt_define_s=0.1" EXACT;
    char settings[512];
    (void)state;
    snprintf(settings, sizeof settings, "%s parameter=daemon_workers=2", common);
    near(metric_of(settings, METRIC_start_total), 40 * 0.1 / 2, 1e-6);
    snprintf(settings, sizeof settings, "%s parameter=daemon_workers=20", common);
    near(metric_of(settings, METRIC_start_total), 40 * 0.1 / 20, 1e-6);
}

/* Images are read through one disk: N times the bytes over its bandwidth. */
static void a_disk_is_shared(void **state)
{
    double total = metric_of("guests=50 host_cpus=64 parallel_starts=0 workload=boot-storm"
                             " host_drive=hdd host_drives=1 parameter=boot_read_bytes=6e8"
                             " parameter=boot_read_bytes_per_s=1e8" BARE ROOMY EXACT,
                             METRIC_start_total);
    (void)state;
    near(total, 50 * 6.0 + 3.2, 0.01);
}

static void eras_differ(void **state)
{
#define DISKS                                                                                      \
    "host=z13-2015 guests=1 disks_per_guest=1000 launcher=qemu set=rlimit_nofile=1048576" EXACT
    double broken = metric_of(DISKS "qemu=2.3", METRIC_start_mean);
    double fixed = metric_of(DISKS "qemu=2.4", METRIC_start_mean);
    double before = metric_of(DISKS "qemu=2.0", METRIC_start_mean);
    (void)state;
    near(broken - fixed, 780, 0.01); /* 0.78 ms a pair of disks */
    assert_true(fixed < 25 && before < 25);
}

static unsigned ups, stops, ends;

static void count_up(struct host *host, struct guest *guest)
{
    assert_true(guest == &host->guests[guest->index]);
    ups++;
}

static void count_stop(struct host *host, struct guest *guest)
{
    assert_true(guest == &host->guests[guest->index]);
    stops++;
}

static void count_end(struct host *host)
{
    assert_int_equal(host->start->started + host->start->refused, host->plan->guests);
    ends++;
}

/* The 21st registration with a systemd-machined of 2014 is not answered; everybody is told. */
static void limits_stop_starts(void **state)
{
    (void)state;
    struct host_run *run = run_of("host=z13-2015 guests=30 parallel_starts=7" EXACT, start_open);
    run->host.start->up = count_up;
    run->host.start->stopped = count_stop;
    run->host.start->all_done = count_end;
    start_launch(&run->host);
    sim_run(&run->host.sim, SIM_NEVER);
    start_measure(&run->host);
    assert_int_equal(ups, 20);
    assert_int_equal(stops, 10);
    assert_int_equal(ends, 1);
    assert_true(value(run, METRIC_guests_started) == 20);
    assert_true(value(run, METRIC_guests_refused) == 10);
    assert_string_equal(run->host.start->account.fatal.limit->id, "machined_message_loop");
    assert_true(run->host.start->account.fatal.fails_at == 21);
    run_close(run);
}

/* A ramp inside the guest: as many devices as fit, and no guest that has more. */
static void ramps_inside_a_guest_end(void **state)
{
    (void)state;
    struct host_run *run = started("host=z13-2015 guests=1 launcher=qemu ramp=nics_per_guest "
                                   "nics_per_guest=1100 set=rlimit_nofile=1048576");
    assert_true(value(run, METRIC_devices_started) == 1023);
    assert_true(value(run, METRIC_guests_started) == 0);
    assert_string_equal(run->host.start->account.fatal.limit->id, "bridge_ports");
    run_close(run);
}

/* The cost of a run is linear in the guests and does not depend on their devices. */
static void cost_is_linear(void **state)
{
    static const char *const settings[] = {
        "guests=1000 parallel_starts=20 launcher=qemu disks_per_guest=1" ROOMY,
        "guests=1000 parallel_starts=20 launcher=qemu disks_per_guest=9" ROOMY,
        "guests=10000 parallel_starts=20 launcher=qemu disks_per_guest=1" ROOMY};
    uint64_t events[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct host_run *run = started(settings[i]);
        assert_true(value(run, METRIC_guests_started) == run->plan.guests);
        events[i] = sim_events(&run->host.sim);
        run_close(run);
    }
    assert_true(events[1] <= events[0] * 5 / 4);
    assert_true(events[2] <= events[0] * 11);
}

static void a_seed_repeats_a_run(void **state)
{
    (void)state;
    struct host_run *a = started("guests=200 parallel_starts=30 host_cpus=8");
    struct host_run *b = started("guests=200 parallel_starts=30 host_cpus=8");
    assert_true(sim_fingerprint(&a->host.sim) == sim_fingerprint(&b->host.sim));
    assert_true(value(a, METRIC_start_mean) == value(b, METRIC_start_mean));
    run_close(a);
    run_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_guests),
        cmocka_unit_test(a_chain_is_a_sum),
        cmocka_unit_test(serial_starts_follow_one_another),
        cmocka_unit_test(a_lock_is_a_bottleneck),
        cmocka_unit_test(processors_are_shared),
        cmocka_unit_test(speed_counts),
        cmocka_unit_test(workers_are_a_pool),
        cmocka_unit_test(a_disk_is_shared),
        cmocka_unit_test(eras_differ),
        cmocka_unit_test(limits_stop_starts),
        cmocka_unit_test(ramps_inside_a_guest_end),
        cmocka_unit_test(cost_is_linear),
        cmocka_unit_test(a_seed_repeats_a_run),
    };
    return cmocka_run_group_tests_name("start", tests, load_catalog, free_catalog);
}
