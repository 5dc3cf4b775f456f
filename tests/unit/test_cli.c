/* The program as a user meets it: exit codes, verdicts, errors, the edge counts of a limit. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/program.h"
#include "tests/unit/schema.h"

static char out[1 << 20];

static void edge_counts_of_bridge_ports(void **state)
{
    (void)state;
    assert_int_equal(run("--guests 0", out, sizeof out), 0);
    assert_int_equal(run("--guests 1", out, sizeof out), 0);
    assert_int_equal(run("--guests 1023", out, sizeof out), 1);
    assert_non_null(strstr(out, "at most 1 023 work; first to fail: bridge_ports"));
    assert_int_equal(run("--guests 1024", out, sizeof out), 2);
    assert_non_null(strstr(out, "1 024 ports wanted at 1 024 guests, 1 023 allowed"));
    assert_int_equal(run("--guests 1024 --bridges 2 --host large", out, sizeof out), 1);
}

static void disks_spread_evenly(void **state)
{
    (void)state;
    run("--guests 1000 --disks 4096", out, sizeof out);
    assert_non_null(
        strstr(out, "96 x guest+: machine pc, vcpus 2, memory 1 GiB, disks_per_guest 5"));
    assert_non_null(
        strstr(out, "904 x guest: machine pc, vcpus 2, memory 1 GiB, disks_per_guest 4"));
    run("--guests 10 --disks 15 --nics 12 --json", out, sizeof out);
    json_error_t error;
    json_t *root = json_loads(out, 0, &error);
    double disks = 0;
    double nics = 0;
    size_t index;
    json_t *item;
    double guests = 0;
    json_array_foreach(json_object_get(root, "assumptions"), index, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        double value = json_number_value(json_object_get(item, "value"));
        if (strcmp(name, "guests") == 0)
            guests = value; /* of the class whose other options follow */
        disks += strcmp(name, "disks_per_guest") == 0 ? guests * value : 0;
        nics += strcmp(name, "nics_per_guest") == 0 ? guests * value : 0;
    }
    assert_true(disks == 15 && nics == 12);
    json_decref(root);
    assert_int_equal(run("--guests 0 --disks 1", out, sizeof out), 65);
    assert_int_equal(run("--guests 2 --disks 0", out, sizeof out), 0);
}

static void a_flag_of_another_verb_is_told(void **state)
{
    (void)state;
    assert_int_equal(run("--guests 10 --shard 1/2", out, sizeof out), 64);
    assert_non_null(strstr(out, "--shard is a flag of sweep, not of run"));
    assert_int_equal(run("--full limits", out, sizeof out), 64);
    assert_non_null(strstr(out, "--full is a flag of run, not of limits"));
    assert_int_equal(run("--cells 10 report -o x.html", out, sizeof out), 64);
    assert_non_null(strstr(out, "--cells is a flag of plot, not of report"));
    assert_int_equal(run("--guests 10 --seed 1e30", out, sizeof out), 64);
    assert_non_null(strstr(out, "--seed: '1e30' is not a number from 0 to"));
}

/* What the README shows is what the program prints. */
static void readme_shows_the_truth(void **state)
{
    static char readme[1 << 17];
    (void)state;
    FILE *file = fopen("README.md", "r");
    assert_non_null(file);
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    fclose(file);
    char *screen =
        strstr(readme, "<!-- screen -->\n```\n$ ./scalesim --guests 1000 --disks 4096\n");
    assert_non_null(screen);
    screen = strchr(strchr(screen, '$'), '\n') + 1;
    *strstr(screen, "```") = '\0';
    run("--guests 1000 --disks 4096", out, sizeof out);
    assert_string_equal(screen, out);
}

