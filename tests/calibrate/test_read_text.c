/* The readers of text formats: figures of small samples, and what they say of bad ones. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/record.h"
#include "calibrate/trace.h"
#include "model/text.h"

#define SAMPLES "tests/calibrate/samples/"

static void read_sample(struct trace *trace, const char *name)
{
    char path[256];
    struct diag diag;
    snprintf(path, sizeof path, SAMPLES "%s", name);
    if (trace_read(trace, path, &diag) != STATUS_OK) {
        diag_print(stderr, &diag);
        fail();
    }
}

static const struct sample {
    const char *file, *format;
    size_t series, distributions, flags;
} samples[] = {
    {"lock_stat.txt", "lock_stat", 38, 0, 0},
    {"lock_stat-0.3.txt", "lock_stat", 12, 0, 1},
    {"perf-kvm.txt", "perf-kvm", 17, 0, 1},
    {"perf-kvm-mail.txt", "perf-kvm", 12, 0, 1},
    {"perf-lock-contention.txt", "perf-lock", 32, 0, 0},
    {"perf-lock-report.txt", "perf-lock", 36, 0, 0},
    {"perf-lock-old.txt", "perf-lock", 8, 0, 0},
    {"perf-lock.csv", "perf-lock", 8, 0, 0},
    {"kvm_stat.csv", "kvm_stat", 3, 0, 0},
    {"sadf.txt", "sadf", 30, 0, 1},
    {"sadf-h.txt", "sadf", 4, 0, 1},
    {"cyclictest.txt", "cyclictest", 3, 1, 0},
    {"cyclictest-threads.txt", "cyclictest", 3, 2, 0},
    {"runqlat.txt", "bcc-histogram", 0, 1, 0},
    {"biolatency.txt", "bcc-histogram", 0, 2, 0},
    {"kvmexit.txt", "kvmexit", 2, 0, 0},
    {"schedstat.txt", "schedstat", 5, 0, 0},
    {"pressure.txt", "pressure", 8, 0, 0},
    {"pressure-plain.txt", "pressure", 8, 0, 1},
    {"boot.dat", "boot", 0, 2, 0},
    {"boot-cdf.dat", "boot-cdf", 0, 2, 0},
    {"measured.csv", "measured", 6, 0, 0},
    {"measured-long.csv", "measured", 3, 0, 0},
    {"storm.csv", "measured", 14, 0, 0},
    {"kvm-ioctls.csv", "measured", 5, 0, 0},
    {"record.csv", "record", 3, 0, 0},
};
enum { SAMPLE_COUNT = sizeof samples / sizeof samples[0] };

static void samples_are_read_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct trace trace;
        read_sample(&trace, samples[i].file);
        assert_string_equal(trace.format, samples[i].format);
        assert_int_equal(trace.series_count, samples[i].series);
        assert_int_equal(trace.distribution_count, samples[i].distributions);
        assert_int_equal(trace.flag_count, samples[i].flags);
        trace_free(&trace);
    }
}

static const struct {
    const char *file, *series, *unit;
    size_t count, index;
    double x, value, weight;
} points[] = {
    {"lock_stat.txt", "lockstat.hold.&kvm->mmu_lock-W", "s", 1, 0, 0, 0.3e-6, 5000},
    {"lock_stat.txt", "lockstat.wait.&kvm->mmu_lock-R", "s", 1, 0, 0, 4e-6, 5},
    {"lock_stat.txt", "lockstat.wait_max.&kvm->mmu_lock-W", "s", 1, 0, 0, 95.1e-6, 1},
    {"lock_stat.txt", "lockstat.acquisitions.&rq->lock/1", "1", 1, 0, 0, 400, 1},
    {"lock_stat.txt", "lockstat.waiter.&kvm->mmu_lock.kvm_tdp_mmu_map+0x4d/0x110", "1", 1, 0, 0, 45,
     1},
    {"lock_stat.txt", "lockstat.holder.&kvm->mmu_lock.kvm_mmu_zap_all+0x1d/0x50", "1", 1, 0, 0, 55,
     1},
    {"lock_stat-0.3.txt", "lockstat.hold.my_lock", "s", 1, 0, 0, 0.5e-6, 1200},
    {"perf-kvm.txt", "perfkvm.exit.HLT", "s", 1, 0, 0, 4e-3, 600},
    {"perf-kvm.txt", "perfkvm.exit_error.HLT", "1", 1, 0, 0, 0.025, 1},
    {"perf-kvm.txt", "perfkvm.exit_max.EPT_VIOLATION", "s", 1, 0, 0, 4e-6, 1},
    {"perf-kvm-mail.txt", "perfkvm.exit.MSR_WRITE", "s", 1, 0, 0, 1.26e-6, 924045},
    {"perf-kvm-mail.txt", "perfkvm.exit_max.EXTERNAL_INTERRUPT", "s", 1, 0, 0, 70.75e-6, 1},
    {"perf-lock-contention.txt", "perflock.wait.spinlock.call_timer_fn+0x29", "s", 1, 0, 0,
     15.61e-6, 7},
    {"perf-lock-contention.txt", "perflock.wait.spinlock.irqentry_exit_to_user_mode+0x110", "s", 3,
     2, 2, 21.13e-6, 1},
    {"perf-lock-report.txt", "perflock.wait_min.swake_up_one+0x35", "s", 1, 0, 0, 14.8e-6, 1},
    {"perf-lock-old.txt", "perflock.wait.&kvm->irq_lock.", "s", 1, 0, 0, 1.5e-6, 20},
    {"perf-lock-old.txt", "perflock.acquired.rcu node 0", "1", 1, 0, 0, 100, 1},
    {"perf-lock.csv", "perflock.wait.rwsem:R.do_user_addr_fault+0x40e", "s", 1, 0, 0, 4.5e-6, 2},
    {"kvm_stat.csv", "kvmstat.exits", "1/s", 3, 1, 2, 2500, 1},
    {"kvm_stat.csv", "kvmstat.kvm_exit(HLT)", "1/s", 3, 2, 4, 0, 1},
    {"sadf.txt", "sadf.cpu.user.all", "1", 2, 1, 10, 0.1, 1},
    {"sadf.txt", "sadf.disk.latency.vda", "s", 1, 0, 0, 18.01e-3, 1},
    {"sadf.txt", "sadf.disk.read.vda", "B/s", 1, 0, 0, 53248, 1},
    {"sadf.txt", "sadf.memory.free", "B", 1, 0, 10, 1048576, 1},
    {"sadf.txt", "sadf.interrupts.24.1", "1/s", 1, 0, 0, 90, 1},
    {"sadf-h.txt", "sadf.cpu.idle.0", "1", 2, 1, 10, 0.8, 1},
    {"cyclictest.txt", "cyclictest.max", "s", 1, 0, 0, 23.555e-3, 1},
    {"cyclictest-threads.txt", "cyclictest.avg", "s", 2, 1, 1, 3e-6, 1},
    {"kvmexit.txt", "kvmexit.count.HLT", "1", 2, 1, 1, 40, 1},
    {"schedstat.txt", "schedstat.wait", "s", 1, 0, 0, 436130533e-9 / 3084, 3084},
    {"pressure.txt", "pressure.cpu.some.avg10", "1", 1, 0, 0, 0.8732, 1},
    {"pressure-plain.txt", "pressure.unnamed.full.total", "s", 3, 1, 1, 17.725174, 1},
    {"measured.csv", "measured.wall.blk", "s", 3, 2, 8, 0.75, 1},
    {"measured.csv", "measured.rss.blk", "bytes", 2, 1, 8, 4096 * 1024, 1},
    {"measured.csv", "measured.wall.scsi.smp=4", "s", 1, 0, 1, 0.4, 1},
    {"measured-long.csv", "measured.commit_per_route.irqfd_add.vcpus=0", "s", 2, 1, 64, 800e-6, 1},
    {"measured-long.csv", "measured.per_vm.slab", "bytes", 1, 0, 8, 95 * 1024, 1},
    {"storm.csv", "measured.starts_per_s.devices=1", "1/s", 7, 6, 64, 14.9, 1},
    {"kvm-ioctls.csv", "measured.min.set_gsi_routing", "s", 4, 3, 64, 60.16e-6, 1},
    {"record.csv", "record.host_files.host", "files", 2, 1, 1, 12600, 1},
    {"record.csv", "record.qemu_fds.guest:web1", "fds", 1, 0, 0, 48, 1},
};

static void points_have_the_files_figures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct trace trace;
        read_sample(&trace, points[i].file);
        const struct trace_series *series = trace_find(&trace, points[i].series);
        if (series == NULL)
            fail_msg("%s has no %s", points[i].file, points[i].series);
        assert_string_equal(series->unit, points[i].unit);
        assert_int_equal(series->count, points[i].count);
        const struct trace_point *point = &series->points[points[i].index];
        if (point->x != points[i].x || point->weight != points[i].weight ||
            fabs(point->value - points[i].value) > 1e-12 * fabs(points[i].value))
            fail_msg("%s: (%.17g, %.17g) weighs %g", points[i].series, point->x, point->value,
                     point->weight);
        trace_free(&trace);
    }
}

static void cells_have_the_files_figures(void **state)
{
    static const struct {
        const char *file, *name;
        enum trace_shape shape;
        size_t count, index;
        double low, high, weight, total;
    } cells[] = {
        {"cyclictest.txt", "cyclictest.latency", TRACE_BINS, 9, 0, 64e-6, 65e-6, 7, 227},
        {"cyclictest.txt", "cyclictest.latency", TRACE_BINS, 9, 8, 72e-6, 23556e-6, 4, 227},
        {"cyclictest-threads.txt", "cyclictest.latency.1", TRACE_BINS, 3, 1, 3e-6, 4e-6, 3, 5},
        {"runqlat.txt", "runqlat.latency", TRACE_BINS, 3, 0, 0, 2e-6, 12, 21},
        {"runqlat.txt", "runqlat.latency", TRACE_BINS, 3, 2, 4e-6, 8e-6, 5, 21},
        {"biolatency.txt", "biolatency.latency.disk=vda", TRACE_BINS, 2, 1, 2e-3, 4e-3, 1, 8},
        {"boot.dat", "boot.wall", TRACE_SAMPLES, 4, 0, 0.155309, 0.155309, 1, 4},
        {"boot.dat", "boot.guest", TRACE_SAMPLES, 3, 2, 0.11, 0.11, 2, 4},
        {"boot-cdf.dat", "boot.wall", TRACE_QUANTILES, 4, 2, 0.110358, 0.110358, 0.5, NAN},
        {"boot-cdf.dat", "boot.guest", TRACE_QUANTILES, 3, 1, 0.109, 0.109, 0.5, NAN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        struct trace trace;
        read_sample(&trace, cells[i].file);
        const struct trace_distribution *one = trace_find_distribution(&trace, cells[i].name);
        if (one == NULL)
            fail_msg("%s has no %s", cells[i].file, cells[i].name);
        assert_int_equal(one->shape, cells[i].shape);
        assert_int_equal(one->count, cells[i].count);
        assert_true(one->total == cells[i].total || (isnan(one->total) && isnan(cells[i].total)));
        const struct trace_cell *cell = &one->cells[cells[i].index];
        if (fabs(cell->low - cells[i].low) > 1e-12 || fabs(cell->high - cells[i].high) > 1e-12 ||
            cell->weight != cells[i].weight)
            fail_msg("%s: [%.17g, %.17g) holds %g", cells[i].name, cell->low, cell->high,
                     cell->weight);
        trace_free(&trace);
    }
}

static void tags_and_flags_are_kept(void **state)
{
    static const struct {
        const char *file, *tag, *value;
    } tags[] = {{"perf-kvm.txt", "total_samples", "1000"},
                {"kvm_stat.csv", "interval_s", "2"},
                {"sadf.txt", "host", "build7"},
                {"kvmexit.txt", "duration_s", "6"},
                {"record.csv", "kernel", "6.12.3"},
                {"kvm-ioctls.csv", "metric", "set_gsi_routing"}};
    static const struct {
        const char *file, *flag;
    } flags[] = {{"lock_stat-0.3.txt", "line 6: mean wait of my_lock"},
                 {"perf-kvm.txt", "line 8: mean exit of MSR_WRITE"},
                 {"perf-kvm-mail.txt", "hold 953854 of 1027227"},
                 {"sadf.txt", "line 1: the host restarted"},
                 {"sadf-h.txt", "interrupts are left out"},
                 {"pressure-plain.txt", "does not say which resources"}};
    struct trace trace;
    (void)state;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        read_sample(&trace, tags[i].file);
        assert_non_null(trace_tag(&trace, tags[i].tag));
        assert_string_equal(trace_tag(&trace, tags[i].tag), tags[i].value);
        trace_free(&trace);
    }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        read_sample(&trace, flags[i].file);
        assert_non_null(strstr(trace.flags[0], flags[i].flag));
        trace_free(&trace);
    }
}

/* Each line of a sample cut, changed or doubled: `from` of the text becomes `to`. */
static const struct {
    const char *file, *from, *to;
    unsigned line;
    const char *message;
} bad[] = {
    {"lock_stat.txt", "5000           0.05", "50000.05", 6, "11 values, expected 12"},
    {"lock_stat.txt", " 1500.00           0.30\n", "\n", 6, "10 values, expected 12"},
    {"lock_stat.txt", "95.10", "9S.10", 6, "'9S.10' is not a number"},
    {"lock_stat.txt", "waittime-min", "waittime-mid", 3, "is no column"},
    {"lock_stat.txt", "     45    ", "     xx    ", 9, "expected a call site"},
    {"lock_stat.txt", "con-bounces", "           ", 3, "column is missing"},
    {"perf-kvm.txt", "0.80us  20000.00us", "0.80us20000.00us", 7, "run together"},
    {"perf-kvm.txt", "600    60.00%", "6oo    60.00%", 7, "'6oo': expected a count"},
    {"perf-kvm.txt", "0.80us", "0.80ms", 7, "expected a time in us"},
    {"perf-kvm.txt", "us ( +-   2.50% )", "us ( +-   x )", 7, "ERROR%"},
    {"perf-kvm.txt", "Samples:1000", "Samples:", 11, "expected a count"},
    {"perf-lock-contention.txt", "109.24 us", "109.24us", 3, "expected a time with its unit"},
    {"perf-lock-contention.txt", "109.24 us", "         ", 3, "expected a time with its unit"},
    {"perf-lock.csv", "80000, 30000", "80000", 2, "expected a time in ns"},
    {"perf-lock-old.txt", "30000            4000", "300004000", 3, "expected a count"},
    {"kvm_stat.csv", "5000,400", "5000400", 3, "fewer columns"},
    {"kvm_stat.csv", "5000,400", "5000,,400", 3, "is not a count"},
    {"kvm_stat.csv", "5000,400", "5000,4x0", 3, "'4x0' is not a count"},
    {"kvm_stat.csv", "10:00:04", "09:00:04", 4, "lies before"},
    {"sadf.txt", "60.00;0.00;25.00", "60.00;25.00", 4, "fewer columns"},
    {"sadf.txt", "60.00;0.00;25.00", "60.00;0.00;25.00;1", 4, "more columns"},
    {"sadf.txt", "60.00;0.00", "60,00;0.00", 4, "'60,00' is not a number"},
    {"sadf.txt", "2026-11-21 10:00:00 UTC;0", "21.11.2026;0", 4, "expected YYYY-MM-DD"},
    {"sadf-h.txt", "%idle[...]", "%idle", 1, "several activities"},
    {"sadf-h.txt", ";INTR;CPU*[...]", ";IFACE;rx[...]", 2, "cannot be told apart"},
    {"cyclictest.txt", "000065 000010", "000065000010", 4, "run together"},
    {"cyclictest.txt", "000065 000010", "000065 00001O", 4, "'00001O' is not a count"},
    {"cyclictest.txt", "000065 000010", "000063 000010", 4, "does not rise"},
    {"cyclictest.txt", "# Total", "# Tota1", 17, "ends before"},
    {"cyclictest-threads.txt", "# Total: 000000005 000000005", "# Total: ", 7, "1 values"},
    {"runqlat.txt", "4 -> 7          : 5 ", "4 -> 7            5 ", 7, "LOW -> HIGH : COUNT"},
    {"runqlat.txt", "4 -> 7          : 5 ", "4 -> 7          : x ", 7, "expected a count"},
    {"runqlat.txt", "4 -> 7 ", "1 -> 7 ", 7, "overlaps"},
    {"kvmexit.txt", "1002     EXIT", "1002EXIT", 5, "3 columns, expected 4"},
    {"kvmexit.txt", "40\n", "4O\n", 5, "expected a count"},
    {"pressure.txt", "full avg10=0.00 avg60=", "full avg10=0.00 avg6=", 2, "expected avg60=NUMBER"},
    {"pressure.txt", "full", "none", 2, "expected \"some\" or \"full"},
    {"boot-cdf.dat", "110358 0.500000", "110358 0.100000", 3, "below the one above"},
    {"measured.csv", "blk,8,0,1,0.50", "blk,8,0,1.0.50", 4, "7 columns, expected 8"},
    {"measured.csv", "blk,8,0,1,0.50", "blk,8,0,1,O.50", 4, "'O.50' is not a number"},
    {"measured.csv", "blk,8,0", "blk,B,0", 4, "'B' is not a number"},
    {"measured.csv", "\"a note", "a \"note", 7, "not valid CSV"},
    {"record.csv", "1.000,host", "O.000,host", 5, "'O.000' is not a number"},
    {"record.csv", "guest:web1", "guest:", 4, "expected host, guest:NAME"},
    {"record.csv", "qemu_fds", "qemu_fsd", 4, "is no resource"},
    {"record.csv", "12600", "12600,1", 5, "5 columns, expected 4"},
    {"record.csv", "record-1 ", "record-2 ", 1, "another version"},
    {"record.csv", "host=build7", "build7", 1, "tags NAME=VALUE"},
    {"record.csv", "resource,", "ressource,", 2, "unknown column"},
};

