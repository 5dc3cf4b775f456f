/* report: the whole answer as a page with its pictures. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/page.h"
#include "plots/draw.h"

/* The parts of what `run` prints, by how they begin. */
static void write_part(const struct page *page, const char *text)
{
    static const char *const parts[][2] = {
        {"Ladder", "Ladder"},       {"LIMIT", "Limits"},
        {"In time", "In time"},     {"Service levels", "Service levels"},
        {"Assumed", "Assumptions"}, {"Next", "Next"},
    };
    const char *heading = "Arithmetic";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strncmp(text, parts[i][0], strlen(parts[i][0])) == 0)
            heading = parts[i][1];
    }
    page_heading(page, heading);
    page_code(page, text);
}

/* Verdict, arithmetic, ladder, limits, assumptions. The printers write to stdout, which glibc lets
 * a program replace. */
static int write_answer(const struct page *page, const struct question *question, struct diag *diag)
{
    char *text = NULL;
    size_t length = 0;
    FILE *kept = stdout;
    FILE *memory = open_memstream(&text, &length);
    if (memory == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    stdout = memory;
    int status = print_text(question, true);
    stdout = kept;
    if (fclose(memory) != 0 || status != STATUS_OK) {
        free(text);
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    }
    char *rest = text;
    page_begin(page, strsep(&rest, "\n"));
    while (rest != NULL && *rest != '\0') {
        char *end = strstr(rest, "\n\n");
        if (end != NULL)
            *end = '\0';
        write_part(page, rest);
        rest = end != NULL ? end + 2 : NULL;
    }
    free(text);
    return STATUS_OK;
}

/* A picture that this scenario has not (no limit to raise, say) is told in a line. */
static int write_picture(const struct page *page, const char *kind, struct question *question,
                         const struct arguments *arguments, struct diag *diag)
{
    struct plot plot = {.kind = NULL};
    int status = picture_make(&plot, kind, question, arguments, diag);
    if (status == STATUS_OK) {
        status = page_picture(page, &plot, diag);
    } else if (status == STATUS_DATA) {
        page_paragraph(page, diag->message);
        status = STATUS_OK;
    }
    plot_free(&plot);
    return status;
}

static int write_pictures(const struct page *page, struct question *question,
                          const struct arguments *arguments, struct diag *diag)
{
    static const struct {
        const char *kind, *heading;
        bool simulated; /* starts of guests */
    } pictures[] = {
        {"ladder", "Headroom of every limit", false}, {"phase", "Which limit binds where", false},
        {"staircase", "What each fix gains", false},  {"tornado", "What matters most", false},
        {"ramp", "Starts along the ramp", true},      {"timeline", "Over time", true},
    };
    bool ramp = question->answer != NULL && strcmp(model_ramp(question->model), "guests") == 0;
    int status = STATUS_OK;
    if (!draw_possible()) {
        page_heading(page, "Pictures");
        page_paragraph(page, "Pictures need gnuplot (Debian: gnuplot-nox).");
        return STATUS_OK;
    }
    for (size_t i = 0; status == STATUS_OK && i < sizeof pictures / sizeof pictures[0]; i++) {
        if (pictures[i].simulated && !ramp)
            continue;
        page_heading(page, pictures[i].heading);
        status = write_picture(page, pictures[i].kind, question, arguments, diag);
    }
    return status;
}

static void write_limits(const struct page *page, const struct prediction *prediction)
{
    enum { CELLS = 4 };
    static const char *const head[CELLS] = {"limit", "remedy", "cost", "source"};
    page_heading(page, "Remedies and sources");
    page_row(page, head, CELLS, true);
    for (size_t i = 0; i < prediction->rungs; i++) {
        const struct rung *rung = &prediction->ladder[i];
        const struct limit *limit = prediction->outcomes[rung->outcome].limit;
        const char *const cells[CELLS] = {limit->id, limit->remedy, limit->cost, limit->source};
        if (!rung->raised)
            page_row(page, cells, CELLS, false);
    }
    page_table_end(page);
}

/* In single quotes a shell expands nothing. */
static void write_argument(FILE *out, const char *flag, const char *text)
{
    if (text == NULL)
        return;
    fprintf(out, " --%s '", flag);
    for (; *text != '\0'; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
    fputc('\'', out);
}

static int write_command(const struct page *page, const struct arguments *arguments,
                         struct diag *diag)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    fputs("scalesim report", out);
    write_argument(out, "scenario", arguments->scenario);
    write_argument(out, "catalog", arguments->catalog);
    write_argument(out, "parameters", arguments->parameters);
    write_argument(out, "x", arguments->x);
    write_argument(out, "y", arguments->y);
    for (size_t i = 0; i < arguments->setting_count; i++)
        write_argument(out, arguments->settings[i].name, arguments->settings[i].text);
    if (arguments->draws > 0)
        fprintf(out, " --uncertainty %zu", arguments->draws);
    fprintf(out, "%s --knee-points %u --seed %lu --precision %g --replications %lu -o report.%s\n",
            arguments->no_simulate ? " --no-simulate" : "", arguments->knee_points,
            (unsigned long)arguments->rules.seed, arguments->rules.relative,
            (unsigned long)arguments->rules.most, page->markdown ? "md" : "html");
    bool good = fclose(out) == 0;
    page_heading(page, "To reproduce");
    page_paragraph(page, "With scalesim " SCALESIM_VERSION ":");
    if (good)
        page_code(page, text);
    free(text);
    return good ? STATUS_OK : diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

static int write_report(const struct page *page, struct question *question,
                        const struct arguments *arguments, struct diag *diag)
{
    int status = write_answer(page, question, diag);
    if (status == STATUS_OK)
        status = write_pictures(page, question, arguments, diag);
    if (status != STATUS_OK)
        return status;
    write_limits(page, &question->prediction);
    status = write_command(page, arguments, diag);
    page_end(page);
    return status;
}

/* The form asked for, by --format or by the name. */
static int form_of(struct page *page, const struct arguments *arguments, struct diag *diag)
{
    const char *path = arguments->output;
    const char *suffix = path != NULL ? strrchr(path, '.') : NULL;
    const char *said = arguments->report_format;
    bool html = suffix != NULL && strcmp(suffix, ".html") == 0;
    *page = (struct page){.path = path, .markdown = suffix != NULL && strcmp(suffix, ".md") == 0};
    if (path == NULL || (said == NULL && !html && !page->markdown))
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "report needs -o FILE.html or FILE.md");
    if (said == NULL)
        return STATUS_OK;
    page->markdown = strcmp(said, "markdown") == 0;
    if (!page->markdown && strcmp(said, "html") != 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, "format",
                        "'%s' is no form of a report; expected html or markdown", said);
    return STATUS_OK;
}

int cli_report(const struct arguments *arguments, struct diag *diag)
{
    struct question question;
    struct output output;
    struct page page;
    if (form_of(&page, arguments, diag) != STATUS_OK)
        return STATUS_USAGE;
    int status = question_open(&question, arguments, diag);
    if (status == STATUS_OK && !arguments->no_simulate)
        status = simulate(&question, arguments, diag);
    if (status == STATUS_OK)
        status = output_open(&output, arguments->output, diag);
    if (status == STATUS_OK) {
        page.file = output.file;
        status = write_report(&page, &question, arguments, diag);
        if (status == STATUS_OK)
            status = output_commit(&output, diag);
        else
            output_discard(&output);
    }
    question_close(&question);
    return status;
}
