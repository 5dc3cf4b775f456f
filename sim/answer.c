#include "sim/answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How far beyond the request a knee is looked for. */
static double knee_bound(const struct plan *plan, double requested, double wall)
{
    double reach = cost_of(plan->costs, 0, "knee_reach");
    return fmin(wall, ceil(requested * fmax(reach, 1)));
}

/* Phases after the start, at what comes up. */
static int run_load(struct answer *answer, const struct plan *plan, const struct run_rules *rules,
                    struct diag *diag)
{
    int status = STATUS_OK;
    for (int phase = 0; status == STATUS_OK && !answer->partial && phase < PHASE_COUNT; phase++) {
        if (phase == PHASE_START || !phase_applies(plan, (enum phase)phase))
            continue;
        status = run_phase(plan, (enum phase)phase, rules, &answer->figures[phase], diag);
        answer->ran[phase] = status == STATUS_OK;
        answer->partial = answer->figures[phase].partial;
    }
    return status;
}

static int run_start(struct answer *answer, const struct plan *plan, const struct run_rules *rules,
                     struct diag *diag)
{
    if (!phase_applies(plan, PHASE_START))
        return STATUS_OK;
    int status = run_phase(plan, PHASE_START, rules, &answer->figures[PHASE_START], diag);
    answer->ran[PHASE_START] = status == STATUS_OK;
    answer->partial = answer->figures[PHASE_START].partial;
    return status;
}

/* Guests beyond the wall are refused, so load is simulated at the wall. */
static int run_loaded(struct answer *answer, const struct plan *plan, const struct overlay *overlay,
                      const struct run_rules *rules, struct diag *diag)
{
    if (answer->loaded == model_requested(plan->model))
        return run_load(answer, plan, rules, diag);
    struct scenario *scenario = malloc(sizeof *scenario);
    struct plan loaded = {.model = NULL};
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = scenario_at(plan->scenario, answer->loaded, scenario, diag);
    if (status == STATUS_OK)
        status = plan_open(&loaded, model_catalog(plan->model), scenario, overlay, diag);
    if (status == STATUS_OK)
        status = run_load(answer, &loaded, rules, diag);
    plan_free(&loaded);
    free(scenario);
    return status;
}

static int find(struct answer *answer, struct model *model, double wall, bool knees, size_t draws,
                const struct overlay *overlay, const struct run_rules *rules, struct diag *diag)
{
    struct plan plan;
    memset(answer, 0, sizeof *answer);
    int status = plan_init(&plan, model, overlay, diag);
    answer->loaded = fmin(wall, model_requested(model));
    if (catalog_resource(model_catalog(model), model_ramp(model)) >= 0)
        answer->loaded = model_requested(model); /* a ramp of no option cannot be set */
    if (status == STATUS_OK)
        status = run_start(answer, &plan, rules, diag);
    if (status == STATUS_OK && !answer->partial)
        status = run_loaded(answer, &plan, overlay, rules, diag);
    double bound =
        status == STATUS_OK && knees ? knee_bound(&plan, model_requested(model), wall) : 0;
    if (status == STATUS_OK && !answer->partial && bound >= 1)
        status = knees_find(&answer->knees, model_catalog(model), model_scenario(model), bound,
                            overlay, rules, diag);
    answer->partial = answer->partial || answer->knees.partial;
    if (status == STATUS_OK && !answer->partial && draws > 0)
        status = spread_find(&answer->spread, &plan, &answer->knees, draws, overlay, rules, diag);
    plan_free(&plan);
    return status;
}

int answer_find(struct answer *answer, struct model *model, double wall, size_t draws,
                const struct overlay *overlay, const struct run_rules *rules, struct diag *diag)
{
    return find(answer, model, wall, true, draws, overlay, rules, diag);
}

int answer_figures(struct answer *answer, struct model *model, double wall,
                   const struct overlay *overlay, const struct run_rules *rules, struct diag *diag)
{
    return find(answer, model, wall, false, 0, overlay, rules, diag);
}

enum verdict answer_verdict(enum verdict model, const struct answer *answer, double requested)
{
    int knee = answer != NULL ? knees_first(&answer->knees) : -1;
    bool slow = knee >= 0 && answer->knees.knee[knee].first_bad <= requested;
    return model == VERDICT_FITS && slow ? VERDICT_TIGHT : model;
}

void answer_free(struct answer *answer)
{
    knees_free(&answer->knees);
}
