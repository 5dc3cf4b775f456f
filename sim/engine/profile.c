/* Executions and time by type of event. See profile.h. */
#include "sim/engine/profile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void profile_init(struct profile *profile, struct event_types *types)
{
    memset(profile, 0, sizeof *profile);
    profile->types = types;
}

void profile_free(struct profile *profile)
{
    free(profile->row);
    memset(profile, 0, sizeof *profile);
}

struct profile_row profile_row(const struct profile *profile, uint32_t type)
{
    return type < profile->rows ? profile->row[type] : (struct profile_row){0};
}

void profile_begin(struct profile *profile)
{
    profile->last_ns = clock_ns();
}

static bool grow(struct profile *profile, uint32_t type)
{
    uint32_t rows = 2 * type + 16;
    struct profile_row *row = realloc(profile->row, rows * sizeof *row);
    if (!row)
        return false;
    memset(row + profile->rows, 0, (rows - profile->rows) * sizeof *row);
    profile->row = row;
    profile->rows = rows;
    return true;
}

/* The row of a function's type, or NULL without memory for a new one: its events then go
 * uncounted, and the run itself is not harmed. */
static struct profile_row *find_row(struct profile *profile, event_function fn)
{
    uint32_t type = event_type_find(profile->types, fn);
    if (type == EVENT_TYPE_NO_MEMORY || (type >= profile->rows && !grow(profile, type)))
        return NULL;
    return &profile->row[type];
}

void profile_count(struct profile *profile, event_function fn)
{
    uint64_t now_ns = clock_ns();
    uint64_t spent_ns = now_ns - profile->last_ns;
    profile->last_ns = now_ns;
    struct profile_row *row = find_row(profile, fn);
    if (!row)
        return;
    row->events++;
    row->ns += spent_ns;
}

void profile_merge(struct profile *into, const struct profile *from)
{
    for (uint32_t type = 0; type < from->types->count; type++) {
        struct profile_row added = profile_row(from, type);
        struct profile_row *row = find_row(into, from->types->type[type].fn);
        if (!row)
            continue;
        row->events += added.events;
        row->ns += added.ns;
    }
}
