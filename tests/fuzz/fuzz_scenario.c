/* Any text as a scenario file, then bound and predicted. */
#include "tests/fuzz/fuzz.h"

#include "model/predict.h"
#include "model/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenario scenario;
    struct diag diag = {0};
    struct model *model = NULL;
    struct prediction prediction;
    char path[64];
    int fd = fuzz_file(data, size, path);
    if (scenario_init(&scenario, &diag) != 0)
        abort();
    int status = scenario_read(&scenario, path, &diag);
    if (status == 0)
        status = scenario_spread(&scenario, &diag);
    if (status == 0)
        status = model_new(&model, fuzz_catalog(), &scenario, &diag);
    fuzz_judge(status, &diag);
    if (model != NULL && prediction_init(&prediction, model, &diag) == 0) {
        predict(model, &prediction);
        prediction_free(&prediction);
    }
    model_free(model);
    close(fd);
    return 0;
}
