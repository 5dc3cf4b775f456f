#include "model/catalog_rows.h"

#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "model/text.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

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

/* A column and the char pointer of the struct that takes its cell. */
struct field {
    const char *name;
    size_t offset;
    bool needed; /* must not be empty */
};

#define FIELD(type, member, name, needed)                                                          \
    {                                                                                              \
        name, offsetof(struct type, member), needed                                                \
    }

enum { FIELDS_MAX = 16 };

/* One row on its way into a struct, and whom to tell what is wrong with it. */
struct reading {
    const struct table *table;
    size_t row;
    int column[FIELDS_MAX]; /* of each field */
    struct diag *diag;
};

static int begin(struct reading *reading, const struct table *table, const struct field *fields,
                 size_t count, struct diag *diag)
{
    const char *names[FIELDS_MAX];
    for (size_t i = 0; i < count; i++)
        names[i] = fields[i].name;
    *reading = (struct reading){.table = table, .diag = diag};
    return table_expect(table, names, count, reading->column, diag);
}

static int column_of(const struct reading *reading, const char *name)
{
    return table_column(reading->table, name);
}

static int take_fields(const struct reading *reading, const struct field *fields, size_t count,
                       void *object)
{
    for (size_t i = 0; i < count; i++) {
        const char *cell = table_cell(reading->table, reading->row, reading->column[i]);
        if (fields[i].needed && cell[0] == '\0')
            return table_error(reading->table, reading->row, reading->column[i], reading->diag,
                               "must not be empty");
        memcpy((char *)object + fields[i].offset, &cell, sizeof cell);
    }
    return STATUS_OK;
}

/* Fills one struct further from its texts; *count is the catalogue's, and the struct stands behind
 * those counted: counting it keeps it. */
typedef int row_taker(struct catalog *catalog, const struct reading *reading, void *object);

/* Makes room behind the *count objects in *array and takes each row of the table. */
static int read_rows(struct catalog *catalog, struct reading *reading, const struct field *fields,
                     size_t field_count, void **array, const size_t *count, size_t size,
                     row_taker *take)
{
    void *grown = realloc(*array, (*count + reading->table->rows + 1) * size);
    if (grown == NULL)
        return diag_set(reading->diag, STATUS_MEMORY, reading->table->file, 0, NULL,
                        "out of memory");
    *array = grown;
    int status = STATUS_OK;
    for (; status == STATUS_OK && reading->row < reading->table->rows; reading->row++) {
        void *object = (char *)grown + *count * size;
        memset(object, 0, size);
        status = take_fields(reading, fields, field_count, object);
        if (status == STATUS_OK)
            status = take(catalog, reading, object);
    }
    return status;
}

/* For the readers below, whose table, fields and reading go by those names. */
#define READ_ROWS(array, count, take)                                                              \
    (begin(&reading, table, fields, LENGTH(fields), diag) != STATUS_OK                             \
         ? STATUS_DATA                                                                             \
         : read_rows(catalog, &reading, fields, LENGTH(fields), (void **)&catalog->array,          \
                     &catalog->count, sizeof *catalog->array, take))

/* Index of the cell's word among words; otherwise an error that names the nearest. */
static int find_word(const struct reading *reading, const char *column, const char *cell,
                     const char *const *words, size_t count)
{
    struct text_nearest nearest;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(cell, words[i]) == 0)
            return (int)i;
    }
    text_nearest_init(&nearest, cell);
    for (size_t i = 0; i < count; i++)
        text_nearest_offer(&nearest, words[i]);
    table_error(reading->table, reading->row, column_of(reading, column), reading->diag,
                "'%s' is not known here, expected e.g. '%s'", cell, words[0]);
    diag_suggest(reading->diag, nearest.best);
    return STATUS_DATA;
}

static int take_era(const struct reading *reading, const char *since_text, const char *until_text,
                    struct era_bound *since, struct era_bound *until)
{
    if (!era_bound_parse(since_text, since))
        return table_error(reading->table, reading->row, column_of(reading, "since"), reading->diag,
                           "'%s' is not COMPONENT-VERSION such as linux-5.13", since_text);
    if (!era_bound_parse(until_text, until))
        return table_error(reading->table, reading->row, column_of(reading, "until"), reading->diag,
                           "'%s' is not COMPONENT-VERSION such as qemu-9.0", until_text);
    return STATUS_OK;
}

/* Index of a resource; otherwise an error that names the nearest. */
static int take_resource(const struct catalog *catalog, const struct reading *reading,
                         const char *column, const char *name)
{
    int found = catalog_resource(catalog, name);
    if (found >= 0)
        return found;
    table_error(reading->table, reading->row, column_of(reading, column), reading->diag,
                "unknown resource '%s'", name);
    diag_suggest(reading->diag, catalog_nearest_resource(catalog, name));
    return STATUS_DATA;
}

