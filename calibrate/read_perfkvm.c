/* The table of `perf kvm stat report`. A row may be wrapped anywhere and quoted with '>', as mail
 * does: it is read word by word, not line by line. x counts the file's tables.
 *
 *   perfkvm.exit.REASON                  s   mean time, weighed by the samples
 *   perfkvm.exit_{min,max}.REASON        s
 *   perfkvm.exit_error.REASON            1   relative standard error of the mean
 *   perfkvm.samples.REASON               1
 *   perfkvm.time_share.REASON            1   of the time of all exits
 *   tags total_samples, total_time (s), where the report gives them
 *
 * Flagged: a mean outside its extremes; a table whose rows do not add up to its total (excerpts),
 * or to the shares it states. Perf before 3.14 has no min and max. */
#include "calibrate/read_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibrate/reading.h"

static const char *const header_words[] = {"Samples", "Samples%", "Time%", NULL};

struct reader {
    struct trace *trace;
    struct diag *diag;
    struct lines lines;
    struct span word;
    unsigned line; /* of the word */
    bool ended;
    bool bounds; /* the table has Min Time and Max Time */
    char reason[TRACE_NAME];
    double samples, shares; /* of the table so far */
    bool told;              /* the table has its total */
    size_t rows;
};

double perfkvm_recognise(const char *text, size_t length)
{
    static const char *const header[] = {"Samples", "Samples%", "Time%", NULL};
    return text_has_line(text, length, 100, header) ? 1 : 0;
}

/* Moves to the next word, over line ends and quotation marks of mail. */
static void advance(struct reader *reader)
{
    while (!span_word(&reader->lines.line, &reader->word)) {
        if (!lines_next(&reader->lines)) {
            reader->ended = true;
            return;
        }
        struct span *line = &reader->lines.line;
        while (line->length > 0 && (line->at[0] == '>' || line->at[0] == ' ')) {
            line->at++;
            line->length--;
        }
    }
    reader->line = reader->lines.number;
}

static int wrong(struct reader *reader, const char *field, const char *expected)
{
    char word[TRACE_NAME];
    if (reader->ended)
        return trace_error(reader->trace, reader->line, field, reader->diag,
                           "the file ends inside a row; expected %s", expected);
    span_copy(word, sizeof word, reader->word);
    return trace_error(reader->trace, reader->line, field, reader->diag,
                       "'%s': expected %s (columns may be missing or run together)", word,
                       expected);
}

/* A number with a unit right behind it: "0.93us", "79.55%". */
static bool take_number(struct reader *reader, const char *unit, double factor, double *number)
{
    struct span digits = reader->word;
    if (reader->ended || !span_ends(digits, unit))
        return false;
    digits.length -= strlen(unit);
    if (!span_count(digits, number))
        return false;
    *number *= factor;
    advance(reader);
    return true;
}

/* "( +- 8.66% )" is absent behind a single sample, and may be cut off at the end of an excerpt. */
static int read_error(struct reader *reader, double *error)
{
    *error = NAN;
    if (reader->ended || reader->word.at[0] != '(')
        return STATUS_OK;
    while (!reader->ended && !span_ends(reader->word, "%"))
        if (!span_is(reader->word, "(") && !span_is(reader->word, "+-") &&
            !span_is(reader->word, "(+-"))
            return wrong(reader, "Avg time", "\"( +- ERROR% )\"");
        else
            advance(reader);
    if (!take_number(reader, "%", 0.01, error))
        return wrong(reader, "Avg time", "\"( +- ERROR% )\"");
    if (!reader->ended && span_is(reader->word, ")"))
        advance(reader);
    return STATUS_OK;
}

static int put(struct reader *reader, unsigned line, const char *what, const char *unit,
               double value, double weight)
{
    char name[TRACE_NAME];
    if (isnan(value))
        return STATUS_OK;
    trace_name(name, "perfkvm.%s.%s", what, reader->reason);
    return trace_put(reader->trace, name, unit, value, weight, line, reader->diag);
}

