/* Any text as a table laid over the catalogue, then bound and predicted. The first byte chooses
 * the table. */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/stat.h>

#include "model/predict.h"
#include "model/scenario.h"

static const char *overlay(const uint8_t *data, size_t size)
{
    static char directory[] = "/tmp/scalesim-fuzz-XXXXXX";
    static const char *const files[] = {"resources.csv", "limits.csv", "demand.csv", "defaults.csv",
                                        "aliases.csv"};
    char path[128];
    if (strchr(directory, 'X') != NULL && mkdtemp(directory) == NULL)
        abort();
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/%s", directory, files[data[0] % 5]);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data + 1, 1, size - 1, file) != size - 1 || fclose(file) != 0)
        abort();
    return directory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenario scenario;
    struct diag diag = {0};
    struct catalog catalog;
    struct model *model = NULL;
    struct prediction prediction;
    if (size == 0)
        return 0;
    int status = catalog_load(&catalog, overlay(data, size), &diag);
    fuzz_judge(status, &diag);
    if (status == 0 && scenario_init(&scenario, &diag) == 0)
        fuzz_judge(model_new(&model, &catalog, &scenario, &diag), &diag);
    if (model != NULL && prediction_init(&prediction, model, &diag) == 0) {
        predict(model, &prediction);
        prediction_free(&prediction);
    }
    model_free(model);
    catalog_free(&catalog);
    return 0;
}
