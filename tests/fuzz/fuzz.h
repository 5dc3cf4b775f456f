/* What the fuzz targets share. Each is a libFuzzer target: it may reject its input with a diag, but
 * must neither crash, leak nor hang, and a rejection must say something. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/catalog.h"
#include "model/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes data to an unnamed file and its path to out; the caller closes the descriptor. */
static inline int fuzz_file(const uint8_t *data, size_t size, char out[64])
{
    int fd = memfd_create("input", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(out, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static inline void fuzz_judge(int status, const struct diag *diag)
{
    if (status < 0 && diag->message[0] == '\0')
        abort();
}

/* The built-in catalogue, loaded once. */
static inline struct catalog *fuzz_catalog(void)
{
    static struct catalog catalog;
    struct diag diag;
    if (catalog.limit_count == 0 && catalog_load(&catalog, NULL, &diag) != 0)
        abort();
    return &catalog;
}

#endif
