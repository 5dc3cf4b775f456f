#include "sim/engine/station_queue.h"

#include "sim/engine/contract.h"

#include <string.h>

static void line_push(struct station_line *line, uint32_t *classes, struct station_job *job,
                      int at_head)
{
    job->before = at_head ? NULL : line->tail;
    job->after = at_head ? line->head : NULL;
    *(job->before != NULL ? &job->before->after : &line->head) = job;
    *(job->after != NULL ? &job->after->before : &line->tail) = job;
    *classes |= 1u << job->priority;
}

static void line_remove(struct station_line *line, uint32_t *classes, struct station_job *job)
{
    *(job->before != NULL ? &job->before->after : &line->head) = job->after;
    *(job->after != NULL ? &job->after->before : &line->tail) = job->before;
    if (line->head == NULL) {
        *classes &= ~(1u << job->priority);
    }
}

static void wait_in_line(struct sim *sim, struct station_job *job, int at_head)
{
    struct station_queue *queue = job->queue;

    line_push(&queue->waiting_lines[job->priority], &queue->waiting_classes, job, at_head);
    job->state = STATION_WAITING;
    station_level_set(&queue->waiting, sim_now(sim), queue->waiting.now + 1);
}

static void leave_line(struct sim *sim, struct station_job *job)
{
    struct station_queue *queue = job->queue;

    line_remove(&queue->waiting_lines[job->priority], &queue->waiting_classes, job);
    station_timer_stop(sim, &job->timer);
    station_level_set(&queue->waiting, sim_now(sim), queue->waiting.now - 1);
}

static void on_complete(struct sim *sim, void *arg);

static void start(struct sim *sim, struct station_job *job)
{
    struct station_queue *queue = job->queue;

    line_push(&queue->running_lines[job->priority], &queue->running_classes, job, 0);
    job->state = STATION_RUNNING;
    job->started_ns = sim_now(sim);
    station_timer_set(sim, &job->timer, job->remaining_ns, on_complete, job);
    station_level_set(&queue->busy, sim_now(sim), queue->busy.now + 1);
    if (job->started != NULL) {
        job->started(sim, job->arg);
    }
}

static void leave_server(struct sim *sim, struct station_job *job)
{
    struct station_queue *queue = job->queue;

    line_remove(&queue->running_lines[job->priority], &queue->running_classes, job);
    station_level_set(&queue->busy, sim_now(sim), queue->busy.now - 1);
}

static void start_waiting(struct sim *sim, struct station_queue *queue)
{
    while (queue->busy.now < queue->servers && queue->waiting_classes != 0) {
        unsigned class = (unsigned)__builtin_ctz(queue->waiting_classes);
        struct station_job *job = queue->waiting_lines[class].head;

        leave_line(sim, job);
        start(sim, job);
    }
}

static void complete(struct sim *sim, struct station_job *job)
{
    struct station_queue *queue = job->queue;

    leave_server(sim, job);
    job->state = STATION_DONE;
    queue->done++;
    start_waiting(sim, queue);
    job->done(sim, job->arg);
}

static void on_complete(struct sim *sim, void *arg)
{
    struct station_job *job = arg;

    job->timer.event = SIM_EVENT_NONE;
    complete(sim, job);
}

static void on_renege(struct sim *sim, void *arg)
{
    struct station_job *job = arg;

    job->timer.event = SIM_EVENT_NONE;
    leave_line(sim, job);
    job->queue->reneged++;
    job->state = STATION_RENEGED;
    job->done(sim, job->arg);
}

/* The running job to be evicted first, if it is less urgent than this priority. */
static struct station_job *victim_below(const struct station_queue *queue, uint32_t priority)
{
    unsigned class;

    if (queue->preemption == STATION_NO_PREEMPTION || queue->running_classes == 0) {
        return NULL;
    }
    class = 31u - (unsigned)__builtin_clz(queue->running_classes);
    return class > priority ? queue->running_lines[class].tail : NULL;
}

static void evict(struct sim *sim, struct station_job *job)
{
    struct station_queue *queue = job->queue;

    station_timer_stop(sim, &job->timer);
    leave_server(sim, job);
    if (queue->preemption == STATION_RESUME) {
        job->remaining_ns -= sim_now(sim) - job->started_ns;
    }
    queue->evicted++;
    wait_in_line(sim, job, 1);
}

void station_queue_init(struct station_queue *queue, const struct sim *sim, uint32_t servers,
                        uint32_t waiting_max, enum station_preemption preemption)
{
    memset(queue, 0, sizeof *queue);
    queue->servers = servers;
    queue->waiting_max = waiting_max;
    queue->preemption = preemption;
    station_queue_restart_statistics(queue, sim);
}

enum station_job_state station_queue_submit(struct sim *sim, struct station_queue *queue,
                                            struct station_job *job)
{
    struct station_job *victim;

    contract(job->state != STATION_WAITING && job->state != STATION_RUNNING);
    contract(job->priority < STATION_PRIORITIES && job->done != NULL);
    job->queue = queue;
    job->remaining_ns = job->service_ns;
    job->timer.event = SIM_EVENT_NONE;
    if (queue->busy.now < queue->servers) {
        start(sim, job);
        return STATION_RUNNING;
    }
    victim = victim_below(queue, job->priority);
    if (victim != NULL) {
        evict(sim, victim);
        start(sim, job);
        return STATION_RUNNING;
    }
    if (queue->waiting.now >= queue->waiting_max) {
        queue->balked++;
        job->state = STATION_AWAY;
        return STATION_AWAY;
    }
    wait_in_line(sim, job, 0);
    if (job->patience_ns != STATION_FOREVER) {
        station_timer_set(sim, &job->timer, job->patience_ns, on_renege, job);
    }
    return STATION_WAITING;
}

void station_queue_finish(struct sim *sim, struct station_job *job)
{
    contract(job->state == STATION_RUNNING);
    station_timer_stop(sim, &job->timer);
    complete(sim, job);
}

void station_queue_withdraw(struct sim *sim, struct station_job *job)
{
    contract(job->state == STATION_WAITING || job->state == STATION_RUNNING);
    if (job->state == STATION_WAITING) {
        leave_line(sim, job);
    } else {
        station_timer_stop(sim, &job->timer);
        leave_server(sim, job);
        start_waiting(sim, job->queue);
    }
    job->state = STATION_AWAY;
}

uint64_t station_queue_remaining_ns(const struct sim *sim, const struct station_job *job)
{
    contract(job->state == STATION_WAITING || job->state == STATION_RUNNING);
    return job->state == STATION_WAITING ? job->remaining_ns
                                         : job->remaining_ns - (sim_now(sim) - job->started_ns);
}

void station_queue_set_servers(struct sim *sim, struct station_queue *queue, uint32_t servers)
{
    queue->servers = servers;
    if (queue->preemption != STATION_NO_PREEMPTION) {
        while (queue->busy.now > servers) {
            unsigned class = 31u - (unsigned)__builtin_clz(queue->running_classes);

            evict(sim, queue->running_lines[class].tail);
        }
    }
    start_waiting(sim, queue);
}

void station_queue_restart_statistics(struct station_queue *queue, const struct sim *sim)
{
    station_level_restart(&queue->busy, sim_now(sim));
    station_level_restart(&queue->waiting, sim_now(sim));
    queue->done = 0;
    queue->balked = 0;
    queue->reneged = 0;
    queue->evicted = 0;
}
