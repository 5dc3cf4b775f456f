#include "sim/host/irq.h"

#include <math.h>

static const struct {
    enum metric metric;
    const char *parameter;
} figures[] = {
    {METRIC_irq_setup, "irq_setup_s"},
    {METRIC_irq_commit, "irq_commit_s"},
    {METRIC_irq_notifier, "irq_notifier_s"},
    {METRIC_irq_inject, "irqfd_inject_s"},
    {METRIC_eventfd_write, "eventfd_write_s"},
    {METRIC_eventfd_read, "eventfd_read_s"},
    {METRIC_eventfd_create, "eventfd_create_s"},
    {METRIC_ipi_unicast, "ipi_unicast_s"},
    {METRIC_ipi_self, "ipi_self_s"},
    {METRIC_ipi_broadcast, "ipi_broadcast_s"},
    {METRIC_exit_kernel, "exit_kernel_s"},
    {METRIC_exit_user, "exit_user_s"},
    {METRIC_exit_kick, "exit_kick_s"},
    {METRIC_exit_fault, "exit_fault_s"},
    {METRIC_exit_interrupt, "exit_interrupt_s"},
    {METRIC_exit_msr, "exit_msr_s"},
    {METRIC_irq_assign, "irq_vector_s"},
    {METRIC_guest_vectors, "guest_vectors"},
    {METRIC_guest_devices_own, "guest_devices_own"},
    {METRIC_guest_devices_bound, "guest_devices_bound"},
};

void irq_measure(struct host *host)
{
    const struct plan *plan = host->plan;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        double *value = &host->result->value[figures[i].metric];
        *value = NAN;
        for (size_t c = 0; c < plan->scenario->class_count; c++)
            *value = fmax(*value, cost_of(plan->costs, c, figures[i].parameter));
    }
}
