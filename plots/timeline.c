/* Timeline: one replication, watched; starts on the left, the load of what came up on the right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"
#include "plots/kinds.h"
#include "sim/host/sampler.h"

/* A sample; NAN: not told. */
struct row {
    double at, guests, cpus, memory, requests;
};

struct series {
    struct row row[SAMPLES];
    size_t count;
};

struct timeline {
    struct series starts, load;
    double began_s;            /* of the phase that is watched */
    double guests, up_s;       /* that are up, and when the last one was */
    double refused_s, refused; /* when the first one was stopped, and how many */
    double knee, knee_s;       /* the count from which on a level breaks, and when it is up */
    double host_cpus, memory;  /* of the host */
    double settled, killed;    /* memory in use once all is touched, and guests killed for it */
    const char *level, *limit; /* whose knee it is; that stops the rest. NULL: none */
    double loaded, asked;      /* guests under load, and asked for */
    char ramp_text[PLOT_WORD];
};

static struct row *row_at(struct series *series, double at_s, double guests)
{
    struct row *last = series->count > 0 ? &series->row[series->count - 1] : NULL;
    if ((last == NULL || last->at != at_s) && series->count < SAMPLES) {
        last = &series->row[series->count++];
        *last = (struct row){at_s, guests, NAN, NAN, NAN};
    }
    return last;
}

static void listen(void *context, const char *phase, const char *name, double time_s, double value)
{
    struct timeline *timeline = context;
    bool starts = strcmp(phase, "start") == 0;
    struct series *series = starts ? &timeline->starts : &timeline->load;
    double at = time_s - timeline->began_s;
    if (strcmp(name, "guests_started") == 0) {
        timeline->guests = value;
        timeline->up_s = at;
        if (value >= timeline->knee && isnan(timeline->knee_s))
            timeline->knee_s = at;
    } else if (strcmp(name, "guests_refused") == 0) {
        timeline->refused_s = isnan(timeline->refused_s) ? at : timeline->refused_s;
        timeline->refused = value;
    } else if (strcmp(name, "cpus_busy") == 0) {
        row_at(series, at, starts ? timeline->guests : timeline->loaded)->cpus = value;
    } else if (strcmp(name, "memory_used") == 0) {
        row_at(series, at, timeline->guests)->memory = value;
    } else if (strcmp(name, "io_rate") == 0) {
        row_at(series, at, timeline->loaded)->requests = value;
    }
}

static int watch(struct timeline *timeline, const struct plan *plan, enum phase phase,
                 const struct run_rules *rules, struct diag *diag)
{
    const struct recorder recorder = {
        .phase = phase == PHASE_START ? "start" : "steady", .listen = listen, .context = timeline};
    uint64_t ended_ns;
    return run_observed(plan, phase, rules, &recorder, &ended_ns, diag);
}

/* What memory comes to once guests have touched all of theirs does not depend on chance. */
static int settle_memory(struct timeline *timeline, const struct plan *plan,
                         const struct run_rules *rules, struct diag *diag)
{
    struct run_rules once = *rules;
    struct figures *figures = malloc(sizeof *figures);
    if (figures == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    once.least = once.most = 1;
    int status = run_phase(plan, PHASE_MEMORY, &once, figures, diag);
    timeline->settled = figures->metric[METRIC_memory_used].mean;
    timeline->killed = figures->metric[METRIC_memory_oom].mean;
    free(figures);
    return status;
}

/* The load is that of the guests that come up. */
static int watch_load(struct timeline *timeline, struct model *model, const struct overlay *overlay,
                      const struct run_rules *rules, struct diag *diag)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct plan plan = {.model = NULL};
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = scenario_at(model_scenario(model), timeline->loaded, scenario, diag);
    if (status == STATUS_OK)
        status = plan_open(&plan, model_catalog(model), scenario, overlay, diag);
    if (status == STATUS_OK)
        status = watch(timeline, &plan, PHASE_STEADY, rules, diag);
    if (status == STATUS_OK)
        status = settle_memory(timeline, &plan, rules, diag);
    plan_free(&plan);
    free(scenario);
    return status;
}

static int watch_starts(struct timeline *timeline, struct model *model,
                        const struct overlay *overlay, const struct run_rules *rules,
                        struct diag *diag)
{
    struct plan plan;
    int status = plan_init(&plan, model, overlay, diag);
    if (status == STATUS_OK && !phase_applies(&plan, PHASE_START))
        status = diag_set(diag, STATUS_DATA, NULL, 0, NULL, "nothing is started in this scenario");
    if (status == STATUS_OK) {
        timeline->host_cpus = plan_option(&plan, 0, "host_cpus");
        timeline->memory = plan_option(&plan, 0, "host_memory");
        status = watch(timeline, &plan, PHASE_START, rules, diag);
    }
    plan_free(&plan);
    return status;
}