/* One document, or a line each. */
static void json_is_of_its_schema(void **state)
{
    static const struct {
        const char *command, *name; /* of a definition; NULL: the schema itself */
    } cases[] = {
        {"--guests 1000 --disks 4096 --json", NULL},
        {"--guests 10 --no-simulate --json", NULL},
        {"--guests 10 --workload oltp --duration 0.1 --uncertainty 3 --json", NULL},
        {"validate tests/cases/measured.csv tests/cases/incidents.csv --json", "score"},
        {"validate tests/unit/curve.csv --json --host debian12", "curve"},
        {"validate tests/unit/curve.csv --json --host debian12 --k-fold 2", "curve"},
        {"sweep --guests 0,1,5000 --disks 4 --json", "row"},
        {"sweep --guests 1,2 --knees --duration 0.1 --json", "row"},
        {"sweep --sobol 8 --memory 1G..2G --kernel 5.10,6.12 --json", "sensitivity"},
    };
    json_error_t error;
    (void)state;
    json_t *schema = json_load_file("data/schema.json", 0, &error);
    assert_non_null(schema);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const json_t *shape =
            cases[i].name == NULL
                ? schema
                : json_object_get(json_object_get(schema, "$defs"), cases[i].name);
        run(cases[i].command, out, sizeof out);
        size_t documents = 0;
        for (const char *at = out; *at != '\0'; at += error.position) {
            if (*at != '{') { /* an end of line, or a message */
                size_t line = strcspn(at, "\n");
                error.position = (int)(line + (at[line] == '\n'));
                continue;
            }
            json_t *root = json_loads(at, JSON_DISABLE_EOF_CHECK, &error);
            const char *fault = root != NULL ? schema_fault(schema, shape, root) : error.text;
            if (fault != NULL)
                fail_msg("%s: %s", cases[i].command, fault);
            json_decref(root);
            documents++;
        }
        assert_true(documents > 0);
    }
    json_decref(schema);
}

static void bad_input_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(run("--disk-bus virtio-blok", out, sizeof out), 65);
    assert_non_null(strstr(out, "did you mean 'virtio-blk'?"));
    assert_int_equal(run("--guests many", out, sizeof out), 65);
    assert_int_equal(run("--guests -1", out, sizeof out), 65);
    assert_int_equal(run("--guests 1.5", out, sizeof out), 65);
    assert_int_equal(run("--host debian13", out, sizeof out), 65);
    assert_non_null(strstr(out, "did you mean 'debian12'?"));
    assert_int_equal(run("--set pid_maxx=1", out, sizeof out), 65);
    assert_non_null(strstr(out, "did you mean 'pid_max'?"));
    assert_int_equal(run("--ramp guest", out, sizeof out), 65);
    assert_int_equal(run("--no-such-flag", out, sizeof out), 64);
    assert_int_equal(run("launch", out, sizeof out), 64);
    assert_int_equal(run("limits a b", out, sizeof out), 64);
    assert_int_equal(run("--ramp disk_bus", out, sizeof out), 65);
    assert_null(strstr(out, "did you mean 'disk_bus'"));
    assert_int_equal(run("--guests 0 --nics 0", out, sizeof out), 0);
    assert_int_equal(run("--scenario /nonexistent.ini", out, sizeof out), 74);
}

static void built_in_scenarios_run_by_name(void **state)
{
    (void)state;
    assert_int_equal(run("--scenario bridge-ports-2015 --nics-per-guest 1024", out, sizeof out), 2);
    assert_non_null(strstr(out, "at most 1 023 work; first to fail: bridge_ports"));
    assert_int_equal(run("--scenario bridge-port-2015", out, sizeof out), 65);
    assert_non_null(strstr(out, " bridge-ports-2015 "));
    assert_non_null(strstr(out, " kernbench-hog-2008; did you mean 'bridge-ports-2015'?"));
}

static void an_expectation_is_read_and_changes_no_answer(void **state)
{
    static const char *const bad[] = {"limits = pty_max", "ok = many", "fails = -1"};
    char path[] = "/tmp/scalesim-expect-XXXXXX";
    char command[128];
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(command, sizeof command, "--scenario %s", path);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, "[guest]\ncount = 1\n[expect]\n%s\n", bad[i]);
        fclose(file);
        assert_int_equal(run(command, out, sizeof out), 65);
        assert_non_null(strstr(out, ":4: "));
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("[guest]\ncount = 1\n[expect]\nlimit = pty_max\nok = 0\nfails = 1\n", file);
    fclose(file);
    assert_int_equal(run(command, out, sizeof out), 0);
    remove(path);
}

