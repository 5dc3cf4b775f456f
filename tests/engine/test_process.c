/* Processes: order of actions, signals, interrupts, timers, ending, stacks. */
#include "sim/engine/process.h"
#include "sim/engine/random.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What happened, as text: "time name what;". */
struct log {
    char text[4096];
    size_t length;
};

__attribute__((format(printf, 3, 4))) static void note(struct log *log, struct process *self,
                                                       const char *format, ...)
{
    log->length += (size_t)snprintf(log->text + log->length, sizeof log->text - log->length,
                                    "%llu %s ", (unsigned long long)sim_now(self->sim), self->name);
    va_list args;
    va_start(args, format);
    log->length +=
        (size_t)vsnprintf(log->text + log->length, sizeof log->text - log->length, format, args);
    va_end(args);
    log->text[log->length++] = ';';
    assert_true(log->length < sizeof log->text - 1);
}

struct world {
    struct sim sim;
    struct log log;
    struct process_signal signal;
    struct process process[8];
    struct process_timer timer;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    return world ? sim_init(&world->sim, NULL) : -1;
}

static int end_world(void **state)
{
    struct world *world = *state;
    sim_destroy(&world->sim);
    free(world);
    return 0;
}

static void start(struct world *world, int number, const char *name, process_body *body)
{
    assert_int_equal(
        process_start(&world->sim, &world->process[number], name, SIM_PRIORITY_NORMAL, body, world),
        SIM_OK);
}

static void hold_thrice(struct process *self, void *arg)
{
    struct world *world = arg;
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(world->sim.process, self);
        assert_int_equal(process_hold(self, 10), 0);
        note(&world->log, self, "%d", i);
    }
}

static void test_hold(void **state)
{
    struct world *world = *state;
    start(world, 0, "a", hold_thrice);
    start(world, 1, "b", hold_thrice);
    assert_int_equal(sim_run(&world->sim, SIM_NEVER), SIM_OK);
    assert_string_equal(world->log.text, "10 a 0;10 b 0;20 a 1;20 b 1;30 a 2;30 b 2;");
    assert_int_equal(sim_events(&world->sim), 8);
    assert_true(process_has_ended(&world->process[0]));
    assert_null(world->sim.process);
}

static void wait_once(struct process *self, void *arg)
{
    struct world *world = arg;
    int cause = process_wait(self, &world->signal);
    note(&world->log, self, "woken %d", cause);
}

static void wake_two_then_all(struct process *self, void *arg)
{
    struct world *world = arg;
    process_hold(self, 5);
    assert_int_equal(process_wake_one(&world->signal), 1);
    assert_int_equal(process_wake_one(&world->signal), 1);
    note(&world->log, self, "woke two");
    process_hold(self, 5);
    assert_int_equal(process_wake_all(&world->signal), 2);
    assert_int_equal(process_wake_all(&world->signal), 0);
    assert_int_equal(process_wake_one(&world->signal), 0);
}

static void test_signal_wakes_in_order_of_arrival(void **state)
{
    struct world *world = *state;
    start(world, 0, "a", wait_once);
    start(world, 1, "b", wait_once);
    start(world, 2, "c", wait_once);
    start(world, 3, "d", wait_once);
    start(world, 4, "w", wake_two_then_all);
    assert_int_equal(sim_run(&world->sim, SIM_NEVER), SIM_OK);
    assert_string_equal(world->log.text,
                        "5 w woke two;5 a woken 0;5 b woken 0;10 c woken 0;10 d woken 0;");
}

static void hold_long(struct process *self, void *arg)
{
    struct world *world = arg;
    int cause = process_hold(self, 1000);
    note(&world->log, self, "held %d", cause);
    cause = process_hold(self, 1000);
    note(&world->log, self, "held %d", cause);
}

static void interrupt_both(struct process *self, void *arg)
{
    struct world *world = arg;
    assert_false(process_interrupt(self, 1));
    process_hold(self, 7);
    assert_true(process_interrupt(&world->process[0], 41));
    assert_false(process_interrupt(&world->process[0], 42)); /* on its way already */
    assert_true(process_interrupt(&world->process[1], 43));
    assert_int_equal(process_wake_all(&world->signal), 1); /* the interrupted one has left */
}

