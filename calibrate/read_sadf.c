/* `sadf -d`: sections, each with a header "# hostname;interval;timestamp;COLUMN;..." and a row for
 * each time and item; also -h (all on one line, "[...]" behind columns that repeat for each item),
 * where the items can be told apart: one repeated group, interrupts aside. A -h line with the
 * columns of one item and then some of the whole host cannot be told from an item's; those get its
 * name.
 *
 *   sadf.METRIC          against time_s, seconds since the first row
 *   sadf.METRIC.ITEM     the item is the columns in capitals (CPU, DEV, IFACE, ...); CPU -1 is
 *                        "all"
 *   sadf.interrupts.IRQ[.K]   K: place among the columns that "CPU*" stands for (none: the first,
 *                        which is all CPUs unless -P left that out); not with -h
 *   tag host
 *
 * A metric that sadf -j tells too has its name (the table here and read_sysstat_json.c), any other
 * that of sysstat's column; values are in base units: %x are shares of 1, kilobytes and
 * megabytes are bytes, await is in s, MHz in Hz. Restarts are flagged. USB devices and battery
 * states have no numbers and are left out. */
#include "calibrate/read_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calibrate/reading.h"

enum { MOST_COLUMNS = 256, FIXED = 3 };

/* Columns by the names of read_sysstat_json.c. */
static const struct {
    const char *column, *metric;
} metrics[] = {
    {"%user", "cpu.user"},
    {"%usr", "cpu.user"},
    {"%nice", "cpu.nice"},
    {"%system", "cpu.system"},
    {"%sys", "cpu.system"},
    {"%iowait", "cpu.iowait"},
    {"%steal", "cpu.steal"},
    {"%irq", "cpu.irq"},
    {"%soft", "cpu.softirq"},
    {"%guest", "cpu.guest"},
    {"%gnice", "cpu.guest_nice"},
    {"%idle", "cpu.idle"},
    {"proc/s", "processes"},
    {"cswch/s", "context_switches"},
    {"intr/s", "interrupts"},
    {"kbmemfree", "memory.free"},
    {"kbavail", "memory.available"},
    {"kbmemused", "memory.used"},
    {"kbcached", "memory.cached"},
    {"kbcommit", "memory.committed"},
    {"kbanonpg", "memory.anonymous"},
    {"kbslab", "memory.slab"},
    {"kbkstack", "memory.stacks"},
    {"kbpgtbl", "memory.page_tables"},
    {"runq-sz", "queue.runnable"},
    {"plist-sz", "queue.tasks"},
    {"ldavg-1", "queue.load1"},
    {"blocked", "queue.blocked"},
    {"file-nr", "kernel.files"},
    {"pty-nr", "kernel.ptys"},
    {"tps", "disk.requests"},
    {"rkB/s", "disk.read"},
    {"rd_sec/s", "disk.read"},
    {"wkB/s", "disk.written"},
    {"wr_sec/s", "disk.written"},
    {"areq-sz", "disk.size"},
    {"avgrq-sz", "disk.size"},
    {"aqu-sz", "disk.queue"},
    {"avgqu-sz", "disk.queue"},
    {"await", "disk.latency"},
    {"%util", "disk.util"},
    {"rxpck/s", "net.rx.packets"},
    {"txpck/s", "net.tx.packets"},
    {"rxkB/s", "net.rx.bytes"},
    {"txkB/s", "net.tx.bytes"},
    {"%ifutil", "net.util"},
    {"rxdrop/s", "net.rx.drops"},
    {"txdrop/s", "net.tx.drops"},
    {"total/s", "softnet.packets"},
    {"dropd/s", "softnet.dropped"},
    {"squeezd/s", "softnet.squeezed"},
    {"%scpu", "psi.cpu.some"},
    {"%sio", "psi.io.some"},
    {"%fio", "psi.io.full"},
    {"%smem", "psi.memory.some"},
    {"%fmem", "psi.memory.full"},
};

struct reader {
    struct trace *trace;
    struct diag *diag;
    unsigned line;
    struct span columns[MOST_COLUMNS]; /* behind the timestamp, without "[...]" */
    bool repeats[MOST_COLUMNS];        /* "[...]" stands behind this column */
    size_t count;
    bool skipped;  /* the section has no numbers */
    bool left_out; /* flagged that interrupts are */
    double first_s, now_s;
    size_t rows;
    char item[TRACE_NAME];
};

double sadf_recognise(const char *text, size_t length)
{
    struct lines lines = lines_of(text, length);
    while (lines.number < 20 && lines_next(&lines)) {
        if (span_starts(lines.line, "# hostname;interval;timestamp"))
            return 1;
    }
    return 0;
}

