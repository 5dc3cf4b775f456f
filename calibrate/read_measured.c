/* A CSV table of measurements: a header row, then a measurement a row; lines that start with '#'
 * are comments. Inputs stand left of results. What a column is, its name and cells tell:
 *
 *   repeat     rep, repeat, load1, load1_before, secs: ignored
 *   status     its cells cap, timeout, active and killed make the row's values lower bounds
 *   swept      the names in swept_names (n, devices, iodepth, threads, ...): what x may be
 *   setting    the names in setting_names (smp, bs, cs_us, ...)
 *   curve      run, idx: which of several curves over time; else repeats
 *   result     any other column with more numbers than text: a series; a text in it is an error
 *   label      any other text left of the first result; texts right of it are notes and ignored
 *   metric, value, unit    a long table: the result is called as the row's metric says
 *   param      cells such as "entries=16;irqfds=0;mmio": swept columns of those names and a label
 *   note       words such as "vcpus=1" in its cells: settings
 *
 * Rows with the same labels are a group. Its x is the swept column that takes most values in it
 * (none: the number of the row). Any other swept column or setting becomes part of the name when it
 * differs between rows of the group with the same x; where x is a time, when it differs at all.
 *
 *   measured.RESULT[.LABEL...][.SETTING=VALUE...]    against the swept column, ascending
 *   tags: labels that are the same in all rows
 *
 * A suffix of time or size (_us, _mib, ...) leaves the result's name and its values are seconds or
 * bytes; x stays as it is. Empty cells are no points. Locks (contentions, wait_min_us, wait_max_us,
 * wait_total_us) are checked as /proc/lock_stat is. */
#include "calibrate/read_text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/reading.h"
#include "calibrate/columns.h"
#include "model/text.h"

struct reader {
    struct trace *trace;
    struct diag *diag;
    struct columns columns;
    size_t *order;   /* rows by group, then x */
    size_t from, to; /* the group's part of the order */
    const struct column *x;
    bool *named; /* columns that are part of the group's names */
};

static bool is_name(struct span cell)
{
    for (size_t i = 0; i < cell.length; i++) {
        if (!isalnum((unsigned char)cell.at[i]) && strchr("_+-./%()# ", cell.at[i]) == NULL)
            return false;
    }
    return cell.length > 0 && (isalpha((unsigned char)cell.at[0]) || cell.at[0] == '_');
}

/* A header of two names or more, and as many commas at least in the line below. */
double measured_recognise(const char *text, size_t length)
{
    struct lines lines = lines_of(text, length);
    struct span cell;
    size_t columns = 0, cells = 0;
    while (lines_next(&lines) &&
           (span_starts(lines.line, "#") || span_trim(lines.line).length == 0))
        continue;
    while (span_field(&lines.line, ',', &cell)) {
        if (!is_name(span_trim(cell)))
            return 0;
        columns++;
    }
    while (lines_next(&lines) &&
           (span_starts(lines.line, "#") || span_trim(lines.line).length == 0))
        continue;
    while (span_field(&lines.line, ',', &cell))
        cells++;
    return columns > 1 && cells > 1 ? 0.3 : 0;
}

static const char *cell_of(const struct column *column, size_t row)
{
    return column->cells[row];
}

static bool same_labels(const struct reader *reader, size_t a, size_t b)
{
    for (size_t i = 0; i < reader->columns.count; i++) {
        const struct column *column = &reader->columns.list[i];
        if (column->kind == COLUMN_LABEL && strcmp(cell_of(column, a), cell_of(column, b)) != 0)
            return false;
    }
    return true;
}

static int by_label(const void *a, const void *b, void *context)
{
    const struct reader *reader = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    for (size_t i = 0; i < reader->columns.count; i++) {
        const struct column *column = &reader->columns.list[i];
        int order =
            column->kind == COLUMN_LABEL ? strcmp(cell_of(column, x), cell_of(column, y)) : 0;
        if (order != 0)
            return order;
    }
    return (x > y) - (x < y);
}

static double x_of(const struct column *column, size_t row)
{
    double x = NAN;
    if (column == NULL)
        return (double)row;
    return text_parse_number(cell_of(column, row), &x) ? x : NAN;
}

