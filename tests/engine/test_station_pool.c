#include "sim/engine/station_threads.h"
#include "sim/engine/station_tokens.h"

#include "tests/engine/scene.h"

#include <stdlib.h>

/* Takes an amount at some time and gives it back keep_ns after it got it. */
struct taker {
    struct token_request request;
    struct station_tokens *tokens;
    struct scene *scene;
    const char *name;
    uint64_t keep_ns;
};

static void on_give(struct sim *sim, void *arg)
{
    struct taker *taker = arg;

    station_tokens_give(sim, taker->tokens, taker->request.amount);
}

static void on_granted(struct sim *sim, void *arg)
{
    struct taker *taker = arg;

    scene_say(taker->scene, "", taker->name);
    sim_schedule_in(sim, taker->keep_ns, SIM_PRIORITY_NORMAL, on_give, taker);
}

static void on_take(struct sim *sim, void *arg)
{
    struct taker *taker = arg;

    if (station_tokens_take(sim, taker->tokens, &taker->request)) {
        on_granted(sim, taker);
    }
}

static void on_give_up(struct sim *sim, void *arg)
{
    struct taker *taker = arg;

    station_tokens_abandon(sim, &taker->request);
}

static void take(struct taker *taker, struct scene *scene, struct station_tokens *tokens,
                 const char *name, uint64_t at_ns, uint64_t amount, uint64_t keep_ns)
{
    *taker = (struct taker){.request = {.amount = amount, .granted = on_granted, .arg = taker},
                            .tokens = tokens,
                            .scene = scene,
                            .name = name,
                            .keep_ns = keep_ns};
    scene_at(scene, at_ns, on_take, taker);
}

/* C would fit at 2, but B is before it. */
static void requests_are_met_strictly_in_order(void **state)
{
    struct scene scene;
    struct station_tokens tokens;
    struct taker takers[3];
    (void)state;

    scene_open(&scene);
    station_tokens_init(&tokens, &scene.sim, 10);
    take(&takers[0], &scene, &tokens, "A", 0, 7, 50);
    take(&takers[1], &scene, &tokens, "B", 1, 8, 50);
    take(&takers[2], &scene, &tokens, "C", 2, 2, 50);
    scene_close(&scene, "A@0 B@50 C@50");
    assert_int_equal(tokens.free, 10);
    assert_true(station_level_mean(&tokens.taken, 100) == (7 * 50 + 10 * 50) / 100.0);
    assert_int_equal(tokens.taken.greatest, 10);
}

static void try_never_overtakes(void **state)
{
    struct scene scene;
    struct station_tokens tokens;
    struct taker takers[2];
    (void)state;

    scene_open(&scene);
    station_tokens_init(&tokens, &scene.sim, 10);
    take(&takers[0], &scene, &tokens, "A", 0, 7, 50);
    take(&takers[1], &scene, &tokens, "B", 1, 8, 50);
    sim_run(&scene.sim, 0);
    assert_false(station_tokens_try(&scene.sim, &tokens, 4));
    assert_true(station_tokens_try(&scene.sim, &tokens, 1));
    station_tokens_give(&scene.sim, &tokens, 1);
    sim_run(&scene.sim, 2);
    assert_false(station_tokens_try(&scene.sim, &tokens, 1)); /* free, but B waits */
    scene_close(&scene, "A@0 B@50");
}

static void a_request_given_up_frees_the_line(void **state)
{
    struct scene scene;
    struct station_tokens tokens;
    struct taker takers[3];
    (void)state;

    scene_open(&scene);
    station_tokens_init(&tokens, &scene.sim, 10);
    take(&takers[0], &scene, &tokens, "A", 0, 7, 50);
    take(&takers[1], &scene, &tokens, "B", 1, 8, 50);
    take(&takers[2], &scene, &tokens, "C", 2, 2, 50);
    scene_at(&scene, 20, on_give_up, &takers[1]);
    scene_close(&scene, "A@0 C@20");
    assert_int_equal(tokens.free, 10);
    assert_int_equal(tokens.waiting.now, 0);
}

struct resize {
    struct station_tokens *tokens;
    uint64_t capacity;
};

static void on_resize(struct sim *sim, void *arg)
{
    const struct resize *resize = arg;

    station_tokens_set_capacity(sim, resize->tokens, resize->capacity);
}

static void capacity_may_fall_below_what_is_taken(void **state)
{
    struct scene scene;
    struct station_tokens tokens;
    struct taker takers[3];
    struct resize down = {&tokens, 5};
    struct resize up = {&tokens, 20};
    (void)state;

    scene_open(&scene);
    station_tokens_init(&tokens, &scene.sim, 10);
    take(&takers[0], &scene, &tokens, "A", 0, 8, 50);
    take(&takers[1], &scene, &tokens, "B", 20, 1, 1000);
    take(&takers[2], &scene, &tokens, "C", 21, 18, 10);
    scene_at(&scene, 10, on_resize, &down);
    scene_at(&scene, 70, on_resize, &up);
    scene_close(&scene, "A@0 B@50 C@70");
    assert_int_equal(tokens.free, 20);
}

/* "A" when a thread takes it, "-A" when it is done. */
struct task {
    struct thread_task task;
    struct station_threads *threads;
    struct scene *scene;
    const char *name;
};

static void on_started(struct sim *sim, void *arg)
{
    struct task *task = arg;

    (void)sim;
    scene_say(task->scene, "", task->name);
}

