/* fio's JSON, of fio 2 (times in us) and 3 (in ns), with bins (json+) or percentile tables. Text
 * before the first brace (warnings) and after the document (the human report) is passed over.
 *
 * Jobs of one group ran together, so their rates add up: one point a group, at the requests in
 * flight of all of its jobs. The latency of several is the mean weighted with requests. */
#include "calibrate/readers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fio_job.h"
#include "calibrate/keyed.h"
#include "model/text.h"

enum { DIRECTIONS = 4, TIMES = 3 };
static const char *const directions[DIRECTIONS] = {"read", "write", "trim", "sync"};
enum { SYNC = 3 }; /* flushes are no requests of their own: not in the total */

static const struct {
    const char *key, *name;
} times[TIMES] = {{"lat", "latency"}, {"clat", "completion"}, {"slat", "submission"}};

/* Sums over the jobs of a group, of one direction. */
struct side {
    double requests, iops, bandwidth;
    double seconds[TIMES], timed[TIMES]; /* sum of mean x requests, and of those requests */
};

double fio_recognise(const char *text, size_t length)
{
    size_t start = json_start(text, length);
    return json_find_key(text + start, length - start, "fio version", 1) != NULL ? 1 : 0;
}

/* fio counts in buckets of 1/64 of a power of two and writes the middle of each (stat.c,
 * plat_idx_to_val); below 128 a bucket is one value. */
static struct trace_cell bucket(double middle, double count, double unit)
{
    double width = middle < 128 ? 1 : exp2(floor(log2(middle)) - 6);
    double low = middle < 128 ? middle : middle - width / 2;
    return (struct trace_cell){.low = low * unit, .high = (low + width) * unit, .weight = count};
}

static int by_weight(const void *a, const void *b)
{
    const struct trace_cell *left = a;
    const struct trace_cell *right = b;
    return left->weight < right->weight ? -1 : left->weight > right->weight;
}

/* Members of a table keyed by numbers, as cells in order. */
static int table_cells(const struct json_node *table, enum trace_shape shape, double unit,
                       struct trace_cell *cells, size_t *count)
{
    const char *key;
    json_t *ignored;
    *count = 0;
    json_object_foreach(table->value, key, ignored)
    {
        double number;
        double value;
        int status = json_figure(table, key, JSON_REQUIRED, &value);
        if (status != STATUS_OK)
            return status;
        if (!text_parse_number(key, &number) || number < 0 ||
            (shape == TRACE_QUANTILES && number > 100))
            return json_fail(table, NULL, "has the key '%.40s'; expected %s", key,
                             shape == TRACE_BINS ? "a time" : "a percentage");
        /* Old versions fill a short table with 0.00: 0. */
        if (shape == TRACE_BINS)
            cells[(*count)++] = bucket(number, value, unit);
        else if (number > 0)
            cells[(*count)++] = (struct trace_cell){value * unit, value * unit, number / 100};
    }
    qsort(cells, *count, sizeof *cells, shape == TRACE_BINS ? trace_cell_order : by_weight);
    return STATUS_OK;
}

