/* Ranks under MPI. A thread of rank 0, the post, is to the desk what a thread of its crew is: it
 * takes batches for the other ranks and puts their rows. Each of those has a thread for its mail
 * too, so that "stop" is heard while it computes. Threads poll with naps in between: MPI's own
 * waiting would keep a CPU busy. Near the end a rank gets a batch only for each thread that is
 * free; before, some more, so that no thread waits for the mail.
 *
 * Messages, all of bytes (the machines must be of one kind):
 *     other -> 0   HELLO  struct hello, first of all
 *                  ROWS   number of a batch, its rows
 *                  FAILED struct failure
 *                  BYE    the last
 *     0 -> other   BATCH  its number
 *                  STOP   once, the last */
#include "sim/ranks.h"

#include <mpi.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum tag { TAG_HELLO, TAG_ROWS, TAG_FAILED, TAG_BYE, TAG_BATCH, TAG_STOP };
enum { AHEAD = 4, NAP_NS = 500000, SHORT_NAP_NS = 20000, VERSION_SIZE = 32 };

struct hello {
    uint64_t study;
    int status;
    char version[VERSION_SIZE], host[MPI_MAX_PROCESSOR_NAME];
    struct diag diag;
};

struct failure {
    uint64_t batch;
    int status;
    struct diag diag;
};

/* What rank 0 knows of the others. */
struct remote {
    bool ready, gone;
    uint64_t out; /* batches */
};

struct post {
    struct remote *remotes; /* [rank] */
    int count;
    unsigned threads; /* of each rank */
    uint64_t study;
    struct desk desk;
    bool open;          /* there is a desk */
    atomic_int closing; /* all is handed out */
    pthread_t thread;
};

static void nap(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* For what cannot be told to anybody any more. */
static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) {
        fputs("scalesim: out of memory\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, -STATUS_MEMORY);
    }
    return memory;
}

/* Ranks that have nothing to do wait here for those that have, without keeping a CPU busy. */
static void leave(void)
{
    MPI_Request all;
    int done = 0;
    MPI_Ibarrier(MPI_COMM_WORLD, &all);
    for (MPI_Test(&all, &done, MPI_STATUS_IGNORE); !done; MPI_Test(&all, &done, MPI_STATUS_IGNORE))
        nap(NAP_NS);
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
    ranks->post = calloc(1, sizeof *ranks->post);
    if (ranks->post != NULL)
        ranks->post->remotes = calloc((size_t)ranks->count, sizeof *ranks->post->remotes);
    if (ranks->post == NULL || ranks->post->remotes == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    ranks->post->count = ranks->count;
    if (level < MPI_THREAD_SERIALIZED)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "this MPI library has no threads");
    return STATUS_OK;
}

/* A message from `source`, if there is one, to be freed. */
static char *receive(int source, int *from, int *tag, size_t *length)
{
    MPI_Message message;
    MPI_Status status;
    int there, count;
    MPI_Improbe(source, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &message, &status);
    if (!there)
        return NULL;
    MPI_Get_count(&status, MPI_BYTE, &count);
    char *bytes = allocate((size_t)count + 1);
    MPI_Mrecv(bytes, count, MPI_BYTE, &message, MPI_STATUS_IGNORE);
    *from = status.MPI_SOURCE;
    *tag = status.MPI_TAG;
    *length = (size_t)count;
    return bytes;
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
    batch.text = allocate(batch.length + 1);
    memcpy(batch.text, bytes + sizeof batch.number, batch.length);
    post->desk.put(post->desk.context, &batch);
}

static void take_failure(struct post *post, const struct failure *failure)
{
    struct batch batch = {
        .number = failure->batch, .status = failure->status, .diag = failure->diag};
    post->desk.put(post->desk.context, &batch);
}