/* Rows without x come last. */
static int by_x(const void *a, const void *b, void *context)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    double left = x_of(context, x), right = x_of(context, y);
    if (isnan(left) || isnan(right)) {
        if (isnan(left) != isnan(right))
            return isnan(left) ? 1 : -1;
    } else if (left != right) {
        return left < right ? -1 : 1;
    }
    return (x > y) - (x < y);
}

static void sort_group(struct reader *reader, const struct column *column)
{
    qsort_r(reader->order + reader->from, reader->to - reader->from, sizeof *reader->order, by_x,
            (void *)column);
}

/* How many values the column takes in the group; sorts the group by it. */
static size_t distinct(struct reader *reader, const struct column *column)
{
    size_t count = 0;
    double last = NAN;
    sort_group(reader, column);
    for (size_t i = reader->from; i < reader->to; i++) {
        double x = x_of(column, reader->order[i]);
        if (!isnan(x) && x != last)
            count++;
        last = x;
    }
    return count;
}

static void choose_x(struct reader *reader)
{
    size_t most = 0;
    reader->x = NULL;
    for (size_t i = 0; i < reader->columns.count; i++) {
        const struct column *column = &reader->columns.list[i];
        if (column->kind != COLUMN_SWEPT || !column->numeric)
            continue;
        size_t here = distinct(reader, column);
        if (here > most || (here == most && here > 0 && column->rank < reader->x->rank)) {
            most = here;
            reader->x = column;
        }
    }
    sort_group(reader, reader->x);
}

/* Which columns tell rows of the same x apart, or curves over time. */
static void choose_names(struct reader *reader)
{
    bool over_time = reader->x != NULL && reader->x->is_time;
    for (size_t i = 0; i < reader->columns.count; i++) {
        const struct column *column = &reader->columns.list[i];
        bool possible = column != reader->x &&
                        (column->kind == COLUMN_SWEPT || column->kind == COLUMN_SETTING ||
                         (column->kind == COLUMN_CURVE && over_time));
        reader->named[i] = false;
        for (size_t j = reader->from + 1; possible && j < reader->to && !reader->named[i]; j++) {
            size_t a = reader->order[j - 1], b = reader->order[j];
            reader->named[i] = (over_time || x_of(reader->x, a) == x_of(reader->x, b)) &&
                               strcmp(cell_of(column, a), cell_of(column, b)) != 0;
        }
    }
}

static void name_of(const struct reader *reader, const char *result, size_t row,
                    char name[TRACE_NAME])
{
    char whole[1000];
    size_t used = (size_t)snprintf(whole, sizeof whole, "measured.%.200s", result);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < reader->columns.count && used < sizeof whole; i++) {
            const struct column *column = &reader->columns.list[i];
            const char *cell = cell_of(column, row);
            if (cell[0] == '\0')
                continue;
            if (pass == 0 && column->kind == COLUMN_LABEL)
                used += (size_t)snprintf(whole + used, sizeof whole - used, ".%s", cell);
            if (pass == 1 && reader->named[i])
                used += (size_t)snprintf(whole + used, sizeof whole - used, ".%s=%s", column->name,
                                         cell);
        }
    }
    trace_name(name, "%s", whole);
}

static bool is_censored(const struct columns *columns, size_t row)
{
    static const char *const ended[] = {"cap", "timeout", "active", "killed"};
    const char *status = columns->status != NULL ? cell_of(columns->status, row) : "";
    for (size_t i = 0; i < sizeof ended / sizeof ended[0]; i++) {
        if (strcmp(status, ended[i]) == 0)
            return true;
    }
    return false;
}