static void test_interrupt_while_holding_and_waiting(void **state)
{
    struct world *world = *state;
    start(world, 0, "h", hold_long);
    start(world, 1, "v", wait_once);
    start(world, 2, "w", wait_once);
    start(world, 3, "i", interrupt_both);
    assert_int_equal(sim_run(&world->sim, SIM_NEVER), SIM_OK);
    assert_string_equal(world->log.text, "7 h held 41;7 v woken 43;7 w woken 0;1007 h held 0;");
    assert_false(process_interrupt(&world->process[0], 1));
}

static void with_timer(struct process *self, void *arg)
{
    struct world *world = arg;
    process_timer_start(&world->timer, self, 30, 5);
    process_timer_start(&world->timer, self, 20, 6); /* set again: only this one counts */
    note(&world->log, self, "held %d", process_hold(self, 100));
    assert_false(process_timer_stop(&world->timer));
    process_timer_start(&world->timer, self, 50, 7);
    note(&world->log, self, "held %d", process_hold(self, 10));
    assert_true(process_timer_stop(&world->timer));
    note(&world->log, self, "held %d", process_hold(self, 100));
    note(&world->log, self, "waited %d", process_wait_for(self, &world->signal, 15));
    assert_null(world->signal.first);
    note(&world->log, self, "waited %d", process_wait_for(self, &world->signal, 150));
    process_timer_start(&world->timer, self, 50, 7); /* ends with its timer running */
}

static void wake_late(struct process *self, void *arg)
{
    struct world *world = arg;
    process_hold(self, 200);
    process_wake_all(&world->signal);
}

static void test_timers(void **state)
{
    struct world *world = *state;
    start(world, 0, "t", with_timer);
    start(world, 1, "w", wake_late);
    assert_int_equal(sim_run(&world->sim, SIM_NEVER), SIM_OK);
    assert_string_equal(world->log.text,
                        "20 t held 6;30 t held 0;130 t held 0;145 t waited -1;200 t waited 0;");
    assert_int_equal(sim_now(&world->sim), 200);
}

static void kill_others(struct process *self, void *arg)
{
    struct world *world = arg;
    process_kill(&world->process[3]); /* not even begun */
    process_hold(self, 5);
    process_kill(&world->process[0]);
    process_kill(&world->process[1]);
    process_kill(&world->process[1]); /* nothing more happens */
    assert_null(world->signal.first);
    process_kill(self);
    note(&world->log, self, "unreachable");
}

static void wait_for_end(struct process *self, void *arg)
{
    struct world *world = arg;
    process_wait(self, &world->process[0].ended);
    note(&world->log, self, "saw the end");
}

static void wait_with_timeout(struct process *self, void *arg)
{
    struct world *world = arg;
    process_wait_for(self, &world->signal, 50);
    note(&world->log, self, "unreachable");
}

static void test_kill_while_suspended(void **state)
{
    struct world *world = *state;
    start(world, 0, "h", hold_long);
    start(world, 1, "w", wait_with_timeout);
    start(world, 2, "k", kill_others);
    start(world, 3, "n", hold_long);
    start(world, 4, "e", wait_for_end);
    assert_int_equal(sim_run(&world->sim, SIM_NEVER), SIM_OK);
    assert_string_equal(world->log.text, "5 e saw the end;");
    for (int i = 0; i < 5; i++)
        assert_true(process_has_ended(&world->process[i]));
    assert_int_equal(sim_now(&world->sim), 5);
}

static void hold_forever(struct process *self, void *arg)
{
    (void)arg;
    process_hold(self, UINT64_MAX);
    abort();
}

static void test_destroy_with_suspended_processes(void **state)
{
    struct world *world = *state;
    start(world, 0, "f", hold_forever);
    start(world, 1, "w", wait_once);
    assert_int_equal(sim_run(&world->sim, 1000), SIM_OK);
    assert_int_equal(sim_now(&world->sim), 1000);
}

struct crowd {
    struct process process;
    struct rng rng;
    double sum;
};

/* Keeps values in registers and on the stack across many switches. */
static void wander(struct process *self, void *arg)
{
    struct crowd *crowd = arg;
    double sum = 0;
    uint64_t check = 1;
    for (int i = 1; i <= 20; i++) {
        double delay = 1 + 1e6 * rng_uniform(&crowd->rng);
        process_hold(self, (uint64_t)delay);
        sum += delay;
        check *= 3;
    }
    assert_int_equal(check, 3486784401);
    crowd->sum = sum;
}

