#include "model/bound.h"

#include <math.h>

#include "model/option.h"

/* How many guests of each class there are at step n of a ramp along guests. */
static void count_guests(struct model *model, double n)
{
    double cycles = model->request_total > 0 ? floor(n / model->request_total) : 0;
    double rest = model->request_total > 0 ? n - cycles * model->request_total : n;
    for (size_t c = 0; c < model->scenario->class_count; c++) {
        double here = fmin(rest, model->request[c]);
        if (model->request_total == 0)
            here = c == 0 ? n : 0;
        model->class_count[c] = cycles * model->request[c] + here;
        rest -= here;
    }
}

void step_to(struct model *model, double n)
{
    if (n == model->step || model->ramp_resource >= 0)
        return;
    model->step = n;
    if (model->flat) {
        count_guests(model, n);
        return;
    }
    model->loaded = NULL;
    for (size_t c = 0; c < model->scenario->class_count; c++) {
        if (model->ramp_option >= 0)
            images_resolve(model, c, n, RESOLVE_STEP);
        for (size_t i = 0; model->ramp_option < 0 && i < IMAGES; i++)
            image_of(model, c, i)->value[OPTION_GUESTS] = n;
    }
    if (model->ramp_option < 0)
        count_guests(model, n);
}

bool resource_reaches(const struct catalog *catalog, int from, int to)
{
    if (from == to)
        return true;
    const struct resource *at = &catalog->resources[from];
    for (int i = 0; i < RESOURCE_PARENTS && at->parent[i] >= 0; i++) {
        if (resource_reaches(catalog, at->parent[i], to))
            return true;
    }
    return false;
}

void limits_load(struct model *model, const int *limits, size_t count, size_t c)
{
    for (size_t i = 0; i < count; i++) {
        int index = model->limit_index[limits[i]];
        if (index >= 0)
            model->formulas.limit_value[limits[i]] =
                capacity_value(model, &model->limits[index], c);
    }
}

double value_in(struct model *model, struct formula *formula, size_t c, size_t image)
{
    struct diag diag;
    if (formula_parse(&model->formulas, formula, &diag) != STATUS_OK)
        return NAN;
    limits_load(model, formula->limits, formula->limit_count, c);
    image_load(model, image_of(model, c, image));
    return formula_value(&model->formulas, formula);
}

double capacity_value(struct model *model, struct bound_limit *bound, size_t c)
{
    return bound->overridden ? bound->override_value : value_in(model, bound->capacity, c, 0);
}

bool formula_varies(struct model *model, struct formula *formula)
{
    if (formula_reads(&model->formulas, formula, model->changes))
        return true;
    for (size_t i = 0; i < formula->limit_count; i++) {
        int index = model->limit_index[formula->limits[i]];
        if (index >= 0 && limit_settle(model, &model->limits[index]))
            return true;
    }
    return false;
}

void hard_value(struct model *model, struct bound_limit *bound, size_t c)
{
    double hard = bound->hard != NULL ? value_in(model, bound->hard, c, 0) : NAN;
    bound->hard_value[c] = hard > bound->value[c] ? hard : NAN;
}

/* Finds out whether a limit's capacity varies along the ramp, and computes it if not. */
bool limit_settle(struct model *model, struct bound_limit *bound)
{
    if (bound->settled)
        return bound->varies;
    bound->settled = true; /* first, so that two limits that name each other end */
    bound->varies = !bound->overridden && formula_varies(model, bound->capacity);
    for (size_t c = 0; c < model->scenario->class_count; c++)
        bound->value[c] = capacity_value(model, bound, c);
    bound->varies = bound->varies || (bound->hard != NULL && formula_varies(model, bound->hard));
    for (size_t c = 0; c < model->scenario->class_count; c++)
        hard_value(model, bound, c);
    if (model->free_count > 0) {
        bound->moves = limit_moves(model, bound, 0);
        bound->fresh = (1u << model->scenario->class_count) - 1;
    }
    return bound->varies;
}

double units_in(enum per per, const double *value)
{
    static const int option[PER_COUNT] = {
        [PER_VCPU] = OPTION_VCPUS,           [PER_DISK] = OPTION_DISKS_PER_GUEST,
        [PER_IOTHREAD] = OPTION_IOTHREADS,   [PER_NIC] = OPTION_NICS_PER_GUEST,
        [PER_NETWORK] = OPTION_NETWORKS,     [PER_BRIDGE] = OPTION_BRIDGES,
        [PER_HOSTDEV] = OPTION_HOSTDEVS,     [PER_CONSOLE] = OPTION_CONSOLES,
        [PER_CHARDEV] = OPTION_CHARDEVS,     [PER_MIGRATION] = OPTION_MIGRATIONS,
        [PER_CLIENT] = OPTION_CLIENTS,       [PER_SSH_SESSION] = OPTION_SSH_SESSIONS,
        [PER_HOST_DISK] = OPTION_HOST_DISKS,
    };
    switch (per) {
    case PER_HOST:
    case PER_GUEST:
        return 1;
    case PER_GRAPHICS:
        return value[OPTION_GRAPHICS] != 0;
    case PER_DISK_QUEUE:
        return value[OPTION_DISKS_PER_GUEST] * value[OPTION_DISK_QUEUES];
    case PER_NIC_QUEUE:
        return value[OPTION_NICS_PER_GUEST] * value[OPTION_NIC_QUEUES];
    default:
        return value[option[per]];
    }
}

