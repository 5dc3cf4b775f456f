/*
 * The simulation: its fingerprint is the same in every tier, with and without observers, stepped or
 * run, and equal to a constant, so that compilers and machines agree too. The order of events, the
 * edges of time, stopping, errors; executions by type.
 */
#include "sim/engine/profile.h"
#include "sim/engine/sim.h"
#include "sim/engine/trace.h"
#include "tests/bench/increments.h"
#include "tests/engine/scene.h"

#include <stdlib.h>

/* ---- a model that does everything: many jobs that schedule, cancel and move one another ---- */

enum { JOBS = 20000, TURNS = 400000 };

struct mill {
    struct sim sim;
    struct rng rng;
    struct sim_event next[JOBS];
    struct sim_event alarm[JOBS];
    uint64_t turns;
};

static void on_alarm(struct sim *sim, void *arg)
{
    (void)sim;
    *(struct sim_event *)arg = SIM_EVENT_NONE;
}

static uint64_t random_delay(struct mill *mill)
{
    enum increment kind = (enum increment)(rng_u64(&mill->rng) >> 32) % INCREMENT_KINDS;
    if (kind == INCREMENT_PARETO) /* its pow is the C library's, and this fingerprint is not */
        kind = INCREMENT_LATTICE;
    return increment_ns(&mill->rng, kind);
}

static void on_turn(struct sim *sim, void *arg)
{
    struct mill *mill = (struct mill *)sim; /* its first member */
    struct sim_event *own = arg;
    uint64_t other = rng_below(&mill->rng, JOBS);
    unsigned priority = (unsigned)rng_below(&mill->rng, 3) + SIM_PRIORITY_NORMAL;
    if (++mill->turns > TURNS) {
        *own = SIM_EVENT_NONE;
        return;
    }
    *own = sim_schedule_in(sim, random_delay(mill), priority, on_turn, own);
    switch (rng_below(&mill->rng, 4)) {
    case 0:
        sim_cancel(sim, mill->alarm[other]);
        mill->alarm[other] =
            sim_schedule_in(sim, 3000000, SIM_PRIORITY_FIRST, on_alarm, &mill->alarm[other]);
        break;
    case 1:
        sim_cancel(sim, mill->alarm[other]);
        break;
    case 2:
        sim_reschedule(sim, &mill->next[other], sim_now(sim) + random_delay(mill));
        break;
    }
}

struct mill_way {
    uint32_t tree_slots;
    bool stepped;
    struct profile *profile;
    struct trace *trace;
};

static uint64_t run_mill(const struct mill_way *way)
{
    struct mill *mill = calloc(1, sizeof *mill);
    struct sim_options options = {.tree_slots = way->tree_slots};
    assert_non_null(mill);
    assert_int_equal(sim_init(&mill->sim, &options), SIM_OK);
    sim_observe(&mill->sim, way->profile, way->trace);
    rng_init(&mill->rng, 7, 0, 0, 0);
    for (int i = 0; i < JOBS; i++)
        mill->next[i] = sim_schedule_in(&mill->sim, random_delay(mill), SIM_PRIORITY_NORMAL,
                                        on_turn, &mill->next[i]);
    if (way->stepped) {
        while (sim_step(&mill->sim))
            continue;
    }
    assert_int_equal(sim_run(&mill->sim, SIM_NEVER), SIM_OK);
    assert_true(sim_events(&mill->sim) > TURNS + JOBS / 2);
    uint64_t fingerprint = sim_fingerprint(&mill->sim);
    sim_destroy(&mill->sim);
    free(mill);
    return fingerprint;
}

/* Golden: for every compiler, tier and way of running. A change of the order of events, of the
 * random streams or of the ziggurat changes it, and every result that was ever published. */
#define MILL_FINGERPRINT UINT64_C(0x69df79da7ce8e511)

static void one_fingerprint_in_every_tier(void **state)
{
    (void)state;
    static const uint32_t tiers[] = {0, 2, 64, 4096, 1 << 20};
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
        assert_int_equal(run_mill(&(struct mill_way){.tree_slots = tiers[i]}), MILL_FINGERPRINT);
}

static void observers_change_nothing(void **state)
{
    struct event_types types = {0};
    struct profile profile;
    struct trace trace;
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    event_type_name(&types, (event_function)on_turn, "turn");
    profile_init(&profile, &types);
    trace_begin(&trace, file, TRACE_CSV, &types);
    struct mill_way observed = {.profile = &profile, .trace = &trace};
    assert_int_equal(run_mill(&observed), MILL_FINGERPRINT);
    assert_int_equal(run_mill(&(struct mill_way){.stepped = true}), MILL_FINGERPRINT);
    assert_int_equal(trace_end(&trace), 0);
    assert_int_equal(profile_row(&profile, 0).events, TURNS + JOBS);
    assert_true(profile_row(&profile, 0).ns > 0);
    assert_int_equal(profile_row(&profile, 0).events + profile_row(&profile, 1).events,
                     trace.written);
    assert_int_equal(profile_row(&profile, 2).events, 0);
    profile_free(&profile);
    event_types_free(&types);
    fclose(file);
}

