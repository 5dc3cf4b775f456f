/* Opening a question: catalogue, scenario, model, prediction; and the verdict on it. */
#include "cli/cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int question_scenario(struct scenario *scenario, const struct arguments *arguments,
                      struct diag *diag)
{
    int status = scenario_init(scenario, diag);
    if (status == STATUS_OK && arguments->scenario != NULL)
        status = scenario_read(scenario, arguments->scenario, diag);
    /* --host replaces the whole host, so it goes before the flags that adjust it. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; status == STATUS_OK && i < arguments->setting_count; i++) {
            const struct setting *setting = &arguments->settings[i];
            if ((strcmp(setting->name, "host") == 0) == (pass == 0))
                status = scenario_set(scenario, setting->name, setting->text, diag);
        }
    }
    return status;
}

int question_open(struct question *question, const struct arguments *arguments, struct diag *diag)
{
    memset(question, 0, sizeof *question);
    int status = catalog_load(&question->catalog, arguments->catalog, diag);
    if (status == STATUS_OK)
        status = question_scenario(&question->scenario, arguments, diag);
    if (status == STATUS_OK)
        status = scenario_spread(&question->scenario, diag);
    if (status == STATUS_OK)
        status = model_new(&question->model, &question->catalog, &question->scenario, diag);
    if (status == STATUS_OK)
        status = prediction_init(&question->prediction, question->model, diag);
    if (status == STATUS_OK)
        predict(question->model, &question->prediction);
    return status;
}

void question_close(struct question *question)
{
    if (question->answer != NULL)
        answer_free(question->answer);
    free(question->answer);
    prediction_free(&question->prediction);
    model_free(question->model);
    catalog_free(&question->catalog);
}

/* Exit codes below EXIT_INTERRUPTED are verdicts. */
static enum verdict hard_verdict(const struct prediction *prediction)
{
    double first =
        prediction->first >= 0 ? prediction->outcomes[prediction->first].fails_at : INFINITY;
    double fatal = prediction->first_fatal >= 0
                       ? prediction->outcomes[prediction->first_fatal].fails_at
                       : INFINITY;
    return predict_verdict(prediction->requested, prediction->count > 0, fatal, first);
}

enum exit_code verdict_code(const struct question *question)
{
    const struct prediction *prediction = &question->prediction;
    return (enum exit_code)answer_verdict(hard_verdict(prediction), question->answer,
                                          prediction->requested);
}

const char *verdict_word(enum exit_code code)
{
    return verdict_name((enum verdict)code);
}
