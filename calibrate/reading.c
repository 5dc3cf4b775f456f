#include "calibrate/reading.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

enum { LONGEST_NUMBER = 64 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

bool span_field(struct span *rest, char separator, struct span *field)
{
    if (rest->at == NULL)
        return false;
    const char *end = rest->length > 0 ? memchr(rest->at, separator, rest->length) : NULL;
    *field = *rest;
    if (end == NULL) {
        *rest = (struct span){NULL, 0};
    } else {
        field->length = (size_t)(end - rest->at);
        *rest = (struct span){end + 1, rest->length - field->length - 1};
    }
    return true;
}

bool span_line(struct span *rest, struct span *line)
{
    if (rest->length == 0 || !span_field(rest, '\n', line))
        return false;
    if (line->length > 0 && line->at[line->length - 1] == '\r')
        line->length--;
    return true;
}

bool span_word(struct span *rest, struct span *word)
{
    size_t start = 0;
    while (start < rest->length && is_blank(rest->at[start]))
        start++;
    size_t end = start;
    while (end < rest->length && !is_blank(rest->at[end]))
        end++;
    if (end == start)
        return false;
    *word = (struct span){rest->at + start, end - start};
    *rest = (struct span){rest->at + end, rest->length - end};
    return true;
}

struct span span_trim(struct span span)
{
    while (span.length > 0 && is_blank(span.at[0])) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.at[span.length - 1]))
        span.length--;
    return span;
}

bool span_starts(struct span span, const char *text)
{
    size_t length = strlen(text);
    return span.length >= length && memcmp(span.at, text, length) == 0;
}

bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && span_starts(span, text);
}

bool span_ends(struct span span, const char *text)
{
    size_t length = strlen(text);
    return span.length >= length && memcmp(span.at + span.length - length, text, length) == 0;
}

const char *span_find(struct span span, const char *text)
{
    return span.length > 0 ? memmem(span.at, span.length, text, strlen(text)) : NULL;
}

struct span span_from(struct span span, const char *place)
{
    return (struct span){place, span.length - (size_t)(place - span.at)};
}

size_t span_words(struct span span)
{
    size_t count = 0;
    for (struct span word; span_word(&span, &word);)
        count++;
    return count;
}

bool span_number(struct span span, double *number)
{
    char text[LONGEST_NUMBER];
    if (span.length == 0 || span.length >= sizeof text)
        return false;
    for (size_t i = 0; i < span.length; i++) {
        if (strchr("0123456789.eE+-", span.at[i]) == NULL || span.at[i] == '\0')
            return false;
    }
    memcpy(text, span.at, span.length);
    text[span.length] = '\0';
    /* Factors and quotients must stay finite. */
    return text_parse_number(text, number) && *number < 1e300 && *number > -1e300;
}

bool span_count(struct span span, double *count)
{
    return span_number(span, count) && *count >= 0;
}

void span_copy(char *out, size_t size, struct span span)
{
    size_t length = span.length < size ? span.length : size - 1;
    for (size_t i = 0; i < length; i++)
        out[i] = isprint((unsigned char)span.at[i]) ? span.at[i] : '?';
    out[length] = '\0';
}

struct lines lines_of(const char *text, size_t length)
{
    return (struct lines){.rest = {text, length}};
}

bool lines_next(struct lines *lines)
{
    if (!span_line(&lines->rest, &lines->line))
        return false;
    lines->number++;
    return true;
}

bool text_has_line(const char *text, size_t length, unsigned most, const char *const *texts)
{
    struct lines lines = lines_of(text, length);
    while (lines.number < most && lines_next(&lines)) {
        const char *const *wanted = texts;
        while (*wanted != NULL && span_find(lines.line, *wanted) != NULL)
            wanted++;
        if (*wanted == NULL)
            return true;
    }
    return false;
}

void trace_name(char out[TRACE_NAME], const char *format, ...)
{
    char whole[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(whole, sizeof whole, format, arguments);
    va_end(arguments);
    span_copy(out, TRACE_NAME, (struct span){whole, strlen(whole)});
    if (length < TRACE_NAME)
        return;
    uint32_t hash = UINT32_C(2166136261); /* Fowler, Noll and Vo, 32 bits, variant 1a */
    for (const char *c = whole; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT32_C(16777619);
    snprintf(out + TRACE_NAME - 10, 10, "~%08x", hash);
}

int trace_put(struct trace *trace, const char *name, const char *unit, double value, double weight,
              unsigned line, struct diag *diag)
{
    const struct trace_series *series = trace_find(trace, name);
    struct trace_point point = {.x = series != NULL ? (double)series->count : 0,
                                .value = value,
                                .weight = weight,
                                .line = line};
    return trace_add_point(trace, name, unit, "snapshot", point, diag);
}

int trace_put_bin(struct trace *trace, const char *name, double low, double high, double count,
                  struct diag *diag)
{
    return trace_add_cell(trace, name, "s", TRACE_BINS, (struct trace_cell){low, high, count},
                          diag);
}

static int by_low(const void *a, const void *b)
{
    const struct trace_cell *x = a, *y = b;
    return (x->low > y->low) - (x->low < y->low);
}

void trace_settle(struct trace *trace)
{
    for (size_t i = 0; i < trace->distribution_count; i++) {
        struct trace_distribution *one = &trace->distributions[i];
        size_t kept = 0;
        qsort(one->cells, one->count, sizeof *one->cells, by_low);
        for (size_t j = 0; j < one->count; j++) {
            struct trace_cell cell = one->cells[j];
            if (kept > 0 && one->cells[kept - 1].low == cell.low &&
                one->cells[kept - 1].high == cell.high)
                one->cells[kept - 1].weight += cell.weight;
            else if (cell.weight > 0)
                one->cells[kept++] = cell;
        }
        one->count = kept;
    }
}

int trace_check_mean(struct trace *trace, unsigned line, const char *what, double mean,
                     double least, double most, double rounding, struct diag *diag)
{
    if (mean >= least - rounding && mean <= most + rounding)
        return STATUS_OK;
    return trace_flag(trace, diag,
                      "line %u: mean %s of %g s lies outside its min and max, %g..%g s", line, what,
                      mean, least, most);
}

int trace_table(struct trace *trace, struct table *table, const char *text, size_t length,
                struct diag *diag)
{
    bool quoted = false, comment = false;
    *table = (struct table){.file = NULL};
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (!quoted && (i == 0 || text[i - 1] == '\n'))
            comment = text[i] == '#';
        if (!comment && text[i] == '"')
            quoted = !quoted;
        if (!comment || text[i] == '\n')
            copy[used++] = text[i]; /* an empty line keeps the count of lines */
    }
    int status = table_parse(table, trace->file, copy, used, diag);
    free(copy);
    return status;
}
