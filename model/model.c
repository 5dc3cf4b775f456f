#include "model/model.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/expr.h"
#include "model/option.h"
#include "model/text.h"

/* Sums over a guest's device groups, which expressions see beside the options. */
enum derived {
    GUEST_DISKS = OPTIONS_MAX,
    GUEST_NICS,
    DISKS_BY_BUS,
    DISKS_NATIVE = DISKS_BY_BUS + 7,
    DISKS_IO_URING,
    BLK_QUEUES,
    NICS_VIRTIO,
    NICS_TAP,
    NICS_VHOST,
    NICS_MACVTAP,
    NICS_VHOST_USER,
    SLOT_COUNT
};

static const char *const derived_names[] = {
    "guest_disks",    "guest_nics",      "disks_virtio_blk", "disks_virtio_scsi", "disks_nvme",
    "disks_sata",     "disks_ide",       "disks_usb",        "disks_lsi",         "disks_native",
    "disks_io_uring", "blk_queues",      "nics_virtio",      "nics_tap",          "nics_vhost",
    "nics_macvtap",   "nics_vhost_user",
};
static_assert(sizeof derived_names / sizeof derived_names[0] == SLOT_COUNT - OPTIONS_MAX,
              "every derived slot has a name");

enum { IMAGES = 2 * GROUPS_MAX, REFERENCES_MAX = 6, CACHE_SIZE = 2048 };

/* A parsed text; one object for all rows that share it. */
struct formula {
    const char *text;
    struct expr *expr;
    uint64_t uses[(SLOT_COUNT + 63) / 64];
    size_t references[REFERENCES_MAX]; /* applicable limits it names */
    size_t reference_count;
};

struct bound_limit {
    const struct limit *limit;
    struct formula *capacity, *hard;
    bool overridden, varies;
    double override_value;
    double value[CLASSES_MAX], hard_value[CLASSES_MAX];
    double slot; /* what expressions that name this limit read */
};

struct term {
    const struct demand *demand;
    struct formula *when, *amount;
    bool varies, host;
    double value[CLASSES_MAX], count[CLASSES_MAX];
};

struct model {
    const struct catalog *catalog;
    struct scenario scenario;
    int ramp_option, ramp_resource; /* -1: not that kind */
    double slots[SLOT_COUNT];
    double image[CLASSES_MAX][IMAGES][SLOT_COUNT]; /* resolved values: disk groups, NIC groups */
    bool changes[SLOT_COUNT];                      /* slots that differ between steps */
    double step, class_count[CLASSES_MAX], request[CLASSES_MAX], request_total;
    struct formula formulas[CACHE_SIZE];
    size_t formula_count;
    struct formula *parsing;
    struct formula **default_value, **default_when; /* of each applicable default row */
    const struct default_value **defaults;
    size_t default_count;
    struct bound_limit *limits;
    size_t limit_count;
    struct term *terms;
    size_t term_count;
    struct term **varying; /* terms that must be evaluated anew at each step */
    size_t varying_count;
    bool *touched;             /* per resource: some term, --used or the ramp can consume it */
    bool guests_matter;        /* some formula reads the number of guests */
    double *used;              /* per resource */
    double *base, *base_error; /* per resource: fixed host terms */
    double *coefficient, *coefficient_error; /* [class][resource]: fixed guest terms */
};

static double *find_constant(const char *name)
{
    static double values[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int i = 0; options[i].name != NULL; i++) {
        if (options[i].kind != KIND_CHOICE)
            continue;
        for (int j = 0; options[i].choices[j].text != NULL; j++) {
            if (strcmp(options[i].choices[j].constant, name) == 0)
                return &values[j];
        }
    }
    return NULL;
}

static double *note_slot(struct model *model, size_t slot)
{
    model->parsing->uses[slot / 64] |= UINT64_C(1) << (slot % 64);
    return &model->slots[slot];
}

