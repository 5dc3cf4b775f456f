/* Studies: that a cell is what a single answer says, and that rows are
 * the same bytes however they were computed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "model/option.h"
#include "sim/design.h"
#include "sim/sweep.h"
#include "tests/unit/loaded_catalog.h"
#include "tests/unit/program.h"

struct setting {
    const char *name, *text;
};

struct bench {
    struct scenario start;
    struct overlay overlay;
    struct sweep sweep;
};

/* points: drawn, not combined; 0: combined. */
static struct bench *open_drawn(const char *scenario, const struct setting *settings, size_t points)
{
    struct diag diag = {.line = 0};
    struct axes axes = {.intervals = points > 0};
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    assert_int_equal(scenario_init(&bench->start, &diag), 0);
    if (scenario != NULL)
        assert_int_equal(scenario_read(&bench->start, scenario, &diag), 0);
    for (; settings->name != NULL; settings++)
        assert_int_equal(axes_add(&axes, settings->name, settings->text, &diag), 0);
    if (points > 0)
        assert_int_equal(design_draw(&axes, points, 1, &diag), 0);
    bench->sweep = (struct sweep){
        .catalog = &catalog, .overlay = &bench->overlay, .start = &bench->start, .points = points};
    assert_int_equal(sweep_open(&bench->sweep, &axes, &diag), 0);
    return bench;
}

static struct bench *open_study(const char *scenario, const struct setting *settings)
{
    return open_drawn(scenario, settings, 0);
}

static void close_study(struct bench *bench)
{
    sweep_close(&bench->sweep);
    free(bench);
}

/* A cell by the long way: a scenario of its own, bound and predicted whole. */
static void predict_cell(const struct sweep *sweep, uint64_t cell, struct scenario *scenario)
{
    struct diag diag = {.line = 0};
    *scenario = *sweep->start;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t s = 0; s < sweep->settings.count; s++) {
            const struct axis *axis = &sweep->settings.items[s];
            size_t at = 0;
            for (size_t i = 0; i < sweep->axes; i++)
                at = sweep->axis[i] == axis ? sweep_index(sweep, cell, i) : at;
            if ((strcmp(axis->name, "host") == 0) == (pass == 0))
                assert_int_equal(scenario_set(scenario, axis->name, axis->values[at].text, &diag),
                                 0);
        }
    }
    assert_int_equal(scenario_spread(scenario, &diag), 0);
}

/* The model of the long way. Parsing is most of what a binding costs, so it is bound anew in the
 * same expressions while nothing but options differs, which it does not know to be a study's. */
struct reference {
    struct scenario scenario[2];
    size_t at; /* the one that the model is bound to */
    struct model *model;
    uint64_t parsed;
};

static bool same_overrides(const struct override *a, const struct override *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(a[i].name, b[i].name) != 0 || a[i].value != b[i].value)
            return false;
    }
    return true;
}

static bool same_rows(const struct scenario *a, const struct scenario *b)
{
    return memcmp(a->versions, b->versions, sizeof a->versions) == 0 &&
           a->value[OPTION_ARCH] == b->value[OPTION_ARCH] && a->set_count == b->set_count &&
           a->used_count == b->used_count && same_overrides(a->set, b->set, a->set_count) &&
           same_overrides(a->used, b->used, a->used_count);
}

static void bind_reference(struct reference *reference, const struct sweep *sweep, uint64_t cell)
{
    struct diag diag = {.line = 0};
    size_t next = 1 - reference->at;
    const struct scenario *scenario = &reference->scenario[next];
    predict_cell(sweep, cell, &reference->scenario[next]);
    if (reference->model != NULL && same_rows(scenario, &reference->scenario[reference->at])) {
        assert_int_equal(model_rebind(reference->model, scenario, &diag), 0);
    } else {
        model_free(reference->model);
        assert_int_equal(model_new(&reference->model, sweep->catalog, scenario, &diag), 0);
        reference->parsed++;
    }
    reference->at = next;
}

