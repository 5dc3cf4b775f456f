/* The JSON of sysstat's sadf -j, mpstat -o JSON and iostat -o JSON: one document shape, of which
 * the tables below take what bears on a host's limits. Series are TOOL.WHAT.PART, PART being the
 * CPU, device or interface (none for figures of the whole host):
 *
 *   cpu.{user,nice,system,iowait,steal,irq,softirq,guest,guest_nice,idle}.CPU   share
 *   cpu.interrupts.CPU, softnet.{packets,dropped,squeezed}.CPU                  1/s
 *   processes, context_switches, interrupts.IRQ (sum: all)                      1/s
 *   memory.{free,available,used,cached,committed,anonymous,slab,stacks,page_tables}   B
 *   queue.{runnable,tasks,load1,blocked}, kernel.{files,ptys}                   1
 *   disk.{requests,reads,writes,flushes}.DEV 1/s, disk.{read,written}.DEV B/s
 *   disk.{latency,read_latency,write_latency,flush_latency}.DEV s
 *   disk.{size,read_size,write_size}.DEV B, disk.queue.DEV 1, disk.util.DEV share
 *   net.{rx,tx}.{packets,bytes,drops}.IF 1/s or B/s, net.util.IF share
 *   psi.{cpu,io,memory}.{some,full} share of the interval
 *
 * x is the time in seconds since the first report. iostat tells none without -t; then x is the
 * number of the report ("sample"). */
#include "calibrate/readers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calibrate/json_node.h"
#include "calibrate/keyed.h"

#define PERCENT 0.01
#define KIB 1024.0
#define MIB 1048576.0
#define SECTOR 512.0
#define MS 1e-3

/* A field of a report, and the series it goes to. Versions and options rename fields: the first
 * that is there serves a metric. */
struct field {
    const char *key, *metric, *unit;
    double scale;
};

/* The members on the way to an object, or to a list of objects told apart by id. */
struct group {
    const char *path[2], *id;
    const struct field *fields;
};

#define FIELDS(name, ...) static const struct field name[] = {__VA_ARGS__, {NULL, NULL, NULL, 0}}

FIELDS(cpu_fields, {"usr", "cpu.user", "1", PERCENT}, {"user", "cpu.user", "1", PERCENT},
       {"nice", "cpu.nice", "1", PERCENT}, {"sys", "cpu.system", "1", PERCENT},
       {"system", "cpu.system", "1", PERCENT}, {"iowait", "cpu.iowait", "1", PERCENT},
       {"steal", "cpu.steal", "1", PERCENT}, {"irq", "cpu.irq", "1", PERCENT},
       {"soft", "cpu.softirq", "1", PERCENT}, {"guest", "cpu.guest", "1", PERCENT},
       {"gnice", "cpu.guest_nice", "1", PERCENT}, {"idle", "cpu.idle", "1", PERCENT});
FIELDS(interrupt_fields, {"intr", "cpu.interrupts", "1/s", 1});
FIELDS(switch_fields, {"proc", "processes", "1/s", 1}, {"cswch", "context_switches", "1/s", 1});
FIELDS(memory_fields, {"memfree", "memory.free", "B", KIB}, {"avail", "memory.available", "B", KIB},
       {"memused", "memory.used", "B", KIB}, {"cached", "memory.cached", "B", KIB},
       {"commit", "memory.committed", "B", KIB}, {"anonpg", "memory.anonymous", "B", KIB},
       {"slab", "memory.slab", "B", KIB}, {"kstack", "memory.stacks", "B", KIB},
       {"pgtbl", "memory.page_tables", "B", KIB});
FIELDS(queue_fields, {"runq-sz", "queue.runnable", "1", 1}, {"plist-sz", "queue.tasks", "1", 1},
       {"ldavg-1", "queue.load1", "1", 1}, {"blocked", "queue.blocked", "1", 1});
FIELDS(kernel_fields, {"file-nr", "kernel.files", "1", 1}, {"pty-nr", "kernel.ptys", "1", 1});
FIELDS(sadf_disk_fields, {"tps", "disk.requests", "1/s", 1}, {"rkB", "disk.read", "B/s", KIB},
       {"rd_sec", "disk.read", "B/s", SECTOR}, {"wkB", "disk.written", "B/s", KIB},
       {"wr_sec", "disk.written", "B/s", SECTOR}, {"areq-sz", "disk.size", "B", KIB},
       {"avgrq-sz", "disk.size", "B", SECTOR}, {"aqu-sz", "disk.queue", "1", 1},
       {"avgqu-sz", "disk.queue", "1", 1}, {"await", "disk.latency", "s", MS},
       {"util-percent", "disk.util", "1", PERCENT});
