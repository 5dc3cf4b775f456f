/* Studies that are killed at random moments, by threads and, where SCALESIM_MPI names that program,
 * by ranks under mpirun (environment: MPIRUN): each ends with the bytes of one that was not. What
 * was computed twice shows as a second record of a batch in the journal, or in the count that the
 * last run tells. SCALESIM_KILLS says how many of each (20, and 5 by ranks, which start slowly). */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/folder.h"

enum { BATCHES_MAX = 4096, CHILDREN_MAX = 16, WORDS = 32, PATIENCE_MS = 60000 };

static char folder[64], rows[128], beside[160], part[160], spare[160], expected[128], told[128];

/* Who computes, and how much there is. */
struct build {
    const char *name;
    bool ranks;
    unsigned kills;
};

struct study {
    const char *const *options;
    size_t batches;
};

static const char *const model[] = {"--guests", "5..4000:5", "--disks", "1..9001:100", NULL};
static const char *const simulated[] = {"--simulate", "--guests",   "2..60:2", "--vcpus",
                                        "1,2",        "--duration", "2",       "--replications",
                                        "4",          NULL};
static const struct study studies[] = {{model, 256}, {simulated, 60}};

/* What the kills did. */
struct score {
    unsigned kills, midway, studies;
    size_t computed, in_journal; /* batches of the runs that ended */
};

static int make_folder(void **state)
{
    (void)state;
    if (!folder_make(folder, sizeof folder))
        return -1;
    snprintf(rows, sizeof rows, "%s/rows.csv", folder);
    snprintf(expected, sizeof expected, "%s/expected.csv", folder);
    snprintf(beside, sizeof beside, "%s.journal", rows);
    snprintf(part, sizeof part, "%s.part", rows);
    snprintf(spare, sizeof spare, "%s/spare", folder);
    snprintf(told, sizeof told, "%s/told", folder);
    return 0;
}

static int remove_folder(void **state)
{
    const char *const files[] = {rows, expected, beside, part, spare, told};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(files[i]);
    return rmdir(folder);
}

static uint64_t draw(void)
{
    static uint64_t random = 88172645463325252u;
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
}

