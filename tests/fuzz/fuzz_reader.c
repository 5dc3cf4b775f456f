/* One reader of traces, named by the environment variable FUZZ_READER: any bytes that it takes for
 * its own. FUZZ_READER=list prints the names of all, from the tables of the readers, so that a new
 * one is fuzzed without an edit here. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "tests/fuzz/trace_promises.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);

static const struct trace_reader *const lists[] = {trace_readers_json, trace_readers_text};

static const struct trace_reader *find(const char *name)
{
    for (size_t l = 0; l < 2; l++) {
        for (const struct trace_reader *reader = lists[l]; reader->format != NULL; reader++) {
            if (name == NULL)
                puts(reader->format);
            else if (strcmp(reader->format, name) == 0)
                return reader;
        }
    }
    return NULL;
}

static const struct trace_reader *chosen(void)
{
    static const struct trace_reader *reader;
    if (reader == NULL)
        reader = find(getenv("FUZZ_READER"));
    return reader;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    const char *name = getenv("FUZZ_READER");
    (void)count;
    if (name != NULL && strcmp(name, "list") == 0) {
        find(NULL);
        exit(0);
    }
    if (name == NULL || chosen() == NULL) {
        fprintf(stderr, "%s: FUZZ_READER=%s is no reader; FUZZ_READER=list prints their names\n",
                (*arguments)[0], name != NULL ? name : "");
        exit(64);
    }
    return 0;
}

/* What the reader does not take for its own never reaches it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct diag diag = {0};
    struct trace trace = {.file = FUZZ_TRACE_NAME};
    if (!(chosen()->recognise(text, size) > 0))
        return 0;
    int status = chosen()->read(&trace, text, size, &diag);
    fuzz_judge(status, &diag);
    if (status == STATUS_OK)
        check_trace(&trace);
    trace_free(&trace);
    return 0;
}
