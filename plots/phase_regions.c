/* A phase map as regions: outlines from runs of cells, and a place for each name inside its own
 * region, so that names overlap neither each other nor a border. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/option.h"
#include "plots/phase.h"

enum { REGIONS_MAX = 24, WIDTH = 960, HEIGHT = 720 };

/* The share of the picture that a letter, a line and the dot take, in which cells are counted. */
static const double letter_share = 8.4 / 800;
static const double line_share = 20.0 / 560;

struct region {
    int limit;
    size_t cells;
    double centre_x, centre_y; /* of mass, in cells */
    bool named, upright;
    double label_x, label_y; /* values of the axes */
};

struct regions {
    const struct phase_map *map;
    const struct catalog *catalog;
    struct region item[REGIONS_MAX];
    size_t count;
    unsigned *sums; /* of cells of one region up to (x, y), (cells + 1)^2 */
};

static const char *name_of(const struct regions *regions, int number)
{
    for (size_t i = 0; i < regions->catalog->limit_count; i++) {
        if (regions->catalog->limits[i].number == number)
            return regions->catalog->limits[i].id;
    }
    return "?";
}

static struct region *region_of(struct regions *regions, int limit)
{
    for (size_t i = 0; i < regions->count; i++) {
        if (regions->item[i].limit == limit)
            return &regions->item[i];
    }
    if (regions->count == REGIONS_MAX)
        return NULL;
    regions->item[regions->count] = (struct region){.limit = limit};
    return &regions->item[regions->count++];
}

static int compare_regions(const void *left, const void *right)
{
    const struct region *a = left;
    const struct region *b = right;
    if (a->cells != b->cells)
        return a->cells > b->cells ? -1 : 1;
    return a->limit - b->limit;
}

static void count_regions(struct regions *regions)
{
    unsigned cells = regions->map->cells;
    for (unsigned x = 0; x < cells; x++) {
        for (unsigned y = 0; y < cells; y++) {
            int limit = regions->map->limit[(size_t)x * cells + y];
            struct region *region = limit >= 0 ? region_of(regions, limit) : NULL;
            if (region == NULL)
                continue;
            region->cells++;
            region->centre_x += x;
            region->centre_y += y;
        }
    }
    for (size_t i = 0; i < regions->count; i++) {
        regions->item[i].centre_x /= (double)regions->item[i].cells;
        regions->item[i].centre_y /= (double)regions->item[i].cells;
    }
    qsort(regions->item, regions->count, sizeof *regions->item, compare_regions);
}

/* Where a value lies along an axis, in cells. */
static double cell_of(const struct phase_map *map, const struct phase_axis *axis, double value)
{
    double part = axis->logarithmic ? log(value / axis->low) / log(axis->high / axis->low)
                                    : (value - axis->low) / (axis->high - axis->low);
    return part * map->cells;
}

/* The dot and its word keep other names off. */
static bool near_you(const struct phase_map *map, unsigned x, unsigned y)
{
    double dx = x + 0.5 - cell_of(map, &map->x, map->you_x);
    double dy = y + 0.5 - cell_of(map, &map->y, map->you_y);
    return dx > -0.02 * map->cells && dx < 0.07 * map->cells && dy > -0.02 * map->cells &&
           dy < 0.06 * map->cells;
}

static void sum_cells(struct regions *regions, int limit)
{
    const struct phase_map *map = regions->map;
    unsigned row = map->cells + 1;
    for (unsigned x = 0; x < map->cells; x++) {
        for (unsigned y = 0; y < map->cells; y++) {
            bool in = map->limit[(size_t)x * map->cells + y] == limit && !near_you(map, x, y);
            regions->sums[(x + 1) * row + y + 1] = regions->sums[x * row + y + 1] +
                                                   regions->sums[(x + 1) * row + y] -
                                                   regions->sums[x * row + y] + in;
        }
    }
}

