/* All batches on all CPUs, written in order. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sweep.h"

/* Rows of a batch that wait for an earlier one. */
struct waiting {
    char *text;
    size_t length;
    bool done;
};

struct running {
    const struct sweep *sweep;
    const struct sweep_job *job;
    struct waiting *waiting;
    uint64_t due;           /* the next batch to write */
    uint64_t done, resumed; /* batches */
    int status;
    uint64_t failed; /* the lowest batch that did, and why */
    struct diag *diag;
};

static void fail(struct running *running, uint64_t batch, int status, const struct diag *diag)
{
    if (running->status >= 0 || batch < running->failed) {
        running->status = status;
        running->failed = batch;
        *running->diag = *diag;
    }
}

static int write_rows(const struct running *running, const char *text, size_t length,
                      struct diag *diag)
{
    if (length > 0 && fwrite(text, 1, length, running->job->out) != length)
        return diag_set(diag, STATUS_IO, NULL, 0, NULL, "cannot write the rows");
    return STATUS_OK;
}

/* Writes what is next in order as far as it is there. */
static int write_due(struct running *running, struct diag *diag)
{
    const struct sweep_job *job = running->job;
    int status = STATUS_OK;
    while (status == STATUS_OK && running->due < job->end) {
        struct waiting *next = &running->waiting[running->due - job->first];
        if (!next->done)
            break;
        if (next->text == NULL)
            status = journal_read(job->journal, running->due, &next->text, &next->length, diag);
        if (status == STATUS_OK)
            status = write_rows(running, next->text, next->length, diag);
        free(next->text);
        next->text = NULL;
        running->due++;
    }
    return status;
}

/* Takes a batch's rows: journal first. Called by one thread at a time. */
static int finish(struct running *running, uint64_t batch, char *text, size_t length,
                  struct diag *diag)
{
    const struct sweep_job *job = running->job;
    struct waiting *waiting = &running->waiting[batch - job->first];
    int status = STATUS_OK;
    *waiting = (struct waiting){text, length, true};
    if (job->journal != NULL) {
        status = journal_append(job->journal, batch, text, length, diag);
        if (status == STATUS_OK && batch != running->due) {
            free(text); /* it can be read again */
            waiting->text = NULL;
        }
    }
    if (job->computed != NULL)
        job->computed(job->context, batch);
    if (status == STATUS_OK)
        status = write_due(running, diag);
    running->done++;
    if (job->progress != NULL)
        job->progress(job->context, running->done, running->resumed, job->end - job->first);
    return status;
}

static bool ended(const struct running *running)
{
    const atomic_int *cancel = running->job->cancel;
    int status;
#pragma omp atomic read
    status = running->status;
    return status != STATUS_OK || (cancel != NULL && atomic_load(cancel) != 0);
}

static void run_batch(struct running *running, struct sweep_worker *worker, uint64_t batch)
{
    struct diag diag = {.line = 0};
    char *text = NULL;
    size_t length = 0;
    int status = sweep_batch(worker, running->sweep, batch, &text, &length, &diag);
    const atomic_int *cancel = running->job->cancel;
    bool cut = running->sweep->simulate && cancel != NULL && atomic_load(cancel) != 0;
#pragma omp critical(sweep_finish)
    {
        if (status == STATUS_OK && !cut) /* a simulation that was cancelled is none */
            status = finish(running, batch, text, length, &diag);
        else
            free(text);
        if (status != STATUS_OK)
            fail(running, batch, status, &diag);
    }
}

static void run_all(struct running *running)
{
    const struct sweep_job *job = running->job;
    int threads = job->threads > 0 ? (int)job->threads : omp_get_max_threads();
#pragma omp parallel num_threads(threads)
    {
        struct diag diag = {.line = 0};
        struct sweep_worker *worker;
        int status = sweep_worker_new(&worker, running->sweep, &diag);
        if (status != STATUS_OK) {
#pragma omp critical(sweep_finish)
            fail(running, job->first, status, &diag);
        }
#pragma omp for schedule(dynamic, 1)
        for (uint64_t batch = job->first; batch < job->end; batch++) {
            if (!running->waiting[batch - job->first].done && !ended(running))
                run_batch(running, worker, batch);
        }
        sweep_worker_free(worker);
    }
}

static void take_journal(struct running *running)
{
    const struct sweep_job *job = running->job;
    for (uint64_t batch = job->first; job->journal != NULL && batch < job->end; batch++) {
        running->waiting[batch - job->first].done = journal_has(job->journal, batch);
        running->resumed += journal_has(job->journal, batch);
    }
    running->done = running->resumed;
}

int sweep_run(const struct sweep *sweep, const struct sweep_job *job, struct diag *diag)
{
    struct running running = {.sweep = sweep, .job = job, .due = job->first, .diag = diag};
    char *header = NULL;
    size_t length = 0;
    running.waiting = calloc(job->end - job->first + 1, sizeof *running.waiting);
    if (running.waiting == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    take_journal(&running);
    if (job->first == 0) { /* of the first shard */
        running.status = sweep_header(sweep, &header, &length, diag);
        if (running.status == STATUS_OK)
            running.status = write_rows(&running, header, length, diag);
        free(header);
    }
    if (running.status == STATUS_OK)
        running.status = write_due(&running, diag);
    if (running.status == STATUS_OK)
        run_all(&running);
    for (uint64_t i = 0; i < job->end - job->first; i++)
        free(running.waiting[i].text);
    free(running.waiting);
    return running.status == STATUS_OK && running.due < job->end ? SWEEP_CANCELLED : running.status;
}
