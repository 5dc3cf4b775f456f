/* Any text as a file of cases. */
#include "tests/fuzz/fuzz.h"

#include "calibrate/cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {0};
    struct score score;
    char path[64];
    int fd = fuzz_file(data, size, path);
    fuzz_judge(score_cases(&score, fuzz_catalog(), path, &diag), &diag);
    score_free(&score);
    close(fd);
    return 0;
}
