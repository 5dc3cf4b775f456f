/* iperf3 -J. Intervals give bandwidth and retransmissions over time (x: the end of the interval,
 * in seconds; those of the warm-up, "omitted", are left out) and the mean round-trip time of the
 * streams; the end gives figures of the whole run against the number of streams. Directions are
 * the client's: with --reverse it receives (net_direction in). A run that failed holds its "error"
 * and nothing to read. */
#include "calibrate/readers.h"

#include <math.h>
#include <string.h>

#include "calibrate/json_node.h"
#include "calibrate/keyed.h"

double iperf3_recognise(const char *text, size_t length)
{
    size_t start = json_start(text, length);
    const char *document = text + start;
    size_t size = length - start;
    if (json_find_key(document, size, "start", 1) != NULL &&
        (json_find_key(document, size, "intervals", 1) != NULL ||
         json_find_key(document, size, "end", 1) != NULL))
        return 1;
    const char *error = json_find_key(document, size, "error", 1);
    return error != NULL && error < text + length && *error == '"' ? 0.6 : 0;
}

static int round_trip(const struct json_node *interval, double *seconds)
{
    struct json_node streams;
    double sum = 0;
    double told = 0;
    int status = json_member(interval, "streams", JSON_ARRAY, JSON_OPTIONAL, &streams);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(streams.value); i++) {
        struct json_node stream;
        double rtt;
        status = json_element(&streams, i, JSON_OBJECT, &stream);
        if (status == STATUS_OK)
            status = json_figure(&stream, "rtt", JSON_OPTIONAL, &rtt);
        if (status == STATUS_OK && rtt > 0) {
            sum += rtt * 1e-6;
            told++;
        }
    }
    *seconds = told > 0 ? sum / told : NAN;
    return status;
}

static int take_interval(const struct json_node *interval)
{
    struct trace *trace = interval->trace;
    struct trace_axis axis = {.name = "time_s", .weight = 1};
    struct json_node sum;
    double bits;
    double again;
    double rtt;
    int status = json_member(interval, "sum", JSON_OBJECT, JSON_REQUIRED, &sum);
    if (status == STATUS_OK)
        status = json_figure(&sum, "end", JSON_REQUIRED, &axis.x);
    if (status == STATUS_OK)
        status = json_figure(&sum, "bits_per_second", JSON_REQUIRED, &bits);
    if (status == STATUS_OK)
        status = json_figure(&sum, "retransmits", JSON_OPTIONAL, &again);
    if (status == STATUS_OK)
        status = round_trip(interval, &rtt);
    if (status != STATUS_OK || json_is_true(json_object_get(sum.value, "omitted")))
        return status;
    status = trace_put_at(trace, &axis, "B/s", bits / 8, interval->diag, "iperf3.bandwidth");
    if (status == STATUS_OK)
        status = trace_put_at(trace, &axis, "1", again, interval->diag, "iperf3.retransmits");
    if (status == STATUS_OK)
        status = trace_put_at(trace, &axis, "s", rtt, interval->diag, "iperf3.rtt");
    return status;
}

static int take_intervals(const struct json_node *root)
{
    struct json_node intervals;
    int status = json_member(root, "intervals", JSON_ARRAY, JSON_OPTIONAL, &intervals);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(intervals.value); i++) {
        struct json_node interval;
        status = json_element(&intervals, i, JSON_OBJECT, &interval);
        if (status == STATUS_OK)
            status = take_interval(&interval);
    }
    return status;
}

/* One figure of an object of the end, when the object is there. */
static int take_figure(const struct json_node *end, const char *object, const char *key,
                       double scale, const char *name, const char *unit,
                       const struct trace_axis *axis, enum json_need need)
{
    struct json_node member;
    double value;
    int status = json_member(end, object, JSON_OBJECT, need, &member);
    if (status != STATUS_OK || member.value == NULL)
        return status;
    status = json_figure(&member, key, need, &value);
    return status == STATUS_OK
               ? trace_put_at(end->trace, axis, unit, value * scale, end->diag, "%s", name)
               : status;
}

