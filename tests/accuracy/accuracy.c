/* Every real curve of tests/accuracy/splits.csv: fitted on one part, predicted on the other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/accuracy.h"

/* A share in percent, or a dash where there is none. */
static const char *percent(char *text, size_t room, const char *format, double share)
{
    if (isnan(share))
        return "-";
    snprintf(text, room, format, share * 100);
    return text;
}

/* Above 20 %: whether a reading can tell, and whether any prediction could be better. */
static const char *verdict(const struct accuracy_curve *curve)
{
    if (accuracy_met(curve))
        return "";
    if (accuracy_met_past_step(curve))
        return "  above 20 % by the clock's step";
    if (curve->error <= curve->floor)
        return "  ABOVE 20 %, within the repeats' noise";
    if (curve->floor > ACCURACY_CURVE_MAX)
        return "  ABOVE 20 %, and so is the floor";
    return isnan(curve->floor) ? "  ABOVE 20 %, never repeated" : "  ABOVE 20 %";
}

static void print_scored(const struct accuracy_curve *curve)
{
    char covered[16], turns[16], floor[16];
    printf("%-34.34s %-56.56s %-6.6s %-18.18s %4zu %4zu %6.1f %% %8s %+6.1f %% %7s %8s  "
           "%g: %.4g, predicted %.4g%s%s\n",
           curve->curve, curve->series, curve->split, curve->form, curve->fitted, curve->held,
           curve->error * 100, percent(floor, sizeof floor, "%.1f %%", curve->floor),
           curve->bias * 100, percent(covered, sizeof covered, "%.0f %%", curve->covered),
           percent(turns, sizeof turns, "%.1f %%", curve->turns_error), curve->worst_x,
           curve->worst_observed, curve->worst_predicted, verdict(curve),
           curve->refused ? "  fit refused" : "");
}

static void print_not_exact(const struct accuracy_curve *curve)
{
    if (curve->refused)
        printf("    %-60s no exact line: a range %.0f wide holds %zu of %zu\n", curve->series,
               curve->range, curve->held - curve->out_of_range, curve->held);
    else
        printf("    %-60s %zu of %zu off; at %g: %g, predicted %g\n", curve->series, curve->off,
               curve->held, curve->worst_x, curve->worst_observed, curve->worst_predicted);
}

/* Counts by the name of the curve: how many series are exact, then those that are not. */
static void print_counts(const struct accuracy *accuracy)
{
    printf("\nCounts, held-out rows met exactly\n");
    for (size_t i = 0, to; i < accuracy->count; i = to) {
        const struct accuracy_curve *first = &accuracy->curves[i];
        size_t series = 0, exact = 0, held = 0, off = 0, lines = 0;
        for (to = i; to < accuracy->count && accuracy->curves[to].counted == first->counted &&
                     strcmp(accuracy->curves[to].curve, first->curve) == 0;
             to++) {
            const struct accuracy_curve *curve = &accuracy->curves[to];
            if (curve->state != ACCURACY_SCORED)
                continue;
            series++;
            lines += !curve->refused;
            exact += accuracy_met(curve);
            held += curve->held;
            off += curve->off;
        }
        if (!first->counted || series == 0)
            continue;
        printf("%-34.34s %zu of %zu series, %zu of %zu rows; %zu series are exact lines where "
               "fitted\n",
               first->curve, exact, series, held - off, held, lines);
        for (size_t k = i; k < to; k++) {
            const struct accuracy_curve *curve = &accuracy->curves[k];
            if (curve->state == ACCURACY_SCORED && (curve->refused || !accuracy_met(curve)))
                print_not_exact(curve);
        }
    }
}

static void print_left_out(const struct accuracy *accuracy)
{
    size_t few = 0;
    printf("\nNot scored\n");
    for (size_t i = 0; i < accuracy->count; i++) {
        const struct accuracy_curve *curve = &accuracy->curves[i];
        few += curve->state == ACCURACY_TOO_FEW;
        if (curve->state == ACCURACY_ABSENT || curve->state == ACCURACY_NO_FIT)
            printf("    %s: %s: %s\n", curve->curve, curve->series, curve->note);
        else if (curve->state == ACCURACY_TOO_FEW && !curve->counted)
            printf("    %s: %s: fewer than 4 different x\n", curve->curve, curve->series);
    }
    printf("    %zu series in all have fewer than 4 different x\n", few);
}