/* Takes a message of another rank; false: there is none. */
static bool take_mail(struct post *post)
{
    int rank, tag;
    size_t length;
    char *bytes = receive(MPI_ANY_SOURCE, &rank, &tag, &length);
    if (bytes == NULL)
        return false;
    if (tag == TAG_BYE)
        post->remotes[rank].gone = true;
    if (post->open && tag == TAG_HELLO)
        greet(post, rank, (const void *)bytes);
    if (post->open && tag == TAG_ROWS)
        take_rows(post, bytes, length);
    if (post->open && tag == TAG_FAILED)
        take_failure(post, (const void *)bytes);
    if (tag == TAG_ROWS || tag == TAG_FAILED)
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

/* What others have finished still counts. */
static void dismiss(struct post *post)
{
    for (int rank = 1; rank < post->count; rank++)
        MPI_Send(NULL, 0, MPI_BYTE, rank, TAG_STOP, MPI_COMM_WORLD);
    for (int rank = 1; rank < post->count;) {
        if (post->remotes[rank].gone)
            rank++;
        else if (!take_mail(post))
            nap(SHORT_NAP_NS);
    }
}

static void *run_post(void *argument)
{
    struct post *post = argument;
    uint64_t out = 1;
    while (!post->desk.ended(post->desk.context) && (out > 0 || !atomic_load(&post->closing))) {
        bool moved = take_mail(post);
        out = hand_out(post);
        if (!moved)
            nap(NAP_NS);
    }
    dismiss(post);
    return NULL;
}

int ranks_begin(struct ranks *ranks, const struct sweep *sweep, unsigned threads,
                const struct desk *desk, struct diag *diag)
{
    struct post *post = ranks->post;
    post->threads = threads;
    post->study = sweep_identity(sweep);
    post->desk = *desk;
    post->open = post->count > 1;
    if (!post->open || pthread_create(&post->thread, NULL, run_post, post) == 0)
        return STATUS_OK;
    post->open = false;
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "cannot start a thread");
}

void ranks_finish(struct ranks *ranks)
{
    atomic_store(&ranks->post->closing, 1);
    if (ranks->post->open)
        pthread_join(ranks->post->thread, NULL);
}

void ranks_dismiss(struct ranks *ranks)
{
    if (!ranks->post->open)
        dismiss(ranks->post);
    free(ranks->post->remotes);
    free(ranks->post);
    ranks->post = NULL;
}

/* A message that waits to be sent. */
struct parcel {
    struct parcel *next;
    int tag, length;
    char bytes[];
};

/* Another rank's side: its desk. */
struct service {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t *batches; /* a ring of what was handed out to this rank and is not taken */
    uint64_t room, taken, given;
    struct parcel *first, **last; /* to be sent */
    struct parcel *sending;       /* NULL: nothing is on its way */
    MPI_Request request;
    bool stopped, finished;   /* by rank 0; the crew has */
    atomic_int stop;          /* simulations, at once */
    const atomic_int *cancel; /* raised by a signal */
    bool told;                /* rank 0 of that */
};

static void enqueue(struct service *service, struct parcel *parcel)
{
    parcel->next = NULL;
    pthread_mutex_lock(&service->lock);
    *service->last = parcel;
    service->last = &parcel->next;
    pthread_cond_broadcast(&service->moved);
    pthread_mutex_unlock(&service->lock);
}

static struct parcel *parcel_new(int tag, size_t length)
{
    struct parcel *parcel = allocate(sizeof *parcel + length);
    parcel->tag = tag;
    parcel->length = (int)length;
    return parcel;
}

static void enqueue_failure(struct service *service, uint64_t batch, int status,
                            const struct diag *diag)
{
    struct failure failure = {.batch = batch, .status = status};
    if (diag != NULL)
        failure.diag = *diag;
    struct parcel *parcel = parcel_new(TAG_FAILED, sizeof failure);
    memcpy(parcel->bytes, &failure, sizeof failure);
    enqueue(service, parcel);
}

static void enqueue_no_thread(struct service *service)
{
    struct diag diag;
    int status = diag_set(&diag, STATUS_MEMORY, NULL, 0, NULL, "cannot start a thread");
    enqueue_failure(service, 0, status, &diag);
}

static bool service_take(void *context, uint64_t *batch)
{
    struct service *service = context;
    pthread_mutex_lock(&service->lock);
    while (!service->stopped && service->taken == service->given)
        pthread_cond_wait(&service->moved, &service->lock);
    bool is = !service->stopped;
    if (is)
        *batch = service->batches[service->taken++ % service->room];
    pthread_mutex_unlock(&service->lock);
    return is;
}

static void service_put(void *context, struct batch *done)
{
    struct service *service = context;
    if (done->status != STATUS_OK) {
        enqueue_failure(service, done->number, done->status, &done->diag);
        return;
    }
    struct parcel *parcel = parcel_new(TAG_ROWS, sizeof done->number + done->length);
    memcpy(parcel->bytes, &done->number, sizeof done->number);
    if (done->length > 0)
        memcpy(parcel->bytes + sizeof done->number, done->text, done->length);
    free(done->text);
    enqueue(service, parcel);
}

