/* Real cases against the model: a row is a scenario (columns are option names), the limit seen and
 * the counts that worked and failed. bound says what the observation bounds: "wall" (it failed
 * there), "cap" (the run stopped without failing: a lower bound), "none" (nothing may fail at that
 * size), "unscored" (kept for its story; note says why). */
#ifndef CALIBRATE_CASES_H
#define CALIBRATE_CASES_H

#include "model/catalog.h"
#include "model/table.h"

enum { CASE_LIMITS = 3 };

struct case_result {
    const char *name, *source, *limit, *layer, *bound, *note; /* point into the table */
    double ok, fails, tolerance;                              /* NAN: not stated */
    double max_ok, fails_at;                                  /* predicted for the seen limit */
    const char *first[CASE_LIMITS]; /* predicted first limits; NULL: none */
    double first_at[CASE_LIMITS];
    int rank; /* of the seen limit among those at least as grave; 0: not predicted */
    bool scored, count_scored, count_right;
};

struct score {
    struct table table;
    struct case_result *results;
    size_t count, scored, rank1, rank3, counted, counted_right;
};

/* Reads and predicts every row of a case file. The caller ends with score_free. Errors: a row that
 * names an unknown column, limit or value, with file, line and column. */
int score_cases(struct score *score, const struct catalog *catalog, const char *path,
                struct diag *diag);
void score_free(struct score *score);

#endif
