#include "model/expr.h"

#include <ctype.h>
#include <math.h>
#include <muParserDLL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

enum comparison { EQUAL, UNEQUAL, BELOW, AT_MOST, ABOVE, AT_LEAST, COMPARISONS };
static const char *const comparisons[COMPARISONS] = {"==", "!=", "<", "<=", ">", ">="};

struct expr {
    muParserHandle_t parser; /* created on the first text that needs one */
    expr_lookup *lookup;
    void *context;
    /* Most cells are a number, a name or one comparison of two such; they need no parser. */
    const double *left, *right; /* left NULL: the parser has it; right NULL: left alone */
    enum comparison comparison;
    double number[2]; /* where left and right point when they are numbers */
    double nowhere;   /* stands in for an unknown name until the error is reported */
    char unknown[64]; /* first unknown name of the current text */
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
        expr->left = &expr->number[0];
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

/* Where a number's or name's value lives; NULL when text is neither. */
static const double *operand(struct expr *expr, const char *text, double *number)
{
    if (text_parse_number(text, number))
        return number;
    if (strcmp(text, "inf") == 0) {
        *number = INFINITY;
        return number;
    }
    return is_name(text) ? resolve(text, expr) : NULL;
}

static bool set_plain(struct expr *expr, const char *text)
{
    char left[64];
    char sign[3];
    char right[64];
    int end = 0;
    expr->left = operand(expr, text, &expr->number[0]);
    expr->right = NULL;
    if (expr->left != NULL)
        return true;
    if (sscanf(text, "%63[A-Za-z0-9_.] %2[=!<>] %63[A-Za-z0-9_.]%n", left, sign, right, &end) !=
            3 ||
        text[end] != '\0')
        return false;
    expr->comparison = EQUAL;
    while (expr->comparison < COMPARISONS && strcmp(comparisons[expr->comparison], sign) != 0)
        expr->comparison++;
    if (expr->comparison == COMPARISONS)
        return false;
    expr->left = operand(expr, left, &expr->number[0]);
    expr->right = operand(expr, right, &expr->number[1]);
    if (expr->left == NULL || expr->right == NULL)
        expr->left = NULL;
    return expr->left != NULL;
}

static bool compare(enum comparison comparison, double left, double right)
{
    switch (comparison) {
    case EQUAL:
        return left == right;
    case UNEQUAL:
        return left != right;
    case BELOW:
        return left < right;
    case AT_MOST:
        return left <= right;
    case ABOVE:
        return left > right;
    default:
        return left >= right;
    }
}

/* muParser would assign to the variable. */
static const char *find_assignment(const char *text)
{
    for (const char *at = strchr(text, '='); at != NULL; at = strchr(at + 1, '=')) {
        if (at[1] == '=')
            at++;
        else if (at == text || strchr("<>!", at[-1]) == NULL)
            return at;
    }
    return NULL;
}

int expr_set(struct expr *expr, const char *text, struct diag *diag)
{
    expr->unknown[0] = '\0';
    if (set_plain(expr, text))
        return expr->unknown[0] == '\0' ? STATUS_OK : unknown_name(expr, text, diag);
    const char *assignment = find_assignment(text);
    if (assignment != NULL)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL,
                        "'=' at character %zu of \"%.200s\"; equality is ==",
                        (size_t)(assignment - text) + 1, text);
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
    if (expr->left == NULL)
        return mupEval(expr->parser);
    return expr->right == NULL ? *expr->left : compare(expr->comparison, *expr->left, *expr->right);
}

void expr_give_parser(struct expr *from, struct expr *to)
{
    to->parser = from->parser;
    from->parser = NULL;
    if (to->parser != NULL)
        mupSetVarFactory(to->parser, resolve, to);
}

bool expr_ready(const struct expr *expr)
{
    return expr->left != NULL || expr->parser != NULL;
}
