#include "sim/engine/runner.h"

#include "sim/engine/contract.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Two cache lines, since processors fetch them in pairs: no two workers ever write to one line.
 * The window lets a worker run this many replications ahead while another is at a long one.
 */
enum { SLOT_ALIGN = 128, WINDOW_PER_THREAD = 32 };

enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_DONE };

struct board {
    const struct runner *runner;
    pthread_mutex_t lock; /* guards all below; held while merging, never while running */
    pthread_cond_t moved; /* `merged` advanced, or `stop` was set */
    uint64_t window;
    uint64_t next;   /* the replication to claim next */
    uint64_t merged; /* all below are in the totals */
    uint64_t stop;   /* claim and merge nothing from here on */
    int status;
    int error;
    unsigned threads;      /* that OpenMP gave us */
    unsigned char *states; /* enum slot_state, of replication % window */
    char *results;
    size_t stride;
};

static void *result_of(const struct board *board, uint64_t replication)
{
    return board->results + replication % board->window * board->stride;
}

/* Stop at this replication, unless an earlier one already did: the lowest decides. */
static void stop_at(struct board *board, uint64_t replication, int status, int error)
{
    if (replication < board->stop) {
        board->stop = replication;
        board->status = status;
        board->error = error;
        pthread_cond_broadcast(&board->moved);
    }
}

static int cancelled(const struct runner *runner)
{
    return runner->cancel != NULL && atomic_load_explicit(runner->cancel, memory_order_relaxed);
}

/* Take the next number; 0 when there is none left. */
static int claim(struct board *board, uint64_t *replication)
{
    int claimed;

    pthread_mutex_lock(&board->lock);
    while (board->next < board->stop && board->next - board->merged >= board->window) {
        pthread_cond_wait(&board->moved, &board->lock);
    }
    if (cancelled(board->runner)) {
        stop_at(board, board->next, RUNNER_CANCELLED, 0);
    }
    claimed = board->next < board->stop;
    if (claimed) {
        *replication = board->next++;
        board->states[*replication % board->window] = SLOT_RUNNING;
    }
    pthread_mutex_unlock(&board->lock);
    return claimed;
}

static void merge_one(struct board *board)
{
    const struct runner *runner = board->runner;

    runner->merge(runner->context, board->merged, result_of(board, board->merged));
    board->states[board->merged % board->window] = SLOT_FREE;
    board->merged++;
    if (runner->progress != NULL) {
        runner->progress(runner->context, board->merged, runner->most);
    }
    if (runner->enough != NULL && board->merged % runner->batch == 0 &&
        runner->enough(runner->context, board->merged)) {
        stop_at(board, board->merged, RUNNER_OK, 0);
    }
}

static void finish(struct board *board, uint64_t replication, int error)
{
    pthread_mutex_lock(&board->lock);
    if (error != 0) {
        stop_at(board, replication, error == RUNNER_CANCELLED ? RUNNER_CANCELLED : RUNNER_FAILED,
                error);
    }
    board->states[replication % board->window] = SLOT_DONE;
    if (replication == board->merged) {
        while (board->merged < board->stop &&
               board->states[board->merged % board->window] == SLOT_DONE) {
            merge_one(board);
        }
        pthread_cond_broadcast(&board->moved);
    }
    pthread_mutex_unlock(&board->lock);
}

static void work(struct board *board, unsigned worker)
{
    const struct runner *runner = board->runner;
    uint64_t replication;

    while (claim(board, &replication)) {
        void *result = result_of(board, replication);

        memset(result, 0, runner->result_bytes);
        finish(board, replication, runner->run(runner->context, replication, worker, result));
    }
}

static int board_init(struct board *board, const struct runner *runner, unsigned threads)
{
    size_t slots = (size_t)threads * WINDOW_PER_THREAD;

    memset(board, 0, sizeof *board);
    board->runner = runner;
    board->window = slots;
    board->stop = runner->most;
    board->stride = (runner->result_bytes + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
    if (board->stride > SIZE_MAX / slots) {
        return RUNNER_NO_MEMORY;
    }
    board->states = calloc(slots, 1);
    board->results = aligned_alloc(SLOT_ALIGN, slots * board->stride);
    if (board->states == NULL || board->results == NULL) {
        free(board->states);
        free(board->results);
        return RUNNER_NO_MEMORY;
    }
    pthread_mutex_init(&board->lock, NULL);
    pthread_cond_init(&board->moved, NULL);
    return RUNNER_OK;
}

static void board_destroy(struct board *board)
{
    pthread_cond_destroy(&board->moved);
    pthread_mutex_destroy(&board->lock);
    free(board->states);
    free(board->results);
}

int runner_run(const struct runner *runner, struct runner_report *report)
{
    unsigned threads = runner->threads > 0 ? runner->threads : (unsigned)omp_get_max_threads();
    struct board board;
    int status;

    contract(runner->batch >= 1 && runner->result_bytes > 0);
    contract(runner->run != NULL && runner->merge != NULL);
    *report = (struct runner_report){0};
    status = board_init(&board, runner, threads);
    if (status != RUNNER_OK) {
        return status;
    }
#pragma omp parallel num_threads(threads)
    {
#pragma omp master
        board.threads = (unsigned)omp_get_num_threads();
        work(&board, (unsigned)omp_get_thread_num());
    }
    report->threads = board.threads;
    report->merged = board.merged;
    report->failed = board.status == RUNNER_FAILED ? board.stop : 0;
    report->error = board.error;
    status = board.status;
    board_destroy(&board);
    return status;
}
