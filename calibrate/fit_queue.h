/* Queueing parameters from throughput against how many requests or threads are under way.
 *
 * A closed network: n customers think Z seconds (all that does not queue), then queue. Curves:
 *   one        one queue of demand D. Exact MVA: Reiser and Lavenberg, JACM 27 (1980).
 *   servers    c servers of service D each: the machine-repair chain, exact for exponential
 *              service, which is what the load-dependent recursion computes too. (Seidmann's split,
 *              queue D/c plus delay D (c-1)/c, is `one` with another Z: throughput alone cannot
 *              tell them apart, the chain can where the knee is sharp enough.)
 *   two        two queues in series, D and D2: a softer knee.
 *   variable   one queue whose service varies by cv2 (squared coefficient of variation, 1:
 *              exponential): a request that arrives waits the residual of the one in service,
 *              D (1 + cv2) / 2. Reiser, IEEE Trans. Comm. 27 (1979); approximate.
 * A lock is the same with Z outside and h inside it, and, for a ticket lock, a release that costs c
 * for every second waiter: rate 1 / (h + c k / 2). Boyd-Wickizer et al., Ottawa Linux Symposium
 * (2012). USL: X(n) = lambda n / (1 + sigma (n-1) + kappa n (n-1)). Gunther (2007).
 *
 * Noise is taken as a share of the throughput (least squares on logarithms). Times are seconds,
 * throughputs 1/s. Cost: points x the largest n a model call. */
#ifndef CALIBRATE_FIT_QUEUE_H
#define CALIBRATE_FIT_QUEUE_H

#include "calibrate/fit.h"

enum queue_model { QUEUE_ONE, QUEUE_SERVERS, QUEUE_TWO, QUEUE_VARIABLE, QUEUE_MODELS };
enum { QUEUE_BY_AICC = -1, QUEUE_CUSTOMERS_MAX = 65536, QUEUE_SERVERS_MAX = 256 };

struct sweep {
    const double *n; /* depth x jobs, or threads; whole, 1 to QUEUE_CUSTOMERS_MAX */
    const double *y; /* throughput, > 0 */
    size_t count;
};

struct queue_rules {
    int model;        /* of enum queue_model, or QUEUE_BY_AICC */
    size_t resamples; /* of the bootstrap; 0: none */
};

struct queue_fit {
    enum queue_model model;
    struct fit_value think_s, demand_s; /* demand: of one server */
    struct fit_value second_s;          /* two; else value 0 */
    struct fit_value variation;         /* variable; else value 1 */
    struct fit_value servers;           /* servers; else value 1. Whole; the interval is profiled */
    /* AICc; by_left_out: n log of the mean squared miss of points left out. NAN: not fitted */
    double aicc[QUEUE_MODELS];
    double worst[QUEUE_MODELS]; /* worst relative error of each */
    /* Too few points for AICc, whose penalty of a third parameter is 30 at six of them: the kind is
     * chosen by leaving each point out in its turn (Stone, JRSS B 36, 1974). */
    bool by_left_out;
    struct fit_quality quality;
};

extern const char *const queue_model_names[QUEUE_MODELS];

/* STATUS_DATA: fewer points than parameters or fewer than 2 distinct n, an n that is not whole, a
 * throughput that is not positive. Parameters the sweep does not tell apart (all points on the flat
 * part, say) are not identified. */
int queue_fit(struct queue_fit *fit, const struct sweep *sweep, const struct queue_rules *rules,
              struct diag *diag);

/* Throughput with n customers. */
double queue_throughput(const struct queue_fit *fit, double n);

struct usl_fit {
    struct fit_value lambda, sigma, kappa; /* 1/s per customer; shares, bounded below by 0 */
    struct fit_value peak; /* n*; identified only where kappa's interval excludes 0 */
    struct fit_quality quality;
};

/* STATUS_DATA as queue_fit, with 4 points or more. n may be fractional. */
int usl_fit(struct usl_fit *fit, const struct sweep *sweep, size_t resamples, struct diag *diag);

enum lock_kind { LOCK_QUEUED, LOCK_TICKET };

struct lock_fit {
    enum lock_kind kind;
    struct fit_value hold_s, think_s;
    struct fit_value transfer_s; /* ticket: a cache line to one waiter; else value 0 */
    struct fit_value cycle_s;    /* hold and think together: what one thread's throughput settles */
    struct fit_quality quality;
};

/* cpus: threads that can run at once; threads beyond it wait for a CPU, not the lock. 0: as many as
 * there are threads. kind is of enum lock_kind, or QUEUE_BY_AICC. */
int lock_fit(struct lock_fit *fit, const struct sweep *sweep, double cpus, int kind,
             size_t resamples, struct diag *diag);

/* Exact throughput of n customers that think think_s and queue at a station that completes
 * rate(k, ctx) a second with k customers: birth-death chain, O(n). */
double queue_chain(double n, double think_s, double (*rate)(double k, const void *ctx),
                   const void *ctx);

#endif
