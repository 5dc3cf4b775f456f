/* Ranks under MPI, the side of rank 0. A thread of its, the post, is to the desk what a thread of
 * the crew is: it takes batches for the other ranks and puts their rows. Near the end a rank gets a
 * batch only for each thread that is free; before, some more, so that no thread waits for the mail.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/mpi/mail.h"
#include "sim/ranks.h"

struct post {
    int count;        /* ranks */
    unsigned threads; /* of each */
    uint64_t study;
    struct desk desk;
    atomic_int closing; /* all is handed out */
    pthread_t thread;
    struct remote {
        bool ready;
        uint64_t out; /* batches that it has */
    } remotes[];      /* [rank] */
};

/* Ranks that have nothing to do wait here for those that have, without keeping a CPU busy. */
static void leave(void)
{
    MPI_Request all;
    int done = 0;
    MPI_Ibarrier(MPI_COMM_WORLD, &all);
    for (MPI_Test(&all, &done, MPI_STATUS_IGNORE); !done; MPI_Test(&all, &done, MPI_STATUS_IGNORE))
        mail_nap(NAP_NS);
    MPI_Finalize();
}

int ranks_join(struct ranks *ranks, int *count, char ***values, struct diag *diag)
{
    int level;
    *ranks = (struct ranks){.threads = 1};
    MPI_Init_thread(count, values, MPI_THREAD_SERIALIZED, &level);
    atexit(leave);
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->count);
    if (level < MPI_THREAD_SERIALIZED)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "this MPI library has no threads");
    return STATUS_OK;
}

void ranks_hush(struct ranks *ranks)
{
    int nowhere = ranks->rank > 0 ? open("/dev/null", O_WRONLY) : -1;
    for (int i = 0; nowhere >= 0 && i < 2; i++) {
        ranks->kept[i] = dup(STDOUT_FILENO + i);
        dup2(nowhere, STDOUT_FILENO + i);
    }
    ranks->hushed = nowhere >= 0;
    if (nowhere >= 0)
        close(nowhere);
}

void ranks_speak(struct ranks *ranks)
{
    fflush(stdout);
    for (int i = 0; ranks->hushed && i < 2; i++) {
        dup2(ranks->kept[i], STDOUT_FILENO + i);
        close(ranks->kept[i]);
    }
    ranks->hushed = false;
}

/* Fails a batch in the name of a rank that cannot compute any. If none is left, it is not missed.
 */
static void refuse(struct post *post, int rank, const struct hello *hello)
{
    struct batch batch = {.status = hello->status, .diag = hello->diag};
    if (hello->status == STATUS_OK)
        batch.status = diag_set(&batch.diag, STATUS_DATA, NULL, 0, NULL,
                                strcmp(hello->version, SCALESIM_VERSION) != 0
                                    ? "the program is of another version there"
                                    : "the study is another one there: a file or a table differs");
    char message[sizeof batch.diag.message];
    snprintf(message, sizeof message, "rank %d on %s: %.*s", rank, hello->host,
             (int)sizeof message - MPI_MAX_PROCESSOR_NAME - 32, batch.diag.message);
    memcpy(batch.diag.message, message, sizeof message);
    if (post->desk.take(post->desk.context, &batch.number))
        post->desk.put(post->desk.context, &batch);
}

static void greet(struct post *post, int rank, const struct hello *hello)
{
    if (hello->status != STATUS_OK || strcmp(hello->version, SCALESIM_VERSION) != 0 ||
        hello->study != post->study)
        refuse(post, rank, hello);
    else
        post->remotes[rank].ready = true;
}

static void take_rows(struct post *post, const char *bytes, size_t length)
{
    struct batch batch = {.length = length - sizeof batch.number};
    memcpy(&batch.number, bytes, sizeof batch.number);
    batch.text = mail_allocate(batch.length + 1);
    memcpy(batch.text, bytes + sizeof batch.number, batch.length);
    post->desk.put(post->desk.context, &batch);
}

