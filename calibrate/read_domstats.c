/* virsh domstats --raw: a header "Domain: 'NAME'" a guest, then key=value. Counters since the
 * guest's start. x is the number of the domain in the file, from 0 (its name: tag domain.N); a
 * domain that occurs again was asked again and gives more points at its x.
 *
 *   cpu.{time,user,system} s              vcpu.{time,wait,delay}.N s     vcpu.current 1
 *   memory.{current,maximum,rss,available,unused,usable} B
 *   block.{read,write,flush}.{requests,time}.N 1, s    block.{read,write}.bytes.N B
 *   block.{read,write,flush}.latency.N: time by request, s; weight: requests
 *   block.{allocation,capacity,physical}.N B           block.count, net.count 1
 *   net.{rx,tx}.{bytes,packets,errors,drops}.N B or 1  dirty_rate B/s
 *
 * all behind "domstats."; N as in the file. An old libvirt tells no vcpu.N.wait or delay. */
#include "calibrate/readers.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibrate/keyed.h"
#include "model/text.h"

/* A key, "#" standing for a number; and the series, which ends in that number. */
static const struct stat {
    const char *key, *name, *unit;
    double scale;
} stats[] = {
    {"cpu.time", "cpu.time", "s", 1e-9},
    {"cpu.user", "cpu.user", "s", 1e-9},
    {"cpu.system", "cpu.system", "s", 1e-9},
    {"vcpu.current", "vcpu.current", "1", 1},
    {"vcpu.#.time", "vcpu.time", "s", 1e-9},
    {"vcpu.#.wait", "vcpu.wait", "s", 1e-9},
    {"vcpu.#.delay", "vcpu.delay", "s", 1e-9},
    {"balloon.current", "memory.current", "B", 1024},
    {"balloon.maximum", "memory.maximum", "B", 1024},
    {"balloon.rss", "memory.rss", "B", 1024},
    {"balloon.available", "memory.available", "B", 1024},
    {"balloon.unused", "memory.unused", "B", 1024},
    {"balloon.usable", "memory.usable", "B", 1024},
    {"block.count", "block.count", "1", 1},
    {"block.#.rd.reqs", "block.read.requests", "1", 1},
    {"block.#.rd.bytes", "block.read.bytes", "B", 1},
    {"block.#.rd.times", "block.read.time", "s", 1e-9},
    {"block.#.wr.reqs", "block.write.requests", "1", 1},
    {"block.#.wr.bytes", "block.write.bytes", "B", 1},
    {"block.#.wr.times", "block.write.time", "s", 1e-9},
    {"block.#.fl.reqs", "block.flush.requests", "1", 1},
    {"block.#.fl.times", "block.flush.time", "s", 1e-9},
    {"block.#.allocation", "block.allocation", "B", 1},
    {"block.#.capacity", "block.capacity", "B", 1},
    {"block.#.physical", "block.physical", "B", 1},
    {"net.count", "net.count", "1", 1},
    {"net.#.rx.bytes", "net.rx.bytes", "B", 1},
    {"net.#.rx.pkts", "net.rx.packets", "1", 1},
    {"net.#.rx.errs", "net.rx.errors", "1", 1},
    {"net.#.rx.drop", "net.rx.drops", "1", 1},
    {"net.#.tx.bytes", "net.tx.bytes", "B", 1},
    {"net.#.tx.pkts", "net.tx.packets", "1", 1},
    {"net.#.tx.errs", "net.tx.errors", "1", 1},
    {"net.#.tx.drop", "net.tx.drops", "1", 1},
    {"dirtyrate.megabytes_per_second", "dirty_rate", "B/s", 1048576},
};

struct domains {
    struct trace *trace;
    struct diag *diag;
    size_t count;
    bool open;
    double x;        /* of the domain being read */
    double requests; /* of the block counter read last */
    char counter[TRACE_NAME];
};

double domstats_recognise(const char *text, size_t length)
{
    return keyed_start_with(text, length, "Domain: '") ? 1 : 0;
}

/* Whether a key is of a pattern; number: the digits that stand for #, or NULL. */
static bool matches(const char *pattern, const char *key, const char **number, int *digits)
{
    *number = NULL;
    *digits = 0;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '#') {
            if (*key++ != *pattern)
                return false;
            continue;
        }
        *number = key;
        while (isdigit((unsigned char)*key))
            key++;
        *digits = (int)(key - *number);
        if (*digits == 0 || *digits > 9)
            return false;
    }
    return *key == '\0';
}

