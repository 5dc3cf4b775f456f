/* From an error text to the limits that speak like it. */
#ifndef MODEL_DIAGNOSE_H
#define MODEL_DIAGNOSE_H

#include "model/catalog.h"

struct diagnosis {
    const struct limit *limit; /* one row of the limit */
    double score;              /* > 0; comparable within one text only */
};

/* Ranks limits by how much of the text's words and pairs of neighbouring words stand in one phrase
 * of the limit's symptoms, or, counting less, in its name, description or remedy. A word weighs
 * ln(1 + N/n)^2 when n of the N limits use it (inverse document frequency, Sparck Jones 1972);
 * long phrases are normed by the root of their length. Fills out with at most room diagnoses, best
 * first, each limit once; returns how many, or STATUS_MEMORY. */
int diagnose(const struct catalog *catalog, const char *text, struct diagnosis *out, int room,
             struct diag *diag);

#endif