static bool is_label(struct span column)
{
    for (size_t i = 0; i < column.length; i++) {
        if (!isupper((unsigned char)column.at[i]))
            return false;
    }
    return column.length > 1;
}

static int read_header(struct reader *reader, struct span line)
{
    struct span field;
    reader->count = 0;
    reader->skipped = false;
    for (size_t i = 0; span_field(&line, ';', &field); i++) {
        if (i < FIXED)
            continue;
        if (reader->count == MOST_COLUMNS)
            return trace_error(reader->trace, reader->line, NULL, reader->diag,
                               "more than %d columns", MOST_COLUMNS);
        field = span_trim(field);
        bool repeats = span_ends(field, "[...]");
        if (repeats)
            field.length -= strlen("[...]");
        reader->skipped = reader->skipped || span_is(field, "idvendor");
        reader->repeats[reader->count] = repeats;
        reader->columns[reader->count++] = field;
    }
    if (reader->count == 0)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "the header has no columns behind the timestamp");
    for (size_t i = 1; i < reader->count && !reader->skipped; i++) {
        if (is_label(reader->columns[i]) && !is_label(reader->columns[i - 1]) &&
            !reader->repeats[i - 1])
            return trace_error(reader->trace, reader->line, NULL, reader->diag,
                               "several activities on one line, and nothing tells where one ends "
                               "(use sadf -d without -h)");
    }
    return STATUS_OK;
}

/* "2019-04-18 13:20:19 UTC", local time, or seconds since the epoch. */
static bool read_time(struct span text, double *seconds)
{
    char copy[40];
    struct tm when = {.tm_year = 0};
    if (span_number(text, seconds))
        return true;
    span_copy(copy, sizeof copy, text);
    const char *end = strptime(copy, "%Y-%m-%d %H:%M:%S", &when);
    *seconds = (double)timegm(&when);
    return end != NULL && (*end == '\0' || strcmp(end, " UTC") == 0);
}

static const char *unit_of(struct span column, double *factor)
{
    static const struct {
        const char *name, *unit;
        double factor;
    } whole[] = {{"await", "s", 1e-3},      {"areq-sz", "B", 1024},   {"avgrq-sz", "B", 512},
                 {"rd_sec/s", "B/s", 512},  {"wr_sec/s", "B/s", 512}, {"svctm", "s", 1e-3},
                 {"MHz", "Hz", 1e6},        {"wghMHz", "Hz", 1e6},    {"pgpgin/s", "B/s", 1024},
                 {"pgpgout/s", "B/s", 1024}};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (span_is(column, whole[i].name)) {
            *factor = whole[i].factor;
            return whole[i].unit;
        }
    }
    *factor = 1;
    if (span_starts(column, "%"))
        return *factor = 0.01, "1";
    if (span_ends(column, "kB/s"))
        return *factor = 1024, "B/s";
    if (span_starts(column, "kb"))
        return *factor = 1024, "B";
    if (span_starts(column, "MB"))
        return *factor = 1024 * 1024, "B";
    return span_ends(column, "/s") || span_is(column, "tps") ? "1/s" : "1";
}

static int put(struct reader *reader, struct span column, struct span cell, const char *name)
{
    double value, factor;
    const char *unit = unit_of(column, &factor);
    if (!span_number(cell, &value)) {
        char title[64], text[64];
        span_copy(title, sizeof title, column);
        span_copy(text, sizeof text, cell);
        return trace_error(reader->trace, reader->line, title, reader->diag, "'%s' is not a number",
                           text);
    }
    struct trace_point point = {.x = reader->now_s - reader->first_s,
                                .value = value * factor,
                                .weight = 1,
                                .line = reader->line};
    return trace_add_point(reader->trace, name, unit, "time_s", point, reader->diag);
}

/* The cells that "CPU*" stands for. */
static int put_interrupts(struct reader *reader, struct span rest)
{
    struct span cell, column = {"intr/s", strlen("intr/s")};
    int status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && span_field(&rest, ';', &cell); i++) {
        char name[TRACE_NAME];
        if (i == 0)
            trace_name(name, "sadf.interrupts.%s", reader->item);
        else
            trace_name(name, "sadf.interrupts.%s.%zu", reader->item, i);
        status = put(reader, column, cell, name);
    }
    return status;
}

