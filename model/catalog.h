/* The catalogue: what can run out (resources), what caps it (limits), who consumes it (demand),
 * what an unstated option means (defaults) and other names of limits (aliases). Rows come from
 * data/, or from a directory laid over it: a limit or resource there replaces that of the same id,
 * demand, defaults and aliases are added. Strings point into tables that the catalogue owns. */
#ifndef MODEL_CATALOG_H
#define MODEL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diag.h"
#include "model/names.h"
#include "model/table.h"
#include "model/version.h"

/* Over what a resource is summed. Per-instance scopes compare the largest instance with its cap. */
enum resource_scope {
    RESOURCE_HOST,    /* host, netns, a user, a daemon, a shared cgroup: the sum over all guests */
    RESOURCE_GUEST,   /* vm, bus, QEMU process, guest's cgroup: the largest guest */
    RESOURCE_DEVICE,  /* the largest device */
    RESOURCE_BRIDGE,  /* the sum, spread evenly over the bridges */
    RESOURCE_NETWORK, /* the sum, spread evenly over the virtual networks */
};

enum { RESOURCE_PARENTS = 3 };

struct resource {
    const char *id, *unit, *scope_text, *phase_text, *counts_in_text, *informative_text,
        *description, *observe; /* observe: how to see what is in use now */
    enum resource_scope scope;
    int phase;                    /* define 0 < prepare < exec < realize < memory < boot < run */
    int parent[RESOURCE_PARENTS]; /* resources in which each unit counts too; -1: none */
    bool informative;             /* nobody's demand is modelled */
    const struct table *table;
    size_t row;
};

enum effect { EFFECT_WARN, EFFECT_SLOW, EFFECT_DEGRADE, EFFECT_HANG, EFFECT_FAIL };

struct limit {
    const char *id, *resource_text, *layer, *kind, *effect_text, *arch, *since_text, *until_text,
        *default_text, *hard_max_text, *tunable, *remedy, *persist, *symptom, *cost, *source;
    int number; /* the same for all rows of an id */
    int resource;
    unsigned arches; /* bit i: the i-th choice of the option arch */
    enum effect effect;
    struct era_bound since, until;
    const struct table *table;
    size_t row;
};

enum per {
    PER_HOST,
    PER_GUEST,
    PER_VCPU,
    PER_DISK,
    PER_DISK_QUEUE,
    PER_IOTHREAD,
    PER_NIC,
    PER_NIC_QUEUE,
    PER_NETWORK,
    PER_BRIDGE,
    PER_HOSTDEV,
    PER_CONSOLE,
    PER_CHARDEV,
    PER_GRAPHICS,
    PER_MIGRATION,
    PER_CLIENT,
    PER_SSH_SESSION,
    PER_HOST_DISK,
    PER_COUNT
};

struct demand {
    const char *resource_text, *per_text, *when, *amount, *since_text, *until_text, *source,
        *confidence;
    int resource;
    enum per per;
    double error_ratio; /* half-width of the coefficient's interval, relative; 0: exact */
    bool guess;
    struct era_bound since, until;
    const struct table *table;
    size_t row;
};

struct default_value {
    int option;
    const char *option_text, *value, *when, *since_text, *until_text, *source;
    struct era_bound since, until;
    const struct table *table;
    size_t row;
};

struct alias {
    const char *alias, *id, *source;
};

enum { CATALOG_TABLES = 10 };

struct catalog {
    struct table tables[CATALOG_TABLES];
    struct names resource_names, limit_names;
    size_t limit_numbers; /* distinct ids of limits */
    struct resource *resources;
    size_t resource_count;
    struct limit *limits;
    size_t limit_count;
    struct demand *demands;
    size_t demand_count;
    struct default_value *defaults;
    size_t default_count;
    struct alias *aliases;
    size_t alias_count;
};

/* Loads the embedded tables and, when overlay is not NULL, the CSV files of that directory.
 * The caller ends with catalog_free, also after an error. */
int catalog_load(struct catalog *catalog, const char *overlay, struct diag *diag);
void catalog_free(struct catalog *catalog);

/* Index of a resource, or -1. */
int catalog_resource(const struct catalog *catalog, const char *id);

/* The number of a limit's id or alias, or -1; and one of its rows, or NULL. */
int catalog_limit_number(const struct catalog *catalog, const char *name);
const struct limit *catalog_limit(const struct catalog *catalog, const char *name);

/* Whether a table is built in, not the overlay's. */
bool catalog_embedded(const struct catalog *catalog, const struct table *table);

/* The id or alias nearest to name, or NULL. */
const char *catalog_nearest_resource(const struct catalog *catalog, const char *name);
const char *catalog_nearest_limit(const struct catalog *catalog, const char *name);

/* The error that --set names neither a limit nor an option of the host; tells the nearest. */
int catalog_unknown_set(const struct catalog *catalog, const char *name, struct diag *diag);

extern const char *const per_names[PER_COUNT];

#endif
