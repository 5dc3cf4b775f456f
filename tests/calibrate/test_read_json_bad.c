/* Readers of machine-readable output on what they must refuse, and on whose file is whose. */
#include "tests/calibrate/samples.h"

#include <fnmatch.h>
#include <ftw.h>
#include <sys/stat.h>

static const struct {
    const char *file, *format;
    bool json; /* one document: cut anywhere it is wrong */
} samples[] = {
    {"fio_qd8_nj4.json", "fio", true},         {"fio_jsonplus.json", "fio", true},
    {"fio_us_jobs.json", "fio", true},         {"fio_qd4_lat.1.log", "fio-log", false},
    {"fio_qd4_bw.1.log", "fio-log", false},    {"fio_requests_clat.1.log", "fio-log", false},
    {"fio_old_slat.log", "fio-log", false},    {"sadf.json", "sadf-json", true},
    {"mpstat.json", "mpstat", true},           {"iostat.json", "iostat", true},
    {"qmp_migrate.json", "qmp-migrate", true}, {"qmp_monitor.log", "qmp-migrate", false},
    {"domjobinfo.txt", "domjobinfo", false},   {"domstats.txt", "domstats", false},
    {"iperf3.json", "iperf3", true},           {"iperf3_udp.json", "iperf3", true},
    {"iperf3_error.json", "iperf3", true},
};
enum { SAMPLES_COUNT = sizeof samples / sizeof *samples };

static char *load(const char *file, size_t *length)
{
    char path[256];
    char *text;
    struct diag diag = {0};
    snprintf(path, sizeof path, SAMPLES "%s", file);
    if (text_read_file(path, &text, length, &diag) != 0)
        fail_msg("%s", diag.message);
    return text;
}

/* Parses a text that is wrong: one error, with the file and what is wrong. */
static void expect_error(const char *file, const char *text, size_t length, const char *field,
                         const char *message)
{
    struct trace trace;
    struct diag diag = {0};
    if (trace_parse(&trace, file, text, length, &diag) != STATUS_DATA)
        fail_msg("%s: nothing is wrong with %s", file, field);
    trace_free(&trace);
    assert_string_equal(diag.file, file);
    if (strcmp(diag.column, field) != 0 || strstr(diag.message, message) == NULL)
        fail_msg("%s: got '%s': '%s', expected '%s': '%s'", file, diag.column, diag.message, field,
                 message);
}