static double *lookup(const char *name, void *context)
{
    struct model *model = context;
    int option = option_find(name);
    if (option >= 0)
        return note_slot(model, (size_t)option);
    for (size_t i = OPTIONS_MAX; i < SLOT_COUNT; i++) {
        if (strcmp(derived_names[i - OPTIONS_MAX], name) == 0)
            return note_slot(model, i);
    }
    double *constant = find_constant(name);
    if (constant != NULL)
        return constant;
    struct formula *formula = model->parsing;
    for (size_t i = 0; i < model->limit_count; i++) {
        if (strcmp(model->limits[i].limit->id, name) != 0)
            continue;
        if (formula->reference_count == REFERENCES_MAX)
            return NULL;
        formula->references[formula->reference_count++] = i;
        return &model->limits[i].slot;
    }
    static double unlimited = INFINITY;
    return catalog_limit_id(model->catalog, name) != NULL ? &unlimited : NULL;
}

/* The formula of a cell, from the cache or parsed now; an empty text means 1. */
static int formula_get(struct model *model, const char *text, const struct table *table, size_t row,
                       const char *column, struct formula **out, struct diag *diag)
{
    if (text[0] == '\0')
        text = "1";
    size_t hash = 5381;
    for (const char *at = text; *at != '\0'; at++)
        hash = hash * 33 + (unsigned char)*at;
    size_t slot = hash % CACHE_SIZE;
    while (model->formulas[slot].text != NULL && strcmp(model->formulas[slot].text, text) != 0)
        slot = (slot + 1) % CACHE_SIZE;
    struct formula *formula = &model->formulas[slot];
    *out = formula;
    if (formula->text != NULL)
        return STATUS_OK;
    if (++model->formula_count == CACHE_SIZE)
        return diag_set(diag, STATUS_MEMORY, table->file, 0, NULL, "too many formulas");
    formula->text = text;
    formula->expr = expr_new(lookup, model);
    if (formula->expr == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    model->parsing = formula;
    int status = expr_set(formula->expr, text, diag);
    if (status != STATUS_OK) {
        char message[sizeof diag->message];
        memcpy(message, diag->message, sizeof message);
        table_error(table, row, table_column(table, column), diag, "%s", message);
    }
    return status;
}

/* Fills one image: stated values, the ramp's value, then defaults for what is unset. */
static void resolve_image(struct model *model, size_t c, const struct device_group *disk,
                          const struct device_group *nic, double n, double *image)
{
    const struct guest_class *class = &model->scenario.classes[c];
    double *slots = model->slots;
    for (int i = 0; options[i].name != NULL; i++) {
        const double *from[] = {model->scenario.value, model->scenario.value, class->value,
                                disk->value, nic->value};
        slots[i] = from[options[i].scope][i];
    }
    if (model->ramp_option >= 0)
        slots[model->ramp_option] = options[model->ramp_option].kind == KIND_SIZE ? n * 0x1p20 : n;
    for (size_t i = 0; i < model->default_count; i++) {
        int option = model->defaults[i]->option;
        if (isnan(slots[option]) && expr_eval(model->default_when[i]->expr) != 0)
            slots[option] = expr_eval(model->default_value[i]->expr);
    }
    static const int mixed[] = {OPTION_DISKS_PER_GUEST, OPTION_NICS_PER_GUEST,
                                OPTION_IOTHREADS,       OPTION_CHARDEVS,
                                OPTION_SERIAL_PORTS,    OPTION_MEMORY_BACKENDS};
    for (size_t i = 0; i < sizeof mixed / sizeof mixed[0]; i++)
        slots[mixed[i]] *= slots[OPTION_MIX];
    slots[OPTION_GUESTS] = model->request_total;
    memcpy(image, slots, sizeof model->slots);
}

static void derive(struct model *model, size_t c)
{
    const struct guest_class *class = &model->scenario.classes[c];
    double sum[SLOT_COUNT] = {0};
    for (size_t g = 0; g < class->disk_groups; g++) {
        const double *image = model->image[c][g];
        double disks = image[OPTION_DISKS_PER_GUEST];
        sum[GUEST_DISKS] += disks;
        sum[DISKS_BY_BUS + (int)image[OPTION_DISK_BUS]] += disks;
        sum[DISKS_NATIVE] += image[OPTION_DISK_AIO] == 1 ? disks : 0;
        sum[DISKS_IO_URING] += image[OPTION_DISK_AIO] == 2 ? disks : 0;
        sum[BLK_QUEUES] += image[OPTION_DISK_BUS] == 0 ? disks * image[OPTION_DISK_QUEUES] : 0;
    }
    for (size_t g = 0; g < class->nic_groups; g++) {
        const double *image = model->image[c][GROUPS_MAX + g];
        double nics = image[OPTION_NICS_PER_GUEST];
        double backend = image[OPTION_NIC_BACKEND];
        sum[GUEST_NICS] += nics;
        sum[NICS_VIRTIO] += image[OPTION_NIC_MODEL] == 0 ? nics : 0;
        sum[NICS_VHOST] += backend == 0 ? nics : 0;
        sum[NICS_TAP] += backend == 0 || backend == 1 ? nics : 0;
        sum[NICS_MACVTAP] += backend == 2 ? nics : 0;
        sum[NICS_VHOST_USER] += backend == 4 ? nics : 0;
    }
    for (size_t i = 0; i < IMAGES; i++)
        memcpy(model->image[c][i] + OPTIONS_MAX, sum + OPTIONS_MAX,
               (SLOT_COUNT - OPTIONS_MAX) * sizeof sum[0]);
}

static void resolve_class(struct model *model, size_t c, double n)
{
    const struct guest_class *class = &model->scenario.classes[c];
    for (size_t g = 0; g < class->disk_groups; g++)
        resolve_image(model, c, &class->disks[g], &class->nics[0], n, model->image[c][g]);
    for (size_t g = 0; g < class->nic_groups; g++)
        resolve_image(model, c, &class->disks[0], &class->nics[g], n,
                      model->image[c][GROUPS_MAX + g]);
    derive(model, c);
}

/* How many guests of each class there are at step n of a ramp along guests. */
static void count_guests(struct model *model, double n)
{
    double cycles = model->request_total > 0 ? floor(n / model->request_total) : 0;
    double rest = model->request_total > 0 ? n - cycles * model->request_total : n;
    for (size_t c = 0; c < model->scenario.class_count; c++) {
        double here = fmin(rest, model->request[c]);
        if (model->request_total == 0)
            here = c == 0 ? n : 0;
        model->class_count[c] = cycles * model->request[c] + here;
        rest -= here;
    }
}

static bool along_guests(const struct model *model)
{
    return model->ramp_option < 0 && model->ramp_resource < 0;
}

static void go_to(struct model *model, double n)
{
    if (n == model->step)
        return;
    model->step = n;
    for (size_t c = 0; c < model->scenario.class_count; c++) {
        if (model->ramp_option >= 0)
            resolve_class(model, c, n);
        if (along_guests(model) && model->guests_matter) {
            for (size_t i = 0; i < IMAGES; i++)
                model->image[c][i][OPTION_GUESTS] = n;
        }
    }
    if (along_guests(model))
        count_guests(model, n);
}

static double unit_count(enum per per, const double *image)
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
        return image[OPTION_GRAPHICS] != 0;
    case PER_DISK_QUEUE:
        return image[OPTION_DISKS_PER_GUEST] * image[OPTION_DISK_QUEUES];
    case PER_NIC_QUEUE:
        return image[OPTION_NICS_PER_GUEST] * image[OPTION_NIC_QUEUES];
    default:
        return image[option[per]];
    }
}

