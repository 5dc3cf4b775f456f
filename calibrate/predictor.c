#include "calibrate/predictor.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

const char *const predictor_names[PREDICT_KINDS] = {
    "count",          "cost", "queue", "response",         "storm",
    "storm rate",     "usl",  "lock",  "preempted holder", "preempted next",
    "preempted queue"};

double predictor_spread(const double *observed, const double *fitted, size_t n, size_t parameters)
{
    double sum = 0;
    if (n <= parameters)
        return NAN;
    for (size_t i = 0; i < n; i++)
        sum += pow(log(observed[i] / fitted[i]), 2);
    double freedom = (double)(n - parameters);
    return gsl_cdf_tdist_Pinv(0.975, freedom) * sqrt(sum / freedom) *
           sqrt(1 + (double)parameters / (double)n);
}

static double serve(double k, const void *ctx)
{
    const struct lock_fit *fit = ctx;
    return 1 / (fit->hold_s.value + fit->transfer_s.value * k / 2);
}

static double mean_at(const struct predictor *p, double x)
{
    const struct usl_fit *usl = &p->of.usl;
    switch (p->kind) {
    case PREDICT_COUNT:
        return x == 0 && !isnan(p->at_none) ? p->at_none : count_predict(&p->of.count, 1, &x);
    case PREDICT_COST:
        return cost_predict(&p->of.cost, x).value;
    case PREDICT_QUEUE:
        return queue_throughput(&p->of.queue, x);
    case PREDICT_RESPONSE:
        return x / queue_throughput(&p->of.queue, x);
    case PREDICT_USL:
        return usl->lambda.value * x /
               (1 + usl->sigma.value * (x - 1) + usl->kappa.value * x * (x - 1));
    case PREDICT_LOCK:
        return queue_chain(fmin(x, p->cpus), p->of.lock.think_s.value, serve, &p->of.lock);
    case PREDICT_STORM:
    case PREDICT_STORM_RATE:
        return storm_predict(&p->of.storm, x);
    case PREDICT_HOLDER:
    case PREDICT_NEXT:
    case PREDICT_PREEMPTED_QUEUE:
        return collapse_throughput(&p->of.collapse, x);
    default:
        return NAN;
    }
}

static size_t parameters_of(const struct predictor *p)
{
    switch (p->kind) {
    case PREDICT_COST:
        return p->of.cost.parameters;
    case PREDICT_USL:
        return p->of.usl.quality.parameters;
    case PREDICT_LOCK:
        return p->of.lock.quality.parameters;
    case PREDICT_STORM:
    case PREDICT_STORM_RATE:
        return p->of.storm.quality.parameters;
    case PREDICT_HOLDER:
    case PREDICT_NEXT:
    case PREDICT_PREEMPTED_QUEUE:
        return p->of.collapse.quality.parameters;
    default:
        return p->of.queue.quality.parameters;
    }
}

static int fit_queue(struct predictor *p, const struct points *points, struct diag *diag)
{
    double y[PREDICTOR_POINTS];
    for (size_t i = 0; i < points->count; i++)
        y[i] = p->kind == PREDICT_RESPONSE ? points->x[i] / points->y[i] : points->y[i];
    struct sweep sweep = {.n = points->x, .y = y, .count = points->count};
    struct queue_rules rules = {.model = QUEUE_BY_AICC};
    int status = queue_fit(&p->of.queue, &sweep, &rules, diag);
    if (status == STATUS_OK)
        p->form = queue_model_names[p->of.queue.model];
    p->passed = p->of.queue.quality.passed;
    return status;
}

/* AICc cannot be had of a form with two parameters from fewer than five points, so that few points
 * are always a constant to it. Where its choice fails the fit's own test, the form that misses the
 * fitted points least and passes is taken. */
static int fit_cost(struct predictor *p, const struct points *points, struct diag *diag)
{
    struct cost_data data = {.n = points->x, .y = points->y, .count = points->count};
    struct cost_rules rules = {.form = COST_BY_AICC};
    struct diag ignored;
    int status = cost_fit_read(&p->of.cost, &data, p->step, &rules, diag);
    bool chosen = status == STATUS_OK && p->of.cost.quality.passed;
    for (rules.form = COST_LINEAR; status == STATUS_OK && !chosen && rules.form < COST_FORMS;
         rules.form++) {
        struct cost_fit other;
        if (cost_fit_read(&other, &data, p->step, &rules, &ignored) == STATUS_OK &&
            other.quality.passed && points->count > other.parameters &&
            other.quality.mean_error < p->of.cost.quality.mean_error)
            p->of.cost = other;
    }
    if (status == STATUS_OK)
        p->form = cost_form_names[p->of.cost.form];
    p->passed = p->of.cost.quality.passed;
    return status;
}

