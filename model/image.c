#include "model/bound.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

int images_bind(struct model *model, struct diag *diag)
{
    const struct catalog *catalog = model->catalog;
    model->images =
        calloc((model->free_count > 0 ? CLASSES_MAX : model->scenario->class_count) * IMAGES,
               sizeof *model->images);
    model->defaults = calloc(catalog->default_count + 1, sizeof *model->defaults);
    if (model->images == NULL || model->defaults == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < catalog->default_count; i++) {
        const struct default_value *row = &catalog->defaults[i];
        if (!era_holds(&row->since, &row->until, model->scenario->versions))
            continue;
        model->defaults[model->default_count++] = (struct bound_default){
            .row = row,
            .value = formula_of(&model->formulas, row->value, row->table, row->row, "value"),
            .when = condition_of(&model->formulas, row->when, row->table, row->row),
        };
    }
    return STATUS_OK;
}

void image_load(struct model *model, const struct image *image)
{
    if (model->loaded != image)
        memcpy(model->formulas.slots, image->value, sizeof image->value);
    model->loaded = image;
}

double image_stated(const struct model *model, size_t c, size_t image, int option)
{
    const struct guest_class *class = &model->scenario->classes[c];
    switch (options[option].scope) {
    case SCOPE_GUEST:
        return class->value[option];
    case SCOPE_DISK:
        return class->disks[image < GROUPS_MAX ? image : 0].value[option];
    case SCOPE_NIC:
        return class->nics[image < GROUPS_MAX ? 0 : image - GROUPS_MAX].value[option];
    default:
        return model->scenario->value[option];
    }
}

static const int mixed[] = {OPTION_DISKS_PER_GUEST, OPTION_NICS_PER_GUEST, OPTION_IOTHREADS,
                            OPTION_CHARDEVS,        OPTION_SERIAL_PORTS,   OPTION_MEMORY_BACKENDS};

/* Stated values, the ramp's, then defaults for what is unset; all of them, or only what changes
 * along the ramp, or also what a move changes. */
static void resolve(struct model *model, size_t c, size_t i, double n, enum resolve what)
{
    bool all = what == RESOLVE_ALL;
    bool moved = what == RESOLVE_MOVE;
    struct image *image = image_of(model, c, i);
    double *slots = model->formulas.slots;
    memcpy(slots, image->plain, sizeof image->plain);
    for (int option = 0; options[option].name != NULL; option++) {
        if (all || model->changes[option] || (moved && model->moves[option]))
            slots[option] = image_stated(model, c, i, option);
    }
    if (model->ramp_option >= 0 && !isnan(n))
        slots[model->ramp_option] = options[model->ramp_option].kind == KIND_SIZE ? n * 0x1p20 : n;
    for (size_t d = 0; d < model->default_count; d++) {
        struct bound_default *value = &model->defaults[d];
        int option = value->row->option;
        if ((all || value->changes || (moved && value->moves)) && isnan(slots[option]) &&
            condition_holds(&model->formulas, &value->when))
            slots[option] = formula_value(&model->formulas, value->value);
    }
    slots[OPTION_GUESTS] = model->request_total;
    memcpy(image->plain, slots, sizeof image->plain);
    for (size_t m = 0; m < LENGTH(mixed); m++)
        slots[mixed[m]] *= slots[OPTION_MIX];
    memcpy(image->value, slots, sizeof image->plain);
}

