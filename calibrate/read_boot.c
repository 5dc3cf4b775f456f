/* Columns of boot times as the NSDI 2020 data of Firecracker has them: a guest a line, the time
 * until its init ran as seen from outside in us and, where the monitor tells it, the guest's own in
 * ms. Or both as cumulative distributions, a time and a share of 1 a line, parted by blank lines.
 *
 *   boot.wall, boot.guest   samples, s; or quantiles */
#include "calibrate/read_text.h"

#include <stdlib.h>

#include "calibrate/reading.h"

/* Columns of plain numbers: how many, and whether the second is a share. 0: none. */
static size_t shape_of(const char *text, size_t length, bool *shares)
{
    struct lines lines = lines_of(text, length);
    size_t columns = 0, rows = 0;
    *shares = true;
    while (lines.number < 50 && lines_next(&lines)) {
        size_t words = span_words(lines.line);
        struct span word = {NULL, 0};
        double number = 0;
        if (words == 0)
            continue;
        if (words > 2 || (columns > 0 && words != columns))
            return 0;
        columns = words;
        rows++;
        for (size_t i = 0; i < words; i++) {
            span_word(&lines.line, &word);
            if (!span_count(word, &number) || (i == 0 && span_find(word, ".") != NULL))
                return 0;
        }
        *shares = *shares && words == 2 && number <= 1 && span_find(word, ".") != NULL;
    }
    return rows >= 3 ? columns : 0;
}

double boot_recognise(const char *text, size_t length)
{
    bool shares;
    return shape_of(text, length, &shares) > 0 && !shares ? 0.5 : 0;
}

double boot_cdf_recognise(const char *text, size_t length)
{
    bool shares;
    return shape_of(text, length, &shares) == 2 && shares ? 0.6 : 0;
}

static int bad_row(const struct trace *trace, unsigned line, const char *field, struct diag *diag)
{
    return trace_error(trace, line, field, diag, "is missing or not a number");
}

int boot_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct lines lines = lines_of(text, length);
    size_t columns = 0;
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        struct span rest = lines.line, word = {NULL, 0};
        size_t words = span_words(rest);
        double wall, guest;
        if (words == 0)
            continue;
        if (columns == 0)
            columns = words;
        if (words != columns)
            return trace_error(trace, lines.number, NULL, diag,
                               "%zu columns, expected %zu as above", words, columns);
        if (!span_word(&rest, &word) || !span_count(word, &wall))
            return bad_row(trace, lines.number, "wall time", diag);
        status = trace_add_cell(trace, "boot.wall", "s", TRACE_SAMPLES,
                                (struct trace_cell){wall * 1e-6, wall * 1e-6, 1}, diag);
        if (status != STATUS_OK || columns < 2)
            continue;
        if (!span_word(&rest, &word) || !span_count(word, &guest))
            return bad_row(trace, lines.number, "guest time", diag);
        status = trace_add_cell(trace, "boot.guest", "s", TRACE_SAMPLES,
                                (struct trace_cell){guest * 1e-3, guest * 1e-3, 1}, diag);
    }
    trace_settle(trace);
    return status;
}

int boot_cdf_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    static const struct {
        const char *name;
        double unit;
    } blocks[] = {{"boot.wall", 1e-6}, {"boot.guest", 1e-3}};
    struct lines lines = lines_of(text, length);
    double last_time = 0, last_share = 0;
    size_t block = 0;
    bool gap = false;
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        struct span rest = lines.line, word = {NULL, 0};
        double time, share;
        size_t words = span_words(rest);
        gap = gap || words == 0;
        if (words == 0)
            continue;
        if (gap && trace->distribution_count > 0) {
            if (++block == 2)
                return trace_error(trace, lines.number, NULL, diag, "a third distribution");
            last_time = last_share = 0;
        }
        gap = false;
        if (words != 2)
            return trace_error(trace, lines.number, NULL, diag, "%zu columns, expected 2", words);
        if (!span_word(&rest, &word) || !span_count(word, &time) || time < last_time)
            return trace_error(trace, lines.number, "time", diag,
                               "is not a number, or below the one above");
        if (!span_word(&rest, &word) || !span_count(word, &share) || share < last_share ||
            share > 1)
            return trace_error(trace, lines.number, "share", diag,
                               "is not a share of 1, or below the one above");
        last_time = time;
        last_share = share;
        time *= blocks[block].unit;
        status = trace_add_cell(trace, blocks[block].name, "s", TRACE_QUANTILES,
                                (struct trace_cell){time, time, share}, diag);
    }
    return status;
}
