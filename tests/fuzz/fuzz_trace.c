/* Any bytes as a trace, whatever the format they look like. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/trace_promises.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {0};
    struct trace trace;
    int status = trace_parse(&trace, FUZZ_TRACE_NAME, (const char *)data, size, &diag);
    fuzz_judge(status, &diag);
    if (status == STATUS_OK)
        check_trace(&trace);
    trace_free(&trace);
    return 0;
}
