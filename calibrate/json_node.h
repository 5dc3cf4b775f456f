/* JSON as readers of traces meet it: values that know the path they were found at, so that an
 * error names it (jobs[0].read.iops). Nodes live on the reader's stack, the document until
 * json_close. A null counts as absent. Numbers are doubles: counters up to 2^64 occur. */
#ifndef CALIBRATE_JSON_NODE_H
#define CALIBRATE_JSON_NODE_H

#include <jansson.h>

#include "calibrate/trace.h"

struct json_node {
    struct trace *trace;
    struct diag *diag;
    const struct json_node *up; /* NULL: the document */
    const char *key;            /* NULL: an element of an array */
    size_t index;
    json_t *value; /* NULL: absent */
};

enum json_need { JSON_OPTIONAL, JSON_REQUIRED };

/* Parses the document that starts at text + *at and moves *at behind it. Ends with json_close, also
 * after an error. */
int json_open(struct json_node *root, struct trace *trace, const char *text, size_t length,
              size_t *at, struct diag *diag);
void json_close(struct json_node *root);

/* The document that the whole text is. */
int json_open_whole(struct json_node *root, struct trace *trace, const char *text, size_t length,
                    struct diag *diag);

/* STATUS_DATA with file and path; key may be NULL (the node itself). */
int json_fail(const struct json_node *node, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A member or element of a type (JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_REAL). */
int json_member(const struct json_node *up, const char *key, json_type type, enum json_need need,
                struct json_node *member);
int json_element(const struct json_node *array, size_t index, json_type type,
                 struct json_node *element);

/* A figure: a number from 0 to 2^64; NAN when absent. */
int json_figure(const struct json_node *up, const char *key, enum json_need need, double *value);

/* A string, or NULL when there is none of that name. */
const char *json_word(const struct json_node *up, const char *key);

/* For recognition, which must not cost a parse and must take a document that is cut off: the text
 * behind "key": at this depth (1: a member of the outermost object), or NULL. json_start is where
 * the document starts: the first brace that opens a line, or else the first at all. */
const char *json_find_key(const char *text, size_t length, const char *key, unsigned depth);
size_t json_start(const char *text, size_t length);

#endif
