/* The simulated half of an answer, as a user meets it: the same bytes at any number of threads, the
 * knee beside the wall, files, interruption, bad input. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/program.h"

static char out[1 << 20], again[1 << 20];

static void threads_change_no_byte(void **state)
{
    static const char *const asked[] = {
        "--host small --guests 12 --workload build --duration 0.05",
        "--host small --guests 6 --workload oltp --duration 0.05",
        "--host small --guests 20 --parallel-starts 0 --duration 0.05",
        "--host small --guests 4 --migrations 4 --duration 0.05",
    };
    static const char quick[] =
        "--json --replications 4 --parameter warmup_s=0.05,knee_reach=1,load_spread_s=0.01";
    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        char command[512];
        snprintf(command, sizeof command, "%s %s --seed 7 --threads 1", asked[i], quick);
        run(command, out, sizeof out);
        assert_non_null(strstr(out, "\"half_width\""));
        snprintf(command, sizeof command, "%s %s --seed 7 --threads 2", asked[i], quick);
        run(command, again, sizeof again);
        assert_string_equal(out, again);
        snprintf(command, sizeof command, "%s %s --seed 8 --threads 2", asked[i], quick);
        run(command, again, sizeof again);
        if (i < 3) /* migrations have no chance in them */
            assert_string_not_equal(out, again);
    }
}

static void no_simulate_leaves_it_out(void **state)
{
    (void)state;
    run("--guests 10", out, sizeof out);
    assert_non_null(strstr(out, "\nIn time, at 10 guests\n"));
    assert_non_null(strstr(out, "hard wall: bridge_ports after 1023 guests; knee: none up to"));
    run("--guests 10 --no-simulate", out, sizeof out);
    assert_null(strstr(out, "In time"));
    assert_null(strstr(out, "hard wall:"));
    run("--guests 10 --no-simulate --json", out, sizeof out);
    assert_non_null(strstr(out, "\"simulation\": null"));
}

/* 500 idle guests of 2008 were started, some 200 of them answered. */
static void a_knee_before_the_wall_is_told_and_counts(void **state)
{
    static const char host[] =
        "--host x3950m2-2008 --vcpus 1 --memory 128M --guest-hz 1000 --launcher qemu "
        "--duration 0.2 --parameter warmup_s=0.3,knee_reach=1 --replications 3";
    char command[512];
    (void)state;
    snprintf(command, sizeof command, "%s --guests 300", host);
    assert_int_equal(run(command, out, sizeof out), 1);
    assert_non_null(strstr(out, "\n  responsiveness breaks at 1"));
    snprintf(command, sizeof command, "%s --guests 300 --no-simulate", host);
    assert_int_equal(run(command, again, sizeof again), 1); /* 300 vCPUs on 32 CPUs */
    snprintf(command, sizeof command, "%s --guests 300 --linux 2.6.32", host);
    run(command, out, sizeof out);
    assert_null(strstr(out, "responsiveness breaks"));
}

static void a_guest_beyond_the_wall_is_refused_in_time_too(void **state)
{
    (void)state;
    assert_int_equal(run("--guests 60 --set pty_max=50 --json", out, sizeof out), 2);
    json_t *root = json_loads(out, 0, NULL);
    assert_non_null(root);
    size_t index;
    json_t *figure;
    int found = 0;
    json_array_foreach(json_object_get(json_object_get(root, "simulation"), "figures"), index,
                       figure)
    {
        const char *metric = json_string_value(json_object_get(figure, "metric"));
        double mean = json_number_value(json_object_get(figure, "mean"));
        if (strcmp(metric, "guests_started") == 0)
            found += mean == 50;
        if (strcmp(metric, "guests_refused") == 0)
            found += mean == 10;
    }
    assert_int_equal(found, 2);
    json_decref(root);
}

