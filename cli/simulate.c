/* The simulated half of an answer: running it with a progress bar and Ctrl-C, and printing it. */
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "model/text.h"

enum { CELL = 64, BAR = 30 };

static atomic_int cancelled;

static void on_interrupt(int signal)
{
    (void)signal;
    atomic_store(&cancelled, 1);
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

const atomic_int *cancel_on_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &cancelled;
}

struct bar {
    double began;
    bool drawn;
};

/* Drawn once a run lasts over a second, for a terminal. */
static void draw(void *context, uint64_t merged, uint64_t most)
{
    struct bar *bar = context;
    int full = (int)(BAR * merged / most);
    if (!isatty(STDERR_FILENO) || seconds_now() - bar->began < 1)
        return;
    bar->drawn = true;
    fprintf(stderr, "\rsimulating [%.*s%*s] %lu of at most %lu replications ", full,
            "##############################", BAR - full, "", (unsigned long)merged,
            (unsigned long)most);
}

int simulate(struct question *question, const struct arguments *arguments, struct diag *diag)
{
    const struct prediction *prediction = &question->prediction;
    struct bar bar = {.began = seconds_now()};
    struct run_rules rules = arguments->rules;
    struct sigaction action = {.sa_handler = on_interrupt};
    struct sigaction before;
    double wall = prediction->first_fatal >= 0
                      ? prediction->outcomes[prediction->first_fatal].max_ok
                      : INFINITY;
    question->answer = calloc(1, sizeof *question->answer);
    if (question->answer == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    rules.cancel = &cancelled;
    rules.progress = draw;
    rules.progress_context = &bar;
    sigaction(SIGINT, &action, &before);
    struct overlay overlay = {arguments->parameters, arguments->catalog, 0};
    int status = answer_find(question->answer, question->model, wall, arguments->draws, &overlay,
                             &rules, diag);
    sigaction(SIGINT, &before, NULL);
    if (bar.drawn)
        fputs("\r\033[K", stderr);
    return status;
}

static void print_value(char out[CELL], double value, const char *unit)
{
    if (strcmp(unit, "s") == 0)
        text_seconds(out, CELL, value);
    else if (strcmp(unit, "bytes") == 0)
        text_quantity(out, CELL, value, unit);
    else if (unit[0] == '\0' && value > 0 && value < 1)
        snprintf(out, CELL, "%.3g %%", 100 * value);
    else
        snprintf(out, CELL, "%.4g%s%s", value, unit[0] != '\0' ? " " : "", unit);
}

/* "61 to 66": from the draws of the coefficients; nothing when none was made. */
static void print_range(char out[CELL], const struct range *range, const char *unit)
{
    char low[CELL / 2];
    char high[CELL];
    out[0] = '\0';
    if (range == NULL || isnan(range->low))
        return;
    print_value(high, range->low, unit);
    snprintf(low, sizeof low, "%.30s", high);
    print_value(high, range->high, unit);
    snprintf(out, CELL, "%s to %.28s", low, high);
}

static void add_figure(struct libscols_table *table, const struct tally *tally, enum metric metric,
                       const struct range *range, const char *what)
{
    char drawn[CELL];
    const struct metric_text *text = &metric_texts[metric];
    struct interval interval = interval_of_mean(tally, 0.95);
    char value[CELL];
    char half[CELL];
    char count[CELL];
    print_value(value, interval.mean, text->unit);
    if (isfinite(interval.half_width))
        print_value(half, interval.half_width, text->unit);
    else
        snprintf(half, sizeof half, "not known");
    snprintf(count, sizeof count, "%lu", (unsigned long)tally->count);
    print_range(drawn, range, text->unit);
    const char *cells[] = {text->name, value, half, count, drawn, what};
    struct libscols_line *line = scols_table_new_line(table, NULL);
    for (size_t i = 0; line != NULL && i < sizeof cells / sizeof cells[0]; i++)
        scols_line_set_data(line, i, cells[i]);
}

/* What everybody reads; the rest is printed in full. */
const enum metric headlines[] = {METRIC_guests_refused,
                                 METRIC_start_mean,
                                 METRIC_start_p99,
                                 METRIC_start_total,
                                 METRIC_start_rate,
                                 METRIC_cpu_busy,
                                 METRIC_cpu_steal,
                                 METRIC_cpu_spin,
                                 METRIC_sched_delay_p99,
                                 METRIC_ticks_late,
                                 METRIC_work_rate,
                                 METRIC_lock_wait_mean,
                                 METRIC_io_rate,
                                 METRIC_io_p50,
                                 METRIC_io_p99,
                                 METRIC_io_p999,
                                 METRIC_io_thread_use,
                                 METRIC_net_rate,
                                 METRIC_net_packets,
                                 METRIC_net_rtt,
                                 METRIC_memory_used,
                                 METRIC_memory_swapped,
                                 METRIC_memory_oom,
                                 METRIC_memory_slowdown,
                                 METRIC_migration_total,
                                 METRIC_migration_rounds,
                                 METRIC_migration_downtime,
                                 METRIC_migration_converged};
const size_t headline_count = sizeof headlines / sizeof headlines[0];

/* Figures that are 0 say nothing new. */
static bool is_headline(enum metric metric, const struct tally *tally)
{
    for (size_t i = 0; i < headline_count; i++) {
        if (headlines[i] == metric)
            return tally->mean != 0 || metric == METRIC_migration_converged;
    }
    return false;
}

/* What is told of each class of a mix. */
static void add_classes(struct libscols_table *table, const struct figures *figures,
                        const struct scenario *scenario, bool full)
{
    for (size_t c = 0; c < scenario->class_count; c++) {
        for (int i = 0; i < METRIC_COUNT; i++) {
            const struct tally *tally = &figures->class_metric[c][i];
            char what[CELL + NAME_MAX_LENGTH];
            snprintf(what, sizeof what, "of guests %s", scenario->classes[c].name);
            if (tally->count > 0 && (full || is_headline((enum metric)i, tally)))
                add_figure(table, tally, (enum metric)i, NULL, what);
        }
    }
}

static int print_figures(const struct answer *answer, const struct scenario *scenario, bool full)
{
    static const char *const names[] = {"SIMULATED", "MEAN", "+-", "N", "COEFFICIENTS", "WHAT"};
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        scols_table_new_column(table, names[i], 0,
                               (i >= 1 && i <= 3 ? SCOLS_FL_RIGHT : 0) |
                                   (i == 4 && answer->spread.draws == 0 ? SCOLS_FL_HIDDEN : 0));
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        const struct figures *figures = &answer->figures[phase];
        for (int i = 0; answer->ran[phase] && i < METRIC_COUNT; i++) {
            const struct tally *tally = &figures->metric[i];
            if (tally->count > 0 && (full || is_headline((enum metric)i, tally)))
                add_figure(table, tally, (enum metric)i,
                           answer->spread.draws > 0 ? &answer->spread.metric[i] : NULL,
                           metric_texts[i].description);
        }
        if (answer->ran[phase] && scenario->class_count > 1)
            add_classes(table, figures, scenario, full);
    }
    int status = scols_print_table(table) == 0 ? STATUS_OK : STATUS_MEMORY;
    scols_unref_table(table);
    return status;
}