static bool per_host(enum per per)
{
    return per == PER_HOST || per == PER_NETWORK || per == PER_BRIDGE || per == PER_MIGRATION ||
           per == PER_CLIENT || per == PER_SSH_SESSION || per == PER_HOST_DISK;
}

/* A term's contribution in one class: amount times units, or the largest amount for devices. */
static void evaluate_term(struct model *model, struct term *term, size_t c)
{
    const struct guest_class *class = &model->scenario.classes[c];
    enum per per = term->demand->per;
    bool device = model->catalog->resources[term->demand->resource].scope == RESOURCE_DEVICE;
    bool nic = per == PER_NIC || per == PER_NIC_QUEUE;
    bool disk = per == PER_DISK || per == PER_DISK_QUEUE;
    size_t first = nic ? GROUPS_MAX : 0;
    size_t groups = nic ? class->nic_groups : disk ? class->disk_groups : 1;
    double value = 0;
    double units = 0;
    for (size_t g = 0; g < groups; g++) {
        const double *image = model->image[c][first + g];
        double count = unit_count(per, image);
        if (count == 0)
            continue;
        memcpy(model->slots, image, sizeof model->slots);
        if (expr_eval(term->when->expr) == 0)
            continue;
        double amount = expr_eval(term->amount->expr);
        value = device ? fmax(value, amount) : value + amount * count;
        units += device ? 1 : count;
    }
    term->value[c] = value;
    term->count[c] = units;
}

