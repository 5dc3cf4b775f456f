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

/* The largest gap between the law's distribution function and the data's. */
double law_distance(const struct law *law, const struct law_cell *cells, size_t count,
                    double total);

/* passed and note, by p. */
void law_pass(struct law_fit *fit);

/* p of the samples' distance by simulation: as many samples drawn from the law, fitted again, and
 * how often they are off as far. Lilliefors, JASA 62 (1967); Stute et al., Metrika 40 (1993). NAN:
 * no room, or refits that fail. */
double law_simulated_p(const struct law_problem *problem, const struct law_solution *solution,
                       double distance, size_t total, size_t simulations);

#endif