static int take_end(const struct json_node *root, double streams)
{
    /* UDP has one sum, with jitter and loss; older versions of it no sum_sent beside. */
    static const struct {
        const char *object, *key, *name, *unit;
        double scale;
    } figures[] = {
        {"cpu_utilization_percent", "host_total", "iperf3.cpu.host", "1", 0.01},
        {"cpu_utilization_percent", "remote_total", "iperf3.cpu.remote", "1", 0.01},
        {"sum", "jitter_ms", "iperf3.jitter", "s", 1e-3},
        {"sum", "lost_percent", "iperf3.loss", "1", 0.01},
    };
    struct trace_axis axis = {.name = "net_streams", .x = streams, .weight = 1};
    struct json_node end;
    int status = json_member(root, "end", JSON_OBJECT, JSON_REQUIRED, &end);
    if (status != STATUS_OK)
        return status;
    bool one =
        json_object_get(end.value, "sum_sent") == NULL && json_object_get(end.value, "sum") != NULL;
    status = take_figure(&end, one ? "sum" : "sum_sent", "bits_per_second", 1.0 / 8, "iperf3.sent",
                         "B/s", &axis, JSON_REQUIRED);
    if (status == STATUS_OK)
        status = take_figure(&end, "sum_received", "bits_per_second", 1.0 / 8, "iperf3.received",
                             "B/s", &axis, one ? JSON_OPTIONAL : JSON_REQUIRED);
    for (size_t i = 0; i < sizeof figures / sizeof *figures && status == STATUS_OK; i++)
        status = take_figure(&end, figures[i].object, figures[i].key, figures[i].scale,
                             figures[i].name, figures[i].unit, &axis, JSON_OPTIONAL);
    return status;
}

static int tag_start(const struct json_node *start, double *streams)
{
    struct json_node test;
    double reverse;
    double block;
    double mss;
    int status = json_member(start, "test_start", JSON_OBJECT, JSON_REQUIRED, &test);
    if (status == STATUS_OK)
        status = json_figure(&test, "num_streams", JSON_REQUIRED, streams);
    if (status == STATUS_OK)
        status = json_figure(&test, "reverse", JSON_OPTIONAL, &reverse);
    if (status == STATUS_OK)
        status = json_figure(&test, "blksize", JSON_OPTIONAL, &block);
    if (status == STATUS_OK)
        status = json_figure(start, "tcp_mss_default", JSON_OPTIONAL, &mss);
    if (status == STATUS_OK)
        status = trace_tag_number(start->trace, "net_streams", *streams, start->diag);
    if (status == STATUS_OK)
        status =
            trace_set_tag(start->trace, "net_direction", reverse > 0 ? "in" : "out", start->diag);
    if (status == STATUS_OK)
        status = trace_tag_number(start->trace, "block_size", block, start->diag);
    if (status == STATUS_OK)
        status = trace_tag_number(start->trace, "mss", mss, start->diag);
    if (status == STATUS_OK)
        status =
            trace_tag_text(start->trace, "protocol", json_word(&test, "protocol"), start->diag);
    if (status == STATUS_OK)
        status = trace_tag_text(start->trace, "host", json_word(start, "system_info"), start->diag);
    if (status == STATUS_OK)
        status = trace_tag_text(start->trace, "version", json_word(start, "version"), start->diag);
    return status;
}

static int take_run(const struct json_node *root)
{
    struct json_node start;
    double streams;
    const char *error = json_word(root, "error");
    if (error != NULL)
        return json_fail(root, "error", "the run failed and holds nothing to read: %.200s", error);
    int status = json_member(root, "start", JSON_OBJECT, JSON_REQUIRED, &start);
    if (status == STATUS_OK)
        status = tag_start(&start, &streams);
    if (status == STATUS_OK)
        status = take_intervals(root);
    return status == STATUS_OK ? take_end(root, streams) : status;
}

int iperf3_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct json_node root;
    size_t at = json_start(text, length);
    int status = json_open(&root, trace, text, length, &at, diag);
    if (status == STATUS_OK)
        status = take_run(&root);
    json_close(&root);
    return status;
}
