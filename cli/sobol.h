/* Sensitivity of a study's outcomes to its inputs, from its rows. */
#ifndef CLI_SOBOL_H
#define CLI_SOBOL_H

#include "cli/cli.h"
#include "sim/sobol.h"
#include "sim/sweep.h"

struct outcome_indices {
    const char *name;
    size_t column;  /* of the rows */
    double *values; /* by cell; NAN: the cell has none */
    struct sobol_index index[AXES_MAX];
    size_t used; /* points */
};

/* Outcomes: the most that works, and of what is simulated the metrics and knees. */
struct sensitivity {
    const struct sweep *sweep;
    struct outcome_indices outcome[METRIC_COUNT + 2];
    size_t outcomes;
    bool header; /* has been seen */
    uint64_t cells;
};

/* The caller ends with sensitivity_close, also after an error. */
int sensitivity_open(struct sensitivity *sensitivity, const struct sweep *sweep, struct diag *diag);
void sensitivity_close(struct sensitivity *sensitivity);

/* A take_line of the study's CSV. */
int sensitivity_take(void *context, const char *line, size_t length);

/* From rows to indices, once all rows are in; leaves the outcomes that some cell has. */
int sensitivity_find(struct sensitivity *sensitivity, uint64_t seed, unsigned threads,
                     struct diag *diag);

/* As rows, a line an outcome and input, and as a table for people on stdout. */
void sensitivity_rows(const struct sensitivity *sensitivity, enum format format, FILE *out);
int sensitivity_print(const struct sensitivity *sensitivity);

#endif
