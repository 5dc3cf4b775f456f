/* The model's inside, shared by the files that bind it (bind.c), fill in what the scenario leaves
 * unsaid (image.c), walk along the ramp (step.c) and show it (view.c). */
#ifndef MODEL_BOUND_H
#define MODEL_BOUND_H

#include "model/formula.h"
#include "model/model.h"

enum { IMAGES = 2 * GROUPS_MAX }; /* of a class: its disk groups, then its NIC groups */

/* What was computed at one place of a class (model_move); NAN: not needed yet. Of what moves alone,
 * which keeps all memos of a model below some 16 MiB. */
struct memo {
    double place[FREE_MAX];
    double *each, *each_error;  /* by slot of a need that moves */
    double *base, *base_error;  /* likewise; of the first class */
    double *value, *hard_value; /* by slot of a limit that moves */
};

enum { MEMOS = 4096 }; /* a power of two */

/* The values that expressions see for one device group of one class. */
struct image {
    double plain[OPTIONS_MAX]; /* stated or default, before the copies of the mix */
    double value[SLOT_COUNT];  /* at the current step */
};

struct bound_default {
    const struct default_value *row;
    struct formula *value;
    struct condition when;
    bool changes; /* along the ramp */
    bool moves;   /* with a free option */
};

struct bound_limit {
    const struct limit *limit;
    struct formula *capacity, *hard;
    bool overridden, varies, settled;
    bool moves;     /* with a free option */
    size_t slot;    /* if so, among those that do */
    unsigned fresh; /* classes whose values below are those of the present place */
    double override_value;
    double value[CLASSES_MAX], hard_value[CLASSES_MAX];
};

struct term {
    const struct demand *demand;
    struct condition when;
    struct formula *amount;
    bool host; /* counts once, not once a guest */
    bool varies;
    bool moves; /* with a free option */
};

/* What a resource needs, apart from what must be evaluated at each step. */
struct need {
    bool touched; /* some term, --used or the ramp can consume it */
    bool ramped;  /* a step of the ramp is one unit of it */
    double used, base, base_error;
    double each[CLASSES_MAX], each_error[CLASSES_MAX]; /* a guest of the class */
    const struct term **varying;
    size_t varying_count;
    /* Of a model that moves: the terms that base and each are summed from when next needed. */
    const struct term **fixed;
    size_t fixed_count;
    bool moves, base_moves, base_fresh;
    size_t slot;    /* if it moves, among those that do */
    unsigned fresh; /* classes */
};

struct model {
    const struct catalog *catalog;
    const struct scenario *scenario;
    int ramp_option, ramp_resource; /* -1: not that kind */
    double step, requested;
    double request[CLASSES_MAX], request_total, class_count[CLASSES_MAX];
    struct formulas formulas;
    struct image *images;       /* [class][IMAGES] */
    const struct image *loaded; /* whose values stand in formulas.slots; NULL: none */
    bool changes[SLOT_COUNT];   /* slots that differ between steps */
    struct bound_default *defaults;
    size_t default_count;
    struct bound_limit *limits;
    size_t limit_count;
    int *limit_index;    /* by limit number; -1: does not apply on this host */
    struct term *chosen; /* of the host's versions */
    size_t chosen_count;
    struct term *terms; /* of those, what can contribute */
    size_t term_count;
    struct need *needs; /* by resource */
    size_t *touched;    /* limits that something can consume */
    size_t touched_count;
    /* A model that moves. What is computed of a class stays until a free option of it changes. */
    int free_option[FREE_MAX];
    size_t free_count;       /* 0: it does not move */
    bool moves[SLOT_COUNT];  /* slots that differ between places */
    bool guests_matter;      /* beside their number and the ramp, defaults read it */
    size_t classes_placed;   /* at the present place */
    size_t classes_known;    /* classes below have a place */
    size_t classes_resolved; /* images of classes below have been resolved whole */
    double place[CLASSES_MAX][FREE_MAX];
    unsigned images_stale; /* classes whose images are not those of their place */
    bool flat;             /* nothing but numbers of guests changes along the ramp */
    struct memo *memos;    /* of classes seen, by a hash of their place; NULL: none are kept */
    struct memo *memo[CLASSES_MAX];
    size_t *moving_limits, *moving_needs;
    size_t moving_limit_count, moving_need_count;
};

/* image.c */
int images_bind(struct model *model, struct diag *diag);
/* Resolves all images of a class at step n; NAN: as requested. */
enum resolve { RESOLVE_ALL, RESOLVE_STEP, RESOLVE_MOVE };
void images_resolve(struct model *model, size_t class_index, double n, enum resolve what);
/* Marks what changes along the ramp, and what with a free option: it and all that defaults derive
 * from it. */
void images_find_changes(struct model *model);
/* What the scenario states for an image; NAN: nothing. */
double image_stated(const struct model *model, size_t class_index, size_t image, int option);

static inline struct image *image_of(const struct model *model, size_t class_index, size_t image)
{
    return &model->images[class_index * IMAGES + image];
}

/* Makes an image's values the ones that formulas read. */
void image_load(struct model *model, const struct image *image);

/* step.c */
void step_to(struct model *model, double n);
double capacity_value(struct model *model, struct bound_limit *bound, size_t class_index);
bool limit_settle(struct model *model, struct bound_limit *bound);
void hard_value(struct model *model, struct bound_limit *bound, size_t class_index);

/* Gives limits, by number, their capacities in a class, for formulas that name them. */
void limits_load(struct model *model, const int *limits, size_t count, size_t class_index);

/* A formula in an image, the limits that it names being evaluated first. */
double value_in(struct model *model, struct formula *formula, size_t class_index, size_t image);
bool formula_varies(struct model *model, struct formula *formula);

/* move.c */
int move_prepare(struct model *model, struct diag *diag); /* once the terms are known */
void move_free(struct model *model);
void images_refresh(struct model *model);
bool formula_moves(struct model *model, struct formula *formula);
bool limit_moves(struct model *model, const struct bound_limit *bound, int depth);
void need_refresh(struct model *model, struct need *need);
void limit_refresh(struct model *model, struct bound_limit *bound);

/* bind.c: what the classes ask for; and the step set to what is asked for. */
void count_request(struct model *model);
void settle_request(struct model *model);

/* The images that a term is evaluated in: first and count. */
void term_images(const struct model *model, const struct term *term, size_t class_index,
                 size_t *first, size_t *count);

/* A term's contribution in one class, and of how many units: amount times units, or the largest
 * amount for devices. */
double term_value(struct model *model, const struct term *term, size_t class_index, double *units);

/* Units of a demand's dimension in an image. */
double units_in(enum per per, const double *value);

/* Whether a unit of one resource counts in another. */
bool resource_reaches(const struct catalog *catalog, int from, int to);

#endif
