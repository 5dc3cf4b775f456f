/* A model that moves between places: scenarios that differ in its free options alone. Sums and
 * capacities of a class are kept until a free option of that class changes, and are then made from
 * the same terms in the same order as when a model is bound there, so that they are the same bits.
 */
#include "model/bound.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
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

static bool is_read(const struct model *model, int option)
{
    for (size_t i = 0; i < model->formulas.count; i++) {
        if ((model->formulas.items[i].reads[option / 64] >> (option % 64) & 1) != 0)
            return true;
    }
    return false;
}

/* Totals are spread before the model sees them: unless an expression reads them, they are no part
 * of a class's place. */
static void drop_unread(struct model *model)
{
    size_t kept = 0;
    for (size_t i = 0; i < model->free_count; i++) {
        int option = model->free_option[i];
        if ((option == OPTION_DISKS || option == OPTION_NICS) && !is_read(model, option))
            continue;
        model->free_option[kept++] = option;
    }
    model->free_count = kept;
}

static void begin(struct model *model)
{
    model->classes_resolved = model->scenario->class_count;
    model->classes_placed = model->classes_resolved;
    model->classes_known = model->classes_resolved;
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
        struct memo *memo = bound->moves ? model->memo[c] : NULL;
        size_t l = bound->slot;
        if ((stale >> c & 1) == 0)
            continue;
        if (memo != NULL && !isnan(memo->value[l])) {
            bound->value[c] = memo->value[l];
            bound->hard_value[c] = memo->hard_value[l];
            continue;
        }
        images_refresh(model);
        bound->value[c] = capacity_value(model, bound, c);
        hard_value(model, bound, c);
        if (memo != NULL) {
            memo->value[l] = bound->value[c];
            memo->hard_value[l] = bound->hard_value[c];
        }
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

static void refresh_each(struct model *model, struct need *need, size_t c)
{
    struct memo *memo = need->moves ? model->memo[c] : NULL;
    size_t r = need->slot;
    if (memo != NULL && !isnan(memo->each[r])) {
        need->each[c] = memo->each[r];
        need->each_error[c] = memo->each_error[r];
        return;
    }
    images_refresh(model);
    sum_fixed(model, need, false, c, &need->each[c], &need->each_error[c]);
    if (memo != NULL) {
        memo->each[r] = need->each[c];
        memo->each_error[r] = need->each_error[c];
    }
}

static void refresh_base(struct model *model, struct need *need)
{
    struct memo *memo = need->moves ? model->memo[0] : NULL;
    size_t r = need->slot;
    if (memo != NULL && !isnan(memo->base[r])) {
        need->base = memo->base[r];
        need->base_error = memo->base_error[r];
    } else {
        images_refresh(model);
        sum_fixed(model, need, true, 0, &need->base, &need->base_error);
    }
    if (memo != NULL) {
        memo->base[r] = need->base;
        memo->base_error[r] = need->base_error;
    }
    need->base_fresh = true;
}

void need_refresh(struct model *model, struct need *need)
{
    unsigned stale = class_bits(model) & ~need->fresh;
    if (!need->base_fresh)
        refresh_base(model, need);
    for (size_t c = 0; stale >> c != 0; c++) {
        if ((stale >> c & 1) != 0)
            refresh_each(model, need, c);
    }
    need->fresh |= stale;
}

/* What was computed of these classes from free options no longer holds. */
static void forget(struct model *model, unsigned classes)
{
    for (size_t i = 0; i < model->moving_limit_count; i++)
        model->limits[model->moving_limits[i]].fresh &= ~classes;
    for (size_t i = 0; i < model->moving_need_count; i++) {
        struct need *need = &model->needs[model->moving_needs[i]];
        need->fresh &= ~classes;
        need->base_fresh = need->base_fresh && ((classes & 1) == 0 || !need->base_moves);
    }
}

/* The memo of a place: one that was there before takes its slot's room over. */
static struct memo *find_memo(struct model *model, const double *place)
{
    uint64_t hash = 0;
    size_t bytes = model->free_count * sizeof *place;
    if (model->memos == NULL)
        return NULL;
    for (size_t i = 0; i < model->free_count; i++) {
        uint64_t bits;
        memcpy(&bits, &place[i], sizeof bits);
        hash = (hash ^ bits ^ bits >> 32) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29; /* small whole numbers differ in their high bits alone */
    }
    struct memo *memo = &model->memos[hash >> 32 & (MEMOS - 1)];
    if (memo->each != NULL && memcmp(memo->place, place, bytes) == 0)
        return memo;
    for (size_t c = 0; c < model->scenario->class_count; c++) {
        if (model->memo[c] == memo) /* another class is there now */
            return NULL;
    }
    size_t needs = model->moving_need_count;
    size_t limits = model->moving_limit_count;
    size_t count = 2 * (2 * needs + limits);
    if (memo->each == NULL)
        memo->each = malloc((count + 1) * sizeof *memo->each);
    if (memo->each == NULL)
        return NULL;
    memo->each_error = memo->each + needs;
    memo->base = memo->each_error + needs;
    memo->base_error = memo->base + needs;
    memo->value = memo->base_error + needs;
    memo->hard_value = memo->value + limits;
    for (size_t i = 0; i < count; i++)
        memo->each[i] = NAN;
    memcpy(memo->place, place, bytes);
    return memo;
}

void images_refresh(struct model *model)
{
    unsigned stale = model->images_stale & class_bits(model);
    for (size_t c = 0; stale >> c != 0; c++) {
        if ((stale >> c & 1) == 0)
            continue;
        images_resolve(model, c, NAN, c < model->classes_resolved ? RESOLVE_MOVE : RESOLVE_ALL);
        if (c >= model->classes_resolved)
            model->classes_resolved = c + 1;
    }
    model->images_stale &= ~stale;
}

/* Takes the places of classes over; returns those that moved as bits. */
static unsigned move_classes(struct model *model, bool counts)
{
    unsigned moved = 0;
    for (size_t c = 0; c < model->scenario->class_count; c++) {
        double place[FREE_MAX];
        find_place(model, c, place);
        if (c < model->classes_known && !counts &&
            memcmp(place, model->place[c], model->free_count * sizeof *place) == 0)
            continue;
        memcpy(model->place[c], place, sizeof place);
        model->memo[c] = NULL;
        moved |= 1u << c;
    }
    for (size_t c = 0; moved >> c != 0; c++) {
        if ((moved >> c & 1) != 0 && !model->guests_matter)
            model->memo[c] = find_memo(model, model->place[c]);
    }
    if (model->scenario->class_count > model->classes_known)
        model->classes_known = model->scenario->class_count;
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
    bool along_guests = model->ramp_option < 0 && model->ramp_resource < 0;
    unsigned moved = move_classes(model, (model->guests_matter || !along_guests) &&
                                             total != model->request_total);
    model->images_stale |= moved;
    if (moved != 0)
        forget(model, moved);
    if (!model->flat)
        images_refresh(model);
    settle_request(model);
    bool mixed = classes > 1 || classes != model->classes_placed || !along_guests;
    model->classes_placed = classes;
    return moved != 0 || (recounted && mixed);
}

/* Whether all classes are the same but for what moves, so that one's memo serves another. */
static bool are_alike(const struct model *model)
{
    for (size_t c = 1; c < model->scenario->class_count; c++) {
        for (size_t i = 0; i < IMAGES; i++) {
            for (int option = 0; options[option].name != NULL; option++) {
                double one = image_stated(model, 0, i, option);
                double other = image_stated(model, c, i, option);
                if (!model->moves[option] && option != OPTION_GUESTS && one != other &&
                    !(isnan(one) && isnan(other)))
                    return false;
            }
        }
    }
    return true;
}

int move_prepare(struct model *model, struct diag *diag)
{
    size_t resources = model->catalog->resource_count;
    model->moving_limits = calloc(model->limit_count + 1, sizeof *model->moving_limits);
    model->moving_needs = calloc(resources + 1, sizeof *model->moving_needs);
    if (model->moving_limits == NULL || model->moving_needs == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    model->flat = model->ramp_option < 0 && model->ramp_resource < 0 &&
                  !model->moves[OPTION_BRIDGES] && !model->moves[OPTION_NETWORKS];
    for (size_t l = 0; l < model->limit_count; l++) {
        if (!model_touches(model, l))
            continue;
        if (limit_settle(model, &model->limits[l]))
            model->flat = false;
        if (!model->limits[l].moves)
            continue;
        model->limits[l].slot = model->moving_limit_count;
        model->moving_limits[model->moving_limit_count++] = l;
    }
    for (size_t r = 0; r < resources; r++) {
        struct need *need = &model->needs[r];
        model->flat = model->flat && need->varying_count == 0;
        if (!need->moves)
            continue;
        need->slot = model->moving_need_count;
        model->moving_needs[model->moving_need_count++] = r;
    }
    drop_unread(model);
    begin(model);
    if (model->flat && !model->guests_matter && are_alike(model))
        model->memos = calloc(MEMOS, sizeof *model->memos);
    return STATUS_OK;
}

void move_free(struct model *model)
{
    for (size_t i = 0; model->memos != NULL && i < MEMOS; i++)
        free(model->memos[i].each);
    free(model->memos);
    free(model->moving_limits);
    free(model->moving_needs);
}
