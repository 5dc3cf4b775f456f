#include "calibrate/record.h"

#include <csv.h>
#include <ctype.h>
#include <string.h>

void record_write_head(FILE *out, const struct trace_tag *tags, size_t count)
{
    fputs(RECORD_MAGIC, out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, " %s=", tags[i].name);
        for (const char *c = tags[i].value; *c != '\0'; c++)
            fputc(isgraph((unsigned char)*c) ? *c : '_', out);
    }
    fputs("\ntime_s,scope,resource,value\n", out);
}

void record_write_row(FILE *out, double time_s, const char *scope, const char *resource,
                      double value)
{
    fprintf(out, "%.3f,", time_s);
    if (strpbrk(scope, ",\"\r\n") != NULL)
        csv_fwrite(out, scope, strlen(scope));
    else
        fputs(scope, out);
    fprintf(out, ",%s,%.17g\n", resource, value);
}
