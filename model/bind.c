#include "model/bound.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "model/text.h"

static bool is_countable(int option)
{
    return options[option].kind != KIND_CHOICE && options[option].kind != KIND_BOOL;
}

static int find_ramp(struct model *model, struct diag *diag)
{
    const char *name = model->scenario->ramp;
    int option = option_find(strcmp(name, "disks") == 0  ? "disks_per_guest"
                             : strcmp(name, "nics") == 0 ? "nics_per_guest"
                                                         : name);
    model->ramp_option = -1;
    model->ramp_resource = -1;
    if (option == OPTION_GUESTS)
        return STATUS_OK;
    if (option >= 0 && is_countable(option)) {
        model->ramp_option = option;
        return STATUS_OK;
    }
    model->ramp_resource = catalog_resource(model->catalog, name);
    if (model->ramp_resource >= 0)
        return STATUS_OK;
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (int i = 0; options[i].name != NULL; i++) {
        if (is_countable(i))
            text_nearest_offer(&nearest, options[i].name);
    }
    for (size_t i = 0; i < model->catalog->resource_count; i++)
        text_nearest_offer(&nearest, model->catalog->resources[i].id);
    diag_set(diag, STATUS_DATA, NULL, 0, "ramp",
             "'%s' is neither a countable option nor a resource", name);
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

/* The rows that apply on this host. */
static int choose_limits(struct model *model, struct diag *diag)
{
    const struct catalog *catalog = model->catalog;
    double stated = model->scenario->value[OPTION_ARCH];
    unsigned arch = 1u << (isnan(stated) ? 0 : (unsigned)stated);
    model->limits = calloc(catalog->limit_count + 1, sizeof *model->limits);
    model->limit_index = malloc((catalog->limit_numbers + 1) * sizeof *model->limit_index);
    if (model->limits == NULL || model->limit_index == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < catalog->limit_numbers; i++)
        model->limit_index[i] = -1;
    for (size_t i = 0; i < catalog->limit_count; i++) {
        const struct limit *row = &catalog->limits[i];
        if ((row->arches & arch) == 0 ||
            !era_holds(&row->since, &row->until, model->scenario->versions))
            continue;
        struct bound_limit *bound = &model->limits[model->limit_count];
        bound->limit = row;
        bound->capacity =
            formula_of(&model->formulas, row->default_text, row->table, row->row, "default");
        if (row->hard_max_text[0] != '\0' && strcmp(row->kind, "tunable") == 0)
            bound->hard =
                formula_of(&model->formulas, row->hard_max_text, row->table, row->row, "hard_max");
        model->limit_index[row->number] = (int)model->limit_count++;
    }
    return STATUS_OK;
}

static bool per_host(enum per per)
{
    return per == PER_HOST || per == PER_NETWORK || per == PER_BRIDGE || per == PER_MIGRATION ||
           per == PER_CLIENT || per == PER_SSH_SESSION || per == PER_HOST_DISK;
}

static int choose_terms(struct model *model, struct diag *diag)
{
    const struct catalog *catalog = model->catalog;
    model->chosen = calloc(catalog->demand_count + 1, sizeof *model->chosen);
    model->terms = calloc(catalog->demand_count + 1, sizeof *model->terms);
    if (model->chosen == NULL || model->terms == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < catalog->demand_count; i++) {
        const struct demand *row = &catalog->demands[i];
        if (!era_holds(&row->since, &row->until, model->scenario->versions))
            continue;
        model->chosen[model->chosen_count++] = (struct term){
            .demand = row,
            .when = condition_of(&model->formulas, row->when, row->table, row->row),
            .amount = formula_of(&model->formulas, row->amount, row->table, row->row, "amount"),
            .host = per_host(row->per),
        };
    }
    return STATUS_OK;
}

static int apply_set(struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->scenario->set_count; i++) {
        const struct override *set = &model->scenario->set[i];
        int number = catalog_limit_number(model->catalog, set->name);
        if (number < 0)
            return catalog_unknown_set(model->catalog, set->name, diag);
        int index = model->limit_index[number];
        if (index >= 0) {
            model->limits[index].overridden = true;
            model->limits[index].override_value = set->value;
        }
    }
    return STATUS_OK;
}

