#include "sim/engine/station_fluid.h"

#include "sim/engine/random.h"
#include "tests/engine/scene.h"

#include <math.h>
#include <stdlib.h>

struct stream {
    struct station_flow flow;
    struct station_class *class;
    struct scene *scene;
    const char *name;
};

static void on_done(struct sim *sim, void *arg)
{
    struct stream *stream = arg;

    (void)sim;
    assert_null(stream->flow.class);
    scene_say(stream->scene, "", stream->name);
}

static void on_arrival(struct sim *sim, void *arg)
{
    struct stream *stream = arg;

    station_fluid_submit(sim, stream->class, &stream->flow);
}

static void arrive(struct stream *stream, struct scene *scene, struct station_class *class,
                   const char *name, uint64_t at_ns, double work)
{
    *stream = (struct stream){.flow = {.work = work, .done = on_done, .arg = stream},
                              .class = class,
                              .scene = scene,
                              .name = name};
    scene_at(scene, at_ns, on_arrival, stream);
}

static void one_core_is_shared_equally(void **state)
{
    struct scene scene;
    struct station_fluid core;
    struct station_class class;
    struct stream streams[2];
    (void)state;

    scene_open(&scene);
    station_fluid_init(&core, &scene.sim, 1);
    station_fluid_add_class(&core, &class, 1, 1);
    arrive(&streams[0], &scene, &class, "A", 0, 100);
    arrive(&streams[1], &scene, &class, "B", 20, 30);
    /* from 20 on both at 1/2: B needs 60 ns; A then has 50 left, alone */
    scene_close(&scene, "B@80 A@130");
    assert_int_equal(core.done, 2);
    assert_true(station_level_mean(&core.flows, 130) == 190.0 / 130);
}

static void weights_share_in_proportion(void **state)
{
    struct scene scene;
    struct station_fluid core;
    struct station_class classes[2];
    struct stream streams[2];
    (void)state;

    scene_open(&scene);
    station_fluid_init(&core, &scene.sim, 1);
    station_fluid_add_class(&core, &classes[0], 3, 1);
    station_fluid_add_class(&core, &classes[1], 1, 1);
    arrive(&streams[0], &scene, &classes[0], "A", 0, 90);
    arrive(&streams[1], &scene, &classes[1], "B", 0, 90);
    scene_close(&scene, "A@120 B@180");
}

/* Weight 10 of 12 would be 1.67 of two cores, but a job is on one core at most. */
static void a_job_is_on_one_core_at_most(void **state)
{
    struct scene scene;
    struct station_fluid cores;
    struct station_class classes[2];
    struct stream streams[3];
    (void)state;

    scene_open(&scene);
    station_fluid_init(&cores, &scene.sim, 2);
    station_fluid_add_class(&cores, &classes[0], 10, 1);
    station_fluid_add_class(&cores, &classes[1], 1, 1);
    arrive(&streams[0], &scene, &classes[0], "A", 0, 100);
    arrive(&streams[1], &scene, &classes[1], "B", 0, 100);
    arrive(&streams[2], &scene, &classes[1], "C", 0, 100);
    scene_close(&scene, "A@100 B@150 C@150");
}

static void caps_leave_the_rest_to_others(void **state)
{
    struct scene scene;
    struct station_fluid link;
    struct station_class capped;
    struct station_class open;
    struct stream streams[3];
    (void)state;

    scene_open(&scene);
    station_fluid_init(&link, &scene.sim, 10);
    station_fluid_add_class(&link, &open, 1, STATION_NO_CAP);
    station_fluid_add_class(&link, &capped, 1, 2);
    arrive(&streams[0], &scene, &capped, "A", 0, 100);
    arrive(&streams[1], &scene, &open, "B", 0, 100);
    arrive(&streams[2], &scene, &open, "C", 0, 100);
    scene_close(&scene, "B@25 C@25 A@50");
    scene_open(&scene);
    station_fluid_init(&link, &scene.sim, 10);
    station_fluid_add_class(&link, &open, 1, STATION_NO_CAP);
    arrive(&streams[0], &scene, &open, "alone", 0, 100);
    scene_close(&scene, "alone@10");
}

