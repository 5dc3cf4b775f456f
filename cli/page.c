#include "cli/page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "model/text.h"
#include "plots/draw.h"

enum { PATH_LENGTH = 4096 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title>scalesim report</title>\n<style>\n"
    "body { font: 15px/1.45 sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }\n"
    "h1 { font-size: 1.4rem; } figure { margin: 1.5rem 0; }\n"
    "pre { font-size: 12px; overflow-x: auto; background: #f6f6f6; padding: 1rem; }\n"
    "svg { max-width: 100%; height: auto; }\n"
    "table { border-collapse: collapse; font-size: 13px; }\n"
    "td, th { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left;\n"
    "  vertical-align: top; }\n"
    "td:last-child { overflow-wrap: anywhere; }\n"
    "@media print { body { margin: 0; max-width: none; } pre { white-space: pre-wrap;\n"
    "  font-size: 8px; padding: .3rem; overflow: visible; }\n"
    "  h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }\n"
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

/* What Markdown would take for markup is escaped; a line stays one. */
static void escape_markdown(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_<>[]|#", *text) != NULL)
            fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void write_text(const struct page *page, const char *text)
{
    (page->markdown ? escape_markdown : escape)(page->file, text);
}

static void write_between(const struct page *page, const char *before, const char *text,
                          const char *after)
{
    fputs(before, page->file);
    write_text(page, text);
    fputs(after, page->file);
}

void page_begin(const struct page *page, const char *title)
{
    if (!page->markdown)
        fputs(head, page->file);
    write_between(page, page->markdown ? "# " : "<h1>", title, page->markdown ? "\n" : "</h1>\n");
}

void page_end(const struct page *page)
{
    if (!page->markdown)
        fputs("</body>\n</html>\n", page->file);
}

void page_heading(const struct page *page, const char *text)
{
    write_between(page, page->markdown ? "\n## " : "<h2>", text, page->markdown ? "\n" : "</h2>\n");
}

void page_paragraph(const struct page *page, const char *text)
{
    write_between(page, page->markdown ? "\n" : "<p>", text, page->markdown ? "\n" : "</p>\n");
}

/* An indented block is code whatever it holds. */
static void write_indented(FILE *out, const char *text)
{
    fputc('\n', out);
    for (bool begins = true; *text != '\0'; begins = *text++ == '\n') {
        if (begins && *text != '\n')
            fputs("    ", out);
        fputc(*text, out);
    }
    fputc('\n', out);
}

void page_code(const struct page *page, const char *text)
{
    if (page->markdown)
        write_indented(page->file, text);
    else
        write_between(page, "<pre>", text, "</pre>\n");
}

static void write_cells(const struct page *page, const char *const *cells, size_t count,
                        bool head_row)
{
    const char *element = head_row ? "th" : "td";
    for (size_t i = 0; i < count; i++) {
        if (page->markdown) {
            write_between(page, i > 0 ? " | " : "| ", cells[i], i + 1 < count ? "" : " |\n");
        } else {
            fprintf(page->file, "<%s>", element);
            escape(page->file, cells[i]);
            fprintf(page->file, "</%s>", element);
        }
    }
}

void page_row(const struct page *page, const char *const *cells, size_t count, bool head_row)
{
    if (!page->markdown) {
        fputs(head_row ? "<table>\n<tr>" : "<tr>", page->file);
        write_cells(page, cells, count, head_row);
        fputs("</tr>\n", page->file);
        return;
    }
    if (head_row)
        fputc('\n', page->file);
    write_cells(page, cells, count, head_row);
    for (size_t i = 0; head_row && i < count; i++)
        fputs(i + 1 < count ? "| --- " : "| --- |\n", page->file);
}

void page_table_end(const struct page *page)
{
    if (!page->markdown)
        fputs("</table>\n", page->file);
}

/* Has gnuplot draw into memory, and takes over what follows the XML prolog. */
static int draw_inline(FILE *out, const struct plot *plot, struct diag *diag)
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

static int draw_beside(const struct page *page, const struct plot *plot, struct diag *diag)
{
    char path[PATH_LENGTH];
    const char *dot = strrchr(page->path, '.');
    const char *slash = strrchr(page->path, '/');
    int stem = dot != NULL && (slash == NULL || dot > slash) ? (int)(dot - page->path)
                                                             : (int)strlen(page->path);
    int length = snprintf(path, sizeof path, "%.*s-%s.svg", stem, page->path, plot->kind);
    if (length >= PATH_LENGTH)
        return diag_set(diag, STATUS_IO, page->path, 0, NULL, "is too long a name");
    struct output output;
    int status = output_open(&output, path, diag);
    if (status != STATUS_OK)
        return status;
    status = draw(plot, MEDIUM_SVG, path, output.temporary, diag);
    if (status == STATUS_OK)
        status = output_commit(&output, diag);
    else
        output_discard(&output);
    write_between(page, "\n![", plot->title, "](<");
    fprintf(page->file, "%s>)\n", slash != NULL ? path + (slash - page->path) + 1 : path);
    return status;
}

int page_picture(const struct page *page, const struct plot *plot, struct diag *diag)
{
    return page->markdown ? draw_beside(page, plot, diag) : draw_inline(page->file, plot, diag);
}
