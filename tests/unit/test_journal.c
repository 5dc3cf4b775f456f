/* The journal: what is on disk counts, whatever happens. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/journal.h"
#include "tests/unit/folder.h"

enum { STUDY = 0x1234, BATCHES = 5 };

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    if (!folder_make(folder, sizeof folder))
        return -1;
    snprintf(path, sizeof path, "%s/journal", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void fill(uint64_t batches)
{
    struct journal journal;
    struct diag diag;
    unlink(path);
    assert_int_equal(journal_open(&journal, path, STUDY, BATCHES, false, &diag), 0);
    for (uint64_t i = 0; i < batches; i++) {
        char text[32];
        int length = snprintf(text, sizeof text, "rows of batch %d\n", (int)i);
        assert_int_equal(journal_append(&journal, i, text, (size_t)length, &diag), 0);
    }
    journal_close(&journal);
}

static void assert_batch(struct journal *journal, uint64_t batch)
{
    struct diag diag;
    char *bytes, text[32];
    size_t length;
    snprintf(text, sizeof text, "rows of batch %d\n", (int)batch);
    assert_int_equal(journal_read(journal, batch, &bytes, &length, &diag), 0);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
    free(bytes);
}

/* Cut after every byte: every whole record is kept, what is left of another is dropped. */
static void torn_tails_are_dropped(void **state)
{
    char whole[1024];
    fill(3);
    int file = open(path, O_RDONLY);
    ssize_t size = read(file, whole, sizeof whole);
    close(file);
    (void)state;
    for (ssize_t cut = 0; cut <= size; cut++) {
        struct journal journal;
        struct diag diag;
        file = open(path, O_WRONLY | O_TRUNC);
        assert_int_equal(write(file, whole, (size_t)cut), cut);
        close(file);
        assert_int_equal(journal_open(&journal, path, STUDY, BATCHES, true, &diag), 0);
        for (uint64_t i = 0; i < BATCHES; i++) {
            assert_int_equal(journal_has(&journal, i), i < journal.held);
            if (i < journal.held)
                assert_batch(&journal, i);
        }
        if (cut == size)
            assert_int_equal(journal.held, 3);
        assert_int_equal(journal_append(&journal, 4, "rows of batch 4\n", 16, &diag), 0);
        assert_batch(&journal, 4);
        journal_close(&journal);
        assert_int_equal(journal_open(&journal, path, STUDY, BATCHES, true, &diag), 0);
        assert_int_equal(journal.dropped_bytes, 0);
        assert_batch(&journal, 4);
        journal_close(&journal);
    }
}

static void flipped_bits_are_found(void **state)
{
    (void)state;
    for (off_t at = 60; at < 180; at++) {
        struct journal journal;
        struct diag diag;
        char byte;
        fill(3);
        int file = open(path, O_RDWR);
        if (pread(file, &byte, 1, at) != 1) {
            close(file);
            break;
        }
        byte ^= 4;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
        close(file);
        assert_int_equal(journal_open(&journal, path, STUDY, BATCHES, true, &diag), 0);
        assert_true(journal.held < 3);
        assert_true(journal.dropped_bytes > 0);
        for (uint64_t i = 0; i < journal.held; i++)
            assert_batch(&journal, i);
        journal_close(&journal);
    }
}

static void refuse(uint64_t study, uint64_t batches, bool resume, const char *why)
{
    struct journal journal;
    struct diag diag = {.line = 0};
    assert_true(journal_open(&journal, path, study, batches, resume, &diag) < 0);
    if (strstr(diag.message, why) == NULL)
        fail_msg("%s", diag.message);
    journal_close(&journal);
}

static void foreign_journals_are_refused(void **state)
{
    struct journal journal;
    struct diag diag;
    (void)state;
    fill(2);
    refuse(STUDY, BATCHES, false, "--resume goes on");
    refuse(STUDY + 1, BATCHES, true, "another study");
    refuse(STUDY, BATCHES + 1, true, "another study");
    assert_int_equal(journal_open(&journal, path, STUDY, BATCHES, true, &diag), 0);
    refuse(STUDY, BATCHES, true, "in use");
    journal_close(&journal);
    const char *const texts[] = {"scalesim-journal 1 0.0.1 0000000000001234 5\n", "a,b,c\n1,2,3\n"};
    const char *const whys[] = {"journal of scalesim 0.0.1", "not a journal"};
    for (size_t i = 0; i < 2; i++) {
        int file = open(path, O_WRONLY | O_TRUNC);
        assert_int_equal(write(file, texts[i], strlen(texts[i])), (ssize_t)strlen(texts[i]));
        close(file);
        refuse(STUDY, BATCHES, true, whys[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torn_tails_are_dropped),
        cmocka_unit_test(flipped_bits_are_found),
        cmocka_unit_test(foreign_journals_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
