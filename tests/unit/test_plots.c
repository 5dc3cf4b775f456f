/* Pictures by their data: golden files under tests/plots/ (SCALESIM_GOLDEN=write makes them anew),
 * what goes wrong, and the map against models bound cell by cell. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/text.h"
#include "plots/phase.h"
#include "tests/unit/loaded_catalog.h"
#include "tests/unit/program.h"

static char out[1 << 16];
static char folder[] = "/tmp/scalesim-plots-XXXXXX";

static int set_up(void **state)
{
    return mkdtemp(folder) == NULL ? -1 : load_catalog(state);
}

static int tear_down(void **state)
{
    char command[128];
    free_catalog(state);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static bool has_gnuplot(void)
{
    return system("command -v gnuplot >/dev/null 2>&1") == 0;
}

/* Runs plot with its output in the folder; PATH names no gnuplot, so that only data is written. */
static void write_data(const char *name, const char *arguments)
{
    char line[512];
    char path[256];
    struct stat there;
    snprintf(line, sizeof line, "plot %s -o %s/%s.svg", arguments, folder, name);
    const char *before = getenv("PATH");
    char kept[4096];
    snprintf(kept, sizeof kept, "%s", before != NULL ? before : "");
    setenv("PATH", "/nonexistent", 1);
    int code = run(line, out, sizeof out);
    setenv("PATH", kept, 1);
    assert_int_equal(code, 74);
    assert_non_null(strstr(out, "gnuplot is not installed"));
    snprintf(path, sizeof path, "%s/%s.svg", folder, name);
    assert_int_not_equal(stat(path, &there), 0);
}

static void data_is_the_golden_one(void **state)
{
    static const char *const pictures[][2] = {
        {"ladder", "ladder --guests 1000 --disks 4096"},
        {"staircase", "staircase --scenario ptys-2015"},
        {"phase", "phase --guests 100 --disks 400 --host debian12 --disk-aio native --disk-bus "
                  "virtio-scsi --x guests=2000 --y disks=20000 --cells 24 --no-simulate"},
        {"knees",
         "phase --guests 100 --host x3950m2-2008 --guest-hz 1000 --duration 0.1 --cells 24 "
         "--knee-points 1"},
        {"tornado", "tornado --guests 40 --host debian12"},
        {"ramp", "ramp --guests 20 --host debian12 --replications 2"},
        {"timeline", "timeline --guests 130 --host x3950m2-2008 --duration 0.01"},
        {"parity", "parity tests/cases/measured.csv"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        char seen_path[256];
        char golden_path[256];
        char *seen;
        char *golden;
        size_t length;
        struct diag diag;
        write_data(pictures[i][0], pictures[i][1]);
        snprintf(seen_path, sizeof seen_path, "%s/%s.dat", folder, pictures[i][0]);
        snprintf(golden_path, sizeof golden_path, "tests/plots/%s.dat", pictures[i][0]);
        assert_int_equal(text_read_file(seen_path, &seen, &length, &diag), 0);
        const char *mode = getenv("SCALESIM_GOLDEN");
        if (mode != NULL && strcmp(mode, "write") == 0) {
            FILE *file = fopen(golden_path, "w");
            assert_non_null(file);
            fputs(seen, file);
            fclose(file);
        }
        assert_int_equal(text_read_file(golden_path, &golden, &length, &diag), 0);
        assert_string_equal(seen, golden);
        free(seen);
        free(golden);
    }
}

/* Every kind is drawn without a word from gnuplot, and leaves nothing else behind. */
static void pictures_are_drawn(void **state)
{
    static const char *const kinds[] = {"ladder", "staircase", "phase --cells 20"};
    static const char *const suffixes[] = {"svg", "png"};
    (void)state;
    if (!has_gnuplot())
        skip();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t s = 0; s < 2; s++) {
            char line[512];
            char path[256];
            struct stat there;
            snprintf(path, sizeof path, "%s/it's %zu.%s", folder, i, suffixes[s]);
            snprintf(line, sizeof line, "plot %s --guests 100 -o \"%s\"", kinds[i], path);
            assert_int_equal(run(line, out, sizeof out), 0);
            assert_string_equal(out, "");
            assert_int_equal(stat(path, &there), 0);
            assert_true(there.st_size > 1000);
            strcpy(strrchr(path, '.'), ".dat");
            assert_int_not_equal(stat(path, &there), 0);
        }
    }
    assert_int_equal(run("plot ladder --guests 100 -o -", out, sizeof out), 0);
    assert_non_null(strstr(out, "bridge_ports"));
    assert_null(strchr(out, '\033')); /* letters alone */
}

