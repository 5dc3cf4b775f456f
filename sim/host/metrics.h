/* What one replication of the host measures: one number for each metric below, NAN where the run
 * had nothing of the kind, and histograms of what has a distribution. Replications are merged by
 * tallies, one for each metric (sim/run.h). */
#ifndef SIM_HOST_METRICS_H
#define SIM_HOST_METRICS_H

#include "model/scenario.h"
#include "sim/engine/histogram.h"

/* METRIC(id, unit, description): the id is also the name users read and write. */
#define METRICS                                                                                    \
    METRIC(guests_started, "", "guests that came up")                                              \
    METRIC(guests_refused, "", "guests that a limit stopped")                                      \
    METRIC(devices_started, "", "steps of a ramp inside the guests that worked")                   \
    METRIC(steps_clean, "", "guests, or steps inside them, before the first limit of any kind")    \
    METRIC(start_mean, "s", "time of a guest's start, mean")                                       \
    METRIC(start_p50, "s", "time of a guest's start, median")                                      \
    METRIC(start_p99, "s", "time of a guest's start, 99th percentile")                             \
    METRIC(start_total, "s", "time until all guests were up")                                      \
    METRIC(start_rate, "1/s", "guests started a second")                                           \
    METRIC(start_cpu, "s", "CPU time of a guest's start")                                          \
    METRIC(cpu_busy, "", "share of the host's CPU time in use")                                    \
    METRIC(cpu_steal, "", "share of the time a vCPU wanted to run that it waited for a CPU")       \
    METRIC(cpu_spin, "", "share of its vCPUs' CPU time that a guest with locks spins for them")    \
    METRIC(tasks_running, "", "threads on a CPU or waiting for one, mean")                         \
    METRIC(sched_delay_mean, "s", "wait of a woken vCPU for a CPU, mean")                          \
    METRIC(sched_delay_p99, "s", "wait of a woken vCPU for a CPU, 99th percentile")                \
    METRIC(ticks_late, "", "share of timer ticks handled after the next one was due")              \
    METRIC(work_rate, "1/s", "operations of all guests")                                           \
    METRIC(work_rate_guest, "1/s", "operations of one guest, mean")                                \
    METRIC(lock_wait_mean, "s", "wait for a contended lock of a guest, mean")                      \
    METRIC(lock_wait_max, "s", "wait for a contended lock of a guest, longest")                    \
    METRIC(lock_contended, "", "share of a guest's acquisitions that waited")                      \
    METRIC(host_lock_use, "", "share of time the host's time lock was held")                       \
    METRIC(host_lock_wait_mean, "s", "wait for the host's time lock, mean of contended ones")      \
    METRIC(host_lock_wait_max, "s", "wait for the host's time lock, longest")                      \
    METRIC(wakeups, "1/s", "wake-ups of vCPUs")                                                    \
    METRIC(io_rate, "1/s", "I/O requests completed, all guests")                                   \
    METRIC(io_mean, "s", "I/O latency, mean")                                                      \
    METRIC(io_p50, "s", "I/O latency, median")                                                     \
    METRIC(io_p99, "s", "I/O latency, 99th percentile")                                            \
    METRIC(io_p999, "s", "I/O latency, 99.9th percentile")                                         \
    METRIC(io_thread_use, "", "share of a CPU used by a guest's I/O thread, mean")                 \
    METRIC(io_exits, "1/s", "virtqueue kicks that left the guest")                                 \
    METRIC(net_rate, "bit/s", "network throughput, all guests")                                    \
    METRIC(net_packets, "1/s", "packets, all guests")                                              \
    METRIC(net_rtt, "s", "round trip of one packet, mean")                                         \
    METRIC(net_thread_use, "", "share of a CPU used by a guest's network thread, mean")            \
    METRIC(net_flooded, "1/s", "broadcast packets that guests took, all guests")                   \
    METRIC(irq_setup, "s", "time to set up all interrupt vectors of a guest's devices")            \
    METRIC(irq_commit, "s", "time of one commit of a guest's interrupt routes")                    \
    METRIC(irq_notifier, "s", "time to register one more virtqueue notifier of a guest")           \
    METRIC(irq_assign, "s", "time to assign an irqfd")                                             \
    METRIC(irq_inject, "s", "time to inject an interrupt by an irqfd")                             \
    METRIC(eventfd_write, "s", "time to write an eventfd")                                         \
    METRIC(eventfd_read, "s", "time to read an eventfd")                                           \
    METRIC(eventfd_create, "s", "time to create an eventfd")                                       \
    METRIC(ipi_unicast, "s", "time of an interrupt from one vCPU to another")                      \
    METRIC(ipi_self, "s", "time of an interrupt from a vCPU to itself")                            \
    METRIC(ipi_broadcast, "s", "time of an interrupt from one vCPU to all others")                 \
    METRIC(exit_kernel, "s", "time of an exit that the kernel handles by emulation")               \
    METRIC(exit_user, "s", "time of an exit that the VMM handles")                                 \
    METRIC(exit_kick, "s", "time of an exit that signals an ioeventfd")                            \
    METRIC(exit_fault, "s", "time of an exit for a page that the host has to map")                 \
    METRIC(exit_interrupt, "s", "time of an exit for an interrupt of the host")                    \
    METRIC(exit_msr, "s", "time of an exit for a write to a model-specific register")              \
    METRIC(guest_vectors, "", "interrupt vectors that a guest's devices ask for")                  \
    METRIC(guest_devices_own, "", "devices of a guest that get vectors of their own")              \
    METRIC(guest_devices_bound, "", "devices of a guest that come up")                             \
    METRIC(memory_used, "bytes",                                                                   \
           "host memory in use, swap included, at the end or the first kill")                      \
    METRIC(memory_swapped, "bytes", "memory in swap at the end")                                   \
    METRIC(memory_guests, "", "guests left once all have touched their memory")                    \
    METRIC(memory_oom, "", "guests killed for lack of memory")                                     \
    METRIC(memory_slowdown, "",                                                                    \
           "time of guests' work, swap and far memory included, over its time "                    \
           "without")                                                                              \
    METRIC(memory_merged, "bytes", "memory that same-page merging freed")                          \
    METRIC(memory_overhead, "bytes", "host memory of a guest beside its RAM, mean")                \
    METRIC(memory_mapped, "bytes", "address space of a guest's VMM, mean")                         \
    METRIC(memory_committed, "bytes", "address space charged to the commit limit, all guests")     \
    METRIC(memory_unusable, "bytes", "RAM that a guest's kernel takes for itself, mean")           \
    METRIC(migration_total, "s", "time of a migration, mean")                                      \
    METRIC(migration_downtime, "s", "downtime of a migration, mean")                               \
    METRIC(migration_rounds, "", "pre-copy rounds, mean")                                          \
    METRIC(migration_bytes, "bytes", "bytes sent by a migration, mean")                            \
    METRIC(migration_converged, "", "share of migrations that ended")                              \
    METRIC(migration_dirty_rate, "1/s", "dirty pages rate as QEMU reports it, last round")         \
    METRIC(migration_expected_downtime, "s", "downtime that QEMU expects, last round")             \
    METRIC(migration_throttle, "", "CPU throttle at the end")                                      \
    METRIC(migration_accepted, "", "migrations that found a port")                                 \
    METRIC(migration_pause, "s", "sleep of a vCPU that is slowed down most, each 10 ms of work")   \
    METRIC(migration_stall, "s", "time that a guest waited for pages after post-copy began, mean")

enum metric {
#define METRIC(id, unit, description) METRIC_##id,
    METRICS
#undef METRIC
        METRIC_COUNT
};

struct metric_text {
    const char *name, *unit, *description;
};

extern const struct metric_text metric_texts[METRIC_COUNT];

/* The metric of that name, or -1. */
int metric_find(const char *name);

struct result {
    double value[METRIC_COUNT];
    double class_value[CLASSES_MAX][METRIC_COUNT]; /* of one class of guests, where that is told */
    struct histogram start_ns, io_ns, delay_ns;
};

/* All NAN, all empty. */
void result_init(struct result *result);

#endif
