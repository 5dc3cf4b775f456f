/* The catalogue proves itself: eras do not overlap, everything is capped or explained, every old
 * name resolves, every expression evaluates on every host preset. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/catalog.h"
#include "model/data.h"
#include "model/model.h"
#include "model/option.h"
#include "model/text.h"
#include "tests/unit/loaded_catalog.h"

static bool archs_meet(const char *a, const char *b)
{
    char copy[128];
    char *rest = copy;
    if (strstr(a, "any") != NULL || strstr(b, "any") != NULL)
        return true;
    snprintf(copy, sizeof copy, "%s", a);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (strstr(b, word) != NULL)
            return true;
    }
    return false;
}

static void eras_do_not_overlap(void **state)
{
    (void)state;
    for (size_t i = 0; i < catalog.limit_count; i++) {
        for (size_t j = i + 1; j < catalog.limit_count; j++) {
            const struct limit *a = &catalog.limits[i];
            const struct limit *b = &catalog.limits[j];
            if (strcmp(a->id, b->id) != 0)
                continue;
            assert_int_equal(a->resource, b->resource);
            if (archs_meet(a->arch, b->arch) &&
                era_overlaps(&a->since, &a->until, &b->since, &b->until))
                fail_msg("%s: eras %s..%s and %s..%s overlap", a->id, a->since_text, a->until_text,
                         b->since_text, b->until_text);
        }
    }
}

/* Does any demand row, directly or through counts_in, use the resource? */
static bool demanded(int resource)
{
    for (size_t i = 0; i < catalog.demand_count; i++) {
        if (catalog.demands[i].resource == resource)
            return true;
    }
    for (size_t i = 0; i < catalog.resource_count; i++) {
        for (int p = 0; p < RESOURCE_PARENTS && catalog.resources[i].parent[p] >= 0; p++) {
            if (catalog.resources[i].parent[p] == resource && demanded((int)i))
                return true;
        }
    }
    return false;
}

/* Counted only where a case or --used says how many: no device or guest takes them by itself. */
static const char *const by_hand[] = {
    "service_tasks",        "user_keys",   "user_key_bytes", "conntrack_entries",      "neigh_v6",
    "dbus_pending_replies", "nbd_devices", "loop_devices",   "user_locked_ring_bytes",
};

static void every_resource_is_demanded_or_informative(void **state)
{
    (void)state;
    for (size_t i = 0; i < catalog.resource_count; i++) {
        bool explained = catalog.resources[i].informative || demanded((int)i);
        for (size_t j = 0; j < sizeof by_hand / sizeof by_hand[0]; j++)
            explained = explained || strcmp(by_hand[j], catalog.resources[i].id) == 0;
        if (!explained)
            fail_msg("nobody consumes %s", catalog.resources[i].id);
        if (!catalog.resources[i].informative && catalog.resources[i].observe[0] == '\0')
            fail_msg("nothing tells how to see %s", catalog.resources[i].id);
    }
}

static void every_limit_has_a_source(void **state)
{
    (void)state;
    assert_true(catalog.limit_count > 500);
    for (size_t i = 0; i < catalog.limit_count; i++)
        assert_true(strlen(catalog.limits[i].source) > 3);
    for (size_t i = 0; i < catalog.demand_count; i++)
        assert_true(strlen(catalog.demands[i].source) > 3);
}

static void old_names_resolve(void **state)
{
    struct table table;
    struct diag diag;
    char *text;
    size_t length;
    (void)state;
    assert_int_equal(text_read_file("tests/old_ids.csv", &text, &length, &diag), 0);
    assert_int_equal(table_parse(&table, "tests/old_ids.csv", text, length, &diag), 0);
    assert_true(table.rows > 400);
    for (size_t row = 0; row < table.rows; row++) {
        const char *old = table_cell(&table, row, table_column(&table, "old_id"));
        const char *id = table_cell(&table, row, table_column(&table, "id"));
        assert_non_null(catalog_limit(&catalog, id));
        if (catalog_limit(&catalog, old) == NULL)
            fail_msg("the old name %s is not known", old);
    }
    table_free(&table);
    free(text);
}