static int put(struct reader *reader, const struct column *column, size_t row)
{
    const struct columns *columns = &reader->columns;
    const struct column_unit *unit = column->unit;
    const char *cell = cell_of(column, row), *result = column->result;
    char name[TRACE_NAME];
    struct trace_point point = {.x = x_of(reader->x, row),
                                .weight = 1,
                                .censored = is_censored(columns, row),
                                .line = columns->table.lines[row + 1]};
    if (cell[0] == '\0' || isnan(point.x))
        return STATUS_OK;
    if (!text_parse_number(cell, &point.value))
        return diag_set(reader->diag, STATUS_DATA, reader->trace->file, point.line, column->name,
                        "'%s' is not a number", cell);
    if (columns->metric != NULL && column == columns->value) {
        result = cell_of(columns->metric, row);
        unit = column_unit(columns->unit != NULL ? cell_of(columns->unit, row) : "");
    }
    point.value *= unit->factor;
    name_of(reader, result, row, name);
    return trace_add_point(reader->trace, name, unit->base,
                           reader->x != NULL ? reader->x->name : "row", point, reader->diag);
}

static int read_group(struct reader *reader)
{
    int status = STATUS_OK;
    choose_x(reader);
    choose_names(reader);
    for (size_t i = reader->from; i < reader->to; i++) {
        for (size_t j = 0; status == STATUS_OK && j < reader->columns.count; j++) {
            if (reader->columns.list[j].kind == COLUMN_RESULT)
                status = put(reader, &reader->columns.list[j], reader->order[i]);
        }
    }
    return status;
}

static int tag_constants(struct reader *reader)
{
    size_t rows = reader->columns.table.rows;
    int status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < reader->columns.count; i++) {
        const struct column *column = &reader->columns.list[i];
        size_t same = 0;
        while (same < rows && strcmp(cell_of(column, same), cell_of(column, 0)) == 0)
            same++;
        if (column->kind == COLUMN_LABEL && same == rows && cell_of(column, 0)[0] != '\0')
            status = trace_set_tag(reader->trace, column->name, cell_of(column, 0), reader->diag);
    }
    return status;
}

/* Waits of a lock table whose total cannot be true. */
static int check_locks(struct reader *reader)
{
    static const char *const names[] = {"contentions", "wait_min_us", "wait_max_us",
                                        "wait_total_us"};
    const struct table *table = &reader->columns.table;
    int columns[4], status = STATUS_OK;
    for (size_t i = 0; i < 4; i++) {
        columns[i] = table_column(table, names[i]);
        if (columns[i] < 0)
            return STATUS_OK;
    }
    for (size_t row = 0; status == STATUS_OK && row < table->rows; row++) {
        double value[4];
        size_t numbers = 0;
        while (numbers < 4 &&
               text_parse_number(table_cell(table, row, columns[numbers]), &value[numbers]))
            numbers++;
        if (numbers == 4 && value[0] > 0)
            status = trace_check_mean(reader->trace, table->lines[row + 1], "wait",
                                      value[3] / value[0] * 1e-6, value[1] * 1e-6, value[2] * 1e-6,
                                      0.005e-6, reader->diag);
    }
    return status;
}

static int read_rows(struct reader *reader)
{
    size_t rows = reader->columns.table.rows;
    int status = STATUS_OK;
    for (size_t i = 0; i < rows; i++)
        reader->order[i] = i;
    qsort_r(reader->order, rows, sizeof *reader->order, by_label, reader);
    for (reader->from = 0; status == STATUS_OK && reader->from < rows; reader->from = reader->to) {
        size_t first = reader->order[reader->from];
        reader->to = reader->from + 1;
        while (reader->to < rows && same_labels(reader, first, reader->order[reader->to]))
            reader->to++;
        status = read_group(reader);
    }
    if (status == STATUS_OK && reader->trace->series_count == 0)
        return trace_error(reader->trace, reader->columns.table.lines[0], NULL, reader->diag,
                           "no row has both a result and the column it is against");
    if (status == STATUS_OK)
        status = tag_constants(reader);
    return status == STATUS_OK ? check_locks(reader) : status;
}

int measured_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader reader = {.trace = trace, .diag = diag};
    int status = columns_read(&reader.columns, trace, text, length, diag);
    if (status == STATUS_OK) {
        reader.order = calloc(reader.columns.table.rows + 1, sizeof *reader.order);
        reader.named = calloc(reader.columns.count + 1, sizeof *reader.named);
        if (reader.order == NULL || reader.named == NULL)
            status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
        else
            status = read_rows(&reader);
    }
    free(reader.order);
    free(reader.named);
    columns_free(&reader.columns);
    return status;
}
