/* Histograms and tables of the bcc tools.
 *
 *   biolatency.latency, runqlat.latency, cpudist.on, cpudist.off, or bcc.histogram where no title
 *   tells the tool; with -D, -F, -P, -L one each: runqlat.latency.pid=0      bins, s
 *   kvmexit.count.REASON                                                     1
 *
 * A bin "4 -> 7 : 12" in usecs counts 12 in [4, 8) us. Histograms of several intervals are added.
 * kvmexit's rows of one reason (threads, intervals) are points against their number; its
 * "EXIT_REASON_" is left out; tag duration_s where it was told how long to count. */
#include "calibrate/read_text.h"

#include <stdio.h>
#include <string.h>

#include "calibrate/reading.h"

struct reader {
    struct trace *trace;
    struct diag *diag;
    unsigned line;
    const char *tool;
    char section[64];
    double unit; /* seconds; 0: no header yet */
    double last; /* end of the histogram's bins so far */
    size_t bins;
};

static const struct {
    const char *title, *name;
} tools[] = {
    {"Tracing block device I/O", "biolatency.latency"},
    {"Tracing run queue latency", "runqlat.latency"},
    {"Tracing on-CPU time", "cpudist.on"},
    {"Tracing off-CPU time", "cpudist.off"},
};

static const struct {
    const char *name;
    double seconds;
} units[] = {{"nsecs", 1e-9}, {"usecs", 1e-6}, {"msecs", 1e-3}, {"secs", 1}};

static double unit_of(struct span line)
{
    struct span word = {NULL, 0};
    span_word(&line, &word);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (span_is(word, units[i].name) && span_find(line, "count") != NULL)
            return units[i].seconds;
    }
    return 0;
}

double histogram_recognise(const char *text, size_t length)
{
    struct lines lines = lines_of(text, length);
    while (lines.number < 100 && lines_next(&lines)) {
        if (unit_of(lines.line) > 0 && span_find(lines.line, "distribution") != NULL)
            return 1;
    }
    return 0;
}

/* "4 -> 7 : 12 |***  |" */
static int read_bin(struct reader *reader, struct span line, const char *arrow)
{
    char name[TRACE_NAME];
    double low, high, count;
    struct span lower = {line.at, (size_t)(arrow - line.at)};
    struct span rest = span_from(line, arrow + 2), upper, counted = {NULL, 0};
    span_field(&rest, ':', &upper);
    span_word(&rest, &counted);
    if (reader->unit == 0)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "a bin before the header with its unit");
    if (!span_count(span_trim(lower), &low) || !span_count(span_trim(upper), &high) || high < low)
        return trace_error(reader->trace, reader->line, "bin", reader->diag,
                           "expected \"LOW -> HIGH : COUNT\"");
    if (!span_count(counted, &count))
        return trace_error(reader->trace, reader->line, "count", reader->diag,
                           "expected a count behind ':'");
    if (low < reader->last)
        return trace_error(reader->trace, reader->line, "bin", reader->diag,
                           "overlaps the bin above");
    reader->last = high;
    reader->bins++;
    trace_name(name, "%s%s%s", reader->tool, reader->section[0] != '\0' ? "." : "",
               reader->section);
    return trace_put_bin(reader->trace, name, low * reader->unit, (high + 1) * reader->unit, count,
                         reader->diag);
}

/* "Bucket disk = 'xvdb'", "pid = 12929", "flags = Sync-Write". */
static void read_section(struct reader *reader, struct span line, const char *equals)
{
    char key[24], value[36];
    struct span left = span_trim((struct span){line.at, (size_t)(equals - line.at)}), word;
    struct span right = span_trim(span_from(line, equals + 1));
    while (span_word(&left, &word))
        span_copy(key, sizeof key, word);
    if (right.length > 1 && right.at[0] == '\'' && right.at[right.length - 1] == '\'') {
        right.at++;
        right.length -= 2;
    }
    span_copy(value, sizeof value, right);
    snprintf(reader->section, sizeof reader->section, "%s=%s", key, value);
}

static int read_line(struct reader *reader, struct span line)
{
    const char *place;
    double unit = unit_of(line);
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        if (span_find(line, tools[i].title) != NULL) {
            reader->tool = tools[i].name;
            reader->section[0] = '\0';
        }
    }
    if (unit > 0) {
        reader->unit = unit;
        reader->last = 0;
        return STATUS_OK;
    }
    if ((place = span_find(line, "->")) != NULL)
        return read_bin(reader, line, place);
    if ((place = span_find(line, " = ")) != NULL && place > line.at)
        read_section(reader, line, place + 1);
    return STATUS_OK;
}

int histogram_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader reader = {.trace = trace, .diag = diag, .tool = "bcc.histogram"};
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        reader.line = lines.number;
        status = read_line(&reader, span_trim(lines.line));
    }
    if (status == STATUS_OK && reader.bins == 0)
        status = trace_error(trace, lines.number, NULL, diag, "no bins below the header");
    trace_settle(trace);
    return status;
}

double kvmexit_recognise(const char *text, size_t length)
{
    static const char *const header[] = {"KVM_EXIT_REASON", "COUNT", NULL};
    return text_has_line(text, length, 50, header) ? 1 : 0;
}

static int read_exit(struct trace *trace, struct lines *lines, size_t columns, struct diag *diag)
{
    char reason[TRACE_NAME] = "", name[TRACE_NAME];
    struct span rest = lines->line, word = {NULL, 0};
    double count;
    if (span_words(rest) != columns)
        return trace_error(trace, lines->number, NULL, diag,
                           "%zu columns, expected %zu as in the header", span_words(rest), columns);
    for (size_t i = 1; i < columns; i++)
        span_word(&rest, &word);
    if (span_starts(word, "^C"))
        word = span_from(word, word.at + 2);
    if (span_starts(word, "EXIT_REASON_"))
        word = span_from(word, word.at + strlen("EXIT_REASON_"));
    span_copy(reason, sizeof reason, word);
    span_word(&rest, &word);
    if (!span_count(word, &count))
        return trace_error(trace, lines->number, "COUNT", diag, "expected a count");
    trace_name(name, "kvmexit.count.%s", reason);
    return trace_put(trace, name, "1", count, 1, lines->number, diag);
}

static int read_duration(struct trace *trace, struct span line, struct diag *diag)
{
    const char *after = span_find(line, "after sleeping ");
    struct span rest, word = {NULL, 0};
    char text[32];
    if (after == NULL)
        return STATUS_OK;
    rest = span_from(line, after + strlen("after sleeping "));
    span_word(&rest, &word);
    span_copy(text, sizeof text, word);
    return trace_set_tag(trace, "duration_s", text, diag);
}

int kvmexit_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct lines lines = lines_of(text, length);
    size_t columns = 0;
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        struct span line = span_trim(lines.line);
        if (span_find(line, "KVM_EXIT_REASON") != NULL && span_ends(line, "COUNT"))
            columns = span_words(line);
        else if (span_starts(line, "Display kvm exit reasons"))
            status = read_duration(trace, line, diag);
        else if (line.length > 0 && columns > 0)
            status = read_exit(trace, &lines, columns, diag);
    }
    if (status == STATUS_OK && trace->series_count == 0)
        status = trace_error(trace, lines.number, NULL, diag, "no exits below the header");
    return status;
}
