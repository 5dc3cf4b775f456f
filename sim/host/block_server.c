/* The serving side of the block part: event loops, workers, and a request's way through the
 * drive. */
#include "sim/host/block_path.h"

static const struct block_costs *costs_of(const struct server *server)
{
    return server->guest->costs;
}

static void run(struct sim *sim, struct server *server, uint64_t work_ns, sim_callback *done)
{
    server->burst.work_ns = work_ns;
    server->burst.done = done;
    thread_run(sim, server->thread, &server->burst);
}

bool block_server_hears(const struct sim *sim, const struct block_queue *queue,
                        const struct block_costs *costs)
{
    const struct server *server = queue->server;
    if (costs->kick_rule == KICK_ALWAYS)
        return false;
    if (queue->waiting > 0 || server->state == SERVER_POLL)
        return true;
    return costs->kick_rule == KICK_SUPPRESSED &&
           (server->state == SERVER_BLOCKED || sim_now(sim) < server->taking_until_ns);
}

static void on_pass(struct sim *sim, void *arg);

static void awake(struct sim *sim, void *arg)
{
    struct server *server = arg;
    server->state = SERVER_PASS;
    run(sim, server, costs_of(server)->pass_ns, on_pass);
}

static void fall_asleep(const struct sim *sim, struct server *server)
{
    server->state = SERVER_IDLE;
    server->idle_since_ns = sim_now(sim);
}

/* The time to poll is over, or has found something. */
static void on_polled(struct sim *sim, void *arg)
{
    struct server *server = arg;
    if (server->state == SERVER_PASS)
        on_pass(sim, server);
    else
        fall_asleep(sim, server);
}

void block_server_poke(struct sim *sim, struct server *server)
{
    const struct block_costs *costs = costs_of(server);
    if (server->state == SERVER_POLL) {
        server->state = SERVER_PASS;
        thread_finish(sim, server->thread, &server->burst, costs->polled_pass_ns);
    } else if (server->state == SERVER_IDLE) {
        uint64_t slept_ns = sim_now(sim) - server->idle_since_ns;
        server->state = SERVER_WAKING;
        if (slept_ns > costs->wake_after_ns && server->thread->state == THREAD_ASLEEP)
            sim_schedule_in(sim, costs->wake_delay_ns, SIM_PRIORITY_NORMAL, awake, server);
        else
            awake(sim, server);
    }
}

/* CPU time for the host's page cache. */
static uint64_t caching_ns(const struct block_costs *costs, const struct request *request)
{
    if (request->flush || !costs->write_cached)
        return 0;
    return request->write ? costs->copy_ns : costs->cached_read_ns;
}

/* CPU time to take a request off its virtqueue and hand it on; a flush is a request like others. */
static uint64_t taking_ns(const struct server *server, const struct request *request)
{
    const struct block_costs *costs = costs_of(server);
    return costs->parse_ns + (costs->pool ? 0 : caching_ns(costs, request));
}

/* CPU time to finish a batch, and which virtqueues get an interrupt. A synchronous back end raises
 * it when the virtqueue is empty. */
static uint64_t finishing_ns(struct server *server)
{
    const struct block_costs *costs = costs_of(server);
    uint64_t work_ns = 0;
    for (struct request *request = server->completed.head; request != NULL;
         request = request->next) {
        struct block_queue *queue = request->job->queue;
        work_ns += costs->complete_ns;
        if (costs->synchronous && queue->waiting > 0)
            continue;
        if (!queue->irq_due && !queue->irq_pending)
            work_ns += queue->user_space ? costs->inject_user_ns : costs->inject_ns;
        queue->irq_due = true;
    }
    return work_ns;
}

static void on_work(struct sim *sim, void *arg);

