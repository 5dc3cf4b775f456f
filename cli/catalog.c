/* The verbs that read the catalogue: limits, explain, diagnose. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "model/derive.h"
#include "model/diagnose.h"
#include "model/option.h"
#include "model/text.h"

enum { CELL = 48 };

int cli_limits(const struct arguments *arguments, struct diag *diag)
{
    struct question question;
    if (arguments->word_count > 1)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "limits takes one pattern");
    size_t shown = 0;
    int status = question_open(&question, arguments, diag);
    const char *pattern = arguments->word_count > 0 ? arguments->words[0] : "";
    for (size_t i = 0; status == STATUS_OK && i < model_limit_count(question.model); i++) {
        const struct limit *limit = model_limit(question.model, i);
        const struct resource *resource = &question.catalog.resources[limit->resource];
        struct headroom at;
        char capacity[CELL];
        if (strcasestr(limit->id, pattern) == NULL && strcasestr(limit->tunable, pattern) == NULL &&
            strcasestr(resource->description, pattern) == NULL)
            continue;
        model_exceeds(question.model, i, question.prediction.requested, false, &at);
        text_quantity(capacity, sizeof capacity, at.capacity, resource->unit);
        printf("%-32s %16s %-14s %-10s %-13s %s\n", limit->id, capacity, resource->unit,
               limit->layer, limit->kind, resource->description);
        shown++;
    }
    if (status == STATUS_OK && shown == 0) {
        status = diag_set(diag, STATUS_DATA, NULL, 0, NULL, "no limit on this host matches '%s'",
                          pattern);
        diag_suggest(diag, catalog_nearest_limit(&question.catalog, pattern));
    }
    question_close(&question);
    return status;
}

static void print_eras(const struct question *question, const char *id)
{
    puts("\neras:");
    for (size_t i = 0; i < question->catalog.limit_count; i++) {
        const struct limit *limit = &question->catalog.limits[i];
        if (strcmp(limit->id, id) == 0)
            printf("  %-8s %-16s .. %-16s %s\n", limit->arch, limit->since_text, limit->until_text,
                   limit->default_text);
    }
}

static void print_next(const struct question *question, const struct outcome *outcome)
{
    for (size_t i = 0; i < question->prediction.count; i++) {
        const struct outcome *next = &question->prediction.outcomes[i];
        if (next->fails_at >= outcome->fails_at && next != outcome && isfinite(next->fails_at) &&
            limit_is_fatal(next->limit)) {
            printf("what binds next: %s, which fails at %s %.0f\n", next->limit->id,
                   model_ramp(question->model), next->fails_at);
            return;
        }
    }
}

static void explain(const struct question *question, const struct limit *limit)
{
    const struct resource *resource = &question->catalog.resources[limit->resource];
    printf("%s: %s\n", limit->id, resource->description);
    printf("  layer %s, scope %s, %s, effect %s\n", limit->layer, resource->scope_text, limit->kind,
           limit->effect_text);
    printf("  symptom: %s\n", limit->symptom);
    if (limit->tunable[0] != '\0')
        printf("  set by: %s (kept in %s)\n", limit->tunable, limit->persist);
    if (resource->observe[0] != '\0')
        printf("  in use now: %s\n", resource->observe);
    printf("  to raise it: %s\n", limit->remedy);
    if (limit->cost[0] != '\0')
        printf("  costs: %s\n", limit->cost);
    printf("  source: %s\n", limit->source);
    bool used = false;
    for (size_t i = 0; i < question->prediction.count; i++) {
        const struct outcome *outcome = &question->prediction.outcomes[i];
        if (outcome->limit == limit) {
            used = true;
            putchar('\n');
            derive(stdout, question->model, outcome->index,
                   isfinite(outcome->fails_at) ? outcome->fails_at
                                               : question->prediction.requested);
            print_next(question, outcome);
        }
    }
    if (!used)
        puts("\nnothing in this scenario uses it");
    print_eras(question, limit->id);
}

int cli_explain(const struct arguments *arguments, struct diag *diag)
{
    struct question question;
    if (arguments->word_count != 1)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "explain takes one limit");
    int status = question_open(&question, arguments, diag);
    if (status == STATUS_OK) {
        const struct limit *known = catalog_limit(&question.catalog, arguments->words[0]);
        const struct limit *found = NULL;
        for (size_t i = 0; known != NULL && i < model_limit_count(question.model); i++) {
            if (model_limit(question.model, i)->number == known->number)
                found = model_limit(question.model, i);
        }
        if (found != NULL) {
            explain(&question, found);
        } else if (known != NULL) {
            printf("%s does not apply to this host's versions and architecture\n", known->id);
            print_eras(&question, known->id);
        } else {
            status =
                diag_set(diag, STATUS_DATA, NULL, 0, NULL, "no limit '%s'", arguments->words[0]);
            diag_suggest(diag, catalog_nearest_limit(&question.catalog, arguments->words[0]));
        }
    }
    question_close(&question);
    return status;
}

int cli_diagnose(const struct arguments *arguments, struct diag *diag)
{
    enum { BEST = 5, TEXT_MAX = 4096 };
    struct diagnosis found[BEST];
    struct catalog catalog;
    char text[TEXT_MAX] = "";
    if (arguments->word_count == 0)
        return diag_set(diag, STATUS_USAGE, NULL, 0, NULL, "diagnose takes an error text");
    for (size_t w = 0; w < arguments->word_count; w++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s ", arguments->words[w]);
    }
    int status = catalog_load(&catalog, arguments->catalog, diag);
    int count = status == STATUS_OK ? diagnose(&catalog, text, found, BEST, diag) : status;
    for (int i = 0; i < count; i++)
        printf("%d. %s (%s): %s\n     %s\n", i + 1, found[i].limit->id, found[i].limit->layer,
               catalog.resources[found[i].limit->resource].description, found[i].limit->remedy);
    if (count == 0)
        puts("no known limit speaks like that");
    catalog_free(&catalog);
    return count == 0 ? EXIT_CANNOT_TELL : count < 0 ? count : STATUS_OK;
}