/* Types are met by their callbacks, whatever their numbers. */
static void profiles_merge_by_callback(void **state)
{
    struct event_types types[2] = {{0}, {0}};
    struct profile profile[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        profile_init(&profile[i], &types[i]);
    profile_begin(&profile[0]);
    profile_count(&profile[0], (event_function)on_turn);
    profile_begin(&profile[1]);
    profile_count(&profile[1], (event_function)on_alarm);
    profile_count(&profile[1], (event_function)on_turn);
    profile_merge(&profile[0], &profile[1]);
    assert_int_equal(profile_row(&profile[0], 0).events, 2);
    assert_int_equal(profile_row(&profile[0], 1).events, 1);
    for (int i = 0; i < 2; i++) {
        profile_free(&profile[i]);
        event_types_free(&types[i]);
    }
}

/* ---- order, edges of time, stopping ---- */

static void say_a(struct sim *sim, void *arg)
{
    (void)sim;
    scene_say(arg, "", "a");
}

static void say_b(struct sim *sim, void *arg)
{
    (void)sim;
    scene_say(arg, "", "b");
}

static void say_c_then_a_now(struct sim *sim, void *arg)
{
    scene_say(arg, "", "c");
    sim_schedule_in(sim, 0, SIM_PRIORITY_NORMAL, say_a, arg);
    sim_schedule_in(sim, 0, SIM_PRIORITY_FIRST, say_b, arg);
}

static void time_then_priority_then_scheduling(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene);
    sim_schedule_at(&scene.sim, 10, SIM_PRIORITY_LAST, say_a, &scene);
    sim_schedule_at(&scene.sim, 10, SIM_PRIORITY_NORMAL, say_c_then_a_now, &scene);
    sim_schedule_at(&scene.sim, 10, SIM_PRIORITY_NORMAL, say_b, &scene);
    sim_schedule_at(&scene.sim, 5, SIM_PRIORITY_LAST, say_b, &scene);
    scene_close(&scene, "b@5 c@10 b@10 b@10 a@10 a@10");
}

static void a_moved_event_goes_behind_its_equals(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene);
    struct sim_event event = sim_schedule_at(&scene.sim, 3, SIM_PRIORITY_NORMAL, say_a, &scene);
    struct sim_event old = event;
    sim_schedule_at(&scene.sim, 7, SIM_PRIORITY_NORMAL, say_b, &scene);
    assert_true(sim_reschedule(&scene.sim, &event, 7));
    assert_int_equal(sim_event_time(&scene.sim, event), 7);
    assert_false(sim_is_pending(&scene.sim, old));
    assert_false(sim_reschedule(&scene.sim, &old, 8));
    assert_false(sim_cancel(&scene.sim, old));
    scene_close(&scene, "b@7 a@7");
}

static void time_saturates(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene_at(&scene, 4, say_a, &scene);
    assert_int_equal(sim_run(&scene.sim, 100), SIM_OK);
    struct sim_event never =
        sim_schedule_in(&scene.sim, UINT64_MAX, SIM_PRIORITY_NORMAL, say_b, &scene);
    struct sim_event latest =
        sim_schedule_in(&scene.sim, SIM_NEVER - 101, SIM_PRIORITY_NORMAL, say_a, &scene);
    assert_int_equal(sim_event_time(&scene.sim, never), SIM_NEVER);
    assert_int_equal(sim_event_time(&scene.sim, latest), SIM_NEVER - 1);
    assert_int_equal(sim_time_add(SIM_NEVER - 1, 1), SIM_NEVER);
    assert_int_equal(sim_time_add(UINT64_MAX, UINT64_MAX), SIM_NEVER);
    assert_int_equal(sim_time_add(1, 2), 3);
    assert_int_equal(sim_run(&scene.sim, UINT64_MAX), SIM_OK);
    assert_int_equal(sim_now(&scene.sim), SIM_NEVER - 1);
    assert_true(sim_cancel(&scene.sim, never));
    scene_close(&scene, "a@4 a@1152921504606846974");
}

static void stop(struct sim *sim, void *arg)
{
    scene_say(arg, "", "stop");
    sim_stop(sim);
}

static void a_stopped_run_goes_on(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene_at(&scene, 1, stop, &scene);
    scene_at(&scene, 1, say_a, &scene);
    scene_at(&scene, 20, say_b, &scene);
    assert_int_equal(sim_run(&scene.sim, 10), SIM_OK);
    assert_int_equal(sim_now(&scene.sim), 1);
    assert_int_equal(sim_next_time(&scene.sim), 1);
    assert_int_equal(sim_run(&scene.sim, 10), SIM_OK);
    assert_int_equal(sim_now(&scene.sim), 10);
    assert_int_equal(sim_next_time(&scene.sim), 20);
    scene_close(&scene, "stop@1 a@1 b@20");
}

static void overfill(struct sim *sim, void *arg)
{
    (void)arg;
    while (sim_schedule_in(sim, 5, SIM_PRIORITY_NORMAL, overfill, NULL).id)
        continue;
}

static void a_full_set_ends_the_run(void **state)
{
    struct sim sim;
    struct sim_options options = {.max_pending = 10};
    (void)state;
    assert_int_equal(sim_init(&sim, &options), SIM_OK);
    sim_schedule_in(&sim, 1, SIM_PRIORITY_NORMAL, overfill, NULL);
    assert_int_equal(sim_run(&sim, 100), SIM_ERROR_PENDING);
    assert_int_equal(sim_now(&sim), 1);
    assert_string_equal(sim_error_text(SIM_ERROR_PENDING), "too many events pending");
    sim_destroy(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fingerprint_in_every_tier),
        cmocka_unit_test(observers_change_nothing),
        cmocka_unit_test(profiles_merge_by_callback),
        cmocka_unit_test(time_then_priority_then_scheduling),
        cmocka_unit_test(a_moved_event_goes_behind_its_equals),
        cmocka_unit_test(time_saturates),
        cmocka_unit_test(a_stopped_run_goes_on),
        cmocka_unit_test(a_full_set_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
