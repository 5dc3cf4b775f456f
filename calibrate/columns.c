#include "calibrate/columns.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calibrate/reading.h"
#include "model/text.h"

/* Lists of names; the earlier of two swept columns is rather x. */
static const char swept_names[] =
    "n count devices qd iodepth io_depth threads guest_threads n_guests n_running n_procs guests "
    "disks parallel concurrency numjobs workers stress_cpu_workers hz vcpus queues num_queues "
    "iothreads ram_mib mem_mib ws_mib dirty_mibps_asked bandwidth_mibps t_s time_s t_begin_s";
static const char setting_names[] =
    "smp iothread rich multifd bs write_pct cs_us ncs_us work_us prio interval_us "
    "load_ratio_to_cpus downtime_limit_ms cap_s settle_s ram_mb wss_mb req_dirty_pps max_bw_Bps";
static const char curve_names[] = "run idx";
static const char time_names[] = "t_s time_s t_begin_s";
static const char ignored_names[] = "rep repeat load1 load1_before secs";

enum { PAIR_COLUMNS = 16 };

static const struct column_unit units[] = {
    {"_ns", "s", 1e-9, false},
    {"_us", "s", 1e-6, false},
    {"_us_total", "s", 1e-6, false},
    {"_ms", "s", 1e-3, false},
    {"_s", "s", 1, false},
    {"_per_s", "1/s", 1, true},
    {"iops", "1/s", 1, true},
    {"_bytes", "bytes", 1, false},
    {"_B", "bytes", 1, false},
    {"_kib", "bytes", 1024, false},
    {"_kb", "bytes", 1024, false},
    {"_mib", "bytes", 0x1p20, false},
    {"_mb", "bytes", 0x1p20, false},
    {"_gib", "bytes", 0x1p30, false},
    {"_mibps", "bytes/s", 0x1p20, false},
    {"_Bps", "bytes/s", 1, false},
    {"_pct", "1", 0.01, false},
};
static const struct column_unit no_unit = {"", "1", 1, false};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* The place of a name in a list, SIZE_MAX when it is not there. */
static size_t place_of(const char *name, const char *list)
{
    struct span rest = {list, strlen(list)}, word;
    for (size_t i = 0; span_word(&rest, &word); i++) {
        if (span_is(word, name))
            return i;
    }
    return SIZE_MAX;
}

static bool is_one_of(const char *name, const char *list)
{
    return place_of(name, list) != SIZE_MAX;
}

const struct column_unit *column_unit(const char *name)
{
    for (size_t i = 0; i < COUNT(units); i++) {
        if (strcasecmp(units[i].suffix + 1, name) == 0)
            return &units[i];
    }
    return &no_unit;
}

/* The longest suffix that is a unit. */
static void split_unit(struct column *column)
{
    struct span name = {column->name, strlen(column->name)};
    size_t longest = 0;
    column->unit = &no_unit;
    for (size_t i = 0; i < COUNT(units); i++) {
        size_t suffix = strlen(units[i].suffix);
        if (suffix > longest && suffix < name.length && span_ends(name, units[i].suffix)) {
            longest = suffix;
            column->unit = &units[i];
        }
    }
    if (!column->unit->stays)
        name.length -= longest;
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
        struct span cell = {column->cells[i], strlen(column->cells[i])};
        double number;
        if (cell.length == 0)
            continue;
        census.filled++;
        census.numbers += text_parse_number(cell.at, &number);
        census.digits += isdigit((unsigned char)cell.at[0]) != 0;
        census.swept = census.swept || span_is(cell, "n") || span_ends(cell, "*n");
    }
    return census;
}

