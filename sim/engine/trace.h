/*
 * The event log: every event executed, and what a model adds, as Chrome trace events (JSON, for
 * Perfetto or chrome://tracing) or as CSV. A run without a log has a run loop without it.
 *
 * CSV columns: time_ns,kind,track,name,priority,sequence,slot,value_or_duration_ns
 * In JSON, times are in microseconds with three decimals, so nothing is lost.
 */
#ifndef SIM_ENGINE_TRACE_H
#define SIM_ENGINE_TRACE_H

#include "sim/engine/event_types.h"

#include <stdint.h>
#include <stdio.h>

enum trace_format { TRACE_CHROME, TRACE_CSV };

struct trace {
    FILE *file;                /* the caller's */
    struct event_types *types; /* the caller's */
    enum trace_format format;
    uint64_t written;
};

/* Writes the head. */
void trace_begin(struct trace *trace, FILE *file, enum trace_format format,
                 struct event_types *types);

/* Writes the tail; 0, or -1 if anything could not be written. The file stays open. */
int trace_end(struct trace *trace);

/* For the run loop: an event is about to be executed; its key as in pending.h. */
void trace_event(struct trace *trace, event_function fn, uint64_t high, uint64_t low);

/* For models. Tracks are numbered by the model; events of the run loop are on track 0. */
void trace_name_track(struct trace *trace, uint32_t track, const char *name);
void trace_span(struct trace *trace, uint32_t track, const char *name, uint64_t start_ns,
                uint64_t end_ns);
void trace_counter(struct trace *trace, const char *name, uint64_t time_ns, double value);

#endif