static char *slurp(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void timeline_and_series_are_written(void **state)
{
    char directory[] = "/tmp/scalesim-files-XXXXXX";
    char command[512], path[128];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(command, sizeof command,
             "--host small --guests 5 --trace %s/t.json --series %s/s.csv --duration 0.1",
             directory, directory);
    assert_int_equal(run(command, out, sizeof out), 1);
    snprintf(path, sizeof path, "%s/t.json", directory);
    json_t *root = json_loads(slurp(path), 0, NULL);
    assert_non_null(root);
    json_t *events = json_is_array(root) ? root : json_object_get(root, "traceEvents");
    size_t index, spans = 0;
    json_t *event;
    json_array_foreach(events, index, event) spans +=
        strcmp(json_string_value(json_object_get(event, "ph")), "X") == 0;
    assert_true(spans >= 5 * 3);
    json_decref(root);
    remove(path);
    snprintf(path, sizeof path, "%s/s.csv", directory);
    char *series = slurp(path);
    assert_int_equal(strncmp(series, "time_s,phase,metric,value\n", 26), 0);
    assert_non_null(strstr(series, ",start,guests_started,5\n"));
    assert_non_null(strstr(series, ",steady,cpus_busy,"));
    remove(path);
    assert_int_equal(rmdir(directory), 0); /* nothing half-written is left */
    assert_int_equal(run("--guests 1 --series /nonexistent/s.csv", out, sizeof out), 74);
}

static void interrupted_runs_say_so(void **state)
{
    char command[512];
    const char *program = getenv("SCALESIM");
    (void)state;
    snprintf(command, sizeof command,
             "timeout --preserve-status -s INT 0.7 %s --guests 500 --workload build --duration 60",
             program != NULL ? program : "./scalesim");
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, sizeof out - 1, pipe)] = '\0';
    assert_int_equal(WEXITSTATUS(pclose(pipe)), 130);
    assert_non_null(strstr(out, "(partial: interrupted)"));
    assert_non_null(strstr(out, "start_mean")); /* what was known by then */
}

static void bad_input_of_simulations(void **state)
{
    (void)state;
    assert_int_equal(run("--parameter wake_ss=1", out, sizeof out), 65);
    assert_non_null(strstr(out, "did you mean 'wake_s'?"));
    assert_int_equal(run("--parameter wake_s", out, sizeof out), 65);
    assert_int_equal(run("--parameter wake_s=fast", out, sizeof out), 65);
    assert_int_equal(run("--workload buildd", out, sizeof out), 65);
    assert_non_null(strstr(out, "did you mean 'build'?"));
    assert_int_equal(run("--workload cpu --think-us 0", out, sizeof out), 65);
    assert_int_equal(run("--workload netperf --host-link 0", out, sizeof out), 65);
    assert_non_null(strstr(out, "host_link: 0 cannot be simulated"));
    assert_int_equal(run("--host-cpus 0", out, sizeof out), 65);
    assert_int_equal(run("--host-cpus 0 --no-simulate", out, sizeof out), 1);
    assert_int_equal(run("--precision 2", out, sizeof out), 64);
    assert_int_equal(run("--seed x", out, sizeof out), 64);
    assert_int_equal(run("--replications 0", out, sizeof out), 64);
    assert_int_equal(run("--threads 0", out, sizeof out), 64);
    assert_int_equal(run("validate --targets /nonexistent.csv", out, sizeof out), 74);
}

/* As many guests are started as there are: a level on them breaks right above it. */
static void a_knee_is_the_first_count_above_its_level(void **state)
{
    char directory[] = "/tmp/scalesim-levels-XXXXXX";
    char path[128], command[512];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/slo.csv", directory);
    FILE *file = fopen(path, "w");
    fputs("slo,metric,worst,unit,when,source,description\n", file);
    static const char *const worst[] = {"0", "1", "41", "41.5", "118.9", "119", "120", "1e9"};
    for (size_t i = 0; i < sizeof worst / sizeof worst[0]; i++)
        fprintf(file, "level-%s,guests_started,%s,,,this test,too many\n", worst[i], worst[i]);
    fclose(file);
    snprintf(command, sizeof command,
             "--guests 120 --launcher qemu --catalog %s --parameter knee_reach=1", directory);
    assert_int_equal(run(command, out, sizeof out), 1);
    assert_non_null(strstr(out, "level-0        breaks at 1 guests (good at 0)"));
    assert_non_null(strstr(out, "level-1        breaks at 2 guests (good at 1)"));
    assert_non_null(strstr(out, "level-41       breaks at 42 guests (good at 41)"));
    assert_non_null(strstr(out, "level-41.5     breaks at 42 guests (good at 41)"));
    assert_non_null(strstr(out, "level-118.9    breaks at 119 guests (good at 118)"));
    assert_non_null(strstr(out, "level-119      breaks at 120 guests (good at 119)"));
    assert_non_null(strstr(out, "level-120      holds to 120 guests"));
    assert_non_null(strstr(out, "level-1e9      holds to 120 guests"));
    remove(path);
    rmdir(directory);
}

