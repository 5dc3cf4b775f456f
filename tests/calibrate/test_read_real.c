/* Readers of text formats on every real file there is, read in place: SCALESIM_TRACES is the folder
 * of traces, SCALESIM_FACTS that of facts, with the measured tables; tests that need them skip
 * without. And what holds of all readers: each has a sample, and sadf -d tells what sadf -j does.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fnmatch.h>
#include <ftw.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/trace.h"
#include "model/text.h"

static const struct expectation {
    const char *pattern, *format;
    size_t flags;
} expected[] = {
    {"*/lockstat/memcg_*.txt", "lock_stat", 2},
    {"*/lockstat/ibm2008_500guests.csv", "measured", 5},
    {"*/perfkvm/x86_hyperv_*", "perf-kvm", 1},
    {"*/perfkvm/x86_idle_nginx_notes.txt", "perf-kvm", 1},
    {"*/perfkvm/x86_live_io_heavy.txt", "perf-kvm", 1},
    {"*/perfkvm/local_perf_script*", NULL, 0},
    {"*/perfkvm/*", "perf-kvm", 0},
    {"*/cyclictest/*", "cyclictest", 0},
    {"*/own/host/cyclictest_hist.txt", "cyclictest", 0},
    {"*sadf-dh", "sadf", 3},
    {"*sadf-d", "sadf", 0},
    {"*/boot-*-cdf.dat", "boot-cdf", 0},
    {"*/raw/boot-*.dat", "boot", 0},
    {"*/schedstat_pid1.txt", "schedstat", 0},
    {"*/psi_snapshot.txt", "pressure", 1},
    {"*/first_limits.csv", "measured", 0},
    {"*.csv", "measured", 0},
    {"*", NULL, 0},
};

static size_t files_read, files_left;

static int judge_file(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    struct diag diag = {.line = 0};
    struct trace trace;
    char *text;
    size_t length, i = 0;
    double sure = 0;
    (void)status;
    (void)place;
    if (kind != FTW_F)
        return 0;
    while (fnmatch(expected[i].pattern, path, 0) != 0)
        i++;
    if (expected[i].format == NULL) {
        assert_int_equal(text_read_file(path, &text, &length, &diag), STATUS_OK);
        for (const struct trace_reader *reader = trace_readers_text; reader->format != NULL;
             reader++)
            sure = fmax(sure, reader->recognise(text, length));
        if (sure > 0)
            fail_msg("%s is taken for a trace", path);
        free(text);
        files_left++;
        return 0;
    }
    if (trace_read(&trace, path, &diag) != STATUS_OK) {
        diag_print(stderr, &diag);
        fail();
    }
    if (strcmp(trace.format, expected[i].format) != 0 || trace.flag_count < expected[i].flags ||
        trace.series_count + trace.distribution_count == 0)
        fail_msg("%s: %s with %zu flags", path, trace.format, trace.flag_count);
    trace_free(&trace);
    files_read++;
    return 0;
}

static void walk(const char *variable, const char *below, size_t least)
{
    const char *folder = getenv(variable);
    if (folder == NULL || folder[0] == '\0') {
        print_message("%s is not set: real files are not read\n", variable);
        skip();
    }
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, below);
    files_read = files_left = 0;
    assert_int_equal(nftw(path, judge_file, 16, FTW_PHYS), 0);
    print_message("%s: %zu files read, %zu are of no text format\n", variable, files_read,
                  files_left);
    assert_true(files_read >= least);
}

static void real_traces(void **state)
{
    (void)state;
    walk("SCALESIM_TRACES", ".", 100);
}

static void real_tables(void **state)
{
    (void)state;
    walk("SCALESIM_FACTS", "measured", 15);
}

