/* The limits that starts meet in time are those that the model predicts, at the same count: for the
 * real cases and for random scenarios, one start at a time and all at once. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/predict.h"
#include "model/table.h"
#include "model/text.h"
#include "sim/host/start.h"
#include "tests/sim/host_run.h"
#include "tests/unit/random_scenario.h"

enum { REACH = 20000, RANDOM = 1000 };

/* The first outcome of its kind that is met within the steps asked for; NULL: none. */
static const struct outcome *predicted(const struct prediction *prediction, bool fatal)
{
    for (size_t i = 0; i < prediction->count; i++) {
        const struct outcome *outcome = &prediction->outcomes[i];
        if (limit_is_fatal(outcome->limit) == fatal)
            return outcome->fails_at <= prediction->requested ? outcome : NULL;
    }
    return NULL;
}

static void compare(const char *name, const struct met *met, const struct outcome *outcome)
{
    const char *seen = met->limit != NULL ? met->limit->id : "none";
    const char *told = outcome != NULL ? outcome->limit->id : "none";
    if (strcmp(seen, told) != 0 ||
        (outcome != NULL && (met->fails_at != outcome->fails_at || met->max_ok != outcome->max_ok)))
        fail_msg("%s: simulated %s at %.17g, predicted %s at %.17g", name, seen, met->fails_at,
                 told, outcome != NULL ? outcome->fails_at : NAN);
}

/* What is met after the first fatal limit stopped guests depends on who came; before it, soft
 * limits are the predicted ones too. */
static void compare_account(const char *name, const struct account *account,
                            const struct prediction *prediction)
{
    const struct outcome *fatal = predicted(prediction, true);
    const struct outcome *soft = predicted(prediction, false);
    compare(name, &account->fatal, fatal);
    if (soft != NULL && (fatal == NULL || soft->fails_at < fatal->fails_at))
        compare(name, &account->soft, soft);
}

/* Asks for enough to meet the first fatal limit, where that is within reach; false: as it was. */
static bool reach(struct scenario *scenario, const struct prediction *prediction)
{
    char text[64];
    struct diag diag;
    double fails_at =
        prediction->first_fatal >= 0 ? prediction->outcomes[prediction->first_fatal].fails_at : 0;
    bool guests = strcmp(scenario->ramp, "guests") == 0;
    if (fails_at <= prediction->requested || scenario->class_count > 1 ||
        option_find(scenario->ramp) < 0 || (guests && fails_at > REACH))
        return false;
    snprintf(text, sizeof text, "%.0f%s", fails_at + 2,
             strcmp(scenario->ramp, "memory") == 0 ? "M" : "");
    if (scenario_set(scenario, scenario->ramp, text, &diag) != STATUS_OK)
        fail_msg("%s = %s: %s", scenario->ramp, text, diag.message);
    return true;
}

/* Guests take what they need, without a clock. */
static void compare_ledger(const char *name, struct model *model,
                           const struct prediction *prediction)
{
    struct ledger *ledger;
    struct account account;
    struct diag diag;
    int phase;
    const struct scenario *scenario = model_scenario(model);
    assert_int_equal(ledger_new(&ledger, model, &diag), STATUS_OK);
    account_open(&account, ledger);
    for (size_t c = 0; c < scenario->class_count; c++) {
        for (double g = 0; g < scenario_guests(scenario, c); g++)
            account_take(&account, c, &phase);
    }
    compare_account(name, &account, prediction);
    ledger_free(ledger);
}

static void compare_run(const char *name, const struct scenario *scenario, const char *parallel,
                        const struct prediction *prediction)
{
    struct diag diag;
    struct scenario *copy = malloc(sizeof *copy);
    assert_non_null(copy);
    *copy = *scenario;
    run_check(scenario_set(copy, "parallel_starts", parallel, &diag), &diag, name);
    struct host_run *run = run_open_scenario(copy, name);
    free(copy);
    assert_int_equal(host_run_start(&run->host), 0);
    compare_account(name, &run->host.start->account, prediction);
    const struct start *start = run->host.start;
    assert_int_equal(start->started + start->refused, run->plan.guests);
    run_close(run);
}

static double guests_of(const struct scenario *scenario)
{
    double guests = 0;
    for (size_t c = 0; c < scenario->class_count; c++)
        guests += scenario_guests(scenario, c);
    return guests;
}

static void predict_scenario(const char *name, const struct scenario *scenario,
                             struct model **model, struct prediction *prediction)
{
    struct diag diag;
    if (model_new(model, &catalog, scenario, &diag) != STATUS_OK)
        fail_msg("%s: %s", name, diag.message);
    assert_int_equal(prediction_init(prediction, *model, &diag), STATUS_OK);
    predict(*model, prediction);
}

