/* Replies to QEMU's query-migrate: one, or a series: a list of them, one after the other as in a
 * log of the monitor, or the list "samples" of a document that tells the load beside it. A reply
 * may stand in its "return" and carry a time (_t, time or timestamp, in seconds). Its own clock,
 * total-time, comes first as x: it belongs to the figures beside it.
 *
 * Right after the start, and in setup, there is no "ram": such a reply gives no figures of it.
 * Other messages of a monitor's log (greeting, events, replies to other commands) are passed over.
 * dirty-pages-rate and mbps are QEMU's own means, renewed once a round or a second; a rate of 0 in
 * the first round or at the end says that none was taken, and is left out. */
#include "calibrate/readers.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibrate/json_node.h"
#include "calibrate/keyed.h"
#include "calibrate/migration.h"

struct figure {
    const char *key, *name, *unit;
    double scale;
    enum json_need need;
};

static const struct figure ram_figures[] = {
    {"total", MIGRATION_TOTAL, "B", 1, JSON_REQUIRED},
    {"transferred", MIGRATION_TRANSFERRED, "B", 1, JSON_REQUIRED},
    {"remaining", MIGRATION_REMAINING, "B", 1, JSON_REQUIRED},
    {"mbps", MIGRATION_BANDWIDTH, "B/s", 1e6 / 8, JSON_OPTIONAL},
    {"pages-per-second", MIGRATION_PAGE_RATE, "1/s", 1, JSON_OPTIONAL},
    {"normal", MIGRATION_NORMAL_PAGES, "1", 1, JSON_OPTIONAL},
    {"duplicate", MIGRATION_ZERO_PAGES, "1", 1, JSON_OPTIONAL},
    {"dirty-sync-count", MIGRATION_ROUNDS, "1", 1, JSON_OPTIONAL},
    {NULL, NULL, NULL, 0, JSON_OPTIONAL},
};
static const struct figure own_figures[] = {
    {"expected-downtime", MIGRATION_EXPECTED_DOWNTIME, "s", 1e-3, JSON_OPTIONAL},
    {"downtime", MIGRATION_DOWNTIME, "s", 1e-3, JSON_OPTIONAL},
    {"setup-time", MIGRATION_SETUP, "s", 1e-3, JSON_OPTIONAL},
    {"cpu-throttle-percentage", MIGRATION_THROTTLE, "1", 0.01, JSON_OPTIONAL},
    {NULL, NULL, NULL, 0, JSON_OPTIONAL},
};

/* States of a migration; alone: no other thing has a status of that name. */
static const struct state {
    const char *name;
    bool alone;
} states[] = {
    {"none", false},           {"setup", true},           {"cancelling", false},
    {"cancelled", false},      {"active", false},         {"postcopy-active", true},
    {"completed", false},      {"postcopy-paused", true}, {"postcopy-recover", true},
    {"failed", false},         {"colo", false},           {"pre-switchover", true},
    {"postcopy-device", true}, {"device", false},         {"postcopy-recover-setup", true},
    {"wait-unplug", true},
};

/* Whether a JSON string is a state. */
static const struct state *state_of(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        size_t size = strlen(states[i].name);
        if (length >= size + 2 && text[0] == '"' && text[size + 1] == '"' &&
            memcmp(text + 1, states[i].name, size) == 0)
            return &states[i];
    }
    return NULL;
}

/* A reply has a state, at the depth that tells how it is wrapped, and figures beside it. */
double qmp_recognise(const char *text, size_t length)
{
    static const char *const others[] = {"ram", "total-time", "setup-time", "_t", "blocktime"};
    enum { DEPTH_MAX = 4 };
    for (unsigned depth = 1; depth <= DEPTH_MAX; depth++) {
        const char *value = json_find_key(text, length, "status", depth);
        const struct state *state =
            value != NULL ? state_of(value, (size_t)(text + length - value)) : NULL;
        for (size_t i = 0; state != NULL && i < sizeof others / sizeof *others; i++) {
            if (json_find_key(text, length, others[i], depth) != NULL)
                return 0.9;
        }
        if (state != NULL && state->alone)
            return 0.3;
    }
    return 0;
}

