/* Running the program as a user would: the environment's SCALESIM names it. */
#ifndef TESTS_UNIT_PROGRAM_H
#define TESTS_UNIT_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* Runs the program with the arguments; returns its exit code, its output in out. */
static int run(const char *arguments, char *out, size_t size)
{
    char command[1024];
    const char *program = getenv("SCALESIM");
    snprintf(command, sizeof command, "%s %s 2>&1", program != NULL ? program : "./scalesim",
             arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t got = fread(out, 1, size - 1, pipe);
    out[got] = '\0';
    char rest[4096];
    while (fread(rest, 1, sizeof rest, pipe) > 0)
        continue;
    return WEXITSTATUS(pclose(pipe));
}

#endif
