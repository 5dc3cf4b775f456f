/* The answer as JSON; its shape is data/schema.json. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "model/option.h"

static json_t *number(double value)
{
    if (!isfinite(value))
        return json_null();
    return value == floor(value) && fabs(value) < 0x1p53 ? json_integer((json_int_t)value)
                                                         : json_real(value);
}

/* One string a source; the cell separates them by "; ". */
static json_t *sources_json(const char *cell)
{
    json_t *list = json_array();
    for (const char *at = cell, *end; at != NULL; at = end != NULL ? end + 2 : NULL) {
        end = strstr(at, "; ");
        json_array_append_new(list,
                              json_stringn(at, end != NULL ? (size_t)(end - at) : strlen(at)));
    }
    return list;
}

static json_t *limit_json(const struct question *question, const struct outcome *outcome)
{
    const struct limit *limit = outcome->limit;
    const struct resource *resource = &question->catalog.resources[limit->resource];
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(limit->id));
    json_object_set_new(object, "layer", json_string(limit->layer));
    json_object_set_new(object, "resource", json_string(resource->id));
    json_object_set_new(object, "unit", json_string(resource->unit));
    json_object_set_new(object, "scope", json_string(resource->scope_text));
    json_object_set_new(object, "kind", json_string(limit->kind));
    json_object_set_new(object, "effect", json_string(limit->effect_text));
    json_object_set_new(object, "capacity", number(outcome->asked.capacity));
    json_object_set_new(object, "demand", number(outcome->asked.demand));
    json_object_set_new(object, "max_ok", number(outcome->max_ok));
    json_object_set_new(object, "max_ok_low", number(outcome->max_ok_low));
    json_object_set_new(object, "max_ok_high", number(outcome->max_ok_high));
    json_object_set_new(object, "fails_at", number(outcome->fails_at));
    json_object_set_new(object, "dimension", json_string(model_ramp(question->model)));
    json_object_set_new(object, "remedy", json_string(limit->remedy));
    json_object_set_new(object, "sources", sources_json(limit->source));
    return object;
}

static json_t *index_json(const struct question *question, int index)
{
    return index < 0 ? json_null() : limit_json(question, &question->prediction.outcomes[index]);
}

/* Counts are numbers, sizes bytes, choices their names. */
static json_t *option_json(const struct scenario_option *option, double value)
{
    return option->kind == KIND_CHOICE ? json_string(option->choices[(int)value].text)
           : option->kind == KIND_BOOL ? json_boolean(value != 0)
                                       : number(value);
}

static json_t *assumptions_json(const struct question *question)
{
    json_t *list = json_array();
    const struct scenario *scenario = &question->scenario;
    json_array_append_new(list,
                          json_pack("{s:s,s:s}", "name", "host", "value", scenario->host_name));
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        char text[64];
        version_format(&scenario->versions[i], text, sizeof text);
        if (text[0] != '\0')
            json_array_append_new(
                list,
                json_pack("{s:s,s:s}", "name", component_name((enum component)i), "value", text));
    }
    for (size_t c = 0; c < scenario->class_count; c++) {
        for (int i = 0; options[i].name != NULL; i++) {
            double value = model_value(question->model, question->prediction.requested, c, i);
            if (i == OPTION_GUESTS)
                value = scenario_guests(scenario, c);
            if (isnan(value) || (c > 0 && options[i].scope < SCOPE_GUEST))
                continue;
            json_array_append_new(
                list, json_pack("{s:s,s:s,s:o}", "guest", scenario->classes[c].name, "name",
                                options[i].name, "value", option_json(&options[i], value)));
        }
    }
    return list;
}

/* From the draws of the coefficients; null when none was made. */
static json_t *range_json(const struct range *range)
{
    return range != NULL && !isnan(range->low)
               ? json_pack("[o,o]", number(range->low), number(range->high))
               : json_null();
}