/* --used names a resource, or a limit and thereby its resource. */
static int apply_used(struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->scenario->used_count; i++) {
        const struct override *used = &model->scenario->used[i];
        const struct limit *limit = catalog_limit(model->catalog, used->name);
        int resource = catalog_resource(model->catalog, used->name);
        if (resource < 0 && limit != NULL)
            resource = limit->resource;
        if (resource < 0) {
            diag_set(diag, STATUS_DATA, NULL, 0, "used", "no resource '%s'", used->name);
            diag_suggest(diag, catalog_nearest_resource(model->catalog, used->name));
            return STATUS_DATA;
        }
        model->needs[resource].used += used->value;
    }
    return STATUS_OK;
}

/* Limits may name others, some of them in turn; a longer chain than this is a circle. */
enum { REFERENCES_DEEP = 8 };

static int check_references(struct model *model, const struct bound_limit *bound, int depth,
                            struct diag *diag)
{
    struct formula *formulas[] = {bound->capacity, bound->hard};
    int status = STATUS_OK;
    if (depth > REFERENCES_DEEP)
        return table_error(bound->limit->table, bound->limit->row,
                           table_column(bound->limit->table, "default"), diag,
                           "'%s' depends on itself", bound->limit->id);
    for (size_t f = 0; f < 2 && formulas[f] != NULL && status == STATUS_OK; f++) {
        status = formula_parse(&model->formulas, formulas[f], diag);
        for (size_t i = 0; status == STATUS_OK && i < formulas[f]->limit_count; i++) {
            int index = model->limit_index[formulas[f]->limits[i]];
            if (index >= 0)
                status = check_references(model, &model->limits[index], depth + 1, diag);
        }
    }
    return status;
}

/* The built-in tables are proven by the tests; what an overlay brings is parsed before it is
 * needed, so that its errors are told whether or not this scenario needs the row. */
static int check(struct model *model, bool embedded, struct diag *diag)
{
    int status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < model->formulas.count; i++) {
        struct formula *formula = &model->formulas.items[i];
        if (embedded || !catalog_embedded(model->catalog, formula->table))
            status = formula_parse(&model->formulas, formula, diag);
    }
    for (size_t i = 0; status == STATUS_OK && i < model->limit_count; i++) {
        if (embedded || !catalog_embedded(model->catalog, model->limits[i].limit->table))
            status = check_references(model, &model->limits[i], 0, diag);
    }
    return status;
}

int model_check(struct model *model, struct diag *diag)
{
    return check(model, true, diag);
}

/* Whether the number of units depends on a slot that is marked. */
static bool units_read(enum per per, const bool *marked)
{
    double probe[SLOT_COUNT];
    double plain[SLOT_COUNT];
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        plain[i] = 1;
        probe[i] = marked[i] ? 0 : 1;
    }
    return units_in(per, probe) != units_in(per, plain);
}

/* Whether a term can ever contribute, and whether what it contributes varies along the ramp: a part
 * of its condition that is false and stays so ends it, whatever follows. */
static bool examine(struct model *model, struct term *term)
{
    size_t classes = term->host ? 1 : model->scenario->class_count;
    for (size_t p = 0; p < term->when.parts; p++) {
        bool holds = false;
        bool varies = formula_varies(model, term->when.part[p]);
        bool moves = formula_moves(model, term->when.part[p]);
        term->varies = term->varies || varies;
        term->moves = term->moves || moves;
        if (varies || moves)
            continue;
        for (size_t c = 0; c < classes && !holds; c++) {
            size_t first;
            size_t count;
            term_images(model, term, c, &first, &count);
            for (size_t i = first; i < first + count && !holds; i++)
                holds = value_in(model, term->when.part[p], c, i) != 0;
        }
        if (!holds)
            return false;
    }
    term->varies = term->varies || units_read(term->demand->per, model->changes);
    term->moves = term->moves || units_read(term->demand->per, model->moves);
    if (!term->varies && !term->moves) { /* nothing to parse when there are no units */
        double units = 0;
        for (size_t c = 0; c < classes; c++) {
            size_t first;
            size_t count;
            term_images(model, term, c, &first, &count);
            for (size_t i = first; i < first + count; i++)
                units += units_in(term->demand->per, image_of(model, c, i)->value);
        }
        if (units == 0)
            return false;
    }
    term->varies = term->varies || formula_varies(model, term->amount);
    term->moves = term->moves || formula_moves(model, term->amount);
    return true;
}

