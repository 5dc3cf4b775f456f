/* Recordings, as calibrate/record.h describes them.
 *
 *   record.RESOURCE.SCOPE   in the resource's unit against time_s
 *   tags: those of the first line */
#include "calibrate/read_text.h"

#include <stdlib.h>
#include <string.h>

#include "calibrate/reading.h"
#include "calibrate/record.h"
#include "model/text.h"

enum { COL_TIME, COL_SCOPE, COL_RESOURCE, COL_VALUE, COLUMNS };
static const char *const column_names[COLUMNS] = {"time_s", "scope", "resource", "value"};

double record_recognise(const char *text, size_t length)
{
    return span_starts((struct span){text, length}, "# scalesim-record-") ? 1 : 0;
}

static int read_tags(struct trace *trace, struct span line, struct diag *diag)
{
    struct span word, name;
    int status = STATUS_OK;
    if (!span_is(line, RECORD_MAGIC) && !span_starts(line, RECORD_MAGIC " "))
        return trace_error(trace, 1, NULL, diag, "is another version's recording, expected \"%s\"",
                           RECORD_MAGIC);
    line = span_from(line, line.at + strlen(RECORD_MAGIC));
    while (status == STATUS_OK && span_word(&line, &word)) {
        char key[TRACE_NAME], value[TRACE_NAME];
        span_field(&word, '=', &name);
        span_copy(key, sizeof key, name);
        if (word.at == NULL || name.length == 0)
            return trace_error(trace, 1, key, diag, "expected tags NAME=VALUE");
        span_copy(value, sizeof value, word);
        status = trace_set_tag(trace, key, value, diag);
    }
    return status;
}

/* The unit of a resource, or NULL with diag filled. */
static const char *unit_of(const struct table *resources, const struct table *rows, size_t row,
                           const int *columns, struct diag *diag)
{
    const char *id = table_cell(rows, row, columns[COL_RESOURCE]);
    int id_column = table_column(resources, "id");
    struct text_nearest nearest;
    for (size_t i = 0; i < resources->rows; i++) {
        if (strcmp(table_cell(resources, i, id_column), id) == 0)
            return table_cell(resources, i, table_column(resources, "unit"));
    }
    text_nearest_init(&nearest, id);
    for (size_t i = 0; i < resources->rows; i++)
        text_nearest_offer(&nearest, table_cell(resources, i, id_column));
    table_error(rows, row, columns[COL_RESOURCE], diag, "'%s' is no resource", id);
    diag_suggest(diag, nearest.best);
    return NULL;
}

static bool is_scope(const char *scope)
{
    return strcmp(scope, "host") == 0 || (strncmp(scope, "guest:", 6) == 0 && scope[6] != '\0') ||
           (strncmp(scope, "process:", 8) == 0 && scope[8] != '\0');
}

static int read_row(struct trace *trace, const struct table *resources, const struct table *rows,
                    size_t row, const int *columns, double *last, struct diag *diag)
{
    char name[TRACE_NAME];
    double time, value;
    const char *scope = table_cell(rows, row, columns[COL_SCOPE]);
    if (!text_parse_number(table_cell(rows, row, columns[COL_TIME]), &time) || time < *last)
        return table_error(rows, row, columns[COL_TIME], diag,
                           "'%s' is not a number, or below the one above",
                           table_cell(rows, row, columns[COL_TIME]));
    if (!is_scope(scope))
        return table_error(rows, row, columns[COL_SCOPE], diag,
                           "'%s': expected host, guest:NAME or process:NAME", scope);
    if (!text_parse_number(table_cell(rows, row, columns[COL_VALUE]), &value))
        return table_error(rows, row, columns[COL_VALUE], diag, "'%s' is not a number",
                           table_cell(rows, row, columns[COL_VALUE]));
    const char *unit = unit_of(resources, rows, row, columns, diag);
    if (unit == NULL)
        return STATUS_DATA;
    *last = time;
    trace_name(name, "record.%s.%s", table_cell(rows, row, columns[COL_RESOURCE]), scope);
    struct trace_point point = {
        .x = time, .value = value, .weight = 1, .line = rows->lines[row + 1]};
    return trace_add_point(trace, name, unit, "time_s", point, diag);
}

int record_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct lines lines = lines_of(text, length);
    struct table rows, resources;
    int columns[COLUMNS];
    double last = 0;
    lines_next(&lines);
    int status = read_tags(trace, lines.line, diag);
    if (status != STATUS_OK)
        return status;
    status = trace_table(trace, &rows, text, length, diag);
    if (status != STATUS_OK) {
        table_free(&rows);
        return status;
    }
    status = table_read(&resources, "resources.csv", NULL, diag);
    if (status == STATUS_OK)
        status = table_expect(&rows, column_names, COLUMNS, columns, diag);
    for (size_t i = 0; status == STATUS_OK && i < rows.rows; i++)
        status = read_row(trace, &resources, &rows, i, columns, &last, diag);
    if (status == STATUS_OK && trace->series_count == 0)
        status = trace_error(trace, lines.number, NULL, diag, "no rows below the header");
    table_free(&resources);
    table_free(&rows);
    return status;
}
