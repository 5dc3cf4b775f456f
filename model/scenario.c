#include "model/scenario.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/option.h"
#include "model/text.h"

static void unset(double value[OPTIONS_MAX])
{
    for (size_t i = 0; i < OPTIONS_MAX; i++)
        value[i] = NAN;
}

void scenario_group_init(struct device_group *group, const char *name)
{
    snprintf(group->name, sizeof group->name, "%s", name);
    unset(group->value);
}

void scenario_class_init(struct guest_class *class, const char *name)
{
    snprintf(class->name, sizeof class->name, "%s", name);
    unset(class->value);
    scenario_group_init(&class->disks[0], "disk");
    scenario_group_init(&class->nics[0], "nic");
    class->disk_groups = 1;
    class->nic_groups = 1;
}

int scenario_init(struct scenario *scenario, struct diag *diag)
{
    memset(scenario, 0, sizeof *scenario);
    unset(scenario->value);
    scenario->expect.ok = NAN;
    scenario->expect.fails = NAN;
    scenario_class_init(&scenario->classes[0], "guest");
    scenario->class_count = 1;
    snprintf(scenario->ramp, sizeof scenario->ramp, "guests");
    return scenario_host(scenario, "generic-2026", diag);
}

static int add_override(struct override *list, size_t *count, const char *name, const char *text,
                        struct diag *diag)
{
    double value;
    if (strcmp(text, "unlimited") == 0 || strcmp(text, "inf") == 0)
        value = INFINITY;
    else if (!text_parse_size(text, &value))
        return diag_set(diag, STATUS_DATA, NULL, 0, name, "'%s' is not a number or 'unlimited'",
                        text);
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            list[i].value = value;
            return STATUS_OK;
        }
    }
    if (*count == OVERRIDES_MAX)
        return diag_set(diag, STATUS_DATA, NULL, 0, name, "more than %d values", OVERRIDES_MAX);
    snprintf(list[*count].name, sizeof list[*count].name, "%s", name);
    list[(*count)++].value = value;
    return STATUS_OK;
}

/* The kernel setting of that name, with or without its path ("vm.", "kernel."), or -1. */
static int find_sysctl(const char *name)
{
    const char *dot = strrchr(name, '.');
    int option = option_find(dot != NULL ? dot + 1 : name);
    return option >= 0 && options[option].sysctl ? option : -1;
}

int scenario_limit(struct scenario *scenario, const char *name, const char *text, struct diag *diag)
{
    int option = find_sysctl(name);
    if (option >= 0)
        return option_parse(&options[option], text, &scenario->value[option], diag);
    return add_override(scenario->set, &scenario->set_count, name, text, diag);
}

int scenario_used(struct scenario *scenario, const char *name, const char *text, struct diag *diag)
{
    return add_override(scenario->used, &scenario->used_count, name, text, diag);
}

