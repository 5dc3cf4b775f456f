/* `perf lock report` and `perf lock contention`, as tables (times with units, or in ns where the
 * header says so) and as contention -x (a "# output:" header, then values in ns). Columns are taken
 * by their titles, so that -F and -k need no care. NAME is the lock, the caller, the symbol or the
 * thread, with its type or id before it where there is one ("spinlock.tick_do_update_jiffies64");
 * offsets behind callers stay. x counts the rows of that name.
 *
 *   perflock.wait.NAME                     s   mean, weighed by the contentions
 *   perflock.wait_{total,max,min}.NAME     s
 *   perflock.{contended,acquired}.NAME     1
 */
#include "calibrate/read_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibrate/reading.h"

enum column { ACQUIRED, CONTENDED, AVG, TOTAL, MAX, MIN, VALUES, NAME = VALUES, TEXT };

static const struct title {
    const char *text;
    enum column column;
    const char *series;
} titles[] = {
    {"acquired", ACQUIRED, "acquired"},
    {"contended", CONTENDED, "contended"},
    {"avg wait (ns)", AVG, "wait"},
    {"total wait (ns)", TOTAL, "wait_total"},
    {"max wait (ns)", MAX, "wait_max"},
    {"min wait (ns)", MIN, "wait_min"},
    {"avg wait", AVG, "wait"},
    {"total wait", TOTAL, "wait_total"},
    {"max wait", MAX, "wait_max"},
    {"min wait", MIN, "wait_min"},
    {"Name", NAME, NULL},
    {"type", TEXT, NULL},
    {"caller", TEXT, NULL},
    {"address", TEXT, NULL},
    {"symbol", TEXT, NULL},
    {"pid", TEXT, NULL},
    {"comm", TEXT, NULL},
    {"cgroup", TEXT, NULL},
    {"owner", TEXT, NULL},
};
enum { TITLES = sizeof titles / sizeof titles[0], MOST_COLUMNS = 16 };

struct reader {
    struct trace *trace;
    struct diag *diag;
    unsigned line;
    const struct title *columns[MOST_COLUMNS];
    size_t count;
    char separator; /* of -x; 0: a table */
    bool bare;      /* times are bare numbers of ns */
    size_t rows;
};

double perflock_recognise(const char *text, size_t length)
{
    static const char *const contention[] = {"contended", "total wait", NULL};
    static const char *const report[] = {"contended", "avg wait", NULL};
    return text_has_line(text, length, 50, contention) || text_has_line(text, length, 50, report)
               ? 1
               : 0;
}

static const struct title *find_title(struct span *line)
{
    for (size_t i = 0; i < TITLES; i++) {
        if (!span_starts(*line, titles[i].text))
            continue;
        *line = span_from(*line, line->at + strlen(titles[i].text));
        return &titles[i];
    }
    return NULL;
}

static int read_header(struct reader *reader, struct span line)
{
    const char *output = span_find(line, "# output:");
    reader->count = 0;
    reader->separator = 0;
    reader->bare = output != NULL || span_find(line, "(ns)") != NULL;
    if (output != NULL) {
        line = span_from(line, output + strlen("# output:"));
        struct span first = span_trim(line);
        const struct title *title = find_title(&first);
        reader->separator = title != NULL && first.length > 0 ? first.at[0] : ',';
    }
    for (line = span_trim(line); line.length > 0; line = span_trim(line)) {
        const struct title *title = NULL;
        if (line.at[0] == reader->separator) {
            line = span_from(line, line.at + 1);
            continue;
        }
        if (reader->count < MOST_COLUMNS)
            title = find_title(&line);
        if (title == NULL) {
            char name[24];
            span_copy(name, sizeof name, line);
            return trace_error(reader->trace, reader->line, name, reader->diag,
                               "is no column of perf lock");
        }
        reader->columns[reader->count++] = title;
    }
    return STATUS_OK;
}

static bool is_time(enum column column)
{
    return column >= AVG && column <= MIN;
}

/* Times are "12.34 us" in tables. */
static bool scale(struct span unit, double *time)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (span_is(unit, units[i].unit)) {
            *time *= units[i].factor;
            return true;
        }
    }
    return false;
}

/* Cuts the next column's text off: a field of -x, or one or two words. */
static bool cut(struct reader *reader, size_t i, struct span *rest, struct span *text)
{
    enum column column = reader->columns[i]->column;
    if (reader->separator != 0) {
        /* A symbol may hold the separator; the last column takes the rest. */
        if (i + 1 == reader->count && rest->at != NULL) {
            *text = span_trim(*rest);
            *rest = (struct span){NULL, 0};
            return true;
        }
        bool found = span_field(rest, reader->separator, text);
        *text = span_trim(*text);
        return found;
    }
    if (i + 1 == reader->count && column >= VALUES) {
        *text = span_trim(*rest);
        *rest = (struct span){NULL, 0};
        return text->length > 0;
    }
    return span_word(rest, text);
}

