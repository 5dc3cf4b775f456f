/* /proc/lock_stat, versions 0.3 (no avg columns) and 0.4. NAME is the class as printed, with its
 * "-W" or "-R" (ways of taking it) and "/1" (subclass); x counts the file's snapshots.
 *
 *   lockstat.wait.NAME, .hold.NAME                  s   mean: total / count, weighed by the count
 *   lockstat.{wait,hold}_{min,max,total}.NAME       s
 *   lockstat.{contentions,acquisitions}.NAME        1
 *   lockstat.{con,acq}_bounces.NAME                 1
 *   lockstat.waiter.NAME.SYMBOL                     1   contentions met at this call site
 *   lockstat.holder.NAME.SYMBOL                     1   contentions caused by this one; NAME has no
 *                                                       -W or -R here
 *
 * The avg columns are left out: they repeat the quotient. The kernel's totals may be too low for
 * their own minima; such a mean is flagged, and the count and hold times are the ones to use. */
#include "calibrate/read_text.h"

#include <math.h>
#include <string.h>

#include "calibrate/reading.h"

enum { COLUMNS = 12, SECOND_US = 1000000 };

static const struct column {
    const char *title, *what;
    bool is_time;
} columns[COLUMNS] = {
    {"con-bounces", "con_bounces", false},  {"contentions", "contentions", false},
    {"waittime-min", "wait_min", true},     {"waittime-max", "wait_max", true},
    {"waittime-total", "wait_total", true}, {"waittime-avg", NULL, true},
    {"acq-bounces", "acq_bounces", false},  {"acquisitions", "acquisitions", false},
    {"holdtime-min", "hold_min", true},     {"holdtime-max", "hold_max", true},
    {"holdtime-total", "hold_total", true}, {"holdtime-avg", NULL, true},
};
enum { CONTENTIONS = 1, WAIT = 2, ACQUISITIONS = 7, HOLD = 8, MIN = 0, MAX = 1, TOTAL = 2 };

struct reader {
    struct trace *trace;
    struct diag *diag;
    unsigned line;
    size_t order[COLUMNS]; /* of the columns in this file */
    size_t count;
    char name[TRACE_NAME]; /* of the class in this row */
    unsigned rules;        /* drawn since its row: 1 before the waiters, 2 before the holders */
    size_t rows;
};

double lockstat_recognise(const char *text, size_t length)
{
    static const char *const header[] = {"class name", "con-bounces", "holdtime-", NULL};
    struct span all = {text, length};
    return span_starts(all, "lock_stat version") || text_has_line(text, length, 8, header) ? 1 : 0;
}

static int read_header(struct reader *reader, struct span titles)
{
    reader->count = 0;
    for (struct span title; span_word(&titles, &title);) {
        size_t i = 0;
        while (i < COLUMNS && !span_is(title, columns[i].title))
            i++;
        if (i == COLUMNS || reader->count == COLUMNS) {
            char name[TRACE_NAME];
            span_copy(name, sizeof name, title);
            return trace_error(reader->trace, reader->line, name, reader->diag,
                               "is no column of lock_stat");
        }
        reader->order[reader->count++] = i;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t at = 0;
        while (at < reader->count && reader->order[at] != i)
            at++;
        if (at == reader->count && columns[i].what != NULL)
            return trace_error(reader->trace, reader->line, columns[i].title, reader->diag,
                               "column is missing");
    }
    return STATUS_OK;
}

/* The mean of three columns min, max, total over a count, and whether it can be one. */
static int put_mean(struct reader *reader, const char *what, const double *value, size_t first,
                    double count)
{
    char name[TRACE_NAME];
    if (count == 0)
        return STATUS_OK;
    double mean = value[first + TOTAL] / count;
    trace_name(name, "lockstat.%s.%s", what, reader->name);
    int status = trace_put(reader->trace, name, "s", mean, count, reader->line, reader->diag);
    if (status != STATUS_OK)
        return status;
    trace_name(name, "%s of %s", what, reader->name);
    return trace_check_mean(reader->trace, reader->line, name, mean, value[first + MIN],
                            value[first + MAX], 0.005 / SECOND_US, reader->diag);
}

