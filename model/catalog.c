#include "model/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/data.h"
#include "model/option.h"
#include "model/text.h"

const char *const per_names[PER_COUNT] = {
    "host",    "guest",     "vcpu",      "disk",   "disk_queue",  "iothread",
    "nic",     "nic_queue", "network",   "bridge", "hostdev",     "console",
    "chardev", "graphics",  "migration", "client", "ssh_session", "host_disk",
};

static const char *const phases[] = {"define", "prepare", "exec", "realize",
                                     "memory", "boot",    "run",  "migrate"};
static const char *const effects[] = {"warn", "slow", "degrade", "hang", "fail"};
static const char *const kinds[] = {"tunable", "arbitrary", "architectural"};
static const char *const layers[] = {"hardware", "kernel",  "kvm",       "qemu",
                                     "firmware", "libvirt", "systemd",   "network",
                                     "storage",  "guest",   "management"};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Index of the cell's word among words; otherwise an error that names the nearest. */
static int find_word(const struct table *table, size_t row, int column, const char *const *words,
                     size_t count, struct diag *diag)
{
    const char *cell = table_cell(table, row, column);
    struct text_nearest nearest;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(cell, words[i]) == 0)
            return (int)i;
    }
    text_nearest_init(&nearest, cell);
    for (size_t i = 0; i < count; i++)
        text_nearest_offer(&nearest, words[i]);
    table_error(table, row, column, diag, "'%s' is not known here, expected e.g. '%s'", cell,
                words[0]);
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

static int read_era(const struct table *table, size_t row, int since_column, int until_column,
                    struct era_bound *since, struct era_bound *until, struct diag *diag)
{
    if (!era_bound_parse(table_cell(table, row, since_column), since))
        return table_error(table, row, since_column, diag,
                           "'%s' is not COMPONENT-VERSION such as linux-5.13",
                           table_cell(table, row, since_column));
    if (!era_bound_parse(table_cell(table, row, until_column), until))
        return table_error(table, row, until_column, diag,
                           "'%s' is not COMPONENT-VERSION such as qemu-9.0",
                           table_cell(table, row, until_column));
    return STATUS_OK;
}

static int need_text(const struct table *table, size_t row, int column, struct diag *diag)
{
    if (table_cell(table, row, column)[0] != '\0')
        return STATUS_OK;
    return table_error(table, row, column, diag, "must not be empty");
}

int catalog_resource(const struct catalog *catalog, const char *id)
{
    for (size_t i = 0; i < catalog->resource_count; i++) {
        if (strcmp(catalog->resources[i].id, id) == 0)
            return (int)i;
    }
    return -1;
}

static int resource_error(const struct catalog *catalog, const struct table *table, size_t row,
                          int column, const char *name, struct diag *diag)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (size_t i = 0; i < catalog->resource_count; i++)
        text_nearest_offer(&nearest, catalog->resources[i].id);
    table_error(table, row, column, diag, "unknown resource '%s'", name);
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

static enum resource_scope scope_of(const char *text)
{
    if (strcmp(text, "vm") == 0 || strcmp(text, "bus") == 0 || strcmp(text, "process:qemu") == 0 ||
        strcmp(text, "cgroup:guest") == 0 || strcmp(text, "vcpu") == 0)
        return RESOURCE_GUEST;
    if (strcmp(text, "device") == 0)
        return RESOURCE_DEVICE;
    if (strcmp(text, "bridge") == 0)
        return RESOURCE_BRIDGE;
    if (strcmp(text, "network") == 0)
        return RESOURCE_NETWORK;
    return RESOURCE_HOST;
}