static int put_figures(const struct json_node *object, const struct figure *figures,
                       const struct trace_axis *axis)
{
    int status = STATUS_OK;
    for (; figures->key != NULL && status == STATUS_OK; figures++) {
        double value;
        status = json_figure(object, figures->key, figures->need, &value);
        if (status == STATUS_OK)
            status = trace_put_at(object->trace, axis, figures->unit, value * figures->scale,
                                  object->diag, "%s", figures->name);
    }
    return status;
}

/* The time that whoever asked noted beside a reply: seconds, or QMP's seconds and microseconds. */
static int noted_time(const struct json_node *wrapper, double *seconds)
{
    static const char *const names[] = {"_t", "time", "timestamp"};
    *seconds = NAN;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct json_node stamp;
        double micro;
        if (json_is_number(json_object_get(wrapper->value, names[i])))
            return json_figure(wrapper, names[i], JSON_REQUIRED, seconds);
        if (!json_is_object(json_object_get(wrapper->value, names[i])))
            continue;
        int status = json_member(wrapper, names[i], JSON_OBJECT, JSON_REQUIRED, &stamp);
        if (status == STATUS_OK)
            status = json_figure(&stamp, "seconds", JSON_REQUIRED, seconds);
        if (status == STATUS_OK)
            status = json_figure(&stamp, "microseconds", JSON_REQUIRED, &micro);
        if (status == STATUS_OK)
            *seconds += micro * 1e-6;
        return status;
    }
    return STATUS_OK;
}

static int take_ram(const struct json_node *ram, const struct trace_axis *axis, bool completed)
{
    double page;
    double rate;
    double rounds;
    int status = put_figures(ram, ram_figures, axis);
    if (status == STATUS_OK)
        status = json_figure(ram, "dirty-pages-rate", JSON_OPTIONAL, &rate);
    if (status == STATUS_OK)
        status = json_figure(ram, "dirty-sync-count", JSON_OPTIONAL, &rounds);
    if (status == STATUS_OK && (rate > 0 || (!completed && rounds > 1)))
        status = trace_put_at(ram->trace, axis, "1/s", rate, ram->diag, "%s", MIGRATION_DIRTY_RATE);
    if (status == STATUS_OK)
        status = json_figure(ram, "page-size", JSON_OPTIONAL, &page);
    if (status == STATUS_OK)
        status = trace_tag_number(ram->trace, "page_size", page, ram->diag);
    return status;
}

static int take_info(const struct json_node *info, double noted)
{
    struct trace_axis axis = {.name = "time_s", .weight = 1};
    struct json_node state;
    struct json_node ram;
    double total;
    int status = json_member(info, "status", JSON_STRING, JSON_REQUIRED, &state);
    if (status == STATUS_OK)
        status = json_figure(info, "total-time", JSON_OPTIONAL, &total);
    if (status == STATUS_OK)
        status = json_member(info, "ram", JSON_OBJECT, JSON_OPTIONAL, &ram);
    if (status != STATUS_OK)
        return status;
    const char *name = json_string_value(state.value);
    bool completed = strcmp(name, "completed") == 0;
    axis.x = isnan(total) ? noted : total * 1e-3;
    if (isnan(axis.x) && ram.value != NULL)
        return json_fail(info, "total-time", "is missing; expected a number");
    if (!isnan(axis.x))
        status = put_figures(info, own_figures, &axis);
    if (status == STATUS_OK && ram.value != NULL)
        status = take_ram(&ram, &axis, completed);
    if (status == STATUS_OK && completed)
        status = trace_put_at(info->trace, &axis, "s", total * 1e-3, info->diag, "%s",
                              MIGRATION_TOTAL_TIME);
    if (status == STATUS_OK && strcmp(name, "failed") == 0)
        status = trace_flag(info->trace, info->diag, "the migration failed: %.200s",
                            json_word(info, "error-desc") != NULL ? json_word(info, "error-desc")
                                                                  : "no reason is told");
    return status == STATUS_OK ? trace_set_tag(info->trace, "status", name, info->diag) : status;
}

