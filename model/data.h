/* The files of data/ and the scripts of plots/, compiled into the program by data/embed.sh. */
#ifndef MODEL_DATA_H
#define MODEL_DATA_H

#include <stddef.h>

struct data_file {
    const char *name; /* path below data/, "hosts/generic-2026.ini", or "plots/ladder.gp" */
    const char *text; /* NUL-terminated */
    size_t length;    /* bytes, the NUL not counted */
};

extern const struct data_file
    data_files[]; /* data's, sorted by name, then plots'; ends with a NULL name */

/* Returns the file of that name, or NULL. */
const struct data_file *data_find(const char *name);

#endif
