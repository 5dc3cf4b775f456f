/* The study itself: its axes, the cells' numbers, its identity, its batches. */
#include "sim/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "sim/host/costs.h"
#include "sim/sobol.h"

enum { BATCHES_AIM = 256, BATCH_CELLS_MAX = 4096 };

static bool is_free(const struct sweep *sweep, int option)
{
    for (size_t i = 0; i < sweep->free_count; i++) {
        if (sweep->free_option[i] == option)
            return true;
    }
    return false;
}

static void add_free(struct sweep *sweep, int option)
{
    if (sweep->free_count < FREE_MAX && !is_free(sweep, option))
        sweep->free_option[sweep->free_count++] = option;
}

/* Whether any setting spreads a total over the guests, which makes classes of them. */
static bool spreads(const struct sweep *sweep, int total)
{
    bool said = !isnan(sweep->start->value[total]);
    for (size_t i = 0; i < sweep->settings.count; i++)
        said = said || sweep->settings.items[i].option == total;
    return said;
}

/* Limits and present use that are drawn differ from cell to cell. Then so may all else that leaves
 * the expressions what they are. */
static bool must_rebind(const struct sweep *sweep)
{
    bool drawn = false;
    for (size_t i = 0; i < sweep->axes; i++) {
        const struct axis *axis = sweep->axis[i];
        bool override = strcmp(axis->name, "set") == 0 || strcmp(axis->name, "used") == 0;
        if (axis->option == OPTION_ARCH || (axis->option < 0 && !override))
            return false;
        drawn = drawn || override;
    }
    return sweep->points > 0 && !sweep->simulate && drawn;
}

/* Options move, unless spreading makes classes out of several that differ otherwise too. What
 * simulates binds its models itself. */
static void choose_moves(struct sweep *sweep)
{
    bool disks = spreads(sweep, OPTION_DISKS);
    bool nics = spreads(sweep, OPTION_NICS);
    sweep->rebinds = must_rebind(sweep);
    if (sweep->simulate || sweep->rebinds || (sweep->start->class_count > 1 && (disks || nics)))
        return;
    for (size_t i = 0; i < sweep->axes; i++) {
        int option = sweep->axis[i]->option;
        sweep->moves[i] = option >= 0 && option != OPTION_ARCH;
        if (sweep->moves[i])
            add_free(sweep, option);
    }
    if (disks && sweep->free_count > 0)
        add_free(sweep, OPTION_DISKS_PER_GUEST);
    if (nics && sweep->free_count > 0)
        add_free(sweep, OPTION_NICS_PER_GUEST);
}

