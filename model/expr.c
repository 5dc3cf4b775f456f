#include "model/expr.h"

#include <ctype.h>
#include <math.h>
#include <muParserDLL.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

struct expr {
    muParserHandle_t parser; /* created on the first text that needs one */
    expr_lookup *lookup;
    void *context;
    const double *plain; /* a number or a lone name needs no parser: its value is here */
    double value;        /* of a number */
    double nowhere;      /* stands in for an unknown name until the error is reported */
    char unknown[64];    /* first unknown name of the current text */
};

static muFloat_t fn_ceil(muFloat_t x)
{
    return ceil(x);
}

static muFloat_t fn_floor(muFloat_t x)
{
    return floor(x);
}

static muFloat_t fn_clamp(muFloat_t x, muFloat_t low, muFloat_t high)
{
    return fmin(fmax(x, low), high);
}

static muFloat_t *resolve(const muChar_t *name, void *context)
{
    struct expr *expr = context;
    double *slot = expr->lookup(name, expr->context);
    if (slot != NULL)
        return slot;
    if (expr->unknown[0] == '\0')
        snprintf(expr->unknown, sizeof expr->unknown, "%s", name);
    return &expr->nowhere;
}

struct expr *expr_new(expr_lookup *lookup, void *context)
{
    struct expr *expr = calloc(1, sizeof *expr);
    if (expr != NULL) {
        expr->lookup = lookup;
        expr->context = context;
        expr->plain = &expr->value;
    }
    return expr;
}

void expr_free(struct expr *expr)
{
    if (expr != NULL && expr->parser != NULL)
        mupRelease(expr->parser);
    free(expr);
}

static void silent(muParserHandle_t parser)
{
    (void)parser;
}

static void create_parser(struct expr *expr)
{
    expr->parser = mupCreate(muBASETYPE_FLOAT);
    mupSetErrorHandler(expr->parser, silent);
    mupSetVarFactory(expr->parser, resolve, expr);
    mupDefineFun1(expr->parser, "ceil", fn_ceil, 1);
    mupDefineFun1(expr->parser, "floor", fn_floor, 1);
    mupDefineFun3(expr->parser, "clamp", fn_clamp, 1);
    mupDefineConst(expr->parser, "inf", INFINITY);
}

/* Whether text is one name and nothing else. */
static bool is_name(const char *text)
{
    size_t length = 0;
    while (text[length] == '_' || isalpha((unsigned char)text[length]) ||
           (length > 0 && isdigit((unsigned char)text[length])))
        length++;
    return length > 0 && text[length] == '\0';
}

static int unknown_name(const struct expr *expr, const char *text, struct diag *diag)
{
    const char *at = strstr(text, expr->unknown);
    return diag_set(diag, STATUS_DATA, NULL, 0, NULL,
                    "unknown name '%s' at character %zu of \"%.200s\"", expr->unknown,
                    at != NULL ? (size_t)(at - text) + 1 : 1, text);
}

/* A number, "inf" or a lone name. */
static bool set_plain(struct expr *expr, const char *text)
{
    bool infinite = strcmp(text, "inf") == 0;
    expr->unknown[0] = '\0';
    expr->plain = NULL;
    if (infinite || text_parse_number(text, &expr->value))
        expr->plain = &expr->value;
    else if (is_name(text))
        expr->plain = resolve(text, expr);
    if (infinite)
        expr->value = INFINITY;
    return expr->plain != NULL;
}

int expr_set(struct expr *expr, const char *text, struct diag *diag)
{
    if (set_plain(expr, text))
        return expr->unknown[0] == '\0' ? STATUS_OK : unknown_name(expr, text, diag);
    if (expr->parser == NULL)
        create_parser(expr);
    /* Names bound by an earlier text would be found again without asking lookup, which must see
     * every name of this one. */
    mupClearVar(expr->parser);
    mupSetExpr(expr->parser, text);
    mupEval(expr->parser);
    if (expr->unknown[0] != '\0')
        return unknown_name(expr, text, diag);
    if (mupError(expr->parser))
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "%s at character %d of \"%.200s\"",
                        mupGetErrorMsg(expr->parser), mupGetErrorPos(expr->parser) + 1, text);
    return STATUS_OK;
}

double expr_eval(struct expr *expr)
{
    return expr->plain != NULL ? *expr->plain : mupEval(expr->parser);
}
