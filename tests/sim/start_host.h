/* A host that does nothing but start guests: a scenario, given as it is typed, is bound and run. */
#ifndef TESTS_SIM_START_HOST_H
#define TESTS_SIM_START_HOST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "sim/host/start.h"
#include "tests/unit/loaded_catalog.h"

struct start_run {
    struct scenario *scenario;
    struct model *model;
    struct plan plan;
    struct host host;
    struct result result;
    struct cpu_rules rules; /* set by run_bind; may be changed before run_start */
};

/* Sets `name=value` settings separated by blanks; host first. */
static void run_set(struct scenario *scenario, const char *settings)
{
    char text[1024];
    struct diag diag;
    snprintf(text, sizeof text, "%s", settings);
    for (char *save, *word = strtok_r(text, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        if (value == NULL)
            fail_msg("'%s' is no setting", word);
        *value++ = '\0';
        if (scenario_set(scenario, word, value, &diag) != STATUS_OK)
            fail_msg("%s=%s: %s", word, value, diag.message);
    }
}

static void run_bind(struct start_run *run, struct scenario *scenario)
{
    struct diag diag;
    memset(run, 0, sizeof *run);
    run->scenario = scenario;
    if (model_new(&run->model, &catalog, scenario, &diag) != STATUS_OK ||
        plan_init(&run->plan, run->model, NULL, &diag) != STATUS_OK)
        fail_msg("%s:%u: %s: %s", diag.file, diag.line, diag.column, diag.message);
    run->rules = (struct cpu_rules){.latency_ns = 24000000,
                                    .slice_min_ns = 3000000,
                                    .wakeup_ns = 4000000,
                                    .smt_share = 0.65,
                                    .threads_per_core = 1};
    run->rules.threads_per_core = (uint32_t)plan_option(&run->plan, 0, "host_threads_per_core");
}

static void run_guests(struct start_run *run)
{
    struct host *host = &run->host;
    uint32_t at = 0;
    uint32_t thread = 0;
    host->guests = calloc(run->plan.guests + 1, sizeof *host->guests);
    host->threads = calloc(2 * run->plan.guests + 1, sizeof *host->threads);
    assert_non_null(host->guests);
    assert_non_null(host->threads);
    for (uint32_t c = 0; c < run->scenario->class_count; c++) {
        for (uint32_t i = 0; i < run->plan.class_guests[c]; i++, at++) {
            struct guest *guest = &host->guests[at];
            *guest = (struct guest){at, c, &host->threads[thread], &host->threads[thread + 1], NULL,
                                    1,  0};
            for (unsigned t = 0; t < 2; t++, thread++) {
                thread_init(&host->threads[thread], &host->cpus, at, 1024);
                host->threads[thread].speed = (float)cost_of(run->plan.costs, c, "cpu_speed");
            }
        }
    }
}

static void run_start(struct start_run *run)
{
    struct host *host = &run->host;
    host->plan = &run->plan;
    host->seed = 1;
    host->result = &run->result;
    result_init(&run->result);
    assert_int_equal(sim_init(&host->sim, NULL), 0);
    assert_int_equal(cpus_init(&host->cpus, &host->sim,
                               (uint32_t)fmax(plan_option(&run->plan, 0, "host_cpus"), 1),
                               &run->rules),
                     0);
    run_guests(run);
    assert_int_equal(start_open(host), 0);
    start_launch(host);
    sim_run(&host->sim, SIM_NEVER);
    start_measure(host);
}

static void run_free(struct start_run *run)
{
    start_close(&run->host);
    cpus_free(&run->host.cpus);
    sim_destroy(&run->host.sim);
    free(run->host.guests);
    free(run->host.threads);
    plan_free(&run->plan);
    model_free(run->model);
    free(run->scenario);
}

static struct scenario *run_scenario(const char *settings)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct diag diag;
    assert_non_null(scenario);
    assert_int_equal(scenario_init(scenario, &diag), STATUS_OK);
    run_set(scenario, settings);
    assert_int_equal(scenario_spread(scenario, &diag), STATUS_OK);
    return scenario;
}

static inline void run_settings(struct start_run *run, const char *settings)
{
    run_bind(run, run_scenario(settings));
    run_start(run);
}

#endif
