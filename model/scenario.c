#include "model/scenario.h"

#include <ini.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/data.h"
#include "model/option.h"
#include "model/text.h"

static void unset(double value[OPTIONS_MAX])
{
    for (size_t i = 0; i < OPTIONS_MAX; i++)
        value[i] = NAN;
}

static void group_init(struct device_group *group, const char *name)
{
    snprintf(group->name, sizeof group->name, "%s", name);
    unset(group->value);
}

static void class_init(struct guest_class *class, const char *name)
{
    snprintf(class->name, sizeof class->name, "%s", name);
    unset(class->value);
    group_init(&class->disks[0], "disk");
    group_init(&class->nics[0], "nic");
    class->disk_groups = 1;
    class->nic_groups = 1;
}

int scenario_init(struct scenario *scenario, struct diag *diag)
{
    memset(scenario, 0, sizeof *scenario);
    unset(scenario->value);
    class_init(&scenario->classes[0], "guest");
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

/* "ID=VALUE,ID=VALUE": also split at spaces and semicolons, as case files write it. */
static int add_overrides(struct override *list, size_t *count, const char *what, const char *text,
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
        int status = add_override(list, count, item, equals + 1, diag);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static int unknown_name(const char *name, struct diag *diag)
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
        return add_overrides(scenario->set, &scenario->set_count, name, text, diag);
    if (strcmp(name, "used") == 0)
        return add_overrides(scenario->used, &scenario->used_count, name, text, diag);
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
        return unknown_name(name, diag);
    int status = option_parse(&options[option], text, &value, diag);
    if (status == STATUS_OK)
        set_option(scenario, option, value);
    return status;
}

struct ini_reader {
    struct scenario *scenario;
    struct diag *diag;
    const char *file;
    const char *at;   /* rest of the text */
    unsigned line;    /* line last handed to inih, whose handler is not told it */
    bool first_class; /* no [guest] section yet: the implicit class is replaced */
    int status;
};

/* The class of that name, created when new; NULL when there are too many. */
static struct guest_class *find_class(struct ini_reader *reader, const char *name)
{
    struct scenario *scenario = reader->scenario;
    if (reader->first_class) {
        reader->first_class = false;
        snprintf(scenario->classes[0].name, sizeof scenario->classes[0].name, "%s", name);
    }
    for (size_t i = 0; i < scenario->class_count; i++) {
        if (strcmp(scenario->classes[i].name, name) == 0)
            return &scenario->classes[i];
    }
    if (scenario->class_count == CLASSES_MAX)
        return NULL;
    struct guest_class *class = &scenario->classes[scenario->class_count++];
    class_init(class, name);
    return class;
}

static struct device_group *find_group(struct device_group *groups, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(groups[i].name, name) == 0)
            return &groups[i];
    }
    if (*count == GROUPS_MAX)
        return NULL;
    group_init(&groups[*count], name);
    return &groups[(*count)++];
}

/* [disk GUEST.NAME]: keys are option names without their prefix; count is the number per guest. */
static int set_group(struct ini_reader *reader, const char *kind, const char *where,
                     const char *name, const char *text)
{
    char guest[NAME_MAX_LENGTH];
    char full[2 * NAME_MAX_LENGTH];
    bool disk = strcmp(kind, "disk") == 0;
    const char *dot = strchr(where, '.');
    snprintf(guest, sizeof guest, "%.*s", dot != NULL ? (int)(dot - where) : 63, where);
    struct guest_class *class = find_class(reader, guest);
    struct device_group *group =
        class == NULL ? NULL
        : disk ? find_group(class->disks, &class->disk_groups, dot != NULL ? dot + 1 : "disk")
               : find_group(class->nics, &class->nic_groups, dot != NULL ? dot + 1 : "nic");
    if (group == NULL)
        return diag_set(reader->diag, STATUS_DATA, NULL, 0, where,
                        "more than %d guest classes or %d device groups", CLASSES_MAX, GROUPS_MAX);
    if (strcmp(name, "count") == 0)
        snprintf(full, sizeof full, "%ss_per_guest", kind);
    else
        snprintf(full, sizeof full, "%s_%.63s", kind, name);
    int option = option_find(full);
    if (option < 0 || options[option].scope != (disk ? SCOPE_DISK : SCOPE_NIC))
        return unknown_name(full, reader->diag);
    return option_parse(&options[option], text, &group->value[option], reader->diag);
}

static int set_guest(struct ini_reader *reader, const char *where, const char *name,
                     const char *text)
{
    struct guest_class *class = find_class(reader, where);
    if (class == NULL)
        return diag_set(reader->diag, STATUS_DATA, NULL, 0, where, "more than %d guest classes",
                        CLASSES_MAX);
    int option = option_find(strcmp(name, "count") == 0 ? "guests" : name);
    if (option < 0 || options[option].scope < SCOPE_GUEST)
        return unknown_name(name, reader->diag);
    double *value = options[option].scope == SCOPE_GUEST  ? class->value
                    : options[option].scope == SCOPE_DISK ? class->disks[0].value
                                                          : class->nics[0].value;
    return option_parse(&options[option], text, &value[option], reader->diag);
}