struct summary {
    size_t curves, met, past_step, within_noise, floor_above, unrepeated, missed, held;
    double covered;
};

static void add_curve(struct summary *sum, const struct accuracy_curve *curve)
{
    sum->curves++;
    if (accuracy_met(curve))
        sum->met++;
    else if (accuracy_met_past_step(curve))
        sum->past_step++;
    else if (curve->error <= curve->floor)
        sum->within_noise++;
    else if (curve->floor > ACCURACY_CURVE_MAX)
        sum->floor_above++;
    else if (isnan(curve->floor))
        sum->unrepeated++;
    else
        sum->missed++;
    if (!isnan(curve->covered)) {
        sum->covered += curve->covered * (double)curve->held;
        sum->held += curve->held;
    }
}

static void print_summary(const struct accuracy *accuracy)
{
    struct summary sum = {.curves = 0};
    for (size_t i = 0; i < accuracy->count; i++) {
        if (accuracy->curves[i].state == ACCURACY_SCORED && !accuracy->curves[i].counted)
            add_curve(&sum, &accuracy->curves[i]);
    }
    printf("\n%zu curves: median error %.1f %% (%.1f %% over kinds of curve), %zu within 20 %%; "
           "%.1f %% of %zu held-out values lie within their 95 %% intervals\n",
           sum.curves, accuracy_median(accuracy) * 100, accuracy_median_of_kinds(accuracy) * 100,
           sum.met, sum.covered * 100 / (double)sum.held, sum.held);
    printf("of the %zu others: %zu within 20 %% past the clock's step, %zu within their repeats' "
           "noise, %zu more with a floor above 20 %%, %zu never repeated, %zu missed\n",
           sum.curves - sum.met, sum.past_step, sum.within_noise, sum.floor_above, sum.unrepeated,
           sum.missed);
}

/* What tests/accuracy/held.csv lists. */
static void print_held(const struct accuracy *accuracy)
{
    printf("curve,series,held\n");
    for (size_t i = 0; i < accuracy->count; i++) {
        const struct accuracy_curve *curve = &accuracy->curves[i];
        if (curve->state == ACCURACY_SCORED)
            printf("\"%s\",\"%s\",%s\n", curve->curve, curve->series, curve->held_x);
    }
}

static void print_table(const struct accuracy *accuracy)
{
    printf("%-34s %-56s %-6s %-18s %4s %4s %8s %8s %8s %7s %8s  %s\n", "curve", "series", "split",
           "form", "fit", "held", "error", "floor", "bias", "covered", "in turns",
           "worst: observed");
    for (size_t i = 0; i < accuracy->count; i++) {
        if (accuracy->curves[i].state == ACCURACY_SCORED && !accuracy->curves[i].counted)
            print_scored(&accuracy->curves[i]);
    }
    print_counts(accuracy);
    print_left_out(accuracy);
    print_summary(accuracy);
}

/* With the argument "held": what is held out, as a table. */
int main(int argc, char **argv)
{
    struct diag diag = {0};
    struct accuracy accuracy;
    const char *splits = getenv("SPLITS");
    struct accuracy_roots roots = {.traces = "data/traces",
                                   .facts = getenv("SCALESIM_FACTS"),
                                   .external = getenv("SCALESIM_TRACES")};
    int status = accuracy_run(&accuracy, splits != NULL ? splits : "tests/accuracy/splits.csv",
                              &roots, &diag);
    if (status == STATUS_OK && argc > 1 && strcmp(argv[1], "held") == 0)
        print_held(&accuracy);
    else
        print_table(&accuracy);
    if (status != STATUS_OK)
        diag_print(stderr, &diag);
    accuracy_free(&accuracy);
    return status == STATUS_OK ? 0 : 1;
}
