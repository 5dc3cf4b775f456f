/* Small things about words: the nearest valid name, sizes with suffixes, reading a file whole. */
#ifndef MODEL_TEXT_H
#define MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diag.h"

/* Keeps the nearest candidate to one word by Levenshtein distance, case ignored. */
struct text_nearest {
    const char *word;
    const char *best; /* NULL until something is near enough to be worth naming */
    size_t distance;
};

void text_nearest_init(struct text_nearest *nearest, const char *word);
void text_nearest_offer(struct text_nearest *nearest, const char *candidate);

/* Parses "4096", "1G", "1.5TiB", "128M": binary suffixes K M G T P, optional "iB" or "B".
 * Returns false when text is not a size or is negative. */
bool text_parse_size(const char *text, double *bytes);

/* Parses a plain finite decimal number that fills the whole text. */
bool text_parse_number(const char *text, double *number);

/* Reads path whole into *text (NUL-terminated, owned by the caller) and *length.
 * Errors: STATUS_IO, STATUS_MEMORY. */
int text_read_file(const char *path, char **text, size_t *length, struct diag *diag);

/* Writes a quantity for people: 1 023, 16 384 or, for unit "bytes", 2 TiB. */
void text_seconds(char *out, size_t size, double seconds);
void text_quantity(char *out, size_t size, double value, const char *unit);

#endif
