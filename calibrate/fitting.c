#include "calibrate/fitting.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 400 };

static const struct fitting_kind kinds[] = {
    {"constant", FIT_COST, COST_CONSTANT, {"a", "b", "c"}},
    {"linear", FIT_COST, COST_LINEAR, {"a", "b", "c"}},
    {"n-log-n", FIT_COST, COST_N_LOG_N, {"a", "b", "c"}},
    {"quadratic", FIT_COST, COST_QUADRATIC, {"a", "b", "c"}},
    {"cost", FIT_COST, COST_BY_AICC, {"a", "b", "c"}},
    {"queue", FIT_QUEUE, 0, {"demand", "think", "servers"}},
    {"lock", FIT_LOCK, 0, {"hold", "think", "transfer"}},
    {"law", FIT_LAW, 0, {"mean"}},
    {"mean", FIT_MEAN, 0, {"mean"}},
};

const struct fitting_kind *fitting_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

int fitting_quantity(const struct fitting_kind *kind, const char *name)
{
    for (int i = 0; kind->quantities[i] != NULL; i++) {
        if (strcmp(kind->quantities[i], name) == 0)
            return i;
    }
    return -1;
}

static int no_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

int fitting_add_series(struct fitting *fitting, const struct trace_series *series,
                       struct diag *diag)
{
    size_t room = fitting->count + series->count;
    double *x = realloc(fitting->x, room * sizeof *x);
    fitting->x = x != NULL ? x : fitting->x;
    double *y = realloc(fitting->y, room * sizeof *y);
    fitting->y = y != NULL ? y : fitting->y;
    if (x == NULL || y == NULL)
        return no_memory(diag);
    snprintf(fitting->unit, sizeof fitting->unit, "%s", series->unit);
    snprintf(fitting->x_name, sizeof fitting->x_name, "%s", series->x_name);
    for (size_t i = 0; i < series->count; i++) {
        if (series->points[i].censored)
            continue;
        x[fitting->count] = series->points[i].x;
        y[fitting->count++] = series->points[i].value;
    }
    return STATUS_OK;
}

void fitting_keep_least(struct fitting *fitting)
{
    size_t kept = 0;
    gsl_sort2(fitting->x, 1, fitting->y, 1, fitting->count);
    for (size_t i = 0; i < fitting->count; i++) {
        if (kept > 0 && fitting->x[kept - 1] == fitting->x[i]) {
            fitting->y[kept - 1] = fmin(fitting->y[kept - 1], fitting->y[i]);
            continue;
        }
        fitting->x[kept] = fitting->x[i];
        fitting->y[kept++] = fitting->y[i];
    }
    fitting->count = kept;
}

/* Quantiles become cells between them. */
static int add_quantiles(struct fitting *fitting, const struct trace_distribution *from,
                         struct diag *diag)
{
    double *x = calloc(2 * from->count + 1, sizeof *x);
    if (x == NULL)
        return no_memory(diag);
    for (size_t i = 0; i < from->count; i++) {
        x[i] = from->cells[i].low;
        x[from->count + i] = from->cells[i].weight;
    }
    int status = law_from_quantiles(fitting->cells, &fitting->cell_count, x, x + from->count,
                                    from->count, from->total, diag);
    free(x);
    return status;
}

int fitting_add_distribution(struct fitting *fitting, const struct trace_distribution *from,
                             struct diag *diag)
{
    if (fitting->cells != NULL)
        return STATUS_OK;
    fitting->cells = calloc(from->count + 2, sizeof *fitting->cells);
    if (fitting->cells == NULL)
        return no_memory(diag);
    snprintf(fitting->unit, sizeof fitting->unit, "%s", from->unit);
    if (from->shape == TRACE_QUANTILES)
        return add_quantiles(fitting, from, diag);
    for (size_t i = 0; i < from->count; i++) {
        const struct trace_cell *cell = &from->cells[i];
        fitting->cells[i] = (struct law_cell){
            cell->low, from->shape == TRACE_SAMPLES ? cell->low : cell->high, cell->weight};
    }
    fitting->cell_count = from->count;
    return STATUS_OK;
}

static struct fit_value plain(double value)
{
    return (struct fit_value){value, NAN, NAN, NAN, NAN, NAN, true};
}

/* The mean of the observations, with Student's interval where there are two or more. */
static int make_mean(struct fitting *fitting, struct diag *diag)
{
    double n = (double)fitting->count, sum = 0, squares = 0, off = 0;
    if (fitting->count == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "no observations");
    for (size_t i = 0; i < fitting->count; i++)
        sum += fitting->y[i];
    double mean = sum / n;
    for (size_t i = 0; i < fitting->count; i++) {
        squares += (fitting->y[i] - mean) * (fitting->y[i] - mean);
        off += fabs(fitting->y[i] - mean);
    }
    struct fit_value *value = &fitting->value[0];
    *value = plain(mean);
    fitting->quantities = 1;
    fitting->quality = (struct fit_quality){.n = fitting->count,
                                            .parameters = 1,
                                            .method = "all points",
                                            .r2 = NAN,
                                            .p = NAN,
                                            .aicc = NAN,
                                            .mean_error = mean != 0 ? off / n / fabs(mean) : 0,
                                            .worst_error = NAN,
                                            .condition = 1,
                                            .passed = true};
    if (fitting->count > 1) {
        double reach = gsl_cdf_tdist_Pinv(0.975, n - 1);
        value->se = sqrt(squares / (n - 1) / n);
        value->low = mean - reach * value->se;
        value->high = mean + reach * value->se;
    }
    return STATUS_OK;
}