static int read_parents(struct catalog *catalog, const struct table *table, size_t row, int column,
                        struct resource *resource, struct diag *diag)
{
    char list[256];
    char *rest = list;
    int count = 0;
    snprintf(list, sizeof list, "%s", table_cell(table, row, column));
    for (int i = 0; i < RESOURCE_PARENTS; i++)
        resource->parent[i] = -1;
    for (char *name; (name = strsep(&rest, " ")) != NULL;) {
        if (name[0] == '\0')
            continue;
        int parent = catalog_resource(catalog, name);
        if (parent < 0)
            return resource_error(catalog, table, row, column, name, diag);
        if (count == RESOURCE_PARENTS)
            return table_error(table, row, column, diag, "more than %d resources",
                               RESOURCE_PARENTS);
        resource->parent[count++] = parent;
    }
    return STATUS_OK;
}

enum { RES_ID, RES_UNIT, RES_SCOPE, RES_PHASE, RES_COUNTS_IN, RES_INFORMATIVE, RES_DESCRIPTION };

static int read_resources(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const char *const names[] = {"id",        "unit",        "scope",      "phase",
                                        "counts_in", "informative", "description"};
    int column[LENGTH(names)];
    int status = table_expect(table, names, LENGTH(names), column, diag);
    size_t first = catalog->resource_count;
    int *index = calloc(table->rows + 1, sizeof *index);
    struct resource *grown =
        realloc(catalog->resources, (first + table->rows + 1) * sizeof *catalog->resources);
    if (grown == NULL || index == NULL) {
        free(index);
        return diag_set(diag, STATUS_MEMORY, table->file, 0, NULL, "out of memory");
    }
    catalog->resources = grown;
    for (size_t row = 0; status == STATUS_OK && row < table->rows; row++) {
        int at = catalog_resource(catalog, table_cell(table, row, column[RES_ID]));
        if (at >= (int)first)
            status = table_error(table, row, column[RES_ID], diag, "resource given twice");
        index[row] = at < 0 ? (int)catalog->resource_count++ : at;
        struct resource *resource = &catalog->resources[index[row]];
        *resource = (struct resource){
            .id = table_cell(table, row, column[RES_ID]),
            .unit = table_cell(table, row, column[RES_UNIT]),
            .scope_text = table_cell(table, row, column[RES_SCOPE]),
            .phase_text = table_cell(table, row, column[RES_PHASE]),
            .description = table_cell(table, row, column[RES_DESCRIPTION]),
            .scope = scope_of(table_cell(table, row, column[RES_SCOPE])),
            .informative = strcmp(table_cell(table, row, column[RES_INFORMATIVE]), "yes") == 0,
        };
        resource->phase = find_word(table, row, column[RES_PHASE], phases, LENGTH(phases), diag);
        if (resource->phase < 0)
            status = resource->phase;
        for (int i = RES_ID; status == STATUS_OK && i <= RES_DESCRIPTION; i++)
            status = i == RES_COUNTS_IN ? status : need_text(table, row, column[i], diag);
    }
    /* Parents may stand below their children. */
    for (size_t row = 0; status == STATUS_OK && row < table->rows; row++)
        status = read_parents(catalog, table, row, column[RES_COUNTS_IN],
                              &catalog->resources[index[row]], diag);
    free(index);
    return status;
}

enum {
    LIM_ID,
    LIM_RESOURCE,
    LIM_LAYER,
    LIM_KIND,
    LIM_EFFECT,
    LIM_ARCH,
    LIM_SINCE,
    LIM_UNTIL,
    LIM_DEFAULT,
    LIM_HARD_MAX,
    LIM_TUNABLE,
    LIM_REMEDY,
    LIM_PERSIST,
    LIM_SYMPTOM,
    LIM_COST,
    LIM_SOURCE,
    LIM_COLUMNS
};