/* A reply, or another message of a monitor. */
static int take_message(const struct json_node *message)
{
    struct json_node info;
    double noted;
    const json_t *inner = json_object_get(message->value, "return");
    int status = noted_time(message, &noted);
    if (status != STATUS_OK)
        return status;
    if (json_object_get(message->value, "QMP") != NULL ||
        json_object_get(message->value, "event") != NULL ||
        json_object_get(message->value, "execute") != NULL)
        return STATUS_OK;
    if (inner == NULL)
        return take_info(message, noted);
    if (json_object_get(inner, "status") == NULL)
        return STATUS_OK;
    status = json_member(message, "return", JSON_OBJECT, JSON_REQUIRED, &info);
    return status == STATUS_OK ? take_info(&info, noted) : status;
}

static int take_list(const struct json_node *list)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < json_array_size(list->value) && status == STATUS_OK; i++) {
        struct json_node message;
        status = json_element(list, i, JSON_OBJECT, &message);
        if (status == STATUS_OK)
            status = take_message(&message);
    }
    return status;
}

/* What a document of samples tells of the load, by the names of options. */
static int tag_load(const struct json_node *document)
{
    static const struct {
        const char *key, *tag;
        double scale;
        const char *unit;
    } loads[] = {
        {"ram_mb", "memory", 1, "M"},
        {"wss_mb", "working_set", 1, "M"},
        {"dirty_pages_per_s_requested", "dirty_rate", 1, ""},
        {"max_bandwidth_Bps", "migration_bandwidth", 1.0 / 1048576, ""},
        {"downtime_limit_ms", "migration_downtime", 1, ""},
    };
    int status = STATUS_OK;
    for (size_t i = 0; i < sizeof loads / sizeof *loads && status == STATUS_OK; i++) {
        char text[32];
        double value;
        status = json_figure(document, loads[i].key, JSON_OPTIONAL, &value);
        snprintf(text, sizeof text, "%.15g%s", value * loads[i].scale, loads[i].unit);
        if (status == STATUS_OK && !isnan(value))
            status = trace_set_tag(document->trace, loads[i].tag, text, document->diag);
    }
    if (status == STATUS_OK)
        status =
            trace_tag_text(document->trace, "name", json_word(document, "name"), document->diag);
    const json_t *caps = json_object_get(document->value, "caps");
    for (size_t i = 0; i < json_array_size(caps) && status == STATUS_OK; i++) {
        const char *cap = json_string_value(json_array_get(caps, i));
        if (cap != NULL && strcmp(cap, "auto-converge") == 0)
            status =
                trace_set_tag(document->trace, "migration_auto_converge", "yes", document->diag);
    }
    return status;
}

static int take_document(const struct json_node *document)
{
    struct json_node samples;
    if (json_is_array(document->value))
        return take_list(document);
    if (!json_is_object(document->value))
        return json_fail(document, NULL, "is no object; expected a reply to query-migrate");
    int status = json_member(document, "samples", JSON_ARRAY, JSON_OPTIONAL, &samples);
    if (status != STATUS_OK || samples.value == NULL)
        return status != STATUS_OK ? status : take_message(document);
    status = tag_load(document);
    return status == STATUS_OK ? take_list(&samples) : status;
}

int qmp_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    size_t at = 0;
    int status = STATUS_OK;
    while (status == STATUS_OK) {
        struct json_node document;
        while (at < length && isspace((unsigned char)text[at]))
            at++;
        if (at == length)
            break;
        status = json_open(&document, trace, text, length, &at, diag);
        if (status == STATUS_OK)
            status = take_document(&document);
        json_close(&document);
    }
    if (status == STATUS_OK && trace->series_count == 0)
        status = trace_flag(trace, diag, "no reply holds figures yet");
    return status;
}
