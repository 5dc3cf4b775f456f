/* A picture before it is drawn: a data file and a gnuplot script, both in memory. Each kind fills
 * in the data and states what the script needs as variables (a title that tells the finding,
 * counts, ranges); the drawing itself is the kind's script, plots/KIND.gp, after plots/style.gp.
 *
 * The data file is a table of tab-separated cells in blocks: a block begins with "# name" and a
 * line of column names, and is followed by two empty lines, which is what gnuplot's `index` wants.
 */
#ifndef PLOTS_PLOT_H
#define PLOTS_PLOT_H

#include <stdio.h>

#include "model/diag.h"

struct plot {
    FILE *data;             /* to write blocks to */
    unsigned width, height; /* pixels; a kind with many rows makes it higher */
    char title[512];        /* the finding, in a line */
    FILE *script;           /* below: private to plot.c */
    char *data_text, *script_text;
    size_t data_length, script_length;
    const char *kind;
    size_t blocks;
};

/* The caller ends with plot_free. kind names the script. */
int plot_init(struct plot *plot, const char *kind, struct diag *diag);
void plot_free(struct plot *plot);

/* Begins a block of the data file; columns are the tab-separated names. */
void plot_block(struct plot *plot, const char *name, const char *columns);

/* A text as a cell of the data file: what would end or quote a cell is replaced. A cell is never
 * empty, which gnuplot would skip. */
void plot_cell(struct plot *plot, const char *text);

/* Variables of the script. Text is cleared of what gnuplot would expand, and breaks into lines that
 * fit the picture. */
void plot_text(struct plot *plot, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void plot_number(struct plot *plot, const char *name, double value);

/* A count for people, and a name of the tables with its underscores turned into spaces. */
enum { PLOT_WORD = 96 };
void plot_count(char out[PLOT_WORD], double count);
void plot_words(char out[PLOT_WORD], const char *name);

/* Ends the writing: both texts are complete from here on. Errors: no memory. */
int plot_finish(struct plot *plot, struct diag *diag);

#endif