/* The mean latency follows from a counter of requests and the counter of time behind it. */
static int put_latency(struct domains *domains, const struct stat *stat, double value,
                       const char *number, int digits, unsigned line)
{
    char what[TRACE_NAME];
    const char *dot = strrchr(stat->name, '.');
    if (strncmp(stat->name, "block.", 6) != 0 || dot == NULL)
        return STATUS_OK;
    snprintf(what, sizeof what, "%.*s.%.*s", (int)(dot - stat->name), stat->name, digits, number);
    if (strcmp(dot, ".requests") == 0) {
        domains->requests = value;
        snprintf(domains->counter, sizeof domains->counter, "%s", what);
    }
    if (strcmp(dot, ".time") != 0 || strcmp(domains->counter, what) != 0 ||
        !(domains->requests > 0))
        return STATUS_OK;
    struct trace_axis axis = {"domain", domains->x, domains->requests, line};
    return trace_put_at(domains->trace, &axis, "s", value / domains->requests, domains->diag,
                        "domstats.%.*s.latency.%.*s", (int)(dot - stat->name), stat->name, digits,
                        number);
}

static int take_stat(struct domains *domains, const struct stat *stat, const char *key,
                     const char *text, const char *number, int digits, unsigned line)
{
    double value;
    struct trace_axis axis = {"domain", domains->x, 1, line};
    if (!text_parse_number(text, &value) || value < 0 || value > TRACE_FIGURE_MAX)
        return trace_error(domains->trace, line, key, domains->diag,
                           "is '%.40s'; expected a number from 0 to 2^64", text);
    value *= stat->scale;
    int status = number == NULL
                     ? trace_put_at(domains->trace, &axis, stat->unit, value, domains->diag,
                                    "domstats.%s", stat->name)
                     : trace_put_at(domains->trace, &axis, stat->unit, value, domains->diag,
                                    "domstats.%s.%.*s", stat->name, digits, number);
    if (status != STATUS_OK || number == NULL)
        return status;
    return put_latency(domains, stat, value, number, digits, line);
}

/* "Domain: 'NAME'": a domain seen before, or a new one. */
static int open_domain(struct domains *domains, const char *text, unsigned line)
{
    char name[TRACE_NAME];
    char tag[TRACE_NAME];
    size_t length = strlen(text);
    if (length < 2 || text[0] != '\'' || text[length - 1] != '\'')
        return trace_error(domains->trace, line, "Domain", domains->diag,
                           "is '%.40s'; expected a name between quotes", text);
    snprintf(name, sizeof name, "%.*s", (int)length - 2, text + 1);
    domains->open = true;
    domains->counter[0] = '\0';
    for (size_t i = 0; i < domains->count; i++) {
        snprintf(tag, sizeof tag, "domain.%zu", i);
        if (strcmp(trace_tag(domains->trace, tag), name) == 0) {
            domains->x = (double)i;
            return STATUS_OK;
        }
    }
    domains->x = (double)domains->count;
    snprintf(tag, sizeof tag, "domain.%zu", domains->count++);
    return trace_set_tag(domains->trace, tag, name, domains->diag);
}

static int take_line(struct domains *domains, struct keyed *lines)
{
    const char *number;
    int digits;
    if (strncmp(lines->text, "Domain:", 7) == 0)
        return open_domain(domains, keyed_split(lines, ':'), lines->number);
    const char *text = keyed_split(lines, '=');
    if (text == NULL || !domains->open)
        return trace_error(domains->trace, lines->number, NULL, domains->diag,
                           "is '%.40s'; expected key=value below a Domain", lines->text);
    for (size_t i = 0; i < sizeof stats / sizeof *stats; i++) {
        if (matches(stats[i].key, lines->field, &number, &digits))
            return take_stat(domains, &stats[i], lines->field, text, number, digits, lines->number);
    }
    return STATUS_OK;
}

int domstats_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct keyed lines;
    struct domains domains = {.trace = trace, .diag = diag};
    int status = STATUS_OK;
    int more;
    keyed_init(&lines, text, length);
    while (status == STATUS_OK && (more = keyed_next(&lines, trace, diag)) != 0)
        status = more < 0 ? more : take_line(&domains, &lines);
    if (status == STATUS_OK)
        status = trace_tag_number(trace, "domains", (double)domains.count, diag);
    if (status == STATUS_OK && trace->series_count == 0)
        status = trace_flag(trace, diag, "no domain tells any figure");
    return status;
}
