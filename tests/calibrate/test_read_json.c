/* The figures that the readers of machine-readable output take from samples, each worked out by
 * hand from the sample. */
#include "tests/calibrate/samples.h"

/* fio 3, one entry for four copies, percentiles of the total latency; text around the document. */
static void test_fio(void **state)
{
    struct trace trace;
    (void)state;
    read_sample(&trace, "fio_qd8_nj4.json");
    assert_string_equal(trace.format, "fio");
    EXPECT_POINTS(
        &trace, {"fio.read.iops", "1/s", "in_flight", 1, 0, 32, 50788.605697, 101628},
        {"fio.write.iops", "1/s", "in_flight", 1, 0, 32, 50644.677661, 101340},
        {"fio.total.iops", "1/s", "in_flight", 1, 0, 32, 50788.605697 + 50644.677661, 202968},
        {"fio.read.bandwidth", "B/s", "in_flight", 1, 0, 32, 208030128, 101628},
        {"fio.read.latency.mean", "s", "in_flight", 1, 0, 32, 293310.384835e-9, 101628},
        {"fio.total.latency.mean", "s", "in_flight", 1, 0, 32,
         (293310.384835 * 101628 + 336865.656602 * 101340) / 202968 * 1e-9, 202968},
        {"fio.cpu.system", "1", "in_flight", 1, 0, 32, 4 * 0.1375, 1});
    EXPECT_CELLS(
        &trace, {"fio.read.latency", TRACE_QUANTILES, 17, 101628, 0, 110080e-9, 110080e-9, 0.01},
        {"fio.write.latency", TRACE_QUANTILES, 17, 101340, 16, 6127616e-9, 6127616e-9, 0.9999});
    assert_null(trace_find_distribution(&trace, "fio.read.completion"));
    expect_tag(&trace, "io_depth", "8");
    expect_tag(&trace, "io_jobs", "4");
    expect_tag(&trace, "io_size", "4096");
    expect_tag(&trace, "io_write_share", "0.5");
    expect_tag(&trace, "io_sequential", "no");
    expect_tag(&trace, "engine", "libaio");
    expect_tag(&trace, "version", "fio-3.33");
    trace_free(&trace);
}

/* Bins take the place of the percentiles derived from them. 724 is the middle of [720, 728). */
static void test_fio_bins(void **state)
{
    struct trace trace;
    (void)state;
    read_sample(&trace, "fio_jsonplus.json");
    EXPECT_CELLS(&trace, {"fio.read.completion", TRACE_BINS, 15, 787, 0, 720e-9, 728e-9, 1},
                 {"fio.read.completion", TRACE_BINS, 15, 787, 14, 36700160e-9, 37224448e-9, 5});
    assert_int_equal(trace.distribution_count, 2);
    trace_free(&trace);
}

/* fio 2 in microseconds; two copies without group_reporting, then a group of its own. psync keeps
 * one request in flight whatever iodepth says. */
static void test_fio_jobs(void **state)
{
    struct trace trace;
    (void)state;
    read_sample(&trace, "fio_us_jobs.json");
    EXPECT_POINTS(&trace, {"fio.read.iops", "1/s", "in_flight", 2, 0, 2, 301, 603},
                  {"fio.read.iops", "1/s", "in_flight", 2, 1, 16, 10, 20},
                  {"fio.read.bandwidth", "B/s", "in_flight", 2, 0, 2, 2400 * 1024, 603},
                  {"fio.read.latency.mean", "s", "in_flight", 2, 0, 2,
                   (125e-6 * 201 + 140e-6 * 402) / 603, 603},
                  {"fio.total.latency.mean", "s", "in_flight", 2, 1, 16, 2e-3, 30},
                  {"fio.read.completion.mean", "s", "in_flight", 1, 0, 2, 120e-6, 201},
                  {"fio.cpu.user", "1", "in_flight", 2, 0, 2, 0.05, 1});
    EXPECT_CELLS(&trace,
                 {"fio.read.completion.readers", TRACE_QUANTILES, 3, 201, 0, 92e-6, 92e-6, 0.01},
                 {"fio.read.completion.readers", TRACE_QUANTILES, 3, 201, 1, 110e-6, 110e-6, 0.5},
                 {"fio.read.completion.readers", TRACE_QUANTILES, 3, 201, 2, 390e-6, 390e-6, 0.99});
    expect_tag(&trace, "io_size", "8192");
    expect_tag(&trace, "io_depth.readers", "1");
    expect_tag(&trace, "io_depth.mix", "16");
    expect_tag(&trace, "io_jobs", "1");
    expect_tag(&trace, "io_write_share.mix", "0.3");
    expect_tag(&trace, "io_sequential.readers#2", "yes");
    expect_tag(&trace, "io_flush_every.mix", "32");
    assert_null(trace_tag(&trace, "io_depth"));
    expect_flag(&trace, "mix ended with error 5");
    trace_free(&trace);
}

