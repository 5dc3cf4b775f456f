/* The verbs, and what becomes of their answers. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "plots/phase.h"
#include "sim/ranks.h"

static const struct {
    const char *name;
    verb_function *run;
} verbs[] = {
    {"run", cli_run},           {"limits", cli_limits},     {"explain", cli_explain},
    {"diagnose", cli_diagnose}, {"validate", cli_validate}, {"calibrate", cli_calibrate},
    {"plot", cli_plot},         {"report", cli_report},     {"sweep", cli_sweep},
};

static verb_function *find_verb(const char *name, struct diag *diag)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(name, verbs[i].name) == 0)
            return verbs[i].run;
    }
    diag_set(diag, STATUS_USAGE, NULL, 0, NULL,
             "'%s' is not a verb; expected run, limits, explain, diagnose, validate, calibrate, "
             "plot, report or sweep",
             name);
    return NULL;
}

int main(int count, char **values)
{
    struct ranks ranks;
    struct arguments arguments = {.rules = run_defaults,
                                  .knee_points = PHASE_KNEES,
                                  .shard = 1,
                                  .shards = 1,
                                  .ranks = &ranks};
    struct diag diag = {.line = 0};
    int code = ranks_join(&ranks, &count, &values, &diag);
    if (code == STATUS_OK) {
        ranks_hush(&ranks);
        code = flags_parse(&arguments, count, values, &diag);
        ranks_speak(&ranks);
    }
    if (ranks.rank > 0 && (code != STATUS_OK || strcmp(arguments.verb, "sweep") != 0))
        return 0;
    if (code == STATUS_OK) {
        verb_function *run = find_verb(arguments.verb, &diag);
        code = run != NULL ? run(&arguments, &diag) : STATUS_USAGE;
    }
    if (code >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
        code = diag_set(&diag, STATUS_IO, NULL, 0, NULL, "cannot write the answer");
    if (code < 0)
        diag_print(stderr, &diag);
    return code < 0 ? -code : code;
}
