/*
 * The pending set against a naive model: millions of random schedules, cancels, reschedules, pops
 * and peeks, in both tiers, with sizes that cross every growth and tier threshold.
 */
#include "sim/engine/pending.h"
#include "sim/engine/random.h"
#include "tests/bench/increments.h"
#include "tests/bench/reference_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The model: a heap of (high word, order of scheduling); `order` names the event's current entry,
 * so that older entries of a moved or cancelled event are recognised when they surface. */
struct model_event {
    uint64_t id;    /* handle in the set */
    uint64_t stale; /* a former handle, or 0 */
    uint64_t order; /* 0: not pending */
    uint64_t high;
};

struct model {
    struct pending set;
    struct reference_heap heap;
    struct model_event *event;
    uint32_t *owner;   /* by order: index of the event */
    uint32_t *live;    /* indexes of the pending events, unordered */
    uint32_t *live_at; /* by event: its place in live */
    uint32_t live_count;
    uint32_t events; /* indexes ever used */
    uint32_t *spare;
    uint32_t spare_count;
    uint64_t orders;
    uint64_t now; /* ns */
    uint64_t hash;
    struct rng rng;
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert_non_null(memory);
    return memory;
}

static void model_init(struct model *m, uint32_t tree_slots, uint32_t size, uint32_t steps,
                       uint64_t seed)
{
    memset(m, 0, sizeof *m);
    assert_int_equal(pending_init(&m->set, tree_slots, 0), PENDING_OK);
    m->event = allocate(size, sizeof *m->event);
    m->owner = allocate(steps + 1, sizeof *m->owner);
    m->live = allocate(size, sizeof *m->live);
    m->live_at = allocate(size, sizeof *m->live_at);
    m->spare = allocate(size, sizeof *m->spare);
    rng_init(&m->rng, seed, 0, 0, 0);
}

static void model_free(struct model *m)
{
    pending_destroy(&m->set);
    reference_free(&m->heap);
    free(m->event);
    free(m->owner);
    free(m->live);
    free(m->live_at);
    free(m->spare);
}

static uint32_t below(struct model *m, uint32_t n)
{
    return (uint32_t)(rng_u64(&m->rng) >> 32) % n;
}

static uint64_t random_high(struct model *m, enum increment kind)
{
    uint64_t delay = increment_ns(&m->rng, kind);
    if (below(m, 16) == 0)
        delay = 0;
    unsigned priority = below(m, 4) ? 8 : below(m, 16);
    return pending_high(m->now + delay, priority);
}

static void model_enter(struct model *m, uint32_t index, uint64_t high)
{
    uint64_t order = ++m->orders;
    m->owner[order] = index;
    m->event[index].order = order;
    m->event[index].high = high;
    reference_push(&m->heap, (struct reference_key){high, order});
}

static void model_leave(struct model *m, uint32_t index)
{
    uint32_t at = m->live_at[index];
    uint32_t moved = m->live[--m->live_count];
    m->live[at] = moved;
    m->live_at[moved] = at;
    m->event[index].order = 0;
    m->event[index].stale = m->event[index].id;
    m->spare[m->spare_count++] = index;
}

static void step_schedule(struct model *m, enum increment kind)
{
    uint32_t index = m->spare_count ? m->spare[--m->spare_count] : m->events++;
    uint64_t high = random_high(m, kind);
    struct pending_action action = {NULL, (void *)(uintptr_t)index};
    m->event[index].id = pending_schedule(&m->set, high, action);
    assert_true(m->event[index].id != 0);
    m->live_at[index] = m->live_count;
    m->live[m->live_count++] = index;
    model_enter(m, index, high);
}

static void step_cancel(struct model *m)
{
    uint32_t index = m->live[below(m, m->live_count)];
    assert_true(pending_cancel(&m->set, m->event[index].id));
    assert_false(pending_cancel(&m->set, m->event[index].id));
    model_leave(m, index);
}

static void step_reschedule(struct model *m, enum increment kind)
{
    uint32_t index = m->live[below(m, m->live_count)];
    struct model_event *event = &m->event[index];
    uint64_t high = random_high(m, kind);
    uint64_t id = pending_reschedule(&m->set, event->id, high);
    assert_true(id != 0 && id != event->id);
    event->stale = event->id;
    event->id = id;
    model_enter(m, index, high);
}

static void step_stale(struct model *m)
{
    uint32_t index = below(m, m->events);
    uint64_t stale = m->event[index].stale;
    assert_false(pending_cancel(&m->set, stale));
    assert_int_equal(pending_reschedule(&m->set, stale, pending_high(m->now, 8)), 0);
    assert_null(pending_find(&m->set, stale));
}