static enum resource_scope scope_of(const char *text)
{
    static const char *const guest[] = {"vm", "bus", "process:qemu", "cgroup:guest", "vcpu"};
    for (size_t i = 0; i < LENGTH(guest); i++) {
        if (strcmp(text, guest[i]) == 0)
            return RESOURCE_GUEST;
    }
    return strcmp(text, "device") == 0    ? RESOURCE_DEVICE
           : strcmp(text, "bridge") == 0  ? RESOURCE_BRIDGE
           : strcmp(text, "network") == 0 ? RESOURCE_NETWORK
                                          : RESOURCE_HOST;
}

static int take_parents(const struct catalog *catalog, const struct reading *reading,
                        struct resource *resource)
{
    char list[256];
    char *rest = list;
    int count = 0;
    snprintf(list, sizeof list, "%s", resource->counts_in_text);
    for (int i = 0; i < RESOURCE_PARENTS; i++)
        resource->parent[i] = -1;
    for (char *name; (name = strsep(&rest, " ")) != NULL;) {
        if (name[0] == '\0')
            continue;
        int parent = take_resource(catalog, reading, "counts_in", name);
        if (parent < 0)
            return parent;
        if (count == RESOURCE_PARENTS)
            return table_error(reading->table, reading->row, column_of(reading, "counts_in"),
                               reading->diag, "more than %d resources", RESOURCE_PARENTS);
        resource->parent[count++] = parent;
    }
    return STATUS_OK;
}

/* A resource given in a later table replaces the earlier one. */
static int take_resource_row(struct catalog *catalog, const struct reading *reading, void *object)
{
    struct resource *resource = object;
    resource->table = reading->table;
    resource->row = reading->row;
    resource->scope = scope_of(resource->scope_text);
    resource->informative = strcmp(resource->informative_text, "yes") == 0;
    resource->phase = find_word(reading, "phase", resource->phase_text, phases, LENGTH(phases));
    if (resource->phase < 0)
        return resource->phase;
    int at = names_add(&catalog->resource_names, resource->id, (int)catalog->resource_count);
    if (at == (int)catalog->resource_count)
        catalog->resource_count++;
    else if (catalog->resources[at].table == reading->table)
        return table_error(reading->table, reading->row, column_of(reading, "id"), reading->diag,
                           "resource given twice");
    else
        catalog->resources[at] = *resource;
    return STATUS_OK;
}

int catalog_read_resources(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const struct field fields[] = {
        FIELD(resource, id, "id", true),
        FIELD(resource, unit, "unit", true),
        FIELD(resource, scope_text, "scope", true),
        FIELD(resource, phase_text, "phase", true),
        FIELD(resource, counts_in_text, "counts_in", false),
        FIELD(resource, informative_text, "informative", true),
        FIELD(resource, description, "description", true),
        FIELD(resource, observe, "observe", false),
    };
    struct reading reading;
    int status = READ_ROWS(resources, resource_count, take_resource_row);
    /* Parents may stand below their children. */
    for (size_t i = 0; status == STATUS_OK && i < catalog->resource_count; i++) {
        reading.row = catalog->resources[i].row;
        if (catalog->resources[i].table == table)
            status = take_parents(catalog, &reading, &catalog->resources[i]);
    }
    return status;
}

/* The architectures that a limit's row names, one bit each. */
static int take_arches(const struct reading *reading, struct limit *limit)
{
    const struct choice *arches = options[OPTION_ARCH].choices;
    char copy[128];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", limit->arch);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        int bit = 0;
        while (arches[bit].text != NULL && strcmp(arches[bit].text, word) != 0)
            bit++;
        if (strcmp(word, "any") == 0)
            limit->arches = ~0u;
        else if (arches[bit].text != NULL)
            limit->arches |= 1u << bit;
        else
            return table_error(reading->table, reading->row, column_of(reading, "arch"),
                               reading->diag, "'%s' is neither any nor an architecture", word);
    }
    return STATUS_OK;
}

static int take_limit(struct catalog *catalog, const struct reading *reading, void *object)
{
    struct limit *limit = object;
    limit->table = reading->table;
    limit->row = reading->row;
    catalog->limit_count++;
    int effect = find_word(reading, "effect", limit->effect_text, effects, LENGTH(effects));
    limit->resource = take_resource(catalog, reading, "resource", limit->resource_text);
    if (effect < 0 || limit->resource < 0 ||
        find_word(reading, "kind", limit->kind, kinds, LENGTH(kinds)) < 0 ||
        find_word(reading, "layer", limit->layer, layers, LENGTH(layers)) < 0)
        return STATUS_DATA;
    limit->effect = (enum effect)effect;
    int status = take_arches(reading, limit);
    if (status == STATUS_OK)
        status =
            take_era(reading, limit->since_text, limit->until_text, &limit->since, &limit->until);
    limit->number = names_add(&catalog->limit_names, limit->id, (int)catalog->limit_numbers);
    catalog->limit_numbers += limit->number == (int)catalog->limit_numbers;
    return status;
}

