/* Pictures of calibrate and validate: a folder with one for each fit or curve. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "calibrate/calibration.h"
#include "calibrate/curve.h"
#include "cli/cli.h"
#include "model/text.h"
#include "plots/draw.h"
#include "plots/kinds.h"

enum { STEPS = 40, TEXT = 400, NAME = 128, PATH = 4096 };

/* Where pictures go; without gnuplot the first error, told once all data are there. */
struct folder {
    const struct arguments *arguments;
    struct diag missing;
    int status;
};

static int open_folder(struct folder *folder, const struct arguments *arguments, struct diag *diag)
{
    *folder = (struct folder){.arguments = arguments, .status = STATUS_OK};
    if (mkdir(arguments->plot, 0777) != 0 && errno != EEXIST)
        return diag_set(diag, STATUS_IO, arguments->plot, 0, NULL, "cannot be made: %s",
                        strerror(errno));
    return STATUS_OK;
}

static int close_folder(const struct folder *folder, int status, struct diag *diag)
{
    if (status == STATUS_OK && folder->status != STATUS_OK)
        *diag = folder->missing;
    return status == STATUS_OK ? folder->status : status;
}

/* DIR/NAME.svg, the name made of what a file system likes. */
static int picture_path(char path[PATH], const char *folder, const char *name, struct diag *diag)
{
    char clean[NAME];
    size_t used = 0;
    for (; *name != '\0' && used + 1 < NAME; name++) {
        if (isalnum((unsigned char)*name) || *name == '_')
            clean[used++] = *name;
        else if (used > 0 && clean[used - 1] != '-')
            clean[used++] = '-';
    }
    clean[used] = '\0';
    if (snprintf(path, PATH, "%s/%s.svg", folder, clean) >= PATH)
        return diag_set(diag, STATUS_IO, folder, 0, NULL, "is too long a name");
    return STATUS_OK;
}

static int draw_into(struct folder *folder, const char *name, const struct fit_picture *picture,
                     struct diag *diag)
{
    char path[PATH];
    struct plot plot;
    int status = picture_path(path, folder->arguments->plot, name, diag);
    if (status != STATUS_OK)
        return status;
    status = plot_init(&plot, "fit", diag);
    if (status == STATUS_OK)
        status = plot_fit(&plot, picture, diag);
    if (status == STATUS_OK)
        status = plot_finish(&plot, diag);
    if (status == STATUS_OK) {
        status = picture_show(&plot, path, folder->arguments->keep, diag);
        if (status != STATUS_OK && !draw_possible()) {
            if (folder->status == STATUS_OK)
                folder->missing = *diag;
            folder->status = status;
            status = STATUS_OK;
        }
    }
    plot_free(&plot);
    return status;
}

static void say_value(char out[NAME], double value, const char *unit)
{
    if (strcmp(unit, "s") == 0)
        text_seconds(out, NAME, value);
    else if (strcmp(unit, "bytes") == 0)
        text_quantity(out, NAME, value, unit);
    else
        snprintf(out, NAME, "%.4g", value);
}

/* "Disks at start: disk_realize_s is 1.7 ms and disk_pair_s is 2.2 us; the curve is off ...": all
 * estimates of the recipe, which come one after another. */
static void say_finding(char title[TEXT], const struct calibration *calibration, size_t first)
{
    const struct estimate *estimate = &calibration->estimates[first];
    int used = snprintf(title, TEXT, "%s:", estimate->recipe);
    title[0] = (char)toupper((unsigned char)title[0]);
    if (estimate->refused) {
        snprintf(title + used, TEXT - (size_t)used, " the %s fit is refused, %s",
                 estimate->fitting.kind->name, estimate->quality.note);
        return;
    }
    for (size_t i = first; i < calibration->count && used < TEXT; i++) {
        const struct estimate *other = &calibration->estimates[i];
        char value[NAME];
        if (strcmp(other->recipe, estimate->recipe) != 0)
            break;
        say_value(value, other->value.value, other->unit);
        used += snprintf(title + used, TEXT - (size_t)used, "%s %s is %s", i > first ? " and" : "",
                         other->parameter, value);
    }
    if (used < TEXT && estimate->fitting.kind->family == FIT_MEAN)
        snprintf(title + used, TEXT - (size_t)used, ", the mean of %zu observation%s",
                 estimate->fitting.count, estimate->fitting.count == 1 ? "" : "s");
    else if (used < TEXT)
        snprintf(title + used, TEXT - (size_t)used, ", %.2g %% off on average",
                 100 * estimate->quality.mean_error);
}