/* The model's next event, with its outdated entries dropped. */
static struct reference_key model_first(struct model *m)
{
    while (m->event[m->owner[m->heap.key[0].order]].order != m->heap.key[0].order)
        reference_pop(&m->heap);
    return m->heap.key[0];
}

static void step_peek(struct model *m)
{
    const struct pending_key *key = pending_peek(&m->set);
    assert_non_null(key);
    assert_int_equal(key->high, model_first(m).time);
}

static void step_pop(struct model *m)
{
    struct reference_key expected = model_first(m);
    struct pending_event event = {0};
    assert_false(pending_pop(&m->set, expected.time, &event)); /* the limit is exclusive */
    assert_true(pending_pop(&m->set, expected.time + 1, &event));
    reference_pop(&m->heap);
    uint32_t index = (uint32_t)(uintptr_t)event.action.arg;
    assert_int_equal(index, m->owner[expected.order]);
    assert_int_equal(event.high, expected.time);
    assert_int_equal(event.id, m->event[index].id);
    assert_false(pending_cancel(&m->set, event.id)); /* it runs: no longer pending */
    m->now = event.high >> PENDING_PRIORITY_BITS;
    m->hash = (m->hash ^ event.high ^ event.id << 7) * UINT64_C(0x9e3779b185ebca87);
    model_leave(m, index);
}

static void check_count(struct model *m)
{
    assert_int_equal(pending_count(&m->set), m->live_count);
    if (m->live_count == 0)
        assert_null(pending_peek(&m->set));
}

/* The set swings between nearly empty and nearly `size`, so thresholds are crossed both ways. */
static uint64_t run_model(uint32_t tree_slots, uint32_t size, uint32_t steps, enum increment kind)
{
    struct model m;
    model_init(&m, tree_slots, size, steps, size + 1000 * (uint64_t)kind);
    bool filling = true;
    for (uint32_t step = 0; step < steps; step++) {
        if (m.live_count == size)
            filling = false;
        if (m.live_count <= size / 50)
            filling = true;
        uint32_t choice = below(&m, 100);
        if (m.live_count < size && (m.live_count == 0 || choice < (filling ? 60 : 20)))
            step_schedule(&m, kind);
        else if (choice < 80)
            step_pop(&m);
        else if (choice < 88)
            step_cancel(&m);
        else if (choice < 94)
            step_reschedule(&m, kind);
        else if (choice < 97)
            step_stale(&m);
        else
            step_peek(&m);
        if (step % 64 == 0)
            check_count(&m);
    }
    while (m.live_count > 0)
        step_pop(&m);
    check_count(&m);
    uint64_t hash = m.hash;
    model_free(&m);
    return hash;
}

static void test_small_sets(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 100};
    for (int kind = 0; kind < INCREMENT_KINDS; kind++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            uint64_t tree = run_model(0, sizes[i], 20000, (enum increment)kind);
            uint64_t ladder = run_model(4, sizes[i], 20000, (enum increment)kind);
            assert_int_equal(tree, ladder);
        }
    }
}

static void test_tree_and_ladder_agree(void **state)
{
    (void)state;
    for (int kind = 0; kind < INCREMENT_KINDS; kind++) {
        uint64_t tree = run_model(1 << 20, 20000, 200000, (enum increment)kind);
        uint64_t crossing = run_model(0, 20000, 200000, (enum increment)kind);
        uint64_t ladder = run_model(4, 20000, 200000, (enum increment)kind);
        assert_int_equal(tree, crossing);
        assert_int_equal(tree, ladder);
    }
}

/* Time-outs that are nearly all cancelled: dead keys must stay a fraction of the live ones. */
static void test_cancelled_events_take_no_memory(void **state)
{
    (void)state;
    enum { PAIRS = 20000 };
    struct pending set;
    assert_int_equal(pending_init(&set, 0, 0), PENDING_OK);
    static uint64_t timeout[PAIRS];
    struct pending_action action = {NULL, NULL};
    for (uint64_t i = 0; i < PAIRS; i++)
        timeout[i] = pending_schedule(&set, pending_high(1000000000 + i, 8), action);
    size_t before = pending_bytes(&set);
    for (uint64_t round = 1; round <= 50; round++) {
        for (uint64_t i = 0; i < PAIRS; i++) {
            assert_true(pending_cancel(&set, timeout[i]));
            timeout[i] = pending_schedule(&set, pending_high(1000000000 * round + i, 8), action);
        }
    }
    assert_int_equal(pending_count(&set), PAIRS);
    assert_true(pending_bytes(&set) < before * 3 / 2);
    pending_destroy(&set);
}