/* The place for a box of cells that lies in the region whole, nearest its centre of mass. */
static bool find_place(struct regions *regions, struct region *region, unsigned width,
                       unsigned height)
{
    const unsigned *sums = regions->sums;
    unsigned cells = regions->map->cells;
    unsigned row = cells + 1;
    double best = INFINITY;
    for (unsigned x = 0; x + width <= cells; x++) {
        for (unsigned y = 0; y + height <= cells; y++) {
            unsigned in = sums[(x + width) * row + y + height] - sums[x * row + y + height] -
                          sums[(x + width) * row + y] + sums[x * row + y];
            double dx = x + width / 2.0 - region->centre_x;
            double dy = y + height / 2.0 - region->centre_y;
            if (in < width * height || dx * dx + dy * dy >= best)
                continue;
            best = dx * dx + dy * dy;
            region->label_x = phase_edge(regions->map, &regions->map->x, x + width / 2);
            region->label_y = phase_edge(regions->map, &regions->map->y, y + height / 2);
        }
    }
    return isfinite(best);
}

static void place_name(struct regions *regions, struct region *region)
{
    double cells = regions->map->cells;
    double letters = (double)strlen(name_of(regions, region->limit)) + 1;
    double aspect = 800.0 / 560; /* an upright letter is as long, measured along y */
    sum_cells(regions, region->limit);
    region->named = find_place(regions, region, (unsigned)ceil(letters * letter_share * cells),
                               (unsigned)ceil(line_share * cells));
    if (region->named)
        return;
    region->upright = find_place(regions, region, (unsigned)ceil(line_share / aspect * cells),
                                 (unsigned)ceil(letters * letter_share * aspect * cells));
    region->named = region->upright;
}

/* One run of cells up a column, as a piece of its region's outline. */
struct run {
    unsigned from, to;
};

static bool next_run(const struct phase_map *map, unsigned x, int limit, unsigned *at,
                     struct run *run)
{
    const short *column = &map->limit[(size_t)x * map->cells];
    while (*at < map->cells && column[*at] != limit)
        (*at)++;
    run->from = *at;
    while (*at < map->cells && column[*at] == limit)
        (*at)++;
    run->to = *at;
    return run->from < run->to;
}

/* Follows a run from column to column for as long as the next one's has the same ends but for a
 * shift that overlaps; a row states both edges of its column. */
static void write_piece(struct plot *plot, const struct phase_map *map, struct run run,
                        unsigned from, unsigned to)
{
    fprintf(plot->data, "%.6g\t%.6g\t%.6g\n%.6g\t%.6g\t%.6g\n", phase_edge(map, &map->x, from),
            phase_edge(map, &map->y, run.from), phase_edge(map, &map->y, run.to),
            phase_edge(map, &map->x, to), phase_edge(map, &map->y, run.from),
            phase_edge(map, &map->y, run.to));
}

static void write_region(struct plot *plot, const struct phase_map *map, int limit)
{
    struct run last = {0, 0};
    unsigned began = 0;
    bool open = false;
    for (unsigned x = 0; x <= map->cells; x++) {
        unsigned at = 0;
        struct run run;
        bool some = x < map->cells && next_run(map, x, limit, &at, &run);
        if (open && (!some || run.from != last.from || run.to != last.to)) {
            write_piece(plot, map, last, began, x);
            open = false;
            if (!some || run.from >= last.to || run.to <= last.from)
                fputc('\n', plot->data);
        }
        if (some && !open) {
            open = true;
            began = x;
            last = run;
        }
    }
}

static void write_outlines(struct plot *plot, const struct regions *regions)
{
    for (size_t i = 0; i < regions->count; i++) {
        char name[PLOT_WORD];
        snprintf(name, sizeof name, "region%zu", i);
        plot_block(plot, name, "x\tlow\thigh");
        write_region(plot, regions->map, regions->item[i].limit);
    }
}

