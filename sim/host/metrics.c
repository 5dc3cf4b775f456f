#include "sim/host/metrics.h"

#include <math.h>
#include <string.h>

const struct metric_text metric_texts[METRIC_COUNT] = {
#define METRIC(id, unit, description) [METRIC_##id] = {#id, unit, description},
    METRICS
#undef METRIC
};

int metric_find(const char *name)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metric_texts[i].name, name) == 0)
            return i;
    }
    return -1;
}

void result_init(struct result *result)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        result->value[i] = NAN;
        for (int c = 0; c < CLASSES_MAX; c++)
            result->class_value[c][i] = NAN;
    }
    histogram_init(&result->start_ns);
    histogram_init(&result->io_ns);
    histogram_init(&result->delay_ns);
}
