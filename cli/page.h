/* A report's page, as one HTML file that fetches nothing or as Markdown with its pictures beside
 * it.
 */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "plots/plot.h"

struct page {
    FILE *file;
    const char *path; /* that the page will have */
    bool markdown;
};

void page_begin(const struct page *page, const char *title);
void page_end(const struct page *page);

void page_heading(const struct page *page, const char *text);
void page_paragraph(const struct page *page, const char *text);
void page_code(const struct page *page, const char *text);

/* A table is its head, its rows and its end; all have as many cells. */
void page_row(const struct page *page, const char *const *cells, size_t count, bool head);
void page_table_end(const struct page *page);

/* Inline, or as PAGE-KIND.svg. Errors: STATUS_IO. */
int page_picture(const struct page *page, const struct plot *plot, struct diag *diag);

#endif
