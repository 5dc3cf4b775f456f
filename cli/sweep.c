/* sweep: a study over lists and ranges of options, as rows. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/sobol.h"
#include "sim/design.h"
#include "sim/ranks.h"
#include "sim/sweep.h"

/* What a study on the command line holds open. */
struct study {
    struct catalog catalog;
    struct scenario start;
    struct overlay overlay;
    struct axes settings;
    struct sweep sweep;
    struct sensitivity sensitivity; /* of a study that is drawn */
    struct journal journal;
    char journal_path[4096];
};

/* [sweep] first, then flags, which take the place of what it says of the same names. */
static int read_settings(struct study *study, const struct arguments *arguments, struct diag *diag)
{
    const struct scenario *start = &study->start;
    int status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < start->sweep_count; i++) {
        status = axes_add(&study->settings, start->sweep[i].name, start->sweep[i].text, diag);
        if (status == STATUS_DATA) {
            snprintf(diag->file, sizeof diag->file, "%s", start->sweep_file);
            diag->line = start->sweep[i].line;
        }
    }
    for (size_t i = 0; status == STATUS_OK && i < arguments->setting_count; i++)
        status = axes_add(&study->settings, arguments->settings[i].name,
                          arguments->settings[i].text, diag);
    return status;
}

/* Values are drawn: the rows are for us, and shards have too few of them. */
static int draw_inputs(struct study *study, const struct arguments *arguments, struct diag *diag)
{
    if (arguments->shards > 1)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "shard",
                        "--sobol needs the rows of all cells: a shard has only some");
    for (size_t i = 0; i < study->settings.count; i++) {
        const struct axis *axis = &study->settings.items[i];
        if (strcmp(axis->name, "parameter") == 0 && (axis->interval || axis->count > 1) &&
            !study->sweep.simulate)
            return diag_set(diag, STATUS_USAGE, NULL, 0, axis->column,
                            "is a coefficient of the simulation: it varies with --simulate");
    }
    int status =
        design_parameters(&study->settings, &study->catalog, &study->start, &study->overlay, diag);
    if (status == STATUS_OK)
        status = design_draw(&study->settings, arguments->points, arguments->rules.seed, diag);
    study->sweep.points = arguments->points;
    study->sweep.format = ROWS_CSV;
    return status;
}

static int study_open(struct study *study, const struct arguments *arguments, struct diag *diag)
{
    study->journal.file = -1;
    int status = catalog_load(&study->catalog, arguments->catalog, diag);
    if (status == STATUS_OK)
        status = scenario_init(&study->start, diag);
    if (status == STATUS_OK && arguments->scenario != NULL)
        status = scenario_read(&study->start, arguments->scenario, diag);
    study->settings.intervals = arguments->points > 0;
    if (status == STATUS_OK)
        status = read_settings(study, arguments, diag);
    study->overlay = (struct overlay){arguments->parameters, arguments->catalog, 0};
    study->sweep = (struct sweep){
        .catalog = &study->catalog,
        .overlay = &study->overlay,
        .start = &study->start,
        .format = arguments->format == FORMAT_JSON ? ROWS_JSONL : ROWS_CSV,
        .simulate = arguments->simulate || arguments->knees,
        .knees = arguments->knees,
        .strict = arguments->strict,
        .rules = arguments->rules,
        .metrics = headlines,
        .metric_count = headline_count,
    };
    study->sweep.rules.cancel = cancel_on_interrupt();
    if (status == STATUS_OK && arguments->points > 0)
        status = draw_inputs(study, arguments, diag);
    return status == STATUS_OK ? sweep_open(&study->sweep, &study->settings, diag) : status;
}

static void study_close(struct study *study)
{
    if (study == NULL)
        return;
    journal_close(&study->journal);
    sensitivity_close(&study->sensitivity);
    sweep_close(&study->sweep);
    axes_free(&study->settings);
    catalog_free(&study->catalog);
    free(study);
}

static void print_size(const struct sweep *sweep)
{
    printf("%lu cells", (unsigned long)sweep->cells);
    if (sweep->points > 0)
        printf(": %lu points x (%zu inputs + 2)", (unsigned long)sweep->points, sweep->axes);
    for (size_t i = 0; sweep->points == 0 && i < sweep->axes; i++)
        printf("%s%s %zu", i == 0 ? ": " : " x ", sweep->axis[i]->column, sweep->axis[i]->count);
    puts("");
}

struct progress {
    double began, drawn;
    uint64_t done, resumed; /* batches */
};

