/* The command line: one argp parser whose scenario flags are model/option.h's table. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "model/option.h"
#include "model/text.h"
#include "plots/phase.h"
#include "sim/ranks.h"

const char *argp_program_version = "scalesim " SCALESIM_VERSION;

enum key {
    KEY_SETTING = 0x1000, /* + index into names */
    KEY_CATALOG = 0x2000,
    KEY_SCENARIO,
    KEY_PARAMETERS,
    KEY_CSV,
    KEY_JSON,
    KEY_FULL,
    KEY_NO_SIMULATE,
    KEY_TARGETS,
    KEY_DRY_RUN,
    KEY_FORCE,
    KEY_KEEP,
    KEY_X,
    KEY_Y,
    KEY_CELLS,
    KEY_TRACE,
    KEY_SERIES,
    KEY_SEED,
    KEY_PRECISION,
    KEY_REPLICATIONS,
    KEY_THREADS,
    KEY_UNCERTAINTY,
    KEY_SIMULATE,
    KEY_RESUME,
    KEY_JOURNAL,
    KEY_SHARD,
};

static const struct {
    const char *name;
    verb_function *run;
} verbs[] = {
    {"run", cli_run},           {"limits", cli_limits},     {"explain", cli_explain},
    {"diagnose", cli_diagnose}, {"validate", cli_validate}, {"calibrate", cli_calibrate},
    {"plot", cli_plot},         {"report", cli_report},     {"sweep", cli_sweep},
};

static const struct argp_option plain[] = {
    {"catalog", KEY_CATALOG, "DIR", 0, "lay the tables of DIR over the catalogue", 1},
    {"scenario", KEY_SCENARIO, "NAME|FILE", 0,
     "a built-in scenario (bridge-ports-2015, ...) or an INI file", 1},
    {"parameters", KEY_PARAMETERS, "FILE", 0, "calibrated parameters (scalesim calibrate)", 1},
    {"csv", KEY_CSV, NULL, 0, "print every limit as CSV", 1},
    {"json", KEY_JSON, NULL, 0, "print the answer as JSON (data/schema.json)", 1},
    {"full", KEY_FULL, NULL, 0, "print every limit and assumption", 1},
    {"no-simulate", KEY_NO_SIMULATE, NULL, 0, "answer by the model alone", 1},
    {"targets", KEY_TARGETS, NULL, 0, "validate: published figures against the simulation", 1},
    {"output", 'o', "FILE", 0,
     "calibrate: the parameter file to write or merge into; plot: the picture, .svg or .png, or - "
     "for the terminal; report: the .html; sweep: the rows",
     1},
    {"keep", KEY_KEEP, NULL, 0, "plot: leave the data (.dat) and the script (.gp) too", 1},
    {"x", KEY_X, "NAME[=LOW..HIGH]", 0, "plot phase: the option along x (guests)", 1},
    {"y", KEY_Y, "NAME[=LOW..HIGH]", 0, "plot phase: the option along y (disks)", 1},
    {"cells", KEY_CELLS, "N", 0, "plot phase: cells along each axis (400)", 1},
    {"dry-run", KEY_DRY_RUN, NULL, 0,
     "calibrate: print the fits, write nothing; sweep: print the number of cells", 1},
    {"force", KEY_FORCE, NULL, 0, "calibrate: write fits that do not describe their data, too", 1},
    {"trace", KEY_TRACE, "FILE", 0,
     "write a timeline of one replication (Chrome trace events, for Perfetto)", 1},
    {"series", KEY_SERIES, "FILE", 0, "write the time series of one replication (CSV)", 1},
    {"seed", KEY_SEED, "N", 0, "of the simulation's random numbers (1)", 1},
    {"precision", KEY_PRECISION, "SHARE", 0,
     "replicate until 95 % intervals are this narrow (0.05)", 1},
    {"replications", KEY_REPLICATIONS, "N", 0, "most replications of a simulation (20)", 1},
    {"uncertainty", KEY_UNCERTAINTY, "N", 0,
     "draw the coefficients N times from their intervals, and tell what that does", 1},
    {"threads", KEY_THREADS, "N", 0,
     "threads that simulate, or sweep (all CPUs; one of each MPI rank)", 1},
    {"simulate", KEY_SIMULATE, NULL, 0, "sweep: simulate every cell, too", 1},
    {"journal", KEY_JOURNAL, "FILE", 0, "sweep: where finished batches are kept (OUTPUT.journal)",
     1},
    {"resume", KEY_RESUME, NULL, 0, "sweep: go on with what the journal has", 1},
    {"shard", KEY_SHARD, "I/N", 0, "sweep: the I-th of N parts, to be put together in order", 1},
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
    FLAGS_MAX = SPECIALS + COMPONENT_COUNT + OPTIONS_MAX,
};