/* A sample with one text in it replaced. */
static const struct {
    const char *file, *from, *to, *field, *message;
} wrong_fields[] = {
    {"fio_us_jobs.json", "\"iops\": 200.5", "\"iops\": \"x\"", "jobs[1].read.iops",
     "is a string; expected a number"},
    {"fio_us_jobs.json", "\"iops\": 200.5, ", "", "jobs[1].read.iops", "is missing"},
    {"fio_us_jobs.json", "\"iops\": 200.5", "\"iops\": -1", "jobs[1].read.iops", "is -1;"},
    {"fio_us_jobs.json", "\"iops\": 200.5", "\"iops\": 1e300", "jobs[1].read.iops", "is 1e+300"},
    {"fio_us_jobs.json", "\"iops\": 200.5", "\"iops\": 1e999", "", "overflow"},
    {"fio_us_jobs.json", "\"iops\": 200.5", "\"iops\": NaN", "", "NaN"},
    {"fio_us_jobs.json", "\"iops\": 200.5", "\"iops\": -nan", "", "not valid JSON"},
    {"fio_us_jobs.json", "\"mean\": 140.0", "\"maen\": 140.0", "jobs[1].read.lat.mean",
     "is missing"},
    {"fio_us_jobs.json", "\"50.000000\": 110", "\"median\": 110", "jobs[0].read.clat.percentile",
     "'median'"},
    {"fio_us_jobs.json", "\"99.000000\": 390", "\"199\": 390", "jobs[0].read.clat.percentile",
     "expected a percentage"},
    {"fio_us_jobs.json", "\"99.000000\": 390", "\"99.000000\": []",
     "jobs[0].read.clat.percentile.99.000000", "is a list"},
    {"fio_us_jobs.json", "\"numjobs\": \"2\"", "\"numjobs\": \"two\"", "jobs[0].job options",
     "numjobs is 'two'"},
    {"fio_us_jobs.json", "\"jobname\": \"mix\", ", "", "jobs[2].jobname", "is missing"},
    {"fio_us_jobs.json", "\"jobs\": [", "\"jbos\": [", "jobs", "is missing; expected a list"},
    {"fio_jsonplus.json", "\"724\": 1", "\"x724\": 1", "jobs[0].read.clat_ns.bins",
     "expected a time"},
    {"sadf.json", "\"await\": 1.25", "\"await\": {}",
     "sysstat.hosts[0].statistics[0].disk[0].await", "is an object"},
    {"sadf.json", "\"disk-device\": \"vda\", \"tps\": 12.5", "\"tps\": 12.5",
     "sysstat.hosts[0].statistics[0].disk[0].disk-device", "is missing"},
    {"sadf.json", "\"time\": \"23:59:40\"", "\"time\": \"soon\"",
     "sysstat.hosts[0].statistics[0].timestamp.time", "time of day"},
    {"sadf.json", "\"date\": \"2026-11-21\", ", "", "sysstat.hosts[0].statistics[1].timestamp.date",
     "is missing"},
    {"mpstat.json", "\"usr\": 2.50, \"sys\": 1.50, \"idle\": 96.00", "\"load\": 1",
     "sysstat.hosts[0].statistics[0].cpu-load[0]", "none of the fields known"},
    {"iostat.json", "\"w_await\": 2.50", "\"w_await\": \"2,50\"",
     "sysstat.hosts[0].statistics[0].disk[0].w_await", "is a string"},
    {"qmp_migrate.json", "\"transferred\": 15396484,", "", "samples[1].ram.transferred",
     "is missing"},
    {"qmp_migrate.json", "\"total-time\": 204,", "\"total-time\": \"204\",",
     "samples[1].total-time", "is a string"},
    {"qmp_migrate.json", "\"status\": \"setup\",", "", "samples[0].status", "is missing"},
    {"qmp_monitor.log", "\"total-time\": 2000, ", "", "return.total-time", "is missing"},
    {"iperf3.json", "\"bits_per_second\": 1.9e10", "\"bits\": 1",
     "end.sum_received.bits_per_second", "is missing"},
    {"iperf3.json", "\"num_streams\": 2", "\"num_streams\": true", "start.test_start.num_streams",
     "is true or false"},
    {"iperf3_error.json", "", "", "error", "run failed and holds nothing to read: unable"},
    {"domjobinfo.txt", "1.250 GiB", "1.250 GiB/s", "Memory processed", "expected a figure in B"},
    {"domjobinfo.txt", "1234         pages/s", "nan pages/s", "Dirty rate", "is 'nan pages/s'"},
    {"domjobinfo.txt", "Time elapsed:     1500", "Time passed:     1500", "Time elapsed",
     "is missing"},
    {"domjobinfo.txt", "Setup time:       3            ms", "Setup time", "", "Key: value unit"},
    {"domstats.txt", "cpu.user=110000000", "cpu.user=inf", "cpu.user", "is 'inf'"},
    {"domstats.txt", "cpu.user=110000000", "cpu.user=", "cpu.user", "is ''"},
    {"domstats.txt", "cpu.user=110000000", "cpu.user", "", "key=value"},
    {"fio_requests_clat.1.log", "83210", "-83210", "", "none of the formats"},
    {"fio_requests_clat.1.log", "70000", "nan", "value", "is 'nan'"},
    {"fio_requests_clat.1.log", "70000, 0", "70000, 3", "direction", "expected a number from 0"},
    {"fio_requests_clat.1.log", "3, 70000, 0, 4096, 0", "3, 70000, 0", "", "3 columns"},
};