/* Batches in a journal's file, each only once. */
static size_t count_records(const char *name, bool seen[BATCHES_MAX])
{
    struct {
        uint32_t magic, length;
        uint64_t batch, checksum;
    } record;
    size_t count = 0;
    int byte;
    FILE *file = fopen(name, "r");
    memset(seen, 0, BATCHES_MAX * sizeof *seen);
    if (file == NULL)
        return 0;
    while ((byte = fgetc(file)) != EOF && byte != '\n')
        continue;
    while (fread(&record, sizeof record, 1, file) == 1 && record.batch < BATCHES_MAX) {
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

static const char *from_environment(const char *name, const char *otherwise)
{
    return getenv(name) != NULL && getenv(name)[0] != '\0' ? getenv(name) : otherwise;
}

/* More ranks than CPUs, as root in a container; what Open MPI itself leaks is its own affair. */
static void prepare_ranks(void)
{
    static const char *const names[] = {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
                                        "OMPI_MCA_rmaps_base_oversubscribe"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        setenv(names[i], "1", 0);
    setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
}

/* Replaces this process by the study; what it says goes to a file. */
static void execute(const struct build *build, const struct study *study, const char *out,
                    bool resume)
{
    const char *words[WORDS];
    const char *two = draw() % 2 == 0 ? "2" : build->ranks ? "3" : "1";
    size_t count = 0;
    if (build->ranks) {
        prepare_ranks();
        words[count++] = from_environment("MPIRUN", "mpirun");
        words[count++] = "-n";
        words[count++] = two;
    }
    words[count++] =
        build->ranks ? getenv("SCALESIM_MPI") : from_environment("SCALESIM", "./scalesim");
    words[count++] = "sweep";
    for (size_t i = 0; study->options[i] != NULL; i++)
        words[count++] = study->options[i];
    words[count++] = "-o";
    words[count++] = out;
    if (!build->ranks) {
        words[count++] = "--threads";
        words[count++] = two;
    }
    if (resume)
        words[count++] = "--resume";
    words[count] = NULL;
    if (freopen("/dev/null", "r", stdin) != NULL && freopen(told, "w", stderr) != NULL)
        execvp(words[0], (char *const *)words);
    _exit(127);
}

static pid_t start(const struct build *build, const struct study *study, const char *out,
                   bool resume)
{
    draw(); /* the child's draws are its own */
    pid_t child = fork();
    if (child == 0)
        execute(build, study, out, resume);
    return child;
}

static bool ended(pid_t child, int *status)
{
    return waitpid(child, status, WNOHANG) == child;
}

/* Ranks are children of mpirun. */
static size_t children_of(pid_t parent, pid_t found[CHILDREN_MAX])
{
    char name[64];
    size_t count = 0;
    snprintf(name, sizeof name, "/proc/%d/task/%d/children", parent, parent);
    FILE *file = fopen(name, "r");
    while (file != NULL && count < CHILDREN_MAX && fscanf(file, "%d", &found[count]) == 1)
        count++;
    if (file != NULL)
        fclose(file);
    return count;
}

/* One of the processes, or all. */
static void kill_some(pid_t child)
{
    pid_t victims[CHILDREN_MAX + 1];
    size_t count = children_of(child, victims);
    victims[count++] = child;
    size_t which = draw() % (count + 1);
    for (size_t i = 0; i < count; i++) {
        if (count == 1 || which == count || which == i)
            kill(victims[i], SIGKILL);
    }
}

/* Until nobody has the journal any more: a rank lives on for a moment. */
static void await_unlocked(void)
{
    int file = open(beside, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return;
    unsigned waited = 0;
    while (flock(file, LOCK_EX | LOCK_NB) != 0 && waited++ < PATIENCE_MS)
        usleep(1000);
    assert_true(waited < PATIENCE_MS);
    close(file);
}

static long size_of(const char *name)
{
    struct stat status;
    return stat(name, &status) == 0 ? (long)status.st_size : 0;
}

/* Until the journal has some share of what it will have, or the study has ended. Rows alone are a
 * little less than that. */
static void await_progress(pid_t child, int *status, bool *done)
{
    long enough = 1 + (long)(draw() % (uint64_t)size_of(expected));
    for (unsigned waited = 0; !*done && size_of(beside) < enough; waited++) {
        assert_true(waited < 10 * PATIENCE_MS);
        usleep(100);
        *done = ended(child, status);
    }
}

/* Runs the study and kills it at some moment of its life, or lets it end; true: it did. */
static bool run_and_kill(const struct build *build, const struct study *study, bool kills)
{
    int status = 0;
    bool done = false;
    pid_t child = start(build, study, rows, true);
    bool early = draw() % 4 == 0;
    if (kills && !early)
        await_progress(child, &status, &done);
    if (kills && !done) {
        usleep((useconds_t)(draw() % (!early ? 2000 : build->ranks ? 500000 : 50000)));
        done = ended(child, &status);
        if (!done)
            kill_some(child);
    }
    if (!done)
        assert_int_equal(waitpid(child, &status, 0), child);
    await_unlocked();
    done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!kills && !done)
        fail_msg("%s: wait status %d, see %s", build->name, status, told);
    return done;
}

/* The run that ended says what it computed: all but what the journal had before. */
static void check_told(const struct study *study, size_t had, struct score *score)
{
    char line[512];
    unsigned long computed = 0, found = 0;
    bool said = false;
    FILE *file = fopen(told, "r");
    assert_non_null(file);
    while (!said && fgets(line, sizeof line, file) != NULL)
        said = sscanf(line, "scalesim: computed %lu batches, %lu were", &computed, &found) == 2;
    fclose(file);
    assert_true(said);
    assert_int_equal(found, had);
    assert_int_equal(computed + found, study->batches);
    score->computed += computed;
    score->in_journal += found;
}

/* One study, killed until it ends. */
static void run_to_the_end(const struct build *build, const struct study *study,
                           struct score *score)
{
    static bool before[BATCHES_MAX], after[BATCHES_MAX];
    size_t had = 0;
    bool done = false;
    unlink(rows);
    unlink(beside);
    memset(before, 0, sizeof before);
    for (unsigned run = 0; !done; run++) {
        unlink(spare);
        bool linked = link(beside, spare) == 0; /* else it has not begun */
        done = run_and_kill(build, study, run < 6 && score->kills < build->kills);
        size_t has = count_records(linked ? spare : beside, after);
        for (size_t i = 0; i < BATCHES_MAX; i++)
            assert_true(after[i] || !before[i]);
        if (done && linked)
            assert_int_equal(has, study->batches);
        if (done)
            check_told(study, had, score);
        score->kills += !done;
        score->midway += !done && has > 0 && has < study->batches;
        memcpy(before, after, sizeof before);
        had = has;
        if (done)
            assert_int_not_equal(access(beside, F_OK), 0);
        else
            done = access(rows, F_OK) == 0; /* killed when nothing was left to do */
    }
    same_files(rows, expected);
    score->studies++;
}

static void kill_studies(const struct build *build)
{
    struct build plain = {.name = "threads"};
    struct score score = {0};
    for (size_t i = 0; i < sizeof studies / sizeof studies[0]; i++) {
        unsigned share = (unsigned)(build->kills * (i + 1) / (sizeof studies / sizeof studies[0]));
        struct build some = *build;
        some.kills = share;
        int status;
        unlink(expected);
        assert_int_equal(waitpid(start(&plain, &studies[i], expected, false), &status, 0) > 0, 1);
        assert_int_equal(status, 0);
        for (unsigned tries = 0; score.kills < share && tries < 10 * build->kills; tries++)
            run_to_the_end(&some, &studies[i], &score);
        assert_true(score.kills >= share);
    }
    printf("%s: %u kills, %u of them with part of the batches in the journal; %u studies resumed "
           "to the same bytes; their last runs computed %zu batches and took %zu from the journal, "
           "no batch twice there\n",
           build->name, score.kills, score.midway, score.studies, score.computed, score.in_journal);
}

static unsigned kills_wanted(unsigned usual)
{
    return (unsigned)strtoul(from_environment("SCALESIM_KILLS", ""), NULL, 10) > 0
               ? (unsigned)strtoul(getenv("SCALESIM_KILLS"), NULL, 10)
               : usual;
}

static void threads_that_are_killed(void **state)
{
    (void)state;
    kill_studies(&(struct build){"threads", false, kills_wanted(20)});
}

static void ranks_that_are_killed(void **state)
{
    (void)state;
    if (from_environment("SCALESIM_MPI", NULL) == NULL) {
        puts("skipped: no program with MPI (SCALESIM_MPI)");
        skip();
    }
    kill_studies(&(struct build){"ranks", true, kills_wanted(5)});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_are_killed),
        cmocka_unit_test(ranks_that_are_killed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