static void on_pass(struct sim *sim, void *arg)
{
    struct server *server = arg;
    const struct block_costs *costs = costs_of(server);
    uint64_t work_ns = 0;
    line_move(&server->completed, &server->finished, costs->batch_most);
    if (!costs->synchronous)
        line_move(&server->taken, &server->arrived, costs->batch_most);
    else if (server->completed.head == NULL && server->arrived.head != NULL)
        line_push(&server->taken, line_pop(&server->arrived));
    for (struct request *request = server->taken.head; request != NULL; request = request->next) {
        request->job->queue->waiting--;
        work_ns += taking_ns(server, request);
    }
    server->taking_until_ns = sim_now(sim) + work_ns;
    if (server->taken.head != NULL)
        work_ns += costs->batch_ns;
    server->state = SERVER_WORK;
    run(sim, server, work_ns + finishing_ns(server), on_work);
}

/* Out of work: sleeps, after a while of polling; or looks again. */
static void settle(struct sim *sim, struct server *server)
{
    const struct block_costs *costs = costs_of(server);
    bool more = server->arrived.head != NULL || server->finished.head != NULL;
    if (server->arrived.head != NULL && costs->synchronous)
        on_pass(sim, server);
    else if (more && costs->poll_ns == 0)
        awake(sim, server);
    else if (more) {
        server->state = SERVER_PASS;
        run(sim, server, costs->polled_pass_ns, on_pass);
    } else if (costs->poll_ns > 0) {
        server->state = SERVER_POLL;
        run(sim, server, costs->poll_ns, on_polled);
    } else
        fall_asleep(sim, server);
}

static void pool_submit(struct sim *sim, struct server *server, struct request *request);

static void on_work(struct sim *sim, void *arg)
{
    struct server *server = arg;
    struct line completed = line_take(&server->completed);
    struct line taken = line_take(&server->taken);
    bool blocks = costs_of(server)->synchronous && taken.head != NULL;
    server->state = blocks ? SERVER_BLOCKED : SERVER_WORK;
    for (struct request *request = line_pop(&completed); request != NULL;
         request = line_pop(&completed)) {
        struct block_queue *queue = request->job->queue;
        line_push(&queue->used, request);
        if (queue->irq_due && (completed.head == NULL || completed.head->job->queue != queue))
            block_queue_interrupt(sim, queue);
    }
    for (struct request *request = line_pop(&taken); request != NULL; request = line_pop(&taken)) {
        if (costs_of(server)->pool)
            pool_submit(sim, server, request);
        else
            block_request_go(sim, request);
    }
    if (!blocks)
        settle(sim, server);
}

static void on_worker_started(struct sim *sim, void *arg)
{
    struct worker *worker = arg;
    block_request_go(sim, worker->request);
}

static void pool_submit(struct sim *sim, struct server *server, struct request *request)
{
    const struct block_costs *costs = costs_of(server);
    struct worker *worker = server->free_worker;
    if (worker == NULL) {
        line_push(&server->pooled, request);
        return;
    }
    server->free_worker = worker->next;
    worker->request = request;
    request->worker = worker;
    worker->burst = (struct burst){
        .work_ns = costs->worker_start_ns + caching_ns(costs, request),
        .done = on_worker_started,
        .arg = worker,
    };
    thread_run(sim, &worker->thread, &worker->burst);
}

static void on_worker_ended(struct sim *sim, void *arg)
{
    struct worker *worker = arg;
    struct server *server = worker->server;
    struct request *request = worker->request;
    request->worker = NULL;
    worker->next = server->free_worker;
    server->free_worker = worker;
    line_push(&server->finished, request);
    block_server_poke(sim, server);
    if (server->pooled.head != NULL)
        pool_submit(sim, server, line_pop(&server->pooled));
}

/* The drive is done with all stages. */
void block_request_back(struct sim *sim, struct request *request)
{
    struct server *server = request->job->queue->server;
    const struct block_costs *costs = request->job->guest->costs;
    if (costs->on_host) {
        block_job_take(sim, request);
    } else if (request->worker != NULL) {
        struct worker *worker = request->worker;
        worker->burst =
            (struct burst){.work_ns = costs->worker_end_ns, .done = on_worker_ended, .arg = worker};
        thread_run(sim, &worker->thread, &worker->burst);
    } else {
        line_push(&server->finished, request);
        if (server->state == SERVER_BLOCKED)
            on_pass(sim, server);
        else
            block_server_poke(sim, server);
    }
}
