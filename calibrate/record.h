/* What `scalesim record` writes: samples of a host's resources over a run, as CSV.
 *
 *   # scalesim-record-1 host=build7 kernel=6.12.3 interval_s=1
 *   time_s,scope,resource,value
 *   0.000,host,host_files,12544
 *   0.000,guest:web1,qemu_fds,48
 *   0.000,process:libvirtd,libvirtd_fds,33
 *
 * The first line is the magic word and tags NAME=VALUE, parted by blanks (a blank inside a value is
 * written as '_'). time_s counts from the start of the recording and never falls. scope is "host",
 * "guest:NAME" or "process:NAME". resource is an id of data/resources.csv and tells the unit; value
 * is in that unit. A sample that could not be taken has no row. */
#ifndef CALIBRATE_RECORD_H
#define CALIBRATE_RECORD_H

#include <stddef.h>
#include <stdio.h>

#include "calibrate/trace.h"

#define RECORD_MAGIC "# scalesim-record-1"

/* Errors of writing stay in the stream (ferror). */
void record_write_head(FILE *out, const struct trace_tag *tags, size_t count);
void record_write_row(FILE *out, double time_s, const char *scope, const char *resource,
                      double value);

#endif
