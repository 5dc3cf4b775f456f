/* Scenarios and host presets as INI text: embedded ones by name, others by path. */
#include <ini.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/data.h"
#include "model/option.h"
#include "model/scenario.h"
#include "model/text.h"

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
    scenario_class_init(class, name);
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
    scenario_group_init(&groups[*count], name);
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
        return scenario_unknown_name(full, reader->diag);
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
        return scenario_unknown_name(name, reader->diag);
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

static int set_expect(struct expectation *expect, const char *name, const char *text,
                      struct diag *diag)
{
    double *number = strcmp(name, "ok") == 0          ? &expect->ok
                     : strcmp(name, "fails") == 0     ? &expect->fails
                     : strcmp(name, "tolerance") == 0 ? &expect->tolerance
                                                      : NULL;
    expect->given = true;
    if (strcmp(name, "limit") == 0)
        snprintf(expect->limit, sizeof expect->limit, "%s", text);
    else if (number == NULL)
        return diag_set(diag, STATUS_DATA, NULL, 0, name,
                        "unknown name; expected limit, ok, fails or tolerance");
    else if (!text_parse_number(text, number) || *number < 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, name, "'%s' is not a number of 0 or more",
                        text);
    return STATUS_OK;
}

static int set_sweep(struct ini_reader *reader, const char *name, const char *text)
{
    struct scenario *scenario = reader->scenario;
    if (scenario->sweep_count == SWEEP_MAX)
        return diag_set(reader->diag, STATUS_DATA, NULL, 0, name, "more than %d entries in [sweep]",
                        SWEEP_MAX);
    struct sweep_entry *entry = &scenario->sweep[scenario->sweep_count++];
    if (strlen(name) >= sizeof entry->name || strlen(text) >= sizeof entry->text)
        return diag_set(reader->diag, STATUS_DATA, NULL, 0, name, "is longer than %zu characters",
                        sizeof entry->text - 1);
    snprintf(entry->name, sizeof entry->name, "%s", name);
    snprintf(entry->text, sizeof entry->text, "%s", text);
    snprintf(scenario->sweep_file, sizeof scenario->sweep_file, "%s", reader->file);
    entry->line = reader->line;
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
        reader->status = scenario_limit(scenario, name, text, reader->diag);
    else if (strcmp(section, "used") == 0)
        reader->status = scenario_used(scenario, name, text, reader->diag);
    else if (strcmp(section, "parameters") == 0)
        reader->status = scenario_parameter(scenario, name, text, reader->diag);
    else if (strcmp(section, "host") == 0)
        reader->status = set_host(scenario, name, text, reader->diag);
    else if (strcmp(section, "scenario") == 0 || strcmp(section, "versions") == 0)
        reader->status = scenario_set(scenario, name, text, reader->diag);
    else if (strcmp(section, "sweep") == 0)
        reader->status = set_sweep(reader, name, text);
    else if (strcmp(section, "expect") == 0)
        reader->status = set_expect(&scenario->expect, name, text, reader->diag);
    else
        reader->status =
            diag_set(reader->diag, STATUS_DATA, NULL, 0, section,
                     "unknown section; expected host, versions, set, used, parameters, scenario, "
                     "sweep, guest NAME, disk GUEST.NAME, nic GUEST.NAME or expect");
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

static int read_path(struct scenario *scenario, const char *path, struct diag *diag)
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

static bool looks_like_path(const char *text)
{
    return strpbrk(text, "/.") != NULL;
}

/* The scenario's name: its file name without folder, number and ".ini"; false for other files. */
static bool scenario_name(const struct data_file *file, char name[NAME_MAX_LENGTH])
{
    return sscanf(file->name, "scenarios/%*[0-9]-%63[^.]", name) == 1;
}

static int unknown_scenario(const char *name, struct diag *diag)
{
    struct text_nearest nearest;
    char near[NAME_MAX_LENGTH] = "";
    char at[NAME_MAX_LENGTH];
    text_nearest_init(&nearest, name);
    diag_set(diag, STATUS_DATA, NULL, 0, "scenario", "no file and no built-in scenario '%s';",
             name);
    for (const struct data_file *file = data_files; file->name != NULL; file++) {
        if (!scenario_name(file, at))
            continue;
        size_t used = strlen(diag->message);
        snprintf(diag->message + used, sizeof diag->message - used, " %s", at);
        text_nearest_offer(&nearest, at);
        if (nearest.best == at)
            nearest.best = strcpy(near, at);
    }
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

int scenario_read(struct scenario *scenario, const char *name_or_path, struct diag *diag)
{
    char name[NAME_MAX_LENGTH];
    for (const struct data_file *file = data_files; file->name != NULL; file++) {
        if (scenario_name(file, name) && strcmp(name, name_or_path) == 0)
            return parse_ini(scenario, file->name, file->text, diag);
    }
    if (!looks_like_path(name_or_path) && access(name_or_path, F_OK) != 0)
        return unknown_scenario(name_or_path, diag);
    return read_path(scenario, name_or_path, diag);
}

int scenario_host(struct scenario *scenario, const char *name_or_path, struct diag *diag)
{
    char file[256];
    snprintf(file, sizeof file, "hosts/%s.ini", name_or_path);
    const struct data_file *preset = data_find(file);
    if (preset == NULL && !looks_like_path(name_or_path)) {
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
    return read_path(scenario, name_or_path, diag);
}
