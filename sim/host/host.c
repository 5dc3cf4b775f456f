#include "sim/host/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void host_stream(const struct host *host, struct rng *rng, uint64_t entity, uint64_t purpose)
{
    rng_init(rng, host->seed, host->replication, entity, purpose);
}
