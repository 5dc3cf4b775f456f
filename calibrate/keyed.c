#include "calibrate/keyed.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void keyed_init(struct keyed *lines, const char *text, size_t length)
{
    *lines = (struct keyed){.at = text, .end = text + length};
}

/* The line at *at without spaces at both ends; moves on to the next. */
static const char *trimmed(const char **at, const char *end, size_t *length)
{
    const char *start = *at;
    const char *stop = memchr(start, '\n', (size_t)(end - start));
    *at = stop != NULL ? stop + 1 : end;
    stop = stop != NULL ? stop : end;
    while (start < stop && isspace((unsigned char)*start))
        start++;
    while (stop > start && isspace((unsigned char)stop[-1]))
        stop--;
    *length = (size_t)(stop - start);
    return start;
}

int keyed_next(struct keyed *lines, const struct trace *trace, struct diag *diag)
{
    size_t length = 0;
    const char *start = NULL;
    while (lines->at < lines->end && length == 0) {
        start = trimmed(&lines->at, lines->end, &length);
        lines->number++;
    }
    if (length == 0)
        return 0;
    if (length >= sizeof lines->text)
        return trace_error(trace, lines->number, NULL, diag, "longer than %zu bytes",
                           sizeof lines->text - 1);
    if (memchr(start, '\0', length) != NULL)
        return trace_error(trace, lines->number, NULL, diag, "a NUL byte in the text");
    memcpy(lines->text, start, length);
    lines->text[length] = '\0';
    return 1;
}

const char *keyed_split(struct keyed *lines, char separator)
{
    const char *found = strchr(lines->text, separator);
    if (found == NULL)
        return NULL;
    snprintf(lines->field, sizeof lines->field, "%.*s", (int)(found - lines->text), lines->text);
    found++;
    while (isspace((unsigned char)*found))
        found++;
    return found;
}

bool keyed_start_with(const char *text, size_t length, const char *start)
{
    const char *at = text;
    size_t found = 0;
    const char *line = text;
    while (at < text + length && found == 0)
        line = trimmed(&at, text + length, &found);
    return found >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

int trace_put_at(struct trace *trace, const struct trace_axis *axis, const char *unit, double value,
                 struct diag *diag, const char *name, ...)
{
    char full[TRACE_NAME];
    if (isnan(value))
        return STATUS_OK;
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(full, sizeof full, name, arguments);
    va_end(arguments);
    struct trace_point point = {
        .x = axis->x, .value = value, .weight = axis->weight, .line = axis->line};
    return trace_add_point(trace, full, unit, axis->name, point, diag);
}

int trace_tag_number(struct trace *trace, const char *name, double value, struct diag *diag)
{
    char text[32];
    if (isnan(value))
        return STATUS_OK;
    snprintf(text, sizeof text, "%.15g", value);
    return trace_set_tag(trace, name, text, diag);
}

int trace_tag_text(struct trace *trace, const char *name, const char *value, struct diag *diag)
{
    return value == NULL ? STATUS_OK : trace_set_tag(trace, name, value, diag);
}

int trace_cell_order(const void *a, const void *b)
{
    const struct trace_cell *left = a;
    const struct trace_cell *right = b;
    return left->low < right->low ? -1 : left->low > right->low;
}
