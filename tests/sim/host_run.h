/* A host from settings as a user would type them, for tests of the whole and of its parts. What
 * cannot be opened fails the test with the reason. Groups of tests load the catalogue. */
#ifndef TESTS_SIM_HOST_RUN_H
#define TESTS_SIM_HOST_RUN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/host/host.h"
#include "tests/unit/loaded_catalog.h"

struct host_run {
    struct scenario scenario;
    struct plan plan;
    struct host host;
    struct result result;
};

static inline void run_check(int status, const struct diag *diag, const char *what)
{
    if (status == STATUS_OK)
        return;
    diag_print(stderr, diag);
    fail_msg("cannot open %s", what);
}

/* Of a scenario that is complete, a copy of which is kept. */
static inline struct host_run *run_open_scenario(const struct scenario *scenario, const char *name)
{
    struct host_run *run = calloc(1, sizeof *run);
    struct diag diag = {0};
    assert_non_null(run);
    run->scenario = *scenario;
    run_check(plan_open(&run->plan, &catalog, &run->scenario, NULL, &diag), &diag, name);
    assert_int_equal(host_open(&run->host, &run->plan, 1, 0, &run->result), 0);
    return run;
}

static inline struct host_run *run_open(const char *settings)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct diag diag = {0};
    assert_non_null(scenario);
    run_check(scenario_init(scenario, &diag), &diag, settings);
    run_check(scenario_settings(scenario, settings, &diag), &diag, settings);
    struct host_run *run = run_open_scenario(scenario, settings);
    free(scenario);
    return run;
}

static inline void run_close(struct host_run *run)
{
    host_close(&run->host);
    plan_free(&run->plan);
    free(run);
}

/* One phase of a host's life, host_run_start for one. */
static inline struct host_run *run_of(const char *settings, int (*phase)(struct host *host))
{
    struct host_run *run = run_open(settings);
    assert_int_equal(phase(&run->host), 0);
    return run;
}

static inline struct host_run *run_steady(const char *settings, double warmup_s, double duration_s)
{
    struct host_run *run = run_open(settings);
    assert_int_equal(host_run_steady(&run->host, warmup_s, duration_s), 0);
    return run;
}

/* A figure of a run, or all of them; the run ends with it. */
static inline double run_figure(struct host_run *run, enum metric metric)
{
    double value = run->result.value[metric];
    run_close(run);
    return value;
}

static inline struct result run_result(struct host_run *run)
{
    struct result result = run->result;
    run_close(run);
    return result;
}

static inline void near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        fail_msg("%.9g is not %.9g within %g %%", value, expected, 100 * relative);
}

#endif
