/* The host's memory in time: who fills it, what is left of it, and what happens at its end.
 *
 * PARTS. Memory in use is the sum of what the kernel takes (its own part, struct page, the hugetlb
 * pool), what guests have touched, less what same-page merging and balloons gave back, page tables
 * of that, and what each VMM needs beside the RAM of its guest. What exceeds RAM is in swap; what
 * exceeds both ends with a kill of the largest process, the last started among equals
 * (mm/oom_kill.c: oom_badness, select_bad_process).
 *
 * TOUCHING. A guest touches its boot's part at one rate and then the rest at another. All guests of
 * a class do so alike, so that their sum needs no pass over them: it follows from how many are in
 * which part and when these began, on a clock that swapping slows down.
 *
 * SWAP. Accesses go to the working sets at random. Those that together exceed what is resident
 * miss in the share 1 - resident / working sets; a miss costs a read of the swap device. Work then
 * takes 1 + miss * rate * read times as long, and no less than the device allows for all guests
 * together (asymptotic bounds of a closed queueing network, Denning and Buzen 1978).
 *
 * NUMA. 1 + m f (factor - 1) with m the memory-bound part of the time, f the share of accesses that
 * go to another node, and factor its latency over that of the own node.
 *
 * Units: bytes and seconds in double, exact where they are whole. Cost: one event every 10 to 100
 * ms while something changes, O(classes) each, and O(guests of the class) for a kill. */
#ifndef SIM_HOST_MEMORY_H
#define SIM_HOST_MEMORY_H

#include <stdbool.h>

#include "sim/host/host.h"

/* Bytes; used is their sum, with merged and ballooned taken off. */
struct memory_parts {
    double kernel, struct_pages, pool, touched, page_tables, overhead;
    double merged, ballooned;
    double used, swapped;
};

int memory_open(struct host *host);
void memory_start(struct host *host, struct guest *guest);
void memory_restart_statistics(struct host *host);
void memory_measure(struct host *host);
void memory_close(struct host *host);

/* What memory is used for now. */
void memory_parts(struct host *host, struct memory_parts *parts);

/* Whether the guest was killed, or refused for want of memory. */
bool memory_is_gone(const struct host *host, const struct guest *guest);

/* Time of a guest's work over its time with all memory near and resident, now. */
double memory_slowdown(const struct host *host, size_t class_index);

#endif
