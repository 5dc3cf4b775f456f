#include "sim/host/block.h"

#include <math.h>
#include <stdlib.h>

#include "sim/host/block_path.h"

/* What a guest needs of each kind. */
struct need {
    size_t jobs, queues, disks, servers, workers, requests;
};

/* Main loop or iothreads: threads that serve the disks of a guest. */
static uint32_t servers_of(const struct plan *plan, const struct guest *guest)
{
    bool iothreads = plan_option(plan, guest->class_index, "disk_iothread") > 0;
    return iothreads && guest->iothread_count > 0 ? guest->iothread_count : 1;
}

static struct need need_of(const struct block *block, const struct guest *guest)
{
    const struct block_costs *costs = &block->costs[guest->class_index];
    if (costs->jobs == 0)
        return (struct need){0};
    uint32_t servers = servers_of(block->host->plan, guest);
    return (struct need){.jobs = costs->jobs,
                         .queues = (size_t)costs->disks * costs->queues,
                         .disks = costs->disks,
                         .servers = servers,
                         .workers = (size_t)servers * costs->workers,
                         .requests = (size_t)costs->jobs * costs->depth};
}

static void *array(size_t count, size_t size, bool *failed)
{
    void *memory = calloc(count + 1, size);
    *failed = *failed || memory == NULL;
    return memory;
}

static bool allocate(struct block *block, const struct need *need, uint32_t guests)
{
    bool failed = false;
    block->drives = array(block->drive_count, sizeof *block->drives, &failed);
    block->guests = array(guests, sizeof *block->guests, &failed);
    block->jobs = array(need->jobs, sizeof *block->jobs, &failed);
    block->queues = array(need->queues, sizeof *block->queues, &failed);
    block->disks = array(need->disks, sizeof *block->disks, &failed);
    block->servers = array(need->servers, sizeof *block->servers, &failed);
    block->workers = array(need->workers, sizeof *block->workers, &failed);
    block->requests = array(need->requests, sizeof *block->requests, &failed);
    return !failed;
}

/* Gives each guest its pieces of the arrays. */
static void cut(struct block *block)
{
    struct need at = {0};
    for (uint32_t i = 0; i < block->host->plan->guests; i++) {
        const struct guest *guest = &block->host->guests[i];
        struct need need = need_of(block, guest);
        block->guests[i] = (struct block_guest){
            .block = block,
            .costs = &block->costs[guest->class_index],
            .jobs = &block->jobs[at.jobs],
            .queues = &block->queues[at.queues],
            .disks = &block->disks[at.disks],
            .servers = &block->servers[at.servers],
            .workers = &block->workers[at.workers],
            .requests = &block->requests[at.requests],
            .server_count = (uint32_t)need.servers,
        };
        for (size_t d = 0; d < need.disks; d++) {
            block->guests[i].disks[d].drive = &block->drives[(at.disks + d) % block->drive_count];
            block->guests[i].disks[d].costs = block->guests[i].costs;
        }
        at = (struct need){at.jobs + need.jobs,       at.queues + need.queues,
                           at.disks + need.disks,     at.servers + need.servers,
                           at.workers + need.workers, at.requests + need.requests};
    }
}

int block_open(struct host *host)
{
    const struct plan *plan = host->plan;
    struct block *block = host->block = calloc(1, sizeof *block);
    struct need total = {0};
    if (block == NULL)
        return -1;
    block->host = host;
    block->drive_count = (uint32_t)fmax(plan_option(plan, 0, "host_drives"), 1);
    for (size_t c = 0; c < plan->scenario->class_count; c++)
        block_costs_read(&block->costs[c], plan, c);
    for (uint32_t i = 0; i < plan->guests; i++) {
        struct need need = need_of(block, &host->guests[i]);
        total = (struct need){total.jobs + need.jobs,       total.queues + need.queues,
                              total.disks + need.disks,     total.servers + need.servers,
                              total.workers + need.workers, total.requests + need.requests};
    }
    block->class_io_ns = calloc(plan->scenario->class_count, sizeof *block->class_io_ns);
    if (block->class_io_ns == NULL || !allocate(block, &total, plan->guests)) {
        block_close(host);
        return -1;
    }
    for (uint32_t d = 0; d < block->drive_count; d++) {
        struct rng rng;
        host_stream(host, &rng, d, PURPOSE_DRIVE);
        drive_init(&block->drives[d], &host->sim, &block->costs[0].drive, &rng);
    }
    for (size_t c = 0; c < plan->scenario->class_count; c++)
        histogram_init(&block->class_io_ns[c]);
    cut(block);
    return 0;
}

