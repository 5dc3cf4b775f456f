/* The answer on one screen: verdict, the limit and its arithmetic, the ladder, the tightest
 * limits (libsmartcols), assumptions, the next command. */
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "model/option.h"
#include "model/text.h"

enum { CELL = 48, SCREEN_ROWS = 12, LADDER_ROWS = 6, TERMS = 64 };

static const struct resource *resource_of(const struct question *question,
                                          const struct outcome *outcome)
{
    return &question->catalog.resources[outcome->limit->resource];
}

static void quantity(char out[CELL], const struct question *question, const struct outcome *outcome,
                     double value)
{
    text_quantity(out, CELL, value, resource_of(question, outcome)->unit);
}

/* The unit of the ramp's steps: memory is stepped in MiB. */
static void step_text(char out[CELL], const struct question *question, double n)
{
    int option = option_find(model_ramp(question->model));
    if (option >= 0 && options[option].kind == KIND_SIZE && isfinite(n))
        n *= 0x1p20;
    text_quantity(out, CELL, n, option >= 0 && options[option].kind == KIND_SIZE ? "bytes" : "");
}

static void print_verdict(const struct question *question)
{
    const struct prediction *prediction = &question->prediction;
    const char *ramp = model_ramp(question->model);
    char asked[CELL];
    char most[CELL];
    step_text(asked, question, prediction->requested);
    if (prediction->first_fatal < 0) {
        printf("%s: no limit stops %s\n", verdict_word(verdict_code(question)), ramp);
        return;
    }
    const struct outcome *outcome = &prediction->outcomes[prediction->first_fatal];
    step_text(most, question, outcome->max_ok);
    printf("%s: %s %s asked for, at most %s work; first to fail: %s\n",
           verdict_word(verdict_code(question)), asked, ramp, most, outcome->limit->id);
    if (outcome->max_ok_low != outcome->max_ok_high) {
        char low[CELL];
        char high[CELL];
        step_text(low, question, outcome->max_ok_low);
        step_text(high, question, outcome->max_ok_high);
        printf("  between %s and %s, as some coefficients on the way are not exact\n", low, high);
    }
}

static void print_arithmetic(const struct question *question, const struct outcome *outcome)
{
    char demand[CELL];
    char capacity[CELL];
    char step[CELL];
    const struct resource *resource = resource_of(question, outcome);
    quantity(demand, question, outcome, outcome->broken.demand);
    quantity(capacity, question, outcome, outcome->broken.capacity);
    step_text(step, question, outcome->fails_at);
    const char *unit = strcmp(resource->unit, "bytes") == 0 ? "of memory" : resource->unit;
    printf("  %s: %s %s wanted at %s %s, %s allowed (%s, %s, %s)\n", outcome->limit->id, demand,
           unit, step, model_ramp(question->model), capacity, outcome->limit->layer,
           outcome->limit->kind, outcome->limit->effect_text);
    printf("  to raise it: %s\n", outcome->limit->remedy);
}

static void print_ladder(const struct question *question)
{
    const struct prediction *prediction = &question->prediction;
    if (prediction->rungs < 2)
        return;
    printf("\nLadder: raise one and the next is\n");
    for (size_t i = 0; i < prediction->rungs && i < LADDER_ROWS; i++) {
        const struct rung *rung = &prediction->ladder[i];
        const struct limit *limit = prediction->outcomes[rung->outcome].limit;
        char step[CELL];
        step_text(step, question, rung->fails_at);
        printf("  fails at %-12s %s%s%s\n", step, limit->id, rung->raised ? " at its maximum" : "",
               strcmp(limit->kind, "architectural") == 0 ? " (a wall)" : "");
    }
}

static int print_limits_table(const struct question *question, size_t rows)
{
    static const char *const names[] = {"LIMIT",    "LAYER", "EFFECT",  "DEMAND",
                                        "CAPACITY", "USED",  "FAILS AT"};
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        scols_table_new_column(table, names[i], 0, i >= 3 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < question->prediction.count && i < rows; i++) {
        const struct outcome *outcome = &question->prediction.outcomes[i];
        char demand[CELL], capacity[CELL], used[CELL], step[CELL];
        quantity(demand, question, outcome, outcome->asked.demand);
        quantity(capacity, question, outcome, outcome->asked.capacity);
        snprintf(used, sizeof used, "%.0f %%",
                 100 * outcome->asked.demand / outcome->asked.capacity);
        step_text(step, question, outcome->fails_at);
        const char *cells[] = {outcome->limit->id,
                               outcome->limit->layer,
                               outcome->limit->effect_text,
                               demand,
                               capacity,
                               used,
                               isinf(outcome->fails_at) ? "never" : step};
        struct libscols_line *line = scols_table_new_line(table, NULL);
        for (size_t j = 0; line != NULL && j < sizeof cells / sizeof cells[0]; j++)
            scols_line_set_data(line, j, cells[j]);
    }
    int status = scols_print_table(table) == 0 ? STATUS_OK : STATUS_MEMORY;
    scols_unref_table(table);
    return status;
}

