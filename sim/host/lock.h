/* Locks that threads spin or sleep for, under a scheduler that may take the holder or the next in
 * line off its CPU: what a closed form with a fixed hold time cannot say.
 *
 *     kind         who is next        a waiter                         handing over costs
 *     TICKET       first come         spins                            base + line x waiters / 2
 *     QUEUED       first come         spins on a line of its own       base
 *     PV_TICKET    first come         spins a while, then halts        as TICKET; + a kick if
 * halted PV_QUEUED    whoever runs       spins a while, then halts        base; + a kick if halted
 *     MUTEX        whoever asks first sleeps                           a wake-up
 *     BYTE         whoever runs       spins                            base
 *
 * With TICKET and QUEUED a release goes to the next in line even if its vCPU is off CPU: then the
 * lock stands still until the scheduler runs it (lock-waiter preemption). With PV_QUEUED and MUTEX
 * a lock whose next waiter is not running stays free meanwhile, and a newcomer may take it.
 *
 * A vCPU that spins for `ple_window_ns` leaves the guest (pause-loop exit) at a cost of ple_exit_ns
 * plus ple_scan_ns for each vCPU looked at, and the next preempted vCPU of the guest is run in
 * place of another thread (directed yield); the window grows by ple_grow at each exit of one wait.
 * With `ple_filter` vCPUs that themselves spin are passed over.
 *
 * Sources: Boyd-Wickizer et al., "Non-scalable locks are dangerous" (2012), for the cost of a
 * ticket's hand-over; arch/x86/kernel/kvm.c (kvm_lock_spinning, kvm_wait), kernel/locking/
 * qspinlock_paravirt.h, virt/kvm/kvm_main.c (kvm_vcpu_on_spin). */
#ifndef SIM_HOST_LOCK_H
#define SIM_HOST_LOCK_H

#include "sim/engine/histogram.h"
#include "sim/engine/tally.h"
#include "sim/host/cpu.h"

/* In the order of the option guest_lock. */
enum lock_kind { LOCK_TICKET, LOCK_QUEUED, LOCK_PV_TICKET, LOCK_PV_QUEUED, LOCK_MUTEX, LOCK_BYTE };

struct lock_rules {
    enum lock_kind kind;
    uint64_t base_ns, line_ns;         /* of a hand-over */
    uint64_t spin_limit_ns, kick_ns;   /* of PV kinds: spinning before a halt; cost of a kick */
    uint64_t ple_window_ns;            /* 0: no pause-loop exits */
    uint64_t ple_exit_ns, ple_scan_ns; /* costs */
    double ple_grow;                   /* >= 1 */
    bool ple_filter;
};

/* One wait of one thread. Belongs to the caller, in place until granted. */
struct lock_wait {
    struct thread *thread;
    sim_callback *granted; /* called on the thread's CPU once it holds the lock */
    void *arg;
    /* private */
    struct lock *lock;
    struct lock_wait *next;
    struct burst burst;
    uint64_t asked_ns, window_ns, spun_ns;
    bool owner, halted;
};

struct lock {
    /* read only */
    uint64_t acquisitions, contended;
    uint64_t held_ns;
    struct tally wait_ns;    /* of contended acquisitions */
    struct lock_wait *owner; /* NULL: free */
    uint32_t waiting;
    /* private */
    struct lock_rules rules;
    struct lock_wait *head, *tail;
    struct thread *peers; /* vCPUs that a directed yield chooses from */
    uint32_t peer_count, next_peer;
    uint64_t taken_ns;
};

/* peers: the guest's vCPUs, for directed yield; NULL with 0: none. */
void lock_init(struct lock *lock, const struct lock_rules *rules, struct thread *peers,
               uint32_t peer_count);

/* To be called from a done of wait->thread. True: the lock is taken at once, and granted is not
 * called. */
bool lock_acquire(struct sim *sim, struct lock *lock, struct lock_wait *wait);

/* By the owner, from a done of its thread. Returns CPU time that the owner spends on it (a kick).
 */
uint64_t lock_release(struct sim *sim, struct lock *lock);

/* Zeroes the counters: the end of a warm-up. */
void lock_restart_statistics(struct lock *lock, const struct sim *sim);

#endif
