/*
 * A capacity shared by all flows at once: processor sharing, weighted sharing over many cores, and
 * a link with max-min fair sharing and caps are one thing with different numbers.
 *
 *     station              capacity      class weight   class cap    work
 *     processor sharing    cores         1              1 core       core-ns
 *     weighted (GPS)       cores         its weight     1 core       core-ns
 *     max-min link         bytes per ns  1              bytes/ns     bytes
 *
 * Flows belong to classes of equal weight w and cap c. The rate of a flow is min(c, w L), where the
 * water level L is such that the rates add up to the capacity, or unbounded when all caps fit:
 * weighted max-min fairness (Bertsekas and Gallager, "Data Networks", 2nd ed., section 6.5.2),
 * which for c = 1 core is generalised processor sharing in which no job is on two cores at once.
 *
 * WHY CLASSES. All flows of a class progress equally, so a class needs one number, how much each of
 * its flows has been served since it began (its virtual time), and each flow is done at a virtual
 * time fixed on arrival. Arrivals and departures change rates but never the order in a class: one
 * heap each, no pass over the flows. A flow with a weight and cap of its own is a class of one.
 *
 * PRECISION. Virtual time is an integer in units of 2^-12 of the unit of work and wraps, so it is
 * as good after a year as at the start. A flow ends at the first whole ns by which its work is
 * done: up to 1 ns late. One flow ends per event; flows that end at the same ns follow one another
 * at that instant in the order of their classes and then of their arrival.
 *
 * Cost of an arrival, departure or change: O(log flows + classes); nothing is allocated.
 */
#ifndef SIM_ENGINE_STATION_FLUID_H
#define SIM_ENGINE_STATION_FLUID_H

#include "sim/engine/sim.h"
#include "sim/engine/station_heap.h"
#include "sim/engine/station_level.h"
#include "sim/engine/station_timer.h"

#include <stdint.h>

/* More than any capacity: a class without a cap. */
#define STATION_NO_CAP 1e300

/* Work of one flow must stay below this: 13 days of core-ns, or 1.1e15 bytes. */
#define STATION_WORK_MAX 0x1p50

struct station_fluid;

/* Belongs to the caller, as does a flow; both must stay in place while they are in use. */
struct station_class {
    uint32_t flows; /* read only: present now */
    /* below: private to station_fluid.c */
    double weight;
    double cap_per_ns;
    double rate_per_ns;     /* of each flow, now */
    uint64_t served;        /* virtual time, in units of 2^-12 */
    double served_fraction; /* what is missing in `served`, in the same units: 0 <= f < 1 */
    struct station_node *earliest;
    double demand;              /* weights of the flows of this class and all after it */
    struct station_class *next; /* ascending by cap / weight: the order in which caps bind */
    struct station_class *previous;
    struct station_fluid *fluid;
};

struct station_flow {
    double work;        /* set by the caller: 0 <= work < STATION_WORK_MAX */
    sim_callback *done; /* called when the work is done; the flow is free then */
    void *arg;
    struct station_class *class; /* read only: NULL when it is in no station */
    /* below: private to station_fluid.c */
    struct station_node node;
};

struct station_fluid {
    /* read only */
    struct station_level flows;
    uint64_t done;
    double capacity_per_ns;
    /* below: private to station_fluid.c */
    double used_ns; /* integral of the capacity in use */
    double used_per_ns;
    uint64_t began_ns;
    uint64_t updated_ns;
    uint64_t sequence;
    struct station_class *classes;
    struct station_class *last_class;
    struct station_class *finishing; /* the class whose earliest flow the timer waits for */
    struct station_timer timer;
};

/* capacity_per_ns >= 0: cores, or bytes per ns (1 GB/s is 1). */
void station_fluid_init(struct station_fluid *fluid, const struct sim *sim, double capacity_per_ns);

/* Add an empty class; weight > 0, cap_per_ns > 0. */
void station_fluid_add_class(struct station_fluid *fluid, struct station_class *class,
                             double weight, double cap_per_ns);

/* Change a class at any time: its flows keep what they have been served. */
void station_fluid_set_class(struct sim *sim, struct station_class *class, double weight,
                             double cap_per_ns);

/* Remove an empty class. */
void station_fluid_remove_class(struct station_class *class);

void station_fluid_set_capacity(struct sim *sim, struct station_fluid *fluid,
                                double capacity_per_ns);

/* Start serving a flow in this class. It ends by its `done`, even for work 0. */
void station_fluid_submit(struct sim *sim, struct station_class *class, struct station_flow *flow);

/* Take a flow away, `done` is not called. Returns the work it still had. */
double station_fluid_withdraw(struct sim *sim, struct station_flow *flow);

/* Work still to be done. */
double station_fluid_remaining(struct sim *sim, const struct station_flow *flow);

/* Rate of each flow of the class now, in work per ns. */
double station_fluid_rate(const struct station_class *class);

/* Mean capacity in use since the start or restart, in work per ns; NAN when no time has passed. */
double station_fluid_used(struct sim *sim, struct station_fluid *fluid);

/* Zero the counter and integrals: the end of a warm-up. */
void station_fluid_restart_statistics(struct sim *sim, struct station_fluid *fluid);

#endif