static void bad_input_is_one_error_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char path[256], changed[8192];
        char *text;
        size_t length;
        struct diag diag = {.line = 0};
        struct trace trace;
        snprintf(path, sizeof path, SAMPLES "%s", bad[i].file);
        assert_int_equal(text_read_file(path, &text, &length, &diag), STATUS_OK);
        const char *place = strstr(text, bad[i].from);
        if (place == NULL)
            fail_msg("%s has no '%s'", bad[i].file, bad[i].from);
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(place - text), text, bad[i].to,
                 place + strlen(bad[i].from));
        int status = trace_parse(&trace, bad[i].file, changed, strlen(changed), &diag);
        if (status != STATUS_DATA || diag.line != bad[i].line ||
            strstr(diag.message, bad[i].message) == NULL || strcmp(diag.file, bad[i].file) != 0)
            fail_msg("%s with '%s': status %d, %s:%u: %s: %s", bad[i].file, bad[i].to, status,
                     diag.file, diag.line, diag.column, diag.message);
        trace_free(&trace);
        free(text);
    }
}

/* A file that ends early is an error or read as far as it goes; binary and empty ones are no
 * trace; CRLF changes nothing. */
static void cut_empty_binary_and_crlf(void **state)
{
    static const char binary[] = "\x7f"
                                 "ELF\0\1,\n\0,\2\n";
    struct diag diag;
    struct trace trace;
    assert_int_equal(trace_parse(&trace, "empty", "", 0, &diag), STATUS_DATA);
    assert_non_null(strstr(diag.message, "none of the formats"));
    assert_int_equal(trace_parse(&trace, "binary", binary, sizeof binary, &diag), STATUS_DATA);
    assert_non_null(strstr(diag.message, "none of the formats"));
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        char path[256], crlf[8192];
        char *text;
        size_t length, used = 0;
        snprintf(path, sizeof path, SAMPLES "%s", samples[i].file);
        assert_int_equal(text_read_file(path, &text, &length, &diag), STATUS_OK);
        for (size_t cut = 0; cut < length; cut += 7) {
            diag = (struct diag){.line = 0};
            int status = trace_parse(&trace, "cut", text, cut, &diag);
            assert_true(status == STATUS_OK || diag.message[0] != '\0');
            trace_free(&trace);
        }
        for (size_t j = 0; j < length && used + 2 < sizeof crlf; j++) {
            if (text[j] == '\n')
                crlf[used++] = '\r';
            crlf[used++] = text[j];
        }
        assert_int_equal(trace_parse(&trace, "crlf", crlf, used, &diag), STATUS_OK);
        assert_string_equal(trace.format, samples[i].format);
        assert_int_equal(trace.series_count, samples[i].series);
        assert_int_equal(trace.distribution_count, samples[i].distributions);
        assert_int_equal(trace.flag_count, samples[i].flags);
        trace_free(&trace);
        free(text);
    }
}

