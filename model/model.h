/* The model bound to one host and scenario: which rows of the catalogue apply, and what every
 * resource costs at a step of the ramp.
 *
 * A step n of the ramp "guests" has n guests, started in the order of the mix (beyond the request
 * the mix repeats). For any other option it is the option set to n in every class; for a resource
 * it is n more units of it. Rows whose value cannot change along the ramp are evaluated once, so
 * that a step costs a few additions a resource. Values are resolved in the order of
 * data/defaults.csv; an option that nothing says anything about stays NAN. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/catalog.h"
#include "model/expr.h"
#include "model/scenario.h"

struct model;

/* Binds. The catalogue and the scenario must outlive the model. Errors: an expression that
 * does not parse, an unknown ramp, limit or resource name. The caller ends with model_free. */
int model_new(struct model **model, const struct catalog *catalog, const struct scenario *scenario,
              struct diag *diag);
void model_free(struct model *model);

/* Binds a model to another scenario, which may differ from the one before in the values of options,
 * the mix, the ramp, set and used, not in versions or architecture; not for a model that moves.
 * Nothing is parsed twice, so that studies of many scenarios cost a fraction of as many new models.
 * Errors: an unknown ramp or name; the model can then only be freed. */
int model_rebind(struct model *model, const struct scenario *scenario, struct diag *diag);

/* The same as model_new for a model that follows its scenario when the caller changes the values of
 * these options in it (not arch) or, with OPTION_GUESTS among them, numbers of guests: then only
 * what depends on them is computed anew. Classes may come and go at the end of the list as long as
 * they differ in these options alone. model_move takes the changes over and returns whether
 * anything along the ramp is different, not only how far it was asked to go. */
enum { FREE_MAX = 24 };
int model_new_free(struct model **model, const struct catalog *catalog,
                   const struct scenario *scenario, const int *free_options, size_t free_count,
                   struct diag *diag);
bool model_move(struct model *model);

/* Parses every expression of the rows that apply, needed or not; the first that is wrong. */
int model_check(struct model *model, struct diag *diag);

/* The limits that apply on this host, in catalogue order. */
size_t model_limit_count(const struct model *model);
const struct limit *model_limit(const struct model *model, size_t index);

/* Whether anything on this host and ramp can consume the limit's resource. */
bool model_touches(const struct model *model, size_t limit);

/* All limits of which that holds, ascending. */
size_t model_touched(const struct model *model, const size_t **limits);

/* Demand and capacity of a limit at step n, at its tightest instance (class); units of the
 * limit's resource. error: half-width of the demand's interval. hard: with the limit raised to
 * its hard maximum. Returns whether the demand exceeds the capacity. */
struct headroom {
    double demand, capacity, error;
    size_t class_index;
};
bool model_exceeds(struct model *model, size_t limit, double n, bool hard, struct headroom *out);

/* The ramp: its name, what was asked for, and a bound beyond which no step is looked at. */
const char *model_ramp(const struct model *model);
double model_requested(const struct model *model);
double model_ramp_bound(const struct model *model);

/* Capacity raised to the hard maximum; NAN when the limit cannot be raised. */
double model_hard_capacity(const struct model *model, size_t limit);

/* One term of a resource's demand at step n in a class, for explanations. */
struct term_view {
    const struct demand *demand;
    double amount, count; /* contribution = amount * count */
};
size_t model_terms(struct model *model, size_t limit, double n, size_t class_index,
                   struct term_view *out, size_t room);

/* What is in use before the first step, what the step itself adds when the ramp is a resource, and
 * whether the scenario sets the capacity. */
double model_used(const struct model *model, size_t limit);
double model_ramped(const struct model *model, size_t limit, double n);
bool model_is_set(const struct model *model, size_t limit);

/* The value of an expression over a class at the requested step; `more` resolves names beyond the
 * options (NULL: none). Errors: STATUS_DATA with the position in text. */
int model_evaluate(struct model *model, size_t class_index, const char *text, expr_lookup *more,
                   void *context, double *value, struct diag *diag);

/* The resolved value of an option at step n in a class; for printing assumptions. */
double model_value(struct model *model, double n, size_t class_index, int option);
const struct scenario *model_scenario(const struct model *model);
const struct catalog *model_catalog(const struct model *model);

#endif