FIELDS(iostat_disk_fields, {"tps", "disk.requests", "1/s", 1}, {"r/s", "disk.reads", "1/s", 1},
       {"w/s", "disk.writes", "1/s", 1}, {"f/s", "disk.flushes", "1/s", 1},
       {"rkB/s", "disk.read", "B/s", KIB}, {"rMB/s", "disk.read", "B/s", MIB},
       {"rsec/s", "disk.read", "B/s", SECTOR}, {"kB_read/s", "disk.read", "B/s", KIB},
       {"MB_read/s", "disk.read", "B/s", MIB}, {"Blk_read/s", "disk.read", "B/s", SECTOR},
       {"wkB/s", "disk.written", "B/s", KIB}, {"wMB/s", "disk.written", "B/s", MIB},
       {"wsec/s", "disk.written", "B/s", SECTOR}, {"kB_wrtn/s", "disk.written", "B/s", KIB},
       {"MB_wrtn/s", "disk.written", "B/s", MIB}, {"Blk_wrtn/s", "disk.written", "B/s", SECTOR},
       {"await", "disk.latency", "s", MS}, {"r_await", "disk.read_latency", "s", MS},
       {"w_await", "disk.write_latency", "s", MS}, {"f_await", "disk.flush_latency", "s", MS},
       {"areq-sz", "disk.size", "B", KIB}, {"avgrq-sz", "disk.size", "B", SECTOR},
       {"rareq-sz", "disk.read_size", "B", KIB}, {"wareq-sz", "disk.write_size", "B", KIB},
       {"aqu-sz", "disk.queue", "1", 1}, {"avgqu-sz", "disk.queue", "1", 1},
       {"util", "disk.util", "1", PERCENT});
FIELDS(irq_fields, {"all", "interrupts", "1/s", 1}, {"value", "interrupts", "1/s", 1});
FIELDS(net_fields, {"rxpck", "net.rx.packets", "1/s", 1}, {"txpck", "net.tx.packets", "1/s", 1},
       {"rxkB", "net.rx.bytes", "B/s", KIB}, {"txkB", "net.tx.bytes", "B/s", KIB},
       {"ifutil-percent", "net.util", "1", PERCENT});
FIELDS(net_error_fields, {"rxdrop", "net.rx.drops", "1/s", 1},
       {"txdrop", "net.tx.drops", "1/s", 1});
FIELDS(softnet_fields, {"total", "softnet.packets", "1/s", 1},
       {"dropd", "softnet.dropped", "1/s", 1}, {"squeezd", "softnet.squeezed", "1/s", 1});
FIELDS(psi_cpu_fields, {"some_avg", "psi.cpu.some", "1", PERCENT});
FIELDS(psi_io_fields, {"some_avg", "psi.io.some", "1", PERCENT},
       {"full_avg", "psi.io.full", "1", PERCENT});
FIELDS(psi_memory_fields, {"some_avg", "psi.memory.some", "1", PERCENT},
       {"full_avg", "psi.memory.full", "1", PERCENT});

static const struct group sadf_groups[] = {
    {{"cpu-load", NULL}, "cpu", cpu_fields},
    {{"cpu-load-all", NULL}, "cpu", cpu_fields},
    {{"process-and-context-switch", NULL}, NULL, switch_fields},
    {{"interrupts", NULL}, "intr", irq_fields},
    {{"memory", NULL}, NULL, memory_fields},
    {{"queue", NULL}, NULL, queue_fields},
    {{"kernel", NULL}, NULL, kernel_fields},
    {{"disk", NULL}, "disk-device", sadf_disk_fields},
    {{"network", "net-dev"}, "iface", net_fields},
    {{"network", "net-edev"}, "iface", net_error_fields},
    {{"network", "softnet"}, "cpu", softnet_fields},
    {{"psi", "psi-cpu"}, NULL, psi_cpu_fields},
    {{"psi", "psi-io"}, NULL, psi_io_fields},
    {{"psi", "psi-mem"}, NULL, psi_memory_fields},
    {{NULL, NULL}, NULL, NULL},
};
static const struct group mpstat_groups[] = {
    {{"cpu-load", NULL}, "cpu", cpu_fields},
    {{"sum-interrupts", NULL}, "cpu", interrupt_fields},
    {{NULL, NULL}, NULL, NULL},
};
static const struct group iostat_groups[] = {
    {{"avg-cpu", NULL}, NULL, cpu_fields},
    {{"disk", NULL}, "disk_device", iostat_disk_fields},
    {{NULL, NULL}, NULL, NULL},
};

/* Keys in these places of the document: {"sysstat": {"hosts": [{HOST, "statistics": [{REPORT. */
enum { HOST_DEPTH = 4, REPORT_DEPTH = 6 };

static bool has(const char *text, size_t length, const char *key, unsigned depth)
{
    return json_find_key(text, length, key, depth) != NULL;
}

