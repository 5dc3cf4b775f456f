/* virsh domjobinfo: "Key: value unit", a block a call that starts with "Job type". Several blocks
 * make a series over "Time elapsed". "Data" counts disks too; the series are of memory alone
 * ("Memory"), and of Data only where an older libvirt tells nothing else. */
#include "calibrate/readers.h"

#include <math.h>
#include <string.h>
#include <stdlib.h>

#include "calibrate/keyed.h"
#include "calibrate/migration.h"

static const struct unit {
    const char *name, *base;
    double scale;
} units[] = {
    {"B", "B", 1},
    {"bytes", "B", 1},
    {"KiB", "B", 1024},
    {"MiB", "B", 1048576},
    {"GiB", "B", 1073741824},
    {"TiB", "B", 1099511627776},
    {"PiB", "B", 1125899906842624},
    {"B/s", "B/s", 1},
    {"KiB/s", "B/s", 1024},
    {"MiB/s", "B/s", 1048576},
    {"GiB/s", "B/s", 1073741824},
    {"TiB/s", "B/s", 1099511627776},
    {"ms", "s", 1e-3},
    {"s", "s", 1},
    {"pages/s", "1/s", 1},
    {"%", "%", 0.01},
    {"", "", 1},
};

enum { ELAPSED, PAGE_SIZE, FIGURES = 17 };
static const struct figure {
    const char *key, *name, *base;
} figures[FIGURES] = {
    [ELAPSED] = {"Time elapsed", NULL, "s"},
    [PAGE_SIZE] = {"Page size", NULL, "B"},
    {"Memory total", MIGRATION_TOTAL, "B"},
    {"Data total", MIGRATION_TOTAL, "B"},
    {"Memory processed", MIGRATION_TRANSFERRED, "B"},
    {"Data processed", MIGRATION_TRANSFERRED, "B"},
    {"Memory remaining", MIGRATION_REMAINING, "B"},
    {"Data remaining", MIGRATION_REMAINING, "B"},
    {"Memory bandwidth", MIGRATION_BANDWIDTH, "B/s"},
    {"Dirty rate", MIGRATION_DIRTY_RATE, "1/s"},
    {"Normal pages", MIGRATION_NORMAL_PAGES, ""},
    {"Constant pages", MIGRATION_ZERO_PAGES, ""},
    {"Iteration", MIGRATION_ROUNDS, ""},
    {"Auto converge throttle", MIGRATION_THROTTLE, "%"},
    {"Total downtime", MIGRATION_DOWNTIME, "s"},
    {"Expected downtime", MIGRATION_EXPECTED_DOWNTIME, "s"},
    {"Setup time", MIGRATION_SETUP, "s"},
};

/* The figures of one call. */
struct block {
    bool open, completed;
    unsigned line; /* where it starts */
    double values[FIGURES];
    unsigned lines[FIGURES];
};

double domjobinfo_recognise(const char *text, size_t length)
{
    return keyed_start_with(text, length, "Job type:") ? 1 : 0;
}

static void open_block(struct block *block, unsigned line)
{
    *block = (struct block){.open = true, .line = line};
    for (size_t i = 0; i < FIGURES; i++)
        block->values[i] = NAN;
}

static const char *unit_name(const char *base)
{
    return base[0] == '\0' || strcmp(base, "%") == 0 ? "1" : base;
}

/* Puts the figures of a block where its time says. */
static int close_block(struct trace *trace, struct block *block, struct diag *diag)
{
    int status = STATUS_OK;
    const char *last = "";
    bool any = false;
    for (size_t i = PAGE_SIZE + 1; i < FIGURES; i++)
        any = any || !isnan(block->values[i]);
    if (!block->open || !any)
        return STATUS_OK;
    if (isnan(block->values[ELAPSED]))
        return trace_error(trace, block->line, figures[ELAPSED].key, diag,
                           "is missing; expected a time");
    for (size_t i = PAGE_SIZE + 1; i < FIGURES && status == STATUS_OK; i++) {
        struct trace_axis axis = {"time_s", block->values[ELAPSED], 1, block->lines[i]};
        if (isnan(block->values[i]) || strcmp(figures[i].name, last) == 0)
            continue;
        last = figures[i].name;
        status = trace_put_at(trace, &axis, unit_name(figures[i].base), block->values[i], diag,
                              "%s", figures[i].name);
    }
    struct trace_axis axis = {"time_s", block->values[ELAPSED], 1, block->lines[ELAPSED]};
    if (status == STATUS_OK && block->completed)
        status = trace_put_at(trace, &axis, "s", axis.x, diag, "%s", MIGRATION_TOTAL_TIME);
    if (status == STATUS_OK)
        status = trace_tag_number(trace, "page_size", block->values[PAGE_SIZE], diag);
    return status;
}

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    }
    return NULL;
}

static int take_figure(const struct trace *trace, struct block *block, size_t figure,
                       const char *text, unsigned line, struct diag *diag)
{
    char *end;
    const char *base = figures[figure].base;
    double value = text[0] >= '0' && text[0] <= '9' ? strtod(text, &end) : NAN;
    if (!(value >= 0 && value <= TRACE_FIGURE_MAX))
        return trace_error(trace, line, figures[figure].key, diag,
                           "is '%.40s'; expected a number from 0 to 2^64", text);
    const struct unit *unit = find_unit(end + strspn(end, " \t"));
    bool bare_percent = unit != NULL && unit->base[0] == '\0' && strcmp(base, "%") == 0;
    if (unit == NULL || (strcmp(unit->base, base) != 0 && !bare_percent))
        return trace_error(trace, line, figures[figure].key, diag,
                           "is '%.40s'; expected a figure in %s", text,
                           base[0] != '\0' ? base : "no unit");
    block->values[figure] = value * (bare_percent ? 0.01 : unit->scale);
    block->lines[figure] = line;
    return STATUS_OK;
}

static int take_line(struct trace *trace, struct keyed *lines, struct block *block,
                     struct diag *diag)
{
    const char *text = keyed_split(lines, ':');
    if (text == NULL)
        return trace_error(trace, lines->number, NULL, diag, "is '%.40s'; expected Key: value unit",
                           lines->text);
    if (strcmp(lines->field, "Job type") == 0) {
        int status = close_block(trace, block, diag);
        open_block(block, lines->number);
        block->completed = strcmp(text, "Completed") == 0;
        return status == STATUS_OK ? trace_set_tag(trace, "status", text, diag) : status;
    }
    if (strcmp(lines->field, "Operation") == 0)
        return trace_set_tag(trace, "operation", text, diag);
    for (size_t i = 0; i < FIGURES; i++) {
        if (strcmp(lines->field, figures[i].key) == 0)
            return take_figure(trace, block, i, text, lines->number, diag);
    }
    return STATUS_OK;
}

int domjobinfo_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct keyed lines;
    struct block block = {.open = false};
    int status = STATUS_OK;
    int more;
    keyed_init(&lines, text, length);
    while (status == STATUS_OK && (more = keyed_next(&lines, trace, diag)) != 0)
        status = more < 0 ? more : take_line(trace, &lines, &block, diag);
    if (status == STATUS_OK)
        status = close_block(trace, &block, diag);
    if (status == STATUS_OK && trace->series_count == 0)
        status = trace_flag(trace, diag, "no job was under way");
    return status;
}