void block_close(struct host *host)
{
    struct block *block = host->block;
    if (block == NULL)
        return;
    free(block->class_io_ns);
    free(block->drives);
    free(block->guests);
    free(block->jobs);
    free(block->queues);
    free(block->disks);
    free(block->servers);
    free(block->workers);
    free(block->requests);
    free(block);
    host->block = NULL;
}

static void start_servers(struct block_guest *state, const struct guest *guest)
{
    const struct block_costs *costs = state->costs;
    bool iothreads = servers_of(state->block->host->plan, guest) == guest->iothread_count &&
                     plan_option(state->block->host->plan, guest->class_index, "disk_iothread") > 0;
    for (uint32_t s = 0; s < state->server_count; s++) {
        struct server *server = &state->servers[s];
        server->thread = iothreads ? &guest->iothreads[s] : guest->main_loop;
        server->guest = state;
        server->burst.arg = server;
        server->workers = &state->workers[s * costs->workers];
        for (uint32_t w = costs->workers; w-- > 0;) {
            struct worker *worker = &server->workers[w];
            worker->server = server;
            worker->next = server->free_worker;
            server->free_worker = worker;
            thread_init(&worker->thread, &state->block->host->cpus, guest->index, 1024);
            worker->thread.speed = guest->main_loop->speed;
        }
    }
}

/* Before QEMU 9.0 a device has one iothread; then its virtqueues can be spread. */
static void start_queues(struct block_guest *state, const struct guest *guest)
{
    const struct block_costs *costs = state->costs;
    const struct plan *plan = state->block->host->plan;
    bool spread = cost_of(plan->costs, guest->class_index, "blk_queue_mapping") > 0;
    for (uint32_t d = 0; d < costs->disks; d++) {
        uint32_t whole = (uint32_t)(&state->disks[d] - state->block->disks);
        bool user_space = floor((whole + 1) * costs->user_share) > floor(whole * costs->user_share);
        for (uint32_t q = 0; q < costs->queues; q++) {
            uint32_t at = d * costs->queues + q;
            uint32_t vcpu = (uint32_t)((uint64_t)q * guest->vcpu_count / costs->queues);
            if (costs->queues >= guest->vcpu_count)
                vcpu = q % guest->vcpu_count;
            state->queues[at] = (struct block_queue){
                .server = &state->servers[(spread ? at : d) % state->server_count],
                .vcpu = &guest->vcpus[vcpu],
                .user_space = user_space,
            };
        }
    }
}

static void start_jobs(struct block_guest *state, const struct guest *guest)
{
    const struct block_costs *costs = state->costs;
    for (uint32_t j = 0; j < costs->jobs; j++) {
        struct block_job *job = &state->jobs[j];
        uint32_t vcpu = j % guest->vcpu_count;
        uint32_t queue = costs->queues >= guest->vcpu_count
                             ? vcpu
                             : (uint32_t)((uint64_t)vcpu * costs->queues / guest->vcpu_count);
        uint32_t disk = j % costs->disks;
        *job = (struct block_job){.guest = state,
                                  .vcpu = &guest->vcpus[vcpu],
                                  .queue = &state->queues[disk * costs->queues + queue],
                                  .disk = &state->disks[disk],
                                  .flush = {.job = job, .flush = true}};
        job->burst.arg = job;
        job->queue->server->used = true;
        for (uint32_t r = 0; r < costs->depth; r++) {
            struct request *request = &state->requests[j * costs->depth + r];
            *request = (struct request){.job = job};
            line_push(&job->ready, request);
        }
    }
}