/* A server's clients: their sum, which comes last, is not a job. */
static void test_fio_clients(void **state)
{
    static const char text[] =
        "{\"fio version\": \"fio-3.33\", \"client_stats\": ["
        "{\"jobname\": \"j\", \"groupid\": 0, \"job options\": {\"rw\": \"randwrite:8\", "
        "\"iodepth\": \"4\"}, \"write\": {\"iops\": 10, \"bw\": 40, \"total_ios\": 20}},"
        "{\"jobname\": \"j\", \"groupid\": 0, \"job options\": {\"rw\": \"randwrite:8\", "
        "\"iodepth\": \"4\"}, \"write\": {\"iops\": 30, \"bw\": 120, \"total_ios\": 60}},"
        "{\"jobname\": \"All clients\", \"groupid\": 0, \"write\": {\"iops\": 40, \"bw\": 160, "
        "\"total_ios\": 80}}]}";
    struct trace trace;
    struct diag diag = {0};
    (void)state;
    if (trace_parse(&trace, "clients", text, sizeof text - 1, &diag) != 0)
        fail_msg("%s: %s", diag.column, diag.message);
    EXPECT_POINTS(&trace, {"fio.total.iops", "1/s", "in_flight", 1, 0, 8, 40, 80},
                  {"fio.write.bandwidth", "B/s", "in_flight", 1, 0, 8, 160 * 1024, 80});
    expect_tag(&trace, "io_write_share", "1");
    expect_tag(&trace, "io_sequential", "no");
    expect_tag(&trace, "io_depth", "4");
    trace_free(&trace);
}

static void test_fio_logs(void **state)
{
    struct trace trace;
    (void)state;
    read_sample(&trace, "fio_qd4_lat.1.log");
    assert_string_equal(trace.format, "fio-log");
    EXPECT_POINTS(&trace, {"fiolog.read.latency", "s", "time_s", 17, 0, 0.5, 162647e-9, 1},
                  {"fiolog.read.latency", "s", "time_s", 17, -1, 8, 59994e-9, 1});
    /* Means over half seconds are no samples of the latency. */
    assert_int_equal(trace.distribution_count, 0);
    assert_int_equal(trace.series[0].points[16].line, 17);
    trace_free(&trace);
    read_sample(&trace, "fio_qd4_bw.1.log");
    EXPECT_POINTS(&trace, {"fiolog.read.bandwidth", "B/s", "time_s", 15, 0, 0.5, 98200 * 1024, 1});
    trace_free(&trace);
    read_sample(&trace, "fio_requests_clat.1.log");
    EXPECT_POINTS(&trace, {"fiolog.write.completion", "s", "time_s", 1, 0, 0.001, 95e-6, 1});
    EXPECT_CELLS(&trace, {"fiolog.read.completion", TRACE_SAMPLES, 2, 2, 0, 70e-6, 70e-6, 1},
                 {"fiolog.read.completion", TRACE_SAMPLES, 2, 2, 1, 83210e-9, 83210e-9, 1});
    trace_free(&trace);
    read_sample(&trace, "fio_old_slat.log");
    EXPECT_POINTS(&trace, {"fiolog.trim.submission", "s", "time_s", 1, 0, 0.009, 500e-9, 1});
    trace_free(&trace);
}

