/* Expressions of the tables, by muParser: doubles, C-like operators, conditional a ? b : c, and
 * min max ceil floor clamp abs sqrt log2. Names resolve through the caller's lookup, so a name can
 * be a variable, an enumeration constant or another limit. Parsing costs some 40 us, evaluating a
 * parsed expression some 30 ns; a number, a lone name or one comparison of two such need no parser.
 */
#ifndef MODEL_EXPR_H
#define MODEL_EXPR_H

#include <stdbool.h>

#include "model/diag.h"

struct expr;

/* Returns where the named value lives (it must outlive the expression), or NULL: unknown. */
typedef double *expr_lookup(const char *name, void *context);

/* Returns NULL when out of memory. The caller ends with expr_free (NULL is fine). */
struct expr *expr_new(expr_lookup *lookup, void *context);
void expr_free(struct expr *expr);

/* Parses text (and evaluates it once: muParser resolves names lazily). On failure returns
 * STATUS_DATA and fills diag's message with the position in text; file and line are the caller's.
 */
int expr_set(struct expr *expr, const char *text, struct diag *diag);
double expr_eval(struct expr *expr);

/* Gives the parser of one expression, which is costly to make, to another. Whether the first can
 * still be evaluated, or must be set again before, tells expr_ready. */
void expr_give_parser(struct expr *from, struct expr *to);
bool expr_ready(const struct expr *expr);

#endif
