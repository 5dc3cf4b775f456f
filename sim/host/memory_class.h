/* The memory of all guests of one class: what they have touched, and which of them is the largest.
 * Times are seconds of the clock of progress (memory.h), sizes bytes. */
#ifndef SIM_HOST_MEMORY_CLASS_H
#define SIM_HOST_MEMORY_CLASS_H

#include "sim/host/plan.h"

/* Guests stand in the order of their start: those that have touched all, those past their boot,
 * those in it. */
struct memory_class {
    /* read only: of each guest */
    double boot_bytes, boot_rate, boot_s, all_bytes, fill_rate, all_s;
    double overhead, page_tables, committed, hugepages, adjust;
    double working_set, access_rate, numa;
    double merge_share, balloon_share, balloon_rate;
    uint32_t count;
    double touched; /* by all of them, as of the last call */
    /* set by the owner */
    double ballooned; /* by all of them */
    /* private */
    uint32_t full, booted;
    double filling_began, booting_began; /* sums over these guests */
    uint32_t *guest;
    double *began;
};

/* Of zeroed memory. Returns 0, or -1 without memory; the caller closes it also then. */
int memory_class_open(struct memory_class *class, const struct plan *plan, size_t class_index);
void memory_class_close(struct memory_class *class);

void memory_class_add(struct memory_class *class, uint32_t guest, double now_s);

/* Moves guests on to the part they are in by now, and sums up what all have touched: whole bytes
 * as soon as all are full. */
void memory_class_touch(struct memory_class *class, double now_s);

/* Bytes a second that its guests touch while nothing holds them up. */
double memory_class_growth(const struct memory_class *class);

/* Memory of its largest guest, page tables and VMM included; the class must not be empty. */
double memory_class_largest(const struct memory_class *class, double now_s);

/* What balloons can take at most. */
double memory_class_spare(const struct memory_class *class);

/* Takes the largest guest out, of equals the last that was started: the kernel's search takes a
 * later equal. Returns its index. */
uint32_t memory_class_remove(struct memory_class *class, double now_s);

#endif