/* What is kept draws the same picture again. */
static void kept_script_draws_again(void **state)
{
    char line[512];
    char path[256];
    struct stat there;
    (void)state;
    if (!has_gnuplot())
        skip();
    snprintf(line, sizeof line, "plot ladder --guests 9 --keep -o %s/kept.svg", folder);
    assert_int_equal(run(line, out, sizeof out), 0);
    snprintf(path, sizeof path, "%s/kept.dat", folder);
    assert_int_equal(stat(path, &there), 0);
    snprintf(path, sizeof path, "%s/kept.svg", folder);
    assert_int_equal(unlink(path), 0);
    snprintf(line, sizeof line, "cd %s && gnuplot kept.gp", folder);
    assert_int_equal(system(line), 0);
    assert_int_equal(stat(path, &there), 0);
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *arguments;
        int code;
        const char *says;
    } wrong[] = {
        {"plot laddr -o x.svg", 64, "did you mean 'ladder'?"},
        {"plot -o x.svg", 64, "plot takes ladder"},
        {"plot ladder", 64, "plot needs -o"},
        {"plot ladder -o x.pdf", 64, "x.pdf"},
        {"plot ladder -o dir.svg/x", 64, "ends in .svg or .png"},
        {"plot phase --x gests -o x.svg", 64, "did you mean 'guests'?"},
        {"plot phase --x disks --y disks -o x.svg", 64, "both axes are disks"},
        {"plot phase --x guests=9..3 -o x.svg", 64, "LOW..HIGH"},
        {"plot phase --x disk_bus -o x.svg", 64, "disk_bus"},
        {"plot timeline --ramp disks --guests 1 -o x.svg", 64, "only a ramp of guests"},
        {"report --guests 9 -o x.txt", 64, "-o FILE.html or FILE.md"},
        {"report --guests 9 --format pdf -o x.pdf", 64, "expected html or markdown"},
        {"plot parity -o x.svg", 64, "plot parity takes files"},
        {"plot parity nowhere.csv -o x.svg", 74, "nowhere.csv"},
        {"plot ramp --ramp disks --guests 1 -o x.svg", 64, "only a ramp of guests"},
        {"plot ladder --guests 9 -o /nonexistent/x.svg", 74, "/nonexistent/x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int code = run(wrong[i].arguments, out, sizeof out);
        if (code != wrong[i].code || strstr(out, wrong[i].says) == NULL)
            fail_msg("%s: exit %d: %s", wrong[i].arguments, code, out);
    }
}

/* Whatever a browser would load from elsewhere: links, pictures, styles, scripts. Names of XML
 * namespaces are none; what follows # is in the file itself. */
static void fetches_nothing(const char *html)
{
    static const char *const loads[] = {"src=",       "srcset=", "<link", "<script", "<iframe",
                                        "<object",    "<embed",  "<base", "@import", "<?xml",
                                        "http-equiv", "ping=",   "<form", "<image"};
    static const char *const refers[] = {"href=", "url("};
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        if (strstr(html, loads[i]) != NULL)
            fail_msg("the report has %s", loads[i]);
    }
    for (size_t i = 0; i < sizeof refers / sizeof refers[0]; i++) {
        for (const char *at = html; (at = strstr(at, refers[i])) != NULL;) {
            at += strlen(refers[i]);
            at += *at == '"' || *at == '\'' ? 1 : 0;
            if (*at != '#')
                fail_msg("the report refers to %.40s", at);
        }
    }
}

/* Chromium finds nothing to complain of and asks for nothing but the file; by hand, as it takes
 * some seconds:
 *
 *     unshare -n chromium --headless --no-sandbox --disable-gpu --log-net-log=net.json \
 *         --screenshot=report.png --window-size=1100,9000 --enable-logging=stderr --v=0 \
 *         file://$PWD/report.html
 *
 * No line of stderr has CONSOLE, and net.json names no URL that it does not name for about:blank.
 */

static const char *const sections[] = {"Arithmetic",
                                       "Ladder",
                                       "Limits",
                                       "Assumptions",
                                       "Headroom of every limit",
                                       "Which limit binds where",
                                       "What each fix gains",
                                       "What matters most",
                                       "Remedies and sources",
                                       "To reproduce"};

