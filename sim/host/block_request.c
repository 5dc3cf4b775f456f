/* A request's way through the drive: metadata of its image, allocation, data, flush. */
#include "sim/host/block_path.h"

static bool happens(struct rng *rng, double share)
{
    return share > 0 && (share >= 1 || rng_uniform(rng) < share);
}

/* Draws what the request is, and which stages it has. */
void block_request_prepare(struct request *request)
{
    struct block_guest *guest = request->job->guest;
    const struct block_costs *costs = guest->costs;
    if (request->flush) {
        request->metadata = request->fresh = request->data = false;
        request->flush_after = !costs->flush_ignored && !costs->no_drive;
        return;
    }
    request->write = happens(&guest->rng, costs->write_share);
    request->metadata = happens(&guest->rng, costs->miss_share);
    request->fresh = request->write && happens(&guest->rng, costs->fresh_share);
    request->cached = request->write && costs->write_cached &&
                      request->job->disk->dirty_bytes < costs->dirty_limit_bytes;
    request->data = request->write ? !request->cached : !happens(&guest->rng, costs->cache_share);
    request->flush_after = request->write && costs->write_through;
    if (costs->no_drive)
        request->metadata = request->fresh = request->data = request->flush_after =
            request->cached = false;
}

static void on_stage(struct sim *sim, void *arg)
{
    block_request_go(sim, arg);
}

static void use_drive(struct sim *sim, struct request *request, enum drive_operation operation,
                      double bytes)
{
    request->drive_job = (struct drive_job){.operation = operation,
                                            .sequential = request->job->guest->costs->sequential,
                                            .bytes = bytes,
                                            .done = on_stage,
                                            .arg = request};
    drive_submit(sim, request->job->disk->drive, &request->drive_job);
}

static void on_flush_delay(struct sim *sim, void *arg)
{
    struct request *request = arg;
    struct disk *disk = request->job->disk;
    double bytes = disk->dirty_bytes;
    disk->dirty_bytes = 0;
    use_drive(sim, request, DRIVE_FLUSH, bytes);
}

static void on_written(struct sim *sim, void *arg);

/* Starts writers while there is something to write. */
static void write_back(struct sim *sim, struct disk *disk)
{
    const struct block_costs *costs = disk->costs;
    for (int w = 0; w < WRITERS && disk->dirty_bytes >= costs->bytes; w++) {
        struct writer *writer = &disk->writers[w];
        if (writer->busy)
            continue;
        writer->busy = true;
        writer->disk = disk;
        writer->drive_job = (struct drive_job){.operation = DRIVE_WRITE,
                                               .sequential = costs->sequential,
                                               .bytes = costs->bytes,
                                               .done = on_written,
                                               .arg = writer};
        disk->dirty_bytes -= costs->bytes;
        drive_submit(sim, disk->drive, &writer->drive_job);
    }
}

static void on_written(struct sim *sim, void *arg)
{
    struct writer *writer = arg;
    writer->busy = false;
    write_back(sim, writer->disk);
}

void block_request_go(struct sim *sim, struct request *request)
{
    const struct block_costs *costs = request->job->guest->costs;
    enum drive_operation operation = request->write ? DRIVE_WRITE : DRIVE_READ;
    if (request->metadata) {
        request->metadata = false;
        use_drive(sim, request, DRIVE_READ, costs->miss_bytes);
    } else if (request->fresh) {
        request->fresh = false;
        use_drive(sim, request, DRIVE_WRITE, costs->fresh_bytes);
    } else if (request->data) {
        request->data = false;
        use_drive(sim, request, operation, costs->bytes);
    } else if (request->flush_after) {
        request->flush_after = false;
        if (costs->flush_delay_ns > 0)
            sim_schedule_in(sim, costs->flush_delay_ns, SIM_PRIORITY_NORMAL, on_flush_delay,
                            request);
        else
            on_flush_delay(sim, request);
    } else {
        if (request->cached) {
            request->job->disk->dirty_bytes += costs->bytes;
            write_back(sim, request->job->disk);
        }
        block_request_back(sim, request);
    }
}