/* A table's limit replaces all rows of that id in the tables before it. */
static void drop_replaced(struct catalog *catalog, size_t before)
{
    size_t kept = 0;
    for (size_t i = 0; i < catalog->limit_count; i++) {
        bool replaced = false;
        for (size_t j = before; i < before && j < catalog->limit_count && !replaced; j++)
            replaced = catalog->limits[j].number == catalog->limits[i].number;
        if (!replaced)
            catalog->limits[kept++] = catalog->limits[i];
    }
    catalog->limit_count = kept;
}

int catalog_read_limits(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const struct field fields[] = {
        FIELD(limit, id, "id", true),
        FIELD(limit, resource_text, "resource", true),
        FIELD(limit, layer, "layer", true),
        FIELD(limit, kind, "kind", true),
        FIELD(limit, effect_text, "effect", true),
        FIELD(limit, arch, "arch", true),
        FIELD(limit, since_text, "since", false),
        FIELD(limit, until_text, "until", false),
        FIELD(limit, default_text, "default", true),
        FIELD(limit, hard_max_text, "hard_max", false),
        FIELD(limit, tunable, "tunable", false),
        FIELD(limit, remedy, "remedy", true),
        FIELD(limit, persist, "persist", false),
        FIELD(limit, symptom, "symptom", false),
        FIELD(limit, cost, "cost", false),
        FIELD(limit, source, "source", true),
    };
    struct reading reading;
    size_t before = catalog->limit_count;
    int status = READ_ROWS(limits, limit_count, take_limit);
    if (status == STATUS_OK && before > 0)
        drop_replaced(catalog, before);
    return status;
}

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

static int take_demand(struct catalog *catalog, const struct reading *reading, void *object)
{
    struct demand *demand = object;
    demand->table = reading->table;
    demand->row = reading->row;
    catalog->demand_count++;
    demand->resource = take_resource(catalog, reading, "resource", demand->resource_text);
    int per = find_word(reading, "per", demand->per_text, per_names, PER_COUNT);
    if (demand->resource < 0 || per < 0)
        return STATUS_DATA;
    demand->per = (enum per)per;
    if (!parse_confidence(demand->confidence, demand))
        return table_error(reading->table, reading->row, column_of(reading, "confidence"),
                           reading->diag, "'%s' is not exact, N%% or guess N%%",
                           demand->confidence);
    return take_era(reading, demand->since_text, demand->until_text, &demand->since,
                    &demand->until);
}

int catalog_read_demands(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const struct field fields[] = {
        FIELD(demand, resource_text, "resource", true),
        FIELD(demand, per_text, "per", true),
        FIELD(demand, when, "when", false),
        FIELD(demand, amount, "amount", true),
        FIELD(demand, since_text, "since", false),
        FIELD(demand, until_text, "until", false),
        FIELD(demand, source, "source", true),
        FIELD(demand, confidence, "confidence", true),
    };
    struct reading reading;
    return READ_ROWS(demands, demand_count, take_demand);
}

static int take_default(struct catalog *catalog, const struct reading *reading, void *object)
{
    struct default_value *value = object;
    value->table = reading->table;
    value->row = reading->row;
    value->option = option_find(value->option_text);
    catalog->default_count++;
    if (value->option < 0)
        return table_error(reading->table, reading->row, column_of(reading, "option"),
                           reading->diag, "unknown option '%s'", value->option_text);
    return take_era(reading, value->since_text, value->until_text, &value->since, &value->until);
}

int catalog_read_defaults(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const struct field fields[] = {
        FIELD(default_value, option_text, "option", true),
        FIELD(default_value, value, "value", true),
        FIELD(default_value, when, "when", false),
        FIELD(default_value, since_text, "since", false),
        FIELD(default_value, until_text, "until", false),
        FIELD(default_value, source, "source", true),
    };
    struct reading reading;
    return READ_ROWS(defaults, default_count, take_default);
}

static int take_alias(struct catalog *catalog, const struct reading *reading, void *object)
{
    struct alias *alias = object;
    int number = catalog_limit_number(catalog, alias->id);
    catalog->alias_count++;
    if (number >= 0) {
        names_add(&catalog->limit_names, alias->alias, number);
        return STATUS_OK;
    }
    table_error(reading->table, reading->row, column_of(reading, "id"), reading->diag,
                "no limit '%s'", alias->id);
    diag_suggest(reading->diag, catalog_nearest_limit(catalog, alias->id));
    return STATUS_DATA;
}

int catalog_read_aliases(struct catalog *catalog, const struct table *table, struct diag *diag)
{
    static const struct field fields[] = {
        FIELD(alias, alias, "alias", true),
        FIELD(alias, id, "id", true),
        FIELD(alias, source, "source", true),
    };
    struct reading reading;
    return READ_ROWS(aliases, alias_count, take_alias);
}