/* The lower edge of the tight cells as a stair, interrupted where columns have none. */
static void write_contour(struct plot *plot, const struct phase_map *map)
{
    unsigned last = map->cells + 1;
    plot_block(plot, "contour", "x\ty");
    for (unsigned x = 0; x < map->cells; x++) {
        unsigned y = 0;
        while (y < map->cells && !map->tight[(size_t)x * map->cells + y])
            y++;
        double edge = phase_edge(map, &map->x, x);
        bool begins = last > map->cells || (last == map->cells && x == 0);
        if (y == last)
            continue;
        if (!begins)
            fprintf(plot->data, "%.6g\t%.6g\n", edge, phase_edge(map, &map->y, last));
        if (x > 0 || y < map->cells)
            fprintf(plot->data, "%.6g\t%.6g\n", edge, phase_edge(map, &map->y, y));
        if (y == map->cells)
            fputc('\n', plot->data);
        last = y;
        if (y == 0)
            return; /* and so are the columns to the right */
    }
    if (last < map->cells)
        fprintf(plot->data, "%.6g\t%.6g\n", map->x.high, phase_edge(map, &map->y, last));
    else
        fprintf(plot->data, "NaN\tNaN\n"); /* a block is never empty */
}

static void write_names(struct plot *plot, const struct regions *regions)
{
    plot_block(plot, "names", "x\ty\tangle\tnamed\tlimit\tcells");
    for (size_t i = 0; i < regions->count; i++) {
        const struct region *region = &regions->item[i];
        fprintf(plot->data, "%.6g\t%.6g\t%d\t%d\t%s\t%zu\n", region->named ? region->label_x : 0,
                region->named ? region->label_y : 0, region->upright ? 90 : 0, region->named,
                name_of(regions, region->limit), region->cells);
    }
}

/* A dashed line through the knees, and the levels that break there; a gap where there is none. */
static void write_knees(struct plot *plot, const struct phase_knee *knees, size_t count)
{
    char levels[PLOT_WORD] = "";
    plot_block(plot, "knee", "x\ty\tlevel");
    for (size_t i = 0; i < count; i++) {
        if (isnan(knees[i].x)) {
            fputs("NaN\tNaN\t-\n", plot->data); /* breaks the line */
            continue;
        }
        fprintf(plot->data, "%.10g\t%.10g\t%s\n", knees[i].x, knees[i].y, knees[i].level);
        size_t length = strlen(levels);
        if (strstr(levels, knees[i].level) == NULL)
            snprintf(levels + length, sizeof levels - length, "%s%s", length > 0 ? ", " : "",
                     knees[i].level);
    }
    bool some = levels[0] != '\0';
    if (count == 0)
        fputs("NaN\tNaN\t-\n", plot->data); /* a block is never empty */
    plot_number(plot, "has_knees", count > 0);
    plot_text(plot, "knee_text", "%s%s", some ? "knee (simulated): " : "no knee before a limit",
              some ? levels : " (simulated)");
}

/* What is met first as one goes along x from a cell, or else along y. */
static void next_limit(const struct regions *regions, unsigned x, unsigned y,
                       char out[2 * PLOT_WORD])
{
    const struct phase_map *map = regions->map;
    char name[PLOT_WORD];
    unsigned far_x = x;
    unsigned far_y = y;
    while (far_x + 1 < map->cells && map->limit[(size_t)far_x * map->cells + y] < 0)
        far_x++;
    while (far_y + 1 < map->cells && map->limit[(size_t)x * map->cells + far_y] < 0)
        far_y++;
    int along_x = map->limit[(size_t)far_x * map->cells + y];
    int along_y = map->limit[(size_t)x * map->cells + far_y];
    plot_words(name, options[along_x >= 0 ? map->x.option : map->y.option].name);
    if (along_x >= 0 || along_y >= 0)
        snprintf(out, 2 * PLOT_WORD, "more %s meet %s", name,
                 name_of(regions, along_x >= 0 ? along_x : along_y));
    else
        snprintf(out, 2 * PLOT_WORD, "no limit on the way to the map's edges");
}

/* "1 guest", "2 guests"; names of options are plural where they count. */
static void count_things(char out[2 * PLOT_WORD], double count, const char *things)
{
    char number[PLOT_WORD];
    size_t length = strlen(things);
    bool one = count == 1 && length > 1 && things[length - 1] == 's';
    plot_count(number, count);
    snprintf(out, 2 * PLOT_WORD, "%s %.*s", number, (int)(length - one), things);
}

