/* One error convention for the whole tree: a function that can fail returns 0 or one of the
 * negative codes below and, on failure, fills the caller's struct diag. The codes are the
 * program's exit codes, negated. Programming errors are asserts, never diags. */
#ifndef MODEL_DIAG_H
#define MODEL_DIAG_H

#include <stdio.h>

enum status {
    STATUS_OK = 0,
    STATUS_USAGE = -64, /* the command line is wrong */
    STATUS_DATA = -65,  /* an input's content is wrong */
    STATUS_MEMORY = -71,
    STATUS_IO = -74,
};

struct diag {
    char file[256];     /* empty: no file (a flag, say) */
    unsigned line;      /* 0: no line */
    char column[64];    /* column, field or option name; may be empty */
    char message[2048]; /* what is wrong and what was expected */
    char hint[256];     /* nearest valid name; may be empty */
};

/* Fills *diag and returns status. file and column may be NULL. */
int diag_set(struct diag *diag, enum status status, const char *file, unsigned line,
             const char *column, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Adds "did you mean NEAREST?"; nearest may be NULL (nothing is near). */
void diag_suggest(struct diag *diag, const char *nearest);

/* Prints "scalesim: FILE:LINE: COLUMN: MESSAGE (HINT)" and a newline. */
void diag_print(FILE *out, const struct diag *diag);

#endif
