/* The journal: what is on disk counts, whatever happens; and studies that are killed. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/journal.h"

enum { STUDY = 0x1234, BATCHES = 5 };

static char folder[64], path[128], rows[128], beside[160], part[160], spare[160], expected[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scalesim-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/journal", folder);
    snprintf(rows, sizeof rows, "%s/rows.csv", folder);
    snprintf(expected, sizeof expected, "%s/expected.csv", folder);
    snprintf(beside, sizeof beside, "%s.journal", rows);
    snprintf(part, sizeof part, "%s.part", rows);
    snprintf(spare, sizeof spare, "%s/spare", folder);
    return 0;
}

static int remove_folder(void **state)
{
    const char *const files[] = {path, rows, expected, beside, part, spare};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(files[i]);
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

/* Batches in a journal's file, each only once. */
static size_t count_records(const char *name, bool seen[4096])
{
    struct {
        uint32_t magic, length;
        uint64_t batch, checksum;
    } record;
    size_t count = 0;
    int byte;
    FILE *file = fopen(name, "r");
    memset(seen, 0, 4096);
    if (file == NULL)
        return 0;
    while ((byte = fgetc(file)) != EOF && byte != '\n')
        continue;
    while (fread(&record, sizeof record, 1, file) == 1 && record.batch < 4096) {
        long end = ftell(file) + (long)record.length;
        fseek(file, 0, SEEK_END);
        if (ftell(file) < end) /* torn */
            break;
        fseek(file, end, SEEK_SET);
        assert_false(seen[record.batch]);
        seen[record.batch] = true;
        count++;
    }
    fclose(file);
    return count;
}

/* Starts the study; kills it after so many microseconds, or waits when that is 0. */
static bool run_study(const char *out, bool resume, unsigned threads, useconds_t kill_after_us)
{
    const char *program = getenv("SCALESIM") != NULL ? getenv("SCALESIM") : "./scalesim";
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) != NULL)
            execl(program, program, "sweep", "--guests", "5..4000:5", "--disks", "1..9001:100",
                  "--threads", threads == 1 ? "1" : "2", "-o", out, resume ? "--resume" : NULL,
                  (char *)NULL);
        _exit(127);
    }
    if (kill_after_us > 0) {
        usleep(kill_after_us);
        kill(child, SIGKILL);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return !WIFSIGNALED(status);
}

static void same_files(const char *left, const char *right)
{
    FILE *a = fopen(left, "r");
    FILE *b = fopen(right, "r");
    int from_a, from_b;
    assert_non_null(a);
    assert_non_null(b);
    do {
        from_a = fgetc(a);
        from_b = fgetc(b);
        assert_int_equal(from_a, from_b);
    } while (from_a != EOF);
    fclose(a);
    fclose(b);
}

/* A record that is there is never written again, so nothing finished is computed twice. */
static void killed_studies_resume(void **state)
{
    static bool before[4096], after[4096];
    uint64_t random = 88172645463325252u;
    unsigned kills = 0;
    (void)state;
    assert_true(run_study(expected, false, 2, 0));
    assert_int_not_equal(access(beside, F_OK), 0);
    for (unsigned round = 0; kills < 20 && round < 60; round++) {
        bool done = false;
        unlink(rows);
        unlink(beside);
        memset(before, 0, sizeof before);
        for (unsigned run = 0; !done; run++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            unlink(spare);
            if (link(beside, spare) != 0) { /* not begun */
                assert_int_not_equal(access(beside, F_OK), 0);
            }
            done = run_study(rows, true, 1 + run % 2, run < 6 ? 2000 + random % 90000 : 0);
            kills += !done;
            const char *name = access(spare, F_OK) == 0 ? spare : beside;
            count_records(name, after);
            for (size_t i = 0; i < 4096; i++)
                assert_true(after[i] || !before[i]);
            memcpy(before, after, sizeof before);
            if (!done)
                assert_int_not_equal(access(rows, F_OK), 0);
        }
        same_files(rows, expected);
        assert_int_not_equal(access(beside, F_OK), 0);
    }
    assert_true(kills >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torn_tails_are_dropped),
        cmocka_unit_test(flipped_bits_are_found),
        cmocka_unit_test(foreign_journals_are_refused),
        cmocka_unit_test(killed_studies_resume),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
