#include "calibrate/read_text.h"

const struct trace_reader trace_readers_text[] = {
    {"lock_stat", "/proc/lock_stat", lockstat_recognise, lockstat_read},
    {"perf-kvm", "perf kvm stat report", perfkvm_recognise, perfkvm_read},
    {"perf-lock", "perf lock report or contention", perflock_recognise, perflock_read},
    {"kvm_stat", "kvm_stat -c", kvmstat_recognise, kvmstat_read},
    {"sadf", "sadf -d", sadf_recognise, sadf_read},
    {"cyclictest", "cyclictest -h", cyclictest_recognise, cyclictest_read},
    {"bcc-histogram", "bcc histograms (biolatency, runqlat, cpudist)", histogram_recognise,
     histogram_read},
    {"kvmexit", "bcc kvmexit", kvmexit_recognise, kvmexit_read},
    {"schedstat", "/proc/PID/schedstat", schedstat_recognise, schedstat_read},
    {"pressure", "/proc/pressure", pressure_recognise, pressure_read},
    {"boot", "columns of boot times", boot_recognise, boot_read},
    {"boot-cdf", "a cumulative distribution of boot times", boot_cdf_recognise, boot_cdf_read},
    {"record", "a recording of scalesim record", record_recognise, record_read},
    {"measured", "a CSV table of measurements", measured_recognise, measured_read},
    {NULL, NULL, NULL, NULL},
};
