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

static inline int block_host_threads(struct block_host *all)
{
    struct host *host = &all->host;
    uint32_t total = 0, at = 0;
    host->guests = calloc(all->plan.guests + 1, sizeof *host->guests);
    for (uint32_t pass = 0; pass < 2; pass++) {
        uint32_t index = 0;
        for (uint32_t c = 0; c < all->plan.scenario->class_count; c++) {
            for (uint32_t g = 0; g < all->plan.class_guests[c]; g++, index++) {
                struct guest *guest = &host->guests[index];
                guest->index = index;
                guest->class_index = c;
                guest->vcpu_count = (uint32_t)plan_option(&all->plan, c, "vcpus");
                guest->iothread_count = (uint32_t)plan_option(&all->plan, c, "iothreads");
                total += pass == 0 ? guest->vcpu_count + 1 + guest->iothread_count : 0;
                guest->vcpus = host->threads + at;
                guest->main_loop = guest->vcpus + guest->vcpu_count;
                guest->iothreads = guest->main_loop + 1;
                at += pass == 1 ? guest->vcpu_count + 1 + guest->iothread_count : 0;
            }
        }
        if (pass == 0)
            host->threads = calloc(total + 1, sizeof *host->threads);
        at = 0;
    }
    for (uint32_t t = 0; t < total; t++)
        thread_init(&host->threads[t], &host->cpus, 0, 1024);
    return 0;
}

static inline int block_host_open(struct block_host *all, const char *settings,
                                  const struct cpu_rules *rules, uint64_t seed, struct diag *diag)
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
    all->host = (struct host){.plan = &all->plan, .seed = seed, .result = &all->result};
    result_init(&all->result);
    sim_init(&all->host.sim, NULL);
    struct cpu_rules own = *rules;
    own.threads_per_core = (uint32_t)plan_option(&all->plan, 0, "host_threads_per_core");
    cpus_init(&all->host.cpus, &all->host.sim, (uint32_t)plan_option(&all->plan, 0, "host_cpus"),
              &own);
    block_host_threads(all);
    return block_open(&all->host);
}

static inline void block_host_run(struct block_host *all, double warm_up_s, double measured_s)
{
    struct host *host = &all->host;
    for (uint32_t i = 0; i < all->plan.guests; i++)
        block_start(host, &host->guests[i]);
    sim_run(&host->sim, (uint64_t)(warm_up_s * 1e9));
    host->measured_since_ns = sim_now(&host->sim);
    cpus_restart_statistics(&host->cpus);
    block_restart_statistics(host);
    sim_run(&host->sim, (uint64_t)((warm_up_s + measured_s) * 1e9));
    block_measure(host);
    all->result.value[METRIC_cpu_busy] = cpus_use(&host->cpus, host->measured_since_ns);
}

static inline void block_host_close(struct block_host *all)
{
    block_close(&all->host);
    cpus_free(&all->host.cpus);
    sim_destroy(&all->host.sim);
    free(all->host.guests);
    free(all->host.threads);
    plan_free(&all->plan);
    model_free(all->model);
    catalog_free(&all->catalog);
}

#endif