static void test_wrong_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_fields / sizeof *wrong_fields; i++) {
        size_t length;
        char *text = load(wrong_fields[i].file, &length);
        char *at = strstr(text, wrong_fields[i].from);
        if (at == NULL)
            fail_msg("%s holds no %s", wrong_fields[i].file, wrong_fields[i].from);
        size_t size = length + strlen(wrong_fields[i].to) + 1;
        char *wrong = malloc(size);
        assert_non_null(wrong);
        snprintf(wrong, size, "%.*s%s%s", (int)(at - text), text, wrong_fields[i].to,
                 at + strlen(wrong_fields[i].from));
        expect_error(wrong_fields[i].file, wrong, strlen(wrong), wrong_fields[i].field,
                     wrong_fields[i].message);
        free(wrong);
        free(text);
    }
}

/* The line of an error, in JSON behind other text and in lines. */
static void test_lines(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
    } cases[] = {
        {"note: not JSON\n{\"fio version\": \"3\",\n \"jobs\": [\n}\n", 4},
        {"Domain: 'a'\n\n  cpu.time=x\n", 3},
        {"Job type: Unbounded\nTime elapsed: 3 miles\n", 2},
        {"1, 2, 0, 4096\n2, 2, 0, 4096\n3, 2, 9, 4096\n", 3},
        {"{\"status\": \"active\", \"total-time\": 3}\n\n{\"status\":\n", 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trace trace;
        struct diag diag = {0};
        assert_int_equal(
            trace_parse(&trace, "x_lat.1.log", cases[i].text, strlen(cases[i].text), &diag),
            STATUS_DATA);
        trace_free(&trace);
        if (diag.line != cases[i].line)
            fail_msg("line %u (%s), expected %u", diag.line, diag.message, cases[i].line);
    }
}

/* Every sample cut off anywhere, in a buffer of that size: refused, or read where what is left is
 * a whole file. */
static void test_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES_COUNT; i++) {
        size_t length;
        char *text = load(samples[i].file, &length);
        size_t whole = length;
        while (whole > 0 && text[whole - 1] != '}')
            whole--;
        for (size_t cut = 0; cut < length; cut += 1 + length / 1000) {
            struct trace trace;
            struct diag diag = {0};
            char *left = malloc(cut + 1);
            assert_non_null(left);
            memcpy(left, text, cut);
            left = realloc(left, cut > 0 ? cut : 1);
            int status = trace_parse(&trace, samples[i].file, left, cut, &diag);
            if (status != 0 && (status != STATUS_DATA || diag.message[0] == '\0'))
                fail_msg("%s cut at %zu: status %d", samples[i].file, cut, status);
            if (samples[i].json && cut < whole && status == 0)
                fail_msg("%s cut at %zu is taken", samples[i].file, cut);
            trace_free(&trace);
            free(left);
        }
        free(text);
    }
}

static void test_nothing_and_noise(void **state)
{
    static const char *const texts[] = {"",           "\n\n",       "{}", "[]",
                                        "null",       "{\"a\": 1}", "{{", "[[[[[[[[",
                                        "plain text", "1, 2",       "\"", "Domain:"};
    unsigned char noise[4096];
    uint64_t random = 7;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_error("noise", texts[i], strlen(texts[i]), "", "none of the formats");
    for (size_t i = 0; i < sizeof noise; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        noise[i] = (unsigned char)(random >> 56);
    }
    expect_error("noise", (const char *)noise, sizeof noise, "", "none of the formats");
    expect_error("nul", "Domain: 'a'\n  cpu.time=1\0\n", 26, "", "NUL byte");
    expect_error("utf", "{\"fio version\": \"\xff\"}", 20, "", "not valid JSON");
}

static const char *taken_by(const char *text, size_t length, size_t *takers)
{
    const char *format = NULL;
    *takers = 0;
    for (const struct trace_reader *reader = trace_readers_json; reader->format != NULL; reader++) {
        if (reader->recognise(text, length) > 0) {
            format = reader->format;
            ++*takers;
        }
    }
    return format;
}

/* Each sample has one taker among all readers. */
static void test_takers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES_COUNT; i++) {
        size_t length;
        size_t takers;
        char *text = load(samples[i].file, &length);
        const char *format = taken_by(text, length, &takers);
        for (const struct trace_reader *reader = trace_readers_text; reader->format != NULL;
             reader++) {
            if (reader->recognise(text, length) > 0)
                fail_msg("%s is taken by %s", samples[i].file, reader->format);
        }
        if (takers != 1 || strcmp(format, samples[i].format) != 0)
            fail_msg("%s has %zu takers, one is %s", samples[i].file, takers, format);
        free(text);
    }
}

