#include "sim/host/plan.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/option.h"

/* What cannot be simulated: no CPU, no bandwidth, shares beyond all, loads without end. */
static const struct bound {
    const char *option;
    double least, most;
} bounds[] = {
    {"host_cpus", 1, 65536},   {"host_drives", 1, 65536},
    {"host_link", 1e-6, 1e6},  {"host_migration_link", 1e-6, 1e6},
    {"duration", 0, 1e5},      {"io_size", 512, 0x1p30},
    {"io_write_share", 0, 1},  {"ksm_share", 0, 1},
    {"net_packet", 1, 0x1p24}, {"guest_hz", 0, 1e5},
    {"io_depth", 1, 65536},    {"think_us", 0, 1e9},
    {"hold_us", 0, 1e9},       {"sleep_us", 0, 1e12},
    {"guest_locks", 0, 65536}, {"io_jobs", 0, 4096},
    {"net_streams", 0, 4096},
};

/* One operation of a busy vCPU must take some time, or a simulated second never ends. */
static const double shortest_operation_us = 0.05;

static int check_bounds(const struct plan *plan, size_t c, struct diag *diag)
{
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        double value = plan_option(plan, c, bounds[i].option);
        if (value < bounds[i].least || value > bounds[i].most)
            return diag_set(diag, STATUS_DATA, NULL, 0, bounds[i].option,
                            "%g cannot be simulated, expected %g to %g (or --no-simulate)", value,
                            bounds[i].least, bounds[i].most);
    }
    double operation = plan_option(plan, c, "think_us") + plan_option(plan, c, "hold_us") +
                       plan_option(plan, c, "sleep_us");
    if (plan_option(plan, c, "busy_vcpus") > 0 && operation < shortest_operation_us)
        return diag_set(diag, STATUS_DATA, NULL, 0, "think_us",
                        "an operation of %g us cannot be simulated, expected %g or more (think_us, "
                        "hold_us and sleep_us together)",
                        operation, shortest_operation_us);
    return STATUS_OK;
}

int plan_init(struct plan *plan, struct model *model, const struct overlay *overlay,
              struct diag *diag)
{
    *plan = (struct plan){.model = model, .scenario = model_scenario(model)};
    for (size_t c = 0; c < plan->scenario->class_count; c++) {
        double guests = scenario_guests(plan->scenario, c);
        plan->class_guests[c] = (uint32_t)fmin(guests, UINT32_MAX / 2);
        plan->guests += plan->class_guests[c];
        for (int i = 0; options[i].name != NULL; i++)
            plan->option[c][i] = model_value(model, model_requested(model), c, i);
        int status = model_evaluate(model, c, "guest_disks", NULL, NULL, &plan->disks[c], diag);
        if (status == STATUS_OK)
            status = model_evaluate(model, c, "guest_nics", NULL, NULL, &plan->nics[c], diag);
        if (status == STATUS_OK)
            status = check_bounds(plan, c, diag);
        if (status != STATUS_OK)
            return status;
    }
    int status = costs_new(&plan->costs, model, overlay, diag);
    return status == STATUS_OK ? ledger_new(&plan->ledger, model, diag) : status;
}

int plan_open(struct plan *plan, const struct catalog *catalog, const struct scenario *scenario,
              const struct overlay *overlay, struct diag *diag)
{
    struct model *model;
    int status = model_new(&model, catalog, scenario, diag);
    *plan = (struct plan){.model = model};
    if (status == STATUS_OK)
        status = plan_init(plan, model, overlay, diag);
    plan->own_model = model;
    return status;
}

void plan_free(struct plan *plan)
{
    model_free(plan->own_model);
    costs_free(plan->costs);
    ledger_free(plan->ledger);
    memset(plan, 0, sizeof *plan);
}

double plan_option(const struct plan *plan, size_t class_index, const char *option)
{
    int index = option_find(option);
    assert(index >= 0 && "an option that model/option.c does not have");
    return plan->option[class_index][index];
}
