/* A storage device below the guests' images: an array of disks, an SSD, a remote volume, memory.
 *
 *     request -> delay -> one of c channels -> the bus, one at a time -> done
 *
 * DELAY: latency that occupies nothing (a network's round trip). CHANNELS: what works in parallel
 * (disks of an array, dies of an SSD); a read's time is that of one of two modes, for an SSD reads
 * either a page that its controller has at hand or one behind a slow die; each mode is gamma
 * distributed with its own coefficient of variation (0: fixed, 1: exponential). Long requests add
 * their bytes over the channel's rate. BUS: bytes over the interface's rate, and a time for each
 * request, which together cap bytes and requests a second.
 *
 * A flush occupies a channel for its own time, and the bus for the bytes that had been held back in
 * the host's memory.
 *
 * Cost: two station passages a request at most; nothing is allocated. */
#ifndef SIM_HOST_DRIVE_H
#define SIM_HOST_DRIVE_H

#include "sim/engine/distribution.h"
#include "sim/engine/station_queue.h"
#include "sim/host/costs.h"

enum drive_operation { DRIVE_READ, DRIVE_WRITE, DRIVE_FLUSH, DRIVE_OPERATIONS };

struct drive_rules {
    uint32_t channels;
    struct distribution mode[DRIVE_OPERATIONS][2]; /* time in a channel, s */
    double slow_share[DRIVE_OPERATIONS];           /* odds of the second mode */
    struct distribution sequential;                /* of reads and writes in sequence, s */
    double channel_bytes_per_s, bus_bytes_per_s[DRIVE_OPERATIONS]; /* 0: no limit */
    double bus_s[DRIVE_OPERATIONS];                                /* for each request */
    double delay_s;
};

struct drive {
    struct station_queue channels, bus; /* read only */
    /* private */
    const struct drive_rules *rules;
    struct rng rng;
};

/* Belongs to the caller; in place until done is called. */
struct drive_job {
    enum drive_operation operation;
    bool sequential;
    double bytes;
    sim_callback *done;
    void *arg;
    /* private */
    struct drive *drive;
    struct station_job station;
};

/* The rules of the host's drives, from the parameters drive_*; as seen by a class. */
void drive_rules_read(struct drive_rules *rules, const struct costs *costs, size_t class_index);

/* A gamma law of that mean and coefficient of variation, in s. */
struct distribution drive_law(double mean_s, double variation);

/* rules must outlive the drive; rng is the drive's own stream. */
void drive_init(struct drive *drive, const struct sim *sim, const struct drive_rules *rules,
                const struct rng *rng);
void drive_submit(struct sim *sim, struct drive *drive, struct drive_job *job);
void drive_restart_statistics(struct drive *drive, const struct sim *sim);

#endif
