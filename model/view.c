#include "model/bound.h"

#include "model/option.h"

size_t model_limit_count(const struct model *model)
{
    return model->limit_count;
}

const struct limit *model_limit(const struct model *model, size_t index)
{
    return model->limits[index].limit;
}

bool model_touches(const struct model *model, size_t limit)
{
    return model->needs[model->limits[limit].limit->resource].touched;
}

size_t model_touched(const struct model *model, const size_t **limits)
{
    *limits = model->touched;
    return model->touched_count;
}

const char *model_ramp(const struct model *model)
{
    return model->scenario->ramp;
}

double model_requested(const struct model *model)
{
    return model->requested;
}

double model_ramp_bound(const struct model *model)
{
    bool memory = model->ramp_option >= 0 && options[model->ramp_option].kind == KIND_SIZE;
    return memory ? 0x1p36 : 0x1p32;
}

double model_hard_capacity(const struct model *model, size_t limit)
{
    return model->limits[limit].hard_value[0];
}

size_t model_terms(struct model *model, size_t limit, double n, size_t class_index,
                   struct term_view *out, size_t room)
{
    int resource = model->limits[limit].limit->resource;
    enum resource_scope scope = model->catalog->resources[resource].scope;
    bool summed = scope != RESOURCE_GUEST && scope != RESOURCE_DEVICE;
    size_t used = 0;
    images_refresh(model);
    step_to(model, n);
    for (size_t t = 0; t < model->term_count && used < room; t++) {
        const struct term *term = &model->terms[t];
        double total = 0;
        double units = 0;
        if (!resource_reaches(model->catalog, term->demand->resource, resource))
            continue;
        for (size_t c = 0; c < model->scenario->class_count; c++) {
            double here;
            double guests = summed && !term->host ? model->class_count[c] : 1;
            if (term->host ? c > 0 : !summed && c != class_index)
                continue;
            total += term_value(model, term, c, &here) * guests;
            units += here * guests;
        }
        if (total != 0)
            out[used++] = (struct term_view){term->demand, total / units, units};
    }
    return used;
}

double model_used(const struct model *model, size_t limit)
{
    return model->needs[model->limits[limit].limit->resource].used;
}

double model_ramped(const struct model *model, size_t limit, double n)
{
    return model->needs[model->limits[limit].limit->resource].ramped ? n : 0;
}

bool model_is_set(const struct model *model, size_t limit)
{
    return model->limits[limit].overridden;
}

int model_evaluate(struct model *model, size_t class_index, const char *text, expr_lookup *more,
                   void *context, double *value, struct diag *diag)
{
    int limits[FORMULA_LIMITS] = {0}; /* known once the text is parsed: two passes if any */
    size_t limit_count = 0;
    int status = STATUS_OK;
    step_to(model, model->requested);
    for (int pass = 0; pass == 0 || (pass == 1 && status == STATUS_OK && limit_count > 0); pass++) {
        limits_load(model, limits, limit_count, class_index);
        image_load(model, image_of(model, class_index, 0));
        model->formulas.more = more;
        model->formulas.more_context = context;
        status = formulas_evaluate(&model->formulas, text, limits, &limit_count, value, diag);
        model->formulas.more = NULL;
    }
    return status;
}

double model_value(struct model *model, double n, size_t class_index, int option)
{
    images_refresh(model);
    step_to(model, n);
    size_t image = options[option].scope == SCOPE_NIC ? GROUPS_MAX : 0;
    return image_of(model, class_index, image)->value[option];
}

const struct scenario *model_scenario(const struct model *model)
{
    return model->scenario;
}

const struct catalog *model_catalog(const struct model *model)
{
    return model->catalog;
}
