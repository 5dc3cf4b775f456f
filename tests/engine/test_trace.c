/* The event log: what jansson and a reader of CSV get back is what was executed. */
#include "sim/engine/process.h"
#include "sim/engine/trace.h"
#include "tests/engine/scene.h"

#include <jansson.h>
#include <stdlib.h>

static void nothing(struct sim *sim, void *arg)
{
    (void)sim;
    (void)arg;
}

static void unnamed(struct sim *sim, void *arg)
{
    (void)sim;
    (void)arg;
}

static void walk(struct process *self, void *arg)
{
    (void)arg;
    process_hold(self, 2500);
}

/* Three events at 0, 1500 and 2500 ns and one of each kind a model may add; the whole text. */
static char *log_of_a_run(enum trace_format format)
{
    struct sim sim;
    struct process process;
    struct event_types types = {0};
    struct trace trace;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    assert_non_null(file);
    event_type_name(&types, (event_function)nothing, "a \"quoted\", \\ and\nbroken name");
    event_type_name(&types, (event_function)walk, "walk");
    assert_int_equal(sim_init(&sim, NULL), SIM_OK);
    trace_begin(&trace, file, format, &types);
    sim_observe(&sim, NULL, &trace);
    process_start(&sim, &process, "p", SIM_PRIORITY_NORMAL, walk, NULL);
    sim_schedule_at(&sim, 1500, SIM_PRIORITY_FIRST, nothing, NULL);
    sim_schedule_at(&sim, 1500, SIM_PRIORITY_LAST, unnamed, NULL);
    assert_int_equal(sim_run(&sim, SIM_NEVER), SIM_OK);
    trace_name_track(&trace, 1, "cpu 0");
    trace_span(&trace, 1, "vcpu", 1000, 1000000000000000007);
    trace_counter(&trace, "load", 3000, 0.5);
    assert_int_equal(trace.written, sim_events(&sim) + 3);
    assert_int_equal(trace_end(&trace), 0);
    fclose(file);
    sim_destroy(&sim);
    event_types_free(&types);
    return text;
}

static void assert_event(const json_t *list, size_t at, const char *phase, const char *name,
                         double microseconds)
{
    const json_t *event = json_array_get(list, at);
    assert_string_equal(json_string_value(json_object_get(event, "ph")), phase);
    assert_string_equal(json_string_value(json_object_get(event, "name")), name);
    assert_true(json_number_value(json_object_get(event, "ts")) == microseconds);
    assert_int_equal(json_integer_value(json_object_get(event, "pid")), 1);
}

static void chrome_json_is_json(void **state)
{
    char *text = log_of_a_run(TRACE_CHROME);
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    (void)state;
    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    const json_t *list = json_object_get(root, "traceEvents");
    assert_int_equal(json_array_size(list), 7);
    assert_event(list, 0, "i", "walk", 0);
    assert_event(list, 1, "i", "a \"quoted\", \\ and\nbroken name", 1.5);
    assert_event(list, 2, "i", "event", 1.5);
    assert_event(list, 3, "i", "walk", 2.5);
    assert_event(list, 4, "M", "thread_name", 0);
    assert_event(list, 5, "X", "vcpu", 1);
    assert_event(list, 6, "C", "load", 3);
    const json_t *args = json_object_get(json_array_get(list, 2), "args");
    assert_int_equal(json_integer_value(json_object_get(args, "priority")), SIM_PRIORITY_LAST);
    assert_non_null(strstr(text, "\"dur\":999999999999999.007")); /* not one ns is lost */
    json_decref(root);
    free(text);
}

static void csv_has_a_row_an_event(void **state)
{
    char *text = log_of_a_run(TRACE_CSV);
    (void)state;
    assert_string_equal(text,
                        "time_ns,kind,track,name,priority,sequence,slot,value_or_duration_ns\n"
                        "0,event,0,walk,8,1,0,\n"
                        "1500,event,0,\"a \"\"quoted\"\", \\ and\nbroken name\",0,2,1,\n"
                        "1500,event,0,event,15,3,2,\n"
                        "2500,event,0,walk,8,4,0,\n"
                        "0,track,1,cpu 0,,,,\n"
                        "1000,span,1,vcpu,,,,999999999999999007\n"
                        "3000,counter,0,load,,,,0.5\n");
    free(text);
}

static void a_full_disk_is_told(void **state)
{
    struct event_types types = {0};
    struct trace trace;
    FILE *file = fopen("/dev/full", "w");
    (void)state;
    if (!file)
        skip();
    trace_begin(&trace, file, TRACE_CHROME, &types);
    trace_counter(&trace, "load", 0, 1);
    assert_int_equal(trace_end(&trace), -1);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chrome_json_is_json),
        cmocka_unit_test(csv_has_a_row_an_event),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
