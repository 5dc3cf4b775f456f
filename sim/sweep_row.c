/* Rows: a cell as CSV or as a line of JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "sim/sweep.h"

/* Text that grows; `failed` once memory ran out. */
struct text {
    char *at;
    size_t length, room;
    bool failed;
};

static void put(struct text *text, const char *what, size_t length)
{
    if (length == 0)
        return;
    if (text->length + length > text->room) {
        size_t room = 2 * text->room + length + 256;
        char *grown = realloc(text->at, room);
        if (grown == NULL) {
            text->failed = true;
            return;
        }
        text->at = grown;
        text->room = room;
    }
    memcpy(text->at + text->length, what, length);
    text->length += length;
}

static void put_text(struct text *text, const char *what)
{
    put(text, what, strlen(what));
}

/* Whole numbers in full, others with the digits that read back as the same bits. */
static void put_number(struct text *text, double value)
{
    char digits[32];
    if (value == floor(value) && value >= 0 && value < 0x1p53) {
        uint64_t rest = (uint64_t)value;
        size_t at = sizeof digits;
        do {
            digits[--at] = (char)('0' + rest % 10);
            rest /= 10;
        } while (rest > 0);
        put(text, digits + at, sizeof digits - at);
        return;
    }
    put(text, digits, (size_t)snprintf(digits, sizeof digits, "%.17g", value));
}

/* Between the fields of a row: CSV has a name in the header, JSON in front of each value. */
static void put_field(struct text *text, enum row_format format, const char *name, bool first)
{
    if (format == ROWS_CSV) {
        put_text(text, first ? "" : ",");
        return;
    }
    put_text(text, first ? "{\"" : ",\"");
    put_text(text, name);
    put_text(text, "\":");
}

static void put_word(struct text *text, enum row_format format, const char *word)
{
    bool json = format == ROWS_JSONL;
    bool quoted = json || strpbrk(word, ",\"\n\r") != NULL;
    if (quoted)
        put_text(text, "\"");
    for (const char *at = word; *at != '\0'; at++) {
        char code[8];
        if (json && (unsigned char)*at < ' ') {
            put(text, code, (size_t)snprintf(code, sizeof code, "\\u%04x", (unsigned)*at));
            continue;
        }
        if (*at == '"')
            put_text(text, json ? "\\" : "\"");
        else if (*at == '\\' && json)
            put_text(text, "\\");
        put(text, at, 1);
    }
    if (quoted)
        put_text(text, "\"");
}

static void put_value(struct text *text, enum row_format format, double value)
{
    if (isfinite(value))
        put_number(text, value);
    else if (format == ROWS_JSONL)
        put_text(text, "null");
}

static void put_optional(struct text *text, enum row_format format, const char *word)
{
    if (word != NULL)
        put_word(text, format, word);
    else if (format == ROWS_JSONL)
        put_text(text, "null");
}

/* An axis's value: numbers as such (sizes in bytes), others as they were written. */
static void put_axis(struct text *text, enum row_format format, const struct axis *axis,
                     size_t index)
{
    const struct axis_value *value = &axis->values[index];
    if (axis->numeric && isfinite(value->value))
        put_number(text, value->value);
    else
        put_word(text, format, axis->numeric ? strchr(value->text, '=') + 1 : value->text);
}

static const char *const columns[] = {"verdict",    "limit",       "max_ok",
                                      "max_ok_low", "max_ok_high", "demand",
                                      "capacity",   "slowed_by",   "slowed_from"};
static const char *const knee_columns[] = {"knee", "knee_level", "knee_metric", "knee_ok"};
static const char note_column[] = "note"; /* the last */

static void put_names(struct text *text, const struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->axes; i++) {
        put_word(text, ROWS_CSV, sweep->axis[i]->column);
        put_text(text, ",");
    }
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        put_text(text, columns[i]);
        put_text(text, ",");
    }
    for (size_t i = 0; sweep->simulate && i < sweep->metric_count; i++) {
        const char *name = metric_texts[sweep->metrics[i]].name;
        put_text(text, name);
        put_text(text, ",");
        put_text(text, name);
        put_text(text, "_half,");
    }
    for (size_t i = 0; sweep->knees && i < sizeof knee_columns / sizeof knee_columns[0]; i++) {
        put_text(text, knee_columns[i]);
        put_text(text, ",");
    }
    put_text(text, note_column);
    put_text(text, "\n");
}

int sweep_header(const struct sweep *sweep, char **out, size_t *length, struct diag *diag)
{
    struct text text = {.at = NULL};
    if (sweep->format == ROWS_CSV)
        put_names(&text, sweep);
    *out = text.at;
    *length = text.length;
    return text.failed ? diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory") : STATUS_OK;
}

static void put_model(struct text *text, enum row_format format, const struct cell *cell,
                      bool first)
{
    const struct first *fatal = &cell->firsts.fatal;
    const double values[] = {cell->limit != NULL ? fmax(fatal->fails_at - 1, 0) : INFINITY,
                             cell->limit != NULL ? fatal->max_ok_low : INFINITY,
                             cell->limit != NULL ? fatal->max_ok_high : INFINITY,
                             cell->limit != NULL ? cell->demand : INFINITY,
                             cell->limit != NULL ? cell->capacity : INFINITY};
    put_field(text, format, columns[0], first);
    put_word(text, format, cell->invalid != NULL ? "invalid" : verdict_name(cell->verdict));
    put_field(text, format, columns[1], false);
    put_optional(text, format, cell->limit != NULL ? cell->limit->id : NULL);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        put_field(text, format, columns[2 + i], false);
        put_value(text, format, values[i]);
    }
    put_field(text, format, columns[7], false);
    put_optional(text, format, cell->slow != NULL ? cell->slow->id : NULL);
    put_field(text, format, columns[8], false);
    put_value(text, format, cell->slow != NULL ? cell->firsts.any.fails_at : INFINITY);
}

