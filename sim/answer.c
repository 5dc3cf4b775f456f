#include "sim/answer.h"

#include <math.h>
#include <string.h>

#include "model/predict.h"

/* How far beyond the request a knee is looked for. */
static double knee_bound(const struct plan *plan, double requested, double wall)
{
    double reach = cost_of(plan->costs, 0, "knee_reach");
    return fmin(wall, ceil(requested * fmax(reach, 1)));
}

int answer_find(struct answer *answer, struct model *model, double wall, const char *overlay,
                const struct run_rules *rules, struct diag *diag)
{
    struct plan plan;
    memset(answer, 0, sizeof *answer);
    int status = plan_init(&plan, model, overlay, diag);
    for (int phase = 0; status == STATUS_OK && !answer->partial && phase < PHASE_COUNT; phase++) {
        if (!phase_applies(&plan, (enum phase)phase))
            continue;
        status = run_phase(&plan, (enum phase)phase, rules, &answer->figures[phase], diag);
        answer->ran[phase] = status == STATUS_OK;
        answer->partial = answer->figures[phase].partial;
    }
    double bound = status == STATUS_OK ? knee_bound(&plan, model_requested(model), wall) : 0;
    if (status == STATUS_OK && !answer->partial && bound >= 1)
        status = knees_find(&answer->knees, model_catalog(model), model_scenario(model), bound,
                            overlay, rules, diag);
    answer->partial = answer->partial || answer->knees.partial;
    plan_free(&plan);
    return status;
}

void answer_free(struct answer *answer)
{
    knees_free(&answer->knees);
}
