/* Names of event types. See event_types.h. */
#include "sim/engine/event_types.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint32_t *find_cell(const struct event_types *types, event_function fn)
{
    uint32_t mask = types->index_size - 1;
    uint32_t at = (uint32_t)((uint64_t)(uintptr_t)fn * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    for (at &= mask; types->index[at]; at = (at + 1) & mask) {
        if (types->type[types->index[at] - 1].fn == fn)
            break;
    }
    return &types->index[at];
}

/* Doubles the table; at most half of the index is ever used. */
static bool grow(struct event_types *types)
{
    uint32_t size = types->index_size ? 2 * types->index_size : 32;
    struct event_type *type = realloc(types->type, size / 2 * sizeof *type);
    if (!type)
        return false;
    types->type = type;
    uint32_t *index = calloc(size, sizeof *index);
    if (!index)
        return false;
    free(types->index);
    types->index = index;
    types->index_size = size;
    for (uint32_t i = 0; i < types->count; i++)
        *find_cell(types, types->type[i].fn) = i + 1;
    return true;
}

void event_types_free(struct event_types *types)
{
    free(types->type);
    free(types->index);
    memset(types, 0, sizeof *types);
}

uint32_t event_type_find(struct event_types *types, event_function fn)
{
    if (types->count == types->index_size / 2 && !grow(types))
        return EVENT_TYPE_NO_MEMORY;
    uint32_t *cell = find_cell(types, fn);
    if (*cell == 0) {
        types->type[types->count] = (struct event_type){fn, "event"};
        *cell = ++types->count;
    }
    return *cell - 1;
}

uint32_t event_type_name(struct event_types *types, event_function fn, const char *name)
{
    uint32_t number = event_type_find(types, fn);
    if (number != EVENT_TYPE_NO_MEMORY)
        types->type[number].name = name;
    return number;
}