/* One coefficient and one service level, laid over the built-in ones. */
static void tables_are_laid_over(void **state)
{
    char directory[] = "/tmp/scalesim-overlay-XXXXXX";
    char path[128], command[512];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/slo.csv", directory);
    FILE *file = fopen(path, "w");
    fputs("slo,metric,worst,unit,when,source,description\n"
          "quick,start_p99,0.000001,s,,this test,a start takes longer than a microsecond\n",
          file);
    fclose(file);
    snprintf(command, sizeof command, "--guests 4 --catalog %s", directory);
    assert_int_equal(run(command, out, sizeof out), 1);
    assert_non_null(strstr(out, "knee: quick from 1 guests on"));
    file = fopen(path, "w");
    fputs("slo,metric,worst,unit,when,source,description\nquick,start_p98,1,s,,this test,x\n",
          file);
    fclose(file);
    assert_int_equal(run(command, out, sizeof out), 65);
    assert_non_null(strstr(out, "slo.csv:2: metric: unknown metric 'start_p98'"));
    assert_non_null(strstr(out, "did you mean 'start_p99'?"));
    remove(path);
    snprintf(path, sizeof path, "%s/parameters.csv", directory);
    file = fopen(path, "w");
    fputs("parameter,value,low,high,unit,when,since,until,fitted,source,confidence,description\n"
          "wake_s,1 +,,,s,,,,,this test,guess,x\n",
          file);
    fclose(file);
    assert_int_equal(run(command, out, sizeof out), 65);
    assert_non_null(strstr(out, "parameters.csv:2: value: "));
    remove(path);
    rmdir(directory);
}

/* Start times hold the mean of their own coefficients' draws; the draws are the same every time. */
static void coefficients_spread_the_answer(void **state)
{
    (void)state;
    run("--guests 5 --uncertainty 15 --duration 0.1 --json", out, sizeof out);
    run("--guests 5 --uncertainty 15 --duration 0.1 --json --threads 1", again, sizeof again);
    assert_string_equal(out, again);
    json_t *root = json_loads(out, 0, NULL);
    assert_non_null(root);
    size_t index;
    json_t *figure;
    bool found = false;
    json_array_foreach(json_object_get(json_object_get(root, "simulation"), "figures"), index,
                       figure)
    {
        if (strcmp(json_string_value(json_object_get(figure, "metric")), "start_mean") != 0)
            continue;
        json_t *range = json_object_get(figure, "coefficients");
        double mean = json_number_value(json_object_get(figure, "mean"));
        double low = json_number_value(json_array_get(range, 0));
        double high = json_number_value(json_array_get(range, 1));
        found = low < mean && mean < high && high < 3 * low;
    }
    assert_true(found);
    json_decref(root);
    run("--guests 5 --duration 0.1 --json", out, sizeof out);
    assert_non_null(strstr(out, "\"coefficients\": null"));
    assert_int_equal(run("--uncertainty -1", out, sizeof out), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(no_simulate_leaves_it_out),
        cmocka_unit_test(a_knee_before_the_wall_is_told_and_counts),
        cmocka_unit_test(a_knee_is_the_first_count_above_its_level),
        cmocka_unit_test(a_guest_beyond_the_wall_is_refused_in_time_too),
        cmocka_unit_test(timeline_and_series_are_written),
        cmocka_unit_test(interrupted_runs_say_so),
        cmocka_unit_test(bad_input_of_simulations),
        cmocka_unit_test(tables_are_laid_over),
        cmocka_unit_test(coefficients_spread_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