/* Adds a term's value to its resource and, on the way up, to those it counts in. */
static bool reaches(const struct model *model, int from, int resource)
{
    if (from == resource)
        return true;
    const struct resource *at = &model->catalog->resources[from];
    for (int i = 0; i < RESOURCE_PARENTS && at->parent[i] >= 0; i++) {
        if (reaches(model, at->parent[i], resource))
            return true;
    }
    return false;
}

static void accumulate(const struct model *model, int resource, double value, double error,
                       double *sum, double *sum_error)
{
    const struct resource *at = &model->catalog->resources[resource];
    sum[resource] += value;
    sum_error[resource] += error;
    for (int i = 0; i < RESOURCE_PARENTS && at->parent[i] >= 0; i++)
        accumulate(model, at->parent[i], value, error, sum, sum_error);
}

static bool formula_varies(const struct model *model, const struct formula *formula)
{
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (model->changes[i] && (formula->uses[i / 64] >> (i % 64) & 1) != 0)
            return true;
    }
    for (size_t i = 0; i < formula->reference_count; i++) {
        if (model->limits[formula->references[i]].varies)
            return true;
    }
    return false;
}

static bool units_vary(const struct model *model, enum per per)
{
    double probe[SLOT_COUNT];
    double plain[SLOT_COUNT];
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        plain[i] = 1;
        probe[i] = model->changes[i] ? 0 : 1;
    }
    return unit_count(per, probe) != unit_count(per, plain);
}

static void capacity_of(struct model *model, struct bound_limit *bound, size_t c);

static double formula_value(struct model *model, const struct formula *formula, size_t c)
{
    for (size_t i = 0; i < formula->reference_count; i++) {
        struct bound_limit *other = &model->limits[formula->references[i]];
        capacity_of(model, other, c);
        other->slot = other->value[c];
    }
    memcpy(model->slots, model->image[c][0], sizeof model->slots);
    return expr_eval(formula->expr);
}

static int bind_formulas(struct model *model, struct bound_limit *bound, struct diag *diag);

static void capacity_of(struct model *model, struct bound_limit *bound, size_t c)
{
    struct diag diag;
    if (bound->capacity == NULL && bind_formulas(model, bound, &diag) != STATUS_OK) {
        bound->value[c] = NAN;
        return;
    }
    bound->value[c] =
        bound->overridden ? bound->override_value : formula_value(model, bound->capacity, c);
    double hard = bound->hard != NULL ? formula_value(model, bound->hard, c) : NAN;
    bound->hard_value[c] = hard > bound->value[c] ? hard : NAN;
}

