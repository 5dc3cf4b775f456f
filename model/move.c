/* A model that moves between places: scenarios that differ in its free options alone. Sums and
 * capacities of a class are kept until a free option of that class changes, and are then made from
 * the same terms in the same order as when a model is bound there, so that they are the same bits.
 */
#include "model/bound.h"

#include <math.h>
#include <string.h>

#include "model/option.h"

/* Where a class stands: what the scenario states for its free options. */
static void find_place(const struct model *model, size_t c, double place[FREE_MAX])
{
    for (size_t i = 0; i < model->free_count; i++) {
        int option = model->free_option[i];
        size_t image = options[option].scope == SCOPE_NIC ? GROUPS_MAX : 0;
        place[i] = option == OPTION_GUESTS ? 0 : image_stated(model, c, image, option);
    }
}

void move_begin(struct model *model)
{
    model->classes_resolved = model->scenario->class_count;
    model->classes_placed = model->classes_resolved;
    for (size_t c = 0; c < model->classes_resolved; c++)
        find_place(model, c, model->place[c]);
}

static bool formula_moves_at(struct model *model, struct formula *formula, int depth)
{
    if (formula_reads(&model->formulas, formula, model->moves))
        return true;
    for (size_t i = 0; i < formula->limit_count; i++) {
        int index = model->limit_index[formula->limits[i]];
        if (index >= 0 && depth < FORMULA_LIMITS &&
            limit_moves(model, &model->limits[index], depth + 1))
            return true;
    }
    return false;
}

bool formula_moves(struct model *model, struct formula *formula)
{
    return model->free_count > 0 && formula_moves_at(model, formula, 0);
}

bool limit_moves(struct model *model, const struct bound_limit *bound, int depth)
{
    return (!bound->overridden && formula_moves_at(model, bound->capacity, depth)) ||
           (bound->hard != NULL && formula_moves_at(model, bound->hard, depth));
}

static unsigned class_bits(const struct model *model)
{
    return (1u << model->scenario->class_count) - 1;
}

void limit_refresh(struct model *model, struct bound_limit *bound)
{
    unsigned stale = class_bits(model) & ~bound->fresh;
    for (size_t c = 0; stale >> c != 0; c++) {
        if ((stale >> c & 1) == 0)
            continue;
        bound->value[c] = capacity_value(model, bound, c);
        hard_value(model, bound, c);
    }
    bound->fresh |= stale;
}

static void sum_fixed(struct model *model, const struct need *need, bool host, size_t c,
                      double *sum, double *error)
{
    *sum = 0;
    *error = 0;
    for (size_t t = 0; t < need->fixed_count; t++) {
        const struct term *term = need->fixed[t];
        if (term->host != host)
            continue;
        double units;
        double value = term_value(model, term, c, &units);
        *sum += value;
        *error += value * term->demand->error_ratio;
    }
}

void need_refresh(struct model *model, struct need *need)
{
    unsigned stale = class_bits(model) & ~need->fresh;
    if (!need->base_fresh)
        sum_fixed(model, need, true, 0, &need->base, &need->base_error);
    need->base_fresh = true;
    for (size_t c = 0; stale >> c != 0; c++) {
        if ((stale >> c & 1) != 0)
            sum_fixed(model, need, false, c, &need->each[c], &need->each_error[c]);
    }
    need->fresh |= stale;
}

/* What was computed of these classes from free options no longer holds. */
static void forget(struct model *model, unsigned classes)
{
    for (size_t i = 0; i < model->limit_count; i++) {
        if (model->limits[i].moves)
            model->limits[i].fresh &= ~classes;
    }
    for (size_t r = 0; r < model->catalog->resource_count; r++) {
        struct need *need = &model->needs[r];
        if (!need->moves)
            continue;
        need->fresh &= ~classes;
        need->base_fresh = need->base_fresh && (classes & 1) == 0;
    }
}

/* Resolves the classes that are not where they were; returns them as bits. */
static unsigned move_classes(struct model *model, bool counts)
{
    unsigned moved = 0;
    for (size_t c = 0; c < model->scenario->class_count; c++) {
        double place[FREE_MAX];
        bool known = c < model->classes_resolved;
        find_place(model, c, place);
        if (known && !counts &&
            memcmp(place, model->place[c], model->free_count * sizeof *place) == 0)
            continue;
        memcpy(model->place[c], place, sizeof place);
        images_resolve(model, c, NAN, known ? RESOLVE_MOVE : RESOLVE_ALL);
        moved |= 1u << c;
    }
    if (model->scenario->class_count > model->classes_resolved)
        model->classes_resolved = model->scenario->class_count;
    return moved;
}

bool model_move(struct model *model)
{
    size_t classes = model->scenario->class_count;
    double before[CLASSES_MAX];
    double total = model->request_total;
    memcpy(before, model->request, sizeof before);
    count_request(model);
    bool recounted = classes != model->classes_placed ||
                     memcmp(before, model->request, classes * sizeof *before) != 0;
    bool guests_read = model->guests_matter || model->ramp_option >= 0 || model->ramp_resource >= 0;
    unsigned moved = move_classes(model, guests_read && total != model->request_total);
    if (moved != 0)
        forget(model, moved);
    settle_request(model);
    bool mixed = classes > 1 || classes != model->classes_placed || model->ramp_option >= 0 ||
                 model->ramp_resource >= 0;
    model->classes_placed = classes;
    return moved != 0 || (recounted && mixed);
}
