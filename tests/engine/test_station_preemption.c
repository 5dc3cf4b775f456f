/* Preemption, rule by rule as station_queue.h states it: who is evicted, where it goes, what it
 * keeps, what a change of capacity does. */
#include "tests/engine/guest.h"

static void an_evicted_job_resumes(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[2];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, UINT32_MAX, STATION_RESUME);
    arrive(&guests[0], &scene, &queue, "low", 0, 100, 5, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "top", 40, 30, 1, STATION_FOREVER);
    scene_close(&scene, "+low@0 +top@40 +low@70 top@70 low@130");
    assert_int_equal(queue.evicted, 1);
}

static void an_evicted_job_restarts(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[2];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, UINT32_MAX, STATION_RESTART);
    arrive(&guests[0], &scene, &queue, "low", 0, 100, 5, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "top", 40, 30, 1, STATION_FOREVER);
    scene_close(&scene, "+low@0 +top@40 +low@70 top@70 low@170");
}

/* Patience is for the first start; whoever was started stays, though evicted for longer. */
static void an_evicted_job_has_no_patience_to_lose(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[2];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, UINT32_MAX, STATION_RESUME);
    arrive(&guests[0], &scene, &queue, "low", 0, 10, 5, 3);
    arrive(&guests[1], &scene, &queue, "top", 2, 30, 1, STATION_FOREVER);
    scene_close(&scene, "+low@0 +top@2 +low@32 top@32 low@40");
    assert_int_equal(queue.reneged, 0);
}

static void equals_do_not_evict(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[2];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, UINT32_MAX, STATION_RESUME);
    arrive(&guests[0], &scene, &queue, "A", 0, 10, 3, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "B", 1, 10, 3, STATION_FOREVER);
    scene_close(&scene, "+A@0 +B@10 A@10 B@20");
}

/* Of the least urgent class, the one that was started last; a class between is spared. */
static void the_victim_is_the_latest_of_the_least_urgent(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[5];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 3, UINT32_MAX, STATION_RESUME);
    arrive(&guests[0], &scene, &queue, "low1", 0, 100, 9, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "low2", 1, 100, 9, STATION_FOREVER);
    arrive(&guests[2], &scene, &queue, "mid", 2, 100, 5, STATION_FOREVER);
    arrive(&guests[3], &scene, &queue, "top1", 10, 15, 0, STATION_FOREVER);
    arrive(&guests[4], &scene, &queue, "top2", 20, 10, 0, STATION_FOREVER);
    /* low2 goes first, then low1; at 25 low1 is ahead, evicted later but put at the head */
    scene_close(&scene, "+low1@0 +low2@1 +mid@2 +top1@10 +top2@20 +low1@25 top1@25 +low2@30 "
                        "top2@30 mid@102 low1@105 low2@121");
}

static void an_evicted_job_goes_before_its_class(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[3];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, UINT32_MAX, STATION_RESUME);
    arrive(&guests[0], &scene, &queue, "A", 0, 20, 5, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "B", 1, 20, 5, STATION_FOREVER);
    arrive(&guests[2], &scene, &queue, "top", 5, 10, 0, STATION_FOREVER);
    scene_close(&scene, "+A@0 +top@5 +A@15 top@15 +B@30 A@30 B@50");
}

/* Room for nobody: the evicted job comes back all the same, a newcomer of its class does not. */
static void an_evicted_job_is_never_turned_away(void **state)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[3];
    (void)state;

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 1, 0, STATION_RESUME);
    arrive(&guests[0], &scene, &queue, "low", 0, 20, 5, STATION_FOREVER);
    arrive(&guests[1], &scene, &queue, "top", 5, 10, 0, STATION_FOREVER);
    arrive(&guests[2], &scene, &queue, "late", 6, 10, 5, STATION_FOREVER);
    scene_close(&scene, "+low@0 +top@5 ?late@6 +low@15 top@15 low@30");
    assert_int_equal(queue.balked, 1);
}

static void run_capacity_change(enum station_preemption preemption, const char *expected)
{
    struct scene scene;
    struct station_queue queue;
    struct guest guests[4];
    struct change down = {&queue, 1};
    struct change up = {&queue, 3};
    static const char *const names[] = {"A", "B", "C", "D"};

    scene_open(&scene);
    station_queue_init(&queue, &scene.sim, 3, UINT32_MAX, preemption);
    for (int i = 0; i < 4; i++) {
        arrive(&guests[i], &scene, &queue, names[i], (uint64_t)i, 20, 0, STATION_FOREVER);
    }
    scene_at(&scene, 10, on_change, &down);
    scene_at(&scene, 25, on_change, &up);
    scene_close(&scene, expected);
}

static void fewer_servers_drain_without_preemption(void **state)
{
    (void)state;
    run_capacity_change(STATION_NO_PREEMPTION, "+A@0 +B@1 +C@2 A@20 B@21 +D@22 C@22 D@42");
}

/* B and C are sent back at 10, in the order of their start and before D, who never ran. */
static void fewer_servers_evict_with_preemption(void **state)
{
    (void)state;
    run_capacity_change(STATION_RESUME, "+A@0 +B@1 +C@2 +B@20 A@20 +C@25 +D@25 B@31 C@37 D@45");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_evicted_job_resumes),
        cmocka_unit_test(an_evicted_job_restarts),
        cmocka_unit_test(an_evicted_job_has_no_patience_to_lose),
        cmocka_unit_test(equals_do_not_evict),
        cmocka_unit_test(the_victim_is_the_latest_of_the_least_urgent),
        cmocka_unit_test(an_evicted_job_goes_before_its_class),
        cmocka_unit_test(an_evicted_job_is_never_turned_away),
        cmocka_unit_test(fewer_servers_drain_without_preemption),
        cmocka_unit_test(fewer_servers_evict_with_preemption),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
