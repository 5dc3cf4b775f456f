/* Who computes a study: threads that take batches from a desk and leave their rows there. The desk
 * is the study's own (sim/sweep_run.c), or on another rank what stands for it (sim/mpi/serve.c). */
#ifndef SIM_CREW_H
#define SIM_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/diag.h"
#include "sim/sweep.h"

/* A batch that was computed. */
struct batch {
    uint64_t number;
    int status; /* STATUS_OK, SWEEP_CANCELLED (cut off), or what `diag` tells */
    char *text; /* its rows, to be freed; NULL unless status is STATUS_OK */
    size_t length;
    struct diag diag;
};

/* All are called by several threads at once; the last two are asked by rank 0 alone. */
struct desk {
    void *context;
    bool (*take)(void *context, uint64_t *batch);   /* false: there are none left */
    void (*put)(void *context, struct batch *done); /* whose text it takes over */
    uint64_t (*left)(void *context);                /* batches that nobody has taken yet */
    bool (*ended)(void *context);                   /* by an error, or cancelled */
};

/* Computes until the desk has no more; `threads` 0: one for each CPU. */
void crew_work(const struct sweep *sweep, unsigned threads, const struct desk *desk);

#endif
