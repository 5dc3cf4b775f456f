/* The dirty rate behind a converged run's totals; fit_migration.h. */
#include "calibrate/fit_migration.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

/* Pages resent at a rate; INFINITY when it does not converge. */
static double resent(const struct migration_totals *totals, double rate)
{
    double sum = 0, pages = totals->first_pages;
    for (int round = 0; round < 10000; round++) {
        pages = fmin(totals->working_set, rate * pages / totals->bandwidth);
        sum += pages;
        if (pages <= totals->stop_pages)
            return sum;
    }
    return INFINITY;
}

static double rate_of(const struct migration_totals *totals, double pages)
{
    double low = 0, high = totals->bandwidth;
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        if (resent(totals, middle) < pages)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

int migration_rate_of_totals(struct fit_value *rate, const struct migration_totals *totals,
                             struct diag *diag)
{
    const double given[] = {totals->first_pages, totals->resent_pages, totals->bandwidth,
                            totals->working_set, totals->stop_pages};
    int status = fit_check(given, 5, 1e-9, "migration totals", diag);
    if (status != STATUS_OK)
        return status;
    if (!(totals->relative_error >= 0 && totals->relative_error < 0.5))
        return diag_set(diag, STATUS_DATA, NULL, 0, "relative error", "%g, expected 0 to 0.5",
                        totals->relative_error);
    if (totals->resent_pages <= totals->stop_pages)
        return diag_set(diag, STATUS_DATA, NULL, 0, "migration totals",
                        "%g pages resent, no more than are left at the end: no rate can be told",
                        totals->resent_pages);
    double off = gsl_cdf_ugaussian_Pinv(0.975) * totals->relative_error;
    double value = rate_of(totals, totals->resent_pages);
    if (value > 0.999 * totals->bandwidth)
        return diag_set(diag, STATUS_DATA, NULL, 0, "migration totals",
                        "%g pages resent, more than a run that converges at %g pages/s",
                        totals->resent_pages, totals->bandwidth);
    double low = rate_of(totals, totals->resent_pages * (1 - off));
    double high = rate_of(totals, totals->resent_pages * (1 + off));
    *rate = (struct fit_value){
        value, (high - low) / (2 * gsl_cdf_ugaussian_Pinv(0.975)), low, high, NAN, NAN, true};
    return STATUS_OK;
}
