/* Parity: what was seen against what was predicted. */
#include <math.h>

#include "plots/kinds.h"

enum { MISSES = 12 };
enum mark { MARK_RIGHT, MARK_COUNT, MARK_LIMIT };

static enum mark mark_of(const struct parity_point *point)
{
    return !point->limit_right ? MARK_LIMIT : point->count_right ? MARK_RIGHT : MARK_COUNT;
}

static double lowest(double value)
{
    return fmax(value, 1); /* a log axis has no 0 */
}

int plot_parity(struct plot *plot, const struct parity_point *points, size_t count,
                struct diag *diag)
{
    size_t marks[3] = {0};
    double low = INFINITY;
    double high = 1;
    size_t missed = 0;
    if (count == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL,
                        "no case states a count that can be drawn");
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, lowest(points[i].seen));
        high = fmax(high, points[i].seen);
        if (isfinite(points[i].predicted)) {
            low = fmin(low, lowest(points[i].predicted));
            high = fmax(high, points[i].predicted);
        }
    }
    low = pow(10, floor(log10(low) - 0.1));
    high = pow(10, ceil(log10(high) + 0.1));
    plot_block(plot, "cases", "seen\tlow\tpredicted\tmark\tbound\tbeyond\tmiss\tcase\tlimit");
    for (size_t i = 0; i < count; i++) {
        const struct parity_point *point = &points[i];
        enum mark mark = mark_of(point);
        bool beyond = isinf(point->predicted);
        marks[mark]++;
        missed += mark != MARK_RIGHT;
        fprintf(plot->data, "%.10g\t%.10g\t%.10g\t%d\t%d\t%d\t%zu\t", lowest(point->seen),
                lowest(point->seen_low), beyond ? high : lowest(point->predicted), (int)mark,
                (int)point->bound, beyond, mark != MARK_RIGHT && missed <= MISSES ? missed : 0);
        plot_cell(plot, point->name);
        fputc('\t', plot->data);
        plot_cell(plot, point->limit);
        fputc('\n', plot->data);
    }
    plot_text(
        plot, "title_text",
        "%zu of %zu cases with a count name the right limit first; %zu of those miss the count",
        marks[MARK_RIGHT] + marks[MARK_COUNT], count, marks[MARK_COUNT]);
    char list[512] = "";
    int length = 0;
    for (size_t i = 0, miss = 0; i < count && miss < MISSES; i++) {
        if (mark_of(&points[i]) != MARK_RIGHT)
            length += snprintf(list + length, sizeof list - (size_t)length, "%zu %.24s\n", ++miss,
                               points[i].name);
        if ((size_t)length >= sizeof list - 40)
            break;
    }
    plot_text(plot, "misses_text", "%s", list);
    plot_number(plot, "axis_low", low);
    plot_number(plot, "axis_high", high);
    plot_number(plot, "misses", (double)missed);
    plot->width = 920;
    plot->height = 760;
    return STATUS_OK;
}
