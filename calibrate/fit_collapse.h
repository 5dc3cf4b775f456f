/* Spin locks with more threads than CPUs: throughput that falls as threads are added, which neither
 * a closed network nor USL can do. Of n threads on c CPUs, omega = n / c runnable ones a CPU, each
 * waits (omega - 1) slices for its next turn. The time of an acquisition is T(n) = T + S w(n):
 *
 *   holder   w = omega - 1                    the holder loses its CPU now and then, and all others
 *            spin until its next turn. Test-and-set locks, for which any running thread will do
 *   next     w = 1 - 1 / omega                the next in the queue is off the CPUs with that
 * chance, and gets one after a fixed time. Ticket locks whose waiters yield queue    w = (1 - 1 /
 * omega)(omega - 1)   ... after its turn. Ticket locks whose waiters spin
 *
 * Ousterhout, ICDCS (1982); Friebel and Biemueller, Xen Summit (2008). w = 0 up to c
 * threads: what they do to each other while all run is usl_fit's and lock_fit's. c is what the
 * threads had, beside other work; it is measured and not fitted.
 *
 * Noise is a share of the throughput. Throughput 1/s, times s. Cost: the points a model call. */
#ifndef CALIBRATE_FIT_COLLAPSE_H
#define CALIBRATE_FIT_COLLAPSE_H

#include "calibrate/fit_queue.h"

enum collapse_kind { COLLAPSE_HOLDER, COLLAPSE_NEXT, COLLAPSE_QUEUE, COLLAPSE_KINDS };

struct collapse_fit {
    enum collapse_kind kind;
    double cpus;
    struct fit_value cycle_s; /* T: of an acquisition while all threads run */
    struct fit_value stall_s; /* S */
    double sse[COLLAPSE_KINDS];
    struct fit_quality quality;
};

extern const char *const collapse_kind_names[COLLAPSE_KINDS];

/* kind is of enum collapse_kind, or QUEUE_BY_AICC: of equally many parameters, the one that misses
 * the least. cpus at least 1, may be fractional. STATUS_DATA as queue_fit, n may be fractional; or
 * no more than `cpus` threads anywhere. */
int collapse_fit(struct collapse_fit *fit, const struct sweep *sweep, double cpus, int kind,
                 size_t resamples, struct diag *diag);

/* Throughput of n threads. */
double collapse_throughput(const struct collapse_fit *fit, double n);

#endif