static int not_a_number(struct reader *reader, const char *title, struct span word)
{
    char text[TRACE_NAME];
    span_copy(text, sizeof text, word);
    return trace_error(reader->trace, reader->line, title, reader->diag, "'%s' is not a number",
                       text);
}

static int read_row(struct reader *reader, struct span name, struct span values)
{
    double value[COLUMNS] = {0};
    size_t words = span_words(values);
    if (words != reader->count)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "%zu values, expected %zu as in the header: columns are missing or "
                           "run together",
                           words, reader->count);
    span_copy(reader->name, sizeof reader->name, name);
    reader->rules = 0;
    reader->rows++;
    for (size_t i = 0; i < reader->count; i++) {
        const struct column *column = &columns[reader->order[i]];
        struct span word = {NULL, 0};
        double *to = &value[reader->order[i]];
        span_word(&values, &word);
        if (!span_count(word, to))
            return not_a_number(reader, column->title, word);
        if (column->is_time)
            *to /= SECOND_US;
        if (column->what == NULL)
            continue;
        char series[TRACE_NAME];
        trace_name(series, "lockstat.%s.%s", column->what, reader->name);
        int status = trace_put(reader->trace, series, column->is_time ? "s" : "1", *to, 1,
                               reader->line, reader->diag);
        if (status != STATUS_OK)
            return status;
    }
    int status = put_mean(reader, "wait", value, WAIT, value[CONTENTIONS]);
    if (status != STATUS_OK)
        return status;
    return put_mean(reader, "hold", value, HOLD, value[ACQUISITIONS]);
}

/* "CLASS COUNT [<ADDRESS>] SYMBOL": the class may hold blanks, the rest does not. */
static int read_site(struct reader *reader, struct span line, const char *address)
{
    struct span head = span_trim((struct span){line.at, (size_t)(address - line.at)});
    struct span tail = span_from(line, address), word, count = {NULL, 0};
    struct span class = head;
    char name[TRACE_NAME], symbol[TRACE_NAME], series[TRACE_NAME];
    double contentions;
    while (span_word(&head, &word))
        count = word;
    span_word(&tail, &word);
    tail = span_trim(tail);
    if (!span_count(count, &contentions) || tail.length == 0)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "expected a call site: class, count, [<address>] and symbol");
    class.length = (size_t)(count.at - class.at);
    span_copy(name, sizeof name, span_trim(class));
    span_copy(symbol, sizeof symbol, tail);
    trace_name(series, "lockstat.%s.%s.%s", reader->rules > 1 ? "holder" : "waiter", name, symbol);
    return trace_put(reader->trace, series, "1", contentions, 1, reader->line, reader->diag);
}

static int read_line(struct reader *reader, struct span line)
{
    const char *place;
    struct span trimmed = span_trim(line);
    if (trimmed.length == 0 || span_starts(trimmed, "lock_stat version") ||
        span_starts(trimmed, "...."))
        return STATUS_OK;
    if (span_starts(trimmed, "----")) {
        reader->rules++;
        return STATUS_OK;
    }
    if (span_starts(trimmed, "*WARNING*"))
        return trace_flag(reader->trace, reader->diag, "line %u: the kernel had stopped counting",
                          reader->line);
    if (span_starts(trimmed, "class name"))
        return read_header(reader, span_from(trimmed, trimmed.at + strlen("class name")));
    if (reader->count == 0)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "expected the header \"class name con-bounces ...\" first");
    if ((place = span_find(trimmed, "[<")) != NULL && reader->rows > 0)
        return read_site(reader, trimmed, place);
    place = memrchr(trimmed.at, ':', trimmed.length);
    if (place == NULL || place == trimmed.at)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "expected \"CLASS: values\" or a call site");
    return read_row(reader, (struct span){trimmed.at, (size_t)(place - trimmed.at)},
                    span_from(trimmed, place + 1));
}

int lockstat_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader reader = {.trace = trace, .diag = diag};
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        reader.line = lines.number;
        status = read_line(&reader, lines.line);
    }
    if (status == STATUS_OK && reader.rows == 0)
        status = trace_error(trace, lines.number, NULL, diag, "no lock class in the file");
    return status;
}