static int make_cost(struct fitting *fitting, struct diag *diag)
{
    struct cost_fit *fit = &fitting->as.cost;
    const struct cost_data data = {fitting->x, fitting->y, NULL, fitting->count};
    const struct cost_rules rules = {fitting->kind->form, RESAMPLES};
    int status = cost_fit_read(fit, &data, fitting->step, &rules, diag);
    if (status != STATUS_OK)
        return status;
    fitting->quality = fit->quality;
    fitting->quantities = fit->parameters;
    memcpy(fitting->value, fit->value, sizeof fitting->value);
    return STATUS_OK;
}

static int make_queue(struct fitting *fitting, struct diag *diag)
{
    struct queue_fit *fit = &fitting->as.queue;
    const struct sweep sweep = {fitting->x, fitting->y, fitting->count};
    const struct queue_rules rules = {QUEUE_SERVERS, RESAMPLES};
    int status = queue_fit(fit, &sweep, &rules, diag);
    if (status != STATUS_OK)
        return status;
    fitting->quality = fit->quality;
    fitting->quantities = 3;
    fitting->value[0] = fit->demand_s;
    fitting->value[1] = fit->think_s;
    fitting->value[2] = fit->servers;
    return STATUS_OK;
}

static int make_lock(struct fitting *fitting, struct diag *diag)
{
    struct lock_fit *fit = &fitting->as.lock;
    const struct sweep sweep = {fitting->x, fitting->y, fitting->count};
    int status = lock_fit(fit, &sweep, 0, QUEUE_BY_AICC, RESAMPLES, diag);
    if (status != STATUS_OK)
        return status;
    fitting->quality = fit->quality;
    fitting->quantities = 3;
    fitting->value[0] = fit->hold_s;
    fitting->value[1] = fit->think_s;
    fitting->value[2] = fit->transfer_s;
    return STATUS_OK;
}

static int make_law(struct fitting *fitting, struct diag *diag)
{
    struct law_fit *fit = &fitting->as.law;
    const struct law_data data = {fitting->cells, fitting->cell_count};
    const struct law_rules rules = {.kind = LAW_BY_AICC};
    if (fitting->cells == NULL)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "a law needs a distribution");
    int status = law_fit(fit, &data, &rules, diag);
    if (status != STATUS_OK)
        return status;
    fitting->quality = fit->quality;
    fitting->quantities = 1;
    fitting->value[0] = plain(law_mean(fit));
    return STATUS_OK;
}

int fitting_make(struct fitting *fitting, struct diag *diag)
{
    static int (*const make[])(struct fitting *, struct diag *) = {
        [FIT_MEAN] = make_mean, [FIT_COST] = make_cost, [FIT_QUEUE] = make_queue,
        [FIT_LOCK] = make_lock, [FIT_LAW] = make_law,
    };
    int status = make[fitting->kind->family](fitting, diag);
    fitting->made = status == STATUS_OK;
    return status;
}

static double lock_rate(double waiting, const void *context)
{
    const struct lock_fit *fit = context;
    return 1 / (fit->hold_s.value + fit->transfer_s.value * waiting / 2);
}

/* A throughput and the interval of one more observation: the noise is a share of it. */
static struct fit_value throughput(const struct fitting *fitting, double value)
{
    double squares = 0;
    for (size_t i = 0; i < fitting->count; i++) {
        double fitted = fitting->kind->family == FIT_QUEUE
                            ? queue_throughput(&fitting->as.queue, fitting->x[i])
                            : queue_chain(fitting->x[i], fitting->as.lock.think_s.value, lock_rate,
                                          &fitting->as.lock);
        double off = log(fitting->y[i] / fitted);
        squares += off * off;
    }
    struct fit_value at = plain(value);
    double freedom = (double)fitting->count - (double)fitting->quality.parameters;
    if (freedom >= 1) {
        double reach = gsl_cdf_tdist_Pinv(0.975, freedom) * sqrt(squares / freedom);
        at.low = value * exp(-reach);
        at.high = value * exp(reach);
    }
    return at;
}

/* The share at or below x, and where that of as many further observations lies. */
static struct fit_value share_at(const struct fitting *fitting, double x)
{
    struct fit_value at = plain(law_cdf(&fitting->as.law, x));
    double reach = 1.96 * sqrt(at.value * (1 - at.value) / (double)fitting->quality.n);
    at.low = fmax(at.value - reach, 0);
    at.high = fmin(at.value + reach, 1);
    return at;
}

struct fit_value fitting_at(const struct fitting *fitting, double x)
{
    switch (fitting->kind->family) {
    case FIT_COST:
        return cost_predict(&fitting->as.cost, x);
    case FIT_QUEUE:
        return throughput(fitting, queue_throughput(&fitting->as.queue, x));
    case FIT_LOCK:
        return throughput(
            fitting, queue_chain(x, fitting->as.lock.think_s.value, lock_rate, &fitting->as.lock));
    case FIT_LAW:
        return share_at(fitting, x);
    case FIT_MEAN:
        break;
    }
    struct fit_value at = fitting->value[0];
    if (fitting->count > 1) {
        double n = (double)fitting->count;
        double reach = gsl_cdf_tdist_Pinv(0.975, n - 1) * at.se * sqrt(n + 1);
        at.low = at.value - reach;
        at.high = at.value + reach;
    }
    return at;
}

void fitting_free(struct fitting *fitting)
{
    free(fitting->x);
    free(fitting->y);
    free(fitting->cells);
}