static void test_fio_log_names(void **state)
{
    struct trace trace;
    struct diag diag = {0};
    const char text[] = "5, 900, 0, 4096\n9, 500, 0, 4096\n";
    (void)state;
    assert_int_equal(trace_parse(&trace, "run.log", text, sizeof text - 1, &diag), 0);
    EXPECT_POINTS(&trace, {"fiolog.read.value", "", "time_s", 2, 0, 0.005, 900, 1});
    expect_flag(&trace, "no unit");
    trace_free(&trace);
    assert_int_equal(trace_parse(&trace, "a_lat.d/run_lat.2.log", text, sizeof text - 1, &diag), 0);
    expect_flag(&trace, "fio 2 wrote us");
    trace_free(&trace);
}

static void test_sysstat(void **state)
{
    struct trace trace;
    (void)state;
    read_sample(&trace, "sadf.json");
    assert_string_equal(trace.format, "sadf-json");
    /* The second report is of the next day, 30 s later. */
    EXPECT_POINTS(&trace, {"sadf.cpu.user.all", "1", "time_s", 1, 0, 0, 0.105, 1},
                  {"sadf.cpu.steal.0", "1", "time_s", 1, 0, 0, 0.04, 1},
                  {"sadf.context_switches", "1/s", "time_s", 1, 0, 0, 68409.3, 1},
                  {"sadf.interrupts.sum", "1/s", "time_s", 1, 0, 0, 31915.3, 1},
                  {"sadf.memory.committed", "B", "time_s", 1, 0, 0, 12000 * 1024, 1},
                  {"sadf.disk.read.vda", "B/s", "time_s", 2, 0, 0, 32768, 1},
                  {"sadf.disk.read.vda", "B/s", "time_s", 2, 1, 30, 1024, 1},
                  {"sadf.disk.latency.vda", "s", "time_s", 2, 1, 30, 2.5e-3, 1},
                  {"sadf.net.rx.bytes.vnet0", "B/s", "time_s", 1, 0, 0, 10240, 1},
                  {"sadf.net.rx.drops.vnet0", "1/s", "time_s", 1, 0, 0, 2, 1},
                  {"sadf.softnet.squeezed.all", "1/s", "time_s", 1, 0, 0, 3, 1},
                  {"sadf.psi.io.full", "1", "time_s", 1, 0, 0, 0.01, 1});
    expect_tag(&trace, "host", "host1");
    expect_tag(&trace, "host_cpus", "2");
    expect_tag(&trace, "date", "2026-11-20");
    trace_free(&trace);
    read_sample(&trace, "mpstat.json");
    assert_string_equal(trace.format, "mpstat");
    EXPECT_POINTS(&trace, {"mpstat.cpu.user.all", "1", "time_s", 2, 1, 2, 0.05, 1},
                  {"mpstat.cpu.interrupts.all", "1/s", "time_s", 1, 0, 0, 355.5, 1});
    trace_free(&trace);
    read_sample(&trace, "iostat.json");
    assert_string_equal(trace.format, "iostat");
    EXPECT_POINTS(&trace, {"iostat.cpu.user", "1", "sample", 1, 0, 0, 0.015, 1},
                  {"iostat.disk.reads.vda", "1/s", "sample", 1, 0, 0, 8, 1},
                  {"iostat.disk.read_latency.vda", "s", "sample", 1, 0, 0, 1.5e-3, 1},
                  {"iostat.disk.read.all", "B/s", "sample", 1, 0, 1, 2097152, 1});
    expect_flag(&trace, "since boot");
    trace_free(&trace);
}

