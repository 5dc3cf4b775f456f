/* How rows of the catalogue's tables become its structs: one reader a table. Private to the
 * catalogue. */
#ifndef MODEL_CATALOG_ROWS_H
#define MODEL_CATALOG_ROWS_H

#include "model/catalog.h"

/* Adds a table's rows; resources must have been read before the tables that name them. */
typedef int catalog_reader(struct catalog *catalog, const struct table *table, struct diag *diag);

catalog_reader catalog_read_resources, catalog_read_limits, catalog_read_demands,
    catalog_read_defaults, catalog_read_aliases;

#endif