/* A swept column ought to be numbers but for cells that stand for the count. */
static int check_swept(struct columns *columns, struct column *column, struct diag *diag)
{
    struct census census = count_cells(column, columns->table.rows);
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

/* What the names say; results: what its name does not tell. */
static enum column_kind kind_by_name(const struct column *column, bool results)
{
    if (is_one_of(column->name, ignored_names) || is_one_of(column->name, "status unit note"))
        return COLUMN_IGNORED;
    if (!results && is_one_of(column->name, swept_names))
        return COLUMN_SWEPT;
    if (!results && is_one_of(column->name, setting_names))
        return COLUMN_SETTING;
    if (!results && is_one_of(column->name, curve_names))
        return COLUMN_CURVE;
    return COLUMN_RESULT;
}

/* Columns come left to right; *results tells whether the first result was met. */
static int judge(struct columns *columns, struct column *column, bool *results, struct trace *trace,
                 struct diag *diag)
{
    struct census census = count_cells(column, columns->table.rows);
    split_unit(column);
    column->rank = place_of(column->name, swept_names);
    column->is_time = is_one_of(column->name, time_names);
    column->kind = census.filled > 0 ? kind_by_name(column, *results) : COLUMN_IGNORED;
    if (column == columns->metric)
        column->kind = COLUMN_IGNORED;
    if (column->kind == COLUMN_SWEPT)
        return check_swept(columns, column, diag);
    if (column->kind != COLUMN_RESULT || 2 * census.numbers > census.filled) {
        *results = *results || column->kind == COLUMN_RESULT;
        return STATUS_OK;
    }
    /* Mostly text. */
    column->kind = *results ? COLUMN_IGNORED : COLUMN_LABEL;
    if (*results || 2 * census.digits <= census.filled)
        return STATUS_OK;
    column->kind = COLUMN_IGNORED;
    return trace_flag(trace, diag, "column %s is neither numbers nor labels; left out",
                      column->name);
}

/* The column of a pair's name, made when it is not there; NULL when there is no more room. */
static struct column *pair_column(struct columns *columns, const char *name, enum column_kind kind)
{
    size_t i = columns->table.columns;
    while (i < columns->count && strcmp(columns->list[i].name, name) != 0)
        i++;
    if (i == columns->table.columns + PAIR_COLUMNS)
        return NULL;
    if (i == columns->count) {
        columns->list[i].name = name;
        columns->list[i].kind = kind;
        columns->list[i].rank = strlen(swept_names) + i;
        columns->count++;
    }
    return &columns->list[i];
}

/* Pairs NAME=NUMBER in the cells become columns of their own; of the rest the last part stays.
 * Cells are cut in place. */
static void split_pairs(struct columns *columns, const char *name, const char *separators,
                        enum column_kind kind)
{
    int place = table_column(&columns->table, name);
    for (size_t row = 0; place >= 0 && row < columns->table.rows; row++) {
        struct column *from = &columns->list[place], *to;
        char *next = (char *)from->cells[row], *part;
        double number;
        from->cells[row] = "";
        while ((part = strsep(&next, separators)) != NULL) {
            char *equals = strchr(part, '=');
            if (equals == NULL || equals == part || !text_parse_number(equals + 1, &number)) {
                from->cells[row] = part;
                continue;
            }
            *equals = '\0';
            to = pair_column(columns, part, kind);
            if (to != NULL)
                to->cells[row] = equals + 1;
        }
    }
}

static bool make_list(struct columns *columns)
{
    const struct table *table = &columns->table;
    size_t room = table->columns + PAIR_COLUMNS;
    columns->list = calloc(room, sizeof *columns->list);
    for (size_t i = 0; columns->list != NULL && i < room; i++) {
        struct column *column = &columns->list[i];
        column->name = i < table->columns ? table->cells[i] : "";
        column->cells = malloc((table->rows + 1) * sizeof *column->cells);
        if (column->cells == NULL)
            return false;
        for (size_t row = 0; row < table->rows; row++)
            column->cells[row] = i < table->columns ? table_cell(table, row, (int)i) : "";
    }
    columns->count = table->columns;
    return columns->list != NULL;
}

static const struct column *named(const struct columns *columns, const char *name)
{
    int place = table_column(&columns->table, name);
    return place >= 0 ? &columns->list[place] : NULL;
}

int columns_read(struct columns *columns, struct trace *trace, const char *text, size_t length,
                 struct diag *diag)
{
    bool results = false;
    *columns = (struct columns){.count = 0};
    int status = trace_table(trace, &columns->table, text, length, diag);
    if (status != STATUS_OK)
        return status;
    if (columns->table.rows == 0)
        return trace_error(trace, columns->table.lines[0], NULL, diag, "no rows below the header");
    if (!make_list(columns))
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    split_pairs(columns, "param", ";", COLUMN_SWEPT);
    split_pairs(columns, "note", " ;", COLUMN_SETTING);
    columns->status = named(columns, "status");
    columns->value = named(columns, "value");
    if (columns->value != NULL) {
        columns->metric = named(columns, "metric");
        columns->unit = named(columns, "unit");
    }
    for (size_t i = 0; status == STATUS_OK && i < columns->count; i++) {
        struct column *column = &columns->list[i];
        if (i < columns->table.columns)
            status = judge(columns, column, &results, trace, diag);
        else if (column->kind == COLUMN_SWEPT)
            status = check_swept(columns, column, diag);
    }
    if (status == STATUS_OK && !results)
        status = trace_error(trace, columns->table.lines[0], NULL, diag,
                             "no column of measured numbers");
    return status;
}

void columns_free(struct columns *columns)
{
    for (size_t i = 0; columns->list != NULL && i < columns->table.columns + PAIR_COLUMNS; i++)
        free(columns->list[i].cells);
    free(columns->list);
    table_free(&columns->table);
}
