/* Settings that may hold many values, for studies: any option's value is a list "a,b,c" whose items
 * are values, ranges "a..b", "a..b:step" or geometric ranges "a..b:xFACTOR" (numbers and sizes).
 * "set", "used" and "parameter" hold "ID=LIST"; an item with a '=' begins the next ID, so that
 * "pty_max=256,512,bridge_ports=1023" says two things.
 *
 * Where values are drawn (sim/design.h), a range without a step that stands alone is an interval:
 * "a..b" even, "a..b:xFACTOR" even in the logarithm, whatever the factor; and a parameter's name
 * alone is the interval that its table has. */
#ifndef SIM_AXIS_H
#define SIM_AXIS_H

#include <stdint.h>

#include "model/scenario.h"

enum { AXES_MAX = 16, AXIS_VALUES_MAX = 10000000 };

struct axis_value {
    char *text;   /* as scenario_set takes it */
    double value; /* of an option, as option_parse reads it, or of an override; NAN: a word */
};

/* One name and its values; one value: a plain setting. */
struct axis {
    char name[NAME_MAX_LENGTH];       /* as scenario_set takes it: "guests", "set" */
    char column[2 * NAME_MAX_LENGTH]; /* "guests", "set.pty_max": unique */
    int option;                       /* -1: none of the options */
    bool numeric;
    struct axis_value *values;
    size_t count;
    bool interval, geometric; /* to draw from */
    double low, high;         /* of the interval; NAN: what the parameter's table says */
    uint32_t *drawn;          /* what was drawn, as indices of values; NULL: nothing is */
};

struct axes {
    bool intervals;     /* take them; set before anything is added */
    struct axis *items; /* in the order given; what is named again takes the place of the former */
    size_t count;
};

/* Adds what a flag or an INI key says. Errors, with the flag as column: an unknown name, a value
 * that is none, a range that is empty or never ends, a value twice. The caller ends with axes_free,
 * also after an error. */
int axes_add(struct axes *axes, const char *name, const char *text, struct diag *diag);
/* Adds a number to an axis, as its option would be told it. */
int axis_append(struct axis *axis, double number, struct diag *diag);
void axes_free(struct axes *axes);

#endif
