/* A job of a fio document: its options, as far as a load is told by them. */
#ifndef CALIBRATE_FIO_JOB_H
#define CALIBRATE_FIO_JOB_H

#include "calibrate/json_node.h"

enum { FIO_NAME = 40 };

/* The tags of a job, in the order of fio_tag_names. */
enum fio_tag {
    FIO_DEPTH,
    FIO_JOBS,
    FIO_SIZE,
    FIO_WRITE_SHARE,
    FIO_SEQUENTIAL,
    FIO_FLUSH_EVERY,
    FIO_ENGINE,
    FIO_PATTERN,
    FIO_DEVICE,
    FIO_DIRECT,
    FIO_JOB,
    FIO_TAGS
};
extern const char *const fio_tag_names[FIO_TAGS];

struct fio_job {
    struct json_node node;
    const json_t *globals;    /* options of all jobs, or NULL */
    char name[FIO_NAME + 16]; /* unlike every other job's of the file */
    double group;
    double depth, copies; /* requests in flight of a copy; copies this entry stands for */
    char tags[FIO_TAGS][TRACE_NAME]; /* empty: not told */
};

/* Reads name, group and options of an entry of "jobs". */
int fio_job_read(struct fio_job *job);

/* What needs all jobs: an entry alone with its name in its group stands for all copies (numjobs
 * under group_reporting), else for one; names that repeat get a number. */
int fio_jobs_settle(struct fio_job *jobs, size_t count, struct diag *diag);

/* Tags on which all jobs agree; NAME.JOB where they do not. */
int fio_jobs_tag(struct trace *trace, const struct fio_job *jobs, size_t count, struct diag *diag);

#endif