static void on_task_done(struct sim *sim, void *arg)
{
    struct task *task = arg;

    (void)sim;
    scene_say(task->scene, "-", task->name);
}

static void on_submit(struct sim *sim, void *arg)
{
    struct task *task = arg;

    station_threads_submit(sim, task->threads, &task->task);
}

static void on_finish(struct sim *sim, void *arg)
{
    struct task *task = arg;

    station_threads_finish(sim, &task->task);
}

static void submit(struct task *task, struct scene *scene, struct station_threads *threads,
                   const char *name, uint64_t at_ns, uint64_t run_ns)
{
    *task = (struct task){
        .task = {.run_ns = run_ns, .started = on_started, .done = on_task_done, .arg = task},
        .threads = threads,
        .scene = scene,
        .name = name};
    scene_at(scene, at_ns, on_submit, task);
}

static void threads_start_on_demand_up_to_a_limit(void **state)
{
    struct scene scene;
    struct station_threads threads;
    uint64_t idle_since_ns[2];
    struct task tasks[4];
    static const char *const names[] = {"A", "B", "C", "D"};
    (void)state;

    scene_open(&scene);
    station_threads_init(&threads, &scene.sim, 0, 2, 5, STATION_FOREVER, idle_since_ns);
    for (int i = 0; i < 4; i++) {
        submit(&tasks[i], &scene, &threads, names[i], (uint64_t)i, 20);
    }
    scene_close(&scene, "A@5 B@6 C@25 -A@25 D@26 -B@26 -C@45 -D@46");
    assert_int_equal(threads.started, 2);
    assert_int_equal(threads.queue.servers, 2);
}

/* B is taken by the thread that A leaves before B's own is ready; that one then has no work. */
static void any_free_thread_takes_the_next_task(void **state)
{
    struct scene scene;
    struct station_threads threads;
    uint64_t idle_since_ns[4];
    struct task tasks[2];
    (void)state;

    scene_open(&scene);
    station_threads_init(&threads, &scene.sim, 1, 4, 50, STATION_FOREVER, idle_since_ns);
    submit(&tasks[0], &scene, &threads, "A", 0, 20);
    submit(&tasks[1], &scene, &threads, "B", 1, 20);
    scene_close(&scene, "A@0 B@20 -A@20 -B@40");
    assert_int_equal(threads.queue.servers, 2);
    assert_int_equal(threads.started, 1);
}

/*
 * Two threads idle from 30 and 40; the later is used for C at 50, so the earlier ends at 130, and
 * the other 100 after C was done.
 */
static void idle_threads_end(void **state)
{
    struct scene scene;
    struct station_threads threads;
    uint64_t idle_since_ns[4];
    struct task tasks[3];
    (void)state;

    scene_open(&scene);
    station_threads_init(&threads, &scene.sim, 0, 4, 0, 100, idle_since_ns);
    submit(&tasks[0], &scene, &threads, "A", 0, 30);
    submit(&tasks[1], &scene, &threads, "B", 0, 40);
    submit(&tasks[2], &scene, &threads, "C", 50, 200);
    sim_run(&scene.sim, 129);
    assert_int_equal(threads.queue.servers, 2);
    sim_run(&scene.sim, 130);
    assert_int_equal(threads.queue.servers, 1);
    sim_run(&scene.sim, 349);
    assert_int_equal(threads.queue.servers, 1);
    sim_run(&scene.sim, 350);
    assert_int_equal(threads.queue.servers, 0);
    scene_close(&scene, "A@0 B@0 -A@30 -B@40 C@50 -C@250");
}

static void the_least_number_of_threads_stays(void **state)
{
    struct scene scene;
    struct station_threads threads;
    uint64_t idle_since_ns[4];
    struct task tasks[3];
    static const char *const names[] = {"A", "B", "C"};
    (void)state;

    scene_open(&scene);
    station_threads_init(&threads, &scene.sim, 1, 4, 0, 100, idle_since_ns);
    for (int i = 0; i < 3; i++) {
        submit(&tasks[i], &scene, &threads, names[i], 10, 10);
    }
    scene_close(&scene, "A@10 B@10 C@10 -A@20 -B@20 -C@20");
    assert_int_equal(threads.queue.servers, 1);
    assert_int_equal(threads.started, 2);
}

static void a_task_may_take_as_long_as_it_takes(void **state)
{
    struct scene scene;
    struct station_threads threads;
    uint64_t idle_since_ns[1];
    struct task tasks[2];
    (void)state;

    scene_open(&scene);
    station_threads_init(&threads, &scene.sim, 0, 1, 3, STATION_FOREVER, idle_since_ns);
    submit(&tasks[0], &scene, &threads, "A", 0, STATION_FOREVER);
    submit(&tasks[1], &scene, &threads, "B", 1, 10);
    scene_at(&scene, 77, on_finish, &tasks[0]);
    scene_close(&scene, "A@3 B@77 -A@77 -B@87");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_met_strictly_in_order),
        cmocka_unit_test(try_never_overtakes),
        cmocka_unit_test(a_request_given_up_frees_the_line),
        cmocka_unit_test(capacity_may_fall_below_what_is_taken),
        cmocka_unit_test(threads_start_on_demand_up_to_a_limit),
        cmocka_unit_test(any_free_thread_takes_the_next_task),
        cmocka_unit_test(idle_threads_end),
        cmocka_unit_test(the_least_number_of_threads_stays),
        cmocka_unit_test(a_task_may_take_as_long_as_it_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