/* The first device may bring what all share (a ring, a pool's first thread): where the line does
 * not meet all fitted counts, the one through those of a device or more may, and none is a case of
 * its own. */
static int fit_count(struct predictor *p, const struct points *points, struct diag *diag)
{
    struct count_data data = {.x = points->x, .y = points->y, .rows = points->count, .kinds = 1};
    struct count_fit other;
    struct diag ignored;
    size_t none = 0;
    int status = count_fit(&p->of.count, &data, diag);
    p->at_none = NAN;
    while (none < points->count && points->x[none] == 0)
        none++;
    if (status == STATUS_OK && !p->of.count.exact && none > 0 && points->count >= none + 3) {
        data = (struct count_data){
            .x = points->x + none, .y = points->y + none, .rows = points->count - none, .kinds = 1};
        if (count_fit(&other, &data, &ignored) == STATUS_OK &&
            (other.exact || other.rows_off < p->of.count.rows_off)) {
            p->of.count = other;
            p->at_none = points->y[0];
        }
    }
    p->passed = p->of.count.exact;
    p->form = p->passed ? "count" : "range of counts";
    return status;
}

static int fit_storm(struct predictor *p, const struct sweep *sweep, struct diag *diag)
{
    struct storm_rules rules = {.measure = p->kind == PREDICT_STORM_RATE ? STORM_RATE : STORM_TIME,
                                .cpus = p->cpus};
    int status = storm_fit(&p->of.storm, sweep, &rules, diag);
    p->form = "shared CPUs";
    p->passed = p->of.storm.quality.passed;
    return status;
}

static int fit_lock(struct predictor *p, const struct sweep *sweep, struct diag *diag)
{
    int status = lock_fit(&p->of.lock, sweep, p->cpus, QUEUE_BY_AICC, 0, diag);
    p->form = p->of.lock.kind == LOCK_TICKET ? "ticket lock" : "queued lock";
    p->passed = p->of.lock.quality.passed;
    return status;
}

static int fit_collapse(struct predictor *p, const struct sweep *sweep, struct diag *diag)
{
    int status = collapse_fit(&p->of.collapse, sweep, p->cpus,
                              COLLAPSE_HOLDER + (int)(p->kind - PREDICT_HOLDER), 0, diag);
    p->form = collapse_kind_names[p->of.collapse.kind];
    p->passed = p->of.collapse.quality.passed;
    return status;
}

static int fit_kind(struct predictor *p, const struct points *points, struct diag *diag)
{
    struct sweep sweep = {.n = points->x, .y = points->y, .count = points->count};
    int status;
    switch (p->kind) {
    case PREDICT_COUNT:
        return fit_count(p, points, diag);
    case PREDICT_COST:
        return fit_cost(p, points, diag);
    case PREDICT_USL:
        p->form = "USL";
        status = usl_fit(&p->of.usl, &sweep, 0, diag);
        p->passed = p->of.usl.quality.passed;
        return status;
    case PREDICT_LOCK:
        return fit_lock(p, &sweep, diag);
    case PREDICT_STORM:
    case PREDICT_STORM_RATE:
        return fit_storm(p, &sweep, diag);
    case PREDICT_HOLDER:
    case PREDICT_NEXT:
    case PREDICT_PREEMPTED_QUEUE:
        return fit_collapse(p, &sweep, diag);
    default:
        return fit_queue(p, points, diag);
    }
}

int predictor_fit(struct predictor *predictor, const struct points *points, struct diag *diag)
{
    double fitted[PREDICTOR_POINTS];
    int status = fit_kind(predictor, points, diag);
    predictor->spread = NAN;
    if (status != STATUS_OK || predictor->kind == PREDICT_COUNT)
        return status;
    for (size_t i = 0; i < points->count; i++)
        fitted[i] = mean_at(predictor, points->x[i]);
    predictor->spread =
        predictor_spread(points->y, fitted, points->count, parameters_of(predictor));
    return STATUS_OK;
}

static struct fit_value count_at(const struct predictor *p, double x)
{
    struct fit_value value = {.value = mean_at(p, x)};
    value.low = value.high = value.value;
    if (!p->passed && (x > 0 || isnan(p->at_none)))
        count_range_at(&p->of.count, 1, &x, &value.low, &value.high);
    return value;
}

struct fit_value predictor_at(const struct predictor *predictor, double x)
{
    if (predictor->kind == PREDICT_COST)
        return cost_predict(&predictor->of.cost, x);
    if (predictor->kind == PREDICT_COUNT)
        return count_at(predictor, x);
    double mean = mean_at(predictor, x);
    return (struct fit_value){.value = mean,
                              .low = mean * exp(-predictor->spread),
                              .high = mean * exp(predictor->spread)};
}
