#include "calibrate/columns.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calibrate/reading.h"
#include "model/text.h"

static const char *const swept_names[] = {"n",
                                          "count",
                                          "devices",
                                          "qd",
                                          "iodepth",
                                          "io_depth",
                                          "threads",
                                          "guest_threads",
                                          "n_guests",
                                          "n_running",
                                          "n_procs",
                                          "guests",
                                          "disks",
                                          "parallel",
                                          "concurrency",
                                          "numjobs",
                                          "workers",
                                          "stress_cpu_workers",
                                          "hz",
                                          "vcpus",
                                          "queues",
                                          "num_queues",
                                          "iothreads",
                                          "ram_mib",
                                          "mem_mib",
                                          "ws_mib",
                                          "dirty_mibps_asked",
                                          "bandwidth_mibps",
                                          "t_s",
                                          "time_s",
                                          "t_begin_s"};
static const char *const setting_names[] = {"smp",
                                            "iothread",
                                            "rich",
                                            "multifd",
                                            "bs",
                                            "write_pct",
                                            "cs_us",
                                            "ncs_us",
                                            "work_us",
                                            "prio",
                                            "interval_us",
                                            "load_ratio_to_cpus",
                                            "downtime_limit_ms",
                                            "cap_s",
                                            "settle_s",
                                            "run",
                                            "idx",
                                            "ram_mb",
                                            "wss_mb",
                                            "req_dirty_pps",
                                            "max_bw_Bps"};
static const char *const ignored_names[] = {"rep", "repeat", "load1", "load1_before", "secs"};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const struct column_unit units[] = {
    {"_ns", "s", 1e-9},
    {"_us", "s", 1e-6},
    {"_ms", "s", 1e-3},
    {"_per_s", "1/s", 0},
    {"_s", "s", 1},
    {"_us_total", "s", 1e-6},
    {"_bytes", "bytes", 1},
    {"_B", "bytes", 1},
    {"_kib", "bytes", 1024},
    {"_kb", "bytes", 1024},
    {"_mib", "bytes", 0x1p20},
    {"_mb", "bytes", 0x1p20},
    {"_gib", "bytes", 0x1p30},
    {"_mibps", "bytes/s", 0x1p20},
    {"_Bps", "bytes/s", 1},
    {"_pct", "1", 0.01},
};
static const struct column_unit no_unit = {"", "1", 1}, rate = {"", "1/s", 1};

static size_t find(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i;
}

const struct column_unit *column_unit(const char *name)
{
    for (size_t i = 0; i < COUNT(units); i++) {
        if (units[i].factor > 0 && strcasecmp(units[i].suffix + 1, name) == 0)
            return &units[i];
    }
    return &no_unit;
}

/* The longest suffix that is a unit. */
static void split_unit(struct column *column)
{
    const struct column_unit *best = &no_unit;
    size_t length = strlen(column->name);
    struct span name = {column->name, length};
    for (size_t i = 0; i < COUNT(units); i++) {
        size_t suffix = strlen(units[i].suffix);
        if (suffix > strlen(best->suffix) && suffix < length && span_ends(name, units[i].suffix))
            best = &units[i];
    }
    if (best->factor > 0)
        name.length -= strlen(best->suffix);
    column->unit = best->factor > 0 ? best : &rate;
    if (best == &no_unit)
        column->unit = span_ends(name, "iops") ? &rate : &no_unit;
    span_copy(column->result, sizeof column->result, name);
}

struct census {
    size_t filled, numbers, digits;
    bool swept; /* a cell such as "n" or "2*n" stands for what was swept */
};

static struct census count_cells(const struct column *column, size_t rows)
{
    struct census census = {.filled = 0};
    for (size_t i = 0; i < rows; i++) {
        const char *cell = column->cells[i];
        double number;
        size_t length = strlen(cell);
        if (length == 0)
            continue;
        census.filled++;
        census.numbers += text_parse_number(cell, &number);
        census.digits += isdigit((unsigned char)cell[0]) != 0;
        census.swept = census.swept || strcmp(cell, "n") == 0 ||
                       (length > 2 && strcmp(cell + length - 2, "*n") == 0);
    }
    return census;
}

/* An input that ought to be numbers but for a few cells. */
static int check_input(struct columns *columns, struct column *column, struct census census,
                       struct diag *diag)
{
    double number;
    column->numeric = census.numbers == census.filled && census.filled > 0;
    if (column->numeric || census.swept || 2 * census.numbers <= census.filled)
        return STATUS_OK;
    for (size_t row = 0; row < columns->table.rows; row++) {
        const char *cell = column->cells[row];
        if (cell[0] != '\0' && !text_parse_number(cell, &number))
            return diag_set(diag, STATUS_DATA, columns->table.file, columns->table.lines[row + 1],
                            column->name, "'%s' is not a number, as most of the column are", cell);
    }
    return STATUS_OK;
}

