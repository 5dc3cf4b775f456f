/* The model against itself done the slow way: expressions against their values, a prediction
 * against a walk over every step, a step of a ramp against a model bound to that value. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/catalog.h"
#include "model/expr.h"
#include "model/formula.h"
#include "model/model.h"
#include "model/option.h"
#include "model/predict.h"
#include "tests/unit/loaded_catalog.h"
#include "tests/unit/random_scenario.h"

static double *lookup(const char *name, void *context)
{
    static double vcpus = 4;
    static double memory = 1024;
    (void)context;
    return strcmp(name, "vcpus") == 0 ? &vcpus : strcmp(name, "memory") == 0 ? &memory : NULL;
}

static void expressions_have_their_values(void **state)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"17", 17},
        {"2.5e3", 2500},
        {"inf", INFINITY},
        {"vcpus", 4},
        {"vcpus == 4", 1},
        {"vcpus != 4", 0},
        {"vcpus<5", 1},
        {"4 <= vcpus", 1},
        {"vcpus > memory", 0},
        {"memory >= vcpus", 1},
        {"2 * vcpus + 1", 9},
        {"ceil(vcpus / 3)", 2},
        {"floor(memory / 1000)", 1},
        {"clamp(memory, 8, 512)", 512},
        {"min(vcpus, 3) + max(1, 2)", 5},
        {"vcpus > 3 ? 10 : 20", 10},
        {"vcpus > 3 && memory == 1", 0},
        {"vcpus == 1 || memory > 1", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct diag diag;
        struct expr *expr = expr_new(lookup, NULL);
        if (expr_set(expr, cases[i].text, &diag) != STATUS_OK)
            fail_msg("%s: %s", cases[i].text, diag.message);
        if (expr_eval(expr) != cases[i].value)
            fail_msg("%s is %g", cases[i].text, expr_eval(expr));
        expr_free(expr);
    }
}

static void wrong_expressions_are_told(void **state)
{
    static const char *const wrong[] = {"vcpuz",      "vcpuz == 4", "2 * vcpuz",    "vcpus +",
                                        "(vcpus",     "vcpus = 4",  "vcpus =< 4",   "3 vcpus",
                                        "sqrt(1, 2)", "$",          "vcpus == == 4"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct diag diag = {0};
        struct expr *expr = expr_new(lookup, NULL);
        if (expr_set(expr, wrong[i], &diag) != STATUS_DATA)
            fail_msg("%s is accepted", wrong[i]);
        assert_non_null(strstr(diag.message, "at character"));
        expr_free(expr);
    }
}

static void conditions_are_split_only_where_they_may_be(void **state)
{
    static const struct {
        const char *text;
        size_t parts;
        bool holds;
    } cases[] = {
        {"", 1, true},
        {"vcpus == 4", 1, true},
        {"vcpus == 4 && nic_queues == 2", 2, true},
        {"vcpus == 4&&nic_queues == 3 && disk_queues == 1", 3, false},
        {"vcpus == 5 && nic_queues == 2 || disk_queues == 1", 1, true},
        {"(vcpus == 5 || nic_queues == 2) && (disk_queues == 1 && vcpus == 4)", 2, true},
        {"vcpus == 4 && nic_queues == 2 ? 0 : 1", 1, false},
    };
    struct diag diag;
    struct formulas formulas;
    (void)state;
    assert_int_equal(formulas_init(&formulas, &catalog, &diag), STATUS_OK);
    formulas.slots[OPTION_VCPUS] = 4;
    formulas.slots[OPTION_NIC_QUEUES] = 2;
    formulas.slots[OPTION_DISK_QUEUES] = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct condition condition = condition_of(&formulas, cases[i].text, &catalog.tables[0], 0);
        if (condition.parts != cases[i].parts ||
            condition_holds(&formulas, &condition) != cases[i].holds)
            fail_msg("\"%s\": %zu parts", cases[i].text, condition.parts);
    }
    formulas_free(&formulas);
}

static const char *const ramps[] = {"guests",   "disks_per_guest", "nics_per_guest", "vcpus",
                                    "hostdevs", "memory",          "qemu_fds",       "networks"};

enum { RAMPS = sizeof ramps / sizeof ramps[0], SCAN = 300 };

/* Walks over the first steps and some later ones; step 0 may be no guest at all (0 vCPUs). */
static void check_outcome(struct model *model, const struct outcome *outcome, const char *ramp)
{
    for (double n = 1; n < 1e6; n = n < SCAN ? n + 1 : floor(n * 1.37)) {
        struct headroom at;
        bool exceeds = model_exceeds(model, outcome->index, n, false, &at);
        if (exceeds != (n >= outcome->fails_at))
            fail_msg("%s along %s: %.0f wanted, %.0f there at %.0f, predicted to fail at %.0f",
                     outcome->limit->id, ramp, at.demand, at.capacity, n, outcome->fails_at);
    }
}

