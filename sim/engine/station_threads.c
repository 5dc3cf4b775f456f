#include "sim/engine/station_threads.h"

#include "sim/engine/contract.h"

#include <string.h>

static void on_idle_end(struct sim *sim, void *arg);

/* The number of idle threads may have changed: keep their record and the timer of the first. */
static void note_idle(struct sim *sim, struct station_threads *threads)
{
    uint32_t idle = threads->queue.servers - (uint32_t)threads->queue.busy.now;
    uint64_t now_ns = sim_now(sim);

    while (threads->idle < idle) {
        threads->idle_since_ns[threads->idle++] = now_ns;
    }
    threads->idle = idle;
    if (idle == 0 || threads->queue.servers <= threads->threads_min ||
        threads->idle_ns == STATION_FOREVER) {
        station_timer_stop(sim, &threads->idle_timer);
    } else {
        uint64_t idled_ns = now_ns - threads->idle_since_ns[0];

        station_timer_set(sim, &threads->idle_timer,
                          idled_ns < threads->idle_ns ? threads->idle_ns - idled_ns : 0,
                          on_idle_end, threads);
    }
}

static void on_idle_end(struct sim *sim, void *arg)
{
    struct station_threads *threads = arg;

    threads->idle_timer.event = SIM_EVENT_NONE;
    threads->idle--;
    memmove(threads->idle_since_ns, threads->idle_since_ns + 1,
            threads->idle * sizeof *threads->idle_since_ns);
    station_queue_set_servers(sim, &threads->queue, threads->queue.servers - 1);
    note_idle(sim, threads);
}

static void on_thread_ready(struct sim *sim, void *arg)
{
    struct station_threads *threads = arg;

    threads->starting--;
    station_queue_set_servers(sim, &threads->queue, threads->queue.servers + 1);
    note_idle(sim, threads);
}

static void on_task_started(struct sim *sim, void *arg)
{
    struct thread_task *task = arg;

    if (task->started != NULL) {
        task->started(sim, task->arg);
    }
}

static void on_task_done(struct sim *sim, void *arg)
{
    struct thread_task *task = arg;

    note_idle(sim, task->threads);
    task->done(sim, task->arg);
}

void station_threads_init(struct station_threads *threads, struct sim *sim, uint32_t threads_min,
                          uint32_t threads_max, uint64_t start_ns, uint64_t idle_ns,
                          uint64_t *idle_since_ns)
{
    contract(threads_max >= 1 && threads_min <= threads_max);
    memset(threads, 0, sizeof *threads);
    station_queue_init(&threads->queue, sim, threads_min, UINT32_MAX, STATION_NO_PREEMPTION);
    threads->threads_min = threads_min;
    threads->threads_max = threads_max;
    threads->start_ns = start_ns;
    threads->idle_ns = idle_ns;
    threads->idle_since_ns = idle_since_ns;
    note_idle(sim, threads);
}

void station_threads_submit(struct sim *sim, struct station_threads *threads,
                            struct thread_task *task)
{
    struct station_queue *queue = &threads->queue;

    contract(task->done != NULL);
    task->threads = threads;
    task->job.service_ns = task->run_ns;
    task->job.patience_ns = STATION_FOREVER;
    task->job.started = on_task_started;
    task->job.done = on_task_done;
    task->job.arg = task;
    if (station_queue_submit(sim, queue, &task->job) == STATION_RUNNING) {
        note_idle(sim, threads);
    } else if (threads->starting < queue->waiting.now &&
               queue->servers + threads->starting < threads->threads_max) {
        threads->starting++;
        threads->started++;
        sim_schedule_in(sim, threads->start_ns, SIM_PRIORITY_NORMAL, on_thread_ready, threads);
    }
}

void station_threads_finish(struct sim *sim, struct thread_task *task)
{
    station_queue_finish(sim, &task->job);
}
