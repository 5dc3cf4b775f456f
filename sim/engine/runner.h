/*
 * Independent replications over threads, with results that are the same bytes at any number of
 * threads.
 *
 * Workers claim replication numbers in ascending order and write each result into a slot of its
 * own. Results are merged strictly in replication order, one at a time, by whichever worker
 * completes the next one due; so sums are rounded in one order only. The stopping rule is asked
 * after every `batch` merged replications and nowhere else; results beyond the stop are thrown
 * away. There is no barrier: no worker waits unless it is a whole window ahead of the slowest.
 *
 *     merged | done, waiting for a lower one | running | not claimed
 *     0 .... m ......................................... n ........ most
 *                  <- at most `window` slots ->
 *
 * What a replication computes must depend on its number alone (seed its streams with it), never on
 * the worker or on earlier results.
 */
#ifndef SIM_ENGINE_RUNNER_H
#define SIM_ENGINE_RUNNER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum runner_status {
    RUNNER_OK = 0,
    RUNNER_FAILED = -1,    /* a replication failed; see struct runner_report */
    RUNNER_CANCELLED = -2, /* the flag was raised; what was merged is a whole prefix */
    RUNNER_NO_MEMORY = -3,
};

struct runner {
    uint64_t most;       /* replications, unless `enough` stops earlier */
    uint64_t batch;      /* ask `enough` after this many merges; >= 1 */
    unsigned threads;    /* 0: as many as OpenMP would use */
    size_t result_bytes; /* size of one result */
    /*
     * Raise it (from a signal handler, say) to stop: no replication is claimed any more. A long
     * one should look at the flag too and return RUNNER_CANCELLED. NULL: cannot be cancelled.
     */
    const atomic_int *cancel;
    void *context; /* handed to the functions below */

    /*
     * Run one replication and fill *result (zeroed; aligned to a cache line). Called on several
     * threads at once, never twice at once with the same worker, 0 <= worker < threads: scratch
     * memory may be kept per worker. Returns 0 or a negative code.
     */
    int (*run)(void *context, uint64_t replication, unsigned worker, void *result);

    /* Add a result to the totals. Called in replication order, never twice at once. */
    void (*merge)(void *context, uint64_t replication, const void *result);

    /* Whether the merged results suffice; same guarantee as merge. NULL: run `most`. */
    int (*enough)(void *context, uint64_t merged);

    /* After each merge; same guarantee; keep it short. NULL: silent. */
    void (*progress)(void *context, uint64_t merged, uint64_t most);
};

struct runner_report {
    uint64_t merged;  /* replications 0 .. merged-1 are in the totals */
    uint64_t failed;  /* RUNNER_FAILED: the lowest replication that failed */
    int error;        /* and what its run returned */
    unsigned threads; /* used */
};

/*
 * Returns an enum runner_status; *report is filled in every case. After a failure or cancellation
 * all replications below the failed one that were claimed have been merged.
 */
int runner_run(const struct runner *runner, struct runner_report *report);

#endif
