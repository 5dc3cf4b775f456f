/* The queueing station: who is served, room, patience, withdrawal, callbacks, random traffic. */
#include "tests/engine/guest.h"

#include "sim/engine/random.h"

static void fifo_over_two_servers(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[4];
    static const char *const names[] = {"A", "B", "C", "D"};
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 2, UINT32_MAX, STATION_NO_PREEMPTION);
    for (int i = 0; i < 4; i++) {
        arrive(&guests[i], &scene, &queue, names[i], (uint64_t)i, 10, 0, STATION_FOREVER);
    }
    scene_close(&scene, "+A@0 +B@1 +C@10 A@10 +D@11 B@11 C@20 D@21");
    assert_int_equal(queue.done, 4);
    /* busy 2 servers for 1..20, one for 0..1 and 20..21; waiting C 8 ns, D 8 ns */
    assert_true(station_level_mean(&queue.busy, 21) == 40.0 / 21);
    assert_true(station_level_mean(&queue.waiting, 21) == 16.0 / 21);
    assert_int_equal(queue.waiting.greatest, 2);
}

static void priority_without_preemption(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[5];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, UINT32_MAX, STATION_NO_PREEMPTION);
    arrive(&guests[0], &scene, &queue, "low1", 0, 10, 9, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "low2", 1, 10, 9, STATION_FOREVER);
    arrive(&guests[2], &scene, &queue, "mid", 2, 10, 5, STATION_FOREVER);
    arrive(&guests[3], &scene, &queue, "top1", 3, 10, 0, STATION_FOREVER);
    arrive(&guests[4], &scene, &queue, "top2", 4, 10, 0, STATION_FOREVER);
    scene_close(&scene, "+low1@0 +top1@10 low1@10 +top2@20 top1@20 +mid@30 top2@30 +low2@40 mid@40 "
                        "low2@50");
    assert_int_equal(queue.evicted, 0);
}

static void a_stopped_station_starts_again(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guest;
    struct change up = {&queue, 1};
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 0, UINT32_MAX, STATION_RESUME);
    arrive(&guest, &scene, &queue, "A", 0, 10, 0, STATION_FOREVER);
    scene_at(&scene, 50, on_change, &up);
    scene_close(&scene, "+A@50 A@60");
}

static void impatient_jobs_leave(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[4];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, 2, STATION_RESUME);
    arrive(&guests[0], &scene, &queue, "A", 0, 100, 5, 10); /* started at once: stays */
    arrive(&guests[1], &scene, &queue, "B", 1, 10, 5, 20);
    arrive(&guests[2], &scene, &queue, "C", 2, 10, 5, STATION_FOREVER);
    arrive(&guests[3], &scene, &queue, "top", 50, 30, 0, STATION_FOREVER); /* evicts A, it stays */
    scene_close(&scene, "+A@0 !B@21 +top@50 +A@80 top@80 +C@130 A@130 C@140");
    assert_int_equal(queue.reneged, 1);
    assert_int_equal(queue.done, 3);
}

static void patience_ends_with_the_first_start(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[2];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, 2, STATION_NO_PREEMPTION);
    arrive(&guests[0], &scene, &queue, "A", 0, 10, 0, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "B", 0, 50, 0, 11);
    scene_close(&scene, "+A@0 +B@10 A@10 B@60");
}

static void a_full_room_turns_away(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[4];
    static const char *const names[] = {"A", "B", "C", "D"};
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, 1, STATION_NO_PREEMPTION);
    for (int i = 0; i < 4; i++) {
        arrive(&guests[i], &scene, &queue, names[i], (uint64_t)i * 4, 10, 0, STATION_FOREVER);
    }
    scene_close(&scene, "+A@0 ?C@8 +B@10 A@10 +D@20 B@20 D@30");
    assert_int_equal(queue.balked, 1);
}

static void on_withdraw(struct sim *sim, void *arg)
{
    struct guest *guest = arg;

    station_queue_withdraw(sim, &guest->job);
    assert_int_equal(guest->job.state, STATION_AWAY);
}

static void on_finish(struct sim *sim, void *arg)
{
    struct guest *guest = arg;

    assert_int_equal(station_queue_remaining_ns(sim, &guest->job),
                     STATION_FOREVER - (sim_now(sim) - 40));
    station_queue_finish(sim, &guest->job);
}

static void jobs_are_withdrawn_and_finished(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[4];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, UINT32_MAX, STATION_NO_PREEMPTION);
    arrive(&guests[0], &scene, &queue, "A", 0, 100, 0, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "B", 1, 10, 0, 1000);
    arrive(&guests[2], &scene, &queue, "C", 2, STATION_FOREVER, 0, STATION_FOREVER);
    arrive(&guests[3], &scene, &queue, "D", 3, 10, 0, STATION_FOREVER);
    scene_at(&scene, 20, on_withdraw, &guests[1]); /* waiting */
    scene_at(&scene, 40, on_withdraw, &guests[0]); /* running */
    scene_at(&scene, 77, on_finish, &guests[2]);   /* service of unknown length */
    scene_close(&scene, "+A@0 +C@40 +D@77 C@77 D@87");
}

/* A job may be handed over again from its own callback, and service may take no time. */
struct loop {
    struct station_job job;
    struct station_queue *queue;
    int rounds;
};