/* Flag names own their memory for the life of the program; argp keeps pointers to them. */
static char flag_names[FLAGS_MAX][NAME_MAX_LENGTH];

static size_t add_flag(struct argp_option *list, size_t at, const char *name, const char *argument,
                       const char *help, int group)
{
    char *flag = flag_names[at];
    for (size_t i = 0; i + 1 < NAME_MAX_LENGTH && name[i] != '\0'; i++)
        flag[i] = name[i] == '_' ? '-' : name[i];
    list[at] = (struct argp_option){flag, KEY_SETTING + (int)at, argument, 0, help, group};
    return at + 1;
}

static size_t build_flags(struct argp_option *list)
{
    size_t at = 0;
    for (size_t i = 0; i < SPECIALS; i++)
        at = add_flag(list, at, specials[i][0], specials[i][1], specials[i][2], 2);
    for (int i = 0; i < COMPONENT_COUNT; i++)
        at = add_flag(list, at, component_name((enum component)i), "VERSION", "component version",
                      3);
    for (int i = 0; options[i].name != NULL; i++)
        at = add_flag(list, at, options[i].name,
                      options[i].kind == KIND_CHOICE ? "KIND"
                      : options[i].kind == KIND_SIZE ? "SIZE"
                                                     : "N",
                      options[i].help, 4 + (int)options[i].scope);
    memcpy(list + at, plain, sizeof plain);
    return at + PLAIN;
}

static double take_number(struct argp_state *state, const char *flag, const char *text,
                          double least, double most)
{
    double value;
    if (!text_parse_number(text, &value) || value < least || value > most)
        argp_error(state, "%s: '%s' is not a number from %g to %g", flag, text, least, most);
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

static error_t take(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_CATALOG:
        arguments->catalog = text;
        break;
    case KEY_PARAMETERS:
        arguments->parameters = text;
        break;
    case KEY_SCENARIO:
        arguments->scenario = text;
        break;
    case KEY_CSV:
        arguments->format = FORMAT_CSV;
        break;
    case KEY_JSON:
        arguments->format = FORMAT_JSON;
        break;
    case KEY_FULL:
        arguments->full = true;
        break;
    case KEY_NO_SIMULATE:
        arguments->no_simulate = true;
        break;
    case KEY_TARGETS:
        arguments->targets = true;
        break;
    case 'o':
        arguments->output = text;
        break;
    case KEY_DRY_RUN:
        arguments->dry_run = true;
        break;
    case KEY_FORCE:
        arguments->force = true;
        break;
    case KEY_KEEP:
        arguments->keep = true;
        break;
    case KEY_X:
        arguments->x = text;
        break;
    case KEY_Y:
        arguments->y = text;
        break;
    case KEY_CELLS:
        arguments->cells = (unsigned)take_number(state, "--cells", text, 2, PHASE_CELLS_MAX);
        break;
    case KEY_TRACE:
        arguments->trace = text;
        break;
    case KEY_SERIES:
        arguments->series = text;
        break;
    case KEY_SEED:
        arguments->rules.seed = (uint64_t)take_number(state, "--seed", text, 0, 0x1p53);
        break;
    case KEY_PRECISION:
        arguments->rules.relative = take_number(state, "--precision", text, 0, 1);
        break;
    case KEY_REPLICATIONS:
        arguments->rules.most = (uint64_t)take_number(state, "--replications", text, 1, 1e9);
        if (arguments->rules.least > arguments->rules.most)
            arguments->rules.least = arguments->rules.most;
        break;
    case KEY_UNCERTAINTY:
        arguments->draws = (size_t)take_number(state, "--uncertainty", text, 0, DRAWS_MAX);
        break;
    case KEY_THREADS:
        arguments->rules.threads = (unsigned)take_number(state, "--threads", text, 1, 4096);
        break;
    case KEY_SIMULATE:
        arguments->simulate = true;
        break;
    case KEY_RESUME:
        arguments->resume = true;
        break;
    case KEY_JOURNAL:
        arguments->journal = text;
        break;
    case KEY_SHARD:
        take_shard(state, text, arguments);
        break;
    case ARGP_KEY_ARG:
        if (arguments->verb == NULL)
            arguments->verb = text;
        else if (arguments->word_count < WORDS_MAX)
            arguments->words[arguments->word_count++] = text;
        else
            argp_error(state, "too many arguments");
        break;
    default:
        if (key < KEY_SETTING || key >= KEY_CATALOG)
            return ARGP_ERR_UNKNOWN;
        if (arguments->setting_count == SETTINGS_MAX)
            argp_error(state, "too many flags");
        arguments->settings[arguments->setting_count++] =
            (struct setting){flag_names[key - KEY_SETTING], text};
    }
    return 0;
}