static void take_knee(struct timeline *timeline, const struct knees *knees)
{
    int first = knees_first(knees);
    if (first < 0 || knees->knee[first].first_bad > timeline->asked)
        return;
    timeline->level = knees->knee[first].slo;
    timeline->knee = knees->knee[first].first_bad;
}

/* A time unit that keeps the axis' numbers short. */
static double unit_of(double seconds, const char **name)
{
    static const struct {
        double from, divisor;
        const char *name;
    } units[] = {{7200, 3600, "hours"},
                 {180, 60, "minutes"},
                 {0.5, 1, "seconds"},
                 {0, 1e-3, "milliseconds"}};
    size_t i = 0;
    while (seconds < units[i].from)
        i++;
    *name = units[i].name;
    return units[i].divisor;
}

/* Writes a block and its axis; returns the mean of the CPUs in use, and of requests a second. */
static void write_series(struct plot *plot, const char *name, const struct series *series,
                         double settled, double mean[2])
{
    const char *unit;
    char variable[PLOT_WORD];
    double last = series->count > 0 ? series->row[series->count - 1].at : 1;
    double divisor = unit_of(last, &unit);
    mean[0] = mean[1] = 0;
    plot_block(plot, name, "time\tguests\tcpus\tmemory_gib\trequests");
    for (size_t i = 0; i < series->count; i++) {
        const struct row *row = &series->row[i];
        double memory = isnan(row->memory) ? settled : row->memory;
        mean[0] += row->cpus / (double)series->count;
        mean[1] += isnan(row->requests) ? 0 : row->requests / (double)series->count;
        fprintf(plot->data, "%.6g\t%.10g\t%.6g\t%.6g\t%.6g\n", row->at / divisor, row->guests,
                row->cpus, memory / 0x1p30, row->requests);
    }
    if (series->count == 0)
        fputs("NaN\tNaN\tNaN\tNaN\tNaN\n", plot->data);
    snprintf(variable, sizeof variable, "%s_end", name);
    plot_number(plot, variable, last / divisor);
    snprintf(variable, sizeof variable, "%s_begin", name);
    plot_number(plot, variable, series->count > 0 ? series->row[0].at / divisor : 0);
    snprintf(variable, sizeof variable, "%s_text", name);
    plot_text(plot, variable, "%s %s", unit,
              strcmp(name, "load") == 0 ? "of load, after a warm-up" : "since the first start");
}

static double highest(const struct timeline *timeline, size_t field)
{
    double most = 0;
    const struct series *const both[] = {&timeline->starts, &timeline->load};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < both[s]->count; i++) {
            const double *value = (const double *)((const char *)&both[s]->row[i] + field);
            most = fmax(most, *value); /* fmax passes NAN over */
        }
    }
    return most;
}

static void write_ranges(struct plot *plot, const struct timeline *timeline)
{
    char of[PLOT_WORD];
    double memory = fmax(highest(timeline, offsetof(struct row, memory)), timeline->settled);
    double requests = highest(timeline, offsetof(struct row, requests));
    plot_number(plot, "guests_high", fmax(timeline->guests, 1));
    plot_number(plot, "cpus_high", fmax(highest(timeline, offsetof(struct row, cpus)), 1e-3));
    plot_number(plot, "memory_high", memory / 0x1p30);
    plot_number(plot, "requests_high", requests);
    plot_number(plot, "host_cpus", timeline->host_cpus);
    plot_number(plot, "host_memory", timeline->memory / 0x1p30);
    plot_count(of, timeline->host_cpus);
    plot_text(plot, "cpus_text", "CPUs in use of %s", of);
    text_quantity(of, sizeof of, timeline->memory, "bytes");
    plot_text(plot, "memory_text", "GiB in use of %s", of);
}

static void write_marks(struct plot *plot, const struct timeline *timeline)
{
    const char *unit;
    const struct series *starts = &timeline->starts;
    double divisor = unit_of(starts->count > 0 ? starts->row[starts->count - 1].at : 1, &unit);
    bool knee = timeline->level != NULL && !isnan(timeline->knee_s);
    bool wall = timeline->limit != NULL && !isnan(timeline->refused_s);
    char count[PLOT_WORD];
    plot_number(plot, "has_knee", knee);
    plot_number(plot, "has_wall", wall);
    plot_number(plot, "knee", knee ? timeline->knee_s / divisor : 0);
    plot_number(plot, "wall", wall ? timeline->refused_s / divisor : 0);
    plot_count(count, timeline->knee);
    plot_text(plot, "knee_text", "knee: %s, from %s guests on", knee ? timeline->level : "", count);
    plot_text(plot, "wall_text", "wall: %s", wall ? timeline->limit : "");
}