bool model_exceeds(struct model *model, size_t limit, double n, bool hard, struct headroom *out)
{
    struct bound_limit *bound = &model->limits[limit];
    int r = bound->limit->resource;
    size_t resources = model->catalog->resource_count;
    size_t classes = model->scenario.class_count;
    enum resource_scope scope = model->catalog->resources[r].scope;
    double extra[CLASSES_MAX] = {0};
    double extra_error[CLASSES_MAX] = {0};
    double total = model->base[r] + model->used[r];
    double total_error = model->base_error[r];
    for (size_t c = 0; bound->capacity == NULL && c < classes; c++)
        capacity_of(model, bound, c);
    go_to(model, n);
    if (model->ramp_resource >= 0 && reaches(model, model->ramp_resource, r))
        total += n;
    for (size_t t = 0; t < model->varying_count; t++) {
        struct term *term = model->varying[t];
        if (!reaches(model, term->demand->resource, r))
            continue;
        for (size_t c = 0; c < (term->host ? 1 : classes); c++) {
            evaluate_term(model, term, c);
            double error = term->value[c] * term->demand->error_ratio;
            *(term->host ? &total : &extra[c]) += term->value[c];
            *(term->host ? &total_error : &extra_error[c]) += error;
        }
    }
    bool summed = scope != RESOURCE_GUEST && scope != RESOURCE_DEVICE;
    double worst = -INFINITY;
    bool exceeds = false;
    for (size_t c = 0; c < classes; c++) {
        double each = model->coefficient[c * resources + (size_t)r] + extra[c];
        double error = model->coefficient_error[c * resources + (size_t)r] + extra_error[c];
        if (model->class_count[c] == 0)
            each = error = 0;
        if (summed) {
            total += each * model->class_count[c];
            total_error += error * model->class_count[c];
        }
        if (summed ? c + 1 < classes : model->class_count[c] == 0 && model->ramp_resource < 0)
            continue;
        size_t at = summed ? 0 : c;
        if (bound->varies)
            capacity_of(model, bound, at);
        struct headroom here = {summed ? total : each + total, bound->value[at],
                                summed ? total_error : error + total_error, at};
        if (hard)
            here.capacity = bound->hard_value[at];
        double share = scope == RESOURCE_BRIDGE    ? model->image[0][0][OPTION_BRIDGES]
                       : scope == RESOURCE_NETWORK ? model->image[0][0][OPTION_NETWORKS]
                                                   : 1;
        if (share > 1)
            here.demand = ceil(here.demand / share);
        double excess = isinf(here.capacity) ? -INFINITY : here.demand - here.capacity;
        exceeds = exceeds || excess > 0;
        if (excess >= worst) {
            worst = excess;
            *out = here;
        }
    }
    if (worst == -INFINITY && classes > 0 && isinf(bound->value[0]))
        out->capacity = INFINITY;
    return exceeds;
}

static bool arch_matches(const char *list, const char *arch)
{
    char copy[128];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", list);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (strcmp(word, "any") == 0 || strcmp(word, arch) == 0)
            return true;
    }
    return false;
}

static int bind_defaults(struct model *model, struct diag *diag)
{
    const struct catalog *catalog = model->catalog;
    size_t room = catalog->default_count + 1;
    model->defaults = calloc(room, sizeof *model->defaults);
    model->default_value = calloc(room, sizeof *model->default_value);
    model->default_when = calloc(room, sizeof *model->default_when);
    if (model->defaults == NULL || model->default_value == NULL || model->default_when == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < catalog->default_count; i++) {
        const struct default_value *row = &catalog->defaults[i];
        if (!era_holds(&row->since, &row->until, model->scenario.versions))
            continue;
        size_t at = model->default_count;
        int status = formula_get(model, row->value, row->table, row->row, "value",
                                 &model->default_value[at], diag);
        if (status == STATUS_OK)
            status = formula_get(model, row->when, row->table, row->row, "when",
                                 &model->default_when[at], diag);
        if (status != STATUS_OK)
            return status;
        model->defaults[model->default_count++] = row;
    }
    return STATUS_OK;
}

