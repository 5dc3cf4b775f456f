/* The logs that write_lat_log, write_bw_log and write_iops_log ask fio for: CSV without a header,
 * time in ms, value, direction (0 read, 1 write, 2 trim), request size, and in newer versions
 * offset, priority and issue time. What the value is stands in the file's name alone. A request
 * size of 0 tells that the values are averages over log_avg_msec. */
#include "calibrate/readers.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/keyed.h"
#include "model/table.h"
#include "model/text.h"

enum { COLUMNS_MIN = 4, COLUMNS_MAX = 7 };

static const struct kind {
    const char *part, *name, *unit; /* part of the file's name */
    double scale;
    bool time;
} kinds[] = {
    {"_clat", "completion", "s", 1e-9, true}, {"_slat", "submission", "s", 1e-9, true},
    {"_lat", "latency", "s", 1e-9, true},     {"_bw", "bandwidth", "B/s", 1024, false},
    {"_iops", "iops", "1/s", 1, false},
};
static const struct kind untold = {"", "value", "", 1, false};

/* A log is taken by its first two lines: 4 to 7 whole numbers between commas, the third 0 to 2. */
static bool is_row(const char *text, size_t length)
{
    size_t columns = 1;
    bool digit = false; /* in this column */
    double third = 0;
    for (size_t i = 0; i < length; i++) {
        bool hex = columns > COLUMNS_MIN && (isxdigit((unsigned char)text[i]) || text[i] == 'x');
        if (text[i] == ',' && digit) {
            columns++;
            digit = false;
        } else if (isdigit((unsigned char)text[i]) || hex) {
            digit = true;
            if (columns == 3 && isdigit((unsigned char)text[i]))
                third = 10 * third + (text[i] - '0');
        } else if (!isspace((unsigned char)text[i])) {
            return false;
        }
    }
    return digit && columns >= COLUMNS_MIN && columns <= COLUMNS_MAX && third <= 2;
}

double fio_log_recognise(const char *text, size_t length)
{
    const char *end = text + length;
    unsigned rows = 0;
    for (const char *at = text; at < end && rows < 2;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        if (!is_row(at, (size_t)(stop - at)))
            return 0;
        rows++;
        at = stop + 1;
    }
    return rows == 2 ? 0.9 : 0.6 * rows;
}

static const struct kind *kind_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash != NULL ? slash + 1 : file;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *found = strstr(name, kinds[i].part);
        if (found != NULL && found[strlen(kinds[i].part)] == '.')
            return &kinds[i];
    }
    return &untold;
}

static int cell_number(const struct trace *trace, const struct table *table, size_t row,
                       size_t column, double most, double *value, struct diag *diag)
{
    static const char *const names[] = {"time_s", "value", "direction", "request size"};
    const char *text = table->cells[row * table->columns + column];
    if (text_parse_number(text, value) && *value >= 0 && *value <= most)
        return STATUS_OK;
    return trace_error(trace, table->lines[row], names[column], diag,
                       "is '%.40s'; expected a number from 0 to %g", text, most);
}

struct log {
    struct trace *trace;
    const struct kind *kind;
    struct table *table;
    struct diag *diag;
    double largest;
    bool averaged;
};

static int take_row(struct log *log, size_t row)
{
    static const char *const directions[] = {"read", "write", "trim"};
    struct trace *trace = log->trace;
    double cells[COLUMNS_MIN];
    static const double most[COLUMNS_MIN] = {1e15, TRACE_FIGURE_MAX, 2, 1e15};
    char name[TRACE_NAME];
    for (size_t column = 0; column < COLUMNS_MIN; column++) {
        int status =
            cell_number(trace, log->table, row, column, most[column], &cells[column], log->diag);
        if (status != STATUS_OK)
            return status;
    }
    if (cells[2] != floor(cells[2]))
        return trace_error(trace, log->table->lines[row], "direction", log->diag,
                           "is %g; expected 0, 1 or 2", cells[2]);
    double value = cells[1] * log->kind->scale;
    struct trace_axis axis = {"time_s", cells[0] / 1e3, 1, log->table->lines[row]};
    snprintf(name, sizeof name, "fiolog.%s.%s", directions[(int)cells[2]], log->kind->name);
    int status = trace_put_at(trace, &axis, log->kind->unit, value, log->diag, "%s", name);
    log->largest = fmax(log->largest, cells[1]);
    log->averaged = log->averaged || cells[3] == 0;
    if (status != STATUS_OK || !log->kind->time || cells[3] == 0)
        return status;
    struct trace_cell cell = {.low = value, .high = value, .weight = 1};
    return trace_add_cell(trace, name, log->kind->unit, TRACE_SAMPLES, cell, log->diag);
}

static int finish(struct log *log)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < log->trace->distribution_count; i++) {
        struct trace_distribution *samples = &log->trace->distributions[i];
        qsort(samples->cells, samples->count, sizeof *samples->cells, trace_cell_order);
    }
    if (log->kind == &untold)
        status = trace_flag(log->trace, log->diag,
                            "the name of the file does not end in _lat, _clat, _slat, _bw or "
                            "_iops and .N.log, so its values have no unit");
    if (status == STATUS_OK && log->kind->time && log->largest < 1000)
        status = trace_flag(log->trace, log->diag,
                            "no time reaches 1000 ns: fio 2 wrote us, and this may be its log");
    if (status == STATUS_OK)
        status = trace_tag_text(log->trace, "kind", log->kind->name, log->diag);
    if (status == STATUS_OK)
        status = trace_tag_text(log->trace, "averaged", log->averaged ? "yes" : "no", log->diag);
    return status;
}

int fio_log_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct table table;
    struct log log = {.trace = trace, .kind = kind_of(trace->file), .table = &table, .diag = diag};
    int status = table_parse(&table, trace->file, text, length, diag);
    if (status == STATUS_OK && (table.columns < COLUMNS_MIN || table.columns > COLUMNS_MAX))
        status = trace_error(trace, table.lines[0], NULL, diag, "%zu columns; expected %d to %d",
                             table.columns, COLUMNS_MIN, COLUMNS_MAX);
    for (size_t row = 0; row <= table.rows && status == STATUS_OK; row++)
        status = take_row(&log, row);
    if (status == STATUS_OK)
        status = finish(&log);
    table_free(&table);
    return status;
}