static void print_knee(const struct knee *knee, const struct range *range, const char *ramp)
{
    char drawn[CELL] = "";
    char worst[CELL];
    char at[CELL];
    char half[CELL];
    print_value(worst, knee->worst, knee->unit);
    print_value(at, knee->at_bad.mean, knee->unit);
    print_value(half, knee->at_bad.half_width, knee->unit);
    if (range != NULL && !isnan(range->low))
        snprintf(drawn, sizeof drawn, " (%.0f to %.0f by the coefficients)", range->low,
                 range->high);
    if (isinf(knee->first_bad))
        printf("  %-14s holds to %.0f %s: %s %s +- %s (n=%lu), at most %s allowed\n", knee->slo,
               knee->last_good, ramp, metric_texts[knee->metric].name, at, half,
               (unsigned long)knee->replications, worst);
    else
        printf("  %-14s breaks at %.0f %s%s (good at %.0f): %s %s +- %s (n=%lu), at most %s "
               "allowed\n",
               knee->slo, knee->first_bad, ramp, drawn, knee->last_good,
               metric_texts[knee->metric].name, at, half, (unsigned long)knee->replications, worst);
}

void print_joint_verdict(const struct question *question)
{
    const struct prediction *prediction = &question->prediction;
    const char *ramp = model_ramp(question->model);
    if (question->answer == NULL)
        return;
    const struct knees *knees = &question->answer->knees;
    int knee = knees_first(knees);
    printf("hard wall: ");
    if (prediction->first_fatal >= 0)
        printf("%s after %.0f %s", prediction->outcomes[prediction->first_fatal].limit->id,
               prediction->outcomes[prediction->first_fatal].max_ok, ramp);
    else
        fputs("none", stdout);
    if (knee >= 0)
        printf("; knee: %s from %.0f %s on (simulated)\n", knees->knee[knee].slo,
               knees->knee[knee].first_bad, ramp);
    else if (question->answer->partial)
        puts("; knee: not known (interrupted)");
    else
        printf("; knee: none up to %.0f %s (simulated)\n", knees->bound, ramp);
}

int print_answer(const struct question *question, bool full)
{
    const struct answer *answer = question->answer;
    if (answer == NULL)
        return STATUS_OK;
    printf("\nIn time, at %.0f %s%s%s\n", answer->loaded, model_ramp(question->model),
           answer->loaded < model_requested(question->model) ? ", those that come up" : "",
           answer->partial ? " (partial: interrupted)" : "");
    int status = print_figures(answer, &question->scenario, full);
    if (answer->knees.count > 0)
        puts("\nService levels (data/slo.csv) along the ramp");
    for (size_t i = 0; i < answer->knees.count; i++)
        print_knee(&answer->knees.knee[i],
                   answer->spread.draws > 0 ? &answer->spread.knee[i] : NULL,
                   model_ramp(question->model));
    return status;
}