static int add_table(const struct json_node *table, enum trace_shape shape, double unit,
                     double requests, const char *name)
{
    struct trace *trace = table->trace;
    size_t count = json_object_size(table->value);
    struct trace_cell *cells = malloc((count + 1) * sizeof *cells);
    if (cells == NULL)
        return diag_set(table->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    bool falls = false;
    int status = table_cells(table, shape, unit, cells, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        falls = falls || (i > 0 && cells[i].low < cells[i - 1].low);
        status = trace_add_cell(trace, name, "s", shape, cells[i], table->diag);
    }
    free(cells);
    if (status == STATUS_OK && falls)
        status = trace_flag(trace, table->diag, "the percentiles of %s do not rise", name);
    if (status == STATUS_OK && count > 0 && shape == TRACE_QUANTILES)
        ((struct trace_distribution *)trace_find_distribution(trace, name))->total = requests;
    return status;
}

/* One of lat, clat, slat: its mean into the sums, its table into a distribution. */
static int add_time(const struct json_node *direction, const char *job, size_t time,
                    struct side *sums, double requests)
{
    char key[16];
    char name[TRACE_NAME];
    struct json_node object;
    struct json_node table;
    struct json_node bins;
    double mean;
    double count = NAN;
    double unit = 1e-9;
    snprintf(key, sizeof key, "%s_ns", times[time].key);
    int status = json_member(direction, key, JSON_OBJECT, JSON_OPTIONAL, &object);
    if (status == STATUS_OK && object.value == NULL) {
        unit = 1e-6;
        status = json_member(direction, times[time].key, JSON_OBJECT, JSON_OPTIONAL, &object);
    }
    if (status != STATUS_OK || object.value == NULL)
        return status;
    status = json_figure(&object, "mean", JSON_REQUIRED, &mean);
    if (status == STATUS_OK)
        status = json_figure(&object, "N", JSON_OPTIONAL, &count);
    if (status == STATUS_OK)
        status = json_member(&object, "percentile", JSON_OBJECT, JSON_OPTIONAL, &table);
    if (status == STATUS_OK)
        status = json_member(&object, "bins", JSON_OBJECT, JSON_OPTIONAL, &bins);
    count = isnan(count) ? requests : count;
    if (status != STATUS_OK || count <= 0)
        return status;
    if (mean > 0) {
        sums->seconds[time] += mean * unit * count;
        sums->timed[time] += count;
    }
    snprintf(name, sizeof name, "fio.%s.%s%s%s", direction->key, times[time].name,
             job != NULL ? "." : "", job != NULL ? job : "");
    if (bins.value != NULL && json_object_size(bins.value) > 0)
        return add_table(&bins, TRACE_BINS, unit, count, name);
    return table.value != NULL ? add_table(&table, TRACE_QUANTILES, unit, count, name) : STATUS_OK;
}

/* One direction of a job into the sums of its group. A direction without requests leaves none. */
static int add_direction(const struct json_node *direction, const char *job, bool flushes,
                         struct side *sums)
{
    double requests;
    double iops;
    double bandwidth;
    double runtime;
    double kib;
    int status = json_figure(direction, "total_ios", JSON_OPTIONAL, &requests);
    if (status == STATUS_OK)
        status = json_figure(direction, "iops", flushes ? JSON_OPTIONAL : JSON_REQUIRED, &iops);
    if (status == STATUS_OK)
        status = json_figure(direction, "bw_bytes", JSON_OPTIONAL, &bandwidth);
    if (status == STATUS_OK)
        status = json_figure(direction, "bw", flushes ? JSON_OPTIONAL : JSON_REQUIRED, &kib);
    if (status == STATUS_OK)
        status = json_figure(direction, "runtime", JSON_OPTIONAL, &runtime);
    if (isnan(requests))
        requests = round(iops * runtime / 1e3);
    if (status != STATUS_OK || !(requests > 0))
        return status;
    sums->requests += requests;
    sums->iops += isnan(iops) ? 0 : iops;
    sums->bandwidth += isnan(bandwidth) ? (isnan(kib) ? 0 : kib * 1024) : bandwidth;
    for (size_t time = 0; time < TIMES && status == STATUS_OK; time++)
        status = add_time(direction, job, time, sums, requests);
    return status;
}

/* The points of one direction, or of all, of a group. */
static int put_side(struct trace *trace, const char *name, const struct side *sums,
                    double in_flight, struct diag *diag)
{
    struct trace_axis axis = {.name = "in_flight", .x = in_flight, .weight = sums->requests};
    int status = STATUS_OK;
    if (sums->iops > 0)
        status = trace_put_at(trace, &axis, "1/s", sums->iops, diag, "fio.%s.iops", name);
    if (status == STATUS_OK && sums->bandwidth > 0)
        status = trace_put_at(trace, &axis, "B/s", sums->bandwidth, diag, "fio.%s.bandwidth", name);
    for (size_t time = 0; time < TIMES && status == STATUS_OK; time++) {
        axis.weight = sums->timed[time];
        if (sums->timed[time] > 0)
            status = trace_put_at(trace, &axis, "s", sums->seconds[time] / sums->timed[time], diag,
                                  "fio.%s.%s.mean", name, times[time].name);
    }
    return status;
}

static void add_sides(struct side *total, const struct side *sums)
{
    total->requests += sums->requests;
    total->iops += sums->iops;
    total->bandwidth += sums->bandwidth;
    for (size_t time = 0; time < TIMES; time++) {
        total->seconds[time] += sums->seconds[time];
        total->timed[time] += sums->timed[time];
    }
}

/* Reads what one job did into the sums of its group. */
static int add_job(const struct fio_job *job, bool several, struct side sums[DIRECTIONS],
                   double *found)
{
    double error;
    int status = json_figure(&job->node, "error", JSON_OPTIONAL, &error);
    if (status == STATUS_OK && error > 0)
        status = trace_flag(job->node.trace, job->node.diag, "job %s ended with error %g",
                            job->name, error);
    for (size_t d = 0; d < DIRECTIONS && status == STATUS_OK; d++) {
        struct json_node direction;
        status = json_member(&job->node, directions[d], JSON_OBJECT, JSON_OPTIONAL, &direction);
        if (status != STATUS_OK || direction.value == NULL)
            continue;
        *found += d != SYNC;
        status = add_direction(&direction, several ? job->name : NULL, d == SYNC, &sums[d]);
    }
    return status;
}

/* The jobs of a group, from first on. */
static int add_group(struct fio_job *jobs, size_t count, size_t first)
{
    struct trace *trace = jobs[first].node.trace;
    struct diag *diag = jobs[first].node.diag;
    struct side sums[DIRECTIONS] = {0};
    struct side total = {0};
    struct trace_axis axis = {.name = "in_flight", .weight = 1};
    double user = 0;
    double system = 0;
    int status = STATUS_OK;
    for (size_t i = first; i < count && status == STATUS_OK; i++) {
        double here[2];
        double found = 0;
        if (jobs[i].group != jobs[first].group)
            continue;
        axis.x += jobs[i].depth * jobs[i].copies;
        status = add_job(&jobs[i], count > 1, sums, &found);
        if (status == STATUS_OK && found == 0)
            status = json_fail(&jobs[i].node, "read", "is missing; expected an object");
        if (status == STATUS_OK)
            status = json_figure(&jobs[i].node, "usr_cpu", JSON_OPTIONAL, &here[0]);
        if (status == STATUS_OK)
            status = json_figure(&jobs[i].node, "sys_cpu", JSON_OPTIONAL, &here[1]);
        if (status == STATUS_OK) {
            /* Percent of one CPU, a job: fio divides by the run time of all copies. */
            user += here[0] / 100 * jobs[i].copies;
            system += here[1] / 100 * jobs[i].copies;
        }
    }
    for (size_t d = 0; d < DIRECTIONS && status == STATUS_OK; d++) {
        status = put_side(trace, directions[d], &sums[d], axis.x, diag);
        if (d != SYNC)
            add_sides(&total, &sums[d]);
    }
    if (status == STATUS_OK && total.requests == 0)
        return trace_flag(trace, diag, "group %g did no I/O", jobs[first].group);
    if (status == STATUS_OK)
        status = put_side(trace, "total", &total, axis.x, diag);
    if (status == STATUS_OK)
        status = trace_put_at(trace, &axis, "1", user, diag, "fio.cpu.user");
    if (status == STATUS_OK)
        status = trace_put_at(trace, &axis, "1", system, diag, "fio.cpu.system");
    return status;
}

/* The jobs of the document; the sum that a server's clients end with is left out. */
static int read_jobs(const struct json_node *list, const json_t *globals, struct fio_job *jobs,
                     size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < json_array_size(list->value); i++) {
        struct fio_job *job = &jobs[*count];
        *job = (struct fio_job){.globals = globals};
        int status = json_element(list, i, JSON_OBJECT, &job->node);
        if (status == STATUS_OK)
            status = fio_job_read(job);
        if (status != STATUS_OK)
            return status;
        *count += strcmp(job->name, "All clients") != 0;
    }
    if (*count == 0)
        return json_fail(list, NULL, "is empty; expected jobs");
    return fio_jobs_settle(jobs, *count, list->diag);
}