/* Every value once, so that a wrong one is told before anything is computed. */
static int check_values(const struct sweep *sweep, struct diag *diag)
{
    int status = STATUS_OK;
    struct scenario *scratch = malloc(sizeof *scratch);
    if (scratch == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    *scratch = *sweep->start;
    for (size_t i = 0; i < sweep->settings.count; i++) {
        const struct axis *axis = &sweep->settings.items[i];
        for (size_t v = 0;
             status == STATUS_OK && v < axis->count && !isfinite(axis->values[v].value); v++)
            status = scenario_set(scratch, axis->name, axis->values[v].text, diag);
    }
    free(scratch);
    return status;
}

/* Names that only a binding knows: of limits, resources and coefficients, and what grows. */
static int bind_names(const struct sweep *sweep, const struct scenario *scenario, struct diag *diag)
{
    struct model *model = NULL;
    struct costs *costs = NULL;
    int status = model_new(&model, sweep->catalog, scenario, diag);
    if (status == STATUS_OK && sweep->simulate)
        status = costs_new(&costs, model, sweep->overlay, diag);
    costs_free(costs);
    model_free(model);
    return status;
}

static int check_names(const struct sweep *sweep, struct diag *diag)
{
    const struct axis *ramp = NULL;
    int status = STATUS_OK;
    struct scenario *scratch = malloc(sizeof *scratch);
    if (scratch == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    *scratch = *sweep->start;
    for (size_t i = 0; status == STATUS_OK && i < sweep->settings.count; i++) {
        const struct axis *axis = &sweep->settings.items[i];
        if (strcmp(axis->name, "ramp") == 0)
            ramp = axis;
        else if (axis->numeric && axis->option < 0)
            status = scenario_set(scratch, axis->name, axis->values[0].text, diag);
    }
    for (size_t v = 0; status == STATUS_OK && v < (ramp != NULL ? ramp->count : 1); v++) {
        if (ramp != NULL)
            status = scenario_set(scratch, ramp->name, ramp->values[v].text, diag);
        if (status == STATUS_OK)
            status = bind_names(sweep, scratch, diag);
    }
    free(scratch);
    return status;
}

static int count_cells(struct sweep *sweep, struct diag *diag)
{
    sweep->cells = 1;
    for (size_t i = 0; i < sweep->settings.count; i++) {
        const struct axis *axis = &sweep->settings.items[i];
        if (sweep->points > 0 ? axis->drawn == NULL : axis->count < 2)
            continue;
        if (sweep->axes == AXES_MAX)
            return diag_set(diag, STATUS_USAGE, NULL, 0, axis->column, "more than %d axes",
                            AXES_MAX);
        sweep->axis[sweep->axes++] = axis;
        if (sweep->points > 0)
            continue;
        if (sweep->cells > (UINT64_C(1) << 48) / axis->count)
            return diag_set(diag, STATUS_USAGE, NULL, 0, axis->column, "more than 2^48 cells");
        sweep->cells *= axis->count;
    }
    if (sweep->points > 0)
        sweep->cells = sweep->points * (sweep->axes + SOBOL_AB);
    sweep->batch_cells = sweep->simulate ? 1 : (sweep->cells + BATCHES_AIM - 1) / BATCHES_AIM;
    if (sweep->batch_cells > BATCH_CELLS_MAX)
        sweep->batch_cells = BATCH_CELLS_MAX;
    sweep->batches = (sweep->cells + sweep->batch_cells - 1) / sweep->batch_cells;
    return STATUS_OK;
}

int sweep_open(struct sweep *sweep, struct axes *settings, struct diag *diag)
{
    sweep->settings = *settings;
    *settings = (struct axes){.count = 0};
    int status = count_cells(sweep, diag);
    if (status == STATUS_OK)
        status = check_values(sweep, diag);
    if (status == STATUS_OK)
        status = check_names(sweep, diag);
    if (status == STATUS_OK)
        choose_moves(sweep);
    return status;
}

void sweep_close(struct sweep *sweep)
{
    axes_free(&sweep->settings);
}

size_t sweep_index(const struct sweep *sweep, uint64_t cell, size_t axis)
{
    if (sweep->points > 0) {
        uint64_t evaluations = sweep->axes + SOBOL_AB;
        uint64_t which = cell % evaluations;
        bool of_b = which == SOBOL_B || which == SOBOL_AB + axis;
        return sweep->axis[axis]->drawn[cell / evaluations + (of_b ? sweep->points : 0)];
    }
    for (size_t i = sweep->axes; i-- > axis + 1;)
        cell /= sweep->axis[i]->count;
    return (size_t)(cell % sweep->axis[axis]->count);
}

void sweep_shard(const struct sweep *sweep, uint64_t index, uint64_t count, uint64_t *first,
                 uint64_t *end)
{
    *first = (uint64_t)((unsigned __int128)sweep->batches * (index - 1) / count);
    *end = (uint64_t)((unsigned __int128)sweep->batches * index / count);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return journal_hash(hash, text, strlen(text) + 1);
}

static uint64_t hash_values(uint64_t hash, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = isnan(values[i]) ? NAN : values[i];
        hash = journal_hash(hash, &value, sizeof value);
    }
    return hash;
}

static uint64_t hash_groups(uint64_t hash, const struct device_group *groups, size_t count)
{
    hash = journal_hash(hash, &count, sizeof count);
    for (size_t i = 0; i < count; i++)
        hash = hash_values(hash, groups[i].value, OPTIONS_MAX);
    return hash;
}

static uint64_t hash_overrides(uint64_t hash, const struct override *list, size_t count)
{
    hash = journal_hash(hash, &count, sizeof count);
    for (size_t i = 0; i < count; i++)
        hash = hash_values(hash_text(hash, list[i].name), &list[i].value, 1);
    return hash;
}

static uint64_t hash_scenario(uint64_t hash, const struct scenario *scenario)
{
    hash = hash_text(hash_text(hash, scenario->host_name), scenario->ramp);
    hash = hash_values(hash, scenario->value, OPTIONS_MAX);
    hash = journal_hash(hash, scenario->versions, sizeof scenario->versions);
    hash = journal_hash(hash, &scenario->class_count, sizeof scenario->class_count);
    for (size_t i = 0; i < scenario->class_count; i++) {
        const struct guest_class *class = &scenario->classes[i];
        hash = hash_values(hash, class->value, OPTIONS_MAX);
        hash = hash_groups(hash, class->disks, class->disk_groups);
        hash = hash_groups(hash, class->nics, class->nic_groups);
    }
    hash = hash_overrides(hash, scenario->set, scenario->set_count);
    hash = hash_overrides(hash, scenario->used, scenario->used_count);
    return hash_overrides(hash, scenario->parameters, scenario->parameter_count);
}

static uint64_t hash_table(uint64_t hash, const struct table *table)
{
    for (size_t i = 0; i < (table->rows + 1) * table->columns && table->cells != NULL; i++)
        hash = hash_text(hash, table->cells[i]);
    return hash;
}

/* A table that the simulation reads beside the catalogue; one that cannot be read says so later. */
static uint64_t hash_file(uint64_t hash, const char *name, const char *folder)
{
    struct table table = {.columns = 0};
    struct diag diag;
    int status = folder != NULL && folder[0] == '\0' ? table_read_file(&table, name, &diag)
                                                     : table_read(&table, name, folder, &diag);
    if (status == STATUS_OK)
        hash = hash_table(hash, &table);
    table_free(&table);
    return hash;
}

static uint64_t hash_simulation(uint64_t hash, const struct sweep *sweep)
{
    static const char *const names[] = {"parameters.csv", "costs.csv"};
    const struct run_rules *rules = &sweep->rules;
    uint64_t counts[] = {rules->seed, rules->least, rules->most};
    hash = journal_hash(hash, counts, sizeof counts);
    hash = hash_values(hash, &rules->relative, 1);
    hash = journal_hash(hash, sweep->metrics, sweep->metric_count * sizeof *sweep->metrics);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        hash = hash_file(hash, names[i], NULL);
        if (sweep->overlay->catalog != NULL)
            hash = hash_file(hash, names[i], sweep->overlay->catalog);
    }
    return sweep->overlay->parameters != NULL ? hash_file(hash, sweep->overlay->parameters, "")
                                              : hash;
}

uint64_t sweep_identity(const struct sweep *sweep)
{
    uint64_t shape[] = {sweep->format, sweep->simulate, sweep->knees, sweep->batch_cells};
    uint64_t hash = journal_hash(journal_hash_start, shape, sizeof shape);
    for (size_t i = 0; i < CATALOG_TABLES; i++)
        hash = hash_table(hash, &sweep->catalog->tables[i]);
    hash = hash_scenario(hash, sweep->start);
    for (size_t i = 0; i < sweep->settings.count; i++) {
        const struct axis *axis = &sweep->settings.items[i];
        hash = hash_text(hash, axis->column);
        for (size_t v = 0; v < axis->count; v++)
            hash = hash_text(hash, axis->values[v].text);
        if (axis->drawn != NULL)
            hash = journal_hash(hash, axis->drawn, 2 * sweep->points * sizeof *axis->drawn);
    }
    return sweep->simulate ? hash_simulation(hash, sweep) : hash;
}