static void limits_can_be_set_and_used(void **state)
{
    (void)state;
    assert_int_equal(run("--guests 100 --set pty_max=50", out, sizeof out), 2);
    assert_non_null(strstr(out, "at most 50 work; first to fail: pty_max"));
    assert_int_equal(run("--guests 100 --set pty_max=50 --used ptys=10", out, sizeof out), 2);
    assert_non_null(strstr(out, "at most 40 work; first to fail: pty_max"));
    run("--disk-aio io_uring --set kernel.io_uring_disabled=2", out, sizeof out);
    assert_non_null(strstr(out, "at most 0 work; first to fail: io_uring_disabled"));
    assert_int_equal(run("--disk-aio io_uring --set io_uring_disabled=0", out, sizeof out), 0);
}

static void explain_and_diagnose(void **state)
{
    (void)state;
    assert_int_equal(run("explain fs.aio-max-nr --disk-aio native", out, sizeof out), 0);
    assert_non_null(strstr(out, "1024"));
    assert_non_null(strstr(out, "eras:"));
    assert_non_null(strstr(out, "in use now: cat /proc/sys/fs/aio-nr"));
    assert_int_equal(run("explain fs.aio-max-nr --disk-aio threads", out, sizeof out), 0);
    assert_non_null(strstr(out, "nothing in this scenario uses it"));
    assert_int_equal(run("explain aio_max_nrr", out, sizeof out), 65);
    assert_int_equal(run("diagnose 'failed to create linux AIO context: Resource temporarily "
                         "unavailable'",
                         out, sizeof out),
                     0);
    assert_non_null(strstr(out, "1. fs_aio_max_nr"));
    assert_int_equal(run("diagnose 'Exchange full'", out, sizeof out), 0);
    assert_non_null(strstr(out, "1. bridge_ports"));
    assert_int_equal(run("limits bridge", out, sizeof out), 0);
    assert_non_null(strstr(out, "bridge_ports"));
}

static void same_question_same_bytes(void **state)
{
    static char again[1 << 20];
    (void)state;
    run("--guests 300 --json", out, sizeof out);
    run("--guests 300 --json", again, sizeof again);
    assert_string_equal(out, again);
}

/* Cross-validation is of measured curves, by validate, in 2 to 64 folds. */
static void test_k_fold(void **state)
{
    static const char *const wrong[] = {
        "validate tests/cases/incidents.csv --k-fold 3", "validate --targets --k-fold 3",
        "validate run.csv --k-fold 1", "validate run.csv --k-fold five", "--k-fold 3"};
    char path[] = "/tmp/scalesim_run_XXXXXX", arguments[128];
    static const char text[] = "guests,libvirtd_fds\n10,47\n20,67\n40,107\n80,187\n160,347\n";
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(run(wrong[i], out, sizeof out), 64);
        assert_non_null(strstr(out, "k-fold"));
    }
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    snprintf(arguments, sizeof arguments, "validate %s --k-fold 5", path);
    assert_int_equal(run(arguments, out, sizeof out), 0);
    assert_non_null(strstr(out, "5 folds: n 5 from 4, MAPE 0.0 %"));
    assert_non_null(strstr(out, "fold 5: n 1 from 4"));
    snprintf(arguments, sizeof arguments, "validate %s --k-fold 5 --json", path);
    assert_int_equal(run(arguments, out, sizeof out), 0);
    assert_non_null(strstr(out, "\"k_fold\""));
    snprintf(arguments, sizeof arguments, "validate %s --k-fold 6", path);
    assert_int_equal(run(arguments, out, sizeof out), 0);
    assert_non_null(strstr(out, "not cross-validated: 5 different counts"));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_k_fold),
        cmocka_unit_test(edge_counts_of_bridge_ports),
        cmocka_unit_test(a_flag_of_another_verb_is_told),
        cmocka_unit_test(disks_spread_evenly),
        cmocka_unit_test(readme_shows_the_truth),
        cmocka_unit_test(json_is_of_its_schema),
        cmocka_unit_test(bad_input_is_told_once),
        cmocka_unit_test(limits_can_be_set_and_used),
        cmocka_unit_test(explain_and_diagnose),
        cmocka_unit_test(same_question_same_bytes),
        cmocka_unit_test(built_in_scenarios_run_by_name),
        cmocka_unit_test(an_expectation_is_read_and_changes_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
