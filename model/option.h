/* The one list of what a scenario can say. Each option is at once a command-line flag (--disk-bus),
 * an INI key and a case column (disk_bus), and a variable of the tables' expressions (disk_bus).
 * Adding an option adds a row here; its default is a row of data/defaults.csv. */
#ifndef MODEL_OPTION_H
#define MODEL_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diag.h"

enum option_scope { SCOPE_HOST, SCOPE_SCENARIO, SCOPE_GUEST, SCOPE_DISK, SCOPE_NIC };
enum option_kind { KIND_COUNT, KIND_SIZE, KIND_NUMBER, KIND_BOOL, KIND_CHOICE };

struct choice {
    const char *text;     /* as people write it: "virtio-blk" */
    const char *constant; /* as expressions name it: "VIRTIO_BLK" */
};

struct scenario_option {
    const char *name;
    enum option_scope scope;
    enum option_kind kind;
    const struct choice *choices; /* KIND_CHOICE: the value is the index; ends with a NULL text */
    const char *help;
    bool sysctl; /* a kernel setting, which --set and [set] may name too */
};

/* Indices of the options that the C code itself must know; the rest is data. */
enum option_index {
    OPTION_ARCH,
    OPTION_GUESTS,
    OPTION_DISKS,
    OPTION_NICS,
    OPTION_DISKS_PER_GUEST,
    OPTION_NICS_PER_GUEST,
    OPTION_DISK_BUS,
    OPTION_DISK_AIO,
    OPTION_DISK_FORMAT,
    OPTION_DISK_QUEUES,
    OPTION_NIC_MODEL,
    OPTION_NIC_BACKEND,
    OPTION_NIC_QUEUES,
    OPTION_VCPUS,
    OPTION_MEMORY,
    OPTION_IOTHREADS,
    OPTION_HOSTDEVS,
    OPTION_CONSOLES,
    OPTION_CHARDEVS,
    OPTION_GRAPHICS,
    OPTION_MANAGER,
    OPTION_BRIDGES,
    OPTION_NETWORKS,
    OPTION_CLIENTS,
    OPTION_MIGRATIONS,
    OPTION_SSH_SESSIONS,
    OPTION_DAEMONS,
    OPTION_HOST_DISKS,
    OPTION_MIX,
    OPTION_MIX_VCPUS,
    OPTION_SERIAL_PORTS,
    OPTION_MEMORY_BACKENDS,
    OPTION_WORKLOAD
};

extern const struct scenario_option options[]; /* ends with a NULL name */
size_t option_count(void);

/* The option of that name or synonym ('-' and '_' alike), or -1. */
int option_find(const char *name);

/* Other words that people use for an option, and its name; ends with NULL. */
extern const char *const option_synonyms[][2];

/* The option that --set and [set] mean by a name, or -1: a kernel setting, with or without its path
 * ("vm.", "kernel."), or "host.NAME", an option of the host. */
int option_find_set(const char *name);

/* Parses text as the option's kind. Errors: STATUS_DATA with the valid names or range; the
 * diag's file and line are left for the caller to add. */
int option_parse(const struct scenario_option *option, const char *text, double *value,
                 struct diag *diag);

/* Writes value as people write it. */
void option_format(const struct scenario_option *option, double value, char *out, size_t size);

#endif
