#include "sim/host/plan.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/option.h"

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