void term_images(const struct model *model, const struct term *term, size_t c, size_t *first,
                 size_t *count)
{
    const struct guest_class *class = &model->scenario->classes[c];
    enum per per = term->demand->per;
    bool nic = per == PER_NIC || per == PER_NIC_QUEUE;
    bool disk = per == PER_DISK || per == PER_DISK_QUEUE;
    *first = nic ? GROUPS_MAX : 0;
    *count = nic ? class->nic_groups : disk ? class->disk_groups : 1;
}

static bool holds_in(struct model *model, const struct condition *when, size_t c, size_t image)
{
    for (size_t i = 0; i < when->parts; i++) {
        if (value_in(model, when->part[i], c, image) == 0)
            return false;
    }
    return true;
}

double term_value(struct model *model, const struct term *term, size_t c, double *units)
{
    const struct demand *demand = term->demand;
    bool device = model->catalog->resources[demand->resource].scope == RESOURCE_DEVICE;
    double value = 0;
    size_t first;
    size_t count;
    term_images(model, term, c, &first, &count);
    *units = 0;
    for (size_t i = first; i < first + count; i++) {
        double here = units_in(demand->per, image_of(model, c, i)->value);
        if (here == 0 || !holds_in(model, &term->when, c, i))
            continue;
        double amount = value_in(model, term->amount, c, i);
        value = device ? fmax(value, amount) : value + amount * here;
        *units += device ? 1 : here;
    }
    return value;
}

/* What a resource needs at the current step: of the host, and of one guest of each class. */
struct demand_now {
    double host, host_error;
    double each[CLASSES_MAX], error[CLASSES_MAX];
};

static void demand_now(struct model *model, const struct need *need, double n,
                       struct demand_now *now)
{
    size_t classes = model->scenario->class_count;
    now->host = need->base + need->used + (need->ramped ? n : 0);
    now->host_error = need->base_error;
    for (size_t c = 0; c < classes; c++) {
        now->each[c] = need->each[c];
        now->error[c] = need->each_error[c];
    }
    for (size_t t = 0; t < need->varying_count; t++) {
        const struct term *term = need->varying[t];
        for (size_t c = 0; c < (term->host ? 1 : classes); c++) {
            double units;
            double value = term_value(model, term, c, &units);
            *(term->host ? &now->host : &now->each[c]) += value;
            *(term->host ? &now->host_error : &now->error[c]) += value * term->demand->error_ratio;
        }
    }
}

/* Over how many equal instances a resource's demand is spread. */
static double instances(const struct model *model, enum resource_scope scope)
{
    const double *value = image_of(model, 0, 0)->value;
    return scope == RESOURCE_BRIDGE    ? fmax(value[OPTION_BRIDGES], 1)
           : scope == RESOURCE_NETWORK ? fmax(value[OPTION_NETWORKS], 1)
                                       : 1;
}

static double capacity_now(struct model *model, struct bound_limit *bound, size_t c, bool hard)
{
    if (bound->varies) {
        bound->value[c] = capacity_value(model, bound, c);
        hard_value(model, bound, c);
    }
    return hard ? bound->hard_value[c] : bound->value[c];
}

/* Demand minus capacity; a limit that does not apply is never exceeded. */
static double excess(const struct headroom *at)
{
    return isinf(at->capacity) ? -INFINITY : at->demand - at->capacity;
}

/* The sum over all guests of the host. */
static void sum_guests(const struct model *model, const struct demand_now *now,
                       enum resource_scope scope, struct headroom *out)
{
    double demand = now->host;
    double error = now->host_error;
    for (size_t c = 0; c < model->scenario->class_count; c++) {
        demand += now->each[c] * model->class_count[c];
        error += now->error[c] * model->class_count[c];
    }
    double share = instances(model, scope);
    out->demand = share > 1 ? ceil(demand / share) : demand;
    out->error = error;
}

bool model_exceeds(struct model *model, size_t limit, double n, bool hard, struct headroom *out)
{
    struct bound_limit *bound = &model->limits[limit];
    const struct need *need = &model->needs[bound->limit->resource];
    enum resource_scope scope = model->catalog->resources[bound->limit->resource].scope;
    struct demand_now now;
    *out = (struct headroom){.class_index = 0};
    limit_settle(model, bound);
    step_to(model, n);
    if (model->free_count > 0) {
        unsigned classes = (1u << model->scenario->class_count) - 1;
        if ((classes & ~bound->fresh) != 0)
            limit_refresh(model, bound);
        if ((classes & ~need->fresh) != 0 || !need->base_fresh)
            need_refresh(model, &model->needs[bound->limit->resource]);
    }
    demand_now(model, need, n, &now);
    if (scope != RESOURCE_GUEST && scope != RESOURCE_DEVICE) {
        sum_guests(model, &now, scope, out);
        out->capacity = capacity_now(model, bound, 0, hard);
        return excess(out) > 0;
    }
    bool exceeds = false;
    for (size_t c = 0, seen = 0; c < model->scenario->class_count; c++) {
        if (model->class_count[c] == 0 && model->ramp_resource < 0)
            continue;
        double guests = model->class_count[c] > 0;
        struct headroom here = {now.each[c] * guests + now.host,
                                capacity_now(model, bound, c, hard),
                                now.error[c] * guests + now.host_error, c};
        exceeds = exceeds || excess(&here) > 0;
        if (seen++ == 0 || excess(&here) > excess(out))
            *out = here;
    }
    return exceeds;
}
