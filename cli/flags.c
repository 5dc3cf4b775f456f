/* The command line: one argp parser. What a verb is told is the table here; what a scenario is told
 * is model/option.h's. */
#include <argp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/folds.h"
#include "cli/cli.h"
#include "model/option.h"
#include "model/text.h"
#include "plots/phase.h"
#include "sim/sobol.h"

const char *argp_program_version = "scalesim " SCALESIM_VERSION;

enum kind { TEXT, SWITCH, CSV, JSON, UNSIGNED, INTEGER, SHARE, SHARD };

#define FIELD(field) offsetof(struct arguments, field)

/* A flag that is no setting of the scenario. */
static const struct flag {
    const char *name, *argument, *verbs; /* the verbs that read it; NULL: all */
    enum kind kind;
    size_t field;
    double least, most; /* of numbers */
    const char *help;
} plain[] = {
    {"catalog", "DIR", NULL, TEXT, FIELD(catalog), 0, 0,
     "lay the tables of DIR over the catalogue"},
    {"scenario", "NAME|FILE", NULL, TEXT, FIELD(scenario), 0, 0,
     "a built-in scenario (bridge-ports-2015, ...) or an INI file"},
    {"parameters", "FILE", NULL, TEXT, FIELD(parameters), 0, 0,
     "calibrated parameters (scalesim calibrate)"},
    {"csv", NULL, "run, sweep", CSV, FIELD(format), 0, 0, "print every limit as CSV"},
    {"json", NULL, "run, validate, sweep", JSON, FIELD(format), 0, 0,
     "print the answer as JSON (data/schema.json)"},
    {"full", NULL, "run", SWITCH, FIELD(full), 0, 0, "print every limit and assumption"},
    {"no-simulate", NULL, "run, plot, report", SWITCH, FIELD(no_simulate), 0, 0,
     "answer by the model alone"},
    {"targets", NULL, "validate", SWITCH, FIELD(targets), 0, 0,
     "published figures against the simulation"},
    {"k-fold", "K", "validate", UNSIGNED, FIELD(folds), 2, FOLDS_MAX,
     "cross-validate each column of a measured curve: K parts, each predicted from the others"},
    {"output", "FILE", "calibrate, plot, report, sweep", TEXT, FIELD(output), 0, 0,
     "the parameter file to write or merge into; the picture, .svg or .png, or - for the terminal; "
     "the .html or .md; the rows"},
    {"plot", "DIR", "calibrate, validate", TEXT, FIELD(plot), 0, 0,
     "a picture of each fit, or of each curve against the prediction, into DIR"},
    {"keep", NULL, "plot, calibrate, validate", SWITCH, FIELD(keep), 0, 0,
     "leave the data (.dat) and the script (.gp) too"},
    {"x", "NAME[=LOW..HIGH]", "plot, report", TEXT, FIELD(x), 0, 0,
     "the option along x of the phase map (guests)"},
    {"y", "NAME[=LOW..HIGH]", "plot, report", TEXT, FIELD(y), 0, 0,
     "the option along y of the phase map (disks)"},
    {"cells", "N", "plot", UNSIGNED, FIELD(cells), 2, PHASE_CELLS_MAX,
     "cells along each axis of the phase map (400)"},
    {"format", "FORM", "report", TEXT, FIELD(report_format), 0, 0,
     "html or markdown (as the output is named; markdown has its pictures beside it)"},
    {"knee-points", "N", "plot, report", UNSIGNED, FIELD(knee_points), 0, PHASE_KNEES_MAX,
     "places of the phase map at which the knee is simulated (5; each takes some ten runs of one "
     "replication: a second for idle guests, up to a minute for busy ones)"},
    {"dry-run", NULL, "calibrate, sweep", SWITCH, FIELD(dry_run), 0, 0,
     "print the fits, or the number of cells, and write nothing"},
    {"force", NULL, "calibrate", SWITCH, FIELD(force), 0, 0,
     "write fits that do not describe their data, too"},
    {"trace", "FILE", "run", TEXT, FIELD(trace), 0, 0,
     "write a timeline of one replication (Chrome trace events, for Perfetto)"},
    {"series", "FILE", "run", TEXT, FIELD(series), 0, 0,
     "write the time series of one replication (CSV)"},
    {"seed", "N", NULL, INTEGER, FIELD(rules.seed), 0, 0x1p53,
     "of the simulation's random numbers (1)"},
    {"precision", "SHARE", NULL, SHARE, FIELD(rules.relative), 0, 1,
     "replicate until 95 % intervals are this narrow (0.05)"},
    {"replications", "N", NULL, INTEGER, FIELD(rules.most), 1, 1e9,
     "most replications of a simulation (20)"},
    {"uncertainty", "N", "run, report", INTEGER, FIELD(draws), 0, DRAWS_MAX,
     "draw the coefficients N times from their intervals, and tell what that does"},
    {"threads", "N", NULL, UNSIGNED, FIELD(rules.threads), 1, 4096,
     "threads that simulate, or sweep (all CPUs; one of each MPI rank)"},
    {"simulate", NULL, "sweep", SWITCH, FIELD(simulate), 0, 0, "simulate every cell, too"},
    {"knees", NULL, "sweep", SWITCH, FIELD(knees), 0, 0,
     "simulate every cell, and look for the count at which a service level breaks"},
    {"sobol", "N", "sweep", INTEGER, FIELD(points), 1, SOBOL_POINTS_MAX,
     "draw the inputs at N points, and tell what shares of the outcomes' variance are theirs"},
    {"strict", NULL, "sweep", SWITCH, FIELD(strict), 0, 0, "an invalid cell ends the study"},
    {"journal", "FILE", "sweep", TEXT, FIELD(journal), 0, 0,
     "where finished batches are kept (OUTPUT.journal)"},
    {"resume", NULL, "sweep", SWITCH, FIELD(resume), 0, 0, "go on with what the journal has"},
    {"shard", "I/N", "sweep", SHARD, FIELD(shard), 0, 0,
     "the I-th of N parts, to be put together in order"},
};

