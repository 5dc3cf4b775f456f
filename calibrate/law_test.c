/* How well a law holds, and the data's own quantiles. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "calibrate/law_judge.h"

/* Kolmogorov's distribution with Stephens' correction for few samples. */
static double kolmogorov(double distance, double n)
{
    double root = sqrt(n), at = (root + 0.12 + 0.11 / root) * distance, sum = 0;
    if (at < 0.2)
        return 1;
    for (int k = 1; k <= 100; k++)
        sum += (k % 2 == 1 ? 2 : -2) * exp(-2.0 * k * k * at * at);
    return fmin(fmax(sum, 0), 1);
}

/* Merges neighbours until each expects five or more. */
static double chi_square(const struct law *law, const struct law_cell *cells, size_t count,
                         double total, size_t parameters)
{
    double sum = 0, seen = 0, expected = 0;
    double last_seen = 0, last_expected = 0;
    size_t groups = 0;
    for (size_t i = 0; i <= count; i++) {
        /* The space before, between and after the cells expects observations too. */
        double from = i == 0 ? 0 : cells[i - 1].high, to = i == count ? INFINITY : cells[i].low;
        expected += total * (law_below(law, from, true) - law_below(law, to, true));
        if (i < count) {
            seen += cells[i].weight;
            expected +=
                total * (law_below(law, cells[i].low, true) - law_below(law, cells[i].high, true));
        }
        if (expected < 5 && i < count)
            continue;
        if (expected < 5 && groups > 0) { /* the rest joins the last group */
            sum -= (last_seen - last_expected) * (last_seen - last_expected) / last_expected;
            seen += last_seen;
            expected += last_expected;
            groups--;
        }
        if (!(expected > 0))
            continue;
        sum += (seen - expected) * (seen - expected) / expected;
        groups++;
        last_seen = seen;
        last_expected = expected;
        seen = expected = 0;
    }
    if (groups < parameters + 2)
        return NAN;
    return gsl_cdf_chisq_Q(sum, (double)(groups - 1 - parameters));
}

double law_distance(const struct law *law, const struct law_cell *cells, size_t count, double total)
{
    double below = 0, distance = 0;
    for (size_t i = 0; i < count; i++) {
        double before = below / total, after = (below += cells[i].weight) / total;
        double off = fmax(fabs(law_below(law, cells[i].low, false) - before),
                          fabs(law_below(law, cells[i].high, false) - after));
        distance = fmax(distance, off);
    }
    return distance;
}

/* passed and note by p. */
void law_pass(struct law_fit *fit)
{
    fit->quality.passed = fit->quality.p >= FIT_P_MIN;
    if (isnan(fit->quality.p))
        snprintf(fit->quality.note, sizeof fit->quality.note, "too few cells to test a %s law",
                 law_names[fit->kind]);
    else if (!fit->quality.passed)
        snprintf(fit->quality.note, sizeof fit->quality.note,
                 "no %s law: p = %.2g, shares are off by up to %.1f %%", law_names[fit->kind],
                 fit->quality.p, 100 * fit->distance);
}

void law_judge(struct law_fit *fit, const struct law *law, const struct law_cell *cells,
               size_t count)
{
    double total = 0;
    bool samples = true;
    for (size_t i = 0; i < count; i++) {
        total += cells[i].weight;
        samples = samples && cells[i].low == cells[i].high;
    }
    fit->distance = law_distance(law, cells, count, total);
    fit->quality.n = (size_t)llround(total);
    fit->quality.r2 = NAN;
    fit->quality.method = samples ? "maximum likelihood, Kolmogorov-Smirnov"
                                  : "interval-censored maximum likelihood, chi-square";
    fit->quality.p = samples ? kolmogorov(fit->distance, total)
                             : chi_square(law, cells, count, total, fit->parameters);
    law_pass(fit);
}

static double at_share(const struct law_cell *cells, size_t count, double total, double p)
{
    double below = 0, want = p * total;
    if (want <= 0)
        return cells[0].low;
    for (size_t i = 0; i < count; i++) {
        double here = cells[i].weight;
        if (here > 0 && below + here >= want) {
            if (isinf(cells[i].high))
                return below + here > want ? cells[i].low : INFINITY;
            return cells[i].low + (cells[i].high - cells[i].low) * (want - below) / here;
        }
        below += here;
    }
    return cells[count - 1].high;
}

int law_empirical(struct fit_value *value, const struct law_data *data, double p, struct diag *diag)
{
    struct law_cell *cells = NULL;
    double total = 0;
    if (!(p > 0 && p < 1))
        return diag_set(diag, STATUS_DATA, NULL, 0, "p", "%g, expected between 0 and 1", p);
    int status = law_sorted(&cells, data, 1, diag);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < data->count; i++)
        total += cells[i].weight;
    double spread = sqrt(p * (1 - p) / total), z = gsl_cdf_ugaussian_Pinv(0.975);
    double low = p - z * spread, high = p + z * spread + 1 / total;
    double at = at_share(cells, data->count, total, p);
    *value = (struct fit_value){.value = at, .bca_low = NAN, .bca_high = NAN};
    value->low = low > 0 ? at_share(cells, data->count, total, low) : 0;
    const struct law_cell *last = &cells[data->count - 1];
    value->high = high < 1 ? at_share(cells, data->count, total, high) : INFINITY;
    if (isinf(last->high) && value->high >= last->low)
        value->high = INFINITY;
    value->se = (value->high - value->low) / (2 * z);
    value->identified = low > 0 && isfinite(value->high);
    free(cells);
    return STATUS_OK;
}