static void put_figures(struct text *text, const struct sweep *sweep, const struct answer *answer)
{
    for (size_t i = 0; i < sweep->metric_count; i++) {
        enum metric metric = sweep->metrics[i];
        enum phase phase = phase_of(metric);
        bool there = answer != NULL && phase < PHASE_COUNT && answer->ran[phase] &&
                     answer->figures[phase].metric[metric].count > 0;
        struct interval interval = {0};
        char half[NAME_MAX_LENGTH + 8];
        if (there)
            interval = figures_interval(&answer->figures[phase], metric);
        snprintf(half, sizeof half, "%s_half", metric_texts[metric].name);
        put_field(text, sweep->format, metric_texts[metric].name, false);
        put_value(text, sweep->format, there ? interval.mean : NAN);
        put_field(text, sweep->format, half, false);
        put_value(text, sweep->format, there ? interval.half_width : NAN);
    }
}

/* The count from which on a level is missed and which one; and the most that was seen to hold all
 * of them. Nothing where no knee was looked for. */
static void put_knee(struct text *text, const struct sweep *sweep, const struct answer *answer)
{
    bool there = answer != NULL && answer->knees.count > 0;
    int first = there ? knees_first(&answer->knees) : -1;
    const struct knee *knee = first >= 0 ? &answer->knees.knee[first] : NULL;
    double ok = there ? answer->knees.bound : NAN;
    put_field(text, sweep->format, knee_columns[0], false);
    put_value(text, sweep->format, knee != NULL ? knee->first_bad : NAN);
    put_field(text, sweep->format, knee_columns[1], false);
    put_optional(text, sweep->format, knee != NULL ? knee->slo : NULL);
    put_field(text, sweep->format, knee_columns[2], false);
    put_optional(text, sweep->format, knee != NULL ? metric_texts[knee->metric].name : NULL);
    put_field(text, sweep->format, knee_columns[3], false);
    put_value(text, sweep->format, knee != NULL ? knee->last_good : ok);
}

static void put_row(struct text *text, const struct sweep *sweep, uint64_t number,
                    const struct cell *cell)
{
    for (size_t i = 0; i < sweep->axes; i++) {
        put_field(text, sweep->format, sweep->axis[i]->column, i == 0);
        put_axis(text, sweep->format, sweep->axis[i], sweep_index(sweep, number, i));
    }
    put_model(text, sweep->format, cell, sweep->axes == 0);
    if (sweep->simulate)
        put_figures(text, sweep, cell->answer);
    if (sweep->knees)
        put_knee(text, sweep, cell->answer);
    put_field(text, sweep->format, note_column, false);
    put_optional(text, sweep->format, cell->invalid);
    put_text(text, sweep->format == ROWS_CSV ? "\n" : "}\n");
}

/* A note is the last field, and is empty but for an invalid cell. Takes its quotes off. */
bool sweep_row_invalid(const struct sweep *sweep, const char *line, size_t length, char *reason,
                       size_t size)
{
    bool csv = sweep->format == ROWS_CSV;
    size_t end = length - (csv ? 1 : 2); /* "\n" or "}\n" */
    char before = csv ? ',' : 'l';       /* of an empty one: nothing or null */
    size_t begin = 0;
    size_t used = 0;
    bool quoted = false;
    if (length < 3 || line[end - 1] == before)
        return false;
    for (size_t i = 0; i < end; i++) {
        if (line[i] == '\\' && !csv)
            i++;
        else if (line[i] == '"')
            quoted = !quoted;
        else if (line[i] == (csv ? ',' : ':') && !quoted)
            begin = i + 1;
    }
    quoted = line[begin] == '"';
    begin += quoted;
    end -= quoted;
    for (size_t i = begin; i < end && used + 1 < size; i++) {
        if (quoted && line[i] == (csv ? '"' : '\\'))
            i++; /* what it stands before is meant */
        reason[used++] = line[i];
    }
    reason[used] = '\0';
    return true;
}

/* Rows are made in the order of work and put in that of cells. */
struct rows {
    const struct sweep *sweep;
    uint64_t first;
    struct text text;
    struct span {
        size_t begin, end;
    } * spans;
};

static int take_row(void *context, uint64_t number, const struct cell *cell)
{
    struct rows *rows = context;
    struct span *span = &rows->spans[number - rows->first];
    span->begin = rows->text.length;
    put_row(&rows->text, rows->sweep, number, cell);
    span->end = rows->text.length;
    return STATUS_OK;
}

int sweep_batch(struct sweep_worker *worker, const struct sweep *sweep, uint64_t batch, char **out,
                size_t *length, struct diag *diag)
{
    struct rows rows = {.sweep = sweep, .first = batch * sweep->batch_cells};
    uint64_t left = sweep->cells - rows.first;
    uint64_t count = left < sweep->batch_cells ? left : sweep->batch_cells;
    struct text ordered = {.at = NULL};
    rows.spans = calloc(count + 1, sizeof *rows.spans);
    int status = rows.spans != NULL ? STATUS_OK : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = sweep_cells(worker, rows.first, count, take_row, &rows, diag);
    for (uint64_t i = 0; status == STATUS_OK && !rows.text.failed && i < count; i++)
        put(&ordered, rows.text.at + rows.spans[i].begin, rows.spans[i].end - rows.spans[i].begin);
    if (rows.spans == NULL || rows.text.failed || ordered.failed)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    free(rows.spans);
    free(rows.text.at);
    *out = ordered.at;
    *length = ordered.length;
    return status;
}