static int read_limit(struct catalog *catalog, const struct table *table, size_t row,
                      const int *column, struct limit *limit, struct diag *diag)
{
#define CELL(name) table_cell(table, row, column[name])
    *limit = (struct limit){
        .id = CELL(LIM_ID),
        .layer = CELL(LIM_LAYER),
        .kind = CELL(LIM_KIND),
        .effect_text = CELL(LIM_EFFECT),
        .arch = CELL(LIM_ARCH),
        .since_text = CELL(LIM_SINCE),
        .until_text = CELL(LIM_UNTIL),
        .default_text = CELL(LIM_DEFAULT),
        .hard_max_text = CELL(LIM_HARD_MAX),
        .tunable = CELL(LIM_TUNABLE),
        .remedy = CELL(LIM_REMEDY),
        .persist = CELL(LIM_PERSIST),
        .symptom = CELL(LIM_SYMPTOM),
        .cost = CELL(LIM_COST),
        .source = CELL(LIM_SOURCE),
        .table = table,
        .row = row,
    };
    limit->resource = catalog_resource(catalog, CELL(LIM_RESOURCE));
    if (limit->resource < 0)
        return resource_error(catalog, table, row, column[LIM_RESOURCE], CELL(LIM_RESOURCE), diag);
#undef CELL
    int effect = find_word(table, row, column[LIM_EFFECT], effects, LENGTH(effects), diag);
    if (effect < 0 || find_word(table, row, column[LIM_KIND], kinds, LENGTH(kinds), diag) < 0 ||
        find_word(table, row, column[LIM_LAYER], layers, LENGTH(layers), diag) < 0)
        return STATUS_DATA;
    limit->effect = (enum effect)effect;
    static const int needed[] = {LIM_ID, LIM_ARCH, LIM_DEFAULT, LIM_REMEDY, LIM_SOURCE};
    for (size_t i = 0; i < LENGTH(needed); i++) {
        if (need_text(table, row, column[needed[i]], diag) != STATUS_OK)
            return STATUS_DATA;
    }
    return read_era(table, row, column[LIM_SINCE], column[LIM_UNTIL], &limit->since, &limit->until,
                    diag);
}

static bool in_table(const struct table *table, int column, const char *id)
{
    for (size_t row = 0; row < table->rows; row++) {
        if (strcmp(table_cell(table, row, column), id) == 0)
            return true;
    }
    return false;
}

static int read_limits(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const char *const names[LIM_COLUMNS] = {
        "id",      "resource", "layer",   "kind",   "effect",  "arch",    "since", "until",
        "default", "hard_max", "tunable", "remedy", "persist", "symptom", "cost",  "source"};
    int column[LIM_COLUMNS];
    int status = table_expect(table, names, LIM_COLUMNS, column, diag);
    if (status != STATUS_OK)
        return status;
    size_t kept = 0;
    for (size_t i = 0; i < catalog->limit_count; i++) {
        if (!in_table(table, column[LIM_ID], catalog->limits[i].id))
            catalog->limits[kept++] = catalog->limits[i];
    }
    catalog->limit_count = kept;
    struct limit *grown =
        realloc(catalog->limits, (kept + table->rows + 1) * sizeof *catalog->limits);
    if (grown == NULL)
        return diag_set(diag, STATUS_MEMORY, table->file, 0, NULL, "out of memory");
    catalog->limits = grown;
    for (size_t row = 0; status == STATUS_OK && row < table->rows; row++)
        status =
            read_limit(catalog, table, row, column, &catalog->limits[catalog->limit_count++], diag);
    return status;
}

enum {
    DEM_RESOURCE,
    DEM_PER,
    DEM_WHEN,
    DEM_AMOUNT,
    DEM_SINCE,
    DEM_UNTIL,
    DEM_SOURCE,
    DEM_CONFIDENCE,
    DEM_COLUMNS
};

/* "exact", "5%" (the interval's half-width) or "guess 50%". */
static bool parse_confidence(const char *text, struct demand *demand)
{
    if (strcmp(text, "exact") == 0)
        return true;
    demand->guess = strncmp(text, "guess ", 6) == 0;
    char *end;
    demand->error_ratio = strtod(demand->guess ? text + 6 : text, &end) / 100;
    return strcmp(end, "%") == 0 && demand->error_ratio > 0;
}