/* Frees the scenario. timed: also by runs in time. Returns whether a fatal limit was met. */
static bool compare_scenario(const char *name, struct scenario *scenario, bool timed)
{
    struct model *model;
    struct prediction prediction;
    predict_scenario(name, scenario, &model, &prediction);
    if (reach(scenario, &prediction)) {
        prediction_free(&prediction);
        model_free(model);
        predict_scenario(name, scenario, &model, &prediction);
    }
    bool met = predicted(&prediction, true) != NULL && guests_of(scenario) <= REACH;
    if (guests_of(scenario) <= REACH) {
        compare_ledger(name, model, &prediction);
        if (timed) {
            compare_run(name, scenario, "1", &prediction);
            compare_run(name, scenario, "0", &prediction);
        }
    }
    prediction_free(&prediction);
    model_free(model);
    free(scenario);
    return met;
}

static bool is_setting(const char *column)
{
    static const char *const own[] = {"case",  "source", "confidence", "limit", "ok",
                                      "fails", "bound",  "tolerance",  "note"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(column, own[i]) == 0)
            return false;
    }
    return true;
}

static struct scenario *scenario_of(const struct table *table, size_t row)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct diag diag;
    assert_non_null(scenario);
    int status = scenario_init(scenario, &diag);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; status == STATUS_OK && i < table->columns; i++) {
            const char *text = table_cell(table, row, (int)i);
            if (is_setting(table->cells[i]) && text[0] != '\0' &&
                (strcmp(table->cells[i], "host") == 0) == (pass == 0))
                status = scenario_set(scenario, table->cells[i], text, &diag);
        }
    }
    if (status == STATUS_OK)
        status = scenario_spread(scenario, &diag);
    if (status != STATUS_OK)
        fail_msg("row %zu: %s: %s", row, diag.column, diag.message);
    return scenario;
}

static void cases(const char *path, size_t timed_every)
{
    struct table table;
    struct diag diag;
    char *text;
    size_t length;
    assert_int_equal(text_read_file(path, &text, &length, &diag), STATUS_OK);
    assert_int_equal(table_parse(&table, path, text, length, &diag), STATUS_OK);
    free(text);
    size_t met = 0;
    for (size_t r = 0; r < table.rows; r++)
        met += compare_scenario(table_cell(&table, r, 0), scenario_of(&table, r),
                                r % timed_every == 0);
    assert_true(2 * met > table.rows);
    table_free(&table);
}

static void measured_cases(void **state)
{
    (void)state;
    cases("tests/cases/measured.csv", 8);
}

static void incidents(void **state)
{
    (void)state;
    cases("tests/cases/incidents.csv", 8);
}

/* Up to thousands of guests, and disks spread so that there are two classes. */
static struct scenario *large_scenario(const char *ramp)
{
    struct scenario *scenario = random_scenario(ramp);
    struct diag diag;
    if (draw(2) == 0)
        set(scenario, "guests", "%u", draw(3000));
    if (draw(4) == 0 && guests_of(scenario) > 0 && strcmp(ramp, "guests") == 0)
        set(scenario, "disks", "%u", draw(5000));
    run_check(scenario_spread(scenario, &diag), &diag, "spread");
    return scenario;
}

static void random_scenarios(void **state)
{
    static const char *const ramps[] = {"guests", "disks_per_guest", "guests",   "nics_per_guest",
                                        "guests", "vcpus",           "hostdevs", "memory",
                                        "guests", "qemu_fds",        "networks"};
    unsigned met = 0;
    (void)state;
    for (unsigned i = 0; i < RANDOM; i++) {
        char name[64];
        const char *ramp = ramps[i % (sizeof ramps / sizeof ramps[0])];
        snprintf(name, sizeof name, "random scenario %u along %s", i, ramp);
        met += compare_scenario(name, large_scenario(ramp), i % 20 == 0);
    }
    assert_true(2 * met > RANDOM);
}

/* A guest that leaves makes room for another one. */
static void releases_are_taken_again(void **state)
{
    struct host_run *run = run_open("host=z13-2015 guests=30");
    struct account account;
    int phase;
    (void)state;
    account_open(&account, run->plan.ledger);
    for (int i = 0; i < 20; i++)
        assert_null(account_take(&account, 0, &phase));
    assert_non_null(account_take(&account, 0, &phase));
    assert_true(account.guests == 20);
    account_release(&account, 0);
    assert_null(account_take(&account, 0, &phase));
    assert_string_equal(account.fatal.limit->id, "machined_message_loop");
    assert_true(account.fatal.max_ok == 20 && account.fatal.fails_at == 21);
    run_close(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases_are_taken_again), cmocka_unit_test(measured_cases),
        cmocka_unit_test(incidents), cmocka_unit_test(random_scenarios)};
    return cmocka_run_group_tests_name("ledger", tests, load_catalog, free_catalog);
}
