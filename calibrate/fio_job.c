#include "calibrate/fio_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

const char *const fio_tag_names[FIO_TAGS] = {
    [FIO_DEPTH] = "io_depth",
    [FIO_JOBS] = "io_jobs",
    [FIO_SIZE] = "io_size",
    [FIO_WRITE_SHARE] = "io_write_share",
    [FIO_SEQUENTIAL] = "io_sequential",
    [FIO_FLUSH_EVERY] = "io_flush_every",
    [FIO_ENGINE] = "engine",
    [FIO_PATTERN] = "pattern",
    [FIO_DEVICE] = "device",
    [FIO_DIRECT] = "direct",
    [FIO_JOB] = "job",
};

/* An option by one of two names, the job's own before the global one; NULL: not given. */
static const char *option_of(const struct fio_job *job, const char *name, const char *other)
{
    const json_t *const places[] = {json_object_get(job->node.value, "job options"), job->globals};
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_string_value(json_object_get(places[i], name));
        if (text == NULL && other != NULL)
            text = json_string_value(json_object_get(places[i], other));
        if (text != NULL)
            return text;
    }
    return NULL;
}

/* A count given as an option; otherwise when it is not given. */
static int count_option(const struct fio_job *job, const char *name, double otherwise,
                        double *value)
{
    const char *text = option_of(job, name, NULL);
    *value = otherwise;
    if (text == NULL)
        return STATUS_OK;
    if (text_parse_number(text, value) && *value >= 1 && *value <= 1e9 && *value == floor(*value))
        return STATUS_OK;
    return json_fail(&job->node, "job options", "%s is '%.40s'; expected a count", name, text);
}

static void set_tag(struct fio_job *job, enum fio_tag tag, double value)
{
    if (!isnan(value))
        snprintf(job->tags[tag], TRACE_NAME, "%.15g", value);
}

static void copy_tag(struct fio_job *job, enum fio_tag tag, const char *text)
{
    snprintf(job->tags[tag], TRACE_NAME, "%s", text != NULL ? text : "");
}

/* A member of a direction's object; NAN when there is none. What is of a wrong type is told when
 * the direction itself is read. */