static int read_row(struct reader *reader)
{
    double samples, share, time, least = NAN, most = NAN, mean, error;
    unsigned line = reader->line;
    char name[TRACE_NAME];
    span_copy(reader->reason, sizeof reader->reason, reader->word);
    advance(reader);
    if (!take_number(reader, "", 1, &samples))
        return wrong(reader, "Samples", "a count");
    if (!take_number(reader, "%", 0.01, &share))
        return wrong(reader, "Samples%", "a share in percent");
    if (!take_number(reader, "%", 0.01, &time))
        return wrong(reader, "Time%", "a share in percent");
    if (reader->bounds && !take_number(reader, "us", 1e-6, &least))
        return wrong(reader, "Min Time", "a time in us");
    if (reader->bounds && !take_number(reader, "us", 1e-6, &most))
        return wrong(reader, "Max Time", "a time in us");
    if (!take_number(reader, "us", 1e-6, &mean))
        return wrong(reader, "Avg time", "a time in us");
    int status = read_error(reader, &error);
    const struct {
        const char *what, *unit;
        double value, weight;
    } series[] = {{"exit", "s", mean, samples}, {"exit_min", "s", least, 1},
                  {"exit_max", "s", most, 1},   {"exit_error", "1", error, 1},
                  {"samples", "1", samples, 1}, {"time_share", "1", time, 1}};
    for (size_t i = 0; status == STATUS_OK && i < sizeof series / sizeof series[0]; i++)
        status =
            put(reader, line, series[i].what, series[i].unit, series[i].value, series[i].weight);
    trace_name(name, "exit of %s", reader->reason);
    if (status == STATUS_OK && reader->bounds)
        status =
            trace_check_mean(reader->trace, line, name, mean, least, most, 0.006e-6, reader->diag);
    reader->samples += samples;
    reader->shares += share;
    reader->rows++;
    return status;
}

/* "Total Samples:55447, Total events handled time:88437041.52us." */
static int read_total(struct reader *reader, struct span line)
{
    const char *samples = span_find(line, "Samples:"), *time = span_find(line, "time:");
    double count, total;
    char value[32];
    if (samples == NULL)
        return STATUS_OK;
    struct span rest = span_from(line, samples + strlen("Samples:")), word;
    span_field(&rest, ',', &word);
    if (!span_count(span_trim(word), &count))
        return trace_error(reader->trace, reader->lines.number, "Total Samples", reader->diag,
                           "expected a count");
    snprintf(value, sizeof value, "%.0f", count);
    reader->told = true;
    int status = trace_set_tag(reader->trace, "total_samples", value, reader->diag);
    if (status == STATUS_OK && count != reader->samples)
        status =
            trace_flag(reader->trace, reader->diag, "line %u: the rows hold %.0f of %.0f samples",
                       reader->lines.number, reader->samples, count);
    if (status != STATUS_OK || time == NULL)
        return status;
    rest = span_from(line, time + strlen("time:"));
    const char *unit = span_find(rest, "us");
    if (unit == NULL ||
        !span_count(span_trim((struct span){rest.at, (size_t)(unit - rest.at)}), &total))
        return trace_error(reader->trace, reader->lines.number, "Total events handled time",
                           reader->diag, "expected a time in us");
    snprintf(value, sizeof value, "%.9g", total * 1e-6);
    return trace_set_tag(reader->trace, "total_time", value, reader->diag);
}

static bool is_header(struct span line)
{
    const char *const *word = header_words;
    while (*word != NULL && span_find(line, *word) != NULL)
        word++;
    return *word == NULL;
}

/* Rows up to "Total Samples", to the next table or to the end. */
static int read_table(struct reader *reader, struct span header)
{
    int status = STATUS_OK;
    bool total = false;
    reader->bounds = span_find(header, "Min Time") != NULL;
    reader->samples = reader->shares = 0;
    reader->told = false;
    reader->lines.line = (struct span){NULL, 0};
    /* The titles wrap too. */
    for (advance(reader); !reader->ended; advance(reader)) {
        if (span_is(reader->word, "Min"))
            reader->bounds = true;
        else if (!span_is(reader->word, "Time") && !span_is(reader->word, "Max") &&
                 !span_is(reader->word, "Avg") && !span_is(reader->word, "time"))
            break;
    }
    while (status == STATUS_OK && !reader->ended && !total) {
        total = span_is(reader->word, "Total") || span_is(reader->word, "Analyze");
        if (!total)
            status = read_row(reader);
        else if (span_is(reader->word, "Total"))
            status = read_total(reader, reader->lines.line);
    }
    if (status == STATUS_OK && !reader->told && fabs(reader->shares - 1) > 0.001)
        status = trace_flag(reader->trace, reader->diag,
                            "line %u: the rows hold %.2f %% of the samples, and no total is told",
                            reader->line, 100 * reader->shares);
    return status;
}

int perfkvm_read(struct trace *trace, const char *text, size_t length, struct diag *diag)
{
    struct reader reader = {.trace = trace, .diag = diag, .lines = lines_of(text, length)};
    int status = STATUS_OK;
    while (status == STATUS_OK && !reader.ended && lines_next(&reader.lines)) {
        reader.line = reader.lines.number;
        if (is_header(reader.lines.line))
            status = read_table(&reader, reader.lines.line);
    }
    if (status == STATUS_OK && reader.rows == 0)
        status = trace_error(trace, reader.line, NULL, diag, "no exits below the header");
    return status;
}
