/* Watching one replication: spans of what guests do as a timeline, and values as a time series. A
 * host without a recorder pays one branch where it could be told something. */
#ifndef SIM_HOST_RECORDER_H
#define SIM_HOST_RECORDER_H

#include <stdio.h>

#include "sim/host/host.h"

struct trace; /* of sim/engine/trace.h */

struct recorder {
    struct trace *trace; /* NULL: no timeline */
    FILE *series;        /* NULL: no series; rows of recorder_series_head */
    /* NULL: no listener; value of a name at a time of a phase */
    void (*listen)(void *context, const char *phase, const char *name, double time_s, double value);
    void *context;
    const char *phase;  /* of the run, for the series */
    uint64_t offset_ns; /* added to all times: phases follow one another */
};

#define RECORDER_SERIES_HEAD "time_s,phase,metric,value\n"

/* A guest did something from began_ns until now. */
void recorder_span(const struct host *host, uint32_t guest, const char *name, uint64_t began_ns);

/* A value as of now. */
void recorder_value(const struct host *host, const char *name, double value);

#endif