static void test_qmp(void **state)
{
    struct trace trace;
    (void)state;
    read_sample(&trace, "qmp_migrate.json");
    assert_string_equal(trace.format, "qmp-migrate");
    /* Six replies; the first is of the setup and has no figures. */
    EXPECT_POINTS(&trace, {"migration.transferred", "B", "time_s", 5, 0, 0.204, 15396484, 1},
                  {"migration.transferred", "B", "time_s", 5, -1, 7.884, 510933082, 1},
                  {"migration.remaining", "B", "time_s", 5, 0, 0.204, 787537920, 1},
                  {"migration.bandwidth", "B/s", "time_s", 5, 0, 0.204, 531.8148118811881e6 / 8, 1},
                  {"migration.zero_pages", "1", "time_s", 5, -1, 7.884, 80343, 1},
                  {"migration.downtime", "s", "time_s", 1, 0, 7.884, 0.053, 1},
                  {"migration.total_time", "s", "time_s", 1, 0, 7.884, 7.884, 1});
    /* Told in the rounds after the first alone, and not at the end. */
    const struct trace_series *rate = trace_find(&trace, "migration.dirty_rate");
    assert_non_null(rate);
    assert_int_equal(rate->count, 1);
    expect_tag(&trace, "memory", "768M");
    expect_tag(&trace, "working_set", "256M");
    expect_tag(&trace, "dirty_rate", "1000");
    expect_tag(&trace, "migration_bandwidth", "64");
    expect_tag(&trace, "migration_downtime", "300");
    expect_tag(&trace, "status", "completed");
    expect_tag(&trace, "page_size", "4096");
    trace_free(&trace);
    read_sample(&trace, "qmp_monitor.log");
    EXPECT_POINTS(&trace, {"migration.throttle", "1", "time_s", 1, 0, 2, 0.2, 1},
                  {"migration.dirty_rate", "1/s", "time_s", 1, 0, 2, 4100, 1},
                  {"migration.bandwidth", "B/s", "time_s", 1, 0, 2, 33.55e6, 1});
    expect_flag(&trace, "failed: socket closed");
    trace_free(&trace);
}

