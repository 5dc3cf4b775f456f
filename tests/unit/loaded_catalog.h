/* The built-in catalogue, loaded once for a group of tests. */
#ifndef TESTS_UNIT_LOADED_CATALOG_H
#define TESTS_UNIT_LOADED_CATALOG_H

#include "model/catalog.h"

static struct catalog catalog;

static int load_catalog(void **state)
{
    struct diag diag;
    (void)state;
    return catalog_load(&catalog, NULL, &diag);
}

static int free_catalog(void **state)
{
    (void)state;
    catalog_free(&catalog);
    return 0;
}

#endif
