/* What the files of the block part share: see block.h for the path of a request. */
#ifndef SIM_HOST_BLOCK_PATH_H
#define SIM_HOST_BLOCK_PATH_H

#include "sim/host/block.h"
#include "sim/host/drive.h"

enum kick_rule { KICK_ALWAYS, KICK_EVENT_INDEX, KICK_SUPPRESSED };

/* What a class's requests cost and do, read once. Times are ns of CPU time unless said. */
struct block_costs {
    struct drive_rules drive;
    uint64_t submit_ns, reap_ns, job_wake_ns, think_ns, sleep_ns;
    uint64_t kick_ns, kick_user_ns, irq_ns, ipi_ns;
    uint64_t pass_ns, polled_pass_ns, parse_ns, batch_ns, complete_ns, inject_ns, inject_user_ns;
    uint64_t worker_start_ns, worker_end_ns, copy_ns, cached_read_ns;
    uint64_t flush_delay_ns;               /* not CPU time */
    uint64_t wake_delay_ns, wake_after_ns; /* not CPU time: once asleep for so long */
    uint64_t irq_delay_ns, irq_after_ns, poll_ns;
    enum kick_rule kick_rule;
    uint32_t disks, jobs, depth, queues, workers, flush_every, batch_most;
    double bytes, write_share;
    double miss_share, miss_bytes;   /* reads of metadata of an image */
    double fresh_share, fresh_bytes; /* writes that allocate in an image */
    double dirty_limit_bytes;        /* of a disk: writes beyond it wait for the drive */
    double cache_share;              /* reads that the host's memory answers */
    double user_share;               /* disks without ioeventfd and irqfd */
    bool on_host, synchronous, pool, no_drive, sequential;
    bool write_cached, write_through, flush_ignored;
};

void block_costs_read(struct block_costs *costs, const struct plan *plan, size_t class_index);

struct request {
    struct drive_job drive_job;
    struct block_job *job;
    struct request *next;
    struct worker *worker;
    uint64_t began_ns;
    bool flush, write;
    bool cached; /* a write that ends in the host's memory */
    /* stages to go */
    bool metadata, fresh, data, flush_after;
};

struct line {
    struct request *head, *tail;
    uint32_t count;
};

/* A virtqueue of a disk. */
struct block_queue {
    struct server *server;
    struct thread *vcpu; /* takes its interrupts */
    struct line used;    /* finished, not yet seen by the guest */
    struct burst irq;
    uint32_t waiting; /* requests that the serving thread has not taken */
    bool irq_due, irq_pending, user_space;
};

enum { WRITERS = 8 };

/* Writes back what the host's memory holds of a disk. */
struct writer {
    struct drive_job drive_job;
    struct disk *disk;
    bool busy;
};

/* A disk's image. */
struct disk {
    struct drive *drive;
    const struct block_costs *costs;
    double dirty_bytes; /* in the host's memory, not yet on their way to the drive */
    struct writer writers[WRITERS];
};

enum server_state {
    SERVER_IDLE,
    SERVER_WAKING,
    SERVER_PASS,
    SERVER_WORK,
    SERVER_BLOCKED,
    SERVER_POLL
};

/* A thread that serves virtqueues. */
struct server {
    struct thread *thread;
    struct block_guest *guest;
    struct burst burst;
    struct line arrived, finished; /* new ones, and those the drive is done with */
    struct line taken, completed;  /* in work */
    struct line pooled;            /* for want of a worker */
    struct worker *workers, *free_worker;
    uint64_t idle_since_ns;
    uint64_t taking_until_ns; /* notifications are off up to then */
    uint64_t run_before_ns;   /* CPU time up to the end of the warm-up */
    enum server_state state;
    bool used; /* by a job */
};

struct worker {
    struct thread thread;
    struct burst burst;
    struct request *request;
    struct server *server;
    struct worker *next;
};

/* A process in a guest that keeps `depth` requests in flight. */
struct block_job {
    struct block_guest *guest;
    struct thread *vcpu;
    struct block_queue *queue;
    struct disk *disk;
    struct burst burst;
    struct line ready, finished; /* to be submitted; to be reaped */
    struct request flush;
    uint32_t writes; /* since the last flush */
    uint64_t asleep_since_ns;
    bool busy, flushing, asleep;
};

struct block_guest {
    struct block *block;
    const struct block_costs *costs;
    struct histogram *io_ns; /* of its class */
    struct rng rng;
    struct block_job *jobs;
    struct block_queue *queues;
    struct disk *disks;
    struct server *servers;
    struct worker *workers;
    struct request *requests;
    uint32_t server_count;
    bool running;
};

struct block {
    struct host *host;
    struct block_costs costs[CLASSES_MAX];
    struct drive *drives;
    uint32_t drive_count;
    struct block_guest *guests;
    /* all guests', cut into pieces by block_start */
    struct block_job *jobs;
    struct block_queue *queues;
    struct disk *disks;
    struct server *servers;
    struct worker *workers;
    struct request *requests;
    struct histogram *class_io_ns; /* of each class */
    uint64_t kicks;
};

static inline void line_push(struct line *line, struct request *request)
{
    request->next = NULL;
    if (line->head == NULL)
        line->head = request;
    else
        line->tail->next = request;
    line->tail = request;
    line->count++;
}

static inline struct request *line_pop(struct line *line)
{
    struct request *request = line->head;
    if (request != NULL) {
        line->head = request->next;
        line->count--;
    }
    return request;
}

static inline struct line line_take(struct line *line)
{
    struct line all = *line;
    *line = (struct line){0};
    return all;
}

static inline void line_move(struct line *to, struct line *from, uint32_t most)
{
    while (most-- > 0 && from->head != NULL)
        line_push(to, line_pop(from));
}

/* Guest side: a job goes on with what it has to do; and a batch of requests is done. */
void block_job_step(struct sim *sim, struct block_job *job);
void block_job_take(struct sim *sim, struct request *request);
void block_queue_interrupt(struct sim *sim, struct block_queue *queue);

/* Serving side: there is something to do; and whether the guest has to say so. */
void block_server_poke(struct sim *sim, struct server *server);
bool block_server_hears(const struct sim *sim, const struct block_queue *queue,
                        const struct block_costs *costs);

/* Drive side: a request's next stage, up to the last, then back to where it came from. */
void block_request_prepare(struct request *request);
void block_request_go(struct sim *sim, struct request *request);
void block_request_back(struct sim *sim, struct request *request);

#endif
