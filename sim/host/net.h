/* The network cards of guests, and what carries their packets.
 *
 * A stream is a closed loop of a few trains. A train is what one pass of a worker handles: a frame
 * of up to 64 KiB that offload made of many packets, or up to 64 packets one by one. It goes
 * through a path of stages, and begins again at its end:
 *
 *     out of a guest     vCPU -> worker -> [card, wire] -> peer
 *     into a guest       peer -> [wire, card, softirq] -> worker -> vCPU
 *     ping               out with one small packet, then in
 *
 * The worker is a vhost thread for each queue pair, a thread for each queue of Cloud Hypervisor, or
 * the main loop (QEMU without vhost, Firecracker); assigned devices have none. A train costs it
 *
 *     n c_packet + n / b c_batch + c_frame + bytes c_byte
 *
 * so that its use is rho = lambda (c_batch / b + c_packet + c_byte L). Whoever hands a train to a
 * thread that sleeps signals it: an exit of the guest, an interrupt into it. A CPU that slept long
 * takes its time to come back from a deep idle state.
 *
 * The card is a link for each direction, shared max-min over streams (one train of a stream is on
 * it at a time), as narrow as bits and packets allow. Packets that come in from the card cost time
 * in softirq, which no guest's account is charged for: a thread of highest weight does it.
 * Broadcasts cost the sender's worker a copy for each port of the bridge, and each receiver a
 * packet.
 *
 * Costs are rows of data/parameters.csv. An event or two for each stage of a train. */
#ifndef SIM_HOST_NET_H
#define SIM_HOST_NET_H

#include "sim/host/host.h"

struct net;

/* Room for the streams of all guests. Returns 0, or -1 without memory. */
int net_open(struct host *host);

/* The guest runs now: its streams begin. */
void net_start(struct host *host, struct guest *guest);

void net_restart_statistics(struct host *host);
void net_measure(struct host *host);
void net_close(struct host *host);

#endif
