#include "sim/ranks.h"

int ranks_join(struct ranks *ranks, int *count, char ***values, struct diag *diag)
{
    (void)count;
    (void)values;
    (void)diag;
    *ranks = (struct ranks){.count = 1};
    return STATUS_OK;
}

void ranks_hush(struct ranks *ranks)
{
    (void)ranks;
}

void ranks_speak(struct ranks *ranks)
{
    (void)ranks;
}

int ranks_begin(struct ranks *ranks, const struct sweep *sweep, unsigned threads,
                const struct desk *desk, struct diag *diag)
{
    (void)ranks;
    (void)sweep;
    (void)threads;
    (void)desk;
    (void)diag;
    return STATUS_OK;
}

void ranks_finish(struct ranks *ranks)
{
    (void)ranks;
}

void ranks_dismiss(struct ranks *ranks)
{
    (void)ranks;
}

void ranks_serve(struct sweep *sweep, unsigned threads, int status, const struct diag *diag)
{
    (void)sweep;
    (void)threads;
    (void)status;
    (void)diag;
}