static const char *const specials[][3] = {
    {"host", "NAME", "host preset or INI file (generic-2026)"},
    {"set", "LIMIT=VALUE", "a limit or kernel setting of this host"},
    {"used", "RESOURCE=VALUE", "what is in use before the first guest"},
    {"parameter", "NAME=VALUE", "a coefficient of the simulation (data/parameters.csv)"},
    {"ramp", "OPTION", "what grows: guests (default), another count, or a resource"},
};

enum {
    PLAIN = sizeof plain / sizeof plain[0],
    SPECIALS = sizeof specials / sizeof specials[0],
    SYNONYMS_MAX = 64,
    SETTINGS = SPECIALS + COMPONENT_COUNT + OPTIONS_MAX + SYNONYMS_MAX,
    HELP_MAX = 256,
    KEY_PLAIN = 0x1000,   /* + index into plain */
    KEY_SETTING = 0x2000, /* + index into names */
};

/* What argp keeps pointers to while it parses. */
struct parser {
    struct arguments *arguments;
    bool given[PLAIN];
    char names[SETTINGS][NAME_MAX_LENGTH];
    char help[PLAIN][HELP_MAX];
    struct argp_option list[SETTINGS + PLAIN + 1];
    size_t count;
};

static char *flag_name(struct parser *parser, const char *name)
{
    char *flag = parser->names[parser->count];
    for (size_t i = 0; i + 1 < NAME_MAX_LENGTH && name[i] != '\0'; i++)
        flag[i] = name[i] == '_' ? '-' : name[i];
    return flag;
}