/* Time left, from the batches that were computed in this run. */
static void draw(void *context, uint64_t done, uint64_t resumed, uint64_t all)
{
    struct progress *progress = context;
    double now = seconds_now();
    progress->done = done;
    progress->resumed = resumed;
    if (done == resumed || !isatty(STDERR_FILENO) || now - progress->began < 1 ||
        now - progress->drawn < 0.2)
        return;
    progress->drawn = now;
    double left = (now - progress->began) * (double)(all - done) / (double)(done - resumed);
    fprintf(stderr, "\rsweep: %.1f %%, about %.0f s left \033[K",
            100.0 * (double)done / (double)all, left);
}

/* Beside the output, unless told otherwise; none for rows to stdout. */
static int open_journal(struct study *study, const struct arguments *arguments, struct diag *diag)
{
    const char *path = arguments->journal;
    if (path == NULL && arguments->output != NULL) {
        snprintf(study->journal_path, sizeof study->journal_path, "%s.journal", arguments->output);
        path = study->journal_path;
    }
    if (path == NULL)
        return arguments->resume ? diag_set(diag, STATUS_USAGE, NULL, 0, "resume",
                                            "there is no journal without -o or --journal")
                                 : STATUS_OK;
    /* Any shard's batches may stand in it, and other shards' do no harm. */
    int status = journal_open(&study->journal, path, sweep_identity(&study->sweep),
                              study->sweep.batches, arguments->resume, diag);
    if (status == STATUS_OK && study->journal.dropped_bytes > 0)
        fprintf(stderr, "scalesim: %s: dropped %lu bytes that a crash cut off\n", path,
                (unsigned long)study->journal.dropped_bytes);
    if (status == STATUS_OK && arguments->resume)
        fprintf(stderr, "scalesim: %s has %lu of %lu batches\n", path,
                (unsigned long)study->journal.held, (unsigned long)study->sweep.batches);
    return status;
}

/* Of each rank. */
static unsigned threads_of(const struct arguments *arguments)
{
    return arguments->rules.threads > 0 ? arguments->rules.threads : arguments->ranks->threads;
}

/* mpirun binds a rank to a CPU unless it is told otherwise. */
static void warn_of_binding(const struct arguments *arguments)
{
    unsigned threads = threads_of(arguments);
    if (arguments->ranks->count > 1 && threads > (unsigned)omp_get_num_procs())
        fprintf(stderr,
                "scalesim: %u threads, but %d CPUs to run on; mpirun --bind-to none or --map-by "
                "slot:PE=%u gives a rank more\n",
                threads, omp_get_num_procs(), threads);
}

static void print_end(const struct study *study, const struct arguments *arguments, int status,
                      const struct progress *progress)
{
    if (arguments->resume)
        fprintf(stderr, "scalesim: computed %lu batches, %lu were in the journal\n",
                (unsigned long)(progress->done - progress->resumed),
                (unsigned long)progress->resumed);
    if (status == SWEEP_CANCELLED && study->journal.path != NULL)
        fprintf(stderr, "scalesim: interrupted; --resume goes on from %s\n", study->journal.path);
}

/* What goes by on its way to the output. */
struct watch {
    const struct sweep *sweep;
    take_line *take; /* where rows go to */
    void *context;
    bool header; /* comes first */
    uint64_t rows, invalid;
    char reason[256]; /* of the first invalid one */
};

static int watch_row(void *context, const char *line, size_t length)
{
    struct watch *watch = context;
    char reason[sizeof watch->reason];
    if (watch->header) {
        watch->header = false;
    } else {
        watch->rows++;
        if (sweep_row_invalid(watch->sweep, line, length, reason, sizeof reason) &&
            watch->invalid++ == 0)
            memcpy(watch->reason, reason, sizeof reason);
    }
    return watch->take(watch->context, line, length);
}

static int write_line(void *context, const char *line, size_t length)
{
    return fwrite(line, 1, length, context) == length ? STATUS_OK : STATUS_IO;
}

/* Invalid cells are told, and are an error when there is no other. */
static int judge(const struct watch *watch, bool strict, struct diag *diag)
{
    if (watch->invalid == 0)
        return STATUS_OK;
    if (watch->invalid == watch->rows || strict)
        return diag_set(diag, STATUS_DATA, NULL, 0, NULL, "%lu of %lu cells are invalid; %s",
                        (unsigned long)watch->invalid, (unsigned long)watch->rows, watch->reason);
    fprintf(stderr, "scalesim: %lu of %lu cells are invalid (see their notes); the first: %s\n",
            (unsigned long)watch->invalid, (unsigned long)watch->rows, watch->reason);
    return STATUS_OK;
}