static double side(const struct fio_job *job, const char *direction, const char *field)
{
    const json_t *object = json_object_get(job->node.value, direction);
    const json_t *value = json_object_get(object, field);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* One size for all requests, or else (bssplit, ranges, sizes that differ by direction) the mean. */
static double request_size(const struct fio_job *job)
{
    const char *text = option_of(job, "bs", "blocksize");
    bool split = option_of(job, "bssplit", NULL) != NULL ||
                 option_of(job, "bsrange", "blocksize_range") != NULL;
    double size;
    if (!split && text != NULL && text_parse_size(text, &size) && size >= 1)
        return size;
    double bytes = 0;
    double requests = 0;
    for (size_t i = 0; i < 2; i++) {
        const char *direction = i == 0 ? "read" : "write";
        double here = side(job, direction, "total_ios");
        double moved = side(job, direction, "io_bytes");
        if (here > 0 && moved > 0) {
            requests += here;
            bytes += moved;
        }
    }
    return requests > 0 ? round(bytes / requests) : NAN;
}

/* Whether a pattern, which may end in ":N" (requests in a row), is one of these two. */
static bool is_pattern(const char *pattern, const char *sequential, const char *random)
{
    size_t length = strcspn(pattern, ":");
    return (length == strlen(sequential) && memcmp(pattern, sequential, length) == 0) ||
           (length == strlen(random) && memcmp(pattern, random, length) == 0);
}

static double write_share(const struct fio_job *job, const char *pattern)
{
    double percent;
    if (pattern == NULL || is_pattern(pattern, "read", "randread"))
        return 0;
    if (is_pattern(pattern, "write", "randwrite"))
        return 1;
    if (strstr(pattern, "trim") != NULL)
        return NAN;
    const char *text = option_of(job, "rwmixread", NULL);
    if (text != NULL && text_parse_number(text, &percent))
        return 1 - percent / 100;
    text = option_of(job, "rwmixwrite", NULL);
    return text != NULL && text_parse_number(text, &percent) ? percent / 100 : 0.5;
}

/* Engines that wait for each request keep one in flight whatever iodepth says. */
static bool waits(const char *engine)
{
    static const char *const engines[] = {"sync", "psync", "vsync", "pvsync", "pvsync2", "mmap"};
    for (size_t i = 0; engine != NULL && i < sizeof engines / sizeof *engines; i++) {
        if (strcmp(engine, engines[i]) == 0)
            return true;
    }
    return false;
}

int fio_job_read(struct fio_job *job)
{
    struct json_node options;
    double flush;
    const char *name = json_word(&job->node, "jobname");
    int status = json_member(&job->node, "job options", JSON_OBJECT, JSON_OPTIONAL, &options);
    if (status == STATUS_OK)
        status = json_figure(&job->node, "groupid", JSON_OPTIONAL, &job->group);
    if (status == STATUS_OK)
        status = count_option(job, "iodepth", 1, &job->depth);
    if (status == STATUS_OK)
        status = count_option(job, "numjobs", 1, &job->copies);
    if (status != STATUS_OK)
        return status;
    if (name == NULL)
        return json_fail(&job->node, "jobname", "is missing; expected a string");
    if (isnan(job->group))
        job->group = 0;
    snprintf(job->name, sizeof job->name, "%.*s", FIO_NAME, name);
    const char *engine = option_of(job, "ioengine", NULL);
    const char *pattern = option_of(job, "rw", "readwrite");
    const char *flushes = option_of(job, "fsync", "fdatasync");
    if (waits(engine))
        job->depth = 1;
    set_tag(job, FIO_DEPTH, job->depth);
    set_tag(job, FIO_JOBS, job->copies);
    set_tag(job, FIO_SIZE, request_size(job));
    /* Without options (an older fio) what the load was is not told. */
    if (options.value != NULL || job->globals != NULL) {
        set_tag(job, FIO_WRITE_SHARE, write_share(job, pattern));
        copy_tag(job, FIO_SEQUENTIAL,
                 pattern != NULL && strstr(pattern, "rand") != NULL ? "no" : "yes");
    }
    set_tag(job, FIO_FLUSH_EVERY,
            flushes != NULL && text_parse_number(flushes, &flush) ? flush : NAN);
    copy_tag(job, FIO_ENGINE, engine);
    copy_tag(job, FIO_PATTERN, pattern);
    copy_tag(job, FIO_DEVICE, option_of(job, "filename", NULL));
    copy_tag(job, FIO_DIRECT, option_of(job, "direct", NULL));
    copy_tag(job, FIO_JOB, name);
    return STATUS_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct fio_job *const *left = a;
    const struct fio_job *const *right = b;
    int order = strcmp((*left)->name, (*right)->name);
    if (order != 0)
        return order;
    return *left < *right ? -1 : *left > *right;
}

/* Jobs in the order of their names, so that those of one name are beside each other. */
int fio_jobs_settle(struct fio_job *jobs, size_t count, struct diag *diag)
{
    struct fio_job **order = malloc(count * sizeof *order);
    if (order == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < count; i++)
        order[i] = &jobs[i];
    qsort(order, count, sizeof *order, by_name);
    for (size_t first = 0, next; first < count; first = next) {
        char name[FIO_NAME + 16];
        snprintf(name, sizeof name, "%s", order[first]->name);
        for (next = first + 1; next < count && strcmp(order[next]->name, name) == 0; next++)
            ;
        for (size_t i = first; i < next && next - first > 1; i++) {
            bool alone = true;
            for (size_t j = first; j < next && alone; j++)
                alone = j == i || order[j]->group != order[i]->group;
            if (!alone) {
                order[i]->copies = 1;
                set_tag(order[i], FIO_JOBS, 1);
            }
        }
        for (size_t i = first + 1; i < next; i++)
            snprintf(order[i]->name, sizeof order[i]->name, "%.*s#%u", FIO_NAME, name,
                     (unsigned)(i - first + 1));
    }
    free(order);
    return STATUS_OK;
}

int fio_jobs_tag(struct trace *trace, const struct fio_job *jobs, size_t count, struct diag *diag)
{
    int status = STATUS_OK;
    for (size_t tag = 0; tag < FIO_TAGS; tag++) {
        bool agree = true;
        for (size_t i = 1; i < count; i++)
            agree = agree && strcmp(jobs[i].tags[tag], jobs[0].tags[tag]) == 0;
        for (size_t i = 0; i < (agree ? 1 : count) && status == STATUS_OK; i++) {
            char name[TRACE_NAME];
            snprintf(name, sizeof name, agree ? "%s" : "%s.%s", fio_tag_names[tag], jobs[i].name);
            if (jobs[i].tags[tag][0] != '\0')
                status = trace_set_tag(trace, name, jobs[i].tags[tag], diag);
        }
    }
    return status;
}
