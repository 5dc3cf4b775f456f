#include "model/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 64 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein distance with one row of the matrix; words longer than WORD_MAX are cut. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t a_length = smaller(strlen(a), WORD_MAX);
    size_t b_length = smaller(strlen(b), WORD_MAX);
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t above = row[j];
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            row[j] = smaller(smaller(above, row[j - 1]) + 1, diagonal + (same ? 0 : 1));
            diagonal = above;
        }
    }
    return row[b_length];
}

void text_nearest_init(struct text_nearest *nearest, const char *word)
{
    nearest->word = word;
    nearest->best = NULL;
    nearest->distance = strlen(word) / 2 + 1;
}

void text_nearest_offer(struct text_nearest *nearest, const char *candidate)
{
    size_t distance = edit_distance(nearest->word, candidate);
    if (distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}

bool text_parse_number(const char *text, double *number)
{
    if (!isdigit((unsigned char)text[0]) && text[0] != '-' && text[0] != '.')
        return false;
    char *end;
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

bool text_parse_size(const char *text, double *bytes)
{
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return false;
    char *end;
    double value = strtod(text, &end);
    static const char suffixes[] = "KMGTP";
    const char *suffix = *end != '\0' ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
    if (suffix != NULL) {
        value = ldexp(value, 10 * (int)(suffix - suffixes + 1));
        end++;
        if (*end == 'i')
            end++;
    }
    if (*end == 'B')
        end++;
    *bytes = value;
    return *end == '\0' && isfinite(value);
}

int text_read_file(const char *path, char **text, size_t *length, struct diag *diag)
{
    *text = NULL;
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return diag_set(diag, STATUS_IO, path, 0, NULL, "cannot open: %s", strerror(errno));
    size_t size = 0;
    size_t room = 0;
    size_t got;
    do {
        if (size + 1 >= room) {
            room = room == 0 ? 65536 : 2 * room;
            char *grown = realloc(*text, room);
            if (grown == NULL) {
                free(*text);
                *text = NULL;
                fclose(in);
                return diag_set(diag, STATUS_MEMORY, path, 0, NULL, "out of memory");
            }
            *text = grown;
        }
        got = fread(*text + size, 1, room - size - 1, in);
        size += got;
    } while (got > 0);
    bool failed = ferror(in) != 0;
    fclose(in);
    if (failed) {
        free(*text);
        *text = NULL;
        return diag_set(diag, STATUS_IO, path, 0, NULL, "cannot read: %s", strerror(errno));
    }
    (*text)[size] = '\0';
    *length = size;
    return STATUS_OK;
}

/* 1234567 as "1 234 567"; fractions keep at most two digits. */
static void group_digits(char *out, size_t size, double value)
{
    char plain[400];
    bool whole = value == floor(value) && fabs(value) < 1e15;
    snprintf(plain, sizeof plain, whole ? "%.0f" : fabs(value) < 1e15 ? "%.2f" : "%.3g", value);
    size_t digits = strspn(plain, "0123456789");
    size_t used = 0;
    for (size_t i = 0; plain[i] != '\0' && used + 2 < size; i++) {
        if (i > 0 && i < digits && (digits - i) % 3 == 0)
            out[used++] = ' ';
        out[used++] = plain[i];
    }
    out[used] = '\0';
}

void text_quantity(char *out, size_t size, double value, const char *unit)
{
    if (isinf(value)) {
        snprintf(out, size, "unlimited");
        return;
    }
    if (strcmp(unit, "bytes") != 0 || fabs(value) < 10240) {
        group_digits(out, size, value);
        return;
    }
    static const char *const suffixes[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t power = 0;
    double scaled = value / 1024;
    while (fabs(scaled) >= 1024 && power + 1 < sizeof suffixes / sizeof suffixes[0]) {
        scaled /= 1024;
        power++;
    }
    snprintf(out, size, "%.4g %s", scaled, suffixes[power]);
}

void text_seconds(char *out, size_t size, double seconds)
{
    static const struct {
        double from, scale;
        const char *unit;
    } units[] = {{120, 1.0 / 60, "min"}, {1, 1, "s"}, {1e-3, 1e3, "ms"}, {1e-6, 1e6, "us"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (fabs(seconds) >= units[i].from) {
            snprintf(out, size, "%.3g %s", seconds * units[i].scale, units[i].unit);
            return;
        }
    }
    snprintf(out, size, "%.3g ns", seconds * 1e9);
}
