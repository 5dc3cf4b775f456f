/* Scenarios of random choices, the same in each run of a test. */
#ifndef TESTS_UNIT_RANDOM_SCENARIO_H
#define TESTS_UNIT_RANDOM_SCENARIO_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/option.h"
#include "model/scenario.h"

/* A reproducible draw: xorshift. */
static inline unsigned draw(unsigned below)
{
    static uint64_t draw_state = 88172645463325252u;
    draw_state ^= draw_state << 13;
    draw_state ^= draw_state >> 7;
    draw_state ^= draw_state << 17;
    return (unsigned)(draw_state % below);
}

static inline void set(struct scenario *scenario, const char *name, const char *format,
                       unsigned value)
{
    char text[32];
    struct diag diag;
    snprintf(text, sizeof text, format, value);
    if (scenario_set(scenario, name, text, &diag) != STATUS_OK)
        fail_msg("%s=%s: %s", name, text, diag.message);
}

static inline void set_choice(struct scenario *scenario, const char *name)
{
    const struct scenario_option *option = &options[option_find(name)];
    struct diag diag;
    unsigned count = 0;
    while (option->choices[count].text != NULL)
        count++;
    assert_int_equal(scenario_set(scenario, name, option->choices[draw(count)].text, &diag), 0);
}

/* A scenario of a few random choices, along one of the usual ramps; the caller frees it. */
static inline struct scenario *random_scenario(const char *ramp)
{
    static const char *const hosts[] = {"generic-2026", "z13-2015", "x3950m2-2008", "debian12",
                                        "rhel9"};
    static const char *const choices[] = {"disk_bus", "disk_aio",   "nic_backend", "launcher",
                                          "stage",    "pci_layout", "backing",     "graphics"};
    static const char *const counts[] = {"vcpus",    "disks_per_guest", "nics_per_guest",
                                         "hostdevs", "iothreads",       "disk_queues",
                                         "networks", "migrations",      "consoles"};
    struct scenario *scenario = malloc(sizeof *scenario);
    struct diag diag;
    assert_non_null(scenario);
    assert_int_equal(scenario_init(scenario, &diag), 0);
    assert_int_equal(scenario_set(scenario, "host", hosts[draw(5)], &diag), 0);
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (draw(3) == 0)
            set_choice(scenario, choices[i]);
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (draw(3) == 0)
            set(scenario, counts[i], "%u", draw(9));
    }
    set(scenario, "guests", "%u", draw(50));
    assert_int_equal(scenario_set(scenario, "ramp", ramp, &diag), 0);
    return scenario;
}

#endif