static int read_value(struct reader *reader, size_t i, struct span *rest, double *value)
{
    struct span text = {NULL, 0}, unit = {NULL, 0};
    const struct title *title = reader->columns[i];
    bool good = cut(reader, i, rest, &text);
    if (!good)
        return trace_error(reader->trace, reader->line, title->text, reader->diag,
                           "the row ends before this column");
    good = span_count(text, value);
    if (good && is_time(title->column)) {
        if (reader->bare)
            *value *= 1e-9;
        else
            good = span_word(rest, &unit) && scale(unit, value);
    }
    if (!good) {
        char word[TRACE_NAME];
        span_copy(word, sizeof word, unit.length > 0 ? unit : text);
        return trace_error(reader->trace, reader->line, title->text, reader->diag,
                           "'%s': expected %s", word,
                           !is_time(title->column) ? "a count"
                           : reader->bare          ? "a time in ns"
                                                   : "a time with its unit, such as 7.50 us");
    }
    return STATUS_OK;
}

static int put_row(struct reader *reader, const double *value, const char *lock)
{
    char name[TRACE_NAME];
    for (size_t i = 0; i < reader->count; i++) {
        const struct title *title = reader->columns[i];
        if (title->column >= VALUES)
            continue;
        bool mean = title->column == AVG;
        /* An uncontended lock has no wait. */
        if (is_time(title->column) && value[CONTENDED] == 0)
            continue;
        trace_name(name, "perflock.%s.%s", title->series, lock);
        int status = trace_put(
            reader->trace, name, is_time(title->column) ? "s" : "1", value[title->column],
            mean && !isnan(value[CONTENDED]) ? value[CONTENDED] : 1, reader->line, reader->diag);
        if (status != STATUS_OK)
            return status;
    }
    reader->rows++;
    if (isnan(value[AVG]) || isnan(value[MAX]) || value[CONTENDED] == 0)
        return STATUS_OK;
    return trace_check_mean(reader->trace, reader->line, lock, value[AVG],
                            isnan(value[MIN]) ? 0 : value[MIN], value[MAX],
                            1e-9 + 0.006 * value[AVG], reader->diag);
}

/* The name comes first in a report and may hold blanks there: what is left of the values. */
static struct span cut_name(struct reader *reader, struct span *line)
{
    size_t values = 0, words = span_words(*line);
    struct span name = {line->at, 0}, word;
    if (reader->separator != 0 || reader->count == 0 || reader->columns[0]->column != NAME)
        return (struct span){NULL, 0};
    for (size_t i = 1; i < reader->count; i++)
        values += is_time(reader->columns[i]->column) && !reader->bare ? 2 : 1;
    while (words > values && span_word(line, &word)) {
        name.length = (size_t)(word.at + word.length - name.at);
        words--;
    }
    return span_trim(name);
}

static int read_row(struct reader *reader, struct span line)
{
    double value[VALUES];
    char lock[512] = "", part[256];
    struct span rest = line, name = cut_name(reader, &rest);
    if (name.length > 0)
        span_copy(lock, sizeof part, name);
    for (size_t i = 0; i < VALUES; i++)
        value[i] = NAN;
    for (size_t i = name.at != NULL ? 1 : 0; i < reader->count; i++) {
        enum column column = reader->columns[i]->column;
        struct span text = {NULL, 0};
        if (column < VALUES) {
            int status = read_value(reader, i, &rest, &value[column]);
            if (status != STATUS_OK)
                return status;
            continue;
        }
        if (!cut(reader, i, &rest, &text))
            return trace_error(reader->trace, reader->line, reader->columns[i]->text, reader->diag,
                               "the row ends before this column");
        span_copy(part, sizeof part, text);
        size_t used = strlen(lock);
        snprintf(lock + used, sizeof lock - used, "%s%s", used > 0 ? "." : "", part);
    }
    if (lock[0] == '\0')
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "the row names no lock: columns are missing");
    if (span_trim(rest).length > 0)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "more columns than in the header");
    return put_row(reader, value, lock);
}

/* Stack frames of -v, the report's statistics of bad events, "# debug:" and perf's messages. */
static bool is_aside(const struct reader *reader, struct span line)
{
    return line.length == 0 || span_starts(line, "0x") || line.at[0] == '#' ||
           span_starts(line, "===") || reader->count == 0;
}

int perflock_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader reader = {.trace = trace, .diag = diag};
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        struct span line = span_trim(lines.line);
        reader.line = lines.number;
        if (span_find(line, "contended") != NULL && span_find(line, " wait") != NULL)
            status = read_header(&reader, line);
        else if (span_starts(line, "=== output for debug"))
            break;
        else if (!is_aside(&reader, line))
            status = read_row(&reader, line);
    }
    if (status == STATUS_OK && reader.rows == 0)
        status = trace_error(trace, lines.number, NULL, diag, "no locks below the header");
    return status;
}
