/* Measured curves for the tests of fits: columns of a CSV file under $SCALESIM_FACTS. A test skips,
 * and says so, where that is not set. */
#ifndef TESTS_CALIBRATE_FACTS_H
#define TESTS_CALIBRATE_FACTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/table.h"

/* False: nothing to read (said on stdout). */
static inline bool facts_open(struct table *table, const char *name)
{
    const char *root = getenv("SCALESIM_FACTS");
    if (root == NULL) {
        printf("SCALESIM_FACTS is not set: measured curves are skipped\n");
        return false;
    }
    char path[512];
    struct diag diag = {0};
    snprintf(path, sizeof path, "%s/measured/%s", root, name);
    if (table_read_file(table, path, &diag) == STATUS_OK)
        return true;
    table_free(table);
    printf("%s: %s: measured curves are skipped\n", path, diag.message);
    return false;
}

static inline const char *facts_text(const struct table *table, size_t row, const char *column)
{
    int index = table_column(table, column);
    return index < 0 ? "" : table_cell(table, row, index);
}

static inline double facts_number(const struct table *table, size_t row, const char *column)
{
    return strtod(facts_text(table, row, column), NULL);
}

static inline bool facts_is(const struct table *table, size_t row, const char *column,
                            const char *text)
{
    return strcmp(facts_text(table, row, column), text) == 0;
}

#endif