/* The reader of a sample is surer of it than any other. */
static void no_reader_takes_anothers_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        char path[256];
        char *text;
        size_t length;
        struct diag diag;
        double own = 0, other = 0;
        snprintf(path, sizeof path, SAMPLES "%s", samples[i].file);
        assert_int_equal(text_read_file(path, &text, &length, &diag), STATUS_OK);
        for (const struct trace_reader *reader = trace_readers_text; reader->format != NULL;
             reader++) {
            double here = reader->recognise(text, length);
            if (strcmp(reader->format, samples[i].format) == 0)
                own = here;
            else
                other = fmax(other, here);
        }
        if (!(own > other))
            fail_msg("%s: %g, another reader %g", samples[i].file, own, other);
        free(text);
    }
}

static void a_recording_comes_back(void **state)
{
    static const struct trace_tag tags[] = {{"host", "build 7"}, {"interval_s", "1"}};
    char *text;
    size_t length;
    struct diag diag;
    struct trace trace;
    FILE *out = open_memstream(&text, &length);
    (void)state;
    record_write_head(out, tags, 2);
    record_write_row(out, 0, "host", "host_files", 12544);
    record_write_row(out, 0.5, "guest:a, \"b\"", "qemu_fds", 48.25);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(trace_parse(&trace, "record", text, length, &diag), STATUS_OK);
    assert_string_equal(trace_tag(&trace, "host"), "build_7");
    const struct trace_series *series = trace_find(&trace, "record.qemu_fds.guest:a, \"b\"");
    assert_non_null(series);
    assert_true(series->points[0].x == 0.5 && series->points[0].value == 48.25);
    trace_free(&trace);
    free(text);
}

