#include "model/scenario.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

int scenario_limit(struct scenario *scenario, const char *name, const char *text, struct diag *diag)
{
    int option = option_find_set(name);
    if (option >= 0)
        return option_parse(&options[option], text, &scenario->value[option], diag);
    return add_override(scenario->set, &scenario->set_count, name, text, diag);
}

int scenario_used(struct scenario *scenario, const char *name, const char *text, struct diag *diag)
{
    return add_override(scenario->used, &scenario->used_count, name, text, diag);
}

int scenario_parameter(struct scenario *scenario, const char *name, const char *text,
                       struct diag *diag)
{
    return add_override(scenario->parameters, &scenario->parameter_count, name, text, diag);
}

static int no_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

/* "ID=VALUE,ID=VALUE": also split at spaces and semicolons, as case files write it. */
static int set_each(struct scenario *scenario, const char *what, const char *text,
                    int (*set)(struct scenario *, const char *, const char *, struct diag *),
                    struct diag *diag)
{
    char *copy = strdup(text);
    char *rest = copy;
    int status = copy != NULL ? STATUS_OK : no_memory(diag);
    for (char *item; status == STATUS_OK && (item = strsep(&rest, ", ;")) != NULL;) {
        char *equals = strchr(item, '=');
        if (item[0] == '\0')
            continue;
        if (equals == NULL) {
            status = diag_set(diag, STATUS_DATA, NULL, 0, what, "'%s' is not NAME=VALUE", item);
            break;
        }
        *equals = '\0';
        status = set(scenario, item, equals + 1, diag);
    }
    free(copy);
    return status;
}

int scenario_unknown_name(const char *name, struct diag *diag)
{
    static const char *const others[] = {"host", "set", "used", "parameter", "ramp"};
    struct text_nearest nearest;
    text_nearest_init(&nearest, name);
    for (int i = 0; options[i].name != NULL; i++)
        text_nearest_offer(&nearest, options[i].name);
    for (int i = 0; i < COMPONENT_COUNT; i++)
        text_nearest_offer(&nearest, component_name((enum component)i));
    for (size_t i = 0; option_synonyms[i][0] != NULL; i++)
        text_nearest_offer(&nearest, option_synonyms[i][0]);
    for (size_t i = 0; component_synonyms[i][0] != NULL; i++)
        text_nearest_offer(&nearest, component_synonyms[i][0]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        text_nearest_offer(&nearest, others[i]);
    diag_set(diag, STATUS_DATA, NULL, 0, name, "unknown name");
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

void scenario_set_option(struct scenario *scenario, int option, double value)
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
    if (strcmp(name, "parameter") == 0)
        return set_each(scenario, name, text, scenario_parameter, diag);
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
        scenario_set_option(scenario, option, value);
    return status;
}

double scenario_guests(const struct scenario *scenario, size_t class_index)
{
    double guests = scenario->classes[class_index].value[OPTION_GUESTS];
    return isnan(guests) ? 1 : guests;
}

static double *per_guest(struct guest_class *class, int option)
{
    return &(options[option].scope == SCOPE_DISK ? class->disks : class->nics)[0].value[option];
}

/* Whether another class has this one's name. */
static bool names_class(const struct scenario *scenario, const struct guest_class *class)
{
    for (size_t i = 0; i < scenario->class_count; i++) {
        if (&scenario->classes[i] != class && strcmp(scenario->classes[i].name, class->name) == 0)
            return true;
    }
    return false;
}

/* What of a class is in use: its groups are most of its size. */
static void copy_class(struct guest_class *to, const struct guest_class *from)
{
    memcpy(to->name, from->name, sizeof to->name);
    memcpy(to->value, from->value, sizeof to->value);
    memcpy(to->disks, from->disks, from->disk_groups * sizeof *to->disks);
    memcpy(to->nics, from->nics, from->nic_groups * sizeof *to->nics);
    to->disk_groups = from->disk_groups;
    to->nic_groups = from->nic_groups;
}

/* Splits class i: its first guests become a class of their own, in front of the rest. */
static int split_class(struct scenario *scenario, size_t i, double first, struct diag *diag)
{
    struct guest_class *class = &scenario->classes[i];
    if (scenario->class_count == CLASSES_MAX)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "more than %d guest classes",
                        CLASSES_MAX);
    for (size_t c = scenario->class_count; c > i; c--)
        copy_class(&scenario->classes[c], &scenario->classes[c - 1]);
    scenario->class_count++;
    class[1].value[OPTION_GUESTS] = scenario_guests(scenario, i) - first;
    class[0].value[OPTION_GUESTS] = first;
    size_t length = strnlen(class->name, sizeof class->name - CLASSES_MAX);
    do { /* a name of its own */
        memcpy(class->name + length++, "+", 2);
    } while (names_class(scenario, class));
    return STATUS_OK;
}