static void work_of_nothing_ends_at_once(void **state)
{
    struct scene scene;
    struct station_fluid core;
    struct station_class class;
    struct stream streams[2];
    (void)state;

    scene_open(&scene);
    station_fluid_init(&core, &scene.sim, 1);
    station_fluid_add_class(&core, &class, 1, 1);
    arrive(&streams[0], &scene, &class, "A", 0, 10);
    arrive(&streams[1], &scene, &class, "B", 5, 0);
    scene_close(&scene, "B@5 A@10");
}

struct turn {
    struct station_fluid *fluid;
    struct station_class *class;
    struct station_flow *flow;
    double number;
    double expected;
};

static void on_capacity(struct sim *sim, void *arg)
{
    const struct turn *turn = arg;

    station_fluid_set_capacity(sim, turn->fluid, turn->number);
}

static void on_cap(struct sim *sim, void *arg)
{
    const struct turn *turn = arg;

    station_fluid_set_class(sim, turn->class, 1, turn->number);
}

static void on_leave(struct sim *sim, void *arg)
{
    const struct turn *turn = arg;

    assert_true(fabs(station_fluid_withdraw(sim, turn->flow) - turn->expected) < 1e-3);
    assert_null(turn->flow->class);
}

static void capacity_changes_and_stops(void **state)
{
    struct scene scene;
    struct station_fluid core;
    struct station_class class;
    struct stream streams[2];
    struct turn turns[2] = {{.fluid = &core, .number = 0}, {.fluid = &core, .number = 2}};
    (void)state;

    scene_open(&scene);
    station_fluid_init(&core, &scene.sim, 1);
    station_fluid_add_class(&core, &class, 1, 1);
    arrive(&streams[0], &scene, &class, "A", 0, 100);
    arrive(&streams[1], &scene, &class, "B", 0, 100);
    scene_at(&scene, 100, on_capacity, &turns[0]);  /* 50 done each; nothing moves */
    scene_at(&scene, 1000, on_capacity, &turns[1]); /* a core each */
    scene_close(&scene, "A@1050 B@1050");
    assert_true(fabs(core.used_ns - 200) < 1e-6);
}

static void a_cap_may_change_under_way(void **state)
{
    struct scene scene;
    struct station_fluid link;
    struct station_class throttled;
    struct station_class other;
    struct stream streams[2];
    struct turn turn = {.class = &throttled, .number = 0.25};
    (void)state;

    scene_open(&scene);
    station_fluid_init(&link, &scene.sim, 2);
    station_fluid_add_class(&link, &throttled, 1, STATION_NO_CAP);
    station_fluid_add_class(&link, &other, 1, STATION_NO_CAP);
    arrive(&streams[0], &scene, &throttled, "A", 0, 100);
    arrive(&streams[1], &scene, &other, "B", 0, 275);
    scene_at(&scene, 50, on_cap, &turn); /* A 50 left at 1/4; B 225 left at 7/4 until 178.6 */
    scene_close(&scene, "B@179 A@250");
}

static void a_flow_leaves_early(void **state)
{
    struct scene scene;
    struct station_fluid core;
    struct station_class class;
    struct stream streams[2];
    struct turn turn = {.flow = &streams[0].flow, .expected = 75};
    (void)state;

    scene_open(&scene);
    station_fluid_init(&core, &scene.sim, 1);
    station_fluid_add_class(&core, &class, 1, 1);
    arrive(&streams[0], &scene, &class, "A", 0, 100);
    arrive(&streams[1], &scene, &class, "B", 0, 100);
    scene_at(&scene, 50, on_leave, &turn);
    scene_close(&scene, "B@125");
    station_fluid_remove_class(&class);
    assert_null(core.classes);
}

/*
 * Against a shadow that keeps the work left of each flow and fills rates by the textbook's
 * iteration, O(flows) an event: thousands of random arrivals, departures and changes.
 */
enum { FLOWS = 120, CLASSES = 7 };

struct shadow {
    struct station_fluid fluid;
    struct station_class classes[CLASSES];
    double weights[CLASSES];
    double caps[CLASSES];
    struct member {
        struct station_flow flow;
        struct shadow *shadow;
        double left;
        double rate;
        int class;
        int active;
    } members[FLOWS];
    struct rng rng;
    uint64_t updated_ns;
    uint64_t events;
    uint64_t finished;
};

