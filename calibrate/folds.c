#include "calibrate/folds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

/* Points one at a time, with the place of each among the different x. */
static size_t number_places(const struct points *points, size_t *place)
{
    size_t places = 0;
    for (size_t i = 0; i < points->count; i++) {
        places += i == 0 || points->x[i] != points->x[i - 1];
        place[i] = places - 1;
    }
    return places;
}

static bool deal(size_t *fold, size_t places, size_t count)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t order[PREDICTOR_POINTS];
    if (rng == NULL)
        return false;
    gsl_rng_set(rng, FIT_SEED);
    for (size_t i = 0; i < places; i++)
        order[i] = i;
    gsl_ran_shuffle(rng, order, places, sizeof *order);
    for (size_t i = 0; i < places; i++)
        fold[order[i]] = i % count;
    gsl_rng_free(rng);
    return true;
}

static void add(struct fold *fold, double x, double seen, const struct fit_value *value)
{
    double error = seen != 0 ? value->value / seen - 1 : value->value != 0;
    bool bounded = isfinite(value->low) && isfinite(value->high);
    fold->intervals += bounded;
    fold->covered += bounded && seen >= value->low && seen <= value->high;
    fold->mape += fabs(error);
    fold->bias += error;
    if (fold->predicted == 0 || fabs(error) > fabs(fold->worst_error)) {
        fold->worst_error = error;
        fold->worst_at = x;
        fold->worst_seen = seen;
        fold->worst_predicted = value->value;
    }
    fold->predicted++;
}

static void close_fold(struct fold *fold)
{
    double n = (double)fold->predicted;
    fold->mape = n > 0 ? fold->mape / n : NAN;
    fold->bias = n > 0 ? fold->bias / n : NAN;
}

static void run_fold(struct folds *folds, size_t at, const struct points *points,
                     const struct predictor *kind, const size_t *fold_of)
{
    struct fold *fold = &folds->fold[at];
    struct predictor predictor = *kind;
    struct points rest = {.count = 0};
    struct diag why = {0};
    for (size_t i = 0; i < points->count; i++) {
        if (fold_of[i] == at)
            continue;
        rest.x[rest.count] = points->x[i];
        rest.y[rest.count++] = points->y[i];
    }
    fold->fitted = rest.count;
    if (predictor_fit(&predictor, &rest, &why) != STATUS_OK) {
        if (folds->not_fitted++ == 0)
            snprintf(folds->note, sizeof folds->note, "%.120s", why.message);
    } else {
        for (size_t i = 0; i < points->count; i++) {
            if (fold_of[i] != at)
                continue;
            struct fit_value value = predictor_at(&predictor, points->x[i]);
            add(fold, points->x[i], points->y[i], &value);
            add(&folds->pooled, points->x[i], points->y[i], &value);
        }
    }
    close_fold(fold);
}

int folds_run(struct folds *folds, const struct points *points, const struct predictor *kind,
              size_t count, struct diag *diag)
{
    size_t fold_of_place[PREDICTOR_POINTS], fold_of[PREDICTOR_POINTS], fitted = 0;
    memset(folds, 0, sizeof *folds);
    size_t places = number_places(points, fold_of);
    if (count < 2 || count > FOLDS_MAX)
        return diag_set(diag, STATUS_DATA, NULL, 0, "folds", "%zu, expected 2 to %d", count,
                        FOLDS_MAX);
    if (places < count)
        return diag_set(diag, STATUS_DATA, NULL, 0, "folds",
                        "%zu different counts, expected %zu or more for %zu folds", places, count,
                        count);
    if (!deal(fold_of_place, places, count))
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < points->count; i++)
        fold_of[i] = fold_of_place[fold_of[i]];
    folds->count = count;
    for (size_t at = 0; at < count; at++) {
        run_fold(folds, at, points, kind, fold_of);
        fitted += folds->fold[at].fitted;
    }
    folds->pooled.fitted = fitted / count;
    close_fold(&folds->pooled);
    if (folds->pooled.predicted == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, "folds", "%s", folds->note);
    return STATUS_OK;
}
