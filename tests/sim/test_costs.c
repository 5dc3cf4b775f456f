/* The tables of time: every row has a source and a known confidence, every parameter of every host
 * preset lies in its own interval, and targets name what they were fitted to. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/data.h"
#include "model/table.h"
#include "sim/host/plan.h"
#include "tests/unit/loaded_catalog.h"

static const char *const workloads[] = {"idle", "boot-storm", "build", "oltp", "netperf"};
static const char *const monitors[] = {"qemu", "firecracker", "xen"};

static size_t check_plan(const struct plan *plan, const char *host)
{
    size_t bad = 0;
    size_t count;
    const struct parameter *parameter = costs_parameters(plan->costs, 0, &count);
    for (size_t i = 0; i < count; i++) {
        if (isnan(parameter[i].value) ||
            (parameter[i].low <= parameter[i].value && parameter[i].value <= parameter[i].high))
            continue;
        print_error("%s: %s = %g is not in %g..%g\n", host, parameter[i].name, parameter[i].value,
                    parameter[i].low, parameter[i].high);
        bad++;
    }
    return bad;
}

static void values_lie_in_their_intervals(void **state)
{
    static struct scenario scenario;
    size_t bad = 0;
    (void)state;
    for (const struct data_file *file = data_files; file->name != NULL; file++) {
        char host[64];
        if (sscanf(file->name, "hosts/%63[^.].ini", host) != 1)
            continue;
        for (size_t k = 0; k < sizeof workloads / sizeof workloads[0]; k++) {
            char settings[256];
            struct plan plan;
            struct diag diag;
            snprintf(settings, sizeof settings, "host=%s guests=2 workload=%s vmm=%s", host,
                     workloads[k], monitors[k % 3]);
            if (scenario_init(&scenario, &diag) != STATUS_OK ||
                scenario_settings(&scenario, settings, &diag) != STATUS_OK ||
                plan_open(&plan, &catalog, &scenario, NULL, &diag) != STATUS_OK)
                fail_msg("%s: %s", settings, diag.message);
            bad += check_plan(&plan, settings);
            plan_free(&plan);
        }
    }
    assert_int_equal(bad, 0);
}

static void every_row_tells_where_it_is_from(void **state)
{
    static const char *const known[] = {"measured", "read",       "derived",
                                        "guess",    "assumption", "calibrated"};
    struct table table;
    struct diag diag;
    (void)state;
    assert_int_equal(table_read(&table, "parameters.csv", NULL, &diag), STATUS_OK);
    for (size_t r = 0; r < table.rows; r++) {
        const char *confidence = table_cell(&table, r, table_column(&table, "confidence"));
        size_t found = 0;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found += strcmp(confidence, known[i]) == 0;
        if (found == 0 || table_cell(&table, r, table_column(&table, "source"))[0] == '\0' ||
            table_cell(&table, r, table_column(&table, "description"))[0] == '\0')
            fail_msg("parameters.csv:%u: source, description or confidence '%s'",
                     table.lines[r + 1], confidence);
    }
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_lie_in_their_intervals),
        cmocka_unit_test(every_row_tells_where_it_is_from),
    };
    return cmocka_run_group_tests(tests, load_catalog, free_catalog);
}