double sadf_json_recognise(const char *text, size_t length)
{
    return has(text, length, "sysstat", 1) && has(text, length, "file-date", HOST_DEPTH) ? 1 : 0;
}

double mpstat_recognise(const char *text, size_t length)
{
    static const char *const own[] = {"cpu-load", "node-load", "sum-interrupts",
                                      "individual-interrupts", "soft-interrupts"};
    if (!has(text, length, "sysstat", 1) || has(text, length, "file-date", HOST_DEPTH))
        return 0;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (has(text, length, own[i], REPORT_DEPTH))
            return 1;
    }
    return 0;
}

double iostat_recognise(const char *text, size_t length)
{
    if (!has(text, length, "sysstat", 1) || has(text, length, "file-date", HOST_DEPTH))
        return 0;
    return has(text, length, "avg-cpu", REPORT_DEPTH) || has(text, length, "disk", REPORT_DEPTH);
}

/* The figures of one object. part: what it is about, or NULL. */
static int take_fields(const struct json_node *object, const struct group *group, const char *tool,
                       const char *part, const struct trace_axis *axis)
{
    bool any = false;
    const char *last = ""; /* metric taken last: fields of one metric are beside each other */
    int status = STATUS_OK;
    for (const struct field *field = group->fields; field->key != NULL; field++) {
        double value;
        status = json_figure(object, field->key, JSON_OPTIONAL, &value);
        if (status != STATUS_OK)
            return status;
        if (isnan(value) || strcmp(field->metric, last) == 0)
            continue;
        any = true;
        last = field->metric;
        status = trace_put_at(object->trace, axis, field->unit, value * field->scale, object->diag,
                              "%s.%s%s%s", tool, field->metric, part != NULL ? "." : "",
                              part != NULL ? part : "");
        if (status != STATUS_OK)
            return status;
    }
    return any ? STATUS_OK
               : json_fail(object, NULL, "has none of the fields known, such as %s",
                           group->fields[0].key);
}

static int take_list(const struct json_node *list, const struct group *group, const char *tool,
                     const struct trace_axis *axis)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < json_array_size(list->value) && status == STATUS_OK; i++) {
        struct json_node item;
        struct json_node id;
        status = json_element(list, i, JSON_OBJECT, &item);
        if (status == STATUS_OK)
            status = json_member(&item, group->id, JSON_STRING, JSON_REQUIRED, &id);
        if (status != STATUS_OK)
            return status;
        /* iostat indents the sums of groups of devices. */
        const char *part = json_string_value(id.value);
        status = take_fields(&item, group, tool, part + strspn(part, " "), axis);
    }
    return status;
}

static int take_group(const struct json_node *report, const struct group *group, const char *tool,
                      const struct trace_axis *axis)
{
    struct json_node parent = *report;
    struct json_node at;
    const char *last = group->path[0];
    int status = STATUS_OK;
    if (group->path[1] != NULL) {
        last = group->path[1];
        status = json_member(report, group->path[0], JSON_OBJECT, JSON_OPTIONAL, &parent);
    }
    if (status != STATUS_OK || parent.value == NULL)
        return status;
    status = json_member(&parent, last, group->id != NULL ? JSON_ARRAY : JSON_OBJECT, JSON_OPTIONAL,
                         &at);
    if (status != STATUS_OK || at.value == NULL)
        return status;
    return group->id != NULL ? take_list(&at, group, tool, axis)
                             : take_fields(&at, group, tool, NULL, axis);
}