static void predictions_are_what_a_walk_finds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        struct diag diag;
        struct model *model;
        struct prediction prediction;
        const char *ramp = ramps[i % RAMPS];
        struct scenario *scenario = random_scenario(ramp);
        assert_int_equal(model_new(&model, &catalog, scenario, &diag), 0);
        assert_int_equal(prediction_init(&prediction, model, &diag), 0);
        predict(model, &prediction);
        assert_true(prediction.count > 0);
        for (size_t j = 0; j < prediction.count; j++)
            check_outcome(model, &prediction.outcomes[j], ramp);
        prediction_free(&prediction);
        model_free(model);
        free(scenario);
    }
}

/* Every limit at step n of a ramp is what it is in a model that states n. */
static void compare_models(struct model *ramped, struct model *stated, double n, const char *ramp)
{
    assert_int_equal(model_limit_count(ramped), model_limit_count(stated));
    for (size_t i = 0; i < model_limit_count(ramped); i++) {
        struct headroom a;
        struct headroom b;
        model_exceeds(ramped, i, n, false, &a);
        model_exceeds(stated, i, model_requested(stated), false, &b);
        if (fabs(a.demand - b.demand) > 1e-9 * fabs(b.demand) ||
            (a.capacity != b.capacity && !(isnan(a.capacity) && isnan(b.capacity))))
            fail_msg("%s at %s %.0f: %.17g of %.17g on the ramp, %.17g of %.17g stated",
                     model_limit(ramped, i)->id, ramp, n, a.demand, a.capacity, b.demand,
                     b.capacity);
    }
}

static void a_step_is_what_a_stated_value_is(void **state)
{
    static const char *const stated_ramps[] = {"disks_per_guest", "vcpus",    "nics_per_guest",
                                               "hostdevs",        "networks", "mix"};
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        struct diag diag;
        struct model *ramped;
        const char *ramp = stated_ramps[i % 6];
        struct scenario *scenario = random_scenario(ramp);
        assert_int_equal(model_new(&ramped, &catalog, scenario, &diag), 0);
        for (unsigned j = 0; j < 4; j++) {
            struct model *stated;
            unsigned n = draw(40);
            struct scenario *copy = malloc(sizeof *copy);
            *copy = *scenario;
            set(copy, ramp, "%u", n);
            assert_int_equal(scenario_set(copy, "ramp", "guests", &diag), 0);
            assert_int_equal(model_new(&stated, &catalog, copy, &diag), 0);
            compare_models(ramped, stated, n, ramp);
            model_free(stated);
            free(copy);
        }
        model_free(ramped);
        free(scenario);
    }
}

/* Each option is found by its own name, not shadowed by another word for something else. */
static void options_answer_to_their_names(void **state)
{
    (void)state;
    for (int i = 0; options[i].name != NULL; i++) {
        assert_int_equal(option_find(options[i].name), i);
        for (int j = 0; options[i].choices != NULL && options[i].choices[j].text != NULL; j++) {
            double value;
            struct diag diag;
            assert_int_equal(option_parse(&options[i], options[i].choices[j].text, &value, &diag),
                             STATUS_OK);
            assert_true(value == j);
        }
    }
    assert_int_equal(option_find("guest-agent"), option_find("agent"));
}

/* A model bound again predicts what a new one does. */
/* Texts of cases are as long as they are: nothing of them is cut off. */
static void long_settings_are_read_whole(void **state)
{
    enum { ROOM = 8192 };
    struct scenario *scenario = malloc(sizeof *scenario);
    char *text = malloc(ROOM);
    struct diag diag = {.line = 0};
    size_t used = 0;
    (void)state;
    for (int i = 0; i < 60; i++) /* more than 1023 bytes, in one value and in all of them */
        used += (size_t)snprintf(text + used, ROOM - used, "%spty_max_of_some_longer_name_%d=%d",
                                 i == 0 ? "set=" : ",", i, i);
    used += (size_t)snprintf(text + used, ROOM - used, " vcpus=7");
    for (int i = 0; i < 200; i++)
        used += (size_t)snprintf(text + used, ROOM - used, " guests=%d", i);
    snprintf(text + used, ROOM - used, " nics_per_guest=3");
    assert_int_equal(scenario_init(scenario, &diag), 0);
    size_t before = scenario->set_count;
    assert_int_equal(scenario_settings(scenario, text, &diag), 0);
    assert_int_equal(scenario->set_count, before + 60);
    assert_string_equal(scenario->set[before + 59].name, "pty_max_of_some_longer_name_59");
    assert_true(scenario->set[before + 59].value == 59);
    assert_true(scenario->classes[0].value[OPTION_GUESTS] == 199);
    assert_true(scenario->classes[0].nics[0].value[OPTION_NICS_PER_GUEST] == 3);
    snprintf(text + used, ROOM - used, " vcpus");
    assert_int_equal(scenario_settings(scenario, text, &diag), STATUS_DATA);
    assert_non_null(strstr(diag.message, "'vcpus' is not NAME=VALUE"));
    free(text);
    free(scenario);
}