static int read_demands(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const char *const names[DEM_COLUMNS] = {"resource", "per",   "when",   "amount",
                                                   "since",    "until", "source", "confidence"};
    int column[DEM_COLUMNS];
    int status = table_expect(table, names, DEM_COLUMNS, column, diag);
    struct demand *grown = realloc(catalog->demands, (catalog->demand_count + table->rows + 1) *
                                                         sizeof *catalog->demands);
    if (grown == NULL)
        return diag_set(diag, STATUS_MEMORY, table->file, 0, NULL, "out of memory");
    catalog->demands = grown;
    for (size_t row = 0; status == STATUS_OK && row < table->rows; row++) {
        struct demand *demand = &catalog->demands[catalog->demand_count++];
        *demand = (struct demand){.when = table_cell(table, row, column[DEM_WHEN]),
                                  .amount = table_cell(table, row, column[DEM_AMOUNT]),
                                  .source = table_cell(table, row, column[DEM_SOURCE]),
                                  .confidence = table_cell(table, row, column[DEM_CONFIDENCE]),
                                  .per_text = table_cell(table, row, column[DEM_PER]),
                                  .table = table,
                                  .row = row};
        const char *id = table_cell(table, row, column[DEM_RESOURCE]);
        demand->resource = catalog_resource(catalog, id);
        if (demand->resource < 0)
            return resource_error(catalog, table, row, column[DEM_RESOURCE], id, diag);
        int per = find_word(table, row, column[DEM_PER], per_names, PER_COUNT, diag);
        if (per < 0)
            return per;
        demand->per = (enum per)per;
        if (!parse_confidence(demand->confidence, demand))
            return table_error(table, row, column[DEM_CONFIDENCE], diag,
                               "'%s' is not exact, N%% or guess N%%", demand->confidence);
        if (need_text(table, row, column[DEM_SOURCE], diag) != STATUS_OK ||
            need_text(table, row, column[DEM_AMOUNT], diag) != STATUS_OK)
            return STATUS_DATA;
        status = read_era(table, row, column[DEM_SINCE], column[DEM_UNTIL], &demand->since,
                          &demand->until, diag);
    }
    return status;
}

enum { DEF_OPTION, DEF_VALUE, DEF_WHEN, DEF_SINCE, DEF_UNTIL, DEF_SOURCE, DEF_COLUMNS };

static int read_defaults(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const char *const names[DEF_COLUMNS] = {"option", "value", "when",
                                                   "since",  "until", "source"};
    int column[DEF_COLUMNS];
    int status = table_expect(table, names, DEF_COLUMNS, column, diag);
    struct default_value *grown = realloc(
        catalog->defaults, (catalog->default_count + table->rows + 1) * sizeof *catalog->defaults);
    if (grown == NULL)
        return diag_set(diag, STATUS_MEMORY, table->file, 0, NULL, "out of memory");
    catalog->defaults = grown;
    for (size_t row = 0; status == STATUS_OK && row < table->rows; row++) {
        struct default_value *value = &catalog->defaults[catalog->default_count++];
        *value = (struct default_value){.value = table_cell(table, row, column[DEF_VALUE]),
                                        .when = table_cell(table, row, column[DEF_WHEN]),
                                        .source = table_cell(table, row, column[DEF_SOURCE]),
                                        .table = table,
                                        .row = row};
        value->option = option_find(table_cell(table, row, column[DEF_OPTION]));
        if (value->option < 0)
            return table_error(table, row, column[DEF_OPTION], diag, "unknown option '%s'",
                               table_cell(table, row, column[DEF_OPTION]));
        status = need_text(table, row, column[DEF_SOURCE], diag);
        if (status == STATUS_OK)
            status = read_era(table, row, column[DEF_SINCE], column[DEF_UNTIL], &value->since,
                              &value->until, diag);
    }
    return status;
}

