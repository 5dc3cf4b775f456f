/* The hard limits of the host as a run in time meets them: what each guest that starts adds to the
 * resources that can run out, and which limit stops it.
 *
 * BUILT ONCE A PLAN. Of some 400 limits few can fail within the steps that are asked for: those
 * whose demand at the last step exceeds the capacity; the others are left out. Along guests the
 * demand of a resource of the host is a line for each class, base + sum over classes of each *
 * guests; that is checked against the model at several steps, and at the first failing step. What
 * is no line (capacities that grow with the guests, shares of bridges) is kept as the step from
 * which on it fails: the model's demand minus capacity crosses zero once along a ramp.
 *
 * IN A RUN a guest takes, in the order in which guests are launched, what it will need in all
 * phases, and is told the phase in which a limit will stop it; one that is to be stopped holds
 * nothing. So starts in flight cannot change who is stopped by what, and it is the limit and count
 * that model/predict.h finds by algebra.
 *
 * A ramp along an option or a resource grows inside all guests at once: there the first failing
 * step is the same for every guest.
 *
 * Cost: ledger_new O(limits + kept log steps) evaluations of the model; a guest O(kept classes).
 */
#ifndef SIM_HOST_LEDGER_H
#define SIM_HOST_LEDGER_H

#include "model/model.h"

struct ledger;

/* The model is used here only, not later. The caller ends with ledger_free. */
int ledger_new(struct ledger **ledger, struct model *model, struct diag *diag);
void ledger_free(struct ledger *ledger);

/* Limits that a start can meet. */
size_t ledger_kept(const struct ledger *ledger);

/* A limit that was met: the largest step that worked, and the first that did not. */
struct met {
    const struct limit *limit; /* NULL: none was met */
    int phase;                 /* as of resources */
    double max_ok, fails_at;
};

/* What the guests of one replication hold. */
struct account {
    /* read only */
    struct met fatal, soft; /* the first of each kind */
    double steps;           /* of a ramp inside the guests: how many of them worked */
    double guests;          /* that hold something */
    /* private */
    const struct ledger *ledger;
    double held[CLASSES_MAX];
};

void account_open(struct account *account, const struct ledger *ledger);

/* One more guest of a class: the limit that stops it, and the phase in *phase; NULL: it holds what
 * it needs until account_release. */
const struct limit *account_take(struct account *account, size_t class_index, int *phase);
void account_release(struct account *account, size_t class_index);

#endif
