#include "model/catalog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/catalog_rows.h"
#include "model/option.h"
#include "model/scenario.h"
#include "model/text.h"

/* Resources first: the other tables name them. */
static const struct {
    const char *file;
    catalog_reader *read;
} readers[] = {
    {"resources.csv", catalog_read_resources}, {"limits.csv", catalog_read_limits},
    {"demand.csv", catalog_read_demands},      {"defaults.csv", catalog_read_defaults},
    {"aliases.csv", catalog_read_aliases},
};

enum { READERS = sizeof readers / sizeof readers[0] };

/* Whether an overlay has tables that only a simulation reads. */
static bool has_timing(const char *overlay)
{
    static const char *const files[] = {"parameters.csv", "costs.csv", "slo.csv"};
    char path[4096];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", overlay, files[i]);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* The tables, embedded ones first; the rest of them is the overlay's. */
static int parse_tables(struct catalog *catalog, const char *overlay, struct diag *diag)
{
    int status = STATUS_OK;
    bool found = false;
    for (size_t i = 0; status == STATUS_OK && i < READERS; i++) {
        status = table_read(&catalog->tables[i], readers[i].file, NULL, diag);
    }
    for (size_t i = 0; overlay != NULL && status == STATUS_OK && i < READERS; i++) {
        status = table_read(&catalog->tables[READERS + i], readers[i].file, overlay, diag);
        found = found || catalog->tables[READERS + i].columns > 0;
    }
    if (status == STATUS_OK && overlay != NULL && !found && !has_timing(overlay))
        return diag_set(diag, STATUS_IO, overlay, 0, NULL,
                        "holds none of resources.csv, limits.csv, demand.csv, defaults.csv, "
                        "aliases.csv, parameters.csv, costs.csv, slo.csv");
    return status;
}

int catalog_load(struct catalog *catalog, const char *overlay, struct diag *diag)
{
    static_assert(CATALOG_TABLES == 2 * READERS, "embedded tables and an overlay's");
    memset(catalog, 0, sizeof *catalog);
    int status = parse_tables(catalog, overlay, diag);
    size_t rows = 0;
    for (size_t i = 0; i < CATALOG_TABLES; i++)
        rows += catalog->tables[i].rows;
    if (!names_init(&catalog->resource_names, rows) || !names_init(&catalog->limit_names, rows))
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < READERS; i++) {
        for (size_t side = 0; side < 2; side++) {
            const struct table *table = &catalog->tables[side * READERS + i];
            if (status == STATUS_OK && table->columns > 0)
                status = readers[i].read(catalog, table, diag);
        }
    }
    return status;
}

void catalog_free(struct catalog *catalog)
{
    for (size_t i = 0; i < CATALOG_TABLES; i++)
        table_free(&catalog->tables[i]);
    names_free(&catalog->resource_names);
    names_free(&catalog->limit_names);
    free(catalog->resources);
    free(catalog->limits);
    free(catalog->demands);
    free(catalog->defaults);
    free(catalog->aliases);
    memset(catalog, 0, sizeof *catalog);
}

bool catalog_embedded(const struct catalog *catalog, const struct table *table)
{
    return table < &catalog->tables[READERS];
}

int catalog_resource(const struct catalog *catalog, const char *id)
{
    return names_find(&catalog->resource_names, id);
}

const char *catalog_nearest_resource(const struct catalog *catalog, const char *name)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (size_t i = 0; i < catalog->resource_count; i++)
        text_nearest_offer(&nearest, catalog->resources[i].id);
    return nearest.best;
}

int catalog_limit_number(const struct catalog *catalog, const char *name)
{
    return names_find(&catalog->limit_names, name);
}

const struct limit *catalog_limit(const struct catalog *catalog, const char *name)
{
    int number = catalog_limit_number(catalog, name);
    for (size_t i = 0; number >= 0 && i < catalog->limit_count; i++) {
        if (catalog->limits[i].number == number)
            return &catalog->limits[i];
    }
    return NULL;
}

static void offer_limits(const struct catalog *catalog, struct text_nearest *nearest)
{
    for (size_t i = 0; i < catalog->limit_count; i++)
        text_nearest_offer(nearest, catalog->limits[i].id);
    for (size_t i = 0; i < catalog->alias_count; i++)
        text_nearest_offer(nearest, catalog->aliases[i].alias);
}

const char *catalog_nearest_limit(const struct catalog *catalog, const char *name)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    offer_limits(catalog, &nearest);
    return nearest.best;
}

int catalog_unknown_set(const struct catalog *catalog, const char *name, struct diag *diag)
{
    struct text_nearest nearest;
    char near[NAME_MAX_LENGTH + 8] = "";
    diag_set(diag, STATUS_DATA, NULL, 0, "set", "no limit '%s'", name);
    text_nearest_init(&nearest, name);
    offer_limits(catalog, &nearest);
    for (int i = 0; options[i].name != NULL; i++) {
        char at[sizeof near];
        const char *prefix = strncmp(options[i].name, "host_", 5) == 0 ? "host_" : "";
        snprintf(at, sizeof at, "%s%.63s", options[i].sysctl ? "" : "host.",
                 options[i].name + strlen(prefix));
        if (options[i].scope == SCOPE_HOST)
            text_nearest_offer(&nearest, at);
        if (nearest.best == at)
            nearest.best = strcpy(near, at);
    }
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}