static int read_aliases(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const char *const names[] = {"alias", "id", "source"};
    int column[LENGTH(names)];
    int status = table_expect(table, names, LENGTH(names), column, diag);
    struct alias *grown = realloc(catalog->aliases, (catalog->alias_count + table->rows + 1) *
                                                        sizeof *catalog->aliases);
    if (grown == NULL)
        return diag_set(diag, STATUS_MEMORY, table->file, 0, NULL, "out of memory");
    catalog->aliases = grown;
    for (size_t row = 0; status == STATUS_OK && row < table->rows; row++)
        catalog->aliases[catalog->alias_count++] =
            (struct alias){table_cell(table, row, column[0]), table_cell(table, row, column[1])};
    return status;
}

typedef int table_reader(struct catalog *, const struct table *, struct diag *);

/* Resources first: the other tables name them. */
static const struct {
    const char *file;
    table_reader *read;
} readers[] = {
    {"resources.csv", read_resources}, {"limits.csv", read_limits},   {"demand.csv", read_demands},
    {"defaults.csv", read_defaults},   {"aliases.csv", read_aliases},
};

static int load_table(struct catalog *catalog, table_reader *read, const char *name,
                      const char *text, size_t length, struct diag *diag)
{
    struct table *table = &catalog->tables[catalog->table_count++];
    int status = table_parse(table, name, text, length, diag);
    return status == STATUS_OK ? read(catalog, table, diag) : status;
}

static int load_overlay(struct catalog *catalog, const char *directory, struct diag *diag)
{
    size_t found = 0;
    int status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < LENGTH(readers); i++) {
        char path[4096];
        struct stat stat_buffer;
        char *text;
        size_t length;
        snprintf(path, sizeof path, "%s/%s", directory, readers[i].file);
        if (stat(path, &stat_buffer) != 0 && errno == ENOENT)
            continue;
        found++;
        status = text_read_file(path, &text, &length, diag);
        if (status == STATUS_OK) {
            status = load_table(catalog, readers[i].read, path, text, length, diag);
            free(text);
        }
    }
    if (status == STATUS_OK && found == 0)
        return diag_set(diag, STATUS_IO, directory, 0, NULL,
                        "holds none of resources.csv, limits.csv, demand.csv, defaults.csv, "
                        "aliases.csv");
    return status;
}

int catalog_load(struct catalog *catalog, const char *overlay, struct diag *diag)
{
    memset(catalog, 0, sizeof *catalog);
    int status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < LENGTH(readers); i++) {
        const struct data_file *file = data_find(readers[i].file);
        status = load_table(catalog, readers[i].read, file->name, file->text, file->length, diag);
    }
    if (status == STATUS_OK && overlay != NULL)
        status = load_overlay(catalog, overlay, diag);
    return status;
}

void catalog_free(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->table_count; i++)
        table_free(&catalog->tables[i]);
    free(catalog->resources);
    free(catalog->limits);
    free(catalog->demands);
    free(catalog->defaults);
    free(catalog->aliases);
    memset(catalog, 0, sizeof *catalog);
}

const char *catalog_limit_id(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->limit_count; i++) {
        if (strcmp(catalog->limits[i].id, name) == 0)
            return catalog->limits[i].id;
    }
    for (size_t i = 0; i < catalog->alias_count; i++) {
        if (strcmp(catalog->aliases[i].alias, name) == 0)
            return catalog->aliases[i].id;
    }
    return NULL;
}

const char *catalog_nearest_limit(const struct catalog *catalog, const char *name)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (size_t i = 0; i < catalog->limit_count; i++)
        text_nearest_offer(&nearest, catalog->limits[i].id);
    for (size_t i = 0; i < catalog->alias_count; i++)
        text_nearest_offer(&nearest, catalog->aliases[i].alias);
    return nearest.best;
}