/* A setting and, as argp wants them behind it, the other words for it. */
static void add_setting(struct parser *parser, const char *name, const char *argument,
                        const char *help, int group, const char *const synonyms[][2])
{
    int key = KEY_SETTING + (int)parser->count;
    parser->list[parser->count] =
        (struct argp_option){flag_name(parser, name), key, argument, 0, help, group};
    parser->count++;
    for (size_t i = 0; synonyms[i][0] != NULL; i++) {
        if (strcmp(synonyms[i][1], name) != 0)
            continue;
        parser->list[parser->count] = (struct argp_option){
            flag_name(parser, synonyms[i][0]), key, NULL, OPTION_ALIAS, NULL, group};
        parser->count++;
    }
}

static void list_flags(struct parser *parser)
{
    static const char *const none[][2] = {{NULL, NULL}};
    for (size_t i = 0; i < SPECIALS; i++)
        add_setting(parser, specials[i][0], specials[i][1], specials[i][2], 2, none);
    for (int i = 0; i < COMPONENT_COUNT; i++)
        add_setting(parser, component_name((enum component)i), "VERSION", "component version", 3,
                    component_synonyms);
    for (int i = 0; options[i].name != NULL; i++)
        add_setting(parser, options[i].name,
                    options[i].kind == KIND_CHOICE ? "KIND"
                    : options[i].kind == KIND_SIZE ? "SIZE"
                                                   : "N",
                    options[i].help, 4 + (int)options[i].scope, option_synonyms);
    for (size_t i = 0; i < PLAIN; i++) {
        const struct flag *flag = &plain[i];
        int key = strcmp(flag->name, "output") == 0 ? 'o' : KEY_PLAIN + (int)i;
        snprintf(parser->help[i], HELP_MAX, "%s%s%s", flag->verbs != NULL ? flag->verbs : "",
                 flag->verbs != NULL ? ": " : "", flag->help);
        parser->list[parser->count++] =
            (struct argp_option){flag->name, key, flag->argument, 0, parser->help[i], 1};
    }
}

static double take_number(struct argp_state *state, const struct flag *flag, const char *text)
{
    double value;
    if (!text_parse_number(text, &value) || value < flag->least || value > flag->most)
        argp_error(state, "--%s: '%s' is not a number from %g to %g", flag->name, text, flag->least,
                   flag->most);
    return value;
}

static void take_shard(struct argp_state *state, const char *text, struct arguments *arguments)
{
    unsigned long index, count;
    int end = 0;
    if (sscanf(text, "%9lu/%9lu%n", &index, &count, &end) != 2 || text[end] != '\0' || index < 1 ||
        index > count)
        argp_error(state, "--shard: '%s' is not I/N with 1 <= I <= N", text);
    arguments->shard = index;
    arguments->shards = count;
}

static void take_plain(struct argp_state *state, const struct flag *flag, char *text)
{
    struct parser *parser = state->input;
    void *field = (char *)parser->arguments + flag->field;
    parser->given[flag - plain] = true;
    switch (flag->kind) {
    case TEXT:
        *(const char **)field = text;
        break;
    case SWITCH:
        *(bool *)field = true;
        break;
    case CSV:
        *(enum format *)field = FORMAT_CSV;
        break;
    case JSON:
        *(enum format *)field = FORMAT_JSON;
        break;
    case UNSIGNED:
        *(unsigned *)field = (unsigned)take_number(state, flag, text);
        break;
    case INTEGER:
        *(uint64_t *)field = (uint64_t)take_number(state, flag, text);
        break;
    case SHARE:
        *(double *)field = take_number(state, flag, text);
        break;
    case SHARD:
        take_shard(state, text, parser->arguments);
        break;
    }
}

