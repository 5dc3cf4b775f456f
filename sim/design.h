/* Draws the axes of a study instead of combining them: a quasi-random point gives each axis a
 * value, twice, for the matrices A and B of sim/sobol.h. An interval is drawn from evenly (whole
 * numbers where the option or limit is one, its ends as often as the others; in the logarithm where
 * it was given as "a..b:xFACTOR"), a list's values are equally likely. */
#ifndef SIM_DESIGN_H
#define SIM_DESIGN_H

#include "model/catalog.h"
#include "sim/axis.h"
#include "sim/host/costs.h"

/* The intervals of parameters named alone, as their table has them for `start` with the settings of
 * one value. Errors: a parameter of no interval. */
int design_parameters(struct axes *axes, const struct catalog *catalog,
                      const struct scenario *start, const struct overlay *overlay,
                      struct diag *diag);

/* Draws each axis of more than one value. Errors: there is none, there are too many. */
int design_draw(struct axes *axes, size_t points, uint64_t seed, struct diag *diag);

#endif
