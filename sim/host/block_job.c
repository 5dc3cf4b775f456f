/* The guest's side of the block part: jobs on vCPUs, kicks and interrupts. */
#include "sim/host/block_path.h"

static const struct block_costs *costs_of(const struct block_job *job)
{
    return job->guest->costs;
}

static void run(struct sim *sim, struct block_job *job, uint64_t work_ns, sim_callback *done)
{
    job->busy = true;
    job->burst.work_ns = work_ns;
    job->burst.done = done;
    thread_run(sim, job->vcpu, &job->burst);
}

static void on_ready(struct sim *sim, void *arg)
{
    struct request *request = arg;
    line_push(&request->job->ready, request);
    block_job_step(sim, request->job);
}

static void on_reaped(struct sim *sim, void *arg)
{
    struct block_job *job = arg;
    struct request *request = line_pop(&job->finished);
    job->busy = false;
    if (request == &job->flush)
        job->flushing = false;
    else {
        histogram_add(job->guest->io_ns, sim_now(sim) - request->began_ns);
        if (costs_of(job)->sleep_ns > 0)
            sim_schedule_in(sim, costs_of(job)->sleep_ns, SIM_PRIORITY_NORMAL, on_ready, request);
        else
            line_push(&job->ready, request);
    }
    block_job_step(sim, job);
}

static void on_kicked(struct sim *sim, void *arg)
{
    struct block_job *job = arg;
    job->busy = false;
    block_server_poke(sim, job->queue->server);
    block_job_step(sim, job);
}

/* The request is in the virtqueue (or in the host's kernel). */
static void on_submitted(struct sim *sim, void *arg)
{
    struct block_job *job = arg;
    const struct block_costs *costs = costs_of(job);
    struct block_queue *queue = job->queue;
    struct request *request = job->flushing ? &job->flush : line_pop(&job->ready);
    job->busy = false;
    if (costs->on_host) {
        block_request_go(sim, request);
        block_job_step(sim, job);
        return;
    }
    bool heard = block_server_hears(sim, queue, costs);
    queue->waiting++;
    line_push(&queue->server->arrived, request);
    if (heard) {
        block_server_poke(sim, queue->server);
        block_job_step(sim, job);
        return;
    }
    job->guest->block->kicks++;
    run(sim, job, queue->user_space ? costs->kick_user_ns : costs->kick_ns, on_kicked);
}

static void submit(struct sim *sim, struct block_job *job, struct request *request)
{
    const struct block_costs *costs = costs_of(job);
    request->began_ns = sim_now(sim) + (request->flush ? 0 : costs->think_ns);
    block_request_prepare(request);
    if (request->write)
        job->writes++;
    run(sim, job, costs->submit_ns + (request->flush ? 0 : costs->think_ns), on_submitted);
}

static void fall_asleep(const struct sim *sim, struct block_job *job)
{
    if (!job->asleep)
        job->asleep_since_ns = sim_now(sim);
    job->asleep = true;
}

void block_job_step(struct sim *sim, struct block_job *job)
{
    const struct block_costs *costs = costs_of(job);
    bool flush_back = job->finished.head == &job->flush;
    if (job->busy || !job->guest->running)
        return;
    if (!job->flushing && costs->flush_every > 0 && job->writes >= costs->flush_every) {
        job->writes = 0;
        job->flushing = true;
        submit(sim, job, &job->flush);
    } else if (!job->flushing && job->ready.head != NULL)
        submit(sim, job, job->ready.head);
    else if (flush_back || (!job->flushing && job->finished.head != NULL)) {
        run(sim, job, costs->reap_ns + (job->asleep ? costs->job_wake_ns : 0), on_reaped);
        job->asleep = false;
    } else
        fall_asleep(sim, job);
}

/* A flush is what its job waits for: it goes first. */
void block_job_take(struct sim *sim, struct request *request)
{
    struct block_job *job = request->job;
    if (!request->flush)
        line_push(&job->finished, request);
    else {
        struct line others = line_take(&job->finished);
        line_push(&job->finished, request);
        for (struct request *other = line_pop(&others); other != NULL; other = line_pop(&others))
            line_push(&job->finished, other);
    }
    block_job_step(sim, job);
}

static void on_interrupted(struct sim *sim, void *arg)
{
    struct block_queue *queue = arg;
    struct line used = line_take(&queue->used);
    queue->irq_pending = false;
    for (struct request *request = line_pop(&used); request != NULL; request = line_pop(&used))
        block_job_take(sim, request);
}

static void deliver(struct sim *sim, void *arg)
{
    struct block_queue *queue = arg;
    thread_interrupt(sim, queue->vcpu, &queue->irq);
}

void block_queue_interrupt(struct sim *sim, struct block_queue *queue)
{
    const struct block_costs *costs = queue->server->guest->costs;
    const struct block_job *job = queue->used.head->job;
    uint64_t slept_ns = job->asleep ? sim_now(sim) - job->asleep_since_ns : 0;
    queue->irq_due = false;
    if (queue->irq_pending)
        return;
    queue->irq_pending = true;
    queue->irq =
        (struct burst){.work_ns = costs->irq_ns + (job->vcpu != queue->vcpu ? costs->ipi_ns : 0),
                       .done = on_interrupted,
                       .arg = queue};
    if (slept_ns > costs->irq_after_ns && queue->vcpu->state == THREAD_ASLEEP)
        sim_schedule_in(sim, costs->irq_delay_ns, SIM_PRIORITY_NORMAL, deliver, queue);
    else
        deliver(sim, queue);
}
