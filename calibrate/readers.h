/* The readers behind trace_readers_json; the table of what each gives is in read_json.c. */
#ifndef CALIBRATE_READERS_H
#define CALIBRATE_READERS_H

#include "calibrate/trace.h"

#define TRACE_READER(name)                                                                         \
    double name##_recognise(const char *text, size_t length);                                      \
    int name##_read(struct trace *trace, const char *text, size_t length, struct diag *diag)

TRACE_READER(fio);
TRACE_READER(fio_log);
TRACE_READER(sadf_json);
TRACE_READER(mpstat);
TRACE_READER(iostat);
TRACE_READER(qmp);
TRACE_READER(domjobinfo);
TRACE_READER(domstats);
TRACE_READER(iperf3);

#undef TRACE_READER

#endif
