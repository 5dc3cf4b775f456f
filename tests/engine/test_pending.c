/* The pending set against a naive reference: random schedules, cancels, reschedules, pops and
 * peeks with ties, six increment laws, sizes across many doublings. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "sim/engine/pending.h"
#include "sim/engine/random.h"
#include "sim/engine/sim.h"

enum { REFERENCE_MAX = 5000 };

struct reference {
    uint64_t high[REFERENCE_MAX], id[REFERENCE_MAX];
    size_t count;
};

static size_t earliest(const struct reference *reference)
{
    size_t best = 0;
    for (size_t i = 1; i < reference->count; i++) {
        if (pending_key_less(reference->high[i], reference->id[i], reference->high[best],
                             reference->id[best]))
            best = i;
    }
    return best;
}

static void take_out(struct reference *reference, size_t at)
{
    reference->count--;
    reference->high[at] = reference->high[reference->count];
    reference->id[at] = reference->id[reference->count];
}

static uint64_t increment(struct rng *rng, int law)
{
    double u = rng_uniform_open(rng);
    switch (law) {
    case 0:
        return (uint64_t)(1e6 * rng_exponential(rng));
    case 1:
        return (uint64_t)(2e6 * u);
    case 2:
        return u < 0.9 ? (uint64_t)(1e5 * u) : 9000000 + (uint64_t)(1e5 * u);
    case 3:
        return (uint64_t)(1e6 / pow(u, 1 / 1.5));
    case 4:
        return (uint64_t)(8 * u);
    default:
        return (uint64_t)(rng_exponential(rng) * (u < 0.7 ? 1e4 : u < 0.95 ? 1e6 : 1e8));
    }
}

static void nothing(struct sim *sim, void *arg)
{
    (void)sim;
    (void)arg;
}

static void walk(int law, size_t target, int steps)
{
    static struct reference reference;
    struct pending set;
    struct rng rng;
    uint64_t now = 0;
    uint64_t stale = 0;
    reference.count = 0;
    rng_init(&rng, 7, (uint64_t)law, target, 1);
    assert_int_equal(pending_init(&set, 0), PENDING_OK);
    for (int step = 0; step < steps; step++) {
        double dice = rng_uniform(&rng);
        bool grow = reference.count < target;
        uint64_t high = pending_high((now >> PENDING_PRIORITY_BITS) + increment(&rng, law),
                                     (unsigned)(dice * 1e6) % 16);
        if (reference.count == 0 ||
            (dice < (grow ? 0.6 : 0.3) && reference.count < REFERENCE_MAX)) {
            uint64_t id = pending_schedule(&set, high, (struct pending_action){nothing, NULL});
            assert_true(id != 0);
            reference.high[reference.count] = high;
            reference.id[reference.count++] = id;
        } else if (dice < 0.7) {
            struct pending_event event = {0};
            size_t at = earliest(&reference);
            assert_true(pending_pop(&set, UINT64_MAX - 1, &event));
            assert_true(event.high == reference.high[at] && event.id == reference.id[at]);
            assert_null(pending_find(&set, event.id));
            now = event.high;
            stale = event.id;
            take_out(&reference, at);
        } else if (dice < 0.8) {
            size_t at = (size_t)(rng_u64(&rng) % reference.count);
            stale = reference.id[at];
            assert_true(pending_cancel(&set, stale));
            take_out(&reference, at);
        } else if (dice < 0.9) {
            size_t at = (size_t)(rng_u64(&rng) % reference.count);
            uint64_t id = pending_reschedule(&set, reference.id[at], high);
            assert_true(id != 0 && id != reference.id[at]);
            stale = reference.id[at];
            reference.high[at] = high;
            reference.id[at] = id;
        } else {
            const struct pending_key *first = pending_peek(&set);
            size_t at = earliest(&reference);
            assert_true(first->high == reference.high[at] && first->low == reference.id[at]);
        }
        assert_false(pending_cancel(&set, stale));
        assert_int_equal(pending_count(&set), reference.count);
    }
    pending_destroy(&set);
}

static void agrees_with_the_reference(void **state)
{
    (void)state;
    for (int law = 0; law < 6; law++) {
        walk(law, 10, 60000);
        walk(law, 200, 30000);
        walk(law, 4500, 20000);
    }
}

static void full_sets_say_so(void **state)
{
    struct pending set;
    (void)state;
    assert_int_equal(pending_init(&set, 8), PENDING_OK);
    for (int i = 0; i < 8; i++)
        assert_true(pending_schedule(&set, 1, (struct pending_action){nothing, NULL}) != 0);
    assert_true(pending_schedule(&set, 1, (struct pending_action){nothing, NULL}) == 0);
    assert_int_equal(set.error, PENDING_FULL);
    pending_destroy(&set);
}

struct log {
    int order[8];
    int count;
    uint64_t id;
};

static void note_one(struct sim *sim, void *arg)
{
    struct log *log = arg;
    (void)sim;
    log->order[log->count++] = 1;
}

static void note_two_and_cancel(struct sim *sim, void *arg)
{
    struct log *log = arg;
    log->order[log->count++] = 2;
    assert_true(sim_cancel(sim, log->id));
    assert_false(sim_cancel(sim, log->id));
    sim_schedule_in(sim, 0, note_one, log);
}

static void ties_run_in_order(void **state)
{
    struct sim sim;
    struct log log = {{0}, 0, 0};
    (void)state;
    assert_int_equal(sim_init(&sim), 0);
    sim_schedule_at(&sim, 5, SIM_PRIORITY_NORMAL, note_one, &log);
    sim_schedule_at(&sim, 5, SIM_PRIORITY_FIRST, note_two_and_cancel, &log);
    log.id = sim_schedule_at(&sim, 6, SIM_PRIORITY_NORMAL, note_one, &log);
    assert_true(sim_schedule_in(&sim, UINT64_MAX, note_one, &log) == 0);
    sim_run(&sim, 10);
    assert_int_equal(log.count, 3);
    assert_int_equal(log.order[0], 2);
    assert_int_equal(sim_now(&sim), 10);
    assert_int_equal(sim.executed, 3);
    sim_destroy(&sim);
}

static void tick(struct sim *sim, void *arg)
{
    struct rng *rng = arg;
    sim_schedule_in(sim, (uint64_t)(1e6 * rng_exponential(rng)), tick, rng);
}

static uint64_t fingerprint(uint64_t seed)
{
    struct sim sim;
    struct rng rng;
    rng_init(&rng, seed, 0, 0, 0);
    assert_int_equal(sim_init(&sim), 0);
    for (int i = 0; i < 100; i++)
        sim_schedule_in(&sim, (uint64_t)i, tick, &rng);
    sim_run(&sim, UINT64_C(100000000));
    uint64_t found = sim.fingerprint;
    sim_destroy(&sim);
    return found;
}

static void same_seed_same_fingerprint(void **state)
{
    (void)state;
    assert_true(fingerprint(1) == fingerprint(1));
    assert_true(fingerprint(1) != fingerprint(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_reference), cmocka_unit_test(full_sets_say_so),
        cmocka_unit_test(ties_run_in_order), cmocka_unit_test(same_seed_same_fingerprint)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
