/* Snapshots of /proc files, one or several behind each other; x counts them.
 *
 *   schedstat.{run,wait}               s   mean a time slice, weighed by the slices
 *   schedstat.{run,wait}_total         s
 *   schedstat.slices                   1
 *   pressure.RESOURCE.{some,full}.{avg10,avg60,avg300}   shares of 1
 *   pressure.RESOURCE.{some,full}.total                  s
 *
 * RESOURCE comes from `grep . /proc/pressure/...`; a plain copy does not say it, is called
 * "unnamed" and flagged. */
#include "calibrate/read_text.h"

#include <string.h>

#include "calibrate/reading.h"

double schedstat_recognise(const char *text, size_t length)
{
    struct lines lines = lines_of(text, length);
    double number;
    while (lines.number < 20 && lines_next(&lines)) {
        struct span word;
        size_t words = span_words(lines.line);
        if (words != 3 && words != 0)
            return 0;
        while (span_word(&lines.line, &word)) {
            if (!span_count(word, &number) || span_find(word, ".") != NULL)
                return 0;
        }
    }
    return lines.number > 0 && span_words((struct span){text, length < 200 ? length : 200}) >= 3
               ? 0.6
               : 0;
}

int schedstat_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    static const char *const fields[] = {"run time", "wait time", "slices"};
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        double value[3];
        struct span rest = lines.line, word = {NULL, 0};
        if (span_words(rest) == 0)
            continue;
        if (span_words(rest) != 3)
            return trace_error(trace, lines.number, NULL, diag,
                               "%zu columns, expected run ns, wait ns and slices",
                               span_words(rest));
        for (size_t i = 0; i < 3; i++) {
            span_word(&rest, &word);
            if (!span_count(word, &value[i]))
                return trace_error(trace, lines.number, fields[i], diag, "is not a count");
        }
        const struct {
            const char *name, *unit;
            double value, weight;
        } series[] = {{"schedstat.run_total", "s", value[0] * 1e-9, 1},
                      {"schedstat.wait_total", "s", value[1] * 1e-9, 1},
                      {"schedstat.slices", "1", value[2], 1},
                      {"schedstat.run", "s", value[0] * 1e-9 / value[2], value[2]},
                      {"schedstat.wait", "s", value[1] * 1e-9 / value[2], value[2]}};
        for (size_t i = 0; status == STATUS_OK && i < (value[2] > 0 ? 5 : 3); i++)
            status = trace_put(trace, series[i].name, series[i].unit, series[i].value,
                               series[i].weight, lines.number, diag);
    }
    return status;
}

double pressure_recognise(const char *text, size_t length)
{
    static const char *const some[] = {"some avg10=", "avg60=", "avg300=", "total=", NULL};
    return text_has_line(text, length, 3, some) ? 1 : 0;
}

/* "/proc/pressure/cpu:some avg10=..." or "some avg10=...". */
static struct span cut_resource(struct span *line, const char *kind)
{
    struct span resource = {line->at, (size_t)(kind - line->at)};
    *line = span_from(*line, kind);
    const char *slash = resource.length > 0 ? memrchr(resource.at, '/', resource.length) : NULL;
    if (slash != NULL)
        resource = span_from(resource, slash + 1);
    while (resource.length > 0 && (span_ends(resource, ":") || span_ends(resource, " ")))
        resource.length--;
    return resource;
}

static int read_pressure(struct trace *trace, unsigned line, struct span text, struct diag *diag)
{
    static const struct {
        const char *key, *what, *unit;
        double factor;
    } fields[] = {{"avg10=", "avg10", "1", 0.01},
                  {"avg60=", "avg60", "1", 0.01},
                  {"avg300=", "avg300", "1", 0.01},
                  {"total=", "total", "s", 1e-6}};
    const char *kind = span_find(text, "some avg10=");
    char resource[32], name[TRACE_NAME];
    struct span word = {NULL, 0};
    bool some = kind != NULL;
    if (!some)
        kind = span_find(text, "full avg10=");
    if (kind == NULL)
        return trace_error(trace, line, NULL, diag, "expected \"some\" or \"full avg10=...\"");
    span_copy(resource, sizeof resource, cut_resource(&text, kind));
    span_word(&text, &word);
    for (size_t i = 0; i < 4; i++) {
        double value;
        if (!span_word(&text, &word) || !span_starts(word, fields[i].key) ||
            !span_count(span_from(word, word.at + strlen(fields[i].key)), &value))
            return trace_error(trace, line, fields[i].what, diag, "expected %sNUMBER",
                               fields[i].key);
        trace_name(name, "pressure.%s.%s.%s", resource[0] != '\0' ? resource : "unnamed",
                   some ? "some" : "full", fields[i].what);
        int status =
            trace_put(trace, name, fields[i].unit, value * fields[i].factor, 1, line, diag);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

int pressure_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct lines lines = lines_of(text, length);
    int status = STATUS_OK;
    while (status == STATUS_OK && lines_next(&lines)) {
        struct span line = span_trim(lines.line);
        if (line.length > 0)
            status = read_pressure(trace, lines.number, line, diag);
    }
    if (status == STATUS_OK && trace_find(trace, "pressure.unnamed.some.avg10") != NULL)
        status = trace_flag(trace, diag, "the file does not say which resources it is about");
    return status;
}
