/* The programs that share a study: under MPI (sim/mpi/, linked into scalesim-mpi) rank 0
 * hands out batches to itself and to the others, and has the output and the journal; without it
 * (sim/ranks_alone.c) there is rank 0 only. */
#ifndef SIM_RANKS_H
#define SIM_RANKS_H

#include "model/diag.h"
#include "sim/crew.h"
#include "sim/sweep.h"

struct ranks {
    int rank, count;  /* this one, of so many */
    unsigned threads; /* of each, unless the command line says; 0: one for each CPU */
    int kept[2];      /* stdout and stderr, when hushed */
    bool hushed;
    bool dismissed;    /* the others */
    struct post *post; /* NULL: none of theirs is under way */
};

/* Before anything else in main, which may end by exit(). Every rank has the same arguments. */
int ranks_join(struct ranks *ranks, int *count, char ***values, struct diag *diag);

/* In between, the others say nothing: rank 0 says the same. */
void ranks_hush(struct ranks *ranks);
void ranks_speak(struct ranks *ranks);

/* On rank 0: hands out what is on the desk to the others, which have `threads` each, beside the
 * caller, who works there too; ranks_finish waits until theirs is done. */
int ranks_begin(struct ranks *ranks, const struct sweep *sweep, unsigned threads,
                const struct desk *desk, struct diag *diag);
void ranks_finish(struct ranks *ranks);

/* On rank 0, in any case: the others end, if they have not yet. */
void ranks_dismiss(struct ranks *ranks);

/* On the others: computes what rank 0 hands out until it dismisses this one. `status` and `diag`:
 * whether the study could be opened here, which rank 0 tells. */
void ranks_serve(struct sweep *sweep, unsigned threads, int status, const struct diag *diag);

#endif