static void assert_same(const struct sweep *sweep, struct reference *reference, uint64_t number,
                        const struct cell *cell)
{
    struct diag diag = {.line = 0};
    struct prediction whole;
    bind_reference(reference, sweep, number);
    assert_int_equal(prediction_init(&whole, reference->model, &diag), 0);
    predict(reference->model, &whole);
    assert_true(cell->requested == whole.requested);
    assert_int_equal(cell->limit != NULL, whole.first_fatal >= 0);
    if (cell->limit != NULL) {
        const struct outcome *first = &whole.outcomes[whole.first_fatal];
        assert_string_equal(cell->limit->id, first->limit->id);
        assert_true(cell->firsts.fatal.fails_at == first->fails_at);
        assert_true(cell->firsts.fatal.max_ok_low == first->max_ok_low);
        assert_true(cell->firsts.fatal.max_ok_high == first->max_ok_high);
        assert_true(cell->demand == first->asked.demand);
        assert_true(cell->capacity == first->asked.capacity);
    }
    bool slow = whole.first >= 0 && whole.first != whole.first_fatal;
    assert_int_equal(cell->slow != NULL, slow);
    if (slow) {
        assert_string_equal(cell->slow->id, whole.outcomes[whole.first].limit->id);
        assert_true(cell->firsts.any.fails_at == whole.outcomes[whole.first].fails_at);
    }
    prediction_free(&whole);
}

struct check {
    const struct sweep *sweep;
    struct reference *reference;
    uint64_t every, seen;
};

static int check_cell(void *context, uint64_t number, const struct cell *cell)
{
    struct check *check = context;
    if (check->seen++ % check->every == 0)
        assert_same(check->sweep, check->reference, number, cell);
    return STATUS_OK;
}

/* Every so many cells of a study against the long way; ends the study. */
static void check_study(struct bench *bench, uint64_t every)
{
    struct diag diag = {.line = 0};
    struct sweep_worker *worker;
    struct reference *reference = calloc(1, sizeof *reference);
    struct check check = {&bench->sweep, reference, every, 0};
    assert_non_null(reference);
    assert_int_equal(sweep_worker_new(&worker, &bench->sweep, &diag), 0);
    if (sweep_cells(worker, 0, bench->sweep.cells, check_cell, &check, &diag) != STATUS_OK)
        fail_msg("%s", diag.message);
    assert_int_equal(check.seen, bench->sweep.cells);
    assert_true(reference->parsed > 0);
    model_free(reference->model);
    free(reference);
    sweep_worker_free(worker);
    close_study(bench);
}

