/* calibrate as a user meets it: traces in, a parameter file out that an answer takes. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/table.h"
#include "sim/engine/random.h"
#include "tests/unit/program.h"

static char out[1 << 20];
static char directory[] = "/tmp/scalesim-calibrate-XXXXXX";

/* A start curve of known cost: 0.03 s + 2 ms n + 3 us n^2, with 2 % of noise. */
static void write_curve(const char *name, double each)
{
    char path[128];
    struct rng rng;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    rng_init(&rng, 1, 0, 0, 0);
    fputs("series,accel,n,stage,cpu_s\n", file);
    for (int n = 10; n <= 1000; n += 30) {
        double noise = 1 + 0.02 * rng_normal(&rng);
        fprintf(file, "vblk_raw_pcibridge,tcg,%d,qmp_ready,%.6f\n", n,
                (0.03 + each * n + 3e-6 * n * n) * noise);
        fprintf(file, "iothreads,tcg,%d,qmp_ready,%.6f\n", n, (0.03 + 2e-4 * n) * noise);
    }
    fclose(file);
}

static int made(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int removed(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static double value_of(const struct table *table, const char *parameter, const char *column)
{
    for (size_t r = 0; r < table->rows; r++) {
        if (strcmp(table_cell(table, r, 0), parameter) == 0)
            return atof(table_cell(table, r, table_column(table, column)));
    }
    return NAN;
}

static void a_known_cost_comes_back(void **state)
{
    char command[512], path[128];
    struct table table;
    struct diag diag;
    (void)state;
    write_curve("a.csv", 2e-3);
    snprintf(command, sizeof command, "calibrate %s/a.csv -o %s/p.csv", directory, directory);
    assert_int_equal(run(command, out, sizeof out), 0);
    assert_non_null(strstr(out, "disk_realize_s"));
    snprintf(path, sizeof path, "%s/p.csv", directory);
    assert_int_equal(table_read_file(&table, path, &diag), STATUS_OK);
    assert_true(fabs(value_of(&table, "disk_realize_s", "value") / 2e-3 - 1) < 0.05);
    assert_true(value_of(&table, "disk_realize_s", "low") <= 2e-3 &&
                value_of(&table, "disk_realize_s", "high") >= 2e-3);
    assert_true(fabs(value_of(&table, "disk_pair_s", "value") / 3e-6 - 1) < 0.05);
    assert_true(fabs(value_of(&table, "iothread_create_s", "value") / 2e-4 - 1) < 0.05);
    table_free(&table);
}

/* A curve of that cost calibrated into a parameter file of these rows. */
static void merge_into(const char *rows, double cost_s, struct table *table)
{
    char command[512], path[128];
    struct diag diag;
    snprintf(path, sizeof path, "%s/q.csv", directory);
    FILE *file = fopen(path, "w");
    fprintf(file,
            "parameter,value,low,high,unit,when,since,until,fitted,source,confidence,description\n"
            "%s",
            rows);
    fclose(file);
    write_curve("q-curve.csv", cost_s);
    snprintf(command, sizeof command, "calibrate %s/q-curve.csv -o %s", directory, path);
    assert_int_equal(run(command, out, sizeof out), 0);
    assert_int_equal(table_read_file(table, path, &diag), STATUS_OK);
}

static void merging_replaces_and_keeps(void **state)
{
    char command[512];
    struct table table;
    (void)state;
    merge_into(
        "disk_realize_s,9,,,s,vmm == VMM_QEMU && disk_bus == VIRTIO_BLK,,,,before,guess,to be "
        "replaced\n"
        "disk_realize_s,8,,,s,disk_bus == NVME,,,,before,guess,to stay\n"
        "wake_s,7e-6,,,s,,,,,before,guess,\"to stay, too\"\n",
        4e-3, &table);
    assert_true(fabs(value_of(&table, "disk_realize_s", "value") / 4e-3 - 1) < 0.05);
    assert_true(value_of(&table, "wake_s", "value") == 7e-6);
    size_t nvme = 0;
    for (size_t r = 0; r < table.rows; r++)
        nvme += strcmp(table_cell(&table, r, 5), "disk_bus == NVME") == 0;
    assert_int_equal(nvme, 1);
    table_free(&table);
    snprintf(command, sizeof command, "--guests 2 --parameters %s/q.csv", directory);
    run(command, out, sizeof out);
    assert_non_null(strstr(out, "start_mean"));
}

static void bad_input_is_told(void **state)
{
    char command[512], path[128];
    (void)state;
    assert_int_equal(run("calibrate", out, sizeof out), 64);
    assert_int_equal(run("calibrate /nonexistent --dry-run", out, sizeof out), 74);
    snprintf(path, sizeof path, "%s/junk", directory);
    FILE *file = fopen(path, "w");
    fputs("neither fish nor fowl\n", file);
    fclose(file);
    snprintf(command, sizeof command, "calibrate %s --dry-run", path);
    assert_int_equal(run(command, out, sizeof out), 65);
    assert_non_null(strstr(out, "fio JSON"));
    snprintf(command, sizeof command, "calibrate %s/a.csv -o %s", directory, path);
    assert_int_equal(run(command, out, sizeof out), 65); /* junk is no parameter file */
    assert_int_equal(run("--parameters /nonexistent", out, sizeof out), 74);
}

/* A curve that the model and the simulation themselves gave is what was predicted; one that is 30 %
 * off is not. */
static void a_measured_curve_is_held_against_the_prediction(void **state)
{
    char command[512], path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/q.csv", directory);
    FILE *file = fopen(path, "w");
    fputs("guests,libvirtd_fds,start_rate\n10,48,>0.1\n100,228,\n200,428,>100000\n", file);
    fclose(file);
    snprintf(command, sizeof command, "validate %s --host debian12", path);
    assert_int_equal(run(command, out, sizeof out), 0);
    assert_non_null(strstr(out, "libvirtd_fds: the run is what was predicted"));
    assert_non_null(strstr(out, "n 3, MAPE 0.0 %, bias +0.0 %, 100 % within"));
    assert_non_null(strstr(out, "start_rate: the prediction is below what was reached"));
    assert_non_null(strstr(out, "lower bounds: 1 of 2 reached"));
    file = fopen(path, "w");
    fputs("guests,libvirtd_fds\n100,326\n", file);
    fclose(file);
    assert_int_equal(run(command, out, sizeof out), 0);
    assert_non_null(strstr(out, "worse than predicted"));
    static const char *const bad[] = {"guests,libvirtd_fdss\n1,1\n", "guestss,libvirtd_fds\n1,1\n",
                                      "guests,libvirtd_fds\n1,many\n", "guests,libvirtd_fds\nx,1\n",
                                      "guests\n1\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file = fopen(path, "w");
        fputs(bad[i], file);
        fclose(file);
        assert_int_equal(run(command, out, sizeof out), 65);
        assert_non_null(strstr(out, "q.csv:"));
    }
}

static size_t slurp(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, size, file);
    fclose(file);
    return length;
}

/* Rows of confidence `calibrated` left out: facts alone. */
static void write_facts(const char *path)
{
    struct table table;
    struct diag diag;
    assert_int_equal(table_read_file(&table, "data/parameters.csv", &diag), STATUS_OK);
    FILE *from = fopen("data/parameters.csv", "r"), *to = fopen(path, "w");
    assert_non_null(from);
    assert_non_null(to);
    static char line[1 << 14];
    int confidence = table_column(&table, "confidence");
    size_t left_out = 0;
    for (size_t i = 0; fgets(line, sizeof line, from) != NULL; i++) {
        bool calibrated = i > 0 && strcmp(table_cell(&table, i - 1, confidence), "calibrated") == 0;
        left_out += calibrated;
        if (!calibrated)
            fputs(line, to);
    }
    assert_true(left_out > 20);
    fclose(from);
    fclose(to);
    table_free(&table);
}

static void calibrate_into(const char *path)
{
    static char shipped[1 << 18], made_now[1 << 18];
    char command[512];
    snprintf(command, sizeof command, "calibrate data/traces/*.csv data/traces/*/*.json -o %s",
             path);
    assert_int_equal(run(command, out, sizeof out), 0);
    size_t length = slurp(path, made_now, sizeof made_now);
    assert_int_equal(length, slurp("data/parameters.csv", shipped, sizeof shipped));
    assert_memory_equal(made_now, shipped, length);
}

/* `make parameters` gives the file that is in the tree, to the byte: from its facts, and from
 * itself. */
static void the_shipped_parameters_are_reproduced(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/p.csv", directory);
    write_facts(path);
    calibrate_into(path);
    calibrate_into(path);
}

/* The model counts memory by data/demand.csv: what traces settle must be the same there. */
static void the_model_has_the_calibrated_memory(void **state)
{
    static char demand[1 << 17];
    struct table table;
    struct diag diag;
    size_t seen = 0;
    (void)state;
    demand[slurp("data/demand.csv", demand, sizeof demand - 1)] = '\0';
    assert_int_equal(table_read_file(&table, "data/parameters.csv", &diag), STATUS_OK);
    for (size_t r = 0; r < table.rows; r++) {
        char value[32];
        if (strncmp(table_cell(&table, r, 0), "memory_", 7) != 0 ||
            strcmp(table_cell(&table, r, table_column(&table, "confidence")), "calibrated") != 0)
            continue;
        snprintf(value, sizeof value, "%.10g", atof(table_cell(&table, r, 1)));
        if (strstr(demand, value) == NULL)
            fail_msg("%s is %s, and not so in data/demand.csv", table_cell(&table, r, 0), value);
        seen++;
    }
    assert_true(seen >= 5);
    table_free(&table);
}

/* What is calibrated stands first among its parameter's rows, and a row for other eras stays. */
static void a_calibrated_row_ranks_before_facts(void **state)
{
    struct table table;
    (void)state;
    merge_into("wake_s,7e-6,,,s,,,,,before,guess,first\n"
               "iothread_create_s,9,,,s,,,qemu-5.0,,before,read,an older era\n"
               "iothread_create_s,8,,,s,,,,,before,guess,to be replaced\n",
               2e-3, &table);
    assert_string_equal(table_cell(&table, 0, 0), "wake_s");
    assert_string_equal(table_cell(&table, 1, 0), "iothread_create_s");
    assert_string_equal(table_cell(&table, 1, table_column(&table, "confidence")), "calibrated");
    assert_string_equal(table_cell(&table, 2, table_column(&table, "until")), "qemu-5.0");
    size_t rows = 0;
    for (size_t r = 0; r < table.rows; r++)
        rows += strcmp(table_cell(&table, r, 0), "iothread_create_s") == 0;
    assert_int_equal(rows, 2);
    table_free(&table);
}

/* The cost of a commit's irqfds is what the copy of their routes leaves; without it, nothing. */
static void one_parameter_is_taken_off_another(void **state)
{
    char command[512], path[128];
    struct table table;
    struct diag diag;
    (void)state;
    snprintf(path, sizeof path, "%s/b.csv", directory);
    FILE *file = fopen(path, "w");
    fputs("exp,n,metric,value,unit\n", file);
    for (int n = 64; n <= 4096; n += 252)
        fprintf(file, "irqfd_add,%d,commit_per_route_part_setrouting,%.9g,us\n", n,
                10.0 * n + 0.1 * n * n);
    fclose(file);
    snprintf(command, sizeof command, "calibrate %s --dry-run", path);
    assert_int_equal(run(command, out, sizeof out), 0);
    assert_non_null(strstr(out, "irq_route_entry_s is to be taken off"));
    file = fopen(path, "a");
    for (int n = 64; n <= 4096; n += 252)
        fprintf(file, "set_gsi_routing_cost,%d,min,%.9g,us\n", n, 10 + 0.15 * n);
    fclose(file);
    char q[128];
    snprintf(q, sizeof q, "%s/q.csv", directory);
    unlink(q);
    snprintf(command, sizeof command, "calibrate %s -o %s", path, q);
    assert_int_equal(run(command, out, sizeof out), 0);
    assert_int_equal(table_read_file(&table, q, &diag), STATUS_OK);
    assert_true(fabs(value_of(&table, "irq_route_entry_s", "value") / 0.15e-6 - 1) < 0.001);
    assert_true(fabs(value_of(&table, "irq_route_irqfd_s", "value") / 0.05e-6 - 1) < 0.001);
    table_free(&table);
}

/* Runs without gnuplot: data and script are left. */
static void draw_nothing(const char *command)
{
    char kept[4096];
    const char *before = getenv("PATH");
    snprintf(kept, sizeof kept, "%s", before != NULL ? before : "");
    setenv("PATH", "/nonexistent", 1);
    int code = run(command, out, sizeof out);
    setenv("PATH", kept, 1);
    assert_int_equal(code, 74);
    assert_non_null(strstr(out, "gnuplot is not installed"));
}

/* Against a golden file of tests/plots (SCALESIM_GOLDEN=write makes it anew). */
static void expect_golden(const char *name, const char *golden_name)
{
    static char seen[1 << 16], golden[1 << 16];
    char path[256], golden_path[256];
    snprintf(path, sizeof path, "%s/pictures/%s.dat", directory, name);
    snprintf(golden_path, sizeof golden_path, "tests/plots/%s.dat", golden_name);
    size_t length = slurp(path, seen, sizeof seen);
    const char *mode = getenv("SCALESIM_GOLDEN");
    if (mode != NULL && strcmp(mode, "write") == 0) {
        FILE *file = fopen(golden_path, "w");
        assert_non_null(file);
        fwrite(seen, 1, length, file);
        fclose(file);
    }
    assert_int_equal(length, slurp(golden_path, golden, sizeof golden));
    assert_memory_equal(seen, golden, length);
}

/* A cost that falls to a third and rises again is no line; the picture says so. */
static void pictures_have_their_data(void **state)
{
    char command[512], path[128];
    static char script[1 << 14];
    (void)state;
    snprintf(path, sizeof path, "%s/b.csv", directory);
    FILE *file = fopen(path, "w");
    fputs("metric,n,min_us\n", file);
    for (int n = 1; n <= 16; n *= 2)
        fprintf(file, "irqfd_assign,%d,%d\n", n, n == 4 ? 1 : 3);
    fclose(file);
    snprintf(command, sizeof command,
             "calibrate data/traces/B_start_time.csv %s --plot %s/pictures --dry-run", path,
             directory);
    draw_nothing(command);
    expect_golden("disks-at-start", "fit");
    expect_golden("irqfds", "fit-refused");
    snprintf(path, sizeof path, "%s/pictures/irqfds.gp", directory);
    size_t length = slurp(path, script, sizeof script - 1);
    script[length] = '\0';
    assert_non_null(strstr(script, "Irqfds: the constant fit is refused, misses its data by"));
    assert_non_null(strstr(script, "refused = 1"));
}

static void a_run_is_drawn_over_the_prediction(void **state)
{
    char command[512], path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/q.csv", directory);
    FILE *file = fopen(path, "w");
    fputs("guests,libvirtd_fds\n200,430\n10,50\n100,>200\n", file);
    fclose(file);
    snprintf(command, sizeof command, "validate %s --host debian12 --plot %s/pictures", path,
             directory);
    draw_nothing(command);
    expect_golden("q-libvirtd_fds", "overlay");
    expect_golden("q-libvirtd_fds-parity", "fit-parity");
    snprintf(command, sizeof command, "validate %s --host debian12 --plot %s/q.csv/no", path,
             directory);
    assert_int_equal(run(command, out, sizeof out), 74);
    assert_non_null(strstr(out, "cannot be made"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_cost_comes_back),
        cmocka_unit_test(merging_replaces_and_keeps),
        cmocka_unit_test(bad_input_is_told),
        cmocka_unit_test(the_shipped_parameters_are_reproduced),
        cmocka_unit_test(the_model_has_the_calibrated_memory),
        cmocka_unit_test(a_calibrated_row_ranks_before_facts),
        cmocka_unit_test(one_parameter_is_taken_off_another),
        cmocka_unit_test(pictures_have_their_data),
        cmocka_unit_test(a_run_is_drawn_over_the_prediction),
        cmocka_unit_test(a_measured_curve_is_held_against_the_prediction),
    };
    return cmocka_run_group_tests(tests, made, removed);
}
