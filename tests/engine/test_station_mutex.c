#include "sim/engine/station_mutex.h"

#include "sim/engine/random.h"
#include "tests/engine/scene.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>

/* Locks at some time, holds for hold_ns, unlocks: "A" when it has the lock, "-A" when it lets go.
 */
struct thread {
    struct mutex_waiter waiter;
    struct station_mutex *mutex;
    struct scene *scene;
    const char *name;
    uint64_t hold_ns;
};

static void on_release(struct sim *sim, void *arg)
{
    struct thread *thread = arg;

    scene_say(thread->scene, "-", thread->name);
    station_mutex_unlock(sim, &thread->waiter);
}

static void on_acquired(struct sim *sim, void *arg)
{
    struct thread *thread = arg;

    assert_int_equal(thread->waiter.state, MUTEX_HOLDING);
    scene_say(thread->scene, "", thread->name);
    sim_schedule_in(sim, thread->hold_ns, SIM_PRIORITY_NORMAL, on_release, thread);
}

static void on_want(struct sim *sim, void *arg)
{
    struct thread *thread = arg;

    if (station_mutex_lock(sim, thread->mutex, &thread->waiter)) {
        on_acquired(sim, thread);
    }
}

static void on_abandon(struct sim *sim, void *arg)
{
    struct thread *thread = arg;

    station_mutex_abandon(sim, &thread->waiter);
    assert_int_equal(thread->waiter.state, MUTEX_AWAY);
}

static void want(struct thread *thread, struct scene *scene, struct station_mutex *mutex,
                 const char *name, uint64_t at_ns, uint64_t hold_ns)
{
    *thread = (struct thread){.waiter = {.acquired = on_acquired, .arg = thread},
                              .mutex = mutex,
                              .scene = scene,
                              .name = name,
                              .hold_ns = hold_ns};
    scene_at(scene, at_ns, on_want, thread);
}

static void run_policy(enum mutex_policy policy, uint64_t handoff_ns, const char *expected)
{
    struct scene scene;
    struct station_mutex mutex;
    struct thread threads[4];
    static const char *const names[] = {"A", "B", "C", "D"};

    scene_open(&scene);
    station_mutex_init(&mutex, &scene.sim, policy, handoff_ns, NULL);
    for (int i = 0; i < 4; i++) {
        want(&threads[i], &scene, &mutex, names[i], (uint64_t)i, 10);
    }
    scene_close(&scene, expected);
    assert_int_equal(mutex.acquisitions, 4);
    assert_int_equal(mutex.contended, 3);
    assert_int_equal(mutex.held.now + mutex.waiting.now, 0);
}

static void fifo_serves_the_longest_waiting(void **state)
{
    (void)state;
    run_policy(MUTEX_FIFO, 0, "A@0 -A@10 B@10 -B@20 C@20 -C@30 D@30 -D@40");
}

static void lifo_serves_the_latest(void **state)
{
    (void)state;
    run_policy(MUTEX_LIFO, 0, "A@0 -A@10 D@10 -D@20 C@20 -C@30 B@30 -B@40");
}

static void a_handoff_takes_its_time(void **state)
{
    (void)state;
    run_policy(MUTEX_FIFO, 5, "A@0 -A@10 B@15 -B@25 C@30 -C@40 D@45 -D@55");
}

/* During the hand-over to B the lock is B's under FIFO, and anybody's under BARGING. */
static void run_newcomer(enum mutex_policy policy, const char *expected, uint64_t barged)
{
    struct scene scene;
    struct station_mutex mutex;
    struct thread threads[3];

    scene_open(&scene);
    station_mutex_init(&mutex, &scene.sim, policy, 5, NULL);
    want(&threads[0], &scene, &mutex, "A", 0, 10);
    want(&threads[1], &scene, &mutex, "B", 1, 10);
    want(&threads[2], &scene, &mutex, "new", 12, 10);
    scene_close(&scene, expected);
    assert_int_equal(mutex.barged, barged);
}

static void newcomers_queue_or_barge(void **state)
{
    (void)state;
    run_newcomer(MUTEX_FIFO, "A@0 -A@10 B@15 -B@25 new@30 -new@40", 0);
    run_newcomer(MUTEX_BARGING, "A@0 -A@10 new@12 -new@22 B@27 -B@37", 1);
}