static void begin_job(struct sim *sim, void *arg)
{
    block_job_step(sim, arg);
}

void block_start(struct host *host, struct guest *guest)
{
    struct block_guest *state = &host->block->guests[guest->index];
    if (state->costs->jobs == 0)
        return;
    host_stream(host, &state->rng, guest->index, PURPOSE_REQUESTS);
    start_servers(state, guest);
    start_queues(state, guest);
    start_jobs(state, guest);
    state->io_ns = &host->block->class_io_ns[guest->class_index];
    state->running = true;
    /* within one cycle of its own, as jobs of different guests do not begin in step */
    double cycle_ns = (double)(state->costs->think_ns + state->costs->sleep_ns);
    for (uint32_t j = 0; j < state->costs->jobs; j++)
        sim_schedule_in(&host->sim, (uint64_t)(cycle_ns * rng_uniform(&state->rng)),
                        SIM_PRIORITY_NORMAL, begin_job, &state->jobs[j]);
}

void block_restart_statistics(struct host *host)
{
    struct block *block = host->block;
    for (size_t c = 0; c < host->plan->scenario->class_count; c++)
        histogram_init(&block->class_io_ns[c]);
    block->kicks = 0;
    for (uint32_t i = 0; i < host->plan->guests; i++) {
        for (uint32_t s = 0; block->guests[i].running && s < block->guests[i].server_count; s++) {
            struct server *server = &block->guests[i].servers[s];
            server->run_before_ns = server->thread->run_ns;
        }
    }
    for (uint32_t d = 0; d < block->drive_count; d++)
        drive_restart_statistics(&block->drives[d], &host->sim);
}

/* Mean share of a CPU that a serving thread with work uses, polling included. */
static double thread_use(const struct host *host, double elapsed_ns)
{
    const struct block *block = host->block;
    double used_ns = 0;
    uint64_t threads = 0;
    for (uint32_t i = 0; i < host->plan->guests; i++) {
        const struct block_guest *guest = &block->guests[i];
        for (uint32_t s = 0; guest->running && s < guest->server_count; s++) {
            const struct server *server = &guest->servers[s];
            if (!server->used)
                continue;
            used_ns += (double)(server->thread->run_ns - server->run_before_ns);
            threads++;
        }
    }
    return threads == 0 ? NAN : used_ns / elapsed_ns / (double)threads;
}

uint64_t block_requests(const struct host *host)
{
    uint64_t count = 0;
    for (size_t c = 0; c < host->plan->scenario->class_count; c++)
        count += host->block->class_io_ns[c].count;
    return count;
}

/* Fills the figures of a latency: those of all guests, or of one class. */
static void measure_latency(const struct histogram *io_ns, double elapsed_ns, double *value)
{
    if (io_ns->count == 0 || elapsed_ns <= 0)
        return;
    value[METRIC_io_rate] = (double)io_ns->count / elapsed_ns * 1e9;
    value[METRIC_io_mean] = histogram_mean(io_ns) / 1e9;
    value[METRIC_io_p50] = (double)histogram_quantile(io_ns, 0.5) / 1e9;
    value[METRIC_io_p99] = (double)histogram_quantile(io_ns, 0.99) / 1e9;
    value[METRIC_io_p999] = (double)histogram_quantile(io_ns, 0.999) / 1e9;
}

void block_measure(struct host *host)
{
    struct result *result = host->result;
    double elapsed_ns = (double)(sim_now(&host->sim) - host->measured_since_ns);
    for (size_t c = 0; c < host->plan->scenario->class_count; c++) {
        measure_latency(&host->block->class_io_ns[c], elapsed_ns, result->class_value[c]);
        histogram_merge(&result->io_ns, &host->block->class_io_ns[c]);
    }
    measure_latency(&result->io_ns, elapsed_ns, result->value);
    if (result->io_ns.count == 0 || elapsed_ns <= 0)
        return;
    result->value[METRIC_io_thread_use] = thread_use(host, elapsed_ns);
    result->value[METRIC_io_exits] = (double)host->block->kicks / elapsed_ns * 1e9;
}
