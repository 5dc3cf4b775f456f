/* Drawing a finished plot: gnuplot as a child, which reads data and script from memory and leaves
 * nothing behind. */
#ifndef PLOTS_DRAW_H
#define PLOTS_DRAW_H

#include <stdbool.h>

#include "plots/plot.h"

enum medium { MEDIUM_SVG, MEDIUM_PNG, MEDIUM_TERMINAL };

/* The medium that a file name asks for; "-" is the terminal. Errors: STATUS_USAGE, another suffix.
 */
int medium_of(enum medium *medium, const char *path, struct diag *diag);

/* Whether gnuplot is on PATH. */
bool draw_possible(void);

/* Writes the script as a file that gnuplot can draw on its own from the data file: picture and data
 * are the names that it uses. */
void draw_write_script(const struct plot *plot, enum medium medium, const char *data,
                       const char *picture, FILE *out);

/* Draws into a file, or on stdout for the terminal. picture is what errors name it. Errors:
 * STATUS_IO with what gnuplot said. */
int draw(const struct plot *plot, enum medium medium, const char *picture, const char *file,
         struct diag *diag);

#endif
