#include "sim/spread.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the draws gave, a row of DRAWS_MAX each. */
struct draws {
    double (*metric)[DRAWS_MAX];
    double (*knee)[DRAWS_MAX];
    size_t metrics[METRIC_COUNT], knees[LEVELS_MAX]; /* how many */
};

static int draw_figures(struct draws *draws, const struct plan *plan, const struct overlay *overlay,
                        const struct run_rules *rules, struct figures *figures, struct diag *diag)
{
    struct plan drawn;
    int status = plan_open(&drawn, model_catalog(plan->model), plan->scenario, overlay, diag);
    for (int phase = 0; status == STATUS_OK && phase < PHASE_COUNT; phase++) {
        if (!phase_applies(&drawn, (enum phase)phase))
            continue;
        status = run_phase(&drawn, (enum phase)phase, rules, figures, diag);
        for (int i = 0; status == STATUS_OK && !figures->partial && i < METRIC_COUNT; i++) {
            if (figures->metric[i].count > 0)
                draws->metric[i][draws->metrics[i]++] = figures->metric[i].mean;
        }
    }
    plan_free(&drawn);
    return status;
}

static int draw_knees(struct draws *draws, const struct plan *plan, const struct knees *knees,
                      const struct overlay *overlay, const struct run_rules *rules,
                      struct diag *diag)
{
    struct knees drawn;
    if (knees->count == 0)
        return STATUS_OK;
    int status = knees_find(&drawn, model_catalog(plan->model), plan->scenario, knees->bound,
                            overlay, rules, diag);
    for (size_t i = 0; status == STATUS_OK && !drawn.partial && i < knees->count; i++) {
        for (size_t k = 0; k < drawn.count; k++) {
            if (strcmp(drawn.knee[k].slo, knees->knee[i].slo) == 0)
                draws->knee[i][draws->knees[i]++] = drawn.knee[k].first_bad;
        }
    }
    knees_free(&drawn);
    return status;
}

static struct range middle(double *values, size_t count)
{
    if (count == 0)
        return (struct range){NAN, NAN};
    gsl_sort(values, 1, count);
    /* ends of the order statistics: an infinite knee must not be interpolated */
    size_t low = (size_t)(0.025 * (double)(count - 1));
    return (struct range){values[low], values[count - 1 - low]};
}

static bool cancelled(const struct run_rules *rules)
{
    return rules->cancel != NULL && atomic_load(rules->cancel) != 0;
}

int spread_find(struct spread *spread, const struct plan *plan, const struct knees *knees,
                size_t draws, const struct overlay *overlay, const struct run_rules *rules,
                struct diag *diag)
{
    struct run_rules once = *rules;
    struct draws all = {.metric = calloc(METRIC_COUNT, sizeof *all.metric),
                        .knee = calloc(LEVELS_MAX, sizeof *all.knee)};
    struct figures *figures = malloc(sizeof *figures);
    int status = STATUS_OK;
    once.least = once.most = 1;
    memset(spread, 0, sizeof *spread);
    if (all.metric == NULL || all.knee == NULL || figures == NULL)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t d = 0; status == STATUS_OK && d < draws && !cancelled(rules); d++) {
        struct overlay here = overlay != NULL ? *overlay : (struct overlay){.draw = 0};
        here.draw = d + 1;
        status = draw_figures(&all, plan, &here, &once, figures, diag);
        if (status == STATUS_OK)
            status = draw_knees(&all, plan, knees, &here, &once, diag);
        spread->draws += status == STATUS_OK;
    }
    for (int i = 0; status == STATUS_OK && i < METRIC_COUNT; i++)
        spread->metric[i] = middle(all.metric[i], all.metrics[i]);
    for (size_t i = 0; status == STATUS_OK && i < LEVELS_MAX; i++)
        spread->knee[i] = middle(all.knee[i], all.knees[i]);
    free(all.metric);
    free(all.knee);
    free(figures);
    return status;
}
