#include "sim/crew.h"

#include <omp.h>
#include <stdlib.h>

static void compute(const struct sweep *sweep, struct sweep_worker *worker, struct batch *batch)
{
    const atomic_int *cancel = sweep->rules.cancel;
    batch->status =
        sweep_batch(worker, sweep, batch->number, &batch->text, &batch->length, &batch->diag);
    if (batch->status == STATUS_OK && sweep->simulate && cancel != NULL && atomic_load(cancel) != 0)
        batch->status = SWEEP_CANCELLED; /* a simulation that was cut off is none */
    if (batch->status != STATUS_OK) {
        free(batch->text);
        batch->text = NULL;
    }
}

/* Without a worker the first batch tells why. */
static void work(const struct sweep *sweep, const struct desk *desk)
{
    struct sweep_worker *worker;
    struct batch batch = {.number = 0};
    int status = sweep_worker_new(&worker, sweep, &batch.diag);
    while (desk->take(desk->context, &batch.number)) {
        batch.status = status;
        batch.text = NULL;
        batch.length = 0;
        if (status == STATUS_OK)
            compute(sweep, worker, &batch);
        desk->put(desk->context, &batch);
    }
    sweep_worker_free(worker);
}

void crew_work(const struct sweep *sweep, unsigned threads, const struct desk *desk)
{
#pragma omp parallel num_threads(threads > 0 ? (int)threads : omp_get_max_threads())
    work(sweep, desk);
}
