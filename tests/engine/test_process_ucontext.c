/* The processes of test_process.c over the portable switch: same results, same fingerprints. */
#define PROCESS_UCONTEXT 1

/* Its functions here take precedence over those in the library. */
#include "sim/engine/process.c"
#include "tests/engine/test_process.c"
