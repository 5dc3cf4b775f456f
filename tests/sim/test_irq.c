/* Set-up of interrupts: sums in closed form, eras, and vectors that run out. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/host/irq.h"
#include "tests/sim/host_run.h"

static double measured(const char *settings, enum metric metric)
{
    struct host_run *run = run_open(settings);
    irq_measure(&run->host);
    return run_figure(run, metric);
}

/* One commit a vector: each copies all routes and looks at all irqfds there are by then. */
static void setup_is_the_sum_over_commits(void **state)
{
    static const unsigned counts[] = {1, 2, 64, 65, 520, 2048};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char settings[128];
        snprintf(settings, sizeof settings,
                 "launcher=qemu hostdevs=1 hostdev_vectors=%u qemu=6.0 linux=5.14", counts[i]);
        struct host_run *run = run_open(settings);
        const struct costs *costs = run->plan.costs;
        double sum = 0;
        for (unsigned k = 1; k <= counts[i]; k++)
            sum += cost_of(costs, 0, "irq_route_commit_s") + cost_of(costs, 0, "irq_vector_s") +
                   cost_of(costs, 0, "irq_hostdev_vector_s") +
                   k * (cost_of(costs, 0, "irq_route_entry_s") +
                        cost_of(costs, 0, "irq_route_irqfd_s"));
        irq_measure(&run->host);
        assert_true(fabs(run->result.value[METRIC_irq_setup] / sum - 1) < 1e-9);
        run_close(run);
    }
}

static void a_fixed_kernel_and_batches_are_cheaper(void **state)
{
    (void)state;
    static const char old[] = "launcher=qemu hostdevs=8 hostdev_vectors=65 qemu=6.0 linux=5.14";
    static const char kernel[] = "launcher=qemu hostdevs=8 hostdev_vectors=65 qemu=6.0 linux=5.15";
    static const char both[] = "launcher=qemu hostdevs=8 hostdev_vectors=65 qemu=7.1 linux=5.15";
    double before = measured(old, METRIC_irq_setup);
    assert_true(before > 4 * measured(kernel, METRIC_irq_setup));
    assert_true(measured(kernel, METRIC_irq_setup) > 3 * measured(both, METRIC_irq_setup));
}

static void no_device_costs_nothing(void **state)
{
    (void)state;
    assert_true(measured("launcher=qemu", METRIC_irq_setup) == 0);
    assert_true(measured("launcher=qemu", METRIC_guest_devices_bound) == 0);
}

static void vectors_run_out(void **state)
{
    static const struct {
        const char *settings;
        double own, bound;
    } rows[] = {
        {"launcher=qemu vcpus=1 nics_per_guest=65 nic_queues=1", 65, 65},
        {"launcher=qemu vcpus=1 nics_per_guest=66 nic_queues=1", 65, 65},
        {"launcher=qemu vcpus=2 nics_per_guest=128 nic_queues=1", 128, 128},
        {"launcher=qemu vcpus=1 disks_per_guest=97 disk_queues=1", 97, 97},
        {"launcher=qemu vcpus=1 disks_per_guest=99 disk_queues=1", 97, 98},
        {"launcher=qemu vcpus=1 disks_per_guest=128 disk_queues=1", 97, 112},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(measured(rows[i].settings, METRIC_guest_devices_own) == rows[i].own);
        assert_true(measured(rows[i].settings, METRIC_guest_devices_bound) == rows[i].bound);
    }
}

static void broadcasts_take_writes_by_cluster(void **state)
{
    (void)state;
    double physical = measured("vcpus=33 guest_ipi=physical", METRIC_ipi_broadcast);
    double cluster = measured("vcpus=33 guest_ipi=cluster", METRIC_ipi_broadcast);
    double pv = measured("vcpus=33 guest_ipi=pv", METRIC_ipi_broadcast);
    double one = measured("vcpus=2 guest_ipi=physical", METRIC_ipi_broadcast);
    double write = (physical - cluster) / (32 - 3);
    assert_true(fabs(one - measured("vcpus=33", METRIC_ipi_unicast)) < 1e-12);
    assert_true(fabs(cluster - pv - 2 * write) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_is_the_sum_over_commits),
        cmocka_unit_test(a_fixed_kernel_and_batches_are_cheaper),
        cmocka_unit_test(no_device_costs_nothing),
        cmocka_unit_test(vectors_run_out),
        cmocka_unit_test(broadcasts_take_writes_by_cluster),
    };
    return cmocka_run_group_tests_name("irq", tests, load_catalog, free_catalog);
}