static bool append(const struct term ***list, size_t *count, const struct term *term)
{
    const struct term **grown = realloc(*list, (*count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    *list = grown;
    grown[(*count)++] = term;
    return true;
}

/* Adds a term to its resource and to all that it counts in; a model that moves sums later. */
static bool add_term(struct model *model, const struct term *term, int resource)
{
    const struct resource *at = &model->catalog->resources[resource];
    struct need *need = &model->needs[resource];
    size_t classes = term->host ? 1 : model->scenario->class_count;
    need->touched = true;
    bool later = model->free_count > 0 && !term->varies;
    need->moves = need->moves || (later && term->moves);
    need->base_moves = need->base_moves || (later && term->moves && term->host);
    if (term->varies && !append(&need->varying, &need->varying_count, term))
        return false;
    if (later && !append(&need->fixed, &need->fixed_count, term))
        return false;
    for (size_t c = 0; !term->varies && !later && c < classes; c++) {
        double units;
        double value = term_value(model, term, c, &units);
        *(term->host ? &need->base : &need->each[c]) += value;
        *(term->host ? &need->base_error : &need->each_error[c]) +=
            value * term->demand->error_ratio;
    }
    for (int i = 0; i < RESOURCE_PARENTS && at->parent[i] >= 0; i++) {
        if (!add_term(model, term, at->parent[i]))
            return false;
    }
    return true;
}

/* Keeps the terms that can contribute and sums up those that do not vary; one by one, as a formula
 * is cheapest to evaluate right after it is parsed. */
static int sum_terms(struct model *model, struct diag *diag)
{
    size_t kept = 0;
    for (size_t t = 0; t < model->chosen_count; t++) {
        struct term *term = &model->terms[kept];
        *term = model->chosen[t];
        if (!examine(model, term))
            continue;
        kept++;
        if (!add_term(model, term, term->demand->resource))
            return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    }
    model->term_count = kept;
    for (size_t r = 0; r < model->catalog->resource_count; r++) {
        struct need *need = &model->needs[r];
        need->ramped = model->ramp_resource >= 0 &&
                       resource_reaches(model->catalog, model->ramp_resource, (int)r);
        need->touched = need->touched || need->ramped || need->used > 0;
    }
    return STATUS_OK;
}

void count_request(struct model *model)
{
    model->request_total = 0;
    for (size_t c = 0; c < model->scenario->class_count; c++) {
        model->request[c] = scenario_guests(model->scenario, c);
        model->request_total += model->request[c];
        model->class_count[c] = model->request[c];
    }
}

/* What the scenario asks for, in units of the ramp. */
static double requested(const struct model *model)
{
    if (model->ramp_resource >= 0)
        return 0;
    if (model->ramp_option < 0)
        return model->request_total;
    size_t image = options[model->ramp_option].scope == SCOPE_NIC ? GROUPS_MAX : 0;
    double value = image_of(model, 0, image)->plain[model->ramp_option];
    return options[model->ramp_option].kind == KIND_SIZE ? value / 0x1p20 : value;
}

void settle_request(struct model *model)
{
    model->requested = requested(model);
    model->step = NAN;
    step_to(model, model->requested);
}

static void settle_images(struct model *model)
{
    size_t classes = model->scenario->class_count;
    count_request(model);
    for (size_t c = 0; c < classes; c++)
        images_resolve(model, c, NAN, RESOLVE_ALL);
    images_find_changes(model);
    settle_request(model);
}

static int list_touched(struct model *model, struct diag *diag)
{
    model->touched = calloc(model->limit_count + 1, sizeof *model->touched);
    if (model->touched == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t l = 0; l < model->limit_count; l++) {
        if (model_touches(model, l))
            model->touched[model->touched_count++] = l;
    }
    return STATUS_OK;
}

static int bind(struct model *model, struct diag *diag)
{
    int status = formulas_init(&model->formulas, model->catalog, diag);
    model->needs = calloc(model->catalog->resource_count + 1, sizeof *model->needs);
    if (status == STATUS_OK && model->needs == NULL)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    if (status == STATUS_OK)
        status = find_ramp(model, diag);
    if (status == STATUS_OK)
        status = images_bind(model, diag);
    if (status == STATUS_OK)
        status = choose_limits(model, diag);
    if (status == STATUS_OK)
        status = choose_terms(model, diag);
    if (status == STATUS_OK)
        status = apply_set(model, diag);
    if (status == STATUS_OK)
        status = apply_used(model, diag);
    if (status == STATUS_OK)
        status = check(model, false, diag);
    if (status != STATUS_OK)
        return status;
    settle_images(model);
    status = sum_terms(model, diag);
    if (status == STATUS_OK)
        status = list_touched(model, diag);
    return status == STATUS_OK && model->free_count > 0 ? move_prepare(model, diag) : status;
}

int model_new(struct model **model, const struct catalog *catalog, const struct scenario *scenario,
              struct diag *diag)
{
    return model_new_free(model, catalog, scenario, NULL, 0, diag);
}

int model_new_free(struct model **model, const struct catalog *catalog,
                   const struct scenario *scenario, const int *free_options, size_t free_count,
                   struct diag *diag)
{
    assert(free_count <= FREE_MAX);
    assert(option_count() <= OPTIONS_MAX);
    *model = calloc(1, sizeof **model);
    if (*model == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    (*model)->catalog = catalog;
    (*model)->scenario = scenario;
    (*model)->free_count = free_count;
    for (size_t i = 0; i < free_count; i++)
        (*model)->free_option[i] = free_options[i];
    int status = bind(*model, diag);
    if (status != STATUS_OK) {
        model_free(*model);
        *model = NULL;
    }
    return status;
}

/* Forgets what followed from the scenario before. */
static void unsettle(struct model *model)
{
    for (size_t r = 0; r < model->catalog->resource_count; r++)
        free(model->needs[r].varying);
    memset(model->needs, 0, model->catalog->resource_count * sizeof *model->needs);
    memset(model->changes, 0, sizeof model->changes);
    for (size_t i = 0; i < model->default_count; i++)
        model->defaults[i].changes = false;
    for (size_t i = 0; i < model->limit_count; i++) {
        model->limits[i].settled = false;
        model->limits[i].varies = false;
        model->limits[i].overridden = false;
    }
    model->request_total = 0;
    model->loaded = NULL;
}

int model_rebind(struct model *model, const struct scenario *scenario, struct diag *diag)
{
    assert(model->free_count == 0);
    model->scenario = scenario;
    unsettle(model);
    free(model->images);
    free(model->touched);
    model->touched = NULL;
    model->touched_count = 0;
    model->images = calloc(scenario->class_count * IMAGES, sizeof *model->images);
    if (model->images == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = find_ramp(model, diag);
    if (status == STATUS_OK)
        status = apply_set(model, diag);
    if (status == STATUS_OK)
        status = apply_used(model, diag);
    if (status != STATUS_OK)
        return status;
    settle_images(model);
    status = sum_terms(model, diag);
    return status == STATUS_OK ? list_touched(model, diag) : status;
}

void model_free(struct model *model)
{
    if (model == NULL)
        return;
    for (size_t r = 0; model->needs != NULL && r < model->catalog->resource_count; r++) {
        free(model->needs[r].varying);
        free(model->needs[r].fixed);
    }
    move_free(model);
    formulas_free(&model->formulas);
    free(model->images);
    free(model->defaults);
    free(model->limits);
    free(model->touched);
    free(model->limit_index);
    free(model->chosen);
    free(model->terms);
    free(model->needs);
    free(model);
}
