/* Real cases against the model: a row is a scenario (columns are option names), the limit seen and
 * the counts that worked and failed. bound says what the observation bounds: "wall" (it failed
 * there), "cap" (the run stopped without failing: a lower bound), "none" (nothing may fail at that
 * size), "unscored" (kept for its story; note says why). */
#ifndef CALIBRATE_CASES_H
#define CALIBRATE_CASES_H

#include "model/catalog.h"
#include "model/predict.h"
#include "model/table.h"

enum { CASE_LIMITS = 3 };
enum case_bound { BOUND_WALL, BOUND_CAP, BOUND_NONE, BOUND_UNSCORED };

struct case_result {
    const char *name, *source, *limit, *layer, *note; /* point into the table or the catalogue */
    enum case_bound bound;
    double ok, fails, tolerance;    /* NAN: not stated */
    double max_ok, fails_at;        /* predicted for the seen limit */
    const char *first[CASE_LIMITS]; /* predicted first limits; NULL: none */
    double first_at[CASE_LIMITS];
    int rank; /* of the seen limit among those at least as grave; 0: not predicted */
    bool scored, count_scored, count_right;
    char *derivation; /* of a miss: the seen limit's and the predicted one's; NULL otherwise */
    struct diag *bad; /* why the row cannot be read; NULL: it can */
};

struct score {
    struct table table;
    struct case_result *results;
    size_t count, scored, rank1, rank3, counted, counted_right, bad;
};

/* Holds a prediction against what was seen: limit, bound, ok, fails and tolerance must be filled.
 */
void case_judge(struct case_result *result, const struct prediction *prediction);

/* Whether a scored case was predicted wrong, in its limit or its count. */
bool case_missed(const struct case_result *result);

/* Reads and predicts every row of a case file. The caller ends with score_free. Columns are those
 * of a case (only case and limit must be there) and names of options. A row that names an unknown
 * column, limit, bound or value counts as missed, keeps its diag and does not stop the others.
 * Errors: a file that cannot be read or is no table of cases. */
int score_cases(struct score *score, const struct catalog *catalog, const char *path,
                struct diag *diag);
void score_free(struct score *score);

#endif
