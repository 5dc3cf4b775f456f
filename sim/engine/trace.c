/* The event log. See trace.h. */
#include "sim/engine/trace.h"

#include "sim/engine/pending.h"

#include <inttypes.h>
#include <stdbool.h>

#define MICROSECONDS PRIu64 ".%03u"
#define SPLIT_MICROSECONDS(ns) (ns) / 1000, (unsigned)((ns) % 1000)

static void write_json_string(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < 0x20)
            fprintf(file, "\\u%04x", c);
        else
            putc(c, file);
    }
    putc('"', file);
}

/* Quoted only where RFC 4180 asks for it. */
static void write_csv_string(FILE *file, const char *text)
{
    bool quote = false;
    for (const char *c = text; *c; c++)
        quote |= *c == '"' || *c == ',' || *c == '\n' || *c == '\r';
    if (!quote) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', file);
        putc(*text, file);
    }
    putc('"', file);
}

/* The part every Chrome trace event begins with. */
static void begin_chrome(struct trace *trace, char phase, uint32_t track, const char *name)
{
    fputs(trace->written++ ? ",\n{\"name\":" : "\n{\"name\":", trace->file);
    write_json_string(trace->file, name);
    fprintf(trace->file, ",\"ph\":\"%c\",\"pid\":1,\"tid\":%" PRIu32, phase, track);
}

static void begin_csv(struct trace *trace, uint64_t time_ns, const char *kind, uint32_t track,
                      const char *name)
{
    trace->written++;
    fprintf(trace->file, "%" PRIu64 ",%s,%" PRIu32 ",", time_ns, kind, track);
    write_csv_string(trace->file, name);
}

void trace_begin(struct trace *trace, FILE *file, enum trace_format format,
                 struct event_types *types)
{
    *trace = (struct trace){.file = file, .types = types, .format = format};
    if (format == TRACE_CSV)
        fputs("time_ns,kind,track,name,priority,sequence,slot,value_or_duration_ns\n", file);
    else
        fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", file);
}

int trace_end(struct trace *trace)
{
    if (trace->format == TRACE_CHROME)
        fputs("\n]}\n", trace->file);
    return fflush(trace->file) || ferror(trace->file) ? -1 : 0;
}

void trace_event(struct trace *trace, event_function fn, uint64_t high, uint64_t low)
{
    uint32_t type = event_type_find(trace->types, fn);
    const char *name = type == EVENT_TYPE_NO_MEMORY ? "event" : trace->types->type[type].name;
    uint64_t time_ns = high >> PENDING_PRIORITY_BITS;
    unsigned priority = high & ((1U << PENDING_PRIORITY_BITS) - 1);
    uint64_t sequence = low >> PENDING_SLOT_BITS;
    uint64_t slot = low & PENDING_SLOT_MASK;
    if (trace->format == TRACE_CSV) {
        begin_csv(trace, time_ns, "event", 0, name);
        fprintf(trace->file, ",%u,%" PRIu64 ",%" PRIu64 ",\n", priority, sequence, slot);
        return;
    }
    begin_chrome(trace, 'i', 0, name);
    fprintf(trace->file,
            ",\"s\":\"t\",\"ts\":%" MICROSECONDS ",\"args\":{\"priority\":%u,\"sequence\":%" PRIu64
            ",\"slot\":%" PRIu64 "}}",
            SPLIT_MICROSECONDS(time_ns), priority, sequence, slot);
}

void trace_name_track(struct trace *trace, uint32_t track, const char *name)
{
    if (trace->format == TRACE_CSV) {
        begin_csv(trace, 0, "track", track, name);
        fputs(",,,,\n", trace->file);
        return;
    }
    begin_chrome(trace, 'M', track, "thread_name");
    fputs(",\"args\":{\"name\":", trace->file);
    write_json_string(trace->file, name);
    fputs("}}", trace->file);
}

void trace_span(struct trace *trace, uint32_t track, const char *name, uint64_t start_ns,
                uint64_t end_ns)
{
    uint64_t duration_ns = end_ns - start_ns;
    if (trace->format == TRACE_CSV) {
        begin_csv(trace, start_ns, "span", track, name);
        fprintf(trace->file, ",,,,%" PRIu64 "\n", duration_ns);
        return;
    }
    begin_chrome(trace, 'X', track, name);
    fprintf(trace->file, ",\"ts\":%" MICROSECONDS ",\"dur\":%" MICROSECONDS "}",
            SPLIT_MICROSECONDS(start_ns), SPLIT_MICROSECONDS(duration_ns));
}

void trace_counter(struct trace *trace, const char *name, uint64_t time_ns, double value)
{
    if (trace->format == TRACE_CSV) {
        begin_csv(trace, time_ns, "counter", 0, name);
        fprintf(trace->file, ",,,,%.17g\n", value);
        return;
    }
    begin_chrome(trace, 'C', 0, name);
    fprintf(trace->file, ",\"ts\":%" MICROSECONDS ",\"args\":{\"value\":%.17g}}",
            SPLIT_MICROSECONDS(time_ns), value);
}