static void expressions_evaluate_on_every_host(void **state)
{
    size_t hosts = 0;
    (void)state;
    for (const struct data_file *file = data_files; file->name != NULL; file++) {
        char name[64];
        struct diag diag;
        struct model *model;
        struct scenario *scenario = malloc(sizeof *scenario);
        if (sscanf(file->name, "hosts/%63[^.]", name) == 1) {
            hosts++;
            assert_int_equal(scenario_init(scenario, &diag), 0);
            assert_int_equal(scenario_host(scenario, name, &diag), 0);
            assert_true(scenario->host_source[0] != '\0');
            if (model_new(&model, &catalog, scenario, &diag) != 0)
                fail_msg("%s: %s: %s", name, diag.column, diag.message);
            if (model_check(model, &diag) != 0)
                fail_msg("%s: %u: %s: %s", name, diag.line, diag.column, diag.message);
            for (size_t i = 0; i < model_limit_count(model); i++) {
                struct headroom at;
                model_exceeds(model, i, 1, false, &at);
                assert_false(isnan(at.demand));
                assert_false(isnan(at.capacity));
            }
            for (int i = 0; options[i].name != NULL; i++) {
                if (i != OPTION_DISKS && i != OPTION_NICS && isnan(model_value(model, 1, 0, i)))
                    fail_msg("%s has no default", options[i].name);
            }
            model_free(model);
        }
        free(scenario);
    }
    assert_true(hosts >= 9);
}

static int overlay_status(const char *directory, struct diag *diag)
{
    struct catalog overlaid;
    int status = catalog_load(&overlaid, directory, diag);
    catalog_free(&overlaid);
    return status;
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void bad_rows_are_named(void **state)
{
    char directory[] = "/tmp/scalesim-test-XXXXXX";
    char path[128];
    struct diag diag;
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/demand.csv", directory);
    write_file(path, "resource,per,when,amount,since,until,source,confidence\n"
                     "qemu_fds,guest,,1,,,here,exact\n"
                     "qemu_fdz,guest,,1,,,here,exact\n");
    assert_int_equal(overlay_status(directory, &diag), STATUS_DATA);
    assert_int_equal(diag.line, 3);
    assert_string_equal(diag.column, "resource");
    assert_non_null(strstr(diag.hint, "qemu_fds"));
    write_file(path, "resource,per,when,amount,since,until,source,confidence\n"
                     "qemu_fds,guest,,1,linux,,here,exact\n");
    assert_int_equal(overlay_status(directory, &diag), STATUS_DATA);
    assert_string_equal(diag.column, "since");
    write_file(path, "resource,per,when,amount,since,until,source\nqemu_fds,guest,,1,,,here\n");
    assert_int_equal(overlay_status(directory, &diag), STATUS_DATA);
    assert_string_equal(diag.column, "confidence");
    remove(path);
    assert_int_equal(overlay_status(directory, &diag), STATUS_IO);
    remove(directory);
}

static void wrong_limits_are_named(void **state)
{
    static const struct {
        const char *row, *column, *message;
    } cases[] = {
        {"a,qemu_fds,kernel,tunable,fail,any,,,c + 1,,,r,,,,s", "default", "depends on itself"},
        {"a,qemu_fds,kernel,tunable,fail,any,,,1 +,,,r,,,,s", "default", "at character"},
        {"a,qemu_fds,kernel,tunable,fail,x86,,,1,,,r,,,,s", "arch", "architecture"},
        {"a,qemu_fds,kernel,tunable,fial,any,,,1,,,r,,,,s", "effect", "not known"},
        {"a,qemu_fds,kernal,tunable,fail,any,,,1,,,r,,,,s", "layer", "not known"},
        {"a,qemu_fds,kernel,tunable,fail,any,,,1,,,r,,,,", "source", "must not be empty"},
        {"a,qemu_fds,kernel,tunable,fail,any,,,vcpuz,,,r,,,,s", "default", "unknown name"},
    };
    char directory[] = "/tmp/scalesim-test-XXXXXX";
    char path[128];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/limits.csv", directory);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct catalog overlaid;
        struct scenario scenario;
        struct model *model = NULL;
        struct diag diag = {0};
        snprintf(text, sizeof text,
                 "id,resource,layer,kind,effect,arch,since,until,default,hard_max,tunable,remedy,"
                 "persist,symptom,cost,source\n"
                 "c,qemu_fds,kernel,tunable,fail,any,,,a * 2,,,r,,,,s\n%s\n",
                 cases[i].row);
        write_file(path, text);
        int status = catalog_load(&overlaid, directory, &diag);
        if (status == STATUS_OK && scenario_init(&scenario, &diag) == STATUS_OK)
            status = model_new(&model, &overlaid, &scenario, &diag);
        assert_int_equal(status, STATUS_DATA);
        assert_string_equal(diag.column, cases[i].column);
        assert_non_null(strstr(diag.message, cases[i].message));
        assert_string_equal(diag.file, path);
        assert_in_range(diag.line, 2, 3);
        catalog_free(&overlaid);
    }
    remove(path);
    remove(directory);
}

