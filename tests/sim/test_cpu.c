/* The host's CPUs: shares, slices, preemption, hardware threads, halt polling; and queues in closed
 * form. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "sim/engine/interval.h"
#include "sim/engine/random.h"
#include "tests/sim/closed_forms.h"

static void note_time(struct sim *sim, void *arg)
{
    *(uint64_t *)arg = sim_now(sim);
}

static void one_burst_takes_its_work(void **state)
{
    struct sim sim;
    struct cpus cpus;
    struct thread thread;
    uint64_t ended = 0;
    struct burst burst = {.work_ns = 1000, .done = note_time, .arg = &ended};
    (void)state;
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 1, &plain_cpus), 0);
    thread_init(&thread, &cpus, 0, 1024);
    thread_run(&sim, &thread, &burst);
    sim_run(&sim, SIM_NEVER);
    assert_int_equal(ended, 1000);
    assert_int_equal(thread.run_ns, 1000);
    assert_int_equal(thread.wait_ns, 0);
    assert_int_equal(thread.state, THREAD_ASLEEP);
    assert_int_equal(cpus.busy_ns, 1000);
    cpus_free(&cpus);
    sim_destroy(&sim);
}

static void idle_one(struct sim *sim, void *arg)
{
    (void)sim;
    (void)arg;
}

/* Hogs on two CPUs get equal shares, within a slice or two, and weights count. */
static void hogs_share(void **state)
{
    struct sim sim;
    struct cpus cpus;
    struct thread thread[6];
    struct burst burst[6];
    (void)state;
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 2, &plain_cpus), 0);
    for (int i = 0; i < 6; i++) {
        thread_init(&thread[i], &cpus, (uint32_t)i, 1024);
        burst[i] = (struct burst){.work_ns = BURST_FOREVER, .done = idle_one};
        thread_run(&sim, &thread[i], &burst[i]);
    }
    sim_run(&sim, UINT64_C(6000000000));
    cpus_account(&cpus);
    assert_int_equal(cpus.busy_ns, UINT64_C(12000000000));
    for (int i = 0; i < 6; i++) {
        assert_true(fabs((double)thread[i].run_ns - 2e9) < 0.02e9);
        assert_int_equal(thread[i].run_ns + thread[i].wait_ns, UINT64_C(6000000000));
    }
    assert_true(fabs(cpus_running(&cpus, 0) - 6) < 1e-9);
    cpus_free(&cpus);
    sim_destroy(&sim);
}

static void weights_count(void **state)
{
    struct sim sim;
    struct cpus cpus;
    struct thread thread[2];
    struct burst burst[2];
    (void)state;
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 1, &plain_cpus), 0);
    for (int i = 0; i < 2; i++) {
        thread_init(&thread[i], &cpus, (uint32_t)i, i == 0 ? 1024 : 3072);
        burst[i] = (struct burst){.work_ns = BURST_FOREVER, .done = idle_one};
        thread_run(&sim, &thread[i], &burst[i]);
    }
    sim_run(&sim, UINT64_C(4000000000));
    cpus_account(&cpus);
    assert_true(fabs((double)thread[0].run_ns - 1e9) < 0.02e9);
    assert_true(fabs((double)thread[1].run_ns - 3e9) < 0.02e9);
    cpus_free(&cpus);
    sim_destroy(&sim);
}

/* A thread that slept goes ahead of a hog at once. */
static void sleeper_preempts(void **state)
{
    struct sim sim;
    struct cpus cpus;
    struct thread hog, sleeper;
    uint64_t ended = 0;
    struct burst forever = {.work_ns = BURST_FOREVER, .done = idle_one};
    struct burst burst = {.work_ns = 1000, .done = note_time, .arg = &ended};
    (void)state;
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 1, &plain_cpus), 0);
    thread_init(&hog, &cpus, 0, 1024);
    thread_init(&sleeper, &cpus, 1, 1024);
    thread_run(&sim, &hog, &forever);
    sim_run(&sim, 50000000);
    thread_run(&sim, &sleeper, &burst);
    sim_run(&sim, 100000000);
    assert_int_equal(ended, 50001000);
    assert_int_equal(sleeper.wait_ns, 0);
    cpus_account(&cpus);
    assert_int_equal(hog.run_ns, 100000000 - 1000);
    cpus_free(&cpus);
    sim_destroy(&sim);
}

/* Two threads of one core run at smt_share while both are busy; the third core's at full speed. */
static void hardware_threads_share_a_core(void **state)
{
    struct sim sim;
    struct cpus cpus;
    struct cpu_rules rules = plain_cpus;
    struct thread thread[3];
    uint64_t ended[3] = {0};
    struct burst burst[3];
    (void)state;
    rules.threads_per_core = 2;
    rules.smt_share = 0.5;
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 4, &rules), 0);
    for (int i = 0; i < 3; i++) {
        thread_init(&thread[i], &cpus, (uint32_t)i, 1024);
        burst[i] =
            (struct burst){.work_ns = i == 2 ? 1000 : 2000, .done = note_time, .arg = &ended[i]};
        thread_run(&sim, &thread[i], &burst[i]);
    }
    sim_run(&sim, SIM_NEVER);
    /* 0 and 1 have a core each; 2 joins 0: 1000 at half speed, in which 0 does 1000 of its 2000. */
    assert_int_equal(ended[1], 2000);
    assert_int_equal(ended[2], 2000);
    assert_int_equal(ended[0], 3000);
    cpus_free(&cpus);
    sim_destroy(&sim);
}

