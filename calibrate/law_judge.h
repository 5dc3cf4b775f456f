/* Private to the law fits: checked and sorted data, and the test of a fitted law. */
#ifndef CALIBRATE_LAW_JUDGE_H
#define CALIBRATE_LAW_JUDGE_H

#include "calibrate/law_parts.h"

/* A checked copy, ascending; `least` observations are asked for. The caller frees. */
int law_sorted(struct law_cell **cells, const struct law_data *data, double least,
               struct diag *diag);

/* Fills distance and quality (not aicc and condition) from a law on the data's own scale. */
void law_judge(struct law_fit *fit, const struct law *law, const struct law_cell *cells,
               size_t count);

#endif
