#include "model/diagnose.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/names.h"

/* A phrase counts in full when it is a symptom, less when it only tells about the limit. */
static const double symptom_weight = 1;
static const double about_weight = 0.6;
static const double remedy_weight = 0.4;

struct phrase {
    int limit; /* number */
    double weight;
    size_t first, count; /* its tokens */
};

struct token {
    size_t limits; /* how many use it */
    int last_limit, last_phrase;
    bool asked; /* stands in the text */
};

/* Words and pairs of words, numbered; phrases as runs of those numbers. */
struct index {
    struct names names;
    struct token *tokens;
    size_t token_count;
    int *runs;
    size_t run_count;
    struct phrase *phrases;
    size_t phrase_count;
    char *text; /* tokens' names */
    size_t text_used;
};

enum { WORD_MAX = 64, PHRASES_A_LIMIT = 3 };

/* Splits off the next word, lower-cased, at or before end; false when there is none. */
static bool next_word(const char **at, const char *end, char word[WORD_MAX])
{
    while (*at < end && !isalnum((unsigned char)**at) && **at != '_')
        (*at)++;
    size_t length = 0;
    while (*at < end && (isalnum((unsigned char)**at) || **at == '_')) {
        if (length + 1 < WORD_MAX)
            word[length++] = (char)tolower((unsigned char)**at);
        (*at)++;
    }
    word[length] = '\0';
    return length > 0;
}

/* The number of a token; a new one gets the next. */
static int number_of(struct index *index, const char *name)
{
    int number = names_find(&index->names, name);
    if (number >= 0)
        return number;
    char *copy = index->text + index->text_used;
    index->text_used += strlen(name) + 1;
    strcpy(copy, name);
    index->tokens[index->token_count] = (struct token){.last_limit = -1, .last_phrase = -1};
    return names_add(&index->names, copy, (int)index->token_count++);
}

static void add_token(struct index *index, const char *name, int limit)
{
    struct token *token = &index->tokens[number_of(index, name)];
    if (token->last_phrase == (int)index->phrase_count)
        return;
    token->last_phrase = (int)index->phrase_count;
    token->limits += token->last_limit != limit;
    token->last_limit = limit;
    index->runs[index->run_count++] = (int)(token - index->tokens);
}

/* Adds the words and pairs of [text, end) to the phrase being built. */
static void add_words(struct index *index, const char *text, const char *end, int limit)
{
    char pair[2 * WORD_MAX] = "";
    char word[WORD_MAX];
    while (next_word(&text, end, word)) {
        size_t before = strlen(pair);
        if (before > 0) {
            snprintf(pair + before, sizeof pair - before, " %s", word);
            add_token(index, pair, limit);
        }
        add_token(index, word, limit);
        snprintf(pair, sizeof pair, "%s", word);
    }
}

static void end_phrase(struct index *index, int limit, double weight, size_t first)
{
    if (index->run_count > first)
        index->phrases[index->phrase_count++] =
            (struct phrase){limit, weight, first, index->run_count - first};
}

static void add_text(struct index *index, const char *text, int limit, double weight)
{
    size_t first = index->run_count;
    add_words(index, text, text + strlen(text), limit);
    end_phrase(index, limit, weight, first);
}

static void add_limit(struct index *index, const struct catalog *catalog, const struct limit *limit)
{
    const struct resource *resource = &catalog->resources[limit->resource];
    const char *at = limit->symptom;
    while (*at != '\0') {
        const char *end = strstr(at, "; ");
        size_t first = index->run_count;
        add_words(index, at, end != NULL ? end : at + strlen(at), limit->number);
        end_phrase(index, limit->number, symptom_weight, first);
        at = end != NULL ? end + 2 : at + strlen(at);
    }
    char about[1024];
    int used = snprintf(about, sizeof about, "%s %s %s %s ", limit->id, resource->description,
                        resource->unit, limit->tunable);
    for (const char *c = limit->id; *c != '\0' && used + 1 < (int)sizeof about; c++)
        about[used++] = *c == '_' ? ' ' : *c;
    about[used < (int)sizeof about ? used : (int)sizeof about - 1] = '\0';
    add_text(index, about, limit->number, about_weight);
    add_text(index, limit->remedy, limit->number, remedy_weight);
}

