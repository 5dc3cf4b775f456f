/* Cross-validation of a curve: its places (different x, with all their repeats) are dealt to K
 * folds, and each fold is predicted by what is fitted to the others. Says how well the curve is
 * known, whoever predicts it: a model that misses by no more cannot be told wrong by it. Dealt with
 * FIT_SEED: the same curve makes the same folds. Stone, JRSS B 36 (1974). Cost: K fits. */
#ifndef CALIBRATE_FOLDS_H
#define CALIBRATE_FOLDS_H

#include "calibrate/predictor.h"

enum { FOLDS_MAX = 64 };

struct fold {
    size_t fitted, predicted;  /* points */
    size_t intervals, covered; /* points with a 95 % interval; those of them within it */
    double mape, bias; /* mean absolute and signed error, shares of the observed; NAN: none */
    double worst_at, worst_seen, worst_predicted, worst_error; /* signed */
};

struct folds {
    size_t count, not_fitted; /* folds; those whose others carry no fit, left out of the pool */
    struct fold pooled;       /* over all points predicted; `fitted`: the mean */
    struct fold fold[FOLDS_MAX];
    char note[128]; /* why the first of those carries none */
};

/* `kind` tells the kind, CPUs and step of a predictor. STATUS_DATA: fewer places than folds, folds
 * not within 2 to FOLDS_MAX, or no fold that could be predicted. */
int folds_run(struct folds *folds, const struct points *points, const struct predictor *kind,
              size_t count, struct diag *diag);

#endif
