/*
 * Names of event types for profiles and logs. The type of an event is its callback; that of a
 * resumption is the body of the process. Types are numbered in the order in which they are first
 * named or seen, which is the same in every run.
 */
#ifndef SIM_ENGINE_EVENT_TYPES_H
#define SIM_ENGINE_EVENT_TYPES_H

#include <stdint.h>

/* A callback or a process body, compared but never called. */
typedef void (*event_function)(void);

struct event_type {
    event_function fn;
    const char *name;
};

struct event_types {
    struct event_type *type;
    uint32_t count;
    /* Below: private to event_types.c. */
    uint32_t *index; /* open addressing: type number + 1, or 0 */
    uint32_t index_size;
};

/* All zero is an empty table. */
void event_types_free(struct event_types *types);

#define EVENT_TYPE_NO_MEMORY UINT32_MAX

/* Names a callback or process body (cast to event_function); `name` must outlive the table. */
uint32_t event_type_name(struct event_types *types, event_function fn, const char *name);

/* The number of a function's type, new and called "event" if it is not known yet. */
uint32_t event_type_find(struct event_types *types, event_function fn);

#endif