static bool index_init(struct index *index, const struct catalog *catalog)
{
    size_t letters = 0;
    size_t phrases = 0;
    memset(index, 0, sizeof *index);
    for (size_t i = 0; i < catalog->limit_count; i++) {
        const struct limit *limit = &catalog->limits[i];
        const struct resource *resource = &catalog->resources[limit->resource];
        letters += strlen(limit->symptom) + 2 * strlen(limit->id) + strlen(resource->description) +
                   strlen(resource->unit) + strlen(limit->tunable) + strlen(limit->remedy) + 8;
        phrases += strlen(limit->symptom) / 2 + PHRASES_A_LIMIT;
    }
    /* A word has a letter and a gap, and makes a pair besides. */
    index->tokens = calloc(letters + 1, sizeof *index->tokens);
    index->runs = malloc((letters + 1) * sizeof *index->runs);
    index->phrases = malloc((phrases + 1) * sizeof *index->phrases);
    index->text = malloc(3 * letters + 1); /* words once alone, twice in pairs */
    return names_init(&index->names, letters) && index->tokens != NULL && index->runs != NULL &&
           index->phrases != NULL && index->text != NULL;
}

static void index_free(struct index *index)
{
    names_free(&index->names);
    free(index->tokens);
    free(index->runs);
    free(index->phrases);
    free(index->text);
}

/* Marks the known words and pairs of the text. */
static void ask(struct index *index, const char *text)
{
    const char *end = text + strlen(text);
    char pair[2 * WORD_MAX] = "";
    char word[WORD_MAX];
    while (next_word(&text, end, word)) {
        size_t before = strlen(pair);
        if (before > 0)
            snprintf(pair + before, sizeof pair - before, " %s", word);
        int pair_number = before > 0 ? names_find(&index->names, pair) : -1;
        int number = names_find(&index->names, word);
        if (pair_number >= 0)
            index->tokens[pair_number].asked = true;
        if (number >= 0)
            index->tokens[number].asked = true;
        snprintf(pair, sizeof pair, "%s", word);
    }
}

static double score_phrase(const struct index *index, const struct phrase *phrase, size_t limits)
{
    double matched = 0;
    double all = 0;
    for (size_t i = phrase->first; i < phrase->first + phrase->count; i++) {
        const struct token *token = &index->tokens[index->runs[i]];
        double weight = log(1 + (double)limits / (double)token->limits);
        all += weight * weight;
        matched += token->asked ? weight * weight : 0;
    }
    return phrase->weight * matched / sqrt(sqrt(all));
}

static int compare(const void *left, const void *right)
{
    const struct diagnosis *a = left;
    const struct diagnosis *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return strcmp(a->limit->id, b->limit->id);
}

/* Scores every limit and copies the best; `best` has room for one diagnosis a limit. */
static int rank(struct index *index, const struct catalog *catalog, const char *text,
                struct diagnosis *best, struct diagnosis *out, int room)
{
    int count = 0;
    for (size_t i = 0; i < catalog->limit_count; i++) {
        add_limit(index, catalog, &catalog->limits[i]);
        best[catalog->limits[i].number].limit = &catalog->limits[i];
    }
    ask(index, text);
    for (size_t i = 0; i < index->phrase_count; i++) {
        struct diagnosis *of = &best[index->phrases[i].limit];
        of->score =
            fmax(of->score, score_phrase(index, &index->phrases[i], catalog->limit_numbers));
    }
    qsort(best, catalog->limit_numbers, sizeof *best, compare);
    for (; count < room && count < (int)catalog->limit_numbers && best[count].score > 0; count++)
        out[count] = best[count];
    return count;
}

int diagnose(const struct catalog *catalog, const char *text, struct diagnosis *out, int room,
             struct diag *diag)
{
    struct index index;
    struct diagnosis *best = calloc(catalog->limit_numbers + 1, sizeof *best);
    int count = index_init(&index, catalog) && best != NULL
                    ? rank(&index, catalog, text, best, out, room)
                    : diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    index_free(&index);
    free(best);
    return count;
}
