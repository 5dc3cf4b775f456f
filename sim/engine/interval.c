#include "sim/engine/interval.h"

#include "sim/engine/contract.h"

#include <gsl/gsl_cdf.h>

struct interval interval_student(double mean, double standard_error, double freedom,
                                 double confidence)
{
    contract(confidence > 0 && confidence < 1);
    if (!(freedom > 0) || !isfinite(standard_error)) {
        return (struct interval){mean, INFINITY};
    }
    return (struct interval){mean,
                             gsl_cdf_tdist_Qinv((1 - confidence) / 2, freedom) * standard_error};
}

struct interval interval_of_mean(const struct tally *tally, double confidence)
{
    double count = (double)tally->count;

    return interval_student(tally->mean, sqrt(tally_variance(tally) / count), count - 1,
                            confidence);
}

static double allowed_width(struct interval interval, const struct interval_target *target)
{
    double relative = target->relative / (1 + target->relative) * fabs(interval.mean);

    return fmax(relative, target->absolute);
}

static double each_confidence(const struct interval_rule *rule, size_t count)
{
    return 1 - (1 - rule->confidence) / (double)count;
}

int interval_rule_met(const struct interval_rule *rule, const struct tally *metrics,
                      const struct interval_target *targets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct interval interval = interval_of_mean(&metrics[i], each_confidence(rule, count));

        if (metrics[i].count < rule->count_at_least ||
            !(interval.half_width <= allowed_width(interval, &targets[i]))) {
            return 0;
        }
    }
    return 1;
}

uint64_t interval_rule_forecast(const struct interval_rule *rule, const struct tally *metrics,
                                const struct interval_target *targets, size_t count)
{
    double most = (double)rule->count_at_least;

    for (size_t i = 0; i < count; i++) {
        struct interval interval = interval_of_mean(&metrics[i], each_confidence(rule, count));
        double ratio = interval.half_width / allowed_width(interval, &targets[i]);

        if (isinf(interval.half_width)) {
            return UINT64_MAX;
        }
        if (interval.half_width > 0) {
            most = fmax(most, ceil((double)metrics[i].count * ratio * ratio));
        }
    }
    return most < 0x1p63 ? (uint64_t)most : UINT64_MAX;
}