/* What came up and when, what stopped the rest, and what the load takes. */
static void write_title(struct plot *plot, const struct timeline *timeline, const double load[2])
{
    char up[PLOT_WORD];
    char asked[PLOT_WORD];
    char when[PLOT_WORD];
    char rate[PLOT_WORD] = "";
    char breaks[2 * PLOT_WORD] = "";
    plot_count(up, timeline->guests);
    plot_count(asked, timeline->asked);
    text_seconds(when, sizeof when, timeline->up_s);
    if (load[1] > 0) {
        plot_count(rate, round(load[1]));
        snprintf(rate + strlen(rate), sizeof rate - strlen(rate), " I/Os a second, ");
    }
    if (timeline->level != NULL) {
        plot_count(breaks, timeline->knee);
        snprintf(breaks + strlen(breaks), sizeof breaks - strlen(breaks),
                 " guests are too many for %s; ", timeline->level);
    }
    plot_text(plot, "title_text",
              "%s%s%s guests are up after %s%s%s%s; %sunder load %s%.3g %% of CPU and %.3g %% of "
              "memory in use",
              up, timeline->refused > 0 ? " of " : "", timeline->refused > 0 ? asked : "", when,
              timeline->refused > 0 ? ", " : "",
              timeline->refused > 0 && timeline->limit != NULL ? timeline->limit : "",
              timeline->refused > 0 ? " stops the rest" : "", breaks, rate,
              100 * load[0] / timeline->host_cpus, 100 * timeline->settled / timeline->memory);
}

/* The last guest comes up with the last sample, or a few ns after it. */
static void end_starts(struct timeline *timeline)
{
    struct series *series = &timeline->starts;
    if (series->count > 0)
        series->row[series->count - 1].guests = timeline->guests;
}

static void write_timeline(struct plot *plot, struct timeline *timeline)
{
    double starts[2];
    double load[2];
    end_starts(timeline);
    write_series(plot, "starts", &timeline->starts, NAN, starts);
    write_series(plot, "load", &timeline->load, timeline->settled, load);
    write_ranges(plot, timeline);
    write_marks(plot, timeline);
    write_title(plot, timeline, load);
    plot->height = 760;
}

static int find_knee(struct timeline *timeline, struct model *model, const struct overlay *overlay,
                     const struct run_rules *rules, struct diag *diag)
{
    struct knees knees;
    int status = knees_find(&knees, model_catalog(model), model_scenario(model), timeline->loaded,
                            overlay, rules, diag);
    if (status == STATUS_OK)
        take_knee(timeline, &knees);
    knees_free(&knees);
    return status;
}

int plot_timeline(struct plot *plot, struct model *model, const struct prediction *prediction,
                  const struct knees *knees, const struct overlay *overlay,
                  const struct run_rules *rules, struct diag *diag)
{
    const struct outcome *stop =
        prediction->first_fatal >= 0 ? &prediction->outcomes[prediction->first_fatal] : NULL;
    double wall = stop != NULL ? stop->max_ok : INFINITY;
    if (strcmp(model_ramp(model), "guests") != 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "ramp", "only a ramp of guests is started");
    if (wall == 0 || prediction->requested == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "not one guest starts: nothing to draw");
    struct timeline *timeline = malloc(sizeof *timeline);
    if (timeline == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    *timeline = (struct timeline){.refused_s = NAN,
                                  .knee_s = NAN,
                                  .knee = INFINITY,
                                  .limit = stop != NULL ? stop->limit->id : NULL,
                                  .asked = prediction->requested,
                                  .loaded = fmin(wall, prediction->requested)};
    int status = STATUS_OK;
    if (knees != NULL)
        take_knee(timeline, knees);
    else
        status = find_knee(timeline, model, overlay, rules, diag);
    if (status == STATUS_OK)
        status = watch_starts(timeline, model, overlay, rules, diag);
    if (status == STATUS_OK)
        status = watch_load(timeline, model, overlay, rules, diag);
    if (status == STATUS_OK)
        write_timeline(plot, timeline);
    free(timeline);
    return status;
}
