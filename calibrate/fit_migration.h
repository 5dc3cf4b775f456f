/* Pre-copy migration from its rounds: how fast pages go out, how fast the guest dirties them, and
 * the working set that bounds what a round can find dirty.
 *
 * A round of t seconds finds V pages dirty, of a guest that dirties D pages/s within W pages:
 *   rate        V = D t                       never near W: W is not told, only that it is larger
 *   cyclic      V = min(W, D t)               a writer that walks its working set
 *   random      V = W (1 - exp(-D t / W))     one that jumps about in it
 *   saturated   V = W                         every round found all of it: D is at least max(V/t)
 * (Akoush et al., MASCOTS 2010, for the rounds; the curves are those of a memory walked and of
 * balls into bins.) A reported dirty rate is V/t, so near W/t it is a lower bound of D: a writer of
 * 12,000 pages/s in 65,536 pages shows 8,074 where rounds last 8 s. It takes rounds shorter than
 * W/D, of this run or of another at a higher bandwidth, to tell D; rounds of several runs may be
 * given together. Rounds that all last about as long tell neither: such a fit is saturated, its W
 * not identified.
 *
 * Noise is a share of V. Pages, seconds, pages/s. Memory overhead a + b size is fit_cost's. */
#ifndef CALIBRATE_FIT_MIGRATION_H
#define CALIBRATE_FIT_MIGRATION_H

#include "calibrate/fit.h"

enum dirty_kind { DIRTY_RATE, DIRTY_CYCLIC, DIRTY_RANDOM, DIRTY_SATURATED, DIRTY_KINDS };
enum { DIRTY_BY_AICC = -1 };

struct migration_rounds {
    const double *seconds; /* > 0: since the last look at the dirty bitmap */
    const double *dirtied; /* > 0: pages found dirty at its end */
    const double *sent;    /* pages sent within it, >= 0; NULL: not told */
    size_t count;
};

struct migration_rules {
    int kind;         /* of enum dirty_kind, or DIRTY_BY_AICC */
    size_t resamples; /* of the bootstrap; 0: none */
};

struct migration_fit {
    enum dirty_kind kind;
    struct fit_value rate;        /* D. Saturated: value is the bound, high is INFINITY */
    struct fit_value working_set; /* W. Rate: value is the bound, high is INFINITY */
    struct fit_value bandwidth;   /* of rounds of one bandwidth limit; value NAN: sent not told */
    size_t saturated;             /* rounds that found at least 95 % of W */
    double aicc[DIRTY_KINDS];     /* NAN: not fitted */
    struct fit_quality quality;   /* passes only when the rate is identified */
};

extern const char *const dirty_kind_names[DIRTY_KINDS];

/* STATUS_DATA: fewer than 2 rounds, a value that is not finite or not positive, or rounds that
 * cannot carry the kind asked for. */
int migration_fit(struct migration_fit *fit, const struct migration_rounds *rounds,
                  const struct migration_rules *rules, struct diag *diag);

/* Pages dirty after t seconds. */
double migration_dirty(const struct migration_fit *fit, double seconds);

/* The dirty rate of a walking writer from totals of a run that converged: first_pages go out at
 * bandwidth, then rounds resend what was dirtied until stop_pages or less are left; resent pages in
 * all, known to a relative standard error. STATUS_DATA: a value that is not positive, or no rate
 * that resends so many (the run cannot have converged). */
struct migration_totals {
    double first_pages, resent_pages, bandwidth, working_set, stop_pages, relative_error;
};
int migration_rate_of_totals(struct fit_value *rate, const struct migration_totals *totals,
                             struct diag *diag);

#endif