/* A new limit takes rows only: a device with 3 slots, of which each guest takes one. */
static void a_limit_is_added_by_rows(void **state)
{
    char directory[] = "/tmp/scalesim-test-XXXXXX";
    char path[128];
    struct catalog overlaid;
    struct scenario scenario;
    struct model *model;
    struct diag diag;
    size_t found = 0;
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/resources.csv", directory);
    write_file(path, "id,unit,scope,phase,counts_in,informative,description,observe\n"
                     "widgets,widgets,host,exec,,no,a made-up device,lswidgets\n");
    snprintf(path, sizeof path, "%s/demand.csv", directory);
    write_file(path, "resource,per,when,amount,since,until,source,confidence\n"
                     "widgets,guest,,1,,,made up,exact\n");
    snprintf(path, sizeof path, "%s/limits.csv", directory);
    write_file(path, "id,resource,layer,kind,effect,arch,since,until,default,hard_max,tunable,"
                     "remedy,persist,symptom,cost,source\n"
                     "widget_max,widgets,kernel,tunable,fail,any,,,vcpus + 1,,sysctl,raise it,"
                     "none,no widget,none,made up\n");
    assert_int_equal(catalog_load(&overlaid, directory, &diag), 0);
    assert_int_equal(scenario_init(&scenario, &diag), 0);
    assert_int_equal(model_new(&model, &overlaid, &scenario, &diag), 0);
    for (size_t i = 0; i < model_limit_count(model); i++) {
        struct headroom at;
        if (strcmp(model_limit(model, i)->id, "widget_max") != 0)
            continue;
        found++;
        assert_false(model_exceeds(model, i, 3, false, &at));
        assert_true(model_exceeds(model, i, 4, false, &at));
        assert_true(at.capacity == 3 && at.demand == 4);
    }
    assert_int_equal(found, 1);
    model_free(model);
    catalog_free(&overlaid);
    static const char *const files[] = {"resources.csv", "demand.csv", "limits.csv"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        remove(path);
    }
    remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eras_do_not_overlap),
        cmocka_unit_test(every_resource_is_demanded_or_informative),
        cmocka_unit_test(every_limit_has_a_source),
        cmocka_unit_test(old_names_resolve),
        cmocka_unit_test(expressions_evaluate_on_every_host),
        cmocka_unit_test(bad_rows_are_named),
        cmocka_unit_test(wrong_limits_are_named),
        cmocka_unit_test(a_limit_is_added_by_rows),
    };
    return cmocka_run_group_tests(tests, load_catalog, free_catalog);
}
