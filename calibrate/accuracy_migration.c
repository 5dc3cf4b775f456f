/* Total time of migrations from runs of other guests: how many bytes an idle guest of a size has to
 * send, what of the bandwidth limit is used, and what the path carries at most come from the fitted
 * runs; the dirtying, the working set and the limits are what the predicted run was set to. Rounds
 * as in sim/host/migration.h, of a writer that goes round its set (as the measured ones did). */
#include "calibrate/accuracy_parts.h"

#include <gsl/gsl_statistics_double.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/host/dirty.h"

enum { RUNS = 128, ROUNDS_MAX = 10000 };
static const double look_s = 0.05; /* half of QEMU's window of the bandwidth limit */

/* MiB and seconds. */
struct run {
    double number, ram, set, dirty, limit, downtime_s, total_s, sent;
    bool held;
};

struct path {
    struct cost_fit first; /* MiB that are not zero, of a guest of so much */
    double used, most;     /* share of the limit; MiB/s */
};

static double cell(const struct table *table, size_t row, const char *name)
{
    int column = table_column(table, name);
    return column < 0 ? NAN : strtod(table_cell(table, row, column), NULL);
}

/* Runs that ended, one at a time. */
static size_t read_runs(struct run *runs, const struct table *table)
{
    size_t count = 0;
    int status = table_column(table, "status");
    for (size_t r = 0; r < table->rows && count < RUNS && status >= 0; r++) {
        if (strcmp(table_cell(table, r, status), "completed") != 0 ||
            cell(table, r, "concurrency") != 1 || cell(table, r, "multifd") != 0)
            continue;
        runs[count++] = (struct run){.number = cell(table, r, "run"),
                                     .ram = cell(table, r, "ram_mib"),
                                     .set = cell(table, r, "ws_mib"),
                                     .dirty = cell(table, r, "dirty_mibps_asked"),
                                     .limit = cell(table, r, "bandwidth_mibps"),
                                     .downtime_s = cell(table, r, "downtime_limit_ms") / 1000,
                                     .total_s = cell(table, r, "total_time_s"),
                                     .sent = cell(table, r, "transferred_mib")};
    }
    return count;
}

static double median(double *values, size_t n)
{
    gsl_sort(values, 1, n);
    return gsl_stats_median_from_sorted_data(values, 1, n);
}

/* A run whose rate is below 3/4 of its limit was held back by the path, not by the limit. */
static int fit_path(struct path *path, const struct run *runs, size_t count, struct diag *diag)
{
    double ram[RUNS], sent[RUNS], used[RUNS], most[RUNS];
    size_t idle = 0, limited = 0, unlimited = 0;
    for (size_t i = 0; i < count; i++) {
        double rate = runs[i].sent / runs[i].total_s;
        if (runs[i].held)
            continue;
        if (runs[i].dirty == 0) {
            ram[idle] = runs[i].ram;
            sent[idle++] = runs[i].sent;
        }
        if (rate > 0.75 * runs[i].limit)
            used[limited++] = rate / runs[i].limit;
        else
            most[unlimited++] = rate;
    }
    if (limited == 0 || unlimited == 0)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "too few runs to tell the bandwidth");
    path->used = median(used, limited);
    path->most = median(most, unlimited);
    struct cost_data data = {.n = ram, .y = sent, .count = idle};
    struct cost_rules rules = {.form = COST_LINEAR};
    return cost_fit(&path->first, &data, &rules, diag);
}

/* INFINITY: does not converge. */
static double total_s(const struct path *path, const struct run *run)
{
    struct dirty_rules rules = {.rate = run->dirty, .set = run->set, .cyclic = true};
    double first = cost_predict(&path->first, run->ram).value;
    double rate = fmin(path->used * run->limit, path->most);
    double threshold = rate * run->downtime_s;
    double grain = rate * look_s, left = first, spent_s = 0;
    for (size_t round = 0; left > threshold || round == 0; round++) {
        if (round == ROUNDS_MAX)
            return INFINITY;
        double sent = fmin(fmax(left - fmax(threshold - grain, 0), grain), left);
        double in_set = round == 0 ? fmin(run->set / first, 1) : 1;
        double lasted_s = sent / rate;
        left -= sent;
        left += dirty_pages(&rules, run->dirty, lasted_s, left * in_set, sent * in_set);
        spent_s += lasted_s;
    }
    return spent_s + left / path->most;
}

int accuracy_migration(struct accuracy_curve *curve, const char *path_name, struct diag *diag)
{
    struct table table = {0};
    struct run runs[RUNS];
    struct path path;
    double observed[RUNS], fitted[RUNS];
    size_t places[RUNS];
    int status = table_read_file(&table, path_name, diag);
    if (status != STATUS_OK)
        goto out;
    size_t count = read_runs(runs, &table), n = 0;
    accuracy_draw(places, count, curve->curve);
    for (size_t i = 0; i < count / 3; i++)
        runs[places[i]].held = true;
    status = fit_path(&path, runs, count, diag);
    if (status != STATUS_OK)
        goto out;
    for (size_t i = 0; i < count; i++) {
        if (!runs[i].held) {
            observed[n] = runs[i].total_s;
            fitted[n++] = total_s(&path, &runs[i]);
        }
    }
    double spread = predictor_spread(observed, fitted, n, 4);
    for (size_t i = 0; i < count; i++) {
        double mean = total_s(&path, &runs[i]);
        struct fit_value predicted = {
            .value = mean, .low = mean * exp(-spread), .high = mean * exp(spread)};
        if (runs[i].held)
            accuracy_score(curve, runs[i].number, runs[i].total_s, &predicted);
    }
    curve->fitted = n;
    snprintf(curve->form, sizeof curve->form, "rounds, cyclic writer");
out:
    table_free(&table);
    return status;
}