static void on_round(struct sim *sim, void *arg)
{
    struct loop *loop = arg;

    if (--loop->rounds > 0) {
        station_queue_submit(sim, loop->queue, &loop->job);
    }
}

static void a_job_comes_back_from_its_callback(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct loop loops[3];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 2, UINT32_MAX, STATION_RESUME);
    for (int i = 0; i < 3; i++) {
        loops[i] = (struct loop){.job = {.service_ns = (uint64_t)i,
                                         .patience_ns = STATION_FOREVER,
                                         .done = on_round,
                                         .arg = &loops[i]},
                                 .queue = &queue,
                                 .rounds = 1000};
        station_queue_submit(&scene.sim, &queue, &loops[i].job);
    }
    scene_close(&scene, "");
    assert_int_equal(queue.done, 3000);
    assert_int_equal(queue.busy.now + queue.waiting.now, 0);
}

/*
 * Random traffic: whatever happens, servers are never idle while jobs wait, nobody runs while a
 * more urgent job waits, and with resume the service given is the service asked for.
 */
enum { CROWD = 200 };

struct crowd {
    struct station_queue queue;
    struct rng rng;
    struct member {
        struct station_job job;
        struct crowd *crowd;
        uint64_t asked_ns;
    } members[CROWD];
    uint64_t served_ns;
    uint64_t events;
};

static void check_crowd(struct crowd *crowd)
{
    uint32_t most_running = 0;
    uint32_t least_waiting = UINT32_MAX;
    uint64_t running = 0;
    uint64_t waiting = 0;

    for (int i = 0; i < CROWD; i++) {
        const struct station_job *job = &crowd->members[i].job;

        if (job->state == STATION_RUNNING) {
            running++;
            most_running = job->priority > most_running ? job->priority : most_running;
        } else if (job->state == STATION_WAITING) {
            waiting++;
            least_waiting = job->priority < least_waiting ? job->priority : least_waiting;
        }
    }
    assert_int_equal(crowd->queue.busy.now, running);
    assert_int_equal(crowd->queue.waiting.now, waiting);
    assert_true(running <= crowd->queue.servers);
    assert_true(waiting == 0 || running == crowd->queue.servers);
    assert_true(waiting == 0 || running == 0 || most_running <= least_waiting);
}

static void on_member_done(struct sim *sim, void *arg)
{
    struct member *member = arg;

    (void)sim;
    if (member->job.state == STATION_DONE) {
        member->crowd->served_ns += member->asked_ns;
    }
}

static void on_act(struct sim *sim, void *arg)
{
    struct crowd *crowd = arg;
    struct member *member = &crowd->members[rng_below(&crowd->rng, CROWD)];
    uint64_t dice = rng_below(&crowd->rng, 100);

    check_crowd(crowd);
    if (dice < 2) {
        station_queue_set_servers(sim, &crowd->queue, (uint32_t)rng_below(&crowd->rng, 9));
    } else if (member->job.state == STATION_WAITING || member->job.state == STATION_RUNNING) {
        if (dice < 10) {
            crowd->served_ns += member->asked_ns - station_queue_remaining_ns(sim, &member->job);
            station_queue_withdraw(sim, &member->job);
        }
    } else {
        member->asked_ns = rng_below(&crowd->rng, 500);
        member->job.service_ns = member->asked_ns;
        member->job.priority = (uint32_t)rng_below(&crowd->rng, 4) * 5;
        member->job.patience_ns = dice < 50 ? STATION_FOREVER : rng_below(&crowd->rng, 1000);
        station_queue_submit(sim, &crowd->queue, &member->job);
    }
    check_crowd(crowd);
    if (++crowd->events < 20000) {
        sim_schedule_in(sim, rng_below(&crowd->rng, 100), SIM_PRIORITY_NORMAL, on_act, crowd);
    } else {
        station_queue_set_servers(sim, &crowd->queue, 8); /* let all go home */
    }
}

static void invariants_hold_under_random_traffic(void **state)
{
    struct scene scene;
    struct crowd *crowd = calloc(1, sizeof *crowd);
    (void)state;

    scene_open(&scene);
    rng_init(&crowd->rng, 1, 0, 0, 0);
    station_queue_init(&crowd->queue, &scene.sim, 4, 150, STATION_RESUME);
    for (int i = 0; i < CROWD; i++) {
        crowd->members[i].crowd = crowd;
        crowd->members[i].job.done = on_member_done;
        crowd->members[i].job.arg = &crowd->members[i];
    }
    scene_at(&scene, 0, on_act, crowd);
    scene_close(&scene, "");
    check_crowd(crowd);
    assert_int_equal(crowd->queue.busy.now + crowd->queue.waiting.now, 0);
    assert_true(crowd->queue.evicted > 100 && crowd->queue.reneged > 100);
    assert_true(crowd->queue.busy.area_ns == crowd->served_ns);
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifo_over_two_servers),
        cmocka_unit_test(priority_without_preemption),
        cmocka_unit_test(a_stopped_station_starts_again),
        cmocka_unit_test(impatient_jobs_leave),
        cmocka_unit_test(patience_ends_with_the_first_start),
        cmocka_unit_test(a_full_room_turns_away),
        cmocka_unit_test(jobs_are_withdrawn_and_finished),
        cmocka_unit_test(a_job_comes_back_from_its_callback),
        cmocka_unit_test(invariants_hold_under_random_traffic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
