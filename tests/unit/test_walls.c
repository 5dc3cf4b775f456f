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

#include "calibrate/cases.h"
#include "model/data.h"
#include "model/predict.h"
#include "tests/unit/loaded_catalog.h"

enum { WALLS_MAX = 256 };

static void judge(const char *file, const struct expectation *seen,
                  const struct prediction *prediction)
{
    const struct limit *limit = catalog_limit(&catalog, seen->limit);
    struct case_result result = {.name = file,
                                 .limit = limit != NULL ? limit->id : "",
                                 .bound = seen->limit[0] == '\0' ? BOUND_NONE : BOUND_WALL,
                                 .ok = seen->ok,
                                 .fails = seen->fails,
                                 .tolerance = seen->tolerance};
    if (limit == NULL && seen->limit[0] != '\0')
        fail_msg("%s: no limit '%s'", file, seen->limit);
    case_judge(&result, prediction);
    if (case_missed(&result))
        fail_msg("%s: seen %s at ok %g, fails %g, predicted at rank %d, ok %g, fails %g; first %s",
                 file, seen->limit, seen->ok, seen->fails, result.rank, result.max_ok,
                 result.fails_at, result.first[0]);
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
    if (!scenario->expect.given)
        skip(); /* nothing was seen that the model could be held against */
    judge(file, &scenario->expect, &prediction);
    prediction_free(&prediction);
    model_free(model);
    free(plain);
    free(scenario);
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
    return count == 0 || _cmocka_run_group_tests("walls", tests, count, load_catalog, free_catalog);
}
