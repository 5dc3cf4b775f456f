/* The readers of machine-readable output, and what each gives: series (unit; x), distributions,
 * tags. Counts and shares have the unit 1. Points that stand for several observations carry their
 * number as weight. Tags are named as options where there is one.
 *
 * fio         D: read, write, trim, sync (flushes) or total; x: in_flight, the requests in flight
 *             of a group of jobs that ran together
 *   series    fio.D.iops (1/s), fio.D.bandwidth (B/s), fio.cpu.{user,system} (CPUs used),
 *             fio.D.{latency,completion,submission}.mean (s)
 *   distr.    fio.D.{latency,completion,submission}[.JOB] (s): QUANTILES of a percentile table,
 *             BINS of json+; JOB when the file has several
 *   tags      io_depth io_jobs io_size io_write_share io_sequential io_flush_every engine pattern
 *             device direct job version; TAG.JOB where jobs differ
 * fio-log     WHAT, after the file's name: latency, completion, submission (s), bandwidth (B/s),
 *             iops (1/s); else value, without a unit
 *   series    fiolog.D.WHAT (time_s)
 *   distr.    fiolog.D.WHAT: SAMPLES, of a log of single requests alone
 *   tags      kind averaged
 * sadf-json, mpstat, iostat
 *   series    sadf., mpstat., iostat. and a name of the table in read_sysstat_json.c (time_s;
 *             iostat without -t: sample)
 *   tags      host host_cpus kernel arch date
 * qmp-migrate, domjobinfo
 *   series    migration.{total,transferred,remaining} (B), .bandwidth (B/s),
 *             .{dirty_rate,page_rate} (1/s), .{normal_pages,zero_pages,rounds,throttle} (1),
 *             .{downtime,expected_downtime,setup,total_time} (s) (all: time_s)
 *   tags      status page_size; of qmp-migrate's samples: memory working_set dirty_rate
 *             migration_bandwidth migration_downtime migration_auto_converge name; of domjobinfo:
 *             operation
 * domstats
 *   series    domstats. and a name of the table in read_domstats.c (domain: its number in the file)
 *   tags      domain.N (its name) domains
 * iperf3
 *   series    iperf3.bandwidth (B/s), .retransmits (1), .rtt (s) (time_s); iperf3.{sent,received}
 *             (B/s), .cpu.{host,remote} (CPUs used), .jitter (s), .loss (1) (net_streams)
 *   tags      net_streams net_direction protocol mss block_size host version */
#include "calibrate/readers.h"

const struct trace_reader trace_readers_json[] = {
    {"fio", "fio JSON", fio_recognise, fio_read},
    {"fio-log", "a fio log", fio_log_recognise, fio_log_read},
    {"sadf-json", "sadf -j", sadf_json_recognise, sadf_json_read},
    {"mpstat", "mpstat -o JSON", mpstat_recognise, mpstat_read},
    {"iostat", "iostat -o JSON", iostat_recognise, iostat_read},
    {"qmp-migrate", "QMP query-migrate", qmp_recognise, qmp_read},
    {"domjobinfo", "virsh domjobinfo", domjobinfo_recognise, domjobinfo_read},
    {"domstats", "virsh domstats --raw", domstats_recognise, domstats_read},
    {"iperf3", "iperf3 -J", iperf3_recognise, iperf3_read},
    {NULL, NULL, NULL, NULL},
};
