/* A host with nothing but disks and CPUs, from settings such as "io_jobs=1 io_depth=32". */
#ifndef TESTS_SIM_BLOCK_HOST_H
#define TESTS_SIM_BLOCK_HOST_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/catalog.h"
#include "sim/host/block_path.h"

struct block_host {
    struct catalog catalog;
    struct scenario scenario;
    struct model *model;
    struct plan plan;
    struct host host;
    struct result result;
};

static inline int block_host_set(struct block_host *all, const char *settings, bool hosts,
                                 struct diag *diag)
{
    char text[2048], *save;
    int status = STATUS_OK;
    snprintf(text, sizeof text, "%s", settings);
    for (char *word = strtok_r(text, " ", &save); word != NULL && status == STATUS_OK;
         word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        if (value == NULL)
            continue;
        *value++ = '\0';
        if ((strcmp(word, "host") == 0) == hosts)
            status = scenario_set(&all->scenario, word, value, diag);
    }
    return status;
}

static inline int block_host_open(struct block_host *all, const char *settings, uint64_t seed,
                                  struct diag *diag)
{
    memset(all, 0, sizeof *all);
    int status = catalog_load(&all->catalog, NULL, diag);
    if (status == STATUS_OK)
        status = scenario_init(&all->scenario, diag);
    for (int pass = 0; pass < 2 && status == STATUS_OK; pass++)
        status = block_host_set(all, settings, pass == 0, diag);
    if (status == STATUS_OK)
        status = scenario_spread(&all->scenario, diag);
    if (status == STATUS_OK)
        status = model_new(&all->model, &all->catalog, &all->scenario, diag);
    if (status == STATUS_OK)
        status = plan_init(&all->plan, all->model, NULL, diag);
    if (status != STATUS_OK)
        return status;
    return host_open(&all->host, &all->plan, seed, 0, &all->result);
}

static inline void block_host_close(struct block_host *all)
{
    host_close(&all->host);
    plan_free(&all->plan);
    model_free(all->model);
    catalog_free(&all->catalog);
}

#endif