static void print_versions(const struct scenario *scenario)
{
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        char text[CELL];
        version_format(&scenario->versions[i], text, sizeof text);
        if (text[0] != '\0')
            printf(" %s %s", component_name((enum component)i), text);
    }
    putchar('\n');
}

/* " NAME VALUE, NAME VALUE ..." of a class; options that mean nothing here are left out. */
static void print_options(const struct question *question, size_t class_index,
                          const char *const *names)
{
    const char *separator = "";
    for (size_t i = 0; names[i] != NULL; i++) {
        int option = option_find(names[i]);
        double value =
            model_value(question->model, question->prediction.requested, class_index, option);
        char text[CELL];
        if (isnan(value) || option == OPTION_GUESTS)
            continue;
        option_format(&options[option], value, text, sizeof text);
        printf("%s %s %s", separator, names[i], text);
        separator = ",";
    }
    putchar('\n');
}

static void print_assumptions(const struct question *question, bool full)
{
    static const char *const host[] = {"arch",     "host_cpus", "host_memory", "host_swap",
                                       "launcher", "daemons",   "bridges",     NULL};
    static const char *const guest[] = {
        "machine",    "vcpus",       "memory",    "disks_per_guest", "disk_bus",  "disk_format",
        "disk_aio",   "disk_queues", "iothreads", "nics_per_guest",  "nic_model", "nic_backend",
        "nic_queues", "consoles",    "agent",     "graphics",        NULL};
    const char *all[OPTIONS_MAX + 1] = {NULL};
    const struct scenario *scenario = &question->scenario;
    for (size_t i = 0; full && i < option_count(); i++)
        all[i] = options[i].name;
    printf("\nAssumed: host %s;", scenario->host_name);
    print_versions(scenario);
    fputs("  host:", stdout);
    print_options(question, 0, host);
    for (size_t c = 0; c < scenario->class_count; c++) {
        printf("  %.0f x %s:", scenario_guests(scenario, c), scenario->classes[c].name);
        print_options(question, c, full ? all : guest);
    }
    if (model_value(question->model, question->prediction.requested, 0, option_find("launcher")) ==
        0)
        puts("  libvirt gives each guest a monitor socket and a log pipe besides");
}

int print_text(const struct question *question, bool full)
{
    const struct prediction *prediction = &question->prediction;
    print_verdict(question);
    print_joint_verdict(question);
    if (prediction->first_fatal >= 0)
        print_arithmetic(question, &prediction->outcomes[prediction->first_fatal]);
    if (prediction->first >= 0 && prediction->first != prediction->first_fatal) {
        printf("before that, without stopping it:\n");
        print_arithmetic(question, &prediction->outcomes[prediction->first]);
    }
    print_ladder(question);
    putchar('\n');
    int status = print_limits_table(question, full ? prediction->count : SCREEN_ROWS);
    if (status == STATUS_OK)
        status = print_answer(question, full);
    print_assumptions(question, full);
    if (prediction->first_fatal >= 0)
        printf("\nNext: scalesim explain %s\n",
               prediction->outcomes[prediction->first_fatal].limit->id);
    return status;
}

static void csv_cell(const char *text, char end)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
    putchar(end);
}

int print_csv(const struct question *question)
{
    puts("limit,layer,scope,kind,effect,unit,demand,capacity,max_ok,fails_at,remedy,source");
    for (size_t i = 0; i < question->prediction.count; i++) {
        const struct outcome *outcome = &question->prediction.outcomes[i];
        const struct resource *resource = resource_of(question, outcome);
        printf("%s,%s,%s,%s,%s,%s,%.17g,%.17g,", outcome->limit->id, outcome->limit->layer,
               resource->scope_text, outcome->limit->kind, outcome->limit->effect_text,
               resource->unit, outcome->asked.demand, outcome->asked.capacity);
        if (isinf(outcome->fails_at))
            fputs(",,", stdout);
        else
            printf("%.0f,%.0f,", outcome->max_ok, outcome->fails_at);
        csv_cell(outcome->limit->remedy, ',');
        csv_cell(outcome->limit->source, '\n');
    }
    return STATUS_OK;
}
