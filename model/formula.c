#include "model/formula.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"

static const char *const derived_names[] = {
    "guest_disks",    "guest_nics",      "disks_virtio_blk", "disks_virtio_scsi", "disks_nvme",
    "disks_sata",     "disks_ide",       "disks_usb",        "disks_lsi",         "disks_native",
    "disks_io_uring", "blk_queues",      "nics_virtio",      "nics_tap",          "nics_vhost",
    "nics_macvtap",   "nics_vhost_user", "vfio_devices",
};
static_assert(sizeof derived_names / sizeof derived_names[0] == SLOT_COUNT - OPTIONS_MAX,
              "every derived slot has a name");

/* Choices are their index; numbers at or above CHOICE_BASE in `variables` are such constants. */
enum { CHOICE_BASE = 1000, CHOICES_MAX = 16 };

static bool name_variables(struct names *names)
{
    if (!names_init(names, SLOT_COUNT + OPTIONS_MAX))
        return false;
    for (int i = 0; options[i].name != NULL; i++) {
        names_add(names, options[i].name, i);
        for (int j = 0; options[i].choices != NULL && options[i].choices[j].text != NULL; j++) {
            assert(j < CHOICES_MAX);
            names_add(names, options[i].choices[j].constant, CHOICE_BASE + j);
        }
    }
    for (int i = 0; i < SLOT_COUNT - OPTIONS_MAX; i++)
        names_add(names, derived_names[i], OPTIONS_MAX + i);
    return true;
}

int formulas_init(struct formulas *formulas, const struct catalog *catalog, struct diag *diag)
{
    *formulas = (struct formulas){.catalog = catalog};
    formulas->room = 2 * (catalog->limit_count + catalog->default_count) +
                     (CONDITION_PARTS + 2) * (catalog->demand_count + catalog->default_count);
    size_t text = 0;
    for (size_t i = 0; i < catalog->demand_count; i++)
        text += strlen(catalog->demands[i].when) + CONDITION_PARTS;
    for (size_t i = 0; i < catalog->default_count; i++)
        text += strlen(catalog->defaults[i].when) + CONDITION_PARTS;
    formulas->items = calloc(formulas->room + 1, sizeof *formulas->items);
    formulas->parts = malloc(text + 1);
    formulas->limit_value = malloc((catalog->limit_numbers + 1) * sizeof(double));
    if (!names_init(&formulas->texts, formulas->room) || !name_variables(&formulas->variables) ||
        formulas->items == NULL || formulas->parts == NULL || formulas->limit_value == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; i < catalog->limit_numbers; i++)
        formulas->limit_value[i] = INFINITY;
    return STATUS_OK;
}

void formulas_free(struct formulas *formulas)
{
    for (size_t i = 0; i < formulas->count; i++)
        expr_free(formulas->items[i].expr);
    free(formulas->items);
    free(formulas->parts);
    free(formulas->limit_value);
    names_free(&formulas->texts);
    names_free(&formulas->variables);
}

struct formula *formula_of(struct formulas *formulas, const char *text, const struct table *table,
                           size_t row, const char *column)
{
    if (text[0] == '\0')
        text = "1";
    int at = names_add(&formulas->texts, text, (int)formulas->count);
    struct formula *formula = &formulas->items[at];
    if (at == (int)formulas->count) {
        assert(formulas->count < formulas->room);
        formulas->count++;
        *formula = (struct formula){.text = text, .table = table, .row = row, .column = column};
    }
    return formula;
}

/* Length of the first part: up to a "&&" outside parentheses, or all. */
static size_t part_length(const char *text)
{
    int depth = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        depth += (text[i] == '(') - (text[i] == ')');
        if (depth == 0 && text[i] == '&' && text[i + 1] == '&')
            return i;
    }
    return strlen(text);
}

/* "a && b || c" and "a && b ? c : d" are no conjunctions: they stay whole. */
static bool is_conjunction(const char *text)
{
    int depth = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        depth += (text[i] == '(') - (text[i] == ')');
        if (depth == 0 && (text[i] == '|' || text[i] == '?'))
            return false;
    }
    return true;
}