static int take_jobs(const struct json_node *list, const json_t *globals)
{
    size_t count = json_array_size(list->value);
    struct fio_job *jobs = malloc((count + 1) * sizeof *jobs);
    if (jobs == NULL)
        return diag_set(list->diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = read_jobs(list, globals, jobs, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen = seen || jobs[j].group == jobs[i].group;
        if (!seen)
            status = add_group(jobs, count, i);
    }
    if (status == STATUS_OK)
        status = fio_jobs_tag(list->trace, jobs, count, list->diag);
    free(jobs);
    return status;
}

int fio_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct json_node root;
    struct json_node list;
    struct json_node globals;
    size_t at = json_start(text, length);
    int status = json_open(&root, trace, text, length, &at, diag);
    if (status == STATUS_OK)
        status = json_member(&root, "global options", JSON_OBJECT, JSON_OPTIONAL, &globals);
    if (status == STATUS_OK)
        status = json_member(&root, "client_stats", JSON_ARRAY, JSON_OPTIONAL, &list);
    if (status == STATUS_OK && list.value == NULL)
        status = json_member(&root, "jobs", JSON_ARRAY, JSON_REQUIRED, &list);
    if (status == STATUS_OK)
        status = take_jobs(&list, globals.value);
    if (status == STATUS_OK)
        status = trace_tag_text(trace, "version", json_word(&root, "fio version"), diag);
    json_close(&root);
    return status;
}
