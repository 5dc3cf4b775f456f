#include "model/names.h"

#include <assert.h>
#include <stdint.h>

bool names_init(struct names *names, size_t capacity)
{
    *names = (struct names){0};
    return hcreate_r(capacity + capacity / 2 + 1, &names->table) != 0; /* few collisions */
}

void names_free(struct names *names)
{
    hdestroy_r(&names->table);
}

int names_add(struct names *names, const char *name, int number)
{
    ENTRY *found;
    ENTRY entry = {(char *)name, (void *)(intptr_t)number};
    int added = hsearch_r(entry, ENTER, &found, &names->table);
    assert(added != 0 && "names_init made room for fewer");
    (void)added;
    return (int)(intptr_t)found->data;
}

int names_find(const struct names *names, const char *name)
{
    ENTRY *found;
    ENTRY entry = {(char *)name, NULL};
    /* hsearch_r changes nothing on FIND; its parameter merely is not const. */
    if (hsearch_r(entry, FIND, &found, (struct hsearch_data *)&names->table) == 0)
        return -1;
    return (int)(intptr_t)found->data;
}
