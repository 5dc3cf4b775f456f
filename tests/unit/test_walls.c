/* The walls of the talks that the project began from: every built-in scenario that says what was
 * seen is predicted so. A new file below data/scenarios/ is tested without an edit here. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/data.h"
#include "model/predict.h"

enum { WALLS_MAX = 256 };

static struct catalog catalog;

/* Wider than a step apart, ok and fails are a bracket that holds the wall; else they are its count.
 */
static bool count_agrees(const struct expectation *seen, const struct outcome *outcome)
{
    bool bracket = seen->fails - seen->ok > 1;
    double slack_ok = seen->tolerance * seen->ok + 1e-9;
    double slack_fails = seen->tolerance * seen->fails + 1e-9;
    if (bracket)
        return outcome->max_ok >= seen->ok - slack_ok &&
               outcome->fails_at <= seen->fails + slack_fails;
    return (isnan(seen->ok) || fabs(outcome->max_ok - seen->ok) <= slack_ok) &&
           (isnan(seen->fails) || fabs(outcome->fails_at - seen->fails) <= slack_fails);
}

/* The first limit at least as grave as the one seen; slower ones may come before it. */
static const struct outcome *first_as_grave(const struct prediction *prediction, const char *limit)
{
    enum effect gravity = EFFECT_FAIL;
    for (size_t i = 0; i < prediction->count; i++) {
        const struct limit *at = prediction->outcomes[i].limit;
        if (strcmp(at->id, limit) == 0)
            gravity = limit_is_fatal(at) ? EFFECT_HANG : at->effect;
    }
    for (size_t i = 0; i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (isfinite(outcome->fails_at) &&
            (limit_is_fatal(outcome->limit) || outcome->limit->effect >= gravity))
            return outcome;
    }
    return NULL;
}

static void judge(const char *file, const struct expectation *seen,
                  const struct prediction *prediction)
{
    const struct outcome *first = first_as_grave(prediction, seen->limit);
    if (seen->limit[0] == '\0') {
        assert_false(isnan(seen->ok));
        if (first != NULL && first->max_ok < seen->ok)
            fail_msg("%s: nothing failed up to %g, predicted %s at %g", file, seen->ok,
                     first->limit->id, first->fails_at);
        return;
    }
    if (catalog_limit(&catalog, seen->limit) == NULL)
        fail_msg("%s: no limit '%s'", file, seen->limit);
    if (first == NULL)
        fail_msg("%s: seen %s, predicted no limit", file, seen->limit);
    if (strcmp(first->limit->id, seen->limit) != 0)
        fail_msg("%s: seen %s, predicted %s at %g", file, seen->limit, first->limit->id,
                 first->fails_at);
    if (!count_agrees(seen, first))
        fail_msg("%s: seen %s at ok %g, fails %g, predicted ok %g, fails %g", file, seen->limit,
                 seen->ok, seen->fails, first->max_ok, first->fails_at);
}

static void wall_is_predicted(void **state)
{
    const char *file = *state;
    struct scenario *scenario = malloc(sizeof *scenario);
    struct model *model = NULL;
    struct prediction prediction = {0};
    struct diag diag = {0};
    assert_non_null(scenario);
    int status = scenario_init(scenario, &diag);
    const char *name = strchr(file, '-') + 1;
    char *plain = strndup(name, strcspn(name, "."));
    if (status == STATUS_OK)
        status = scenario_read(scenario, plain, &diag);
    if (status == STATUS_OK)
        status = scenario_spread(scenario, &diag);
    if (status == STATUS_OK)
        status = model_new(&model, &catalog, scenario, &diag);
    if (status == STATUS_OK)
        status = prediction_init(&prediction, model, &diag);
    if (status != STATUS_OK) {
        diag_print(stderr, &diag);
        fail();
    }
    predict(model, &prediction);
    assert_true(scenario->expect.given);
    judge(file, &scenario->expect, &prediction);
    prediction_free(&prediction);
    model_free(model);
    free(plain);
    free(scenario);
}

static int open_catalog(void **state)
{
    struct diag diag;
    (void)state;
    return catalog_load(&catalog, NULL, &diag);
}

static int close_catalog(void **state)
{
    (void)state;
    catalog_free(&catalog);
    return 0;
}

int main(void)
{
    static struct CMUnitTest tests[WALLS_MAX];
    static union {
        const char *name;
        void *state;
    } file[WALLS_MAX];
    size_t count = 0;
    for (const struct data_file *at = data_files; at->name != NULL; at++) {
        if (strncmp(at->name, "scenarios/", strlen("scenarios/")) != 0 || count == WALLS_MAX)
            continue;
        file[count].name = at->name;
        tests[count] = (struct CMUnitTest){
            .name = at->name, .test_func = wall_is_predicted, .initial_state = file[count].state};
        count++;
    }
    return count == 0 ||
           _cmocka_run_group_tests("walls", tests, count, open_catalog, close_catalog);
}