static void cells_are_single_answers(void **state)
{
    static const struct {
        const char *scenario;
        struct setting settings[6];
        uint64_t every;
    } studies[] = {
        {NULL, {{"guests", "1..3000:100"}, {"disks", "1..20000:x2"}}, 3},
        {NULL, {{"disks", "0..9000:1000"}, {"nics", "1..4000:x3"}, {"guests", "7..900:60"}}, 11},
        {NULL,
         {{"guests", "1,100,4000"}, {"disks_per_guest", "0..40:4"}, {"vcpus", "1..64:x4"}},
         2},
        {NULL,
         {{"linux", "5.10,6.12"},
          {"host", "debian12,generic-2026,m5d-metal-2020"},
          {"guests", "10,1000"},
          {"memory", "128M,4G"}},
         1},
        {NULL, {{"set", "pty_max=10,4000"}, {"used", "ptys=0,100"}, {"guests", "1..901:300"}}, 1},
        {NULL,
         {{"ramp", "guests,disks,vcpus,memory,ptys"}, {"guests", "1,50"}, {"vcpus", "1,8"}},
         1},
        {NULL, {{"ramp", "disks"}, {"guests", "1..401:100"}, {"disks", "10..400:x2"}}, 1},
        {NULL,
         {{"disk_bus", "virtio-blk,virtio-scsi,nvme,sata"},
          {"disk_aio", "native,threads,io_uring"},
          {"manager", "none,openstack,kubevirt"},
          {"disks", "100,1000"},
          {"guests", "3,100"}},
         3},
        {NULL, {{"bridges", "1..4"}, {"networks", "0..2"}, {"arch", "x86_64,aarch64"}}, 1},
        {NULL, {{"mix", "0,1,3"}, {"migrations", "0..100:50"}, {"guests", "5,500"}}, 1},
        {"bridge-ports-2015", {{"guests", "1..2001:500"}, {"disks", "1,500,7000"}}, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof studies / sizeof studies[0]; i++)
        check_study(open_study(studies[i].scenario, studies[i].settings), studies[i].every);
}

static void drawn_cells_are_single_answers(void **state)
{
    static const struct {
        struct setting settings[6];
        size_t points;
    } studies[] = {
        {{{"guests", "1..3000"}, {"disks", "1..20000:x2"}, {"memory", "1G..8G"}}, 40},
        {{{"linux", "5.10,6.12"}, {"guests", "1..900"}, {"vcpus", "1,8"}}, 20},
        {{{"set", "pty_max=10..4000,bridge_ports=5..2000"},
          {"used", "ptys=0..100"},
          {"memory", "1G..64G:x2"},
          {"ramp", "guests"}},
         20},
        {{{"host", "debian12,generic-2026"}, {"set", "pty_max=10..4000"}, {"guests", "1..9"}}, 10},
    };
    (void)state;
    for (size_t i = 0; i < sizeof studies / sizeof studies[0]; i++)
        check_study(open_drawn(NULL, studies[i].settings, studies[i].points), 1);
}

static char *rows_of(struct sweep *sweep, unsigned threads, uint64_t shard, uint64_t shards)
{
    char *text;
    size_t length;
    struct diag diag = {.line = 0};
    struct sweep_job job = {.threads = threads, .out = open_memstream(&text, &length)};
    sweep_shard(sweep, shard, shards, &job.first, &job.end);
    assert_int_equal(sweep_run(sweep, &job, &diag), 0);
    fclose(job.out);
    return text;
}

static const struct setting some[] = {
    {"guests", "1..2000:50"}, {"linux", "5.10,6.12"}, {"disks", "1..20000:x2"}, {NULL, NULL}};

static void threads_and_shards_change_nothing(void **state)
{
    struct bench *bench = open_study(NULL, some);
    (void)state;
    for (int format = ROWS_CSV; format <= ROWS_JSONL; format++) {
        bench->sweep.format = (enum row_format)format;
        char *whole = rows_of(&bench->sweep, 1, 1, 1);
        char *two = rows_of(&bench->sweep, 2, 1, 1);
        assert_string_equal(whole, two);
        size_t at = 0;
        for (uint64_t shard = 1; shard <= 7; shard++) {
            char *part = rows_of(&bench->sweep, 2, shard, 7);
            assert_memory_equal(whole + at, part, strlen(part));
            at += strlen(part);
            free(part);
        }
        assert_int_equal(at, strlen(whole));
        free(whole);
        free(two);
    }
    close_study(bench);
}

static void identity_tells_studies_apart(void **state)
{
    static const struct setting other[] = {
        {"guests", "1..2000:50"}, {"linux", "5.10,6.1"}, {"disks", "1..20000:x2"}, {NULL, NULL}};
    (void)state;
    struct bench *a = open_study(NULL, some);
    struct bench *b = open_study(NULL, some);
    struct bench *c = open_study(NULL, other);
    struct bench *d = open_study("bridge-ports-2015", some);
    assert_true(sweep_identity(&a->sweep) == sweep_identity(&b->sweep));
    assert_true(sweep_identity(&a->sweep) != sweep_identity(&c->sweep));
    assert_true(sweep_identity(&a->sweep) != sweep_identity(&d->sweep));
    b->sweep.format = ROWS_JSONL;
    assert_true(sweep_identity(&a->sweep) != sweep_identity(&b->sweep));
    close_study(a);
    close_study(b);
    close_study(c);
    close_study(d);
}

static void simulated_rows_are_the_same_at_any_thread(void **state)
{
    static const struct setting settings[] = {
        {"guests", "4,16,40"}, {"vcpus", "1,2"}, {"duration", "1"}, {NULL, NULL}};
    static const enum metric metrics[] = {METRIC_start_mean, METRIC_cpu_busy, METRIC_io_p99};
    (void)state;
    struct bench *bench = open_study(NULL, settings);
    struct axes again = bench->sweep.settings;
    struct diag diag = {.line = 0};
    bench->sweep = (struct sweep){.catalog = &catalog,
                                  .overlay = &bench->overlay,
                                  .start = &bench->start,
                                  .simulate = true,
                                  .rules = run_defaults,
                                  .metrics = metrics,
                                  .metric_count = 3};
    bench->sweep.rules.most = 3;
    assert_int_equal(sweep_open(&bench->sweep, &again, &diag), 0);
    char *one = rows_of(&bench->sweep, 1, 1, 1);
    char *two = rows_of(&bench->sweep, 2, 1, 1);
    assert_string_equal(one, two);
    assert_non_null(strstr(one, "start_mean,start_mean_half"));
    free(one);
    free(two);
    close_study(bench);
}

/* A row's knee is that of a single answer; sought on one thread or two. */
static void rows_have_knees(void **state)
{
    static const struct setting settings[] = {{"guests", "8,24"},       {"host_cpus", "2"},
                                              {"workload", "cpu"},      {"duration", "1"},
                                              {"disks_per_guest", "0"}, {NULL, NULL}};
    static const enum metric metrics[] = {METRIC_cpu_busy};
    struct diag diag = {.line = 0};
    struct cell cell;
    struct sweep_worker *worker;
    (void)state;
    struct bench *bench = open_study(NULL, settings);
    struct axes again = bench->sweep.settings;
    bench->sweep = (struct sweep){.catalog = &catalog,
                                  .overlay = &bench->overlay,
                                  .start = &bench->start,
                                  .simulate = true,
                                  .knees = true,
                                  .rules = run_defaults,
                                  .metrics = metrics,
                                  .metric_count = 1};
    bench->sweep.rules.most = 2;
    assert_int_equal(sweep_open(&bench->sweep, &again, &diag), 0);
    char *one = rows_of(&bench->sweep, 1, 1, 1);
    char *two = rows_of(&bench->sweep, 2, 1, 1);
    assert_string_equal(one, two);
    assert_int_equal(sweep_worker_new(&worker, &bench->sweep, &diag), 0);
    assert_int_equal(sweep_cell(worker, 1, &cell, &diag), 0);
    int first = knees_first(&cell.answer->knees);
    assert_true(first >= 0);
    const struct knee *knee = &cell.answer->knees.knee[first];
    char part[256];
    snprintf(part, sizeof part, ",%.0f,%s,%s,%.0f,\n", knee->first_bad, knee->slo,
             metric_texts[knee->metric].name, knee->last_good);
    if (strstr(one, part) == NULL ||
        strstr(one, ",knee,knee_level,knee_metric,knee_ok,note\n") == NULL)
        fail_msg("no %s in %s", part, one);
    assert_int_equal(cell.verdict, VERDICT_TIGHT);
    sweep_worker_free(worker);
    free(one);
    free(two);
    close_study(bench);
}

/* What a worker keeps does not grow with the cells: places and bindings come and go. */
static void memory_is_bounded(void **state)
{
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed */
    char out[256];
    struct rusage usage;
    (void)state;
    assert_int_equal(run("sweep --disks-per-guest 0..4999 --kernel 5.10,6.12,5.4,6.1 "
                         "--threads 1 >/dev/null",
                         out, sizeof out),
                     0);
    getrusage(RUSAGE_CHILDREN, &usage);
    assert_in_range(usage.ru_maxrss, 1, 64 * 1024); /* KiB */
#else
    (void)state;
#endif
}

static void command_line(void **state)
{
    static const struct {
        const char *arguments, *part;
        int code;
    } cases[] = {
        {"sweep --guests 100..5000:100 --disks 1..20000:x2 --dry-run",
         "750 cells: guests 50 x disks 15", 0},
        {"sweep --guests 1,2", "guests,verdict,limit,max_ok", 0},
        {"sweep --guests 1,2 --json",
         "{\"guests\":1,\"verdict\":\"fits\",\"limit\":\"bridge_ports\"", 0},
        {"sweep --guests 5 --dry-run", "1 cells", 0},
        {"sweep --guests 0,1 --disks 4 --strict", "at guests 0", 65},
        {"sweep --guests 0,1 --disks 4", "0,invalid,,,,,,,,,\"disks: there is no guest", 0},
        {"sweep --guests 0,1 --disks 4", "scalesim: 1 of 2 cells are invalid", 0},
        {"sweep --guests 0,1 --disks 4", "1,fits,bridge_ports,", 0},
        {"sweep --guests 0,1 --disks 4 --json", "\"note\":\"disks: there is no guest", 0},
        {"sweep --guests 0,1 --disks 4 --json", "the first: disks: there is no guest", 0},
        {"sweep --guests 0,1 --disks 4 --json", "\"note\":null}", 0},
        {"sweep --guests 0 --disks 4,5", "2 of 2 cells are invalid; disks: there", 65},
        {"sweep --guests 0,1 --disks 4 --shard 1/2", "1 of 1 cells are invalid; disks: there", 65},
        {"sweep --ramp guests,nothing", "'nothing' is neither a countable", 65},
        {"sweep --used nothing=1,2", "no resource 'nothing'", 65},
        {"sweep --parameter nothing=1,2 --simulate", "unknown parameter", 65},
        {"sweep --guests 1..", "guests", 65},
        {"sweep --set nothing=1,2", "no limit 'nothing'", 65},
        {"sweep --guests 1,2 more", "a value may be a list", 64},
        {"sweep --guests 1,2 --resume", "no journal without", 64},
        {"sweep --guests 1,2 --shard 3/2", "not I/N", 64},
        {"sweep --guests 1,2 -o /nowhere/rows.csv", "/nowhere/rows.csv", 74},
        {"sweep --host debian12,no-such-host", "no preset 'no-such-host'", 65},
        {"sweep --kernel 5.10,6.12 --set host.memory=256G,512G --dry-run",
         "4 cells: linux 2 x host_memory 2", 0},
        {"sweep --kernel 5.10,6.12 --linux 5.4 --dry-run", "1 cells", 0},
        {"sweep --host-memory 1G,2G --set host.memory=4G,8G,16G --dry-run",
         "3 cells: host_memory 3", 0},
        {"sweep --set host.memry=1,2", "did you mean 'host.memory'", 65},
        {"sweep --kernal 5.10,6.12", "did you mean 'kernel'", 64},
        {"sweep --gest-memory 1G", "did you mean 'guest-memory'", 64},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[4096];
        int code = run(cases[i].arguments, out, sizeof out);
        if (code != cases[i].code || strstr(out, cases[i].part) == NULL)
            fail_msg("%s: exit %d: %s", cases[i].arguments, code, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_single_answers),
        cmocka_unit_test(drawn_cells_are_single_answers),
        cmocka_unit_test(threads_and_shards_change_nothing),
        cmocka_unit_test(identity_tells_studies_apart),
        cmocka_unit_test(simulated_rows_are_the_same_at_any_thread),
        cmocka_unit_test(rows_have_knees),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(command_line),
    };
    return cmocka_run_group_tests(tests, load_catalog, free_catalog);
}
