/* plot KIND: draws a picture of an answer with gnuplot. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/cases.h"
#include "cli/cli.h"
#include "model/text.h"
#include "plots/draw.h"
#include "plots/kinds.h"
#include "plots/phase.h"

enum { PATH = 4096, CELLS = 400 };

typedef int picture_function(struct plot *plot, struct question *question,
                             const struct arguments *arguments, struct diag *diag);

static int picture_ladder(struct plot *plot, struct question *question,
                          const struct arguments *arguments, struct diag *diag)
{
    (void)arguments;
    return plot_ladder(plot, question->model, &question->prediction, diag);
}

static int picture_staircase(struct plot *plot, struct question *question,
                             const struct arguments *arguments, struct diag *diag)
{
    (void)arguments;
    return plot_staircase(plot, question->model, &question->prediction, diag);
}

static int picture_tornado(struct plot *plot, struct question *question,
                           const struct arguments *arguments, struct diag *diag)
{
    (void)arguments;
    return plot_tornado(plot, question->model, &question->prediction, diag);
}

static int picture_ramp(struct plot *plot, struct question *question,
                        const struct arguments *arguments, struct diag *diag)
{
    struct overlay overlay = {arguments->parameters, arguments->catalog, 0};
    return plot_ramp(plot, question->model, &question->prediction, &overlay, &arguments->rules,
                     diag);
}

static int picture_timeline(struct plot *plot, struct question *question,
                            const struct arguments *arguments, struct diag *diag)
{
    struct overlay overlay = {arguments->parameters, arguments->catalog, 0};
    return plot_timeline(plot, question->model, &question->prediction,
                         question->answer != NULL ? &question->answer->knees : NULL, &overlay,
                         &arguments->rules, diag);
}

/* The map sets the totals of devices itself, so its scenario is read once more, not spread. */
static int picture_phase(struct plot *plot, struct question *question,
                         const struct arguments *arguments, struct diag *diag)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    struct overlay overlay = {arguments->parameters, arguments->catalog, 0};
    struct phase_question phase = {
        .catalog = &question->catalog,
        .scenario = scenario,
        .x = arguments->x != NULL ? arguments->x : "guests",
        .y = arguments->y != NULL ? arguments->y : "disks",
        .cells = arguments->cells > 0 ? arguments->cells : CELLS,
        .knees = arguments->no_simulate ? 0 : arguments->knee_points,
        .overlay = &overlay,
        .rules = &arguments->rules,
    };
    if (scenario == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    int status = question_scenario(scenario, arguments, diag);
    if (status == STATUS_OK)
        status = plot_phase(plot, &phase, diag);
    free(scenario);
    return status;
}

/* Cases that state a count of the limit seen. */
static size_t list_points(const struct score *score, struct parity_point *points)
{
    size_t count = 0;
    for (size_t i = 0; i < score->count; i++) {
        const struct case_result *result = &score->results[i];
        bool censored = result->bound == BOUND_CAP || isnan(result->fails);
        double seen = censored ? result->ok : result->fails;
        if (!result->scored || result->bound == BOUND_NONE || isnan(seen))
            continue;
        points[count++] = (struct parity_point){
            .name = result->name,
            .limit = result->limit,
            .seen = seen,
            .seen_low = censored || isnan(result->ok) ? seen : fmin(result->ok + 1, seen),
            .predicted = censored ? result->max_ok : result->fails_at,
            .bound = censored            ? PARITY_AT_LEAST
                     : isnan(result->ok) ? PARITY_AT_MOST
                                         : PARITY_EXACT,
            .limit_right = result->rank == 1,
            .count_right = !result->count_scored || result->count_right,
        };
    }
    return count;
}

static int picture_parity(struct plot *plot, struct question *question,
                          const struct arguments *arguments, struct diag *diag)
{
    size_t files = arguments->word_count - 1;
    struct score *scores = calloc(files + 1, sizeof *scores);
    struct parity_point *points = NULL;
    size_t room = 1;
    size_t count = 0;
    int status = STATUS_OK;
    if (scores == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    if (files == 0)
        status = diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "plot parity takes files of cases");
    for (size_t i = 0; status == STATUS_OK && i < files; i++) {
        status = score_cases(&scores[i], &question->catalog, arguments->words[i + 1], diag);
        room += scores[i].count;
    }
    if (status == STATUS_OK && (points = calloc(room, sizeof *points)) == NULL)
        status = diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    for (size_t i = 0; status == STATUS_OK && i < files; i++)
        count += list_points(&scores[i], points + count);
    if (status == STATUS_OK)
        status = plot_parity(plot, points, count, diag);
    for (size_t i = 0; i < files; i++)
        score_free(&scores[i]);
    free(points);
    free(scores);
    return status;
}

static const struct picture {
    const char *name;
    picture_function *write;
} pictures[] = {
    {"ladder", picture_ladder},   {"phase", picture_phase}, {"staircase", picture_staircase},
    {"tornado", picture_tornado}, {"ramp", picture_ramp},   {"timeline", picture_timeline},
    {"parity", picture_parity},
};
enum { PICTURES = sizeof pictures / sizeof pictures[0] };