static bool is_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
        if ((at == list || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* A flag that the verb would not read is more likely a mistake than a wish. */
static void finish(struct argp_state *state)
{
    struct parser *parser = state->input;
    struct arguments *arguments = parser->arguments;
    if (arguments->verb == NULL)
        arguments->verb = "run";
    for (size_t i = 0; i < PLAIN; i++) {
        if (parser->given[i] && plain[i].verbs != NULL && !is_word(plain[i].verbs, arguments->verb))
            argp_error(state, "--%s is a flag of %s, not of %s", plain[i].name, plain[i].verbs,
                       arguments->verb);
    }
    if (arguments->rules.least > arguments->rules.most)
        arguments->rules.least = arguments->rules.most;
}

static error_t take(int key, char *text, struct argp_state *state)
{
    struct parser *parser = state->input;
    struct arguments *arguments = parser->arguments;
    if (key == ARGP_KEY_END) {
        finish(state);
    } else if (key == ARGP_KEY_ARG) {
        if (arguments->verb == NULL)
            arguments->verb = text;
        else if (arguments->word_count < WORDS_MAX)
            arguments->words[arguments->word_count++] = text;
        else
            argp_error(state, "too many arguments");
    } else if (key >= KEY_SETTING && key < KEY_SETTING + SETTINGS) {
        if (arguments->setting_count == SETTINGS_MAX)
            argp_error(state, "too many flags");
        struct setting *setting = &arguments->settings[arguments->setting_count++];
        memcpy(setting->name, parser->names[key - KEY_SETTING], sizeof setting->name);
        setting->text = text;
    } else {
        for (size_t i = 0; i < PLAIN; i++) {
            if (parser->list[parser->count - PLAIN + i].key == key) {
                take_plain(state, &plain[i], text);
                return 0;
            }
        }
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* argp takes any beginning of a name that is no other's; what begins none is named, with the
 * nearest. */
static int check_names(const struct parser *parser, int count, char **values, struct diag *diag)
{
    static const char *const argps[] = {"help", "usage", "version", "program-name", "HANG"};
    for (int i = 1; i < count && strcmp(values[i], "--") != 0; i++) {
        const char *name = values[i] + 2;
        char word[NAME_MAX_LENGTH];
        if (strncmp(values[i], "--", 2) != 0)
            continue;
        struct text_nearest nearest;
        bool known = false;
        size_t length = strcspn(name, "=");
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1),
                 name);
        text_nearest_init(&nearest, word);
        for (size_t o = 0; o < parser->count; o++) {
            known = known || strncmp(parser->list[o].name, name, length) == 0;
            text_nearest_offer(&nearest, parser->list[o].name);
        }
        for (size_t o = 0; o < sizeof argps / sizeof argps[0]; o++)
            known = known || strncmp(argps[o], name, length) == 0;
        if (known)
            continue;
        diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "unrecognized option '--%s'", word);
        diag_suggest(diag, nearest.best);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

int flags_parse(struct arguments *arguments, int count, char **values, struct diag *diag)
{
    static const char usage[] =
        "[run]\nlimits [PATTERN]\nexplain LIMIT\ndiagnose TEXT\n"
        "validate CASES.csv...\nvalidate RUN.csv [--k-fold K]\nvalidate --targets [PART...]\n"
        "calibrate TRACE... -o FILE\n"
        "plot KIND [CASES.csv...] -o FILE.svg|png|-\n"
        "report -o FILE.html|md\nsweep [-o FILE]";
    static const char help[] =
        "Which limit does a KVM/QEMU/libvirt host hit first, at what count, how is it raised, and "
        "what stops it next?\v"
        "Exit status: 0 fits, 1 fits but tight or slowed, 2 does not fit, 3 cannot tell, 64 usage, "
        "65 bad input, 74 I/O, 130 interrupted.";
    struct parser *parser = calloc(1, sizeof *parser);
    if (parser == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    parser->arguments = arguments;
    list_flags(parser);
    struct argp argp = {parser->list, take, usage, help, NULL, NULL, NULL};
    argp_err_exit_status = -STATUS_USAGE;
    int status = check_names(parser, count, values, diag);
    if (status == STATUS_OK)
        argp_parse(&argp, count, values, 0, NULL, parser);
    free(parser);
    return status;
}