static void fill(struct shadow *shadow)
{
    double left = shadow->fluid.capacity_per_ns;
    int frozen[FLOWS] = {0};

    for (;;) {
        double weight = 0;
        int again = 0;

        for (int i = 0; i < FLOWS; i++) {
            if (shadow->members[i].active && !frozen[i]) {
                weight += shadow->weights[shadow->members[i].class];
            }
        }
        for (int i = 0; i < FLOWS; i++) {
            struct member *member = &shadow->members[i];

            if (member->active && !frozen[i]) {
                member->rate = left / weight * shadow->weights[member->class];
            }
        }
        for (int i = 0; i < FLOWS; i++) {
            struct member *member = &shadow->members[i];

            if (member->active && !frozen[i] && member->rate > shadow->caps[member->class]) {
                member->rate = shadow->caps[member->class];
                frozen[i] = 1;
                again = 1;
            }
        }
        if (!again) {
            return;
        }
        left = shadow->fluid.capacity_per_ns;
        for (int i = 0; i < FLOWS; i++) {
            left -= frozen[i] ? shadow->members[i].rate : 0;
        }
    }
}

static void catch_up(struct shadow *shadow, uint64_t now_ns)
{
    for (int i = 0; i < FLOWS; i++) {
        struct member *member = &shadow->members[i];

        if (member->active) {
            member->left -= member->rate * (double)(now_ns - shadow->updated_ns);
        }
    }
    shadow->updated_ns = now_ns;
}

static void compare(struct sim *sim, struct shadow *shadow)
{
    fill(shadow);
    for (int i = 0; i < FLOWS; i++) {
        const struct member *member = &shadow->members[i];

        assert_true(member->active == (member->flow.class != NULL));
        if (member->active) {
            double rate = station_fluid_rate(member->flow.class);
            double left = station_fluid_remaining(sim, &member->flow);

            assert_true(fabs(rate - member->rate) <= 1e-9 * member->rate);
            assert_true(fabs(left - fmax(member->left, 0)) < 0.01);
        }
    }
}

static void on_member_done(struct sim *sim, void *arg)
{
    struct member *member = arg;

    catch_up(member->shadow, sim_now(sim));
    /* due in the last ns, at no more than the greatest cap, and not before */
    assert_true(member->left < 0.01 && member->left > -0.01 - 3.1);
    member->active = 0;
    member->shadow->finished++;
    compare(sim, member->shadow);
}

static void on_act(struct sim *sim, void *arg)
{
    struct shadow *shadow = arg;
    struct member *member = &shadow->members[rng_below(&shadow->rng, FLOWS)];
    uint64_t dice = rng_below(&shadow->rng, 100);
    int class = (int)rng_below(&shadow->rng, CLASSES);

    catch_up(shadow, sim_now(sim));
    if (dice < 3) {
        station_fluid_set_capacity(sim, &shadow->fluid, 8 * rng_uniform(&shadow->rng));
    } else if (dice < 6) {
        shadow->weights[class] = exp(4 * rng_normal(&shadow->rng));
        shadow->caps[class] = 0.1 + 3 * rng_uniform(&shadow->rng);
        station_fluid_set_class(sim, &shadow->classes[class], shadow->weights[class],
                                shadow->caps[class]);
    } else if (member->active && dice < 20) {
        station_fluid_withdraw(sim, &member->flow);
        member->active = 0;
    } else if (!member->active) {
        member->class = class;
        member->flow.work = floor(2000 * rng_exponential(&shadow->rng));
        member->left = member->flow.work;
        member->active = 1;
        station_fluid_submit(sim, &shadow->classes[class], &member->flow);
    }
    compare(sim, shadow);
    if (++shadow->events < 20000) {
        sim_schedule_in(sim, rng_below(&shadow->rng, 300), SIM_PRIORITY_NORMAL, on_act, shadow);
    } else {
        station_fluid_set_capacity(sim, &shadow->fluid, 100); /* let all go home */
        compare(sim, shadow);
    }
}