/* One reply, bare or in a list, with and without figures. */
static void test_qmp_replies(void **state)
{
    static const struct {
        const char *text;
        size_t points;
        double x;
    } cases[] = {
        {"{\"status\": \"setup\", \"_t\": 0.006}", 0, 0},
        {"{\"return\": {\"status\": \"active\", \"total-time\": 12, \"setup-time\": 3}}", 0, 0},
        {"{\"status\": \"active\", \"total-time\": 500, \"ram\": {\"total\": 9, \"transferred\": "
         "5, "
         "\"remaining\": 4}}",
         1, 0.5},
        {"[{\"status\": \"active\", \"_t\": 1.5, \"ram\": {\"total\": 9, \"transferred\": 5, "
         "\"remaining\": 4}}, {\"time\": 3, \"return\": {\"status\": \"active\", \"ram\": "
         "{\"total\": 9, \"transferred\": 6, \"remaining\": 3}}}]",
         2, 1.5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trace trace;
        struct diag diag = {0};
        if (trace_parse(&trace, "reply", cases[i].text, strlen(cases[i].text), &diag) != 0)
            fail_msg("%s: %s", cases[i].text, diag.message);
        const struct trace_series *found = trace_find(&trace, "migration.transferred");
        assert_int_equal(found != NULL ? found->count : 0, cases[i].points);
        if (found != NULL)
            expect_near("x", found->points[0].x, cases[i].x);
        trace_free(&trace);
    }
}

static void test_libvirt(void **state)
{
    struct trace trace;
    struct diag diag = {0};
    (void)state;
    read_sample(&trace, "domjobinfo.txt");
    assert_string_equal(trace.format, "domjobinfo");
    EXPECT_POINTS(&trace, {"migration.transferred", "B", "time_s", 2, 0, 1.5, 1.25 * 1073741824, 1},
                  {"migration.transferred", "B", "time_s", 2, 1, 2.5, 1.75 * 1073741824, 1},
                  {"migration.bandwidth", "B/s", "time_s", 2, 0, 1.5, 108.5 * 1048576, 1},
                  {"migration.bandwidth", "B/s", "time_s", 2, 1, 2.5, 900 * 1024, 1},
                  {"migration.dirty_rate", "1/s", "time_s", 1, 0, 1.5, 1234, 1},
                  {"migration.throttle", "1", "time_s", 1, 0, 1.5, 0.2, 1},
                  {"migration.rounds", "1", "time_s", 1, 0, 1.5, 3, 1},
                  {"migration.downtime", "s", "time_s", 1, 0, 2.5, 0.05, 1},
                  {"migration.total_time", "s", "time_s", 1, 0, 2.5, 2.5, 1});
    expect_tag(&trace, "operation", "Outgoing migration");
    trace_free(&trace);
    read_sample(&trace, "domjobinfo-save.txt");
    EXPECT_POINTS(&trace,
                  {"migration.transferred", "B", "time_s", 3, 0, 0.396, 45.002 * 1048576, 1},
                  {"migration.normal_pages", "1", "time_s", 3, 2, 1.872, 80700, 1},
                  {"migration.setup", "s", "time_s", 3, 1, 1.216, 0.001, 1});
    expect_tag(&trace, "operation", "Save");
    trace_free(&trace);
    const char none[] = "Job type:         None        \n\n";
    assert_int_equal(trace_parse(&trace, "none", none, sizeof none - 1, &diag), 0);
    expect_flag(&trace, "no job");
    trace_free(&trace);
}

/* Two guests, the first asked twice; a shut-off one tells nothing. */
static void test_domstats(void **state)
{
    struct trace trace;
    struct diag diag = {0};
    const char text[] = "Domain: 'a'\n  balloon.rss=100\n  block.3.rd.reqs=100\n"
                        "  block.3.rd.times=8600000\n  vcpu.0.delay=5\n\n"
                        "Domain: 'it's'\n\nDomain: 'b'\n  balloon.rss=300\n  net.0.name=vnet0\n"
                        "  block.0.rd.reqs=0\n  block.0.rd.times=0\n"
                        "Domain: 'a'\n  balloon.rss=200\n";
    (void)state;
    assert_int_equal(trace_parse(&trace, "stats", text, sizeof text - 1, &diag), 0);
    EXPECT_POINTS(&trace, {"domstats.memory.rss", "B", "domain", 3, 0, 0, 102400, 1},
                  {"domstats.memory.rss", "B", "domain", 3, 1, 2, 307200, 1},
                  {"domstats.memory.rss", "B", "domain", 3, 2, 0, 204800, 1},
                  {"domstats.block.read.latency.3", "s", "domain", 1, 0, 0, 86e-6, 100},
                  {"domstats.vcpu.delay.0", "s", "domain", 1, 0, 0, 5e-9, 1});
    assert_null(trace_find(&trace, "domstats.block.read.latency.0"));
    expect_tag(&trace, "domain.1", "it's");
    expect_tag(&trace, "domains", "3");
    trace_free(&trace);
    read_sample(&trace, "domstats.txt");
    EXPECT_POINTS(&trace, {"domstats.cpu.time", "s", "domain", 1, 0, 0, 0.31, 1},
                  {"domstats.memory.rss", "B", "domain", 1, 0, 0, 39145472, 1},
                  {"domstats.vcpu.delay.0", "s", "domain", 1, 0, 0, 6174975e-9, 1});
    trace_free(&trace);
}

static void test_iperf3(void **state)
{
    struct trace trace;
    (void)state;
    read_sample(&trace, "iperf3.json");
    EXPECT_POINTS(&trace, {"iperf3.bandwidth", "B/s", "time_s", 2, 0, 1, 2e9, 1},
                  {"iperf3.bandwidth", "B/s", "time_s", 2, 1, 2.5, 3e9, 1},
                  {"iperf3.retransmits", "1", "time_s", 1, 0, 1, 4, 1},
                  {"iperf3.rtt", "s", "time_s", 1, 0, 1, 200e-6, 1},
                  {"iperf3.sent", "B/s", "net_streams", 1, 0, 2, 2.5e9, 1},
                  {"iperf3.received", "B/s", "net_streams", 1, 0, 2, 2.375e9, 1},
                  {"iperf3.cpu.remote", "1", "net_streams", 1, 0, 2, 1.5825, 1});
    expect_tag(&trace, "net_direction", "in");
    expect_tag(&trace, "net_streams", "2");
    trace_free(&trace);
    read_sample(&trace, "iperf3_udp.json");
    EXPECT_POINTS(&trace, {"iperf3.sent", "B/s", "net_streams", 1, 0, 1, 131072, 1},
                  {"iperf3.jitter", "s", "net_streams", 1, 0, 1, 0.25e-3, 1},
                  {"iperf3.loss", "1", "net_streams", 1, 0, 1, 0.1, 1});
    trace_free(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fio),         cmocka_unit_test(test_fio_bins),
        cmocka_unit_test(test_fio_jobs),    cmocka_unit_test(test_fio_clients),
        cmocka_unit_test(test_fio_logs),    cmocka_unit_test(test_fio_log_names),
        cmocka_unit_test(test_sysstat),     cmocka_unit_test(test_qmp),
        cmocka_unit_test(test_qmp_replies), cmocka_unit_test(test_libvirt),
        cmocka_unit_test(test_domstats),    cmocka_unit_test(test_iperf3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
