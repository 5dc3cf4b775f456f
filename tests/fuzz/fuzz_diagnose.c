/* Any text as an error message to diagnose. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "cli/cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *silent;
    struct diag diag = {0};
    char text[1024];
    struct arguments arguments = {.verb = "diagnose", .words = {text}, .word_count = 1};
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (silent == NULL && (silent = freopen("/dev/null", "w", stdout)) == NULL)
        abort();
    fuzz_judge(cli_diagnose(&arguments, &diag), &diag);
    return 0;
}