/* Runs the batches with their rows watched. */
static int run_watched(struct study *study, struct sweep_job *job, struct watch *watch,
                       struct diag *diag)
{
    const struct sweep *sweep = &study->sweep;
    struct lines lines;
    *watch = (struct watch){.sweep = sweep,
                            .take = write_line,
                            .context = job->out,
                            .header = job->first == 0 && sweep->format == ROWS_CSV};
    if (sweep->points > 0) {
        int status = sensitivity_open(&study->sensitivity, sweep, diag);
        if (status != STATUS_OK)
            return status;
        watch->take = sensitivity_take;
        watch->context = &study->sensitivity;
    }
    job->out = lines_open(&lines, watch_row, watch);
    if (job->out == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = sweep_run(sweep, job, diag);
    if (fclose(job->out) != 0 && status == STATUS_OK)
        status = diag_set(diag, STATUS_IO, NULL, 0, NULL, "cannot write the rows");
    return status;
}

/* Indices instead of rows: a table, rows with --csv or --json, both with a file for the rows.
 */
static int tell_sensitivity(struct study *study, const struct arguments *arguments, FILE *file,
                            struct diag *diag)
{
    int status = sensitivity_find(&study->sensitivity, arguments->rules.seed,
                                  arguments->rules.threads, diag);
    if (status != STATUS_OK)
        return status;
    if (file != NULL || arguments->format != FORMAT_TEXT)
        sensitivity_rows(&study->sensitivity, arguments->format, file != NULL ? file : stdout);
    return arguments->format == FORMAT_TEXT ? sensitivity_print(&study->sensitivity) : STATUS_OK;
}

static int run(struct study *study, const struct arguments *arguments, struct diag *diag)
{
    struct watch watch;
    struct progress progress = {.began = seconds_now()};
    struct output output = {.file = NULL};
    struct sweep_job job = {.threads = threads_of(arguments),
                            .ranks = arguments->ranks,
                            .out = stdout,
                            .cancel = study->sweep.rules.cancel,
                            .progress = draw,
                            .context = &progress};
    int status = open_journal(study, arguments, diag);
    if (status == STATUS_OK && arguments->output != NULL)
        status = output_open_again(&output, arguments->output, diag); /* the journal is locked */
    if (status != STATUS_OK)
        return status;
    sweep_shard(&study->sweep, arguments->shard, arguments->shards, &job.first, &job.end);
    job.out = output.file != NULL ? output.file : stdout;
    job.journal = study->journal.path != NULL ? &study->journal : NULL;
    warn_of_binding(arguments);
    status = run_watched(study, &job, &watch, diag);
    if (progress.drawn > 0)
        fputs("\r\033[K", stderr);
    if (status == STATUS_OK && study->sweep.points > 0)
        status = tell_sensitivity(study, arguments, output.file, diag);
    if (status == STATUS_OK && output.file != NULL)
        status = output_commit(&output, diag);
    output_discard(&output);
    if (status == STATUS_OK && job.journal != NULL)
        journal_remove(job.journal);
    if (status >= 0)
        print_end(study, arguments, status, &progress);
    if (status == STATUS_OK)
        status = judge(&watch, arguments->strict, diag);
    return status == SWEEP_CANCELLED ? EXIT_INTERRUPTED : status;
}

static int answer(struct study *study, const struct arguments *arguments, struct diag *diag)
{
    if (arguments->word_count > 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL,
                        "sweep takes options, not '%s'; a value may be a list or a range",
                        arguments->words[0]);
    if (!arguments->dry_run)
        return run(study, arguments, diag);
    print_size(&study->sweep);
    return STATUS_OK;
}

int cli_sweep(const struct arguments *arguments, struct diag *diag)
{
    struct ranks *ranks = arguments->ranks;
    struct study *study = calloc(1, sizeof *study);
    int status = STATUS_MEMORY;
    if (study == NULL)
        diag_set(diag, status, NULL, 0, NULL, "out of memory");
    else
        status = study_open(study, arguments, diag);
    if (ranks->rank > 0) {
        ranks_serve(study != NULL ? &study->sweep : NULL, threads_of(arguments), status, diag);
        status = STATUS_OK; /* rank 0 tells */
    } else {
        if (status == STATUS_OK)
            status = answer(study, arguments, diag);
        ranks_dismiss(ranks);
    }
    study_close(study);
    return status;
}
