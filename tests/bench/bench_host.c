/* What simulating a host costs: one `name<TAB>value<TAB>unit` line a figure. */
#include <sys/resource.h>

#include "sim/host/host.h"
#include "sim/run.h"
#include "tests/bench/measure.h"

static struct catalog catalog;

/* Seconds of CPU of one replication, binding the scenario included or not; *events as well. */
static double replicate(const char *settings, enum phase phase, double duration, bool whole,
                        uint64_t *events)
{
    struct scenario *scenario = bench_allocate(1, sizeof *scenario);
    struct result *result = bench_allocate(1, sizeof *result);
    struct plan plan;
    struct host host;
    struct diag diag;
    double before = thread_seconds();
    int status = scenario_init(scenario, &diag);
    if (status == STATUS_OK)
        status = scenario_settings(scenario, settings, &diag);
    if (status == STATUS_OK)
        status = plan_open(&plan, &catalog, scenario, NULL, &diag);
    if (!whole)
        before = thread_seconds();
    if (status == STATUS_OK)
        status = host_open(&host, &plan, 1, 0, result);
    if (status == STATUS_OK)
        status = phase == PHASE_START ? host_run_start(&host) : host_run_steady(&host, 0, duration);
    if (status != STATUS_OK) {
        fprintf(stderr, "bench: %s: %s\n", settings, diag.message);
        exit(1);
    }
    *events = sim_events(&host.sim);
    host_close(&host);
    double spent = thread_seconds() - before;
    plan_free(&plan);
    free(result);
    free(scenario);
    return spent;
}

static double resident_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

int main(void)
{
    static const int sizes[] = {100, 1000, 10000};
    struct diag diag;
    uint64_t events;
    if (catalog_load(&catalog, NULL, &diag) != STATUS_OK)
        return 1;
    print_figure("host.ramp_1000_4096.cpu",
                 replicate("guests=1000 disks=4096", PHASE_START, 0, true, &events), "s");
    print_figure("host.ramp_1000_4096.resident", resident_mib(), "MiB");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char settings[128];
        char name[64];
        snprintf(settings, sizeof settings, "guests=%d set=bridge_ports=100000", sizes[i]);
        snprintf(name, sizeof name, "host.ramp.%d.cpu_per_guest", sizes[i]);
        double spent = replicate(settings, PHASE_START, 0, false, &events);
        print_figure(name, 1e6 * spent / sizes[i], "us");
        snprintf(name, sizeof name, "host.idle.%d.cpu_per_guest", sizes[i]);
        spent = replicate(settings, PHASE_STEADY, 60, false, &events);
        print_figure(name, 1e6 * spent / sizes[i], "us");
    }
    print_figure("host.idle_4096x2_60s.cpu",
                 replicate("guests=4096 vcpus=2", PHASE_STEADY, 60, true, &events), "s");
    double spent = replicate("guests=4096 vcpus=2 guest_hz=1000", PHASE_STEADY, 60, true, &events);
    print_figure("host.ticks_4096x2_60s.cpu", spent, "s");
    print_figure("host.ticks_4096x2_60s.ns_per_event", per_event_ns(spent, (double)events), "ns");
    print_figure("host.ticks_4096x2_60s.events_per_s", (double)events / spent, "1/s");
    spent = replicate("guests=64 vcpus=8 workload=build", PHASE_STEADY, 0.5, true, &events);
    print_figure("host.build_64x8.ns_per_event", per_event_ns(spent, (double)events), "ns");
    print_figure("host.resident", resident_mib(), "MiB");
    catalog_free(&catalog);
    return 0;
}
