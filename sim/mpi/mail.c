#include "sim/mpi/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void mail_nap(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

void *mail_allocate(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) {
        fputs("scalesim: out of memory\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, -STATUS_MEMORY);
    }
    return memory;
}

char *mail_receive(int source, int *from, int *tag, size_t *length)
{
    MPI_Message message;
    MPI_Status status;
    int there, count;
    MPI_Improbe(source, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &message, &status);
    if (!there)
        return NULL;
    MPI_Get_count(&status, MPI_BYTE, &count);
    char *bytes = mail_allocate((size_t)count + 1);
    MPI_Mrecv(bytes, count, MPI_BYTE, &message, MPI_STATUS_IGNORE);
    *from = status.MPI_SOURCE;
    *tag = status.MPI_TAG;
    *length = (size_t)count;
    return bytes;
}
