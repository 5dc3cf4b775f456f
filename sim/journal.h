/* The journal of a long study: results of its batches, so that what was computed before a crash is
 * not computed again. One line that names the study, then records only ever appended, each with its
 * checksum:
 *
 *     "scalesim-journal 1 VERSION STUDY BATCHES\n"
 *     { magic u32, length u32, batch u64, checksum u64, length bytes }*       (little endian)
 *
 * What is appended outlives the program at once, and the machine a little later: a thread of the
 * journal's flushes to disk, as often as the disk can, so that whoever computes need not wait for
 * it. A record cut off by a crash, and whatever follows a record that does not check, is dropped.
 * For several threads at once, not for several processes (it is locked). */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/diag.h"

struct journal {
    const char *path; /* the caller's */
    int file;         /* -1: not open */
    uint64_t batches;
    uint64_t *place;        /* where a batch's record begins; 0: not there */
    uint64_t end;           /* of the last good record */
    uint64_t held;          /* batches that are there */
    uint64_t dropped_bytes; /* of a torn tail, at journal_open */
    /* below: of the thread that flushes */
    pthread_t flusher;
    pthread_mutex_t lock; /* of all that changes after journal_open */
    pthread_cond_t moved;
    bool flushes, closing;
    uint64_t flushed; /* bytes on disk */
    int flush_error;  /* errno; 0: none */
};

/* A 64-bit FNV-1a hash of bytes, continued from `hash` (journal_hash_start at first). */
extern const uint64_t journal_hash_start;
uint64_t journal_hash(uint64_t hash, const void *bytes, size_t length);

/* Creates the journal of a study, or with `resume` opens it if there is one. Errors: one that is
 * there without `resume`, of another study or version, or in use. The caller ends with
 * journal_close, also after an error. */
int journal_open(struct journal *journal, const char *path, uint64_t study, uint64_t batches,
                 bool resume, struct diag *diag);
void journal_close(struct journal *journal);
void journal_remove(const struct journal *journal); /* of a study that is finished */

bool journal_has(const struct journal *journal, uint64_t batch);

/* Adds a batch. Errors: of this, or of flushing earlier ones. */
int journal_append(struct journal *journal, uint64_t batch, const char *bytes, size_t length,
                   struct diag *diag);

/* Waits until all is on disk. */
int journal_flush(struct journal *journal, struct diag *diag);

/* Reads a batch that is there into *bytes, which the caller frees. */
int journal_read(struct journal *journal, uint64_t batch, char **bytes, size_t *length,
                 struct diag *diag);

#endif