/* Bytes an event, all in, over a growing set. */
static void test_memory_per_event(void **state)
{
    (void)state;
    struct pending set;
    struct rng rng;
    rng_init(&rng, 1, 0, 0, 0);
    assert_int_equal(pending_init(&set, 0, 0), PENDING_OK);
    struct pending_action action = {NULL, NULL};
    struct pending_event event = {0};
    for (uint32_t i = 0; i < 1000000; i++)
        pending_schedule(&set, pending_high(increment_ns(&rng, INCREMENT_EXPONENTIAL), 8), action);
    for (uint32_t i = 0; i < 3000000; i++) {
        assert_true(pending_pop(&set, UINT64_MAX, &event));
        uint64_t now = event.high >> PENDING_PRIORITY_BITS;
        uint64_t delay = increment_ns(&rng, INCREMENT_EXPONENTIAL);
        pending_schedule(&set, pending_high(now + delay, 8), action);
    }
    assert_true(pending_bytes(&set) <= 64 * (size_t)1000000);
    pending_destroy(&set);
}

static void test_steady_state_allocates_nothing(void **state)
{
    (void)state;
    struct pending set;
    assert_int_equal(pending_init(&set, 0, 0), PENDING_OK);
    struct pending_action action = {NULL, NULL};
    struct pending_event event = {0};
    for (uint64_t i = 0; i < 20000; i++)
        pending_schedule(&set, pending_high(i * 1000, 8), action);
    size_t bytes = 0;
    for (uint64_t i = 0; i < 200000; i++) {
        assert_true(pending_pop(&set, UINT64_MAX, &event));
        pending_schedule(&set, event.high + pending_high(20000 * 1000, 0), action);
        if (i == 100000)
            bytes = pending_bytes(&set);
    }
    assert_int_equal(pending_bytes(&set), bytes);
    pending_destroy(&set);
}

static void test_limit_of_pending_events(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 2, 3, 5, 100, 8193, 16384, 16385, 20001};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct pending set;
        struct pending_event event = {0};
        struct pending_action action = {NULL, NULL};
        assert_int_equal(pending_init(&set, 0, limits[i]), PENDING_OK);
        for (uint32_t n = 0; n < limits[i]; n++)
            assert_true(pending_schedule(&set, pending_high(n, 8), action) != 0);
        assert_true(pending_schedule(&set, 0, action) == 0);
        assert_int_equal(set.error, PENDING_FULL);
        assert_int_equal(pending_count(&set), limits[i]);
        assert_true(pending_pop(&set, UINT64_MAX, &event));
        assert_int_equal(event.high, pending_high(0, 8));
        assert_true(pending_schedule(&set, 0, action) != 0);
        pending_destroy(&set);
    }
}

/* A child with little address space: scheduling fails cleanly, and what is there comes out. */
static void run_out_of_memory(void)
{
    struct pending set;
    struct pending_event event = {0};
    struct pending_action action = {NULL, NULL};
    struct rlimit limit = {(rlim_t)64 << 20, (rlim_t)64 << 20};
    if (pending_init(&set, 0, 0) || setrlimit(RLIMIT_AS, &limit))
        _exit(1);
    uint32_t count = 0;
    while (pending_schedule(&set, pending_high((count * 7919u) % 1000003, 8), action))
        count++;
    if (set.error != PENDING_NO_MEMORY || pending_count(&set) != count || count < 10000)
        _exit(2);
    uint64_t last = 0;
    uint32_t popped = 0;
    while (pending_pop(&set, UINT64_MAX, &event)) {
        if (event.high < last)
            _exit(3);
        last = event.high;
        popped++;
    }
    /* Splitting may want chunks that are not there; it says so and loses nothing. */
    _exit(popped + pending_count(&set) == count ? 0 : 4);
}

static void test_out_of_memory(void **state)
{
    (void)state;
#ifdef SIM_INVARIANTS
    skip(); /* the sanitizer needs the address space itself */
#endif
    pid_t child = fork();
    if (child == 0)
        run_out_of_memory();
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_sets),
        cmocka_unit_test(test_tree_and_ladder_agree),
        cmocka_unit_test(test_cancelled_events_take_no_memory),
        cmocka_unit_test(test_memory_per_event),
        cmocka_unit_test(test_steady_state_allocates_nothing),
        cmocka_unit_test(test_limit_of_pending_events),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
