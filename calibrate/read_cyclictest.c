/* Histograms of `cyclictest -h US` (also -H): a line a microsecond with a column a thread, and a
 * trailer of totals.
 *
 *   cyclictest.latency, or with several threads cyclictest.latency.THREAD   bins, s
 *   cyclictest.{min,avg,max}                                                s against thread
 *
 * The tool rounds down: the line 12 counts latencies in [12, 13) us. Those beyond the histogram
 * become one bin that ends above the thread's maximum. -H's column of sums is dropped. */
#include "calibrate/read_text.h"

#include <stdlib.h>
#include <string.h>

#include "calibrate/reading.h"

enum { THREADS = 1024 };

struct reader {
    struct trace *trace;
    struct diag *diag;
    unsigned line;
    size_t columns; /* of the histogram; 0: none read yet */
    size_t threads;
    double next_us; /* the first time beyond the histogram */
    bool totals;
    double total[THREADS], most[THREADS], over[THREADS];
};

double cyclictest_recognise(const char *text, size_t length)
{
    static const char *const title[] = {"# Histogram", NULL};
    return text_has_line(text, length, 20, title) ? 1 : 0;
}

static void name_of(const struct reader *reader, size_t thread, char name[TRACE_NAME])
{
    if (reader->columns > 1)
        trace_name(name, "cyclictest.latency.%zu", thread);
    else
        trace_name(name, "cyclictest.latency");
}

static int not_a_count(struct reader *reader, const char *field, struct span word)
{
    char text[32];
    span_copy(text, sizeof text, word);
    return trace_error(reader->trace, reader->line, field, reader->diag, "'%s' is not a count",
                       text);
}

static int read_bin(struct reader *reader, struct span line)
{
    struct span word = {NULL, 0};
    double low, count;
    size_t columns = span_words(line) - 1;
    span_word(&line, &word);
    if (!span_count(word, &low))
        return not_a_count(reader, "latency", word);
    if (columns == 0 || columns > THREADS || (reader->columns > 0 && columns != reader->columns))
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "%zu counts, expected %zu as above: columns are missing or run together",
                           columns, reader->columns > 0 ? reader->columns : 1);
    if (reader->columns > 0 && low < reader->next_us)
        return trace_error(reader->trace, reader->line, "latency", reader->diag, "does not rise");
    reader->columns = columns;
    reader->next_us = low + 1;
    for (size_t i = 0; i < columns; i++) {
        char name[TRACE_NAME];
        span_word(&line, &word);
        if (!span_count(word, &count))
            return not_a_count(reader, "count", word);
        name_of(reader, i, name);
        int status =
            trace_put_bin(reader->trace, name, low * 1e-6, (low + 1) * 1e-6, count, reader->diag);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* A line of the trailer: as many numbers as threads, or with -H one more. */
static int read_numbers(struct reader *reader, struct span line, const char *title, double *into,
                        size_t *count)
{
    struct span word;
    *count = 0;
    for (line = span_from(line, line.at + strlen(title)); span_word(&line, &word); ++*count) {
        if (*count == reader->columns)
            return trace_error(reader->trace, reader->line, title, reader->diag,
                               "more values than the histogram has columns (%zu)", reader->columns);
        if (!span_count(word, &into[*count]))
            return not_a_count(reader, title, word);
    }
    if (*count + 1 < reader->columns || *count == 0)
        return trace_error(reader->trace, reader->line, title, reader->diag,
                           "%zu values, the histogram has %zu columns", *count, reader->columns);
    return STATUS_OK;
}

static int read_extreme(struct reader *reader, struct span line, const char *title,
                        const char *name, double *into)
{
    int status = read_numbers(reader, line, title, into, &reader->threads);
    for (size_t i = 0; status == STATUS_OK && i < reader->threads; i++) {
        struct trace_point point = {
            .x = (double)i, .value = into[i] * 1e-6, .weight = 1, .line = reader->line};
        status = trace_add_point(reader->trace, name, "s", "thread", point, reader->diag);
    }
    return status;
}

static int read_trailer(struct reader *reader, struct span line)
{
    double ignored[THREADS];
    size_t count;
    if (reader->columns == 0)
        return STATUS_OK;
    if (span_starts(line, "# Total:")) {
        reader->totals = true;
        return read_numbers(reader, line, "# Total:", reader->total, &count);
    }
    if (span_starts(line, "# Min Latencies:"))
        return read_extreme(reader, line, "# Min Latencies:", "cyclictest.min", ignored);
    if (span_starts(line, "# Avg Latencies:"))
        return read_extreme(reader, line, "# Avg Latencies:", "cyclictest.avg", ignored);
    if (span_starts(line, "# Max Latencies:"))
        return read_extreme(reader, line, "# Max Latencies:", "cyclictest.max", reader->most);
    if (span_starts(line, "# Histogram Overflows:"))
        return read_numbers(reader, line, "# Histogram Overflows:", reader->over, &count);
    return STATUS_OK;
}

static int finish(struct reader *reader)
{
    int status = STATUS_OK;
    if (!reader->totals || reader->threads == 0)
        return trace_error(reader->trace, reader->line, NULL, reader->diag,
                           "the file ends before \"# Total:\" and \"# Max Latencies:\"");
    for (size_t i = 0; status == STATUS_OK && i < reader->threads; i++) {
        char name[TRACE_NAME];
        name_of(reader, i, name);
        const struct trace_distribution *one = trace_find_distribution(reader->trace, name);
        if (one->total != reader->total[i])
            status =
                trace_flag(reader->trace, reader->diag, "%s: the bins hold %.0f of %.0f samples",
                           name, one->total, reader->total[i]);
        if (status == STATUS_OK && reader->over[i] > 0 && reader->most[i] >= reader->next_us)
            status = trace_put_bin(reader->trace, name, reader->next_us * 1e-6,
                                   (reader->most[i] + 1) * 1e-6, reader->over[i], reader->diag);
        else if (status == STATUS_OK && reader->over[i] > 0)
            status = trace_flag(reader->trace, reader->diag,
                                "%s: %.0f overflows, but the maximum lies inside the histogram",
                                name, reader->over[i]);
    }
    if (status == STATUS_OK && reader->threads < reader->columns && reader->columns > 1) {
        /* The sums of -H came last. */
        struct trace_distribution *last =
            &reader->trace->distributions[--reader->trace->distribution_count];
        free(last->cells);
    }
    trace_settle(reader->trace);
    return status;
}

int cyclictest_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader *reader = calloc(1, sizeof *reader);
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    if (reader == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    reader->trace = trace;
    reader->diag = diag;
    while (status == STATUS_OK && lines_next(&lines)) {
        struct span line = span_trim(lines.line);
        reader->line = lines.number;
        if (line.length > 0 && line.at[0] == '#')
            status = read_trailer(reader, line);
        else if (line.length > 0 && !span_starts(line, "T:") && !span_starts(line, "policy:"))
            status = read_bin(reader, line);
    }
    if (status == STATUS_OK)
        status = finish(reader);
    free(reader);
    return status;
}