/* What formats that are read elsewhere, or not at all, begin with. */
static void test_not_taken(void **state)
{
    static const char *const texts[] = {
        "              VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time\n",
        "# Histogram\n000001 000000\n000002 000804\n",
        "lock_stat version 0.4\n-----\n my_lock: 120 130 0.20 95.10 840.00\n",
        "n,metric,value\n1,fds,12\n2,fds,14\n",
        "time,scope,resource,value\n0,host,fds,12\n",
        "118342 98\n120331 101\n",
        "118342,98\n120331,101\n",
        "host1;31;2019-04-18 13:20:19 UTC;-1;2.15\n",
        "{\"status\": \"running\", \"singlestep\": false, \"running\": true}",
        "{\"status\": \"active\", \"name\": \"a service\"}",
        "{\"hosts\": {\"instances\": {\"c7g.metal\": {\"cpus\": []}}}}",
        "{\"sysstat\": {\"hosts\": [{\"statistics\": [{\"task-cpu-load\": []}]}]}}",
        "{\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t takers;
        const char *format = taken_by(texts[i], strlen(texts[i]), &takers);
        if (takers != 0)
            fail_msg("'%.40s' is taken by %s", texts[i], format);
    }
}

/* Real files, by the end of their path: read, or (the rest) not taken. */
static const struct {
    const char *pattern, *format;
} real[] = {
    {"*/raw/fio-*.json", "fio"},         {"*/own/fio/*.json", "fio"},
    {"*/host/fio_host_*.json", "fio"},   {"*/host/fio_*.log", "fio-log"},
    {"*/raw/net-*.json", "iperf3"},      {"*/sysstat/*sadf-j", "sadf-json"},
    {"*/sysstat/*mpstat*", "mpstat"},    {"*/sysstat/*iostat*JSON", "iostat"},
    {"*/qmp/mig_*.json", "qmp-migrate"}, {"*/domstats/*.txt", "domstats"},
};
static size_t real_files, other_files; /* nftw has no context */

static int visit(const char *path, const struct stat *info, int type, struct FTW *place)
{
    char *text;
    size_t length;
    size_t takers;
    struct diag diag = {0};
    const char *expected = NULL;
    (void)info;
    (void)place;
    if (type != FTW_F)
        return 0;
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
        if (fnmatch(real[i].pattern, path, 0) == 0)
            expected = real[i].format;
    }
    assert_int_equal(text_read_file(path, &text, &length, &diag), 0);
    const char *format = taken_by(text, length, &takers);
    if (takers != (expected != NULL) || (takers == 1 && strcmp(format, expected) != 0))
        fail_msg("%s: %zu takers, %s", path, takers, format != NULL ? format : "none");
    if (expected != NULL) {
        struct trace trace;
        if (trace_parse(&trace, path, text, length, &diag) != 0)
            fail_msg("%s: %s: %s", path, diag.column, diag.message);
        if (trace.series_count == 0 && trace.flag_count == 0)
            fail_msg("%s gives nothing", path);
        trace_free(&trace);
    }
    *(expected != NULL ? &real_files : &other_files) += 1;
    free(text);
    return 0;
}

static void test_real_files(void **state)
{
    const char *root = getenv("SCALESIM_TRACES");
    (void)state;
    if (root == NULL) {
        print_message("SCALESIM_TRACES is not set: no real traces are read\n");
        skip();
    }
    if (nftw(root, visit, 16, FTW_PHYS) != 0) {
        print_message("SCALESIM_TRACES names %s, which is not there: no real traces are read\n",
                      root);
        skip();
    }
    print_message("%zu real traces read, %zu files of other kinds not taken\n", real_files,
                  other_files);
    assert_true(real_files > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_fields),      cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cut_off),           cmocka_unit_test(test_takers),
        cmocka_unit_test(test_nothing_and_noise), cmocka_unit_test(test_not_taken),
        cmocka_unit_test(test_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
