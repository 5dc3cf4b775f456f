#include "sim/engine/alias.h"

#include <math.h>

static const uint32_t list_end = UINT32_MAX;

static double total_weight(size_t count, const double *weights)
{
    double total = 0;

    for (size_t i = 0; i < count; i++) {
        if (!(weights[i] >= 0)) {
            return -1;
        }
        total += weights[i];
    }
    return total;
}

/*
 * Cells poorer than average are filled up from richer ones. The two worklists are chained through
 * the field `other` of their members, so that no memory is needed beyond the table.
 */
static void share_out(struct alias_cell *cells, size_t count)
{
    uint32_t poor = list_end;
    uint32_t rich = list_end;

    for (size_t i = count; i-- > 0;) {
        uint32_t *list;

        cells[i].keep = cells[i].probability * (double)count;
        list = cells[i].keep < 1 ? &poor : &rich;
        cells[i].other = *list;
        *list = (uint32_t)i;
    }
    while (poor != list_end && rich != list_end) {
        uint32_t filled = poor;

        poor = cells[filled].other;
        cells[filled].other = rich;
        cells[rich].keep -= 1 - cells[filled].keep;
        if (cells[rich].keep < 1) {
            uint32_t fallen = rich;

            rich = cells[fallen].other;
            cells[fallen].other = poor;
            poor = fallen;
        }
    }
    /* what is left is 1 but for rounding */
    for (uint32_t list = poor != list_end ? poor : rich; list != list_end;) {
        uint32_t next = cells[list].other;

        cells[list].keep = 1;
        cells[list].other = list;
        list = next;
    }
}

int alias_build(struct alias_cell *cells, size_t count, const double *values, const double *weights)
{
    double total = total_weight(count, weights);
    double sum = 0;

    if (count == 0 || count >= list_end || !(total > 0) || !isfinite(total)) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
        cells[i].value = values[i];
        cells[i].probability = weights[i] / total;
        cells[i].cumulative = sum / total;
    }
    cells[count - 1].cumulative = 1;
    share_out(cells, count);
    return 0;
}

size_t alias_invert(const struct alias_cell *cells, size_t count, double u)
{
    size_t low = 0;
    size_t high = count - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (cells[middle].cumulative >= u) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
