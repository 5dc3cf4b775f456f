/* Knees on a phase map: simulated at a few values of one axis, along the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "plots/phase.h"

/* Counts are tried from a share of the bound on, each FACTOR times the one before: a busy host is
 * dear to simulate, and mostly breaks early. */
enum { FACTOR = 4, TRIES = 4 };

/* The largest value along the axis that fits; 0: none does. Few guests may have too many devices
 * each. */
static double last_fit(const struct phase_map *map, const struct phase_axis *along, unsigned other)
{
    bool along_x = along == &map->x;
    for (unsigned i = map->cells; i-- > 0;) {
        size_t at = along_x ? (size_t)i * map->cells + other : (size_t)other * map->cells + i;
        if (map->limit[at] < 0)
            return phase_middle(map, along, i);
    }
    return 0;
}

static int find_first(struct phase_knee *out, double *value, const struct scenario *scenario,
                      const struct phase_question *question, double bound, struct diag *diag)
{
    struct run_rules rules = *question->rules;
    int status = STATUS_OK;
    double reach = bound / pow(FACTOR, TRIES - 1);
    rules.least = rules.most = rules.threads = 1;
    for (int i = 0; status == STATUS_OK && isnan(*value) && i < TRIES; i++, reach *= FACTOR) {
        struct knees knees;
        double upto = i == TRIES - 1 ? bound : floor(reach);
        if (upto < 1)
            continue;
        status = knees_find_spread(&knees, question->catalog, scenario, upto, question->overlay,
                                   &rules, diag);
        int first = status == STATUS_OK ? knees_first(&knees) : -1;
        if (first >= 0) {
            *value = knees.knee[first].first_bad;
            snprintf(out->level, sizeof out->level, "%s", knees.knee[first].slo);
        }
        knees_free(&knees);
    }
    return status;
}

static int find_knee(const struct phase_map *map, const struct phase_question *question,
                     unsigned index, struct phase_knee *out, struct diag *diag)
{
    bool along_y = map->y.option == OPTION_GUESTS;
    const struct phase_axis *along = along_y ? &map->y : &map->x;
    const struct phase_axis *other = along_y ? &map->x : &map->y;
    unsigned cell = (2 * index + 1) * map->cells / (2 * question->knees);
    double at = phase_middle(map, other, cell);
    double bound = last_fit(map, along, cell);
    struct scenario *base = malloc(sizeof *base);
    struct scenario *scenario = malloc(sizeof *scenario);
    double value = NAN;
    int status = STATUS_OK;
    *out = (struct phase_knee){.x = NAN, .y = NAN};
    if (base == NULL || scenario == NULL) {
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    } else if (bound >= 1) {
        *base = *question->scenario;
        snprintf(base->ramp, sizeof base->ramp, "%s", options[other->option].name);
        status = scenario_at(base, at, scenario, diag);
        snprintf(scenario->ramp, sizeof scenario->ramp, "%s", options[along->option].name);
        if (status == STATUS_OK)
            status = find_first(out, &value, scenario, question, bound, diag);
    }
    if (!isnan(value)) {
        out->x = along_y ? at : value;
        out->y = along_y ? value : at;
    }
    free(scenario);
    free(base);
    return status;
}

int phase_knees(const struct phase_map *map, const struct phase_question *question,
                struct phase_knee *knees, struct diag *diag)
{
    int status = STATUS_OK;
#pragma omp parallel for schedule(dynamic, 1)
    for (unsigned i = 0; i < question->knees; i++) {
        struct diag here = {.line = 0};
        int code = find_knee(map, question, i, &knees[i], &here);
#pragma omp critical
        if (code != STATUS_OK && status == STATUS_OK) {
            status = code;
            *diag = here;
        }
    }
    return status;
}
