/* What ranks send each other, all of bytes (the machines must be of one kind):
 *     other -> 0   HELLO  struct hello, first of all
 *                  ROWS   number of a batch, its rows
 *                  FAILED struct failure
 *                  BYE    the last
 *     0 -> other   BATCH  its number
 *                  STOP   once, the last
 * One thread of each rank has the mail, and looks for it with naps in between: MPI's own waiting
 * would keep a CPU busy. */
#ifndef SIM_MPI_MAIL_H
#define SIM_MPI_MAIL_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "model/diag.h"

enum tag { TAG_HELLO, TAG_ROWS, TAG_FAILED, TAG_BYE, TAG_BATCH, TAG_STOP };
enum { AHEAD = 4, NAP_NS = 500000, SHORT_NAP_NS = 20000, VERSION_SIZE = 32 };

struct hello {
    uint64_t study;
    int status;
    char version[VERSION_SIZE], host[MPI_MAX_PROCESSOR_NAME];
    struct diag diag;
};

struct failure {
    uint64_t batch;
    int status;
    struct diag diag;
};

/* Ends all ranks when there is none, for what cannot be told to anybody any more. */
void *mail_allocate(size_t size);

/* A message from `source`, if there is one, to be freed. */
char *mail_receive(int source, int *from, int *tag, size_t *length);

void mail_nap(long ns);

#endif
