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

static void expect_score(const char *path, double rank1, double rank3, double counts)
{
    struct catalog catalog;
    struct score score;
    struct diag diag;
    assert_int_equal(catalog_load(&catalog, NULL, &diag), 0);
    if (score_cases(&score, &catalog, path, &diag) != 0) {
        diag_print(stderr, &diag);
        fail();
    }
    assert_true(score.scored > 10);
    assert_true((double)score.rank1 >= rank1 * (double)score.scored);
    assert_true((double)score.rank3 >= rank3 * (double)score.scored);
    assert_true((double)score.counted_right >= counts * (double)score.counted);
    score_free(&score);
    catalog_free(&catalog);
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

static void bad_cases_are_named(void **state)
{
    static const char head[] =
        "case,source,confidence,limit,ok,fails,bound,tolerance,note,guests\n";
    static const char *const rows[] = {"a,b,c,pty_maxx,1,2,wall,,,1\n",
                                       "a,b,c,pty_max,x,2,wall,,,1\n",
                                       "a,b,c,pty_max,1,2,wall,,,many\n", "a,b,c\n"};
    char path[] = "/tmp/scalesim-cases-XXXXXX";
    struct catalog catalog;
    struct diag diag;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(catalog_load(&catalog, NULL, &diag), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct score score;
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        fputs(head, out);
        fputs(rows[i], out);
        fclose(out);
        assert_int_equal(score_cases(&score, &catalog, path, &diag), STATUS_DATA);
        assert_int_equal(diag.line, 2);
        score_free(&score);
    }
    remove(path);
    catalog_free(&catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(measured_first_limits),
                                       cmocka_unit_test(incidents),
                                       cmocka_unit_test(bad_cases_are_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
