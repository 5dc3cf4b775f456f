/* A fit: points, curve and band above, what the curve leaves over below. */
#include <math.h>

#include "plots/kinds.h"

/* An axis is logarithmic when its values span this factor. */
#define SPAN 30.0

struct range {
    double low, high;
    bool logarithmic;
};

static void include(struct range *range, double value)
{
    if (!isfinite(value))
        return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

/* A bit more than the values; a linear axis begins at 0 unless values are below it. */
static void widen(struct range *range, bool listed)
{
    range->logarithmic = !listed && range->low > 0 && range->high > SPAN * range->low;
    if (range->logarithmic) {
        range->low /= 1.5;
        range->high *= 1.5;
    } else {
        range->low = fmin(range->low, 0);
        range->high += 0.1 * (range->high - range->low);
    }
    if (!(range->high > range->low))
        range->high = range->low + 1;
}

static double left_over(const struct fit_picture *picture, const struct fit_point *point)
{
    double off = point->y - point->curve;
    return 100 * (picture->shares ? off : off / fabs(point->curve));
}

static void write_axis(struct plot *plot, const char *axis, const struct range *range,
                       const char *name, const char *unit)
{
    char variable[16];
    snprintf(variable, sizeof variable, "%s_low", axis);
    plot_number(plot, variable, range->low);
    snprintf(variable, sizeof variable, "%s_high", axis);
    plot_number(plot, variable, range->high);
    snprintf(variable, sizeof variable, "%s_log", axis);
    plot_number(plot, variable, range->logarithmic);
    snprintf(variable, sizeof variable, "%s_name", axis);
    plot_text(plot, variable, "%s", name);
    snprintf(variable, sizeof variable, "%s_unit", axis);
    plot_text(plot, variable, "%s", unit);
}

static double write_points(struct plot *plot, const struct fit_picture *picture)
{
    double most = 1;
    plot_block(plot, "points", "x\ty\tcurve\tleft over, %\tbound");
    for (size_t i = 0; i < picture->count; i++) {
        const struct fit_point *point = &picture->points[i];
        double left = left_over(picture, point);
        if (isfinite(left))
            most = fmax(most, fabs(left));
        fprintf(plot->data, "%.6g\t%.6g\t%.6g\t%.4f\t%d\n", point->x, point->y, point->curve, left,
                point->bound);
    }
    return most;
}

int plot_fit(struct plot *plot, const struct fit_picture *picture, struct diag *diag)
{
    struct range x = {INFINITY, -INFINITY, false}, y = x;
    bool band = false, bounds = false;
    if (picture->count == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "no points to draw");
    for (size_t i = 0; i < picture->count; i++) {
        include(&x, picture->points[i].x);
        include(&y, picture->points[i].y);
        include(&y, picture->points[i].curve);
        bounds = bounds || picture->points[i].bound;
    }
    if (picture->parity) {
        include(&x, y.low);
        include(&x, y.high);
        widen(&x, false);
        y = x;
    } else {
        widen(&x, picture->listed);
        widen(&y, false);
    }
    double most = write_points(plot, picture);
    plot_block(plot, "curve", "x\tvalue\tlow\thigh");
    for (size_t i = 0; i < picture->step_count; i++) {
        const struct fit_step *step = &picture->steps[i];
        band = band || isfinite(step->low);
        fprintf(plot->data, "%.6g\t%.6g\t%.6g\t%.6g\n", step->x, step->value, step->low,
                step->high);
    }
    write_axis(plot, "x", &x, picture->x_name, picture->x_unit);
    write_axis(plot, "y", &y, picture->y_name, picture->y_unit);
    plot_number(plot, "left_high", 1.15 * most);
    plot_number(plot, "has_band", band);
    plot_number(plot, "has_bounds", bounds);
    plot_number(plot, "shares", picture->shares);
    plot_number(plot, "refused", picture->refused);
    plot_text(plot, "title_text", "%s", picture->title);
    plot_text(plot, "curve_name", "%s", picture->curve_name);
    plot_text(plot, "band_name", "%s", picture->band_name);
    plot->height = 680;
    return STATUS_OK;
}