static int set_host(struct scenario *scenario, const char *name, const char *text,
                    struct diag *diag)
{
    if (strcmp(name, "description") == 0)
        snprintf(scenario->host_description, sizeof scenario->host_description, "%s", text);
    else if (strcmp(name, "source") == 0)
        snprintf(scenario->host_source, sizeof scenario->host_source, "%s", text);
    else
        return scenario_set(scenario, strcmp(name, "preset") == 0 ? "host" : name, text, diag);
    return STATUS_OK;
}

static int take_entry(void *context, const char *section, const char *name, const char *text)
{
    struct ini_reader *reader = context;
    struct scenario *scenario = reader->scenario;
    if (reader->status != STATUS_OK)
        return 0;
    char kind[16] = "";
    char where[NAME_MAX_LENGTH] = "";
    sscanf(section, "%15s %63[^\n]", kind, where);
    if (strcmp(kind, "guest") == 0)
        reader->status = set_guest(reader, where[0] != '\0' ? where : "guest", name, text);
    else if (strcmp(kind, "disk") == 0 || strcmp(kind, "nic") == 0)
        reader->status = set_group(reader, kind, where, name, text);
    else if (strcmp(section, "set") == 0)
        reader->status =
            add_override(scenario->set, &scenario->set_count, name, text, reader->diag);
    else if (strcmp(section, "used") == 0)
        reader->status =
            add_override(scenario->used, &scenario->used_count, name, text, reader->diag);
    else if (strcmp(section, "host") == 0)
        reader->status = set_host(scenario, name, text, reader->diag);
    else if (strcmp(section, "scenario") == 0 || strcmp(section, "versions") == 0)
        reader->status = scenario_set(scenario, name, text, reader->diag);
    else
        reader->status = diag_set(reader->diag, STATUS_DATA, NULL, 0, section,
                                  "unknown section; expected host, versions, set, used, scenario, "
                                  "guest NAME, disk GUEST.NAME or nic GUEST.NAME");
    if (reader->status != STATUS_OK && reader->diag->line == 0) {
        snprintf(reader->diag->file, sizeof reader->diag->file, "%s", reader->file);
        reader->diag->line = reader->line;
    }
    return reader->status == STATUS_OK;
}

/* fgets over a string, counting lines. */
static char *next_line(char *out, int size, void *context)
{
    struct ini_reader *reader = context;
    if (reader->at[0] == '\0' || size < 2)
        return NULL;
    const char *newline = strchr(reader->at, '\n');
    size_t length = newline != NULL ? (size_t)(newline - reader->at) + 1 : strlen(reader->at);
    if (length > (size_t)size - 1)
        length = (size_t)size - 1;
    memcpy(out, reader->at, length);
    out[length] = '\0';
    reader->at += length;
    reader->line++;
    return out;
}

static int parse_ini(struct scenario *scenario, const char *file, const char *text,
                     struct diag *diag)
{
    struct ini_reader reader = {.scenario = scenario,
                                .diag = diag,
                                .file = file,
                                .at = text,
                                .first_class = scenario->class_count == 1};
    int line = ini_parse_stream(next_line, &reader, take_entry, &reader);
    if (reader.status == STATUS_OK && line != 0)
        return diag_set(diag, STATUS_DATA, file, line > 0 ? (unsigned)line : 0, NULL,
                        "not 'key = value' or '[section]'");
    return reader.status;
}

int scenario_read(struct scenario *scenario, const char *path, struct diag *diag)
{
    char *text;
    size_t length;
    int status = text_read_file(path, &text, &length, diag);
    if (status == STATUS_OK) {
        status = parse_ini(scenario, path, text, diag);
        free(text);
    }
    return status;
}

int scenario_host(struct scenario *scenario, const char *name_or_path, struct diag *diag)
{
    char file[256];
    snprintf(file, sizeof file, "hosts/%s.ini", name_or_path);
    const struct data_file *preset = data_find(file);
    if (preset == NULL && strchr(name_or_path, '/') == NULL && strchr(name_or_path, '.') == NULL) {
        struct text_nearest nearest;
        char names[32][NAME_MAX_LENGTH];
        size_t count = 0;
        text_nearest_init(&nearest, name_or_path);
        for (const struct data_file *at = data_files; at->name != NULL && count < 32; at++) {
            if (sscanf(at->name, "hosts/%63[^.]", names[count]) == 1)
                text_nearest_offer(&nearest, names[count++]);
        }
        diag_set(diag, STATUS_DATA, NULL, 0, "host", "no preset '%s'", name_or_path);
        diag_suggest(diag, nearest.best);
        return STATUS_DATA;
    }
    for (int i = 0; options[i].name != NULL; i++) {
        if (options[i].scope == SCOPE_HOST)
            scenario->value[i] = NAN;
    }
    memset(scenario->versions, 0, sizeof scenario->versions);
    scenario->set_count = 0;
    scenario->used_count = 0;
    snprintf(scenario->host_name, sizeof scenario->host_name, "%s", name_or_path);
    if (preset != NULL)
        return parse_ini(scenario, preset->name, preset->text, diag);
    return scenario_read(scenario, name_or_path, diag);
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
