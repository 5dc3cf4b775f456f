/* --trace and --series: one replication of what is asked, watched. Phases follow one another. */
#include <stdio.h>

#include "cli/cli.h"
#include "sim/engine/trace.h"

/* Rows of a viewer's timeline that are named at most; the rest have their number. */
enum { NAMED_GUESTS = 20000 };

static void name_tracks(struct trace *trace, const struct plan *plan)
{
    for (uint32_t g = 0; g < plan->guests && g < NAMED_GUESTS; g++) {
        char name[32];
        snprintf(name, sizeof name, "guest %u", g + 1);
        trace_name_track(trace, g + 1, name);
    }
}

static int run_phases(const struct plan *plan, const struct run_rules *rules,
                      struct recorder *recorder, struct diag *diag)
{
    static const struct {
        enum phase phase;
        const char *name;
    } watched[] = {{PHASE_START, "start"}, {PHASE_STEADY, "steady"}};
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
        uint64_t lasted;
        if (!phase_applies(plan, watched[i].phase))
            continue;
        recorder->phase = watched[i].name;
        int status = run_observed(plan, watched[i].phase, rules, recorder, &lasted, diag);
        if (status != STATUS_OK)
            return status;
        recorder->offset_ns += lasted;
    }
    return STATUS_OK;
}

int record_files(const struct question *question, const struct arguments *arguments,
                 struct diag *diag)
{
    struct output trace_file = {.file = NULL};
    struct output series_file = {.file = NULL};
    struct event_types types = {.count = 0};
    struct trace trace;
    struct recorder recorder = {.trace = NULL};
    struct plan plan = {.model = NULL};
    struct overlay overlay = {arguments->parameters, arguments->catalog, 0};
    int status = plan_init(&plan, question->model, &overlay, diag);
    if (status == STATUS_OK && arguments->trace != NULL)
        status = output_open(&trace_file, arguments->trace, diag);
    if (status == STATUS_OK && arguments->series != NULL)
        status = output_open(&series_file, arguments->series, diag);
    if (status == STATUS_OK && trace_file.file != NULL) {
        trace_begin(&trace, trace_file.file, TRACE_CHROME, &types);
        name_tracks(&trace, &plan);
        recorder.trace = &trace;
    }
    recorder.series = series_file.file;
    if (status == STATUS_OK && recorder.series != NULL)
        fputs(RECORDER_SERIES_HEAD, recorder.series);
    if (status == STATUS_OK)
        status = run_phases(&plan, &arguments->rules, &recorder, diag);
    if (status == STATUS_OK && recorder.trace != NULL) {
        trace_end(&trace);
        status = output_commit(&trace_file, diag);
    }
    if (status == STATUS_OK && recorder.series != NULL)
        status = output_commit(&series_file, diag);
    output_discard(&trace_file);
    output_discard(&series_file);
    event_types_free(&types);
    plan_free(&plan);
    return status;
}