/* Markdown has the same sections, and pictures that lie beside it. */
static void markdown_has_pictures_beside_it(void **state)
{
    static const char *const kinds[] = {"ladder",  "phase", "staircase",
                                        "tornado", "ramp",  "timeline"};
    static const char *const simulated[] = {"In time", "Starts along the ramp", "Over time"};
    char line[512];
    char path[256];
    char text[64];
    char *page;
    size_t length;
    struct diag diag;
    struct stat there;
    (void)state;
    if (!has_gnuplot())
        skip();
    snprintf(path, sizeof path, "%s/page.md", folder);
    snprintf(line, sizeof line,
             "report --guests 5 --host small --duration 0.1 --knee-points 1 -o %s", path);
    assert_int_equal(run(line, out, sizeof out), 0);
    assert_string_equal(out, "");
    assert_int_equal(text_read_file(path, &page, &length, &diag), 0);
    assert_int_equal(strncmp(page, "# tight: 5 guests", 17), 0);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        snprintf(text, sizeof text, "\n## %s\n", sections[i]);
        if (strcmp(sections[i], "Ladder") != 0 && strstr(page, text) == NULL)
            fail_msg("no section %s", sections[i]);
    }
    for (size_t i = 0; i < sizeof simulated / sizeof simulated[0]; i++) {
        snprintf(text, sizeof text, "\n## %s\n", simulated[i]);
        assert_non_null(strstr(page, text));
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        snprintf(text, sizeof text, "](<page-%s.svg>)", kinds[i]);
        assert_non_null(strstr(page, text));
        snprintf(path, sizeof path, "%s/page-%s.svg", folder, kinds[i]);
        assert_int_equal(stat(path, &there), 0);
    }
    free(page);
}

/* One file with its pictures, nothing fetched; the command that it states makes it again. */
static void report_is_self_contained(void **state)
{
    char line[512];
    char path[256];
    char *html;
    size_t length;
    struct diag diag;
    (void)state;
    if (!has_gnuplot())
        skip();
    snprintf(path, sizeof path, "%s/report.html", folder);
    snprintf(line, sizeof line, "report --guests 1100 --no-simulate -o %s", path);
    assert_int_equal(run(line, out, sizeof out), 0);
    assert_string_equal(out, "");
    assert_int_equal(text_read_file(path, &html, &length, &diag), 0);
    assert_non_null(strstr(html, "<h1>does not fit: 1 100 guests"));
    assert_non_null(strstr(html, "scalesim report --guests '1100' --no-simulate"));
    fetches_nothing(html);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        char heading[64];
        snprintf(heading, sizeof heading, "<h2>%s</h2>", sections[i]);
        if (strstr(html, heading) == NULL)
            fail_msg("no section %s", sections[i]);
    }
    size_t pictures = 0;
    for (const char *at = html; (at = strstr(at, "<svg")) != NULL; at++)
        pictures++;
    assert_int_equal(pictures, 4);
    free(html);
    assert_int_equal(run("report --guests 9 -o x.pdf", out, sizeof out), 64);
}

/* A cell fits exactly when a model bound to it alone says so. */
static void map_agrees_with_models(void **state)
{
    enum { CELLS = 14 };
    struct scenario *scenario = malloc(sizeof *scenario);
    struct diag diag;
    struct phase_map map;
    (void)state;
    assert_int_equal(scenario_init(scenario, &diag), 0);
    assert_int_equal(scenario_set(scenario, "guests", "100", &diag), 0);
    struct phase_question question = {.catalog = &catalog,
                                      .scenario = scenario,
                                      .x = "guests=3000",
                                      .y = "disks=60000",
                                      .cells = CELLS};
    assert_int_equal(phase_find(&map, &question, &diag), 0);
    for (unsigned x = 0; x < CELLS; x++) {
        for (unsigned y = 0; y < CELLS; y++) {
            struct scenario *cell = malloc(sizeof *cell);
            struct model *model;
            char text[32];
            bool fits = true;
            *cell = *scenario;
            snprintf(text, sizeof text, "%.0f", phase_middle(&map, &map.x, x));
            assert_int_equal(scenario_set(cell, "guests", text, &diag), 0);
            snprintf(text, sizeof text, "%.0f", phase_middle(&map, &map.y, y));
            assert_int_equal(scenario_set(cell, "disks", text, &diag), 0);
            assert_int_equal(scenario_spread(cell, &diag), 0);
            assert_int_equal(model_new(&model, &catalog, cell, &diag), 0);
            for (size_t i = 0; i < model_limit_count(model); i++) {
                struct headroom at;
                bool over = model_touches(model, i) &&
                            model_exceeds(model, i, model_requested(model), false, &at);
                fits = fits && !(over && limit_is_fatal(model_limit(model, i)));
            }
            if (fits != (map.limit[x * CELLS + y] < 0))
                fail_msg("%s disks, column %u: %s", text, x, fits ? "fits" : "does not fit");
            model_free(model);
            free(cell);
        }
    }
    phase_free(&map);
    free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_the_golden_one),
        cmocka_unit_test(pictures_are_drawn),
        cmocka_unit_test(kept_script_draws_again),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(map_agrees_with_models),
        cmocka_unit_test(report_is_self_contained),
        cmocka_unit_test(markdown_has_pictures_beside_it),
    };
    return cmocka_run_group_tests_name("plots", tests, set_up, tear_down);
}
