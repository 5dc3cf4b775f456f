#include "sim/host/drive.h"

#include <math.h>

struct distribution drive_law(double mean_s, double variation)
{
    struct distribution law;
    double square = variation * variation;
    if (mean_s > 0 && variation == 1)
        distribution_exponential(&law, mean_s);
    else if (mean_s > 0 && variation > 0)
        distribution_gamma(&law, 1 / square, mean_s * square);
    else
        distribution_deterministic(&law, fmax(mean_s, 0));
    return law;
}

/* A parameter that may have no row: then 0. */
static double known(const struct costs *costs, size_t class_index, const char *name)
{
    double value = cost_of(costs, class_index, name);
    return isnan(value) ? 0 : value;
}

void drive_rules_read(struct drive_rules *rules, const struct costs *costs, size_t c)
{
    double read_variation = known(costs, c, "drive_read_variation");
    double write_variation = known(costs, c, "drive_write_variation");
    *rules = (struct drive_rules){
        .channels = (uint32_t)fmax(known(costs, c, "drive_channels"), 1),
        .channel_bytes_per_s = known(costs, c, "drive_channel_rate"),
        .delay_s = known(costs, c, "drive_delay_s"),
    };
    rules->mode[DRIVE_READ][0] = drive_law(known(costs, c, "drive_read_s"), read_variation);
    rules->mode[DRIVE_READ][1] = drive_law(known(costs, c, "drive_read_slow_s"), read_variation);
    rules->slow_share[DRIVE_READ] = known(costs, c, "drive_read_slow_share");
    rules->mode[DRIVE_WRITE][0] = drive_law(known(costs, c, "drive_write_s"), write_variation);
    rules->mode[DRIVE_FLUSH][0] = drive_law(known(costs, c, "drive_flush_s"), 0);
    rules->sequential = drive_law(known(costs, c, "drive_sequential_s"), read_variation);
    rules->bus_bytes_per_s[DRIVE_READ] = known(costs, c, "drive_read_rate");
    rules->bus_bytes_per_s[DRIVE_WRITE] = known(costs, c, "drive_write_rate");
    rules->bus_bytes_per_s[DRIVE_FLUSH] = rules->bus_bytes_per_s[DRIVE_WRITE];
    rules->bus_s[DRIVE_READ] = known(costs, c, "drive_read_op_s");
    rules->bus_s[DRIVE_WRITE] = known(costs, c, "drive_write_op_s");
}

void drive_init(struct drive *drive, const struct sim *sim, const struct drive_rules *rules,
                const struct rng *rng)
{
    *drive = (struct drive){.rules = rules, .rng = *rng};
    station_queue_init(&drive->channels, sim, rules->channels, UINT32_MAX, STATION_NO_PREEMPTION);
    station_queue_init(&drive->bus, sim, 1, UINT32_MAX, STATION_NO_PREEMPTION);
}

void drive_restart_statistics(struct drive *drive, const struct sim *sim)
{
    station_queue_restart_statistics(&drive->channels, sim);
    station_queue_restart_statistics(&drive->bus, sim);
}

static uint64_t whole_ns(double seconds)
{
    return (uint64_t)llround(fmin(fmax(seconds, 0), 1e9) * 1e9);
}

static void job_done(struct sim *sim, void *arg)
{
    struct drive_job *job = arg;
    job->done(sim, job->arg);
}

static void enter_bus(struct sim *sim, void *arg)
{
    struct drive_job *job = arg;
    const struct drive_rules *rules = job->drive->rules;
    double rate = rules->bus_bytes_per_s[job->operation];
    double time_s = rules->bus_s[job->operation] + (rate > 0 ? job->bytes / rate : 0);
    if (time_s <= 0) {
        job->done(sim, job->arg);
        return;
    }
    job->station = (struct station_job){.service_ns = whole_ns(time_s),
                                        .patience_ns = STATION_FOREVER,
                                        .done = job_done,
                                        .arg = job};
    station_queue_submit(sim, &job->drive->bus, &job->station);
}

static double channel_time(struct drive *drive, const struct drive_job *job)
{
    const struct drive_rules *rules = drive->rules;
    if (job->operation == DRIVE_FLUSH)
        return distribution_sample(&rules->mode[DRIVE_FLUSH][0], &drive->rng);
    double bytes_s = rules->channel_bytes_per_s > 0 ? job->bytes / rules->channel_bytes_per_s : 0;
    if (job->sequential)
        return bytes_s + distribution_sample(&rules->sequential, &drive->rng);
    double share = rules->slow_share[job->operation];
    bool slow = share > 0 && rng_uniform(&drive->rng) < share;
    return bytes_s + distribution_sample(&rules->mode[job->operation][slow], &drive->rng);
}

static void enter_channel(struct sim *sim, void *arg)
{
    struct drive_job *job = arg;
    job->station = (struct station_job){.service_ns = whole_ns(channel_time(job->drive, job)),
                                        .patience_ns = STATION_FOREVER,
                                        .done = enter_bus,
                                        .arg = job};
    station_queue_submit(sim, &job->drive->channels, &job->station);
}

void drive_submit(struct sim *sim, struct drive *drive, struct drive_job *job)
{
    job->drive = drive;
    if (drive->rules->delay_s > 0)
        sim_schedule_in(sim, whole_ns(drive->rules->delay_s), SIM_PRIORITY_NORMAL, enter_channel,
                        job);
    else
        enter_channel(sim, job);
}
