/* Prediction: for every limit the first step of the ramp that fails, found by bisection (demand
 * grows along the ramp), and from them the order in which limits are hit and the ladder. */
#ifndef MODEL_PREDICT_H
#define MODEL_PREDICT_H

#include "model/model.h"

struct outcome {
    const struct limit *limit;
    size_t index;                   /* of model_limit */
    struct headroom asked;          /* at the requested step */
    struct headroom broken;         /* at the first failing step; all zero when none */
    double max_ok;                  /* largest step that works; INFINITY: none found to fail */
    double fails_at;                /* first that does not; INFINITY likewise */
    double max_ok_low, max_ok_high; /* interval from the demand's uncertainty */
    double hard_fails_at; /* the same once raised to the hard maximum; NAN: cannot be raised */
};

struct rung {
    size_t outcome; /* index into outcomes */
    bool raised;    /* the limit at its hard maximum */
    double fails_at;
};

struct prediction {
    double requested;
    struct outcome *outcomes; /* limits with a capacity and a demand, first to fail first */
    size_t count;
    int first, first_fatal; /* indices into outcomes; -1: nothing fails within the bound */
    struct rung *ladder;    /* fatal limits in order, up to the first wall */
    size_t rungs;
};

/* Makes room for the predictions of one model; the caller ends with prediction_free. */
int prediction_init(struct prediction *prediction, const struct model *model, struct diag *diag);
void prediction_free(struct prediction *prediction);

/* Predicts; allocates nothing. O(limits * log(bound)). */
void predict(struct model *model, struct prediction *prediction);

/* The limits that predict would find first, of all and of the fatal ones, and when they fail, in a
 * fraction of its time: limits that still hold where an earlier one fails are not searched. What it
 * held before is tried first, which saves most when little has changed. */
struct first {
    int index;                      /* of model_limit; -1: nothing fails within the bound */
    double fails_at;                /* INFINITY: likewise */
    double max_ok_low, max_ok_high; /* interval of the last step that works */
};
struct firsts {
    struct first any, fatal;
    bool judged; /* some limit has a capacity and a demand */
};
extern const struct firsts firsts_unknown;
void predict_firsts(struct model *model, struct firsts *firsts);

/* What is to be said of a request. */
enum verdict { VERDICT_FITS, VERDICT_TIGHT, VERDICT_DOES_NOT_FIT, VERDICT_CANNOT_TELL };
enum verdict predict_verdict(double requested, bool judged, double fatal_at, double any_at);
const char *verdict_name(enum verdict verdict);

/* hang and fail stop something; warn, slow and degrade do not. */
bool limit_is_fatal(const struct limit *limit);

#endif
