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
}

static void run_start(struct start_run *run)
{
    assert_int_equal(host_open(&run->host, &run->plan, 1, 0, &run->result), 0);
    assert_int_equal(host_run_start(&run->host), 0);
}

static void run_free(struct start_run *run)
{
    host_close(&run->host);
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