static void add_label(struct reader *reader, struct span column, struct span cell)
{
    char text[TRACE_NAME / 2];
    size_t used = strlen(reader->item);
    span_copy(text, sizeof text, cell);
    if (span_is(column, "CPU") && strcmp(text, "-1") == 0)
        strcpy(text, "all");
    snprintf(reader->item + used, sizeof reader->item - used, "%s%s", used > 0 ? "." : "", text);
}

/* Requests of the whole host are a column of their own, not a drive's. */
static void name_series(char name[TRACE_NAME], struct span column, const char *item)
{
    char title[64];
    span_copy(title, sizeof title, column);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        bool host_only = item[0] == '\0' && strncmp(metrics[i].metric, "disk.", 5) == 0;
        if (strcmp(metrics[i].column, title) == 0 && !host_only)
            snprintf(title, sizeof title, "%s", metrics[i].metric);
    }
    trace_name(name, "sadf.%s%s%s", title, item[0] != '\0' ? "." : "", item);
}

/* The column behind column i: the next, or the first of a group that starts once more. `count` or
 * more: -h does not tell. */
static size_t next_column(const struct reader *reader, size_t i, struct span rest)
{
    size_t start = i;
    struct span next;
    if (!reader->repeats[i] || rest.at == NULL)
        return i + 1;
    while (start > 0 && !is_label(reader->columns[start]))
        start--;
    if (i + 1 == reader->count)
        return start;
    if (!span_is(reader->columns[i + 1], "INTR"))
        return reader->count;
    span_field(&rest, ';', &next);
    return span_is(next, "sum") ? i + 1 : start;
}

static int read_values(struct reader *reader, struct span rest)
{
    struct span cell;
    size_t i = 0;
    int status = STATUS_OK;
    bool labelled = false;
    reader->item[0] = '\0';
    while (status == STATUS_OK && rest.at != NULL) {
        if (i >= reader->count)
            return trace_error(reader->trace, reader->line, NULL, reader->diag,
                               "more columns than in the header, or repeated ones that cannot be "
                               "told apart (use sadf -d without -h)");
        struct span column = reader->columns[i];
        if (span_is(column, "CPU*")) {
            if (!reader->repeats[i])
                return put_interrupts(reader, rest);
            if (!reader->left_out)
                status = trace_flag(reader->trace, reader->diag,
                                    "line %u: interrupts are left out, their CPUs cannot be told "
                                    "apart",
                                    reader->line);
            reader->left_out = true;
            return status;
        }
        span_field(&rest, ';', &cell);
        if (is_label(column)) {
            if (!labelled)
                reader->item[0] = '\0';
            add_label(reader, column, cell);
            labelled = true;
        } else {
            char name[TRACE_NAME];
            labelled = false;
            name_series(name, column, reader->item);
            if (!span_is(column, "status"))
                status = put(reader, column, cell, name);
        }
        i = next_column(reader, i, rest);
    }
    if (status == STATUS_OK && i < reader->count && !(i > 0 && reader->repeats[i - 1]))
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "fewer columns than in the header");
    return status;
}

static int read_row(struct reader *reader, struct span rest)
{
    struct span host, interval, when;
    char name[TRACE_NAME];
    double now;
    if (!span_field(&rest, ';', &host) || !span_field(&rest, ';', &interval) ||
        !span_field(&rest, ';', &when) || rest.at == NULL)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "expected hostname;interval;timestamp;values");
    if (span_starts(rest, "LINUX-RESTART"))
        return trace_flag(reader->trace, reader->diag, "line %u: the host restarted", reader->line);
    if (span_starts(rest, "COM "))
        return STATUS_OK;
    if (reader->count == 0)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "values before the first header");
    if (!read_time(when, &now))
        return trace_error(reader->trace, reader->line, "timestamp", reader->diag,
                           "expected YYYY-MM-DD HH:MM:SS or seconds");
    if (reader->skipped)
        return STATUS_OK;
    span_copy(name, sizeof name, host);
    if (reader->rows++ == 0) {
        reader->first_s = now;
        int status = trace_set_tag(reader->trace, "host", name, reader->diag);
        if (status != STATUS_OK)
            return status;
    }
    reader->now_s = now;
    return read_values(reader, rest);
}

int sadf_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader reader = {.trace = trace, .diag = diag};
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        reader.line = lines.number;
        if (span_starts(lines.line, "#"))
            status = read_header(&reader, lines.line);
        else if (span_trim(lines.line).length > 0)
            status = read_row(&reader, lines.line);
    }
    if (status == STATUS_OK && trace->series_count == 0)
        status = trace_error(trace, lines.number, NULL, diag, "no figures below the header");
    return status;
}
