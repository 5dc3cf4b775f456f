/* The readers of machine-readable output, and what each gives. D: read, write, trim or sync. x of
 * fio: requests in flight, depth times jobs; of the others: seconds, unless said.
 *
 * format       series (unit; x)                               distributions        tags
 * fio          fio.D.iops, fio.total.iops (1/s; in_flight)    fio.D.latency[.JOB]  io_depth io_jobs
 *              fio.D.bandwidth, fio.total.bandwidth (B/s)     fio.D.completion     io_size
 *              fio.D.latency.mean, fio.total.latency.mean     fio.D.submission     io_write_share
 *              fio.D.completion.mean                          (s; QUANTILES of a   io_sequential
 *              fio.D.submission.mean (s)                      percentile table,    io_flush_every
 *              fio.cpu.user, fio.cpu.system (share of a CPU)  BINS of json+)       engine pattern
 *              one point a group of jobs that ran together                         device direct
 *                                                                                  job version
 * fio-log      fiolog.D.WHAT (time); WHAT after the file's    fiolog.D.WHAT (s;    kind
 *              name: latency, completion, submission (s),     SAMPLES; only a log
 *              bandwidth (B/s), iops (1/s), else value        of single requests)
 * sadf mpstat  TOOL.cpu.user.CPU ... TOOL.disk.util.DEV ...   -                    host host_cpus
 * iostat       (time; iostat without -t: sample); the table                        kernel arch date
 *              of read_sysstat_json.c
 * qmp-migrate  migration.total .transferred .remaining (B)    -                    status memory
 * domjobinfo   .bandwidth (B/s) .dirty_rate .page_rate (1/s)                       page_size
 *              .normal_pages .zero_pages .rounds (1)                               dirty_rate
 *              .throttle (share) .downtime .expected_downtime                      working_set
 *              .setup .total_time (s); time                                        migration_*
 * domstats     domstats.WHAT[.DEVICE] (domain: the number of  -                    domain.N: name
 *              the domain in the file); read_domstats.c                            domains
 * iperf3       iperf3.bandwidth (B/s) .retransmits (1) .rtt   -                    net_streams
 *              (s); time. iperf3.sent .received (B/s)                              net_direction
 *              .cpu.host .cpu.remote (share of a CPU) .jitter                      protocol mss
 * host .loss; net_streams                                                  block_size version
 *
 * Points that stand for several observations carry their number as weight. */
#include "calibrate/readers.h"

const struct trace_reader trace_readers_json[] = {
    {"fio", "fio JSON", fio_recognise, fio_read},
    {"fio-log", "a fio log", fio_log_recognise, fio_log_read},
    {"sadf", "sadf -j", sadf_recognise, sadf_read},
    {"mpstat", "mpstat -o JSON", mpstat_recognise, mpstat_read},
    {"iostat", "iostat -o JSON", iostat_recognise, iostat_read},
    {"qmp-migrate", "QMP query-migrate", qmp_recognise, qmp_read},
    {"domjobinfo", "virsh domjobinfo", domjobinfo_recognise, domjobinfo_read},
    {"domstats", "virsh domstats --raw", domstats_recognise, domstats_read},
    {"iperf3", "iperf3 -J", iperf3_recognise, iperf3_read},
    {NULL, NULL, NULL, NULL},
};