/* Seconds within a day of a text that holds H:M:S, with AM or PM or not; -1: there is none. */
static double day_seconds(const char *text)
{
    const char *colon = strchr(text, ':');
    int hour;
    int minute;
    int second;
    if (colon == NULL || colon - text < 1)
        return -1;
    const char *start = colon;
    while (start > text && start[-1] >= '0' && start[-1] <= '9' && colon - start < 2)
        start--;
    if (sscanf(start, "%2d:%2d:%2d", &hour, &minute, &second) != 3 || hour < 0 || hour > 24 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    if (strstr(text, "AM") != NULL || strstr(text, "PM") != NULL)
        hour = hour % 12 + (strstr(text, "PM") != NULL ? 12 : 0);
    return 3600.0 * hour + 60.0 * minute + second;
}

/* sadf tells the day; mpstat and iostat -t the time of day, which starts again at midnight. */
struct clock {
    bool started;
    double first, last, days;
};

static int read_time(const struct json_node *report, struct clock *clock, double *seconds)
{
    struct json_node stamp;
    const json_t *value = json_object_get(report->value, "timestamp");
    const char *text = json_string_value(value);
    int year;
    int month;
    int day;
    *seconds = NAN;
    if (value == NULL)
        return STATUS_OK;
    if (json_is_object(value)) {
        const char *date = json_string_value(json_object_get(value, "date"));
        text = json_string_value(json_object_get(value, "time"));
        json_member(report, "timestamp", JSON_OBJECT, JSON_REQUIRED, &stamp);
        if (date == NULL || sscanf(date, "%4d-%2d-%2d", &year, &month, &day) != 3)
            return json_fail(&stamp, "date", "is missing or no date as 2026-11-21");
        struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
        clock->days = (double)timegm(&tm);
    } else {
        int status = json_member(report, "timestamp", JSON_STRING, JSON_REQUIRED, &stamp);
        if (status != STATUS_OK)
            return status;
    }
    double within = text != NULL ? day_seconds(text) : -1;
    if (within < 0)
        return json_fail(&stamp, json_is_object(value) ? "time" : NULL,
                         "is missing or no time of day as 13:20:19");
    if (clock->started && !json_is_object(value) && clock->days + within < clock->last)
        clock->days += 86400;
    double now = clock->days + within;
    if (!clock->started)
        clock->first = now;
    clock->started = true;
    clock->last = now;
    *seconds = now - clock->first;
    return STATUS_OK;
}

static int take_host(const struct json_node *host, const struct group *groups, const char *tool)
{
    struct json_node reports;
    struct clock clock = {0};
    int status = json_member(host, "statistics", JSON_ARRAY, JSON_REQUIRED, &reports);
    size_t count = status == STATUS_OK ? json_array_size(reports.value) : 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct json_node report;
        struct trace_axis axis = {.name = "time_s", .weight = 1};
        status = json_element(&reports, i, JSON_OBJECT, &report);
        if (status == STATUS_OK)
            status = read_time(&report, &clock, &axis.x);
        if (isnan(axis.x))
            axis = (struct trace_axis){.name = "sample", .x = (double)i, .weight = 1};
        for (const struct group *group = groups; group->fields != NULL && status == STATUS_OK;
             group++)
            status = take_group(&report, group, tool, &axis);
    }
    return status;
}

static int tag_host(const struct json_node *host)
{
    static const char *const words[][2] = {{"nodename", "host"},
                                           {"release", "kernel"},
                                           {"machine", "arch"},
                                           {"date", "date"},
                                           {"file-date", "date"}};
    double cpus;
    int status = json_figure(host, "number-of-cpus", JSON_OPTIONAL, &cpus);
    if (status == STATUS_OK)
        status = trace_tag_number(host->trace, "host_cpus", cpus, host->diag);
    for (size_t i = 0; i < sizeof words / sizeof *words && status == STATUS_OK; i++)
        status = trace_tag_text(host->trace, words[i][1], json_word(host, words[i][0]), host->diag);
    return status;
}

static int flag_host(const struct json_node *host, const char *tool)
{
    struct json_node restarts;
    int status = json_member(host, "restarts", JSON_ARRAY, JSON_OPTIONAL, &restarts);
    if (status == STATUS_OK && json_array_size(restarts.value) > 0)
        status = trace_flag(host->trace, host->diag, "restarts of the host: %zu",
                            json_array_size(restarts.value));
    if (status == STATUS_OK && strcmp(tool, "iostat") == 0)
        status = trace_flag(host->trace, host->diag,
                            "the first report tells of the time since boot, unless iostat ran "
                            "with -y");
    if (status == STATUS_OK && host->trace->series_count == 0)
        status = trace_flag(host->trace, host->diag, "holds no figures that are read");
    return status;
}

static int read_document(struct trace *trace, const char *text, size_t length,
                         const struct group *groups, const char *tool, struct diag *diag)
{
    struct json_node root;
    struct json_node sysstat;
    struct json_node hosts;
    struct json_node host;
    int status = json_open_whole(&root, trace, text, length, diag);
    if (status == STATUS_OK)
        status = json_member(&root, "sysstat", JSON_OBJECT, JSON_REQUIRED, &sysstat);
    if (status == STATUS_OK)
        status = json_member(&sysstat, "hosts", JSON_ARRAY, JSON_REQUIRED, &hosts);
    if (status == STATUS_OK && json_array_size(hosts.value) != 1)
        status =
            json_fail(&hosts, NULL, "has %zu elements; expected 1", json_array_size(hosts.value));
    if (status == STATUS_OK)
        status = json_element(&hosts, 0, JSON_OBJECT, &host);
    if (status == STATUS_OK)
        status = take_host(&host, groups, tool);
    if (status == STATUS_OK)
        status = tag_host(&host);
    if (status == STATUS_OK)
        status = flag_host(&host, tool);
    json_close(&root);
    return status;
}

int sadf_json_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    return read_document(trace, text, length, sadf_groups, "sadf", diag);
}

int mpstat_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    return read_document(trace, text, length, mpstat_groups, "mpstat", diag);
}

int iostat_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    return read_document(trace, text, length, iostat_groups, "iostat", diag);
}
