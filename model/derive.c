#include "model/derive.h"

#include <math.h>
#include <string.h>

#include "model/text.h"

enum { CELL = 48, TERMS = 64 };

static void write_part(FILE *out, const char *unit, double value, const char *what)
{
    char text[CELL];
    text_quantity(text, sizeof text, value, unit);
    if (value != 0)
        fprintf(out, "  %14s %s\n", text, what);
}

static void write_term(FILE *out, const char *unit, const struct term_view *term)
{
    char product[CELL];
    char amount[CELL];
    text_quantity(product, sizeof product, term->amount * term->count, unit);
    text_quantity(amount, sizeof amount, term->amount, unit);
    fprintf(out, "  %14s = %s x %.6g per %-8s %-10s %s\n", product, amount, term->count,
            term->demand->per_text, term->demand->confidence, term->demand->source);
}

void derive(FILE *out, struct model *model, size_t limit, double n)
{
    struct term_view terms[TERMS];
    struct headroom at;
    const struct limit *row = model_limit(model, limit);
    const char *unit = model_catalog(model)->resources[row->resource].unit;
    char demand[CELL];
    char capacity[CELL];
    model_exceeds(model, limit, n, false, &at);
    size_t count = model_terms(model, limit, n, at.class_index, terms, TERMS);
    text_quantity(demand, sizeof demand, at.demand, unit);
    text_quantity(capacity, sizeof capacity, at.capacity, unit);
    fprintf(out, "derivation of %s at %s %.0f: %s of %s %s\n", row->id, model_ramp(model), n,
            demand, capacity, strcmp(unit, "bytes") == 0 ? "" : unit);
    for (size_t i = 0; i < count; i++)
        write_term(out, unit, &terms[i]);
    write_part(out, unit, model_used(model, limit), "in use besides (--used)");
    write_part(out, unit, model_ramped(model, limit, n), "by the ramp itself");
    fprintf(out, "  %14s allowed: %s\n", capacity,
            model_is_set(model, limit) ? "as set on this host" : row->default_text);
}