/* Golden: the same for every compiler, tier and switch. */
#define CROWD_FINGERPRINT UINT64_C(0x6d2566af465de0f0)

static uint64_t run_crowd(uint32_t tree_slots, bool stepped)
{
    enum { CROWD = 5000 };
    struct sim sim;
    struct sim_options options = {.tree_slots = tree_slots};
    struct crowd *crowd = calloc(CROWD, sizeof *crowd);
    assert_non_null(crowd);
    assert_int_equal(sim_init(&sim, &options), SIM_OK);
    for (uint64_t i = 0; i < CROWD; i++) {
        rng_init(&crowd[i].rng, 1, 0, i, 0);
        assert_int_equal(
            process_start(&sim, &crowd[i].process, NULL, SIM_PRIORITY_NORMAL, wander, &crowd[i]),
            SIM_OK);
    }
    while (stepped && sim_step(&sim))
        continue;
    assert_int_equal(sim_run(&sim, SIM_NEVER), SIM_OK);
    assert_int_equal(sim_events(&sim), CROWD * 21);
    for (int i = 0; i < CROWD; i++)
        assert_true(crowd[i].sum > 0);
    uint64_t fingerprint = sim_fingerprint(&sim);
    sim_destroy(&sim);
    free(crowd);
    return fingerprint;
}

static void test_thousands_of_processes(void **state)
{
    (void)state;
    assert_int_equal(run_crowd(0, false), CROWD_FINGERPRINT);
    assert_int_equal(run_crowd(4, false), CROWD_FINGERPRINT);
    assert_int_equal(run_crowd(0, true), CROWD_FINGERPRINT); /* no process resumes another */
}

static void brief(struct process *self, void *arg)
{
    (void)arg;
    process_hold(self, 1);
}

static void test_stacks_are_reused(void **state)
{
    struct world *world = *state;
    for (int round = 0; round < 1000; round++) {
        start(world, 0, "a", brief);
        start(world, 1, "b", brief);
        assert_int_equal(sim_run(&world->sim, SIM_NEVER), SIM_OK);
    }
    assert_true(process_stack_bytes(&world->sim) < 4 * 2 * PROCESS_DEFAULT_STACK_BYTES);
}

__attribute__((noinline)) static unsigned eat_stack(unsigned depth)
{
    volatile char frame[1024];
    memset((void *)frame, (int)depth, sizeof frame);
    return depth ? eat_stack(depth - 1) + (unsigned)frame[depth % sizeof frame] : 0;
}

static void overflow(struct process *self, void *arg)
{
    (void)self;
    *(unsigned *)arg = eat_stack(1000000);
}

static void test_stack_overflow_is_death(void **state)
{
    struct world *world = *state;
    static unsigned result;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* neither the test runner's nor a sanitizer's handler */
        process_start(&world->sim, &world->process[0], "o", SIM_PRIORITY_NORMAL, overflow, &result);
        sim_run(&world->sim, SIM_NEVER);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void stop_run(struct process *self, void *arg)
{
    struct world *world = arg;
    process_hold(self, 3);
    sim_stop(&world->sim);
    process_hold(self, 3);
    note(&world->log, self, "on");
}

static void test_stop_and_go_on(void **state)
{
    struct world *world = *state;
    start(world, 0, "s", stop_run);
    assert_int_equal(sim_run(&world->sim, 100), SIM_OK);
    assert_int_equal(sim_now(&world->sim), 3);
    assert_int_equal(sim_run(&world->sim, 100), SIM_OK);
    assert_int_equal(sim_now(&world->sim), 100);
    assert_string_equal(world->log.text, "6 s on;");
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_hold),
        WORLD_TEST(test_signal_wakes_in_order_of_arrival),
        WORLD_TEST(test_interrupt_while_holding_and_waiting),
        WORLD_TEST(test_timers),
        WORLD_TEST(test_kill_while_suspended),
        WORLD_TEST(test_destroy_with_suspended_processes),
        cmocka_unit_test(test_thousands_of_processes),
        WORLD_TEST(test_stacks_are_reused),
        WORLD_TEST(test_stack_overflow_is_death),
        WORLD_TEST(test_stop_and_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
