/* Runs a plan: independent replications of one phase of the host's life until the figures are
 * precise enough, merged in order, so that the bytes do not depend on the number of threads. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include <stdatomic.h>

#include "sim/engine/interval.h"
#include "sim/host/metrics.h"
#include "sim/host/plan.h"
#include "sim/host/recorder.h"

/* An answer runs those before PHASE_COUNT; costs are arithmetic that published figures are held
 * against. */
enum phase { PHASE_START, PHASE_STEADY, PHASE_MEMORY, PHASE_MIGRATIONS, PHASE_COUNT, PHASE_COSTS };

struct run_rules {
    uint64_t seed;
    uint64_t least, most; /* replications */
    double relative;      /* half-width of a 95 % interval at which to stop */
    int metric;           /* the one that must be precise; -1: every one */
    const double *level;  /* by metric, NAN: none: stop when each is clear of its level instead */
    unsigned threads;     /* 0: as many as there are CPUs */
    const atomic_int *cancel;
    void (*progress)(void *context, uint64_t merged, uint64_t most);
    void *progress_context;
};

extern const struct run_rules run_defaults;

struct figures {
    struct tally metric[METRIC_COUNT]; /* count 0: nothing of the kind */
    struct tally class_metric[CLASSES_MAX][METRIC_COUNT];
    struct histogram start_ns, io_ns, delay_ns;
    uint64_t replications;
    bool partial; /* cancelled */
};

/* Errors: no memory. A cancelled run has the figures so far. */
int run_phase(const struct plan *plan, enum phase phase, const struct run_rules *rules,
              struct figures *figures, struct diag *diag);

/* Runs replication 0 of a phase once more and tells the recorder; its figures are thrown away.
 * Returns how long the phase lasted, in simulated ns, by *ended_ns. */
int run_observed(const struct plan *plan, enum phase phase, const struct run_rules *rules,
                 const struct recorder *recorder, uint64_t *ended_ns, struct diag *diag);

/* Whether the scenario has anything that this phase shows. */
bool phase_applies(const struct plan *plan, enum phase phase);

/* The phase that measures a metric. */
enum phase phase_of(enum metric metric);

/* Mean and half-width of the 95 % interval; a constant has 0. */
struct interval figures_interval(const struct figures *figures, enum metric metric);

#endif
