#include "model/table.h"

#include <csv.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/data.h"
#include "model/text.h"

struct reader {
    struct table *table;
    struct diag *diag;
    size_t used;       /* bytes of table->text */
    size_t cell_count; /* cells so far, the open row's included */
    size_t cell_room;
    size_t line_room;
    size_t row_start;  /* index of the open row's first cell */
    unsigned row_line; /* line on which the open row starts */
    unsigned line;
    bool blank; /* the open row has one empty cell at most */
    int status;
};

static bool grow(void **array, size_t *room, size_t count, size_t item)
{
    if (count < *room)
        return true;
    size_t wanted = *room == 0 ? 4096 : 2 * *room;
    void *grown = realloc(*array, wanted * item);
    if (grown == NULL)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

static void fail_memory(struct reader *reader)
{
    if (reader->status == STATUS_OK)
        reader->status =
            diag_set(reader->diag, STATUS_MEMORY, reader->table->file, 0, NULL, "out of memory");
}

static void take_cell(void *cell, size_t length, void *context)
{
    struct reader *reader = context;
    struct table *table = reader->table;
    if (reader->status != STATUS_OK)
        return;
    if (!grow((void **)&table->cells, &reader->cell_room, reader->cell_count,
              sizeof *table->cells)) {
        fail_memory(reader);
        return;
    }
    char *start = table->text + reader->used;
    if (length > 0)
        memcpy(start, cell, length);
    start[length] = '\0';
    reader->used += length + 1;
    table->cells[reader->cell_count++] = start;
    reader->blank = reader->blank && length == 0;
    for (const char *at = start; (at = memchr(at, '\n', length - (size_t)(at - start))) != NULL;
         at++)
        reader->line++;
    if (memchr(start, '\0', length) != NULL)
        reader->status = diag_set(reader->diag, STATUS_DATA, table->file, reader->line, NULL,
                                  "a NUL byte in the table");
}

static void take_row(int terminator, void *context)
{
    struct reader *reader = context;
    struct table *table = reader->table;
    size_t count = reader->cell_count - reader->row_start;
    if (reader->status != STATUS_OK)
        return;
    if (count <= 1 && reader->blank) {
        reader->cell_count = reader->row_start;
    } else {
        size_t rows = table->columns == 0 ? 0 : table->rows + 1;
        if (table->columns == 0)
            table->columns = count;
        else
            table->rows++;
        if (count != table->columns) {
            reader->status =
                diag_set(reader->diag, STATUS_DATA, table->file, reader->row_line, NULL,
                         "%zu columns, expected %zu as in the header", count, table->columns);
            return;
        }
        if (!grow((void **)&table->lines, &reader->line_room, rows, sizeof *table->lines)) {
            fail_memory(reader);
            return;
        }
        table->lines[rows] = reader->row_line;
        reader->row_start = reader->cell_count;
    }
    if (terminator == '\n')
        reader->line++;
    reader->row_line = reader->line;
    reader->blank = true;
}

int table_parse(struct table *table, const char *file, const char *text, size_t length,
                struct diag *diag)
{
    memset(table, 0, sizeof *table);
    table->file = strdup(file);
    /* A cell never grows when unquoted, and its separator's byte makes room for its NUL. */
    table->text = malloc(length + 2);
    struct reader reader = {.table = table, .diag = diag, .line = 1, .row_line = 1, .blank = true};
    struct csv_parser parser;
    if (table->file == NULL || table->text == NULL)
        return diag_set(diag, STATUS_MEMORY, file, 0, NULL, "out of memory");
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
    bool good = csv_parse(&parser, text, length, take_cell, take_row, &reader) == length &&
                csv_fini(&parser, take_cell, take_row, &reader) == 0;
    if (!good && reader.status == STATUS_OK)
        reader.status = diag_set(diag, STATUS_DATA, file, reader.line, NULL, "not valid CSV: %s",
                                 csv_strerror(csv_error(&parser)));
    csv_free(&parser);
    if (reader.status == STATUS_OK && table->columns == 0)
        reader.status = diag_set(diag, STATUS_DATA, file, 1, NULL, "no header row");
    return reader.status;
}

void table_free(struct table *table)
{
    free(table->file);
    free(table->text);
    free(table->cells);
    free(table->lines);
    memset(table, 0, sizeof *table);
}

int table_column(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->columns; i++) {
        if (strcmp(table->cells[i], name) == 0)
            return (int)i;
    }
    return -1;
}

static int unknown_column(const struct table *table, const char *const *names, size_t count,
                          size_t column, struct diag *diag)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, table->cells[column]);
    for (size_t i = 0; i < count; i++)
        text_nearest_offer(&nearest, names[i]);
    diag_set(diag, STATUS_DATA, table->file, table->lines[0], table->cells[column],
             "unknown column");
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

int table_expect(const struct table *table, const char *const *names, size_t count, int *columns,
                 struct diag *diag)
{
    for (size_t i = 0; i < table->columns; i++) {
        size_t known = 0;
        while (known < count && strcmp(names[known], table->cells[i]) != 0)
            known++;
        if (known == count)
            return unknown_column(table, names, count, i, diag);
    }
    for (size_t j = 0; j < count; j++) {
        columns[j] = table_column(table, names[j]);
        if (columns[j] < 0)
            return diag_set(diag, STATUS_DATA, table->file, table->lines[0], names[j],
                            "column is missing");
    }
    return STATUS_OK;
}

const char *table_cell(const struct table *table, size_t row, int column)
{
    return table->cells[(row + 1) * table->columns + (size_t)column];
}

int table_error(const struct table *table, size_t row, int column, struct diag *diag,
                const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return diag_set(diag, STATUS_DATA, table->file, table->lines[row + 1],
                    column >= 0 ? table->cells[column] : NULL, "%s", message);
}

int table_read_file(struct table *table, const char *path, struct diag *diag)
{
    char *text;
    size_t length;
    int status = text_read_file(path, &text, &length, diag);
    if (status != STATUS_OK)
        return status;
    status = table_parse(table, path, text, length, diag);
    free(text);
    return status;
}

int table_read(struct table *table, const char *name, const char *overlay, struct diag *diag)
{
    char path[4096];
    struct stat status_buffer;
    if (overlay == NULL) {
        const struct data_file *file = data_find(name);
        return table_parse(table, file->name, file->text, file->length, diag);
    }
    snprintf(path, sizeof path, "%s/%s", overlay, name);
    if (stat(path, &status_buffer) != 0 && errno == ENOENT)
        return STATUS_OK;
    return table_read_file(table, path, diag);
}
