/* The simulated half of an answer: what the host does in time at the requested count, and the knee
 * beside the hard wall. */
#ifndef SIM_ANSWER_H
#define SIM_ANSWER_H

#include "model/predict.h"
#include "sim/knee.h"
#include "sim/spread.h"

struct answer {
    struct figures figures[PHASE_COUNT];
    bool ran[PHASE_COUNT];
    struct knees knees;
    struct spread spread; /* draws 0: not asked for */
    double loaded; /* the count that load, memory and migrations are simulated at: what comes up */
    bool partial;  /* cancelled: what was found so far */
};

/* Simulates the scenario that the model is bound to, then looks for knees up to `wall`, the last
 * count that no hard limit stops (INFINITY: none does; then up to a multiple of the request).
 * overlay as for costs_new and knees_find. draws: of the coefficients,
 * for struct spread. The caller ends with answer_free, also after an error.
 */
int answer_find(struct answer *answer, struct model *model, double wall, size_t draws,
                const struct overlay *overlay, const struct run_rules *rules, struct diag *diag);
/* The figures alone, without knees. */
int answer_figures(struct answer *answer, struct model *model, double wall,
                   const struct overlay *overlay, const struct run_rules *rules, struct diag *diag);
/* The verdict on both halves: a service level that breaks up to the request makes tight what fits.
 * answer NULL: that of the model. */
enum verdict answer_verdict(enum verdict model, const struct answer *answer, double requested);
void answer_free(struct answer *answer);

#endif