struct yielder {
    struct thread thread;
    struct burst burst;
    struct thread *to;
    uint64_t ran;
};

static void yield_on(struct sim *sim, void *arg)
{
    struct yielder *yielder = arg;
    yielder->ran++;
    thread_run(sim, &yielder->thread, &yielder->burst);
    if (yielder->to != NULL)
        thread_yield_to(sim, &yielder->thread, yielder->to);
    else
        thread_yield(sim, &yielder->thread);
}

static void yielding_takes_turns(void **state)
{
    struct sim sim;
    struct cpus cpus;
    struct yielder yielder[3] = {{.ran = 0}};
    (void)state;
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 1, &plain_cpus), 0);
    for (int i = 0; i < 3; i++) {
        thread_init(&yielder[i].thread, &cpus, (uint32_t)i, 1024);
        yielder[i].burst = (struct burst){.work_ns = 1000, .done = yield_on, .arg = &yielder[i]};
        thread_run(&sim, &yielder[i].thread, &yielder[i].burst);
    }
    sim_run(&sim, 300000);
    for (int i = 0; i < 3; i++)
        assert_true(yielder[i].ran >= 99 && yielder[i].ran <= 101);
    yielder[0].to = &yielder[1].thread; /* 0 and 1 hand the CPU to each other */
    yielder[1].to = &yielder[0].thread;
    uint64_t before = yielder[2].ran;
    sim_run(&sim, 600000);
    assert_true(yielder[2].ran <= before + 1);
    cpus_free(&cpus);
    sim_destroy(&sim);
}

static void halt_polling_wakes_faster(void **state)
{
    struct sim sim;
    struct cpus cpus;
    struct cpu_rules rules = plain_cpus;
    struct thread thread;
    uint64_t ended = 0;
    struct burst burst = {.work_ns = 100, .done = note_time, .arg = &ended};
    (void)state;
    rules.wake_ns = 5000;
    rules.poll_ns = 1000;
    rules.poll_max_ns = 200000;
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 1, &rules), 0);
    thread_init(&thread, &cpus, 0, 1024);
    thread.halt_polls = true;
    thread_run(&sim, &thread, &burst);
    sim_run(&sim, 200000);
    uint64_t slept_since = ended;
    thread_run(&sim, &thread, &burst); /* slept within the window */
    sim_run(&sim, 1000000);
    assert_int_equal(ended, 200000 + 1000 + 100);
    assert_int_equal(cpus.poll_ns, 200000 - slept_since);
    thread_run(&sim, &thread, &burst); /* slept longer */
    sim_run(&sim, SIM_NEVER);
    assert_int_equal(ended, 1000000 + 5000 + 100);
    cpus_free(&cpus);
    sim_destroy(&sim);
}

/* Open arrivals of jobs, each a thread of its own, on c CPUs. */
enum { JOBS_MAX = 4096 };

struct open_job {
    struct thread thread;
    struct burst burst;
    uint64_t arrived_ns, work_ns;
    struct open_queue *queue;
};

struct open_queue {
    struct cpus cpus;
    struct rng arrivals, work;
    double mean_gap_ns, mean_work_ns;
    struct open_job job[JOBS_MAX], *free_jobs[JOBS_MAX];
    uint32_t free_count;
    struct tally response;
    struct tally stretch[2]; /* response over work, of jobs of little and of much work */
};

static void job_done(struct sim *sim, void *arg)
{
    struct open_job *job = arg;
    struct open_queue *queue = job->queue;
    double response = (double)(sim_now(sim) - job->arrived_ns);
    tally_add(&queue->response, response);
    if (job->work_ns > 2000) /* many slices */
        tally_add(&queue->stretch[(double)job->work_ns > queue->mean_work_ns],
                  response / (double)job->work_ns);
    queue->free_jobs[queue->free_count++] = job;
}

static void job_arrives(struct sim *sim, void *arg)
{
    struct open_queue *queue = arg;
    assert_true(queue->free_count > 0);
    struct open_job *job = queue->free_jobs[--queue->free_count];
    job->arrived_ns = sim_now(sim);
    job->work_ns = (uint64_t)(queue->mean_work_ns * rng_exponential(&queue->work)) + 100;
    job->burst = (struct burst){.work_ns = job->work_ns, .done = job_done, .arg = job};
    thread_run(sim, &job->thread, &job->burst);
    sim_schedule_in(sim, (uint64_t)(queue->mean_gap_ns * rng_exponential(&queue->arrivals)),
                    SIM_PRIORITY_NORMAL, job_arrives, queue);
}

