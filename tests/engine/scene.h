/*
 * A stage for tests that read like a timetable: what happens is written to a log as "name@ns",
 * and the whole log is compared with what should have happened.
 */
#ifndef TESTS_ENGINE_SCENE_H
#define TESTS_ENGINE_SCENE_H

#include "sim/engine/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the headers above */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

struct scene {
    struct sim sim;
    char log[4096];
};

static inline void scene_open(struct scene *scene)
{
    assert_int_equal(sim_init(&scene->sim, NULL), 0);
    scene->log[0] = 0;
}

static inline void scene_at(struct scene *scene, uint64_t at_ns, sim_callback *fn, void *arg)
{
    assert_true(
        sim_schedule_in(&scene->sim, at_ns - sim_now(&scene->sim), SIM_PRIORITY_NORMAL, fn, arg)
            .id != 0);
}

static inline void scene_say(struct scene *scene, const char *prefix, const char *name)
{
    size_t used = strlen(scene->log);

    snprintf(scene->log + used, sizeof scene->log - used, "%s%s%s@%llu", used > 0 ? " " : "",
             prefix, name, (unsigned long long)sim_now(&scene->sim));
}

/* Run until nothing is left to happen, and compare. */
static inline void scene_close(struct scene *scene, const char *expected)
{
    sim_run(&scene->sim, UINT64_MAX);
    assert_string_equal(scene->log, expected);
    sim_destroy(&scene->sim);
}

#endif