/* The sums over the class's groups, the same in all its images. */
static void sum_groups(struct model *model, size_t c)
{
    const struct guest_class *class = &model->scenario->classes[c];
    double sum[SLOT_COUNT] = {0};
    for (size_t g = 0; g < class->disk_groups; g++) {
        const double *value = image_of(model, c, g)->value;
        double disks = value[OPTION_DISKS_PER_GUEST];
        double aio = value[OPTION_DISK_FORMAT] == 2 ? -1 : value[OPTION_DISK_AIO]; /* null: none */
        sum[GUEST_DISKS] += disks;
        sum[DISKS_BY_BUS + (int)value[OPTION_DISK_BUS]] += disks;
        sum[DISKS_NATIVE] += aio == 1 ? disks : 0;
        sum[DISKS_IO_URING] += aio == 2 ? disks : 0;
        sum[BLK_QUEUES] += value[OPTION_DISK_BUS] == 0 ? disks * value[OPTION_DISK_QUEUES] : 0;
    }
    for (size_t g = 0; g < class->nic_groups; g++) {
        const double *value = image_of(model, c, GROUPS_MAX + g)->value;
        double nics = value[OPTION_NICS_PER_GUEST];
        double backend = value[OPTION_NIC_BACKEND];
        sum[GUEST_NICS] += nics;
        sum[NICS_VIRTIO] += value[OPTION_NIC_MODEL] == 0 ? nics : 0;
        sum[NICS_VHOST] += backend == 0 ? nics : 0;
        sum[NICS_TAP] += backend == 0 || backend == 1 ? nics : 0;
        sum[NICS_MACVTAP] += backend == 2 ? nics : 0;
        sum[NICS_VHOST_USER] += backend == 4 ? nics : 0;
        sum[VFIO_DEVICES] += backend == 5 ? nics : 0;
    }
    sum[VFIO_DEVICES] += image_of(model, c, 0)->value[OPTION_HOSTDEVS];
    for (size_t i = 0; i < IMAGES; i++)
        memcpy(image_of(model, c, i)->value + OPTIONS_MAX, sum + OPTIONS_MAX,
               (SLOT_COUNT - OPTIONS_MAX) * sizeof sum[0]);
}

void images_resolve(struct model *model, size_t c, double n, enum resolve what)
{
    const struct guest_class *class = &model->scenario->classes[c];
    for (size_t g = 0; g < class->disk_groups; g++)
        resolve(model, c, g, n, what);
    for (size_t g = 0; g < class->nic_groups; g++)
        resolve(model, c, GROUPS_MAX + g, n, what);
    sum_groups(model, c);
    model->loaded = NULL;
}

static bool default_reads(struct model *model, const struct bound_default *value,
                          const bool *marked)
{
    for (size_t i = 0; i < value->when.parts; i++) {
        if (formula_reads(&model->formulas, value->when.part[i], marked))
            return true;
    }
    return formula_reads(&model->formulas, value->value, marked);
}

/* Marks all that derives from the slots that are marked already: by the mix, by defaults (whose
 * marks are at `offset` in struct bound_default; -1: they are resolved once), by sums. */
static void derive(struct model *model, bool *marked, ptrdiff_t offset)
{
    static const int summed[] = {OPTION_DISKS_PER_GUEST, OPTION_DISK_BUS,       OPTION_DISK_AIO,
                                 OPTION_DISK_FORMAT,     OPTION_DISK_QUEUES,    OPTION_NIC_MODEL,
                                 OPTION_NIC_BACKEND,     OPTION_NICS_PER_GUEST, OPTION_HOSTDEVS};
    for (bool found = true; found;) {
        found = false;
        for (size_t m = 0; marked[OPTION_MIX] && m < LENGTH(mixed); m++)
            marked[mixed[m]] = true;
        for (size_t i = 0; offset >= 0 && i < model->default_count; i++) {
            struct bound_default *value = &model->defaults[i];
            bool *mark = (bool *)((char *)value + offset);
            if (*mark)
                continue;
            *mark = marked[value->row->option] || default_reads(model, value, marked);
            found = found || *mark;
            marked[value->row->option] |= *mark;
        }
    }
    for (size_t i = 0; i < LENGTH(summed); i++) {
        if (marked[summed[i]])
            memset(marked + OPTIONS_MAX, true, SLOT_COUNT - OPTIONS_MAX);
    }
}

void images_find_changes(struct model *model)
{
    bool guests[SLOT_COUNT] = {[OPTION_GUESTS] = true};
    for (size_t i = 0; i < model->default_count && model->free_count > 0; i++)
        model->guests_matter |= default_reads(model, &model->defaults[i], guests);
    for (size_t i = 0; i < model->free_count; i++)
        model->moves[model->free_option[i]] = true;
    if (model->free_count > 0)
        derive(model, model->moves, offsetof(struct bound_default, moves));
    if (model->ramp_resource >= 0)
        return;
    model->changes[model->ramp_option >= 0 ? model->ramp_option : OPTION_GUESTS] = true;
    derive(model, model->changes,
           model->ramp_option >= 0 ? (ptrdiff_t)offsetof(struct bound_default, changes) : -1);
}