/* Runs ten replications; response, and stretch where asked for, get a mean of each. */
static void run_open(struct open_queue *queue, int cpus, double load, uint64_t slice_ns,
                     uint64_t stream, struct tally *response, struct tally stretch[2])
{
    tally_init(response);
    tally_init(&stretch[0]);
    tally_init(&stretch[1]);
    for (uint64_t replication = 0; replication < 10; replication++) {
        struct sim sim;
        struct cpu_rules rules = plain_cpus;
        rules.latency_ns = rules.slice_min_ns = rules.wakeup_ns = slice_ns;
        sim_init(&sim, NULL);
        assert_int_equal(cpus_init(&queue->cpus, &sim, (uint32_t)cpus, &rules), 0);
        rng_init(&queue->arrivals, 1, replication, stream, 0);
        rng_init(&queue->work, 1, replication, stream, 1);
        queue->mean_work_ns = 10000;
        queue->mean_gap_ns = (queue->mean_work_ns + 100) / (load * cpus);
        queue->free_count = 0;
        for (uint32_t i = 0; i < JOBS_MAX; i++) {
            thread_init(&queue->job[i].thread, &queue->cpus, 0, 1024);
            queue->job[i].queue = queue;
            queue->free_jobs[queue->free_count++] = &queue->job[i];
        }
        sim_schedule_in(&sim, 0, SIM_PRIORITY_NORMAL, job_arrives, queue);
        tally_init(&queue->response);
        sim_run(&sim, 5000000);
        tally_init(&queue->response);
        tally_init(&queue->stretch[0]);
        tally_init(&queue->stretch[1]);
        sim_run(&sim, 5000000 + (uint64_t)(20000 * queue->mean_gap_ns));
        tally_add(response, queue->response.mean);
        tally_add(&stretch[0], queue->stretch[0].mean);
        tally_add(&stretch[1], queue->stretch[1].mean);
        /* Little's law, as an identity: threads awake, over time, are the times they were awake */
        uint64_t awake = 0;
        cpus_account(&queue->cpus);
        for (uint32_t i = 0; i < JOBS_MAX; i++) {
            const struct thread *thread = &queue->job[i].thread;
            awake += thread->run_ns + thread->wait_ns;
        }
        assert_int_equal(queue->cpus.awake_area, awake);
        cpus_free(&queue->cpus);
        sim_destroy(&sim);
    }
}

static void expect(const struct tally *means, double truth, double slack, const char *what)
{
    struct interval interval = interval_of_mean(means, 0.999);
    if (fabs(interval.mean - truth) > interval.half_width + slack * truth)
        fail_msg("%s: %g +- %g, the closed form says %g", what, interval.mean, interval.half_width,
                 truth);
}

/* The number present in M/M/c does not depend on the order of service as long as no CPU idles while
 * somebody waits: so the mean response is FIFO's, for any slice. (Work is 100 ns more than
 * exponential, so the formula is 1 % off.) */
static void mmc_has_erlangs_response(void **state)
{
    static struct open_queue queue;
    static const struct {
        const char *name;
        int cpus;
        double load;
        uint64_t slice_ns;
    } cases[] = {{"M/M/1, slices of 1 us", 1, 0.7, 1000},
                 {"M/M/1, no slices", 1, 0.7, 100000000},
                 {"M/M/4", 4, 0.8, 100000},
                 {"M/M/16", 16, 0.9, 20000}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct tally response, stretch[2];
        double a = cases[k].load * cases[k].cpus;
        run_open(&queue, cases[k].cpus, cases[k].load, cases[k].slice_ns, k, &response, stretch);
        expect(&response, 10100 * (1 + erlang_c(a, cases[k].cpus) / (cases[k].cpus - a)), 0.01,
               cases[k].name);
    }
}

/* With slices far below the work a CPU is shared: a job of work x takes x / (1 - load), much or
 * little (processor sharing; Kleinrock 1967). */
static void short_slices_share_the_processor(void **state)
{
    static struct open_queue queue;
    struct tally response, stretch[2];
    (void)state;
    run_open(&queue, 1, 0.7, 100, 9, &response, stretch);
    expect(&stretch[0], 1 / 0.3, 0.03, "jobs of little work");
    expect(&stretch[1], 1 / 0.3, 0.03, "jobs of much work");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_burst_takes_its_work),
        cmocka_unit_test(hogs_share),
        cmocka_unit_test(weights_count),
        cmocka_unit_test(sleeper_preempts),
        cmocka_unit_test(hardware_threads_share_a_core),
        cmocka_unit_test(yielding_takes_turns),
        cmocka_unit_test(halt_polling_wakes_faster),
        cmocka_unit_test(mmc_has_erlangs_response),
        cmocka_unit_test(short_slices_share_the_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
