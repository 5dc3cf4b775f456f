#include "calibrate/json_node.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "calibrate/keyed.h"

static const char *type_name(json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_NULL:
        return "null";
    default:
        return "true or false";
    }
}

static unsigned line_at(const char *text, size_t at)
{
    unsigned line = 1;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

int json_open(struct json_node *root, struct trace *trace, const char *text, size_t length,
              size_t *at, struct diag *diag)
{
    json_error_t error;
    *root = (struct json_node){.trace = trace, .diag = diag};
    root->value = json_loadb(text + *at, length - *at,
                             JSON_DISABLE_EOF_CHECK | JSON_DECODE_INT_AS_REAL, &error);
    if (root->value == NULL) {
        unsigned within = error.line > 0 ? (unsigned)error.line - 1 : 0;
        return trace_error(trace, line_at(text, *at) + within, NULL, diag,
                           "not valid JSON, or cut off: %s", error.text);
    }
    *at += (size_t)error.position;
    return STATUS_OK;
}

int json_open_whole(struct json_node *root, struct trace *trace, const char *text, size_t length,
                    struct diag *diag)
{
    size_t at = 0;
    int status = json_open(root, trace, text, length, &at, diag);
    while (at < length && isspace((unsigned char)text[at]))
        at++;
    if (status == STATUS_OK && at < length)
        status = trace_error(trace, line_at(text, at), NULL, diag,
                             "text after the end of the JSON document");
    return status;
}

void json_close(struct json_node *root)
{
    json_decref(root->value);
    root->value = NULL;
}

/* Writes the path of a node; returns its length. */
static size_t write_path(const struct json_node *node, char *out, size_t size)
{
    if (node->up == NULL)
        return 0;
    size_t used = write_path(node->up, out, size);
    if (used >= size)
        return used;
    int wrote = node->key != NULL
                    ? snprintf(out + used, size - used, "%s%s", used > 0 ? "." : "", node->key)
                    : snprintf(out + used, size - used, "[%zu]", node->index);
    return used + (size_t)wrote;
}

int json_fail(const struct json_node *node, const char *key, const char *format, ...)
{
    char path[256] = "";
    char text[512];
    struct json_node member = {.up = node, .key = key};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = write_path(key != NULL ? &member : node, path, sizeof path);
    /* The end of a path that is too long for a diag says more than its start. */
    size_t room = sizeof node->diag->column - 1;
    const char *shown = length > room && length < sizeof path ? path + length - room : path;
    return trace_error(node->trace, 0, shown, node->diag, "%s", text);
}

static int check_type(const struct json_node *node, json_type type)
{
    bool number = type == JSON_REAL && json_is_number(node->value);
    if (number || json_typeof(node->value) == type)
        return STATUS_OK;
    return json_fail(node, NULL, "is %s; expected %s", type_name(json_typeof(node->value)),
                     type_name(type));
}

int json_member(const struct json_node *up, const char *key, json_type type, enum json_need need,
                struct json_node *member)
{
    *member = (struct json_node){.trace = up->trace, .diag = up->diag, .up = up, .key = key};
    member->value = json_object_get(up->value, key);
    if (json_is_null(member->value))
        member->value = NULL;
    if (member->value != NULL)
        return check_type(member, type);
    if (need == JSON_OPTIONAL)
        return STATUS_OK;
    return json_fail(up, key, "is missing; expected %s", type_name(type));
}

int json_element(const struct json_node *array, size_t index, json_type type,
                 struct json_node *element)
{
    *element =
        (struct json_node){.trace = array->trace, .diag = array->diag, .up = array, .index = index};
    element->value = json_array_get(array->value, index);
    return check_type(element, type);
}

int json_figure(const struct json_node *up, const char *key, enum json_need need, double *value)
{
    struct json_node member;
    *value = NAN;
    int status = json_member(up, key, JSON_REAL, need, &member);
    if (status != STATUS_OK || member.value == NULL)
        return status;
    double number = json_number_value(member.value);
    if (!(number >= 0 && number <= TRACE_FIGURE_MAX))
        return json_fail(&member, NULL, "is %g; expected a number from 0 to 2^64", number);
    *value = number;
    return STATUS_OK;
}

const char *json_word(const struct json_node *up, const char *key)
{
    return json_string_value(json_object_get(up->value, key));
}

/* Behind the colon that follows a key, or NULL: the string was a value. */
static const char *behind_colon(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    if (at >= end || *at != ':')
        return NULL;
    at++;
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at;
}

const char *json_find_key(const char *text, size_t length, const char *key, unsigned depth)
{
    const char *end = text + length;
    size_t key_length = strlen(key);
    unsigned here = 0;
    for (const char *at = text; at < end; at++) {
        if (*at == '{' || *at == '[')
            here++;
        else if ((*at == '}' || *at == ']') && here > 0)
            here--;
        if (*at != '"')
            continue;
        const char *name = ++at;
        while (at < end && *at != '"')
            at += *at == '\\' && end - at > 1 ? 2 : 1;
        if (at >= end)
            return NULL;
        const char *value = behind_colon(at + 1, end);
        if (value != NULL && here == depth && (size_t)(at - name) == key_length &&
            memcmp(name, key, key_length) == 0)
            return value;
    }
    return NULL;
}

size_t json_start(const char *text, size_t length)
{
    const char *first = memchr(text, '{', length);
    if (first == NULL)
        return length;
    for (const char *at = first; at != NULL;
         at = memchr(at + 1, '{', length - (size_t)(at + 1 - text))) {
        if (at == text || at[-1] == '\n')
            return (size_t)(at - text);
    }
    return (size_t)(first - text);
}
