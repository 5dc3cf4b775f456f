/* report: the whole answer as one self-contained HTML file, its pictures inline. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "model/text.h"
#include "plots/draw.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title>scalesim report</title>\n<style>\n"
    "body { font: 15px/1.45 sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }\n"
    "h1 { font-size: 1.4rem; } figure { margin: 1.5rem 0; }\n"
    "pre { font-size: 12px; overflow-x: auto; background: #f6f6f6; padding: 1rem; }\n"
    "svg { max-width: 100%; height: auto; }\n"
    "table { border-collapse: collapse; font-size: 13px; }\n"
    "td, th { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left;\n"
    "  vertical-align: top; overflow-wrap: anywhere; }\n"
    "@media print { body { margin: 0; max-width: none; } pre { white-space: pre-wrap; }\n"
    "  figure, tr { break-inside: avoid; } }\n"
    "</style>\n</head>\n<body>\n";

static void escape(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *as = *text == '<'   ? "&lt;"
                         : *text == '>' ? "&gt;"
                         : *text == '&' ? "&amp;"
                         : *text == '"' ? "&quot;"
                                        : NULL;
        if (as != NULL)
            fputs(as, out);
        else
            fputc(*text, out);
    }
}

static void write_element(FILE *out, const char *element, const char *text)
{
    fprintf(out, "<%s>", element);
    escape(out, text);
    fprintf(out, "</%s>\n", element);
}

/* What `run` prints: verdict, arithmetic, ladder, limits, assumptions. Its printers write to
 * stdout, which glibc lets a program replace. */
static int write_answer(FILE *out, const struct question *question, struct diag *diag)
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
    write_element(out, "h1", strsep(&rest, "\n"));
    write_element(out, "pre", rest != NULL ? rest : "");
    free(text);
    return STATUS_OK;
}

/* Has gnuplot draw into memory, and takes over what follows the XML prolog. */
static int write_svg(FILE *out, const struct plot *plot, struct diag *diag)
{
    char path[32];
    char *svg = NULL;
    size_t length;
    int fd = memfd_create("scalesim-picture", 0);
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    int status = fd >= 0 ? draw(plot, MEDIUM_SVG, plot->kind, path, diag)
                         : diag_set(diag, STATUS_IO, NULL, 0, NULL, "no memory for a picture");
    if (status == STATUS_OK)
        status = text_read_file(path, &svg, &length, diag);
    const char *from = svg != NULL ? strstr(svg, "<svg") : NULL;
    if (from != NULL)
        fprintf(out, "<figure>\n%s</figure>\n", from);
    if (fd >= 0)
        close(fd);
    free(svg);
    return status;
}

/* A picture that this scenario has not (no limit to raise, say) is told in a line. */
static int write_picture(FILE *out, const char *kind, struct question *question,
                         const struct arguments *arguments, struct diag *diag)
{
    struct plot plot = {.kind = NULL};
    int status = picture_make(&plot, kind, question, arguments, diag);
    if (status == STATUS_OK) {
        status = write_svg(out, &plot, diag);
    } else if (status == STATUS_DATA) {
        write_element(out, "p", diag->message);
        status = STATUS_OK;
    }
    plot_free(&plot);
    return status;
}

static int write_pictures(FILE *out, struct question *question, const struct arguments *arguments,
                          struct diag *diag)
{
    static const char *const kinds[] = {"ladder", "phase", "staircase", "tornado", "ramp"};
    bool ramp = question->answer != NULL && strcmp(model_ramp(question->model), "guests") == 0;
    int status = STATUS_OK;
    if (!draw_possible()) {
        write_element(out, "p", "Pictures need gnuplot (Debian: gnuplot-nox).");
        return STATUS_OK;
    }
    for (size_t i = 0; status == STATUS_OK && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (ramp || strcmp(kinds[i], "ramp") != 0)
            status = write_picture(out, kinds[i], question, arguments, diag);
    }
    return status;
}

static void write_limits(FILE *out, const struct prediction *prediction)
{
    fputs("<h2>Remedies and sources</h2>\n<table>\n<tr><th>limit</th><th>remedy</th><th>cost</th>"
          "<th>source</th></tr>\n",
          out);
    for (size_t i = 0; i < prediction->rungs; i++) {
        const struct rung *rung = &prediction->ladder[i];
        const struct limit *limit = prediction->outcomes[rung->outcome].limit;
        const char *const cells[] = {limit->id, limit->remedy, limit->cost, limit->source};
        if (rung->raised)
            continue;
        fputs("<tr>", out);
        for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++)
            write_element(out, "td", cells[c]);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

/* In single quotes a shell expands nothing. */
static void write_argument(FILE *out, const char *flag, const char *text)
{
    if (text == NULL)
        return;
    fprintf(out, " --%s '", flag);
    for (; *text != '\0'; text++)
        escape(out, *text == '\'' ? "'\\''" : (char[]){*text, '\0'});
    fputc('\'', out);
}

static void write_command(FILE *out, const struct arguments *arguments)
{
    fputs("<h2>To reproduce</h2>\n<p>With scalesim " SCALESIM_VERSION ":</p>\n<pre>scalesim report",
          out);
    write_argument(out, "scenario", arguments->scenario);
    write_argument(out, "catalog", arguments->catalog);
    write_argument(out, "parameters", arguments->parameters);
    write_argument(out, "x", arguments->x);
    write_argument(out, "y", arguments->y);
    for (size_t i = 0; i < arguments->setting_count; i++)
        write_argument(out, arguments->settings[i].name, arguments->settings[i].text);
    fprintf(out, "%s --seed %lu --precision %g --replications %lu -o report.html</pre>\n",
            arguments->no_simulate ? " --no-simulate" : "", (unsigned long)arguments->rules.seed,
            arguments->rules.relative, (unsigned long)arguments->rules.most);
}

static int write_report(FILE *out, struct question *question, const struct arguments *arguments,
                        struct diag *diag)
{
    fputs(head, out);
    int status = write_answer(out, question, diag);
    if (status == STATUS_OK)
        status = write_pictures(out, question, arguments, diag);
    write_limits(out, &question->prediction);
    write_command(out, arguments);
    fputs("</body>\n</html>\n", out);
    return status;
}

int cli_report(const struct arguments *arguments, struct diag *diag)
{
    struct question question;
    struct output output;
    const char *suffix = arguments->output != NULL ? strrchr(arguments->output, '.') : NULL;
    if (suffix == NULL || strcmp(suffix, ".html") != 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "report needs -o FILE.html");
    int status = question_open(&question, arguments, diag);
    if (status == STATUS_OK && !arguments->no_simulate)
        status = simulate(&question, arguments, diag);
    if (status == STATUS_OK)
        status = output_open(&output, arguments->output, diag);
    if (status == STATUS_OK) {
        status = write_report(output.file, &question, arguments, diag);
        if (status == STATUS_OK)
            status = output_commit(&output, diag);
        else
            output_discard(&output);
    }
    question_close(&question);
    return status;
}
