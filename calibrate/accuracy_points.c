/* From files to points, and points apart. */
#include "calibrate/accuracy_parts.h"

#include <ctype.h>
#include <glob.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool accuracy_starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* splitmix64: Steele, Lea and Flood, OOPSLA 2014. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void accuracy_draw(size_t *places, size_t count, const char *name)
{
    uint64_t state = 0xcbf29ce484222325u;
    for (const char *c = name; *c != '\0'; c++)
        state = (state ^ (unsigned char)*c) * 0x100000001b3u;
    state ^= FIT_SEED;
    for (size_t drawn = 0; drawn < count;) {
        size_t place = next_random(&state) % count, before = 0;
        while (before < drawn && places[before] != place)
            before++;
        if (before == drawn)
            places[drawn++] = place;
    }
}

/* The part of "A > B" before or after the sign; all of a text without one. */
void accuracy_part(char *part, size_t room, const char *text, bool second)
{
    const char *sign = strstr(text, " > ");
    if (sign == NULL)
        snprintf(part, room, "%s", text);
    else if (second)
        snprintf(part, room, "%s", sign + 3);
    else
        snprintf(part, room, "%.*s", (int)(sign - text), text);
}

/* False: its root is absent. */
bool accuracy_path(char *path, size_t room, const struct accuracy_rule *rule, const char *file)
{
    const char *root = rule->roots->external;
    if (accuracy_starts(file, "traces/")) {
        root = rule->roots->traces;
        file += strlen("traces/");
    } else if (accuracy_starts(file, "facts/")) {
        root = rule->roots->facts;
        file += strlen("facts/");
    }
    snprintf(path, room, "%s/%s", root != NULL ? root : "", file);
    return root != NULL;
}

void accuracy_traces_free(struct accuracy_trace_list *traces)
{
    for (size_t i = 0; i < traces->count; i++)
        trace_free(&traces->list[i]);
    free(traces->list);
    *traces = (struct accuracy_trace_list){0};
}

/* No trace: none is there. */
int accuracy_traces(struct accuracy_trace_list *traces, const struct accuracy_rule *rule,
                    bool second, struct diag *diag)
{
    char file[ACCURACY_PATH], path[ACCURACY_PATH + 256];
    glob_t found;
    int status = STATUS_OK;
    *traces = (struct accuracy_trace_list){0};
    accuracy_part(file, sizeof file, rule->text[COLUMN_FILE], second);
    if (!accuracy_path(path, sizeof path, rule, file) || glob(path, GLOB_BRACE, NULL, &found) != 0)
        return STATUS_OK;
    traces->list = calloc(found.gl_pathc + 1, sizeof *traces->list);
    if (traces->list == NULL)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < found.gl_pathc && status == STATUS_OK; i++) {
        traces->count++;
        status = trace_read(&traces->list[i], found.gl_pathv[i], diag);
    }
    globfree(&found);
    return status;
}

static void add_point(struct points *points, const struct accuracy_rule *rule, double x, double y)
{
    if (points->count == PREDICTOR_POINTS || x < rule->x_from || x > rule->x_to)
        return;
    size_t at = points->count++;
    for (; at > 0 && points->x[at - 1] > x; at--) {
        points->x[at] = points->x[at - 1];
        points->y[at] = points->y[at - 1];
    }
    points->x[at] = x;
    points->y[at] = y;
}

/* The last number in a file's own name; 1 without one. */
static double number_of(const char *file)
{
    const char *name = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
    double number = 1;
    for (const char *c = name; *c != '\0'; c++) {
        if (isdigit((unsigned char)*c) && (c == name || c[-1] == '-'))
            number = strtod(c, NULL);
    }
    return number;
}

static double mean_of(const struct trace_distribution *distribution)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < distribution->count; i++) {
        sum += distribution->cells[i].low * distribution->cells[i].weight;
        weight += distribution->cells[i].weight;
    }
    return sum / weight;
}

/* All points of the series of that name; files add up. */
void accuracy_collect(struct points *points, const struct accuracy_rule *rule,
                      const struct accuracy_trace_list *traces, const char *name)
{
    for (size_t t = 0; t < traces->count; t++) {
        const struct trace *trace = &traces->list[t];
        if (accuracy_starts(name, "mean ")) {
            const struct trace_distribution *found =
                trace_find_distribution(trace, name + strlen("mean "));
            if (found != NULL && found->shape == TRACE_SAMPLES)
                add_point(points, rule, number_of(trace->file), mean_of(found));
            continue;
        }
        const struct trace_series *series = trace_find(trace, name);
        for (size_t i = 0; series != NULL && i < series->count; i++) {
            if (!series->points[i].censored)
                add_point(points, rule, series->points[i].x, series->points[i].value);
        }
    }
}

int accuracy_by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Points ascend by x. */
void accuracy_summarise(struct points *points, enum accuracy_values values)
{
    size_t kept = 0;
    for (size_t from = 0, to; values != VALUES_EACH && from < points->count; from = to) {
        for (to = from; to < points->count && points->x[to] == points->x[from]; to++)
            continue;
        size_t n = to - from;
        qsort(points->y + from, n, sizeof *points->y, accuracy_by_value);
        double middle = (points->y[from + (n - 1) / 2] + points->y[from + n / 2]) / 2;
        double least = points->y[from];
        points->x[kept] = points->x[from];
        points->y[kept++] = values == VALUES_MIN ? least : middle;
    }
    if (values != VALUES_EACH)
        points->count = kept;
}

size_t accuracy_distinct(const struct points *points)
{
    size_t distinct = 0;
    for (size_t i = 0; i < points->count; i++)
        distinct += i == 0 || points->x[i] != points->x[i - 1];
    return distinct;
}

/* Moves a third of the different x, never the first or last, to `held`: the turn-th third. */
void accuracy_split(struct points *points, struct points *held, const char *name, size_t turn)
{
    bool out[PREDICTOR_POINTS] = {false};
    size_t order[PREDICTOR_POINTS];
    size_t distinct = accuracy_distinct(points), inner = distinct - 2, third = distinct / 3;
    size_t kept = 0, place = 0;
    accuracy_draw(order, inner, name);
    for (size_t i = turn * third; i < (turn + 1) * third && i < inner; i++)
        out[order[i] + 1] = true;
    double last = points->x[0];
    held->count = 0;
    for (size_t i = 0; i < points->count; i++) {
        double x = points->x[i], y = points->y[i];
        place += x != last;
        last = x;
        struct points *to = out[place] ? held : points;
        size_t *at = to == held ? &held->count : &kept;
        to->x[*at] = x;
        to->y[(*at)++] = y;
    }
    points->count = kept;
}