static void other_words_for_names(void **state)
{
    static const struct {
        const char *name;
        int option;
    } cases[] = {
        {"host.memory", 1},    {"host.cpus", 1},
        {"host.ksm", 1},       {"kernel.io_uring_disabled", 1},
        {"host_memory", 0},    {"host.pty", 0},
        {"host.vcpus", 0},     {"memory", 0},
        {"guest.memory", 0},   {"pty_max", 0},
        {"my.host.memory", 0}, {"host.", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int option = option_find_set(cases[i].name);
        if ((option >= 0) != (cases[i].option != 0))
            fail_msg("%s: %d", cases[i].name, option);
    }
    assert_int_equal(option_find_set("host.memory"), option_find("host_memory"));
    assert_int_equal(option_find("guest-memory"), OPTION_MEMORY);
    assert_int_equal(component_find("kernel", 6), COMPONENT_LINUX);
    assert_int_equal(component_find("guest_kernel", 12), COMPONENT_GUEST_LINUX);
    for (size_t i = 0; option_synonyms[i][0] != NULL; i++)
        assert_true(option_find(option_synonyms[i][1]) >= 0);
}

static void rebound_models_are_new_ones(void **state)
{
    static const char *const settings[] = {"guests=10",
                                           "guests=2000 disks=4096",
                                           "guests=7 disk_aio=native",
                                           "guests=3 disks=8 nics=5 vcpus=8 ramp=vcpus",
                                           "guests=30 memory=4G backing=memfd",
                                           "guests=1 ramp=disks"};
    enum { COUNT = sizeof settings / sizeof settings[0] };
    struct scenario *scenarios = malloc(COUNT * sizeof *scenarios);
    struct model *again = NULL;
    struct diag diag;
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct model *fresh;
        struct prediction a;
        struct prediction b;
        assert_int_equal(scenario_init(&scenarios[i], &diag), 0);
        assert_int_equal(scenario_settings(&scenarios[i], settings[i], &diag), 0);
        assert_int_equal(model_new(&fresh, &catalog, &scenarios[i], &diag), 0);
        if (again == NULL)
            assert_int_equal(model_new(&again, &catalog, &scenarios[i], &diag), 0);
        else
            assert_int_equal(model_rebind(again, &scenarios[i], &diag), 0);
        assert_int_equal(prediction_init(&a, fresh, &diag), 0);
        assert_int_equal(prediction_init(&b, again, &diag), 0);
        predict(fresh, &a);
        predict(again, &b);
        assert_int_equal(a.count, b.count);
        for (size_t o = 0; o < a.count; o++) {
            assert_ptr_equal(a.outcomes[o].limit, b.outcomes[o].limit);
            assert_true(a.outcomes[o].fails_at == b.outcomes[o].fails_at);
            assert_true(a.outcomes[o].asked.demand == b.outcomes[o].asked.demand);
            assert_true(a.outcomes[o].asked.capacity == b.outcomes[o].asked.capacity);
        }
        prediction_free(&a);
        prediction_free(&b);
        model_free(fresh);
    }
    model_free(again);
    free(scenarios);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_answer_to_their_names),
        cmocka_unit_test(expressions_have_their_values),
        cmocka_unit_test(wrong_expressions_are_told),
        cmocka_unit_test(conditions_are_split_only_where_they_may_be),
        cmocka_unit_test(predictions_are_what_a_walk_finds),
        cmocka_unit_test(a_step_is_what_a_stated_value_is),
        cmocka_unit_test(long_settings_are_read_whole),
        cmocka_unit_test(other_words_for_names),
        cmocka_unit_test(rebound_models_are_new_ones),
    };
    return cmocka_run_group_tests_name("model", tests, load_catalog, free_catalog);
}
