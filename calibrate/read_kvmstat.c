/* The CSV of `kvm_stat -c` (with -l or -L): "Timestamp,EVENT,..." and a row of counts each
 * interval. The header may come again.
 *
 *   kvmstat.EVENT    1/s against time_s, seconds since the first row
 *   tag interval_s
 *
 * The tool's clock has whole seconds, so all rows share the mean interval; a single row is taken
 * for 3 s, the tool's default, and flagged. */
#include "calibrate/read_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "calibrate/reading.h"

enum { DEFAULT_INTERVAL_S = 3 };

struct reader {
    struct trace *trace;
    struct diag *diag;
    unsigned line;
    struct span header;
    double first_s, last_s;
    size_t rows;
};

static bool is_header(struct span line)
{
    struct span field, rest = span_trim(line);
    if (!span_field(&rest, ',', &field))
        return false;
    field = span_trim(field);
    return field.length == strlen("timestamp") &&
           strncasecmp(field.at, "timestamp", field.length) == 0;
}

double kvmstat_recognise(const char *text, size_t length)
{
    struct lines lines = lines_of(text, length);
    while (lines.number < 5 && lines_next(&lines)) {
        if (is_header(lines.line))
            return 1;
    }
    return 0;
}

/* "2026-11-21 00:34:58", taken as UTC: only differences count. */
static bool read_time(struct span text, double *seconds)
{
    char copy[32];
    struct tm when = {.tm_year = 0};
    span_copy(copy, sizeof copy, span_trim(text));
    const char *end = strptime(copy, "%Y-%m-%d %H:%M:%S", &when);
    *seconds = (double)timegm(&when);
    return end != NULL && *end == '\0';
}

static int put(struct reader *reader, struct span event, struct span cell)
{
    char name[TRACE_NAME], title[TRACE_NAME];
    double count;
    span_copy(title, sizeof title, span_trim(event));
    if (!span_number(span_trim(cell), &count)) {
        char text[TRACE_NAME];
        span_copy(text, sizeof text, cell);
        return trace_error(reader->trace, reader->line, title, reader->diag, "'%s' is not a count",
                           text);
    }
    trace_name(name, "kvmstat.%s", title);
    struct trace_point point = {
        .x = reader->last_s - reader->first_s, .value = count, .weight = 1, .line = reader->line};
    return trace_add_point(reader->trace, name, "1/s", "time_s", point, reader->diag);
}

static int read_row(struct reader *reader, struct span rest)
{
    struct span titles = reader->header, title, cell;
    int status = STATUS_OK;
    double now;
    span_field(&titles, ',', &title);
    span_field(&rest, ',', &cell);
    if (!read_time(cell, &now))
        return trace_error(reader->trace, reader->line, "Timestamp", reader->diag,
                           "expected YYYY-MM-DD HH:MM:SS");
    if (reader->rows > 0 && now < reader->last_s)
        return trace_error(reader->trace, reader->line, "Timestamp", reader->diag,
                           "lies before that of the row above");
    if (reader->rows++ == 0)
        reader->first_s = now;
    reader->last_s = now;
    while (status == STATUS_OK && span_field(&titles, ',', &title)) {
        if (!span_field(&rest, ',', &cell))
            return trace_error(reader->trace, reader->line, NULL, reader->diag,
                               "fewer columns than in the header");
        status = put(reader, title, cell);
    }
    if (status == STATUS_OK && rest.at != NULL)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "more columns than in the header");
    return status;
}

/* Counts become rates once the interval is known. */
static int to_rates(struct reader *reader)
{
    char text[32];
    int status = STATUS_OK;
    double span_s = reader->last_s - reader->first_s;
    double interval_s = span_s / (double)(reader->rows - 1);
    if (!(span_s > 0)) {
        interval_s = DEFAULT_INTERVAL_S;
        status = trace_flag(reader->trace, reader->diag,
                            "the timestamps tell no interval; it is taken to be %d s",
                            DEFAULT_INTERVAL_S);
    }
    for (size_t i = 0; i < reader->trace->series_count; i++) {
        struct trace_series *series = &reader->trace->series[i];
        for (size_t j = 0; j < series->count; j++)
            series->points[j].value /= interval_s;
    }
    snprintf(text, sizeof text, "%g", interval_s);
    return status == STATUS_OK ? trace_set_tag(reader->trace, "interval_s", text, reader->diag)
                               : status;
}

int kvmstat_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader reader = {.trace = trace, .diag = diag};
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        struct span line = span_trim(lines.line);
        reader.line = lines.number;
        if (is_header(line))
            reader.header = line;
        else if (line.length > 0 && reader.header.at != NULL)
            status = read_row(&reader, line);
    }
    if (status == STATUS_OK && reader.rows == 0)
        return trace_error(trace, lines.number, NULL, diag, "no rows below the header");
    return status == STATUS_OK ? to_rates(&reader) : status;
}