/* Gives every guest total/guests devices, and the first ones one more each. */
static int spread(struct scenario *scenario, int total_option, int each_option, struct diag *diag)
{
    double total = scenario->value[total_option];
    double guests = 0;
    if (isnan(total))
        return STATUS_OK;
    for (size_t i = 0; i < scenario->class_count; i++)
        *per_guest(&scenario->classes[i], each_option) = 0;
    for (size_t i = 0; i < scenario->class_count; i++)
        guests += scenario_guests(scenario, i);
    if (guests == 0 && total > 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, options[total_option].name,
                        "there is no guest to spread them over; say --guests, or how many a guest");
    double each = guests > 0 ? floor(total / guests) : 0;
    double left = total - each * guests;
    for (size_t i = 0; i < scenario->class_count; i++) {
        double here = scenario_guests(scenario, i);
        double more = fmin(left, here);
        if (more > 0 && more < here && split_class(scenario, i, more, diag) != STATUS_OK)
            return STATUS_DATA;
        *per_guest(&scenario->classes[i], each_option) = more > 0 ? each + 1 : each;
        left -= more;
    }
    return STATUS_OK;
}

int scenario_spread(struct scenario *scenario, struct diag *diag)
{
    int status = spread(scenario, OPTION_DISKS, OPTION_DISKS_PER_GUEST, diag);
    return status == STATUS_OK ? spread(scenario, OPTION_NICS, OPTION_NICS_PER_GUEST, diag)
                               : status;
}

/* One "NAME=VALUE", if it is one of those that go first or of the others. */
static int apply_setting(struct scenario *scenario, char *item, bool first, struct diag *diag)
{
    char *equals = strchr(item, '=');
    if (equals == NULL)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "'%s' is not NAME=VALUE", item);
    *equals = '\0';
    bool scenario_file = strcmp(item, "scenario") == 0;
    if ((scenario_file || strcmp(item, "host") == 0) != first)
        return STATUS_OK;
    return scenario_file ? scenario_read(scenario, equals + 1, diag)
                         : scenario_set(scenario, item, equals + 1, diag);
}

int scenario_settings(struct scenario *scenario, const char *text, struct diag *diag)
{
    int status = STATUS_OK;
    for (int pass = 0; status == STATUS_OK && pass < 2; pass++) {
        char *copy = strdup(text);
        char *rest = copy;
        status = copy != NULL ? STATUS_OK : no_memory(diag);
        for (char *item; status == STATUS_OK && (item = strsep(&rest, " ")) != NULL;) {
            if (item[0] != '\0')
                status = apply_setting(scenario, item, pass == 0, diag);
        }
        free(copy);
    }
    return status == STATUS_OK ? scenario_spread(scenario, diag) : status;
}

int scenario_at(const struct scenario *scenario, double n, struct scenario *out, struct diag *diag)
{
    *out = *scenario;
    if (strcmp(scenario->ramp, "guests") != 0) {
        char text[32];
        snprintf(text, sizeof text, "%.0f", n);
        return scenario_set(out, scenario->ramp, text, diag);
    }
    double total = 0;
    for (size_t c = 0; c < scenario->class_count; c++)
        total += scenario_guests(scenario, c);
    double cycles = total > 0 ? floor(n / total) : 0;
    double rest = n - cycles * total;
    for (size_t c = 0; c < scenario->class_count; c++) {
        double each = scenario_guests(scenario, c);
        double here = fmin(rest, each);
        rest -= here;
        out->classes[c].value[OPTION_GUESTS] = cycles * each + here;
    }
    return STATUS_OK;
}