struct condition condition_of(struct formulas *formulas, const char *text,
                              const struct table *table, size_t row)
{
    struct condition condition = {.parts = 0};
    bool whole = !is_conjunction(text);
    do {
        size_t length =
            whole || condition.parts == CONDITION_PARTS - 1 ? strlen(text) : part_length(text);
        const char *rest = text + length;
        while (length > 0 && text[length - 1] == ' ')
            length--;
        char *part = formulas->parts + formulas->parts_used;
        memcpy(part, text, length);
        part[length] = '\0';
        formulas->parts_used += length + 1;
        condition.part[condition.parts++] = formula_of(formulas, part, table, row, "when");
        text = rest + strspn(rest, "& ");
    } while (text[0] != '\0');
    return condition;
}

/* Where a name's value lives; notes on the way that the formula being parsed reads it. */
static double *lookup(const char *name, void *context)
{
    static double choice_values[CHOICES_MAX] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                8, 9, 10, 11, 12, 13, 14, 15};
    struct formulas *formulas = context;
    struct formula *formula = formulas->parsing;
    int variable = names_find(&formulas->variables, name);
    if (variable >= CHOICE_BASE)
        return &choice_values[variable - CHOICE_BASE];
    if (variable >= 0) {
        formula->reads[variable / 64] |= UINT64_C(1) << (variable % 64);
        return &formulas->slots[variable];
    }
    double *more = formulas->more != NULL ? formulas->more(name, formulas->more_context) : NULL;
    if (more != NULL)
        return more;
    int limit = catalog_limit_number(formulas->catalog, name);
    if (limit < 0 || formula->limit_count == FORMULA_LIMITS)
        return NULL;
    formula->limits[formula->limit_count++] = limit;
    return &formulas->limit_value[limit];
}

static int set_expression(struct formulas *formulas, struct formula *formula, struct diag *diag)
{
    if (formulas->spare != NULL && formulas->spare->expr != NULL && !formulas->spare->kept)
        expr_give_parser(formulas->spare->expr, formula->expr);
    formulas->spare = formula;
    formulas->parsing = formula;
    formula->limit_count = 0;
    return expr_set(formula->expr, formula->text, diag);
}

int formula_parse(struct formulas *formulas, struct formula *formula, struct diag *diag)
{
    if (formula->expr != NULL)
        return STATUS_OK;
    formula->expr = expr_new(lookup, formulas);
    if (formula->expr == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = set_expression(formulas, formula, diag);
    if (status != STATUS_OK) {
        char message[sizeof diag->message];
        memcpy(message, diag->message, sizeof message);
        table_error(formula->table, formula->row, table_column(formula->table, formula->column),
                    diag, "%s", message);
        expr_free(formula->expr);
        formula->expr = NULL;
    }
    return status;
}

double formula_value(struct formulas *formulas, struct formula *formula)
{
    struct diag diag;
    if (formula->expr == NULL && formula_parse(formulas, formula, &diag) != STATUS_OK)
        return NAN;
    if (!expr_ready(formula->expr)) {
        formula->kept = true;
        set_expression(formulas, formula, &diag);
    }
    return expr_eval(formula->expr);
}

int formulas_evaluate(struct formulas *formulas, const char *text, int limits[FORMULA_LIMITS],
                      size_t *limit_count, double *value, struct diag *diag)
{
    struct formula formula = {.text = text, .expr = expr_new(lookup, formulas)};
    if (formula.expr == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = set_expression(formulas, &formula, diag);
    if (status == STATUS_OK)
        *value = expr_eval(formula.expr);
    *limit_count = formula.limit_count;
    memcpy(limits, formula.limits, sizeof formula.limits);
    formulas->spare = NULL;
    expr_free(formula.expr);
    return status;
}

bool condition_holds(struct formulas *formulas, const struct condition *condition)
{
    for (size_t i = 0; i < condition->parts; i++) {
        if (formula_value(formulas, condition->part[i]) == 0)
            return false;
    }
    return true;
}

bool formula_reads(struct formulas *formulas, struct formula *formula, const bool *marked)
{
    struct diag diag;
    formula_parse(formulas, formula, &diag);
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (marked[i] && (formula->reads[i / 64] >> (i % 64) & 1) != 0)
            return true;
    }
    return false;
}
