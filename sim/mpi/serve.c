/* Ranks under MPI, the side of the others: a desk whose batches rank 0 hands out. A thread has the
 * mail, so that "stop" is heard while the crew computes. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/mpi/mail.h"
#include "sim/ranks.h"

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
    struct parcel *parcel = mail_allocate(sizeof *parcel + length);
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
    while ((bytes = mail_receive(0, &from, &tag, &length)) != NULL) {
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

void ranks_serve(struct sweep *sweep, unsigned threads, int status, const struct diag *diag)
{
    struct service service = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .moved = PTHREAD_COND_INITIALIZER,
                              .room = (uint64_t)AHEAD * threads,
                              .finished = status != STATUS_OK};
    struct desk desk = {.context = &service, .take = service_take, .put = service_put};
    pthread_t mail;
    service.last = &service.first;
    service.batches = mail_allocate(service.room * sizeof *service.batches);
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
}