/* Columns come left to right; *results tells whether the first result was met. */
static int judge(struct columns *columns, struct column *column, bool *results, struct trace *trace,
                 struct diag *diag)
{
    struct census census = count_cells(column, columns->table.rows);
    bool is_long =
        table_column(&columns->table, "metric") >= 0 && table_column(&columns->table, "value") >= 0;
    split_unit(column);
    column->kind = COLUMN_IGNORED;
    if (strcmp(column->name, "status") == 0)
        columns->status = column;
    else if (is_long && strcmp(column->name, "metric") == 0)
        columns->metric = column;
    else if (is_long && strcmp(column->name, "unit") == 0)
        columns->unit = column;
    else if (find(ignored_names, COUNT(ignored_names), column->name) < COUNT(ignored_names) ||
             census.filled == 0)
        return STATUS_OK;
    else if (!*results && (column->rank = find(swept_names, COUNT(swept_names), column->name)) <
                              COUNT(swept_names))
        column->kind = COLUMN_SWEPT;
    else if (!*results &&
             find(setting_names, COUNT(setting_names), column->name) < COUNT(setting_names))
        column->kind = COLUMN_SETTING;
    else if (2 * census.numbers > census.filled)
        column->kind = COLUMN_RESULT;
    else if (!*results && 2 * census.digits > census.filled)
        return trace_flag(trace, diag, "column %s is neither numbers nor labels; left out",
                          column->name);
    else if (!*results)
        column->kind = COLUMN_LABEL;
    *results = *results || column->kind == COLUMN_RESULT;
    return column->kind == COLUMN_SWEPT ? check_input(columns, column, census, diag) : STATUS_OK;
}

/* "PART=VALUE" pairs of param's cells become swept columns of the name PART, the rest of a cell a
 * label. Cells are cut in place. */
static bool split_param(struct columns *columns, struct column *param, size_t room)
{
    for (size_t row = 0; row < columns->table.rows; row++) {
        char *next = (char *)param->cells[row], *part;
        param->cells[row] = "";
        while ((part = strsep(&next, ";")) != NULL) {
            char *equals = strchr(part, '=');
            if (equals == NULL) {
                param->cells[row] = part;
                continue;
            }
            *equals = '\0';
            size_t i = columns->table.columns;
            while (i < columns->count && strcmp(columns->list[i].name, part) != 0)
                i++;
            if (i == columns->count) {
                if (i == room)
                    return false;
                columns->count++;
                columns->list[i].name = part;
                columns->list[i].kind = COLUMN_SWEPT;
                columns->list[i].rank = COUNT(swept_names) + i;
            }
            columns->list[i].cells[row] = equals + 1;
        }
    }
    return true;
}

static bool make_lists(struct columns *columns, size_t room)
{
    const struct table *table = &columns->table;
    columns->list = calloc(room, sizeof *columns->list);
    if (columns->list == NULL)
        return false;
    for (size_t i = 0; i < room; i++) {
        struct column *column = &columns->list[i];
        column->cells = malloc((table->rows + 1) * sizeof *column->cells);
        if (column->cells == NULL)
            return false;
        for (size_t row = 0; row < table->rows; row++)
            column->cells[row] = i < table->columns ? table_cell(table, row, (int)i) : "";
        if (i < table->columns)
            column->name = table->cells[i];
    }
    columns->count = table->columns;
    return true;
}

enum { PARAM_COLUMNS = 16 };

int columns_read(struct columns *columns, struct trace *trace, const char *text, size_t length,
                 struct diag *diag)
{
    *columns = (struct columns){.count = 0};
    int status = trace_table(trace, &columns->table, text, length, diag);
    if (status != STATUS_OK)
        return status;
    if (columns->table.rows == 0)
        return trace_error(trace, columns->table.lines[0], NULL, diag, "no rows below the header");
    int param = table_column(&columns->table, "param");
    size_t room = columns->table.columns + (param >= 0 ? PARAM_COLUMNS : 0);
    if (!make_lists(columns, room))
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    if (param >= 0 && !split_param(columns, &columns->list[param], room))
        return trace_error(trace, 0, "param", diag, "more than %d names before '='", PARAM_COLUMNS);
    bool results = false;
    for (size_t i = 0; status == STATUS_OK && i < columns->count; i++) {
        struct column *column = &columns->list[i];
        if (i < columns->table.columns)
            status = judge(columns, column, &results, trace, diag);
        else
            status = check_input(columns, column, count_cells(column, columns->table.rows), diag);
    }
    if (status == STATUS_OK && !results)
        status = trace_error(trace, columns->table.lines[0], NULL, diag,
                             "no column of measured numbers");
    return status;
}

void columns_free(struct columns *columns)
{
    size_t room =
        columns->table.columns +
        (columns->list != NULL && table_column(&columns->table, "param") >= 0 ? PARAM_COLUMNS : 0);
    for (size_t i = 0; columns->list != NULL && i < room; i++)
        free(columns->list[i].cells);
    free(columns->list);
    table_free(&columns->table);
}
