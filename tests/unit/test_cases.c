/* The model's score on real cases must not fall: measured first limits and public incidents. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "calibrate/cases.h"
#include "tests/unit/loaded_catalog.h"

static void expect_score(const char *path, double rank1, double rank3, double counts)
{
    struct score score;
    struct diag diag;
    if (score_cases(&score, &catalog, path, &diag) != 0) {
        diag_print(stderr, &diag);
        fail();
    }
    assert_true(score.scored > 10);
    assert_true((double)score.rank1 >= rank1 * (double)score.scored);
    assert_true((double)score.rank3 >= rank3 * (double)score.scored);
    assert_true((double)score.counted_right >= counts * (double)score.counted);
    score_free(&score);
}

/* Scores the text as a file of cases. */
static int score_text(struct score *score, const char *head, const char *rows, struct diag *diag)
{
    char path[] = "/tmp/scalesim-cases-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    assert_non_null(out);
    fprintf(out, "%s%s", head, rows);
    fclose(out);
    int status = score_cases(score, &catalog, path, diag);
    remove(path);
    return status;
}

static void measured_first_limits(void **state)
{
    (void)state;
    expect_score("tests/cases/measured.csv", 0.95, 0.97, 0.95);
}

static void incidents(void **state)
{
    (void)state;
    expect_score("tests/cases/incidents.csv", 0.90, 0.97, 0.90);
}

/* Each bound against a prediction of 4095 ptys that work and 4096 that do not. */
static void bounds_judge_counts(void **state)
{
    static const struct {
        const char *text;
        bool limit, count_scored, count;
    } rows[] = {
        {"pty_max,4095,4096,wall,", true, true, true},
        {"pty_max,4094,4095,wall,", true, true, false},
        {"pty_max,4000,4001,wall,0.05", true, true, true},
        {"pty_max,4000,5000,wall,", true, true, true},  /* a bracket around it */
        {"pty_max,4096,5000,wall,", true, true, false}, /* a bracket beside it */
        {"pty_max,,4096,,", true, true, true},          /* no bound: a wall */
        {"pty_max,,,wall,", true, false, false},        /* no count told */
        {"pty_max,100,,cap,", true, true, true},        /* it went on */
        {"pty_max,5000,,cap,", true, true, false},      /* it went on further than predicted */
        {",4095,,none,", true, false, false},           /* nothing failed */
        {",4096,,none,", false, false, false},          /* nothing failed, though predicted */
        {"threads_max,1,2,wall,", false, true, false},
    };
    static const char head[] = "case,limit,ok,fails,bound,tolerance,guests,bridges,host_memory\n";
    struct diag diag;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct score score;
        char row[128];
        snprintf(row, sizeof row, "a,%s,1,8,64T\n", rows[i].text);
        if (score_text(&score, head, row, &diag) != 0)
            fail_msg("%s: %s: %s", rows[i].text, diag.column, diag.message);
        const struct case_result *result = &score.results[0];
        if ((result->rank == 1) != rows[i].limit || result->count_scored != rows[i].count_scored ||
            (result->count_scored && result->count_right != rows[i].count))
            fail_msg("%s: rank %d, max_ok %g", rows[i].text, result->rank, result->max_ok);
        assert_true((result->derivation != NULL) == case_missed(result));
        score_free(&score);
    }
}

static void bad_cases_are_named(void **state)
{
    static const char head[] =
        "case,source,confidence,limit,ok,fails,bound,tolerance,note,guests\n";
    static const char *const rows[] = {
        "a,b,c,pty_maxx,1,2,wall,,,1\n",   "a,b,c,pty_max,x,2,wall,,,1\n",
        "a,b,c,pty_max,1,2,wall,,,many\n", "a,b,c\n",
        "a,b,c,pty_max,1,2,wal,,,1\n",     "a,b,c,pty_max,1,2,wall,x,,1\n"};
    struct diag diag;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct score score;
        char text[256];
        snprintf(text, sizeof text, "%sgood,b,c,bridge_ports,1023,1024,wall,,,1\n", rows[i]);
        int status = score_text(&score, head, text, &diag);
        if (status == STATUS_OK) { /* the row is missed and tells why; the next one is scored */
            assert_non_null(score.results[0].bad);
            diag = *score.results[0].bad;
            assert_int_equal(score.count, 2);
            assert_int_equal(score.scored, 2);
            assert_int_equal(score.rank1, 1);
            assert_true(case_missed(&score.results[0]));
        } else {
            assert_int_equal(status, STATUS_DATA);
        }
        assert_int_equal(diag.line, 2);
        score_free(&score);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measured_first_limits), cmocka_unit_test(incidents),
        cmocka_unit_test(bounds_judge_counts), cmocka_unit_test(bad_cases_are_named)};
    return cmocka_run_group_tests_name("cases", tests, load_catalog, free_catalog);
}