/* class_name NULL: of all guests. */
static void add_figure(json_t *list, const struct tally *tally, enum metric metric,
                       const char *class_name, const struct range *range)
{
    struct interval interval = interval_of_mean(tally, 0.95);
    if (tally->count == 0)
        return;
    json_array_append_new(
        list, json_pack("{s:s,s:s,s:o,s:o,s:I,s:s,s:o,s:o}", "metric", metric_texts[metric].name,
                        "unit", metric_texts[metric].unit, "mean", number(interval.mean),
                        "half_width", number(interval.half_width), "n", (json_int_t)tally->count,
                        "description", metric_texts[metric].description, "guests",
                        class_name != NULL ? json_string(class_name) : json_null(), "coefficients",
                        range_json(range)));
}

static json_t *knee_json(const struct knee *knee, const struct range *range)
{
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:I,s:s,s:s,s:o}", "slo", knee->slo, "metric",
                     metric_texts[knee->metric].name, "worst", number(knee->worst), "last_good",
                     number(knee->last_good), "first_bad", number(knee->first_bad), "mean",
                     number(knee->at_bad.mean), "half_width", number(knee->at_bad.half_width), "n",
                     (json_int_t)knee->replications, "description", knee->description, "source",
                     knee->source, "coefficients", range_json(range));
}

static json_t *simulation_json(const struct question *question)
{
    const struct answer *answer = question->answer;
    json_t *figures = json_array();
    json_t *knees = json_array();
    if (answer == NULL)
        return json_null();
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        for (int i = 0; answer->ran[phase] && i < METRIC_COUNT; i++) {
            const struct figures *of = &answer->figures[phase];
            add_figure(figures, &of->metric[i], (enum metric)i, NULL,
                       answer->spread.draws > 0 ? &answer->spread.metric[i] : NULL);
            for (size_t c = 0;
                 question->scenario.class_count > 1 && c < question->scenario.class_count; c++)
                add_figure(figures, &of->class_metric[c][i], (enum metric)i,
                           question->scenario.classes[c].name, NULL);
        }
    }
    for (size_t i = 0; i < answer->knees.count; i++)
        json_array_append_new(knees,
                              knee_json(&answer->knees.knee[i],
                                        answer->spread.draws > 0 ? &answer->spread.knee[i] : NULL));
    int first = knees_first(&answer->knees);
    return json_pack("{s:b,s:o,s:o,s:o,s:o}", "partial", answer->partial, "figures", figures,
                     "knees", knees, "knee",
                     first >= 0 ? json_string(answer->knees.knee[first].slo) : json_null(),
                     "knee_bound", number(answer->knees.bound));
}

int print_json(const struct question *question)
{
    const struct prediction *prediction = &question->prediction;
    json_t *limits = json_array();
    json_t *ladder = json_array();
    for (size_t i = 0; i < prediction->count; i++)
        json_array_append_new(limits, limit_json(question, &prediction->outcomes[i]));
    for (size_t i = 0; i < prediction->rungs; i++) {
        const struct rung *rung = &prediction->ladder[i];
        const struct limit *limit = prediction->outcomes[rung->outcome].limit;
        json_t *object = json_pack("{s:s,s:b,s:s,s:s}", "id", limit->id, "raised", rung->raised,
                                   "kind", limit->kind, "remedy", limit->remedy);
        json_object_set_new(object, "fails_at", number(rung->fails_at));
        json_array_append_new(ladder, object);
    }
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string("scalesim-answer-1"));
    json_object_set_new(root, "verdict", json_string(verdict_word(verdict_code(question))));
    json_object_set_new(root, "dimension", json_string(model_ramp(question->model)));
    json_object_set_new(root, "requested", number(prediction->requested));
    json_object_set_new(root, "first_limit", index_json(question, prediction->first));
    json_object_set_new(root, "first_fatal", index_json(question, prediction->first_fatal));
    json_object_set_new(root, "limits", limits);
    json_object_set_new(root, "ladder", ladder);
    json_object_set_new(root, "assumptions", assumptions_json(question));
    json_object_set_new(root, "simulation", simulation_json(question));
    int status = json_dumpf(root, stdout, JSON_INDENT(2)) == 0 ? STATUS_OK : STATUS_MEMORY;
    putchar('\n');
    json_decref(root);
    return status;
}
