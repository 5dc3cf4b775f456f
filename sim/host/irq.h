/* Interrupts and exits: what is arithmetic over counts and needs no queue.
 *
 * The formulas are rows of data/parameters.csv, so that eras are rows too. Setting up n vectors
 * with a route commit of its own for each costs
 *
 *     sum of a + (r + i) k for k = 1..n  =  a n + (r + i) n (n + 1) / 2
 *
 * where a commit copies k routes (r each) and looks at k irqfds (i each); with c commits for n
 * vectors it is a c + v n + (r + i) n (c + 1) / 2. A guest's kernel hands out about 195 vectors of
 * each of its vCPUs; disks beyond share the pins of the PCI bus, of which a half has no vector left
 * either, and network cards stop coming up. */
#ifndef SIM_HOST_IRQ_H
#define SIM_HOST_IRQ_H

#include "sim/host/host.h"

/* Fills the metrics of interrupts, notifiers and exits: of the class where each is greatest. */
void irq_measure(struct host *host);

#endif