static void take_failure(struct post *post, const struct failure *failure)
{
    struct batch batch = {
        .number = failure->batch, .status = failure->status, .diag = failure->diag};
    post->desk.put(post->desk.context, &batch);
}

/* Takes a message of another rank; without a post nobody wants to know. false: there is none. */
static bool take_mail(struct post *post, int *tag)
{
    int rank;
    size_t length;
    char *bytes = mail_receive(MPI_ANY_SOURCE, &rank, tag, &length);
    if (bytes == NULL)
        return false;
    if (post != NULL && *tag == TAG_HELLO)
        greet(post, rank, (const void *)bytes);
    if (post != NULL && *tag == TAG_ROWS)
        take_rows(post, bytes, length);
    if (post != NULL && *tag == TAG_FAILED)
        take_failure(post, (const void *)bytes);
    if (post != NULL && (*tag == TAG_ROWS || *tag == TAG_FAILED))
        post->remotes[rank].out--;
    free(bytes);
    return true;
}

/* Batches that a rank may have at a time. */
static uint64_t allowance(const struct post *post)
{
    uint64_t crew = (uint64_t)post->count * post->threads;
    uint64_t share = post->desk.left(post->desk.context) / (AHEAD * crew);
    return post->threads * (share < 1 ? 1 : share > AHEAD ? AHEAD : share);
}

/* Hands out what ranks may have; returns how many batches they have. */
static uint64_t hand_out(struct post *post)
{
    uint64_t out = 0;
    for (int rank = 1; rank < post->count; rank++) {
        struct remote *remote = &post->remotes[rank];
        uint64_t batch;
        while (remote->ready && remote->out < allowance(post) &&
               post->desk.take(post->desk.context, &batch)) {
            MPI_Send(&batch, sizeof batch, MPI_BYTE, rank, TAG_BATCH, MPI_COMM_WORLD);
            remote->out++;
        }
        out += remote->out;
    }
    return out;
}

/* What others have finished by then still counts. */
static void dismiss(struct post *post, int count)
{
    for (int rank = 1; rank < count; rank++)
        MPI_Send(NULL, 0, MPI_BYTE, rank, TAG_STOP, MPI_COMM_WORLD);
    for (int here = count - 1; here > 0;) {
        int tag;
        if (!take_mail(post, &tag))
            mail_nap(SHORT_NAP_NS);
        else if (tag == TAG_BYE)
            here--;
    }
}

static void *run_post(void *argument)
{
    struct post *post = argument;
    uint64_t out = 1;
    while (!post->desk.ended(post->desk.context) && (out > 0 || !atomic_load(&post->closing))) {
        int tag;
        bool moved = take_mail(post, &tag);
        out = hand_out(post);
        if (!moved)
            mail_nap(NAP_NS);
    }
    dismiss(post, post->count);
    return NULL;
}

int ranks_begin(struct ranks *ranks, const struct sweep *sweep, unsigned threads,
                const struct desk *desk, struct diag *diag)
{
    if (ranks->count == 1)
        return STATUS_OK;
    struct post *post = calloc(1, sizeof *post + (size_t)ranks->count * sizeof post->remotes[0]);
    if (post == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    post->count = ranks->count;
    post->threads = threads;
    post->study = sweep_identity(sweep);
    post->desk = *desk;
    if (pthread_create(&post->thread, NULL, run_post, post) != 0) {
        free(post);
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "cannot start a thread");
    }
    ranks->post = post;
    return STATUS_OK;
}

void ranks_finish(struct ranks *ranks)
{
    if (ranks->post == NULL)
        return;
    atomic_store(&ranks->post->closing, 1);
    pthread_join(ranks->post->thread, NULL);
    free(ranks->post);
    ranks->post = NULL;
    ranks->dismissed = true;
}

void ranks_dismiss(struct ranks *ranks)
{
    if (!ranks->dismissed)
        dismiss(NULL, ranks->count);
    ranks->dismissed = true;
}
