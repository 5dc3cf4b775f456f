/* What all replications of a simulation share and only read: the scenario bound to a model, and the
 * coefficients. */
#ifndef SIM_HOST_PLAN_H
#define SIM_HOST_PLAN_H

#include "sim/host/costs.h"
#include "sim/host/ledger.h"

struct plan {
    struct model *model;
    struct model *own_model; /* freed with the plan; NULL: the caller's */
    const struct scenario *scenario;
    struct costs *costs;
    struct ledger *ledger;
    uint32_t guests;                              /* in all */
    uint32_t class_guests[CLASSES_MAX];           /* of each class */
    double disks[CLASSES_MAX], nics[CLASSES_MAX]; /* of a guest of the class, over all groups */
    double option[CLASSES_MAX][OPTIONS_MAX];      /* of the class's first disk and NIC group */
};

/* Binds the coefficients to a model, which must outlive the plan and is not used by replications:
 * they run on several threads. overlay as for costs_new. The caller ends with plan_free. */
int plan_init(struct plan *plan, struct model *model, const struct overlay *overlay,
              struct diag *diag);
void plan_free(struct plan *plan);

/* The same for a scenario, which must outlive the plan, as the catalogue must: the plan has a model
 * of its own. */
int plan_open(struct plan *plan, const struct catalog *catalog, const struct scenario *scenario,
              const struct overlay *overlay, struct diag *diag);

/* An option's value in a class; NAN when nothing says anything about it. The name must exist. */
double plan_option(const struct plan *plan, size_t class_index, const char *option);

#endif
