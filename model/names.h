/* A dictionary of names to small numbers, on glibc's hsearch_r. */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include <search.h>
#include <stdbool.h>
#include <stddef.h>

struct names {
    struct hsearch_data table;
};

/* Makes room for that many names; false when out of memory. The caller ends with names_free, which
 * a zeroed struct survives too. */
bool names_init(struct names *names, size_t capacity);
void names_free(struct names *names);

/* Adds a name (kept by reference) unless it is there already; returns the number it has now. */
int names_add(struct names *names, const char *name, int number);

/* The name's number, or -1. */
int names_find(const struct names *names, const char *name);

#endif
