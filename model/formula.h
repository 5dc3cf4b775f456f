/* The expressions of the tables, bound to the values they read.
 *
 * A formula is one distinct text, parsed when it is first needed: most rows say nothing about a
 * given scenario, and parsing is what binding a model costs. A condition is a cell such as
 * "stage >= STARTED && agent": its parts are formulas of their own, shared with other rows, and the
 * parts behind a false one are not even parsed. Most formulas are evaluated once, right after they
 * are parsed, so they pass one parser on; one that is needed again gets its own. */
#ifndef MODEL_FORMULA_H
#define MODEL_FORMULA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/catalog.h"
#include "model/expr.h"
#include "model/scenario.h"

/* What expressions read beside the options: sums over a guest's device groups. */
enum derived {
    GUEST_DISKS = OPTIONS_MAX,
    GUEST_NICS,
    DISKS_BY_BUS, /* one for each choice of disk_bus */
    DISKS_NATIVE = DISKS_BY_BUS + 7,
    DISKS_IO_URING,
    BLK_QUEUES,
    NICS_VIRTIO,
    NICS_TAP,
    NICS_VHOST,
    NICS_MACVTAP,
    NICS_VHOST_USER,
    VFIO_DEVICES, /* NICs and other devices passed through */
    SLOT_COUNT
};

enum { FORMULA_LIMITS = 6, CONDITION_PARTS = 8 };

struct formula {
    const char *text;
    struct expr *expr;                      /* NULL until it is needed */
    uint64_t reads[(SLOT_COUNT + 63) / 64]; /* slots it reads */
    int limits[FORMULA_LIMITS];             /* numbers of the limits it names */
    size_t limit_count;
    bool kept;                 /* evaluated time and again: keeps its parser */
    const struct table *table; /* a cell that has this text, for errors */
    size_t row;
    const char *column;
};

struct condition {
    struct formula *part[CONDITION_PARTS];
    size_t parts;
};

/* All formulas of one model, and the values they read. */
struct formulas {
    double slots[SLOT_COUNT]; /* the caller's, by option and enum derived */
    double *limit_value;      /* the caller's, by limit number; INFINITY unless it applies */
    const struct catalog *catalog;
    struct names texts, variables;
    expr_lookup *more; /* further names, tried last; NULL: none */
    void *more_context;
    struct formula *items;
    size_t count, room;
    char *parts; /* texts of conditions' parts */
    size_t parts_used;
    struct formula *parsing;
    struct formula *spare; /* parsed last; its parser serves the next one unless it is kept */
};

/* Errors: out of memory. The caller ends with formulas_free, also then. */
int formulas_init(struct formulas *formulas, const struct catalog *catalog, struct diag *diag);
void formulas_free(struct formulas *formulas);

/* The formula of a cell; nothing is parsed yet. An empty cell means 1. */
struct formula *formula_of(struct formulas *formulas, const char *text, const struct table *table,
                           size_t row, const char *column);
struct condition condition_of(struct formulas *formulas, const char *text,
                              const struct table *table, size_t row);

/* Parses unless that has been done. Errors name the cell and the position in it. */
int formula_parse(struct formulas *formulas, struct formula *formula, struct diag *diag);

/* The value over formulas->slots; NAN when the text does not parse (the built-in tables are proven
 * by the tests, an overlay's are parsed when the model is bound). */
double formula_value(struct formulas *formulas, struct formula *formula);

/* The value of a text that is needed once, and the limits it names. Errors have the position in it;
 * file and line are the caller's. */
int formulas_evaluate(struct formulas *formulas, const char *text, int limits[FORMULA_LIMITS],
                      size_t *limit_count, double *value, struct diag *diag);
bool condition_holds(struct formulas *formulas, const struct condition *condition);

/* Whether the formula reads a slot that is marked. */
bool formula_reads(struct formulas *formulas, struct formula *formula, const bool *marked);

#endif
