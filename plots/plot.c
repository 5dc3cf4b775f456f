#include "plots/plot.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model/data.h"
#include "model/text.h"

enum { TEXT = 512, LINE = 92 /* characters of a title across the picture */ };

static int no_memory(struct diag *diag)
{
    return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
}

int plot_init(struct plot *plot, const char *kind, struct diag *diag)
{
    *plot = (struct plot){.kind = kind, .width = 960, .height = 600};
    plot->data = open_memstream(&plot->data_text, &plot->data_length);
    plot->script = open_memstream(&plot->script_text, &plot->script_length);
    return plot->data != NULL && plot->script != NULL ? STATUS_OK : no_memory(diag);
}

void plot_free(struct plot *plot)
{
    if (plot->data != NULL)
        fclose(plot->data);
    if (plot->script != NULL)
        fclose(plot->script);
    free(plot->data_text);
    free(plot->script_text);
    *plot = (struct plot){.kind = NULL};
}

void plot_block(struct plot *plot, const char *name, const char *columns)
{
    fprintf(plot->data, "%s# %s\n# %s\n", plot->blocks++ > 0 ? "\n\n" : "", name, columns);
}

void plot_cell(struct plot *plot, const char *text)
{
    if (text[0] == '\0')
        fputc('-', plot->data);
    for (; *text != '\0'; text++)
        fputc(*text == '"' ? '\'' : (unsigned char)*text < ' ' ? ' ' : *text, plot->data);
}

/* Breaks at spaces, but for one before a %; what has none stays long. */
static void wrap(char *text)
{
    char *begin = text;
    while (strlen(begin) > LINE) {
        char *at = begin + LINE;
        while (at > begin && (*at != ' ' || at[1] == '%'))
            at--;
        if (at == begin)
            return;
        *at = '\n';
        begin = at + 1;
    }
}

void plot_text(struct plot *plot, const char *name, const char *format, ...)
{
    char text[TEXT];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (strcmp(name, "title_text") == 0)
        snprintf(plot->title, sizeof plot->title, "%s", text);
    wrap(text);
    fprintf(plot->script, "%s = \"", name);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n')
            fputs("\\n", plot->script);
        else
            fputc(*at == '"' || *at == '`'   ? '\''
                  : *at == '\\'              ? '/'
                  : (unsigned char)*at < ' ' ? ' '
                                             : *at,
                  plot->script);
    }
    fputs("\"\n", plot->script);
}

void plot_number(struct plot *plot, const char *name, double value)
{
    fprintf(plot->script, "%s = %.10g\n", name, value);
}

void plot_count(char out[PLOT_WORD], double count)
{
    text_quantity(out, PLOT_WORD, count, "");
}

void plot_words(char out[PLOT_WORD], const char *name)
{
    snprintf(out, PLOT_WORD, "%s", name);
    for (char *at = out; *at != '\0'; at++)
        *at = *at == '_' ? ' ' : *at;
}

int plot_finish(struct plot *plot, struct diag *diag)
{
    const char *const names[] = {"style", plot->kind};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PLOT_WORD];
        snprintf(path, sizeof path, "plots/%s.gp", names[i]);
        fputs(data_find(path)->text, plot->script);
    }
    bool good = fclose(plot->data) == 0;
    good = fclose(plot->script) == 0 && good;
    plot->data = NULL;
    plot->script = NULL;
    return good ? STATUS_OK : no_memory(diag);
}
