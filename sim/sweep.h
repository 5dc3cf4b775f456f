/* A study: every combination of the values of its axes (sim/axis.h), answered by the model and, if
 * asked for, by simulation. Cells are numbered with the last axis fastest, and cut into batches
 * whose size depends on the study alone. A batch's rows are text that depends on nothing but the
 * batch: neither on the thread that computes it nor on what that has done before. So output is the
 * same bytes at any number of threads, from shards put together, and after a resume.
 *
 * What makes cells cheap: a thread keeps one model bound to the axes that change the binding (host,
 * versions, limits), in which options move (model_move); the order within a batch is such that what
 * changes least is outermost. A request that only goes further along the ramp keeps its answer. */
#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include <stdint.h>
#include <stdio.h>

#include "model/catalog.h"
#include "model/predict.h"
#include "sim/answer.h"
#include "sim/axis.h"
#include "sim/journal.h"

enum row_format { ROWS_CSV, ROWS_JSONL };

struct sweep {
    const struct catalog *catalog;
    const struct overlay *overlay;
    struct scenario *start; /* before any setting */
    struct axes settings;   /* all; those of more than one value are the axes */
    const struct axis *axis[AXES_MAX];
    bool moves[AXES_MAX]; /* the axis needs no new binding */
    bool rebinds;         /* every cell is a binding, of the same expressions */
    size_t axes;
    int free_option[FREE_MAX];
    size_t free_count;
    uint64_t points; /* of axes that are drawn (sim/design.h); 0: every combination */
    uint64_t cells, batches, batch_cells;
    enum row_format format;
    bool simulate, knees;       /* knees: look for them in every simulated cell */
    bool strict;                /* an invalid cell is an error */
    struct run_rules rules;     /* of simulations, each on one thread */
    const enum metric *metrics; /* that rows tell, with their half-widths */
    size_t metric_count;
};

/* One cell's answer. */
struct cell {
    double requested;
    enum verdict verdict;
    struct firsts firsts;
    const struct limit *limit, *slow; /* first fatal; first of all if that is another; or NULL */
    double demand, capacity;          /* of the first fatal one at the request */
    struct answer *answer;            /* simulated; NULL: not */
    const char *invalid;              /* why it makes no scenario; NULL: it does */
};

/* What a thread keeps between cells. */
struct sweep_worker;

/* Prepares a study of `start` changed by `settings`, which the study takes over. The catalogue, the
 * overlay and start must outlive it; set simulate, rules and metrics before. Errors: a name or a
 * value that no cell could take, too many axes. The caller ends with sweep_close, also after an
 * error. */
int sweep_open(struct sweep *sweep, struct axes *settings, struct diag *diag);
void sweep_close(struct sweep *sweep);

/* A hash of all that the rows depend on. */
uint64_t sweep_identity(const struct sweep *sweep);

/* The index into axis `axis` of a cell. */
size_t sweep_index(const struct sweep *sweep, uint64_t cell, size_t axis);

int sweep_worker_new(struct sweep_worker **worker, const struct sweep *sweep, struct diag *diag);
void sweep_worker_free(struct sweep_worker *worker);

/* Answers a cell; one that makes no scenario is an answer, too, unless the study is strict: then it
 * is an error, named by its values. */
int sweep_cell(struct sweep_worker *worker, uint64_t cell, struct cell *out, struct diag *diag);

/* Answers cells first .. first+count-1 in the order that costs least, each handed to `take`. The
 * answers depend on these cells alone. */
typedef int take_cell(void *context, uint64_t cell, const struct cell *answer);
int sweep_cells(struct sweep_worker *worker, uint64_t first, uint64_t count, take_cell *take,
                void *context, struct diag *diag);

/* The header line, if the format has one, and the rows of a batch, as text that the caller frees.
 */
int sweep_header(const struct sweep *sweep, char **text, size_t *length, struct diag *diag);
int sweep_batch(struct sweep_worker *worker, const struct sweep *sweep, uint64_t batch, char **text,
                size_t *length, struct diag *diag);

/* Whether a line of rows (with its newline, and not the header) is of an invalid cell; if so, why.
 */
bool sweep_row_invalid(const struct sweep *sweep, const char *line, size_t length, char *reason,
                       size_t size);

/* Runs batches first .. end-1 on `threads` (0: all CPUs), and as many of each other rank, and
 * writes their rows in order. Batches that the journal has are not run, others are added to it. */
struct ranks;
struct sweep_job {
    uint64_t first, end; /* batches */
    unsigned threads;
    FILE *out;
    struct journal *journal; /* NULL: none */
    const atomic_int *cancel;
    void (*progress)(void *context, uint64_t done, uint64_t resumed, uint64_t all); /* batches */
    void *context;
    struct ranks *ranks; /* that compute too; NULL: there are none */
};
enum { SWEEP_CANCELLED = 1 };

/* Returns SWEEP_CANCELLED when the flag was raised: what is in the journal stays. */
int sweep_run(const struct sweep *sweep, const struct sweep_job *job, struct diag *diag);

/* The batches of shard `index` (1 .. count): whole batches in order, so that the shards' output put
 * together in order is that of the study. */
void sweep_shard(const struct sweep *sweep, uint64_t index, uint64_t count, uint64_t *first,
                 uint64_t *end);

#endif
