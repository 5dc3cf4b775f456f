#include "calibrate/trace.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

static int out_of_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

/* Room for one more element; arrays double. */
static bool grow(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room > 0 ? 2 * *room : 16;
    void *grown = realloc(*array, more * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *room = more;
    return true;
}

/* A zeroed element at the end of an array that grows by one. */
static void *append(void **array, size_t *count, size_t size)
{
    void *grown = realloc(*array, (*count + 1) * size);
    if (grown == NULL)
        return NULL;
    *array = grown;
    void *element = (char *)grown + *count * size;
    memset(element, 0, size);
    ++*count;
    return element;
}

/* Fowler, Noll and Vo, 64 bits, variant 1a. */
static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The slot of the series of that name, or the free one where it belongs. */
static size_t find_slot(const struct trace *trace, const char *name)
{
    size_t i = hash_of(name, strlen(name)) & (trace->slot_count - 1);
    while (trace->slots[i] != 0 && strcmp(trace->series[trace->slots[i] - 1].name, name) != 0)
        i = (i + 1) & (trace->slot_count - 1);
    return i;
}

/* Enters the last series; the table is at most half full. */
static bool enter_series(struct trace *trace)
{
    if (2 * trace->series_count > trace->slot_count) {
        size_t count = trace->slot_count > 0 ? 4 * trace->slot_count : 64;
        size_t *slots = calloc(count, sizeof *slots);
        if (slots == NULL)
            return false;
        free(trace->slots);
        trace->slots = slots;
        trace->slot_count = count;
        for (size_t i = 0; i + 1 < trace->series_count; i++)
            slots[find_slot(trace, trace->series[i].name)] = i + 1;
    }
    trace->slots[find_slot(trace, trace->series[trace->series_count - 1].name)] =
        trace->series_count;
    return true;
}

const struct trace_series *trace_find(const struct trace *trace, const char *name)
{
    if (trace->slot_count == 0)
        return NULL;
    size_t place = trace->slots[find_slot(trace, name)];
    return place > 0 ? &trace->series[place - 1] : NULL;
}

const struct trace_distribution *trace_find_distribution(const struct trace *trace,
                                                         const char *name)
{
    for (size_t i = 0; i < trace->distribution_count; i++) {
        if (strcmp(trace->distributions[i].name, name) == 0)
            return &trace->distributions[i];
    }
    return NULL;
}

const char *trace_tag(const struct trace *trace, const char *name)
{
    for (size_t i = 0; i < trace->tag_count; i++) {
        if (strcmp(trace->tags[i].name, name) == 0)
            return trace->tags[i].value;
    }
    return NULL;
}

int trace_add_point(struct trace *trace, const char *name, const char *unit, const char *x_name,
                    struct trace_point point, struct diag *diag)
{
    if (!isfinite(point.x) || !isfinite(point.value))
        return trace_error(trace, point.line, name, diag, "is too large or no number at all");
    struct trace_series *series = (struct trace_series *)trace_find(trace, name);
    if (series == NULL) {
        series = append((void **)&trace->series, &trace->series_count, sizeof *series);
        if (series == NULL)
            return out_of_memory(diag);
        snprintf(series->name, sizeof series->name, "%s", name);
        snprintf(series->unit, sizeof series->unit, "%s", unit);
        snprintf(series->x_name, sizeof series->x_name, "%s", x_name);
        if (!enter_series(trace))
            return out_of_memory(diag);
    }
    if (!grow((void **)&series->points, series->count, &series->room, sizeof *series->points))
        return out_of_memory(diag);
    series->points[series->count++] = point;
    return STATUS_OK;
}

int trace_add_cell(struct trace *trace, const char *name, const char *unit, enum trace_shape shape,
                   struct trace_cell cell, struct diag *diag)
{
    if (!isfinite(cell.low) || isnan(cell.high) || !(cell.weight >= 0))
        return trace_error(trace, 0, name, diag, "is too large or no number at all");
    struct trace_distribution *to =
        (struct trace_distribution *)trace_find_distribution(trace, name);
    if (to == NULL) {
        to = append((void **)&trace->distributions, &trace->distribution_count, sizeof *to);
        if (to == NULL)
            return out_of_memory(diag);
        snprintf(to->name, sizeof to->name, "%s", name);
        snprintf(to->unit, sizeof to->unit, "%s", unit);
        to->shape = shape;
        to->total = shape == TRACE_QUANTILES ? NAN : 0;
    }
    if (!grow((void **)&to->cells, to->count, &to->room, sizeof *to->cells))
        return out_of_memory(diag);
    to->cells[to->count++] = cell;
    if (shape != TRACE_QUANTILES)
        to->total += cell.weight;
    return STATUS_OK;
}

int trace_set_tag(struct trace *trace, const char *name, const char *value, struct diag *diag)
{
    struct trace_tag *tag = NULL;
    for (size_t i = 0; i < trace->tag_count; i++) {
        if (strcmp(trace->tags[i].name, name) == 0)
            tag = &trace->tags[i];
    }
    if (tag == NULL)
        tag = append((void **)&trace->tags, &trace->tag_count, sizeof *tag);
    if (tag == NULL)
        return out_of_memory(diag);
    snprintf(tag->name, sizeof tag->name, "%s", name);
    snprintf(tag->value, sizeof tag->value, "%s", value);
    return STATUS_OK;
}

int trace_flag(struct trace *trace, struct diag *diag, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char **flag = append((void **)&trace->flags, &trace->flag_count, sizeof *flag);
    if (flag == NULL || (*flag = strdup(text)) == NULL)
        return out_of_memory(diag);
    return STATUS_OK;
}

int trace_error(const struct trace *trace, unsigned line, const char *field, struct diag *diag,
                const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return diag_set(diag, STATUS_DATA, trace->file, line, field, "%s", text);
}

static int unknown_format(const struct trace *trace, struct diag *diag)
{
    const struct trace_reader *const lists[] = {trace_readers_json, trace_readers_text};
    char known[1024] = "";
    for (size_t l = 0; l < 2; l++) {
        for (const struct trace_reader *reader = lists[l]; reader->format != NULL; reader++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "",
                     reader->description);
        }
    }
    return diag_set(diag, STATUS_DATA, trace->file, 0, NULL,
                    "is none of the formats that are known: %s", known);
}

