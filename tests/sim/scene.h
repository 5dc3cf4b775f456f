/* A host that runs what a scenario's settings say, for tests of its parts. */
#ifndef TESTS_SIM_SCENE_H
#define TESTS_SIM_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/catalog.h"
#include "sim/host/host.h"

struct scene {
    struct scenario scenario;
    struct catalog catalog;
    struct model *model;
    struct plan plan;
    struct result result;
    struct host host;
};

static void scene_check(int status, const struct diag *diag, const char *what)
{
    if (status != STATUS_OK)
        fail_msg("%s: %s", what, diag->message);
}

/* "name=value name=value", in every class. */
static void scene_set(struct scene *scene, const char *settings)
{
    struct diag diag = {0};
    char copy[512];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", settings);
    for (char *item; (item = strsep(&rest, " ")) != NULL;) {
        char *equals = strchr(item, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        scene_check(scenario_set(&scene->scenario, item, equals + 1, &diag), &diag, item);
    }
}

/* Opens the host: settings, then an INI text that may add classes (NULL: none). */
static struct scene *scene_open(const char *settings, const char *ini, uint64_t seed)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct diag diag = {0};
    assert_non_null(scene);
    scene_check(catalog_load(&scene->catalog, NULL, &diag), &diag, "catalogue");
    scene_check(scenario_init(&scene->scenario, &diag), &diag, "scenario");
    if (ini != NULL) {
        char path[] = "/tmp/scalesim-scene-XXXXXX";
        int fd = mkstemp(path);
        FILE *file = fdopen(fd, "w");
        fputs(ini, file);
        fclose(file);
        int status = scenario_read(&scene->scenario, path, &diag);
        remove(path);
        scene_check(status, &diag, "INI");
    }
    scene_set(scene, settings);
    scene_check(scenario_spread(&scene->scenario, &diag), &diag, "spread");
    scene_check(model_new(&scene->model, &scene->catalog, &scene->scenario, &diag), &diag, "model");
    scene_check(plan_init(&scene->plan, scene->model, NULL, &diag), &diag, "plan");
    assert_int_equal(host_open(&scene->host, &scene->plan, seed, 0, &scene->result), 0);
    return scene;
}

static void scene_close(struct scene *scene)
{
    host_close(&scene->host);
    plan_free(&scene->plan);
    model_free(scene->model);
    catalog_free(&scene->catalog);
    free(scene);
}

#endif
