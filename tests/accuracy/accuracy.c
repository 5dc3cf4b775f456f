/* Every real curve of tests/accuracy/splits.csv: fitted on one part, predicted on the other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/accuracy.h"

static void print_scored(const struct accuracy_curve *curve)
{
    char covered[16] = "-", turns[16] = "-";
    if (!isnan(curve->turns_error))
        snprintf(turns, sizeof turns, "%.1f %%", curve->turns_error * 100);
    if (!isnan(curve->covered))
        snprintf(covered, sizeof covered, "%.0f %%", curve->covered * 100);
    printf("%-34.34s %-56.56s %-6.6s %-18.18s %4zu %4zu %6.1f %%  %+6.1f %% %7s %8s  "
           "%g: %.4g, predicted %.4g%s\n",
           curve->curve, curve->series, curve->split, curve->form, curve->fitted, curve->held,
           curve->error * 100, curve->bias * 100, covered, turns, curve->worst_x,
           curve->worst_observed, curve->worst_predicted,
           !accuracy_met(curve) && curve->refused ? "  ABOVE 20 %, fit refused"
           : !accuracy_met(curve)                 ? "  ABOVE 20 %"
           : curve->refused                       ? "  fit refused"
                                                  : "");
}

/* Counts by the name of the curve: how many series are exact, then those that are not. */
static void print_counts(const struct accuracy *accuracy)
{
    printf("\nCounts, held-out rows met exactly\n");
    for (size_t i = 0, to; i < accuracy->count; i = to) {
        const struct accuracy_curve *first = &accuracy->curves[i];
        size_t series = 0, exact = 0, held = 0, off = 0;
        for (to = i; to < accuracy->count && accuracy->curves[to].counted == first->counted &&
                     strcmp(accuracy->curves[to].curve, first->curve) == 0;
             to++) {
            const struct accuracy_curve *curve = &accuracy->curves[to];
            if (curve->state != ACCURACY_SCORED)
                continue;
            series++;
            exact += accuracy_met(curve);
            held += curve->held;
            off += curve->off;
        }
        if (!first->counted || series == 0)
            continue;
        printf("%-34.34s %zu of %zu series, %zu of %zu rows\n", first->curve, exact, series,
               held - off, held);
        for (size_t k = i; k < to; k++) {
            const struct accuracy_curve *curve = &accuracy->curves[k];
            if (curve->state == ACCURACY_SCORED && !accuracy_met(curve))
                printf("    %-60s %zu of %zu off; at %g: %g, predicted %g\n", curve->series,
                       curve->off, curve->held, curve->worst_x, curve->worst_observed,
                       curve->worst_predicted);
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

static void print_summary(const struct accuracy *accuracy)
{
    size_t curves = 0, met = 0, held = 0, refused = 0;
    double covered = 0;
    for (size_t i = 0; i < accuracy->count; i++) {
        const struct accuracy_curve *curve = &accuracy->curves[i];
        if (curve->state != ACCURACY_SCORED || curve->counted)
            continue;
        curves++;
        met += accuracy_met(curve);
        refused += curve->refused && !accuracy_met(curve);
        if (!isnan(curve->covered)) {
            covered += curve->covered * (double)curve->held;
            held += curve->held;
        }
    }
    printf("\n%zu curves: median error %.1f %% (%.1f %% over kinds of curve), %zu within 20 %%, "
           "%zu of the others refused "
           "by their fit's own test; %.1f %% of %zu held-out values "
           "lie within their 95 %% intervals\n",
           curves, accuracy_median(accuracy) * 100, accuracy_median_of_kinds(accuracy) * 100, met,
           refused, covered * 100 / (double)held, held);
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
    printf("%-34s %-56s %-6s %-18s %4s %4s %8s  %8s %7s %8s  %s\n", "curve", "series", "split",
           "form", "fit", "held", "error", "bias", "covered", "in turns", "worst: observed");
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
