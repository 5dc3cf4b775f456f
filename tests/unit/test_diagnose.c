/* Error texts seen on real hosts against the limits behind them (tests/symptoms.csv). */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "model/diagnose.h"
#include "model/text.h"
#include "tests/unit/loaded_catalog.h"

struct tally {
    size_t texts, first, third;
};

static struct tally tally_texts(const char *kind)
{
    static const char *const names[] = {"kind", "text", "limit", "source"};
    struct tally tally = {0};
    struct table table;
    struct diag diag;
    int column[4];
    char *text;
    size_t length;
    assert_int_equal(text_read_file("tests/symptoms.csv", &text, &length, &diag), 0);
    assert_int_equal(table_parse(&table, "symptoms.csv", text, length, &diag), 0);
    assert_int_equal(table_expect(&table, names, 4, column, &diag), 0);
    for (size_t row = 0; row < table.rows; row++) {
        struct diagnosis found[3];
        if (strcmp(table_cell(&table, row, column[0]), kind) != 0)
            continue;
        int wanted = catalog_limit_number(&catalog, table_cell(&table, row, column[2]));
        if (wanted < 0)
            fail_msg("no limit %s", table_cell(&table, row, column[2]));
        int count = diagnose(&catalog, table_cell(&table, row, column[1]), found, 3, &diag);
        assert_true(count >= 0);
        tally.texts++;
        tally.first += count > 0 && found[0].limit->number == wanted;
        for (int i = 0; i < count; i++)
            tally.third += found[i].limit->number == wanted;
    }
    print_message("%s: %zu texts, %zu right at rank 1, %zu within 3\n", kind, tally.texts,
                  tally.first, tally.third);
    table_free(&table);
    free(text);
    return tally;
}

static void errors_of_qemu_and_the_kernel(void **state)
{
    (void)state;
    struct tally tally = tally_texts("measured");
    assert_true(tally.texts >= 40);
    assert_true((double)tally.third >= 0.85 * (double)tally.texts);
}

/* What people wrote is not what the program printed, and often names no symptom at all. */
static void words_of_reporters(void **state)
{
    (void)state;
    struct tally tally = tally_texts("incident");
    assert_true(tally.texts >= 100);
    assert_true((double)tally.third >= 0.5 * (double)tally.texts);
}

static void each_limit_once_and_best_first(void **state)
{
    struct diagnosis found[400];
    struct diag diag;
    (void)state;
    int count = diagnose(&catalog, "Too many open files", found, 400, &diag);
    assert_true(count > 3);
    for (int i = 0; i < count; i++) {
        assert_true(found[i].score > 0);
        assert_true(i == 0 || found[i - 1].score >= found[i].score);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(found[i].limit->number, found[j].limit->number);
    }
    assert_int_equal(diagnose(&catalog, "Too many open files", found, 1, &diag), 1);
    assert_int_equal(diagnose(&catalog, "", found, 400, &diag), 0);
    assert_int_equal(diagnose(&catalog, " ;-) \x80\xff qqqq", found, 400, &diag), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_qemu_and_the_kernel),
        cmocka_unit_test(words_of_reporters),
        cmocka_unit_test(each_limit_once_and_best_first),
    };
    return cmocka_run_group_tests_name("diagnose", tests, load_catalog, free_catalog);
}