static void random_traffic_follows_the_shadow(void **state)
{
    struct scene scene;
    struct shadow *shadow = calloc(1, sizeof *shadow);
    (void)state;

    scene_open(&scene);
    rng_init(&shadow->rng, 3, 0, 0, 0);
    station_fluid_init(&shadow->fluid, &scene.sim, 4);
    for (int i = 0; i < CLASSES; i++) {
        shadow->weights[i] = 1 + i;
        shadow->caps[i] = 1;
        station_fluid_add_class(&shadow->fluid, &shadow->classes[i], 1 + i, 1);
    }
    for (int i = 0; i < FLOWS; i++) {
        shadow->members[i].shadow = shadow;
        shadow->members[i].flow.done = on_member_done;
        shadow->members[i].flow.arg = &shadow->members[i];
    }
    scene_at(&scene, 0, on_act, shadow);
    scene_close(&scene, "");
    assert_int_equal(shadow->fluid.flows.now, 0);
    assert_int_equal(shadow->fluid.done, shadow->finished);
    assert_true(shadow->finished > 3000);
    free(shadow);
}

/* A flow without a place in the log: it only counts, and checks that it is not out of order. */
struct counted {
    struct station_flow flow;
    struct counts *counts;
};

struct counts {
    uint64_t done;
    double last_work;
    const struct station_flow *last_flow;
};

static void on_counted(struct sim *sim, void *arg)
{
    struct counted *counted = arg;
    struct counts *counts = counted->counts;

    (void)sim;
    assert_true(counted->flow.work > counts->last_work ||
                (counted->flow.work == counts->last_work && &counted->flow > counts->last_flow));
    counts->last_work = counted->flow.work;
    counts->last_flow = &counted->flow;
    counts->done++;
}

/* Shortest first, equals in the order of arrival; at rates of 1/20000 nothing is lost. */
static void many_flows_finish_in_order(void **state)
{
    enum { MANY = 20000 };
    struct scene scene;
    struct station_fluid core;
    struct station_class class;
    struct counted *flows = calloc(MANY, sizeof *flows);
    struct counts counts = {0, -1, NULL};
    double work = 0;
    (void)state;

    scene_open(&scene);
    station_fluid_init(&core, &scene.sim, 1);
    station_fluid_add_class(&core, &class, 1, 1);
    for (int i = 0; i < MANY; i++) {
        flows[i].counts = &counts;
        flows[i].flow.work = i % 2 ? 1000 : MANY - i;
        flows[i].flow.done = on_counted;
        flows[i].flow.arg = &flows[i];
        work += flows[i].flow.work;
        station_fluid_submit(&scene.sim, &class, &flows[i].flow);
    }
    scene_close(&scene, "");
    assert_int_equal(counts.done, MANY);
    assert_true(fabs((double)core.flows.changed_ns - work) <= MANY); /* 1 ns late each, at most */
    free(flows);
}

/* Steps of a few ns at a rate of 1e-5: each is far below the unit of virtual time. */
static void on_tick(struct sim *sim, void *arg)
{
    struct stream *stream = arg;

    station_fluid_remaining(sim, &stream->flow); /* asking moves virtual time on */
    if (stream->flow.class != NULL && sim_now(sim) < 49995) {
        sim_schedule_in(sim, 3, SIM_PRIORITY_NORMAL, on_tick, stream);
    }
}

static void slow_flows_arrive_in_time(void **state)
{
    struct scene scene;
    struct station_fluid link;
    struct station_class slow;
    struct stream stream;
    (void)state;

    scene_open(&scene);
    station_fluid_init(&link, &scene.sim, 1);
    station_fluid_add_class(&link, &slow, 1, 1e-5);
    arrive(&stream, &scene, &slow, "slow", 0, 0.5);
    scene_at(&scene, 1, on_tick, &stream);
    scene_close(&scene, "slow@50000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_core_is_shared_equally),
        cmocka_unit_test(weights_share_in_proportion),
        cmocka_unit_test(a_job_is_on_one_core_at_most),
        cmocka_unit_test(caps_leave_the_rest_to_others),
        cmocka_unit_test(work_of_nothing_ends_at_once),
        cmocka_unit_test(capacity_changes_and_stops),
        cmocka_unit_test(a_cap_may_change_under_way),
        cmocka_unit_test(a_flow_leaves_early),
        cmocka_unit_test(random_traffic_follows_the_shadow),
        cmocka_unit_test(slow_flows_arrive_in_time),
        cmocka_unit_test(many_flows_finish_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