/* Samples are the seeds of the fuzzers, too: a reader without one would not be fuzzed. */
static void every_reader_has_a_sample(void **state)
{
    static const struct trace_reader *const lists[] = {trace_readers_json, trace_readers_text};
    glob_t files;
    (void)state;
    assert_int_equal(glob("tests/calibrate/samples/*", 0, NULL, &files), 0);
    for (size_t l = 0; l < 2; l++) {
        for (const struct trace_reader *reader = lists[l]; reader->format != NULL; reader++) {
            size_t i = 0;
            for (bool taken = false; i < files.gl_pathc && !taken; i += !taken) {
                struct trace trace;
                struct diag diag;
                trace_read(&trace, files.gl_pathv[i], &diag);
                taken = trace.format != NULL && strcmp(trace.format, reader->format) == 0;
                trace_free(&trace);
            }
            if (i == files.gl_pathc)
                fail_msg("no sample of %s", reader->format);
        }
    }
    globfree(&files);
}

/* All that sadf -j tells has the same name, unit and figures from sadf -d. */
static void sadf_d_tells_what_sadf_j_does(void **state)
{
    struct trace columns, json;
    struct diag diag;
    char path[512];
    const char *folder = getenv("SCALESIM_TRACES");
    (void)state;
    if (folder == NULL) {
        print_message("SCALESIM_TRACES is not set: sysstat's files are not compared\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/external/sysstat/expected.sadf-d", folder);
    assert_int_equal(trace_read(&columns, path, &diag), STATUS_OK);
    snprintf(path, sizeof path, "%s/external/sysstat/expected.sadf-j", folder);
    assert_int_equal(trace_read(&json, path, &diag), STATUS_OK);
    assert_true(json.series_count > 400);
    for (size_t i = 0; i < json.series_count; i++) {
        const struct trace_series *theirs = &json.series[i];
        const struct trace_series *ours = trace_find(&columns, theirs->name);
        if (ours == NULL)
            fail_msg("sadf -d has no %s", theirs->name);
        assert_string_equal(ours->unit, theirs->unit);
        assert_int_equal(ours->count, theirs->count);
        for (size_t p = 0; p < ours->count; p++)
            assert_true(fabs(ours->points[p].value - theirs->points[p].value) <=
                        1e-9 * fabs(theirs->points[p].value));
    }
    trace_free(&columns);
    trace_free(&json);
}

/* The same without those files: one figure of each kind of name. */
static void sadf_d_has_the_names_of_sadf_j(void **state)
{
    static const char *const rows[][3] = {
        {"CPU;%usr;%gnice", "3;50.00;1.00", "sadf.cpu.user.3 sadf.cpu.guest_nice.3"},
        {"proc/s;cswch/s", "1.00;2.00", "sadf.processes sadf.context_switches"},
        {"kbmemfree;kbavail;%memused", "1;2;3", "sadf.memory.free sadf.memory.available"},
        {"DEV;tps;aqu-sz;%util", "vda;1.00;2.00;3.00",
         "sadf.disk.requests.vda sadf.disk.queue.vda sadf.disk.util.vda"},
        {"tps;rtps", "1.00;1.00", "sadf.tps sadf.rtps"},
        {"IFACE;rxpck/s;txkB/s;%ifutil", "eth0;1.00;2.00;0.00",
         "sadf.net.rx.packets.eth0 sadf.net.tx.bytes.eth0 sadf.net.util.eth0"},
        {"%smem-10;%smem;%fmem", "0.00;0.00;0.00", "sadf.psi.memory.some sadf.psi.memory.full"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512], names[256];
        struct trace trace;
        struct diag diag;
        char *rest = names;
        snprintf(text, sizeof text,
                 "# hostname;interval;timestamp;%s\nhost;1;2026-11-21 10:00:00 UTC;%s\n",
                 rows[i][0], rows[i][1]);
        snprintf(names, sizeof names, "%s", rows[i][2]);
        assert_int_equal(trace_parse(&trace, "sadf", text, strlen(text), &diag), STATUS_OK);
        for (char *name; (name = strsep(&rest, " ")) != NULL;) {
            if (trace_find(&trace, name) == NULL)
                fail_msg("no %s in %s", name, rows[i][0]);
        }
        trace_free(&trace);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reader_has_a_sample),
        cmocka_unit_test(sadf_d_has_the_names_of_sadf_j),
        cmocka_unit_test(sadf_d_tells_what_sadf_j_does),
        cmocka_unit_test(real_traces),
        cmocka_unit_test(real_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