static int run_verb(const struct arguments *arguments, struct diag *diag)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(arguments->verb, verbs[i].name) == 0)
            return verbs[i].run(arguments, diag);
    }
    return diag_set(
        diag, STATUS_USAGE, NULL, 0, NULL,
        "'%s' is not a verb; expected run, limits, explain, diagnose, validate, calibrate, "
        "plot, report or sweep",
        arguments->verb);
}

int main(int count, char **values)
{
    struct argp_option flags[FLAGS_MAX + PLAIN + 1] = {0};
    build_flags(flags);
    struct argp argp = {
        flags,
        take,
        "[run]\nlimits [PATTERN]\nexplain LIMIT\ndiagnose TEXT\nvalidate CASES.csv...\nvalidate "
        "--targets [PART...]\ncalibrate TRACE... -o FILE\nplot KIND [CASES.csv...] -o "
        "FILE.svg|png|-\nreport -o FILE.html\nsweep [-o FILE]",
        "Which limit does a KVM/QEMU/libvirt host hit first, at what count, how is it raised, and "
        "what stops it next?\v"
        "Exit status: 0 fits, 1 fits but tight or slowed, 2 does not fit, 3 cannot tell, 64 usage, "
        "65 bad input, 74 I/O, 130 interrupted.",
        NULL,
        NULL,
        NULL};
    struct ranks ranks;
    struct arguments arguments = {.rules = run_defaults, .shard = 1, .shards = 1, .ranks = &ranks};
    struct diag diag = {0};
    int code = ranks_join(&ranks, &count, &values, &diag);
    /* What is wrong with the arguments, rank 0 says and exits with. */
    argp_err_exit_status = -STATUS_USAGE;
    error_t wrong =
        argp_parse(&argp, count, values, ranks.rank > 0 ? ARGP_SILENT : 0, NULL, &arguments);
    if (arguments.verb == NULL)
        arguments.verb = "run";
    if (ranks.rank > 0 && (code != STATUS_OK || wrong != 0 || strcmp(arguments.verb, "sweep") != 0))
        return 0;
    if (code == STATUS_OK)
        code = run_verb(&arguments, &diag);
    if (code >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
        code = diag_set(&diag, STATUS_IO, NULL, 0, NULL, "cannot write the answer");
    if (code < 0)
        diag_print(stderr, &diag);
    return code < 0 ? -code : code;
}
