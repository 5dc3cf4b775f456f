/* The order of a study's results: a desk (sim/crew.h) that hands out batches, and takes them back
 * in any order into the journal and, as far as none before them is missing, into the output. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sim/crew.h"
#include "sim/ranks.h"
#include "sim/sweep.h"

/* Rows further ahead of their turn than so many batches are left to the journal. */
enum { KEEP_AHEAD = 16 };

/* A batch until it is written. */
struct waiting {
    char *text; /* NULL and done: in the journal */
    size_t length;
    bool done;
};

struct running {
    const struct sweep *sweep;
    const struct sweep_job *job;
    pthread_mutex_t lock;
    struct waiting *waiting;
    bool backwards;         /* batches are handed out from the last one on */
    uint64_t handed;        /* batches, those that were done already among them */
    uint64_t due;           /* the next batch to write */
    uint64_t done, resumed; /* batches */
    int status;
    uint64_t failed; /* the lowest batch that did, and why */
    struct diag *diag;
};

static void fail(struct running *running, uint64_t batch, int status, const struct diag *diag)
{
    bool first = running->status == STATUS_OK || running->status == SWEEP_CANCELLED;
    if (first || (status < 0 && batch < running->failed)) {
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

static void tell(const struct running *running)
{
    const struct sweep_job *job = running->job;
    if (job->progress != NULL)
        job->progress(job->context, running->done, running->resumed, job->end - job->first);
}

static bool has_ended(const struct running *running)
{
    const atomic_int *cancel = running->job->cancel;
    return running->status != STATUS_OK || (cancel != NULL && atomic_load(cancel) != 0);
}

static bool ended(void *context)
{
    struct running *running = context;
    pthread_mutex_lock(&running->lock);
    bool is = has_ended(running);
    pthread_mutex_unlock(&running->lock);
    return is;
}

static uint64_t left(void *context)
{
    struct running *running = context;
    pthread_mutex_lock(&running->lock);
    uint64_t batches = running->job->end - running->job->first - running->handed;
    pthread_mutex_unlock(&running->lock);
    return batches;
}

static bool take(void *context, uint64_t *batch)
{
    struct running *running = context;
    const struct sweep_job *job = running->job;
    uint64_t count = job->end - job->first;
    bool found = false;
    pthread_mutex_lock(&running->lock);
    while (!found && running->handed < count && !has_ended(running)) {
        uint64_t turn = running->handed++;
        *batch = running->backwards ? job->end - 1 - turn : job->first + turn;
        found = !running->waiting[*batch - job->first].done;
    }
    pthread_mutex_unlock(&running->lock);
    return found;
}

/* Cells take longer to simulate the more there is in them, and a long one that begins last runs
 * alone: so where numbers grow, begin at the end. Not without a journal: rows would pile up, and
 * whoever reads them from a pipe would wait for the first to the last. */
static bool goes_backwards(const struct sweep *sweep, const struct sweep_job *job)
{
    if (!sweep->simulate || job->journal == NULL)
        return false;
    for (size_t i = 0; i < sweep->axes; i++) {
        const struct axis *axis = sweep->axis[i];
        if (axis->numeric)
            return axis->values[axis->count - 1].value > axis->values[0].value;
    }
    return false;
}

/* In the journal first, which has a lock of its own: what is written there is not lost. */
static void put(void *context, struct batch *batch)
{
    struct running *running = context;
    const struct sweep_job *job = running->job;
    int status = batch->status;
    if (status == STATUS_OK && job->journal != NULL)
        status =
            journal_append(job->journal, batch->number, batch->text, batch->length, &batch->diag);
    pthread_mutex_lock(&running->lock);
    if (status == STATUS_OK) {
        struct waiting *waiting = &running->waiting[batch->number - job->first];
        *waiting = (struct waiting){batch->text, batch->length, true};
        if (job->journal != NULL && batch->number > running->due + KEEP_AHEAD) {
            free(waiting->text);
            waiting->text = NULL;
        }
        running->done++;
        status = write_due(running, &batch->diag);
        tell(running);
    } else {
        free(batch->text);
    }
    if (status != STATUS_OK)
        fail(running, batch->number, status, &batch->diag);
    pthread_mutex_unlock(&running->lock);
}

static void take_journal(struct running *running)
{
    const struct sweep_job *job = running->job;
    for (uint64_t batch = job->first; job->journal != NULL && batch < job->end; batch++) {
        running->waiting[batch - job->first].done = journal_has(job->journal, batch);
        running->resumed += journal_has(job->journal, batch);
    }
    running->done = running->resumed;
    tell(running);
}

static int write_header(const struct running *running, struct diag *diag)
{
    char *header = NULL;
    size_t length = 0;
    int status = sweep_header(running->sweep, &header, &length, diag);
    if (status == STATUS_OK)
        status = write_rows(running, header, length, diag);
    free(header);
    return status;
}

static void run_all(struct running *running)
{
    const struct sweep_job *job = running->job;
    struct desk desk = {running, take, put, left, ended};
    if (job->ranks != NULL)
        running->status =
            ranks_begin(job->ranks, running->sweep, job->threads, &desk, running->diag);
    if (running->status != STATUS_OK)
        return;
    crew_work(running->sweep, job->threads, &desk);
    if (job->ranks != NULL)
        ranks_finish(job->ranks);
}

int sweep_run(const struct sweep *sweep, const struct sweep_job *job, struct diag *diag)
{
    struct running running = {.sweep = sweep, .job = job, .due = job->first, .diag = diag};
    running.backwards = goes_backwards(sweep, job);
    running.waiting = calloc(job->end - job->first + 1, sizeof *running.waiting);
    if (running.waiting == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    pthread_mutex_init(&running.lock, NULL);
    take_journal(&running);
    if (job->first == 0) /* of the first shard */
        running.status = write_header(&running, diag);
    if (running.status == STATUS_OK)
        running.status = write_due(&running, diag);
    if (running.status == STATUS_OK)
        run_all(&running);
    if (job->journal != NULL && running.status >= 0 && journal_flush(job->journal, diag) < 0)
        running.status = STATUS_IO;
    for (uint64_t i = 0; i < job->end - job->first; i++)
        free(running.waiting[i].text);
    free(running.waiting);
    pthread_mutex_destroy(&running.lock);
    return running.status == STATUS_OK && running.due < job->end ? SWEEP_CANCELLED : running.status;
}
