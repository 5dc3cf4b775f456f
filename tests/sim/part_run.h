/* One replication of memory and migrations alone, from settings as a user would type them. */
#ifndef TESTS_SIM_PART_RUN_H
#define TESTS_SIM_PART_RUN_H

#include <stdlib.h>
#include <string.h>

#include "model/catalog.h"
#include "model/model.h"
#include "sim/host/memory.h"
#include "sim/host/migration.h"

struct part_run {
    struct catalog catalog;
    struct scenario scenario;
    struct model *model;
    struct plan plan;
    struct host host;
    struct result result;
};

static int part_run_set(struct part_run *run, const char *settings, struct diag *diag)
{
    char copy[1024], *rest = NULL;
    int status = STATUS_OK;
    snprintf(copy, sizeof copy, "%s", settings);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && status == STATUS_OK;
         word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        status = scenario_set(&run->scenario, word, value, diag);
    }
    return status == STATUS_OK ? scenario_spread(&run->scenario, diag) : status;
}

/* A broken setting ends the program with its message. */
static struct part_run *part_run_open(const char *settings)
{
    struct part_run *run = calloc(1, sizeof *run);
    struct diag diag = {0};
    int status = catalog_load(&run->catalog, NULL, &diag);
    if (status == STATUS_OK)
        status = scenario_init(&run->scenario, &diag);
    if (status == STATUS_OK)
        status = part_run_set(run, settings, &diag);
    if (status == STATUS_OK)
        status = model_new(&run->model, &run->catalog, &run->scenario, &diag);
    if (status == STATUS_OK)
        status = plan_init(&run->plan, run->model, NULL, &diag);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", settings, diag.message);
        abort();
    }
    if (host_open(&run->host, &run->plan, 1, 0, &run->result) != 0)
        abort();
    return run;
}

static void part_run_close(struct part_run *run)
{
    host_close(&run->host);
    plan_free(&run->plan);
    model_free(run->model);
    catalog_free(&run->catalog);
    free(run);
}

#endif
