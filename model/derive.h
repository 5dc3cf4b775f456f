/* How a prediction comes about, in lines of text: the demand's terms and the capacity's rule. */
#ifndef MODEL_DERIVE_H
#define MODEL_DERIVE_H

#include <stdio.h>

#include "model/model.h"

/* Writes the derivation of a limit's demand and capacity at step n of the ramp. */
void derive(FILE *out, struct model *model, size_t limit, double n);

#endif