/* Points of a curve; a mean has no x but the order of its observations. */
static size_t curve_points(const struct fitting *fitting, struct fit_point *points)
{
    for (size_t i = 0; i < fitting->count; i++) {
        double x = fitting->kind->family == FIT_MEAN ? (double)i + 1 : fitting->x[i];
        points[i] = (struct fit_point){x, fitting->y[i],
                                       fitting->made ? fitting_at(fitting, x).value : NAN, false};
    }
    return fitting->count;
}

/* The share at or below the end of each cell. */
static size_t law_points(const struct fitting *fitting, struct fit_point *points)
{
    double total = 0, sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < fitting->cell_count; i++)
        total += fitting->cells[i].weight;
    for (size_t i = 0; i < fitting->cell_count; i++) {
        double x = fitting->cells[i].high;
        sum += fitting->cells[i].weight;
        if (isfinite(x) && total > 0)
            points[count++] = (struct fit_point){
                x, sum / total, fitting->made ? fitting_at(fitting, x).value : NAN, false};
    }
    return count;
}

/* The curve from the least to the largest x, whole numbers where customers are counted. */
static size_t curve_steps(const struct fitting *fitting, const struct fit_point *points,
                          size_t count, struct fit_step *steps)
{
    double low = INFINITY, high = -INFINITY;
    size_t made = 0;
    bool whole = fitting->kind->family == FIT_QUEUE || fitting->kind->family == FIT_LOCK;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, points[i].x);
        high = fmax(high, points[i].x);
    }
    if (fitting->kind->family == FIT_MEAN) {
        low -= 0.5;
        high += 0.5;
    }
    for (size_t i = 0; fitting->made && i < STEPS; i++) {
        double share = (double)i / (STEPS - 1);
        double x = low > 0 ? low * pow(high / low, share) : low + share * (high - low);
        x = whole ? round(x) : x;
        if (made > 0 && x <= steps[made - 1].x)
            continue;
        struct fit_value at = fitting_at(fitting, x);
        steps[made++] = (struct fit_step){x, at.value, at.low, at.high};
    }
    return made;
}

static const char *axis_unit(const char *unit)
{
    return strcmp(unit, "bytes") == 0 ? "B" : unit;
}