static void tables_without_figures_are_refused(void **state)
{
    static const char *const empty[] = {"n,wall_s\n,1\n2,\n", "n,wall_s\n1,\n2,\n", "n,wall_s\n\n",
                                        "# scalesim-record-1 a=b\ntime_s,scope,resource,value\n",
                                        ("# hostname;interval;timestamp;BAT;status\n"
                                         "a;1;2026-11-21 10:00:00;0;Full\n")};
    (void)state;
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        struct trace trace;
        struct diag diag;
        if (trace_parse(&trace, "empty", empty[i], strlen(empty[i]), &diag) != STATUS_DATA)
            fail_msg("'%s' is taken", empty[i]);
        trace_free(&trace);
    }
}

static void long_names_stay_apart(void **state)
{
    char text[2048];
    struct diag diag;
    struct trace trace;
    (void)state;
    snprintf(text, sizeof text, "label,n,wall_s\nx%0300d,1,2\nx%0299d1,1,3\n", 0, 0);
    assert_int_equal(trace_parse(&trace, "long", text, strlen(text), &diag), STATUS_OK);
    assert_int_equal(trace.series_count, 2);
    trace_free(&trace);
}

/* What real files are, by their paths below the folder; the first that fits. NULL: of no text
 * format. flags: at least as many. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_read_whole),
        cmocka_unit_test(points_have_the_files_figures),
        cmocka_unit_test(cells_have_the_files_figures),
        cmocka_unit_test(tags_and_flags_are_kept),
        cmocka_unit_test(bad_input_is_one_error_with_its_line),
        cmocka_unit_test(cut_empty_binary_and_crlf),
        cmocka_unit_test(no_reader_takes_anothers_file),
        cmocka_unit_test(a_recording_comes_back),
        cmocka_unit_test(tables_without_figures_are_refused),
        cmocka_unit_test(long_names_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