static int bind_terms(struct model *model, struct diag *diag)
{
    const struct catalog *catalog = model->catalog;
    model->terms = calloc(catalog->demand_count + 1, sizeof *model->terms);
    if (model->terms == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < catalog->demand_count; i++) {
        const struct demand *row = &catalog->demands[i];
        if (!era_holds(&row->since, &row->until, model->scenario.versions))
            continue;
        struct term *term = &model->terms[model->term_count++];
        term->demand = row;
        term->host = per_host(row->per);
        int status = formula_get(model, row->when, row->table, row->row, "when", &term->when, diag);
        if (status == STATUS_OK)
            status = formula_get(model, row->amount, row->table, row->row, "amount", &term->amount,
                                 diag);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* First the applicable rows, so that formulas can name any of them; then the formulas. */
static int bind_limits(struct model *model, struct diag *diag)
{
    const struct catalog *catalog = model->catalog;
    double arch = model->scenario.value[OPTION_ARCH];
    const char *name = options[OPTION_ARCH].choices[isnan(arch) ? 0 : (int)arch].text;
    model->limits = calloc(catalog->limit_count + 1, sizeof *model->limits);
    if (model->limits == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < catalog->limit_count; i++) {
        const struct limit *row = &catalog->limits[i];
        if (arch_matches(row->arch, name) &&
            era_holds(&row->since, &row->until, model->scenario.versions))
            model->limits[model->limit_count++].limit = row;
    }
    return STATUS_OK;
}

static void touch(struct model *model, int resource)
{
    const struct resource *at = &model->catalog->resources[resource];
    model->touched[resource] = true;
    for (int i = 0; i < RESOURCE_PARENTS && at->parent[i] >= 0; i++)
        touch(model, at->parent[i]);
}

/* Parses a limit's formulas and those of the limits they name. */
static int bind_formulas(struct model *model, struct bound_limit *bound, struct diag *diag)
{
    const struct limit *row = bound->limit;
    if (bound->capacity != NULL)
        return STATUS_OK;
    int status = formula_get(model, row->default_text, row->table, row->row, "default",
                             &bound->capacity, diag);
    if (status == STATUS_OK && row->hard_max_text[0] != '\0' && strcmp(row->kind, "tunable") == 0)
        status = formula_get(model, row->hard_max_text, row->table, row->row, "hard_max",
                             &bound->hard, diag);
    const struct formula *formulas[] = {bound->capacity, bound->hard};
    for (size_t f = 0; f < 2 && status == STATUS_OK && formulas[f] != NULL; f++) {
        for (size_t i = 0; status == STATUS_OK && i < formulas[f]->reference_count; i++)
            status = bind_formulas(model, &model->limits[formulas[f]->references[i]], diag);
    }
    return status;
}

/* Only what something consumes is parsed here: the rest waits until somebody asks for it. The rows
 * of an overlay are all parsed, so that their errors are told; the built-in ones are tested. */
static int bind_touched(struct model *model, struct diag *diag)
{
    int status = STATUS_OK;
    for (size_t t = 0; t < model->term_count; t++)
        touch(model, model->terms[t].demand->resource);
    for (size_t r = 0; r < model->catalog->resource_count; r++) {
        if (model->used[r] > 0)
            touch(model, (int)r);
    }
    if (model->ramp_resource >= 0)
        touch(model, model->ramp_resource);
    for (size_t i = 0; status == STATUS_OK && i < model->limit_count; i++) {
        struct bound_limit *bound = &model->limits[i];
        if (model->touched[bound->limit->resource] || bound->overridden ||
            bound->limit->table != model->limits[0].limit->table)
            status = bind_formulas(model, bound, diag);
    }
    return status;
}

static int apply_overrides(struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->scenario.set_count; i++) {
        const struct override *set = &model->scenario.set[i];
        const char *id = catalog_limit_id(model->catalog, set->name);
        if (id == NULL) {
            diag_set(diag, STATUS_DATA, NULL, 0, "set", "no limit '%s'", set->name);
            diag_suggest(diag, catalog_nearest_limit(model->catalog, set->name));
            return STATUS_DATA;
        }
        for (size_t j = 0; j < model->limit_count; j++) {
            if (strcmp(model->limits[j].limit->id, id) == 0) {
                model->limits[j].overridden = true;
                model->limits[j].override_value = set->value;
            }
        }
    }
    for (size_t i = 0; i < model->scenario.used_count; i++) {
        const struct override *used = &model->scenario.used[i];
        int resource = catalog_resource(model->catalog, used->name);
        const char *id = catalog_limit_id(model->catalog, used->name);
        for (size_t j = 0; resource < 0 && id != NULL && j < model->catalog->limit_count; j++) {
            if (strcmp(model->catalog->limits[j].id, id) == 0)
                resource = model->catalog->limits[j].resource;
        }
        if (resource < 0) {
            struct text_nearest nearest;
            text_nearest_init(&nearest, used->name);
            for (size_t j = 0; j < model->catalog->resource_count; j++)
                text_nearest_offer(&nearest, model->catalog->resources[j].id);
            diag_set(diag, STATUS_DATA, NULL, 0, "used", "no resource '%s'", used->name);
            diag_suggest(diag, nearest.best);
            return STATUS_DATA;
        }
        model->used[resource] += used->value;
    }
    return STATUS_OK;
}

static int find_ramp(struct model *model, struct diag *diag)
{
    const char *name = model->scenario.ramp;
    int option = option_find(strcmp(name, "disks") == 0  ? "disks_per_guest"
                             : strcmp(name, "nics") == 0 ? "nics_per_guest"
                                                         : name);
    model->ramp_option = -1;
    model->ramp_resource = -1;
    if (option == OPTION_GUESTS)
        return STATUS_OK;
    if (option >= 0 && options[option].kind != KIND_CHOICE && options[option].kind != KIND_BOOL) {
        model->ramp_option = option;
        return STATUS_OK;
    }
    model->ramp_resource = catalog_resource(model->catalog, name);
    if (model->ramp_resource >= 0)
        return STATUS_OK;
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (int i = 0; options[i].name != NULL; i++)
        text_nearest_offer(&nearest, options[i].name);
    for (size_t i = 0; i < model->catalog->resource_count; i++)
        text_nearest_offer(&nearest, model->catalog->resources[i].id);
    diag_set(diag, STATUS_DATA, NULL, 0, "ramp",
             "'%s' is neither a countable option nor a resource", name);
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

/* Which slots differ between steps: compared at three of them. */
static void find_changes(struct model *model)
{
    static const double probes[] = {1, 2, 7};
    double first[CLASSES_MAX][IMAGES][SLOT_COUNT];
    for (size_t p = 0; p < sizeof probes / sizeof probes[0]; p++) {
        go_to(model, probes[p]);
        if (p == 0)
            memcpy(first, model->image, sizeof first);
        for (size_t c = 0; c < model->scenario.class_count; c++) {
            for (size_t i = 0; i < IMAGES; i++) {
                for (size_t s = 0; s < SLOT_COUNT; s++)
                    model->changes[s] |=
                        memcmp(&first[c][i][s], &model->image[c][i][s], sizeof first[c][i][s]) != 0;
            }
        }
    }
}

static void settle(struct model *model)
{
    size_t resources = model->catalog->resource_count;
    for (size_t i = 0; i < model->limit_count; i++)
        model->limits[i].varies = false;
    for (int pass = 0; pass < 3; pass++) { /* references are at most a few deep */
        for (size_t i = 0; i < model->limit_count; i++) {
            struct bound_limit *bound = &model->limits[i];
            if (bound->capacity == NULL)
                continue;
            bound->varies = formula_varies(model, bound->capacity) ||
                            (bound->hard != NULL && formula_varies(model, bound->hard));
        }
    }
    for (size_t i = 0; i < model->limit_count; i++) {
        for (size_t c = 0; model->limits[i].capacity != NULL && c < model->scenario.class_count;
             c++)
            capacity_of(model, &model->limits[i], c);
    }
    for (size_t t = 0; t < model->term_count; t++) {
        struct term *term = &model->terms[t];
        const struct demand *demand = term->demand;
        term->varies = formula_varies(model, term->when) || formula_varies(model, term->amount) ||
                       units_vary(model, demand->per);
        if (term->varies)
            model->varying[model->varying_count++] = term;
        for (size_t c = 0; !term->varies && c < (term->host ? 1 : model->scenario.class_count);
             c++) {
            evaluate_term(model, term, c);
            double error = term->value[c] * demand->error_ratio;
            if (term->host)
                accumulate(model, demand->resource, term->value[c], error, model->base,
                           model->base_error);
            else
                accumulate(model, demand->resource, term->value[c], error,
                           model->coefficient + c * resources,
                           model->coefficient_error + c * resources);
        }
    }
}

static int allocate(struct model *model, struct diag *diag)
{
    size_t resources = model->catalog->resource_count;
    model->used = calloc(resources, sizeof(double));
    model->touched = calloc(resources, sizeof(bool));
    model->varying = calloc(model->catalog->demand_count + 1, sizeof *model->varying);
    model->base = calloc(resources, sizeof(double));
    model->base_error = calloc(resources, sizeof(double));
    model->coefficient = calloc(resources * CLASSES_MAX, sizeof(double));
    model->coefficient_error = calloc(resources * CLASSES_MAX, sizeof(double));
    if (model->used == NULL || model->touched == NULL || model->varying == NULL ||
        model->base == NULL || model->base_error == NULL || model->coefficient == NULL ||
        model->coefficient_error == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    return STATUS_OK;
}

static int bind(struct model *model, struct diag *diag)
{
    int status = allocate(model, diag);
    if (status == STATUS_OK)
        status = find_ramp(model, diag);
    if (status == STATUS_OK)
        status = bind_defaults(model, diag);
    if (status == STATUS_OK)
        status = bind_limits(model, diag);
    if (status == STATUS_OK)
        status = bind_terms(model, diag);
    if (status == STATUS_OK)
        status = apply_overrides(model, diag);
    if (status == STATUS_OK)
        status = bind_touched(model, diag);
    if (status != STATUS_OK)
        return status;
    for (size_t c = 0; c < model->scenario.class_count; c++) {
        double guests = model->scenario.classes[c].value[OPTION_GUESTS];
        model->request[c] = isnan(guests) ? 1 : guests;
        model->request_total += model->request[c];
        model->class_count[c] = model->request[c];
    }
    for (size_t c = 0; c < model->scenario.class_count; c++)
        resolve_class(model, c, 1);
    model->step = NAN;
    for (size_t i = 0; i < CACHE_SIZE; i++)
        model->guests_matter |=
            (model->formulas[i].uses[OPTION_GUESTS / 64] >> (OPTION_GUESTS % 64) & 1) != 0;
    find_changes(model);
    settle(model);
    return STATUS_OK;
}

int model_new(struct model **model, const struct catalog *catalog, const struct scenario *scenario,
              struct diag *diag)
{
    assert(option_count() <= OPTIONS_MAX);
    *model = calloc(1, sizeof **model);
    if (*model == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    (*model)->catalog = catalog;
    (*model)->scenario = *scenario;
    int status = bind(*model, diag);
    if (status != STATUS_OK) {
        model_free(*model);
        *model = NULL;
    }
    return status;
}

void model_free(struct model *model)
{
    if (model == NULL)
        return;
    for (size_t i = 0; i < CACHE_SIZE; i++)
        expr_free(model->formulas[i].expr);
    free(model->defaults);
    free(model->default_value);
    free(model->default_when);
    free(model->limits);
    free(model->terms);
    free(model->used);
    free(model->touched);
    free(model->varying);
    free(model->base);
    free(model->base_error);
    free(model->coefficient);
    free(model->coefficient_error);
    free(model);
}

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
    return model->touched[model->limits[limit].limit->resource];
}

const char *model_ramp(const struct model *model)
{
    return model->scenario.ramp;
}

double model_requested(const struct model *model)
{
    if (along_guests(model))
        return model->request_total;
    if (model->ramp_resource >= 0)
        return 0;
    const struct guest_class *class = &model->scenario.classes[0];
    const double *from[] = {model->scenario.value, model->scenario.value, class->value,
                            class->disks[0].value, class->nics[0].value};
    double value = from[options[model->ramp_option].scope][model->ramp_option];
    return isnan(value) ? 0 : value / (options[model->ramp_option].kind == KIND_SIZE ? 0x1p20 : 1);
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
    bool summed = model->catalog->resources[resource].scope != RESOURCE_GUEST &&
                  model->catalog->resources[resource].scope != RESOURCE_DEVICE;
    size_t used = 0;
    go_to(model, n);
    for (size_t t = 0; t < model->term_count && used < room; t++) {
        struct term *term = &model->terms[t];
        if (!reaches(model, term->demand->resource, resource))
            continue;
        double total = 0;
        double units = 0;
        for (size_t c = 0; c < model->scenario.class_count; c++) {
            double guests = summed && !term->host ? model->class_count[c] : 1;
            if (term->host ? c > 0 : !summed && c != class_index)
                continue;
            evaluate_term(model, term, c);
            total += term->value[c] * guests;
            units += term->count[c] * guests;
        }
        if (total != 0)
            out[used++] = (struct term_view){term->demand, total / units, units};
    }
    return used;
}

double model_value(struct model *model, double n, size_t class_index, int option)
{
    go_to(model, n);
    return model->image[class_index][options[option].scope == SCOPE_NIC ? GROUPS_MAX : 0][option];
}

const struct scenario *model_scenario(const struct model *model)
{
    return &model->scenario;
}

const struct catalog *model_catalog(const struct model *model)
{
    return model->catalog;
}
