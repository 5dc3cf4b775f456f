/* Jobs of a queueing station that write down what happens to them. */
#ifndef TESTS_ENGINE_GUEST_H
#define TESTS_ENGINE_GUEST_H

#include "sim/engine/station_queue.h"
#include "tests/engine/scene.h"

#include <stdlib.h>

/* "+A" A is started, "A" done, "A!" out of patience, "A?" turned away. */
struct guest {
    struct station_job job;
    struct scene *scene;
    struct station_queue *queue;
    const char *name;
    uint64_t at_ns;
};

static inline void on_started(struct sim *sim, void *arg)
{
    struct guest *guest = arg;

    (void)sim;
    scene_say(guest->scene, "+", guest->name);
}

static inline void on_done(struct sim *sim, void *arg)
{
    struct guest *guest = arg;

    (void)sim;
    assert_true(guest->job.state == STATION_DONE || guest->job.state == STATION_RENEGED);
    scene_say(guest->scene, guest->job.state == STATION_DONE ? "" : "!", guest->name);
}

static inline void on_arrival(struct sim *sim, void *arg)
{
    struct guest *guest = arg;

    if (station_queue_submit(sim, guest->queue, &guest->job) == STATION_AWAY) {
        scene_say(guest->scene, "?", guest->name);
    }
}

static inline void arrive(struct guest *guest, struct scene *scene, struct station_queue *queue,
                          const char *name, uint64_t at_ns, uint64_t service_ns, uint32_t priority,
                          uint64_t patience_ns)
{
    *guest = (struct guest){.job = {.service_ns = service_ns,
                                    .patience_ns = patience_ns,
                                    .priority = priority,
                                    .started = on_started,
                                    .done = on_done,
                                    .arg = guest},
                            .scene = scene,
                            .queue = queue,
                            .name = name};
    scene_at(scene, at_ns, on_arrival, guest);
}

struct change {
    struct station_queue *queue;
    uint32_t servers;
};

static inline void on_change(struct sim *sim, void *arg)
{
    const struct change *change = arg;

    station_queue_set_servers(sim, change->queue, change->servers);
}

#endif
