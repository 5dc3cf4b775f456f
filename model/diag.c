#include "model/diag.h"

#include <stdarg.h>
#include <string.h>

int diag_set(struct diag *diag, enum status status, const char *file, unsigned line,
             const char *column, const char *format, ...)
{
    memset(diag, 0, sizeof *diag);
    snprintf(diag->file, sizeof diag->file, "%s", file != NULL ? file : "");
    snprintf(diag->column, sizeof diag->column, "%s", column != NULL ? column : "");
    diag->line = line;
    va_list args;
    va_start(args, format);
    vsnprintf(diag->message, sizeof diag->message, format, args);
    va_end(args);
    return status;
}

void diag_suggest(struct diag *diag, const char *nearest)
{
    if (nearest != NULL)
        snprintf(diag->hint, sizeof diag->hint, "did you mean '%s'?", nearest);
}

void diag_print(FILE *out, const struct diag *diag)
{
    fputs("scalesim: ", out);
    if (diag->file[0] != '\0')
        fprintf(out, "%s:", diag->file);
    if (diag->line > 0)
        fprintf(out, "%u:", diag->line);
    if (diag->file[0] != '\0' || diag->line > 0)
        fputc(' ', out);
    if (diag->column[0] != '\0')
        fprintf(out, "%s: ", diag->column);
    fputs(diag->message, out);
    if (diag->hint[0] != '\0')
        fprintf(out, "; %s", diag->hint);
    fputc('\n', out);
}