/* The holder takes the lock again before the waiter it woke gets there: starvation. */
static void a_barging_loop_starves_the_waiter(void **state)
{
    struct scene scene;
    struct station_mutex mutex;
    struct thread greedy[4];
    struct thread waiter;
    (void)state;

    scene_open(&scene);
    station_mutex_init(&mutex, &scene.sim, MUTEX_BARGING, 5, NULL);
    for (int i = 0; i < 4; i++) {
        want(&greedy[i], &scene, &mutex, "g", (uint64_t)i * 11, 10);
    }
    want(&waiter, &scene, &mutex, "w", 1, 10);
    scene_close(&scene, "g@0 -g@10 g@11 -g@21 g@22 -g@32 g@33 -g@43 w@48 -w@58");
    assert_int_equal(mutex.barged, 3);
}

static void random_picks_with_equal_odds(void **state)
{
    enum { ROUNDS = 5000, WAITERS = 5 };
    double first[WAITERS] = {0};
    double chi2 = 0;
    struct rng rng;
    (void)state;

    rng_init(&rng, 1, 0, 0, 0);
    for (int round = 0; round < ROUNDS; round++) {
        struct scene scene;
        struct station_mutex mutex;
        struct thread threads[WAITERS + 1];
        static const char *const names[] = {"0", "1", "2", "3", "4", "x"};

        scene_open(&scene);
        station_mutex_init(&mutex, &scene.sim, MUTEX_RANDOM, 0, &rng);
        want(&threads[WAITERS], &scene, &mutex, names[WAITERS], 0, 10);
        for (int i = 0; i < WAITERS; i++) {
            want(&threads[i], &scene, &mutex, names[i], 1, 10);
        }
        sim_run(&scene.sim, 15);
        first[scene.log[strlen("x@0 -x@10 ")] - '0']++;
        sim_run(&scene.sim, 1000);
        sim_destroy(&scene.sim);
        assert_int_equal(mutex.acquisitions, WAITERS + 1);
    }
    for (int i = 0; i < WAITERS; i++) {
        double expected = (double)ROUNDS / WAITERS;

        chi2 += (first[i] - expected) * (first[i] - expected) / expected;
    }
    assert_true(gsl_cdf_chisq_Q(chi2, WAITERS - 1) > 0.001);
}

/* B gives up in the line, C while the lock is on its way to it: D gets it then. */
static void waiters_may_give_up(void **state)
{
    struct scene scene;
    struct station_mutex mutex;
    struct thread threads[4];
    static const char *const names[] = {"A", "B", "C", "D"};
    (void)state;

    scene_open(&scene);
    station_mutex_init(&mutex, &scene.sim, MUTEX_FIFO, 5, NULL);
    for (int i = 0; i < 4; i++) {
        want(&threads[i], &scene, &mutex, names[i], (uint64_t)i, 10);
    }
    scene_at(&scene, 8, on_abandon, &threads[1]);
    scene_at(&scene, 12, on_abandon, &threads[2]);
    scene_close(&scene, "A@0 -A@10 D@17 -D@27");

    scene_open(&scene);
    station_mutex_init(&mutex, &scene.sim, MUTEX_BARGING, 5, NULL);
    for (int i = 0; i < 3; i++) {
        want(&threads[i], &scene, &mutex, names[i], (uint64_t)i, 10);
    }
    scene_at(&scene, 12, on_abandon, &threads[1]); /* woken, on its way to a free lock */
    scene_close(&scene, "A@0 -A@10 C@17 -C@27");
}

/* Many waiters and holds of no time: grants never nest, so the stack does not grow. */
static void grants_do_not_nest(void **state)
{
    enum { MANY = 20000 };
    struct scene scene;
    struct scene quiet;
    struct station_mutex mutex;
    struct thread *threads = calloc(MANY, sizeof *threads);
    (void)state;

    scene_open(&scene);
    scene_open(&quiet);
    station_mutex_init(&mutex, &scene.sim, MUTEX_LIFO, 0, NULL);
    for (int i = 0; i < MANY; i++) {
        want(&threads[i], &scene, &mutex, "t", 0, 0);
        threads[i].scene = &quiet;
    }
    scene_close(&scene, "");
    assert_int_equal(mutex.acquisitions, MANY);
    sim_destroy(&quiet.sim);
    free(threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifo_serves_the_longest_waiting),
        cmocka_unit_test(lifo_serves_the_latest),
        cmocka_unit_test(a_handoff_takes_its_time),
        cmocka_unit_test(newcomers_queue_or_barge),
        cmocka_unit_test(a_barging_loop_starves_the_waiter),
        cmocka_unit_test(random_picks_with_equal_odds),
        cmocka_unit_test(waiters_may_give_up),
        cmocka_unit_test(grants_do_not_nest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