static int draw_estimate(struct folder *folder, const struct calibration *calibration, size_t index,
                         struct diag *diag)
{
    const struct estimate *estimate = &calibration->estimates[index];
    const struct fitting *fitting = &estimate->fitting;
    bool law = fitting->kind->family == FIT_LAW, mean = fitting->kind->family == FIT_MEAN;
    char title[TEXT];
    struct fit_step steps[STEPS];
    struct fit_point *points = calloc(fitting->count + fitting->cell_count + 1, sizeof *points);
    if (points == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    say_finding(title, calibration, index);
    struct fit_picture picture = {.title = title,
                                  .x_name = law    ? estimate->series
                                            : mean ? "observation"
                                                   : fitting->x_name,
                                  .y_name = law ? "share at or below" : estimate->series,
                                  .x_unit = law ? axis_unit(fitting->unit) : "",
                                  .y_unit = law ? "" : axis_unit(fitting->unit),
                                  .curve_name = "fit",
                                  .band_name = "95 % of further points",
                                  .refused = estimate->refused,
                                  .points = points,
                                  .steps = steps,
                                  .shares = law,
                                  .listed = mean};
    picture.count = law ? law_points(fitting, points) : curve_points(fitting, points);
    picture.step_count = curve_steps(fitting, points, picture.count, steps);
    int status =
        picture.count > 0 ? draw_into(folder, estimate->recipe, &picture, diag) : STATUS_OK;
    free(points);
    return status;
}

int plot_calibration(const struct calibration *calibration, const struct arguments *arguments,
                     struct diag *diag)
{
    struct folder folder;
    int status = open_folder(&folder, arguments, diag);
    for (size_t i = 0; status == STATUS_OK && i < calibration->count; i++) {
        const struct estimate *before = i > 0 ? &calibration->estimates[i - 1] : NULL;
        if (before == NULL || strcmp(before->recipe, calibration->estimates[i].recipe) != 0)
            status = draw_estimate(&folder, calibration, i, diag);
    }
    return close_folder(&folder, status, diag);
}

/* What was seen and predicted of a column. */
struct column_view {
    const char *run; /* the file's name, without folder and suffix */
    const struct curve_column *column;
    const char *unit, *dimension;
    struct fit_point *points;
    struct fit_step *steps;
    size_t count;
};

static int draw_overlay(struct folder *folder, const struct column_view *view, struct diag *diag)
{
    char title[TEXT];
    char name[NAME];
    const struct curve_column *column = view->column;
    snprintf(name, sizeof name, "%.60s-%s", view->run, column->name);
    if (column->seen > 0)
        snprintf(title, sizeof title, "%s: %s; %.2g %% off on average, %zu of %zu in the interval",
                 column->name, curve_verdict(column), 100 * column->mape, column->covered,
                 column->seen);
    else
        snprintf(title, sizeof title, "%s: %s", column->name, curve_verdict(column));
    const struct fit_picture picture = {.title = title,
                                        .x_name = view->dimension,
                                        .y_name = column->name,
                                        .x_unit = "",
                                        .y_unit = axis_unit(view->unit),
                                        .curve_name = "predicted",
                                        .band_name = "95 % of runs",
                                        .points = view->points,
                                        .count = view->count,
                                        .steps = view->steps,
                                        .step_count = view->count};
    return draw_into(folder, name, &picture, diag);
}

static int by_x(const void *a, const void *b)
{
    const struct fit_step *left = a, *right = b;
    return (left->x > right->x) - (left->x < right->x);
}

/* Seen along x, predicted along y, the diagonal between them. */
static int draw_parity(struct folder *folder, const struct column_view *view, struct diag *diag)
{
    char title[TEXT];
    char name[NAME];
    const struct curve_column *column = view->column;
    if (column->seen == 0)
        return STATUS_OK;
    for (size_t i = 0; i < view->count; i++) {
        struct fit_point *point = &view->points[i];
        double seen = point->y;
        *point = (struct fit_point){seen, point->curve, seen, point->bound};
        view->steps[i] = (struct fit_step){seen, seen, seen / 1.1, seen * 1.1};
    }
    qsort(view->steps, view->count, sizeof *view->steps, by_x);
    snprintf(name, sizeof name, "%.50s-%s-parity", view->run, column->name);
    snprintf(title, sizeof title, "%s is predicted %.2g %% too %s on average; worst at %g %s",
             column->name, 100 * fabs(column->bias), column->bias < 0 ? "low" : "high",
             column->worst_at, view->dimension);
    const struct fit_picture picture = {.title = title,
                                        .x_name = "seen",
                                        .y_name = "predicted",
                                        .x_unit = axis_unit(view->unit),
                                        .y_unit = axis_unit(view->unit),
                                        .parity = true,
                                        .curve_name = "as predicted",
                                        .band_name = "within a tenth",
                                        .points = view->points,
                                        .count = view->count,
                                        .steps = view->steps,
                                        .step_count = view->count};
    return draw_into(folder, name, &picture, diag);
}

static int draw_column(struct folder *folder, const struct curve_score *score, size_t index,
                       struct diag *diag)
{
    size_t rows = score->table.rows;
    const struct curve_column *column = &score->columns[index];
    char run[NAME];
    const char *slash = strrchr(score->table.file, '/');
    snprintf(run, sizeof run, "%s", slash != NULL ? slash + 1 : score->table.file);
    run[strcspn(run, ".")] = '\0';
    struct column_view view = {.run = run,
                               .column = column,
                               .dimension = score->table.cells[0],
                               .unit = column->metric >= 0 ? metric_texts[column->metric].unit : "",
                               .points = calloc(rows + 1, sizeof *view.points),
                               .steps = calloc(rows + 1, sizeof *view.steps)};
    int status = STATUS_OK;
    if (view.points == NULL || view.steps == NULL)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t r = 0; status == STATUS_OK && r < rows; r++) {
        const struct curve_point *point = &score->points[index * rows + r];
        double half = point->half_width;
        if (isnan(point->predicted))
            continue;
        view.points[view.count] =
            (struct fit_point){point->count, point->seen, point->predicted, point->bound};
        view.steps[view.count++] = (struct fit_step){
            point->count, point->predicted, point->predicted - half, point->predicted + half};
    }
    if (status == STATUS_OK && view.count > 0) {
        qsort(view.steps, view.count, sizeof *view.steps, by_x);
        status = draw_overlay(folder, &view, diag);
        if (status == STATUS_OK)
            status = draw_parity(folder, &view, diag);
    }
    free(view.points);
    free(view.steps);
    return status;
}

int plot_curve(const struct curve_score *score, const struct arguments *arguments,
               struct diag *diag)
{
    struct folder folder;
    int status = open_folder(&folder, arguments, diag);
    for (size_t c = 0; status == STATUS_OK && c < score->count; c++)
        status = draw_column(&folder, score, c, diag);
    return close_folder(&folder, status, diag);
}
