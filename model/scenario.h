/* A scenario: the host, the mix of guests, and what happens on top (migrations, clients). Values
 * are doubles indexed by option (model/option.h); NAN means unset, until model_step fills it from
 * data/defaults.csv. Built from a host preset, then an INI file, then flags or a case's columns:
 * the later wins. */
#ifndef MODEL_SCENARIO_H
#define MODEL_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diag.h"
#include "model/version.h"

enum {
    OPTIONS_MAX = 192,
    CLASSES_MAX = 16,
    GROUPS_MAX = 4,
    OVERRIDES_MAX = 64,
    NAME_MAX_LENGTH = 64,
    SWEEP_MAX = 16
};

struct device_group {
    char name[NAME_MAX_LENGTH];
    double value[OPTIONS_MAX];
};

struct guest_class {
    char name[NAME_MAX_LENGTH];
    double value[OPTIONS_MAX];
    struct device_group disks[GROUPS_MAX], nics[GROUPS_MAX];
    size_t disk_groups, nic_groups; /* at least 1 each */
};

struct override {
    char name[NAME_MAX_LENGTH];
    double value;
};

/* What was seen when the scenario was run for real: the first limit, the largest count known to
 * work and the smallest known to fail. No limit: nothing failed up to ok. NAN: not told. */
struct expectation {
    bool given;
    char limit[NAME_MAX_LENGTH];
    double ok, fails;
    double tolerance; /* of the counts, as a ratio */
};

/* What [sweep] says, for sim/axis.h to read: a study's axes. */
struct sweep_entry {
    char name[NAME_MAX_LENGTH], text[512];
    unsigned line;
};

struct scenario {
    char host_name[NAME_MAX_LENGTH];
    char host_description[256];
    char host_source[256];
    char ramp[NAME_MAX_LENGTH]; /* option or resource that grows; "guests" unless told */
    double value[OPTIONS_MAX];
    struct version versions[COMPONENT_COUNT];
    struct guest_class classes[CLASSES_MAX];
    size_t class_count; /* at least 1 */
    struct override set[OVERRIDES_MAX], used[OVERRIDES_MAX];
    struct override parameters[OVERRIDES_MAX]; /* of the simulation (data/parameters.csv) */
    size_t set_count, used_count, parameter_count;
    char sweep_file[256]; /* that [sweep] is in */
    struct sweep_entry sweep[SWEEP_MAX];
    size_t sweep_count;
    struct expectation expect; /* what tests/unit/test_walls.c holds the prediction against */
};

/* One class "guest", everything unset, on the embedded default host. */
int scenario_init(struct scenario *scenario, struct diag *diag);

/* Takes over a host preset (a name below data/hosts/) or an INI file's host part. */
int scenario_host(struct scenario *scenario, const char *name_or_path, struct diag *diag);

/* Reads a built-in scenario (a file below data/scenarios/, named without its number) or an INI
 * file: sections [host] [versions] [set] [used] [parameters] [scenario] [sweep] [guest NAME]
 * [disk GUEST.NAME] [nic GUEST.NAME] [expect]. An unknown name is an error that lists the built-in
 * ones. */
int scenario_read(struct scenario *scenario, const char *name_or_path, struct diag *diag);

/* Sets one named thing: an option (in every class), a component's version (linux, qemu, ...),
 * host, ramp, set, used or parameter ("ID=VALUE", several by comma). Unknown names are errors that
 * tell the nearest one; errors leave diag's file and line to the caller. */
int scenario_set(struct scenario *scenario, const char *name, const char *text, struct diag *diag);

/* Sets an option, in every class, to a value as option_parse reads it. */
void scenario_set_option(struct scenario *scenario, int option, double value);

/* Sets all of "NAME=VALUE NAME=VALUE": host and scenario (a built-in one or a file) first, as they
 * replace what the others adjust; then the totals of disks and NICs are spread. */
int scenario_settings(struct scenario *scenario, const char *text, struct diag *diag);

/* What scenario_set and the reader of INI files share. */
void scenario_class_init(struct guest_class *class, const char *name);
void scenario_group_init(struct device_group *group, const char *name);
int scenario_limit(struct scenario *scenario, const char *name, const char *text,
                   struct diag *diag);
int scenario_used(struct scenario *scenario, const char *name, const char *text, struct diag *diag);
int scenario_parameter(struct scenario *scenario, const char *name, const char *text,
                       struct diag *diag);
int scenario_unknown_name(const char *name, struct diag *diag);

/* Splits `--disks N` and `--nics N` (host totals) evenly over the guests of all classes: with R
 * left over, the first R guests have one more, as a class of their own where need be. Call once,
 * after all values are set. */
int scenario_spread(struct scenario *scenario, struct diag *diag);

/* The scenario at step n of its ramp: n guests in the order of the mix, which repeats; any other
 * option set to n. */
int scenario_at(const struct scenario *scenario, double n, struct scenario *out, struct diag *diag);

/* Guests of a class; 1 when nothing is said. */
double scenario_guests(const struct scenario *scenario, size_t class_index);

#endif