/* Takes what rank 0 sent. */
static void take_orders(struct service *service)
{
    int from, tag;
    size_t length;
    char *bytes;
    while ((bytes = receive(0, &from, &tag, &length)) != NULL) {
        pthread_mutex_lock(&service->lock);
        if (tag == TAG_BATCH)
            memcpy(&service->batches[service->given++ % service->room], bytes, length);
        else
            service->stopped = true;
        pthread_cond_broadcast(&service->moved);
        pthread_mutex_unlock(&service->lock);
        if (tag == TAG_STOP)
            atomic_store(&service->stop, 1);
        free(bytes);
    }
}

static void heed_signal(struct service *service)
{
    if (service->told || service->cancel == NULL || atomic_load(service->cancel) == 0)
        return;
    service->told = true;
    atomic_store(&service->stop, 1);
    enqueue_failure(service, 0, SWEEP_CANCELLED, NULL);
}

/* One parcel at a time; true: there is nothing left. */
static bool send_parcels(struct service *service)
{
    int sent = 1;
    if (service->sending != NULL)
        MPI_Test(&service->request, &sent, MPI_STATUS_IGNORE);
    if (!sent)
        return false;
    free(service->sending);
    pthread_mutex_lock(&service->lock);
    struct parcel *parcel = service->first;
    if (parcel != NULL)
        service->first = parcel->next;
    if (service->first == NULL)
        service->last = &service->first;
    bool end = parcel == NULL && service->stopped && service->finished;
    pthread_mutex_unlock(&service->lock);
    service->sending = parcel;
    if (parcel != NULL)
        MPI_Isend(parcel->bytes, parcel->length, MPI_BYTE, 0, parcel->tag, MPI_COMM_WORLD,
                  &service->request);
    return end;
}

/* Until there is something to send, or to look whether something came. */
static void await(struct service *service)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += service->sending != NULL ? SHORT_NAP_NS : NAP_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&service->lock);
    if (service->first == NULL || service->sending != NULL)
        pthread_cond_clockwait(&service->moved, &service->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&service->lock);
}

static void *run_service(void *argument)
{
    struct service *service = argument;
    bool end = false;
    while (!end) {
        take_orders(service);
        heed_signal(service);
        end = send_parcels(service);
        if (!end)
            await(service);
    }
    MPI_Send(NULL, 0, MPI_BYTE, 0, TAG_BYE, MPI_COMM_WORLD);
    return NULL;
}

static void say_hello(const struct sweep *sweep, int status, const struct diag *diag)
{
    int length;
    struct hello hello = {.status = status, .version = SCALESIM_VERSION, .diag = *diag};
    MPI_Get_processor_name(hello.host, &length);
    if (status == STATUS_OK)
        hello.study = sweep_identity(sweep);
    MPI_Send(&hello, sizeof hello, MPI_BYTE, 0, TAG_HELLO, MPI_COMM_WORLD);
}

void ranks_serve(struct ranks *ranks, struct sweep *sweep, unsigned threads, int status,
                 const struct diag *diag)
{
    struct service service = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .moved = PTHREAD_COND_INITIALIZER,
                              .room = (uint64_t)AHEAD * threads,
                              .finished = status != STATUS_OK};
    struct desk desk = {.context = &service, .take = service_take, .put = service_put};
    pthread_t mail;
    service.last = &service.first;
    service.batches = allocate(service.room * sizeof *service.batches);
    say_hello(sweep, status, diag);
    if (status == STATUS_OK) {
        service.cancel = sweep->rules.cancel;
        sweep->rules.cancel = &service.stop;
    }
    if (status == STATUS_OK && pthread_create(&mail, NULL, run_service, &service) == 0) {
        crew_work(sweep, threads, &desk);
        pthread_mutex_lock(&service.lock);
        service.finished = true;
        pthread_mutex_unlock(&service.lock);
        pthread_join(mail, NULL);
    } else {
        if (status == STATUS_OK)
            enqueue_no_thread(&service);
        service.finished = true;
        run_service(&service);
    }
    free(service.batches);
    free(ranks->post->remotes);
    free(ranks->post);
    ranks->post = NULL;
}