static void write_title(struct plot *plot, const struct regions *regions)
{
    const struct phase_map *map = regions->map;
    char x[PLOT_WORD];
    char y[PLOT_WORD];
    char at_x[2 * PLOT_WORD];
    char at_y[2 * PLOT_WORD];
    double cell_x = floor(cell_of(map, &map->x, map->you_x));
    double cell_y = floor(cell_of(map, &map->y, map->you_y));
    plot_words(x, options[map->x.option].name);
    plot_words(y, options[map->y.option].name);
    count_things(at_x, map->you_x, x);
    count_things(at_y, map->you_y, y);
    char next[2 * PLOT_WORD] = "";
    bool inside = cell_x >= 0 && cell_y >= 0 && cell_x < map->cells && cell_y < map->cells;
    size_t at = inside ? (size_t)cell_x * map->cells + (size_t)cell_y : 0;
    if (inside)
        next_limit(regions, (unsigned)cell_x, (unsigned)cell_y, next);
    if (inside && map->limit[at] >= 0)
        plot_text(plot, "title_text", "%s with %s do not fit: %s binds", at_x, at_y,
                  name_of(regions, map->limit[at]));
    else if (inside)
        plot_text(plot, "title_text", "%s with %s fit%s; %s", at_x, at_y,
                  map->tight[at] ? ", above 80 % of a limit" : "", next);
    else if (regions->count > 0)
        plot_text(plot, "title_text", "%s binds over most of what does not fit as %s and %s grow",
                  name_of(regions, regions->item[0].limit), x, y);
    else
        plot_text(plot, "title_text", "No limit binds as %s and %s grow this far", x, y);
    plot_number(plot, "has_you", inside);
    plot_number(plot, "you_x", inside ? map->you_x : 1);
    plot_number(plot, "you_y", inside ? map->you_y : 1);
    plot_text(plot, "x_text", "%s", x);
    plot_text(plot, "y_text", "%s", y);
}

static void write_axis(struct plot *plot, const char *name, const struct phase_axis *axis)
{
    char text[PLOT_WORD];
    snprintf(text, sizeof text, "%s_low", name);
    plot_number(plot, text, axis->low);
    snprintf(text, sizeof text, "%s_high", name);
    plot_number(plot, text, axis->high);
    snprintf(text, sizeof text, "%s_log", name);
    plot_number(plot, text, axis->logarithmic);
}

int plot_phase(struct plot *plot, const struct phase_question *question, struct diag *diag)
{
    struct phase_map map;
    int status = phase_find(&map, question, diag);
    struct regions *regions = calloc(1, sizeof *regions);
    struct phase_knee knees[PHASE_KNEES_MAX];
    size_t row = (size_t)question->cells + 1;
    if (regions != NULL)
        regions->sums = calloc(row * row, sizeof *regions->sums);
    if (status == STATUS_OK && (regions == NULL || regions->sums == NULL))
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    if (status == STATUS_OK)
        status = phase_knees(&map, question, knees, diag);
    if (status == STATUS_OK) {
        regions->map = &map;
        regions->catalog = question->catalog;
        plot->width = WIDTH;
        plot->height = HEIGHT;
        count_regions(regions);
        for (size_t i = 0; i < regions->count; i++)
            place_name(regions, &regions->item[i]);
        write_names(plot, regions);
        write_outlines(plot, regions);
        write_contour(plot, &map);
        write_knees(plot, knees, question->knees);
        write_title(plot, regions);
        write_axis(plot, "x", &map.x);
        write_axis(plot, "y", &map.y);
        plot_number(plot, "regions", (double)regions->count);
        for (size_t i = 0; i < regions->count; i++) {
            char name[PLOT_WORD];
            snprintf(name, sizeof name, "name%zu", i);
            plot_text(plot, name, "%s",
                      regions->item[i].named ? "" : name_of(regions, regions->item[i].limit));
        }
    }
    if (regions != NULL)
        free(regions->sums);
    free(regions);
    phase_free(&map);
    return status;
}