int trace_parse(struct trace *trace, const char *file, const char *text, size_t length,
                struct diag *diag)
{
    const struct trace_reader *const lists[] = {trace_readers_json, trace_readers_text};
    const struct trace_reader *best = NULL;
    double likely = 0;
    *trace = (struct trace){.hash = hash_of(text, length)};
    snprintf(trace->file, sizeof trace->file, "%s", file);
    for (size_t l = 0; l < 2; l++) {
        for (const struct trace_reader *reader = lists[l]; reader->format != NULL; reader++) {
            double here = reader->recognise(text, length);
            if (here > likely) {
                likely = here;
                best = reader;
            }
        }
    }
    if (best == NULL)
        return unknown_format(trace, diag);
    trace->format = best->format;
    return best->read(trace, text, length, diag);
}

int trace_read(struct trace *trace, const char *path, struct diag *diag)
{
    char *text;
    size_t length;
    *trace = (struct trace){.hash = 0};
    int status = text_read_file(path, &text, &length, diag);
    if (status != STATUS_OK)
        return status;
    status = trace_parse(trace, path, text, length, diag);
    free(text);
    return status;
}

void trace_free(struct trace *trace)
{
    for (size_t i = 0; i < trace->series_count; i++)
        free(trace->series[i].points);
    for (size_t i = 0; i < trace->distribution_count; i++)
        free(trace->distributions[i].cells);
    for (size_t i = 0; i < trace->flag_count; i++)
        free(trace->flags[i]);
    free(trace->series);
    free(trace->slots);
    free(trace->distributions);
    free(trace->tags);
    free(trace->flags);
    *trace = (struct trace){.hash = 0};
}