static const struct picture *find_picture(const char *kind, struct diag *diag)
{
    struct text_nearest nearest;
    text_nearest_init(&nearest, kind);
    for (size_t i = 0; i < PICTURES; i++) {
        if (strcmp(kind, pictures[i].name) == 0)
            return &pictures[i];
        text_nearest_offer(&nearest, pictures[i].name);
    }
    diag_set(diag, STATUS_USAGE, NULL, 0, NULL,
             kind[0] == '\0'
                 ? "plot takes ladder, phase, staircase, tornado, ramp, timeline or parity%s"
                 : "'%s' is no picture; expected ladder, phase, staircase, tornado, "
                   "ramp, timeline or parity",
             kind);
    diag_suggest(diag, nearest.best);
    return NULL;
}

/* The picture's name with another suffix; the terminal's is the kind's. */
static int side_path(char path[PATH], const struct plot *plot, const char *picture,
                     const char *suffix, struct diag *diag)
{
    bool terminal = strcmp(picture, "-") == 0;
    const char *stem = terminal ? plot->kind : picture;
    size_t length = terminal ? strlen(stem) : (size_t)(strrchr(stem, '.') - stem);
    if (length + strlen(suffix) + 1 > PATH)
        return diag_set(diag, STATUS_IO, stem, 0, NULL, "is too long a name");
    snprintf(path, PATH, "%.*s%s", (int)length, stem, suffix);
    return STATUS_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Leaves the data and the script beside the picture. */
static int keep_sources(const struct plot *plot, enum medium medium, const char *picture,
                        char data_path[PATH], struct diag *diag)
{
    char script_path[PATH];
    struct output data = {.file = NULL};
    struct output script = {.file = NULL};
    int status = side_path(data_path, plot, picture, ".dat", diag);
    if (status == STATUS_OK)
        status = side_path(script_path, plot, picture, ".gp", diag);
    if (status == STATUS_OK)
        status = output_open(&data, data_path, diag);
    if (status == STATUS_OK) {
        fwrite(plot->data_text, 1, plot->data_length, data.file);
        status = output_commit(&data, diag);
    }
    if (status == STATUS_OK)
        status = output_open(&script, script_path, diag);
    if (status == STATUS_OK) {
        draw_write_script(plot, medium, base_name(data_path), base_name(picture), script.file);
        status = output_commit(&script, diag);
    }
    return status;
}

static int draw_whole(const struct plot *plot, enum medium medium, const char *path,
                      struct diag *diag)
{
    struct output output;
    if (medium == MEDIUM_TERMINAL)
        return draw(plot, medium, path, path, diag);
    int status = output_open(&output, path, diag);
    if (status != STATUS_OK)
        return status;
    status = draw(plot, medium, path, output.temporary, diag);
    if (status == STATUS_OK)
        return output_commit(&output, diag);
    output_discard(&output);
    return status;
}

int picture_show(const struct plot *plot, const char *path, bool keep, struct diag *diag)
{
    char data_path[PATH];
    bool possible = draw_possible();
    enum medium medium;
    int status = medium_of(&medium, path, diag);
    if (status == STATUS_OK && (keep || !possible))
        status = keep_sources(plot, medium, path, data_path, diag);
    if (status == STATUS_OK && !possible)
        return diag_set(diag, STATUS_IO, NULL, 0, NULL,
                        "gnuplot is not installed (Debian: gnuplot-nox); the data is in %s, the "
                        "script beside it",
                        data_path);
    return status == STATUS_OK ? draw_whole(plot, medium, path, diag) : status;
}

int picture_make(struct plot *plot, const char *kind, struct question *question,
                 const struct arguments *arguments, struct diag *diag)
{
    const struct picture *picture = find_picture(kind, diag);
    int status = plot_init(plot, kind, diag);
    if (picture == NULL)
        return STATUS_USAGE;
    if (status == STATUS_OK)
        status = picture->write(plot, question, arguments, diag);
    return status == STATUS_OK ? plot_finish(plot, diag) : status;
}

int cli_plot(const struct arguments *arguments, struct diag *diag)
{
    enum medium medium;
    const struct picture *picture =
        find_picture(arguments->word_count > 0 ? arguments->words[0] : "", diag);
    if (picture == NULL)
        return STATUS_USAGE;
    if (arguments->output == NULL)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL,
                        "plot needs -o FILE.svg, -o FILE.png, or -o - for the terminal");
    int status = medium_of(&medium, arguments->output, diag);
    if (status != STATUS_OK)
        return status;
    struct question question;
    struct plot plot = {.kind = NULL};
    status = question_open(&question, arguments, diag);
    if (status == STATUS_OK)
        status = picture_make(&plot, picture->name, &question, arguments, diag);
    if (status == STATUS_OK)
        status = picture_show(&plot, arguments->output, arguments->keep, diag);
    plot_free(&plot);
    question_close(&question);
    return status;
}
