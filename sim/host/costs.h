/* What takes time, bound to one model: the coefficients of data/parameters.csv and the steps of
 * data/costs.csv, evaluated for each guest class.
 *
 * A parameter has one value for a class: the scenario's ([parameters], --parameter), else that of
 * the first row of its name whose condition and era hold. Values and conditions are expressions
 * over the options and over parameters that stand above them. Times are seconds, sizes bytes.
 *
 * A step is one piece of work of a guest's start, done in the order of the table: `amount` at its
 * station, plus `growth` for each guest that is there already. */
#ifndef SIM_HOST_COSTS_H
#define SIM_HOST_COSTS_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

enum place {
    PLACE_DELAY,  /* nobody is busy: s */
    PLACE_QEMU,   /* CPU of QEMU's own thread: s */
    PLACE_VCPU,   /* CPU of the guest's first vCPU: s */
    PLACE_DAEMON, /* CPU of a libvirt worker thread: s */
    PLACE_LOCK,   /* CPU of the daemon's worker (or QEMU's) under a lock of the host: s */
    PLACE_DISK,   /* read from the images' storage: bytes */
};

enum { STEPS_MAX = 96, HOST_LOCKS_MAX = 16 };

struct step {
    const char *name, *source;
    int phase; /* as of resources: define 0 < prepare < exec < realize < memory < boot < run */
    enum place place;
    int lock; /* PLACE_LOCK: index into the locks */
    double amount, growth;
};

struct parameter {
    const char *name, *unit, *confidence, *source, *fitted;
    double value, low, high; /* NAN: no row applies */
};

struct costs;

/* What is laid over the embedded tables, its rows in front; NULL: nothing. */
struct overlay {
    const char *parameters; /* a file of calibrated parameters; first of all */
    const char *catalog;    /* a directory with parameters.csv, costs.csv, slo.csv */
    uint64_t draw; /* not 0: every parameter with an interval is drawn from it; draws differ */
};

/* overlay NULL: none. The model must outlive the costs. The caller ends with costs_free. Errors
 * name file, line and column. */
int costs_new(struct costs **costs, struct model *model, const struct overlay *overlay,
              struct diag *diag);
void costs_free(struct costs *costs);

/* The value of a parameter for a class; the name must be one of the table (a broken contract
 * otherwise). NAN: no row applies to this class. */
double cost_of(const struct costs *costs, size_t class_index, const char *name);

/* The same in whole nanoseconds; 0 when no row applies. */
uint64_t cost_ns(const struct costs *costs, size_t class_index, const char *name);

/* Steps of a class that apply, in order; *count of them. */
const struct step *costs_steps(const struct costs *costs, size_t class_index, size_t *count);

/* Names of the host's locks that steps take; NULL beyond the last. */
const char *costs_lock(const struct costs *costs, size_t lock);

/* All parameters of a class, for printing what was assumed. */
const struct parameter *costs_parameters(const struct costs *costs, size_t class_index,
                                         size_t *count);

#endif