/* "ID=VALUE,ID=VALUE": also split at spaces and semicolons, as case files write it. */
static int set_each(struct scenario *scenario, const char *what, const char *text,
                    int (*set)(struct scenario *, const char *, const char *, struct diag *),
                    struct diag *diag)
{
    char copy[1024];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *item; (item = strsep(&rest, ", ;")) != NULL;) {
        if (item[0] == '\0')
            continue;
        char *equals = strchr(item, '=');
        if (equals == NULL)
            return diag_set(diag, STATUS_DATA, NULL, 0, what, "'%s' is not NAME=VALUE", item);
        *equals = '\0';
        int status = set(scenario, item, equals + 1, diag);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

int scenario_unknown_name(const char *name, struct diag *diag)
{
    static const char *const others[] = {"host", "set", "used", "ramp"};
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (int i = 0; options[i].name != NULL; i++)
        text_nearest_offer(&nearest, options[i].name);
    for (int i = 0; i < COMPONENT_COUNT; i++)
        text_nearest_offer(&nearest, component_name((enum component)i));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        text_nearest_offer(&nearest, others[i]);
    diag_set(diag, STATUS_DATA, NULL, 0, name, "unknown name");
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

static void set_option(struct scenario *scenario, int option, double value)
{
    switch (options[option].scope) {
    case SCOPE_HOST:
    case SCOPE_SCENARIO:
        scenario->value[option] = value;
        break;
    case SCOPE_GUEST:
        for (size_t i = 0; i < scenario->class_count; i++)
            scenario->classes[i].value[option] = value;
        break;
    case SCOPE_DISK:
        for (size_t i = 0; i < scenario->class_count; i++)
            scenario->classes[i].disks[0].value[option] = value;
        break;
    case SCOPE_NIC:
        for (size_t i = 0; i < scenario->class_count; i++)
            scenario->classes[i].nics[0].value[option] = value;
        break;
    }
}

int scenario_set(struct scenario *scenario, const char *name, const char *text, struct diag *diag)
{
    if (strcmp(name, "host") == 0)
        return scenario_host(scenario, text, diag);
    if (strcmp(name, "set") == 0)
        return set_each(scenario, name, text, scenario_limit, diag);
    if (strcmp(name, "used") == 0)
        return set_each(scenario, name, text, scenario_used, diag);
    if (strcmp(name, "ramp") == 0) {
        snprintf(scenario->ramp, sizeof scenario->ramp, "%s", text);
        return STATUS_OK;
    }
    enum component component = component_find(name, strlen(name));
    if (component != COMPONENT_COUNT) {
        if (!version_parse(text, &scenario->versions[component]))
            return diag_set(diag, STATUS_DATA, NULL, 0, name, "'%s' is not a version such as 6.1",
                            text);
        return STATUS_OK;
    }
    int option = option_find(name);
    double value;
    if (option < 0)
        return scenario_unknown_name(name, diag);
    int status = option_parse(&options[option], text, &value, diag);
    if (status == STATUS_OK)
        set_option(scenario, option, value);
    return status;
}

/* Gives each of the class's guests total/guests devices; the remainder goes to a new class. */
static int spread(struct scenario *scenario, int total_option, int each_option, bool disks,
                  struct diag *diag)
{
    double total = scenario->value[total_option];
    if (isnan(total))
        return STATUS_OK;
    struct guest_class *class = &scenario->classes[0];
    double *guests = &class->value[OPTION_GUESTS];
    if (scenario->class_count != 1 || isnan(*guests) || *guests == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, options[total_option].name,
                        "needs one class with a known number of guests; say it per guest instead");
    double each = floor(total / *guests);
    double left = total - each * *guests;
    double *first = disks ? class->disks[0].value : class->nics[0].value;
    first[each_option] = each;
    if (left > 0) {
        scenario->classes[1] = *class;
        scenario->class_count = 2;
        snprintf(class->name, sizeof class->name, "guest+");
        first[each_option] = each + 1;
        scenario->classes[1].value[OPTION_GUESTS] = *guests - left;
        *guests = left;
    }
    return STATUS_OK;
}

int scenario_spread(struct scenario *scenario, struct diag *diag)
{
    bool both = !isnan(scenario->value[OPTION_DISKS]) && !isnan(scenario->value[OPTION_NICS]);
    double guests = scenario->classes[0].value[OPTION_GUESTS];
    int status = spread(scenario, OPTION_DISKS, OPTION_DISKS_PER_GUEST, true, diag);
    if (status == STATUS_OK && both && scenario->class_count == 2) {
        double nics = scenario->value[OPTION_NICS];
        if (fmod(nics, guests) != 0)
            return diag_set(diag, STATUS_DATA, NULL, 0, "nics",
                            "with --disks that does not divide evenly, NICs must be a multiple of "
                            "the guests; say one of them per guest");
        for (size_t i = 0; i < 2; i++)
            scenario->classes[i].nics[0].value[OPTION_NICS_PER_GUEST] = nics / guests;
        return status;
    }
    return status == STATUS_OK ? spread(scenario, OPTION_NICS, OPTION_NICS_PER_GUEST, false, diag)
                               : status;
}
