/* Network cards of guests: a worker as a queue, batches, the card's shares, Little's law. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/host/net_private.h"
#include "tests/sim/closed_forms.h"
#include "tests/sim/host_run.h"

static struct host_run *run(const char *settings, double duration_s)
{
    return run_steady(settings, 0.2 * duration_s, duration_s);
}

/* Classes of guests in an INI text, and settings of all of them. */
static struct host_run *run_mix(const char *ini, const char *settings, double duration_s)
{
    char path[] = "/tmp/scalesim-mix-XXXXXX";
    char text[512];
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs(ini, file);
    fclose(file);
    snprintf(text, sizeof text, "scenario=%s %s", path, settings);
    struct host_run *mix = run_open(text);
    remove(path);
    assert_int_equal(host_run_steady(&mix->host, 0.2 * duration_s, duration_s), 0);
    return mix;
}

static double measured(const char *settings, enum metric metric, double duration_s)
{
    return run_figure(run(settings, duration_s), metric);
}

/* Packets that come to a worker at random, each by itself. */

enum { ARRIVALS = 400000, AT_ONCE = 512 };

struct arrivals {
    struct thread worker;
    struct packet {
        struct burst burst;
        struct arrivals *arrivals;
        uint64_t began_ns;
    } packets[AT_ONCE];
    struct rng rng;
    double gap_ns, service_ns;
    bool exponential;
    uint32_t arrived;
    double stay_ns;
    uint64_t served;
};

static void on_served(struct sim *sim, void *arg)
{
    struct packet *packet = arg;
    packet->arrivals->stay_ns += (double)(sim_now(sim) - packet->began_ns);
    packet->arrivals->served++;
}

static void on_arrival(struct sim *sim, void *arg)
{
    struct arrivals *arrivals = arg;
    struct packet *packet = &arrivals->packets[arrivals->arrived++ % AT_ONCE];
    double size = arrivals->exponential ? rng_exponential(&arrivals->rng) : 1;
    packet->arrivals = arrivals;
    packet->began_ns = sim_now(sim);
    packet->burst = (struct burst){
        .work_ns = (uint64_t)(arrivals->service_ns * size + 0.5), .done = on_served, .arg = packet};
    thread_run(sim, &arrivals->worker, &packet->burst);
    if (arrivals->arrived < ARRIVALS)
        sim_schedule_in(sim, (uint64_t)(rng_exponential(&arrivals->rng) * arrivals->gap_ns + 0.5),
                        SIM_PRIORITY_NORMAL, on_arrival, arrivals);
}

/* Mean time from arrival to the end of service over the service time. */
static double stay_of(double use, bool exponential)
{
    static struct arrivals arrivals;
    struct sim sim;
    struct cpus cpus;
    arrivals =
        (struct arrivals){.service_ns = 1100, .gap_ns = 1100 / use, .exponential = exponential};
    sim_init(&sim, NULL);
    assert_int_equal(cpus_init(&cpus, &sim, 1, &plain_cpus), 0);
    thread_init(&arrivals.worker, &cpus, 0, 1024);
    rng_init(&arrivals.rng, 1, 0, 0, 0);
    sim_schedule_at(&sim, 0, SIM_PRIORITY_NORMAL, on_arrival, &arrivals);
    sim_run(&sim, SIM_NEVER);
    assert_int_equal(arrivals.served, ARRIVALS);
    cpus_free(&cpus);
    sim_destroy(&sim);
    return arrivals.stay_ns / ARRIVALS / arrivals.service_ns;
}

/* Pollaczek and Khinchine: 1 + rho (1 + cv^2) / (2 (1 - rho)), cv 0 or 1. */
static void worker_is_a_queue(void **state)
{
    static const double uses[] = {0.3, 0.6, 0.8};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double rho = uses[i];
        assert_true(fabs(stay_of(rho, false) / (1 + rho / (2 * (1 - rho))) - 1) < 0.03);
        assert_true(fabs(stay_of(rho, true) * (1 - rho) - 1) < 0.05);
    }
}

#define GENERATOR                                                                                  \
    "launcher=qemu nics_per_guest=1 vcpus=2 workload=netperf net_peer=host net_offload=no "        \
    "net_packet=64 linux=4.11 "

/* A worker that is never idle does a packet every c_packet + c_batch / b. */
static void batches_spread_their_cost(void **state)
{
    static const int batches[] = {1, 4, 16, 64};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char settings[256];
        snprintf(settings, sizeof settings, GENERATOR "tap_batch=%d", batches[i]);
        struct host_run *scene = run(settings, 0.05);
        const struct costs *costs = scene->plan.costs;
        double packet_s =
            cost_of(costs, 0, "net_packet_out_s") + cost_of(costs, 0, "net_batch_s") / batches[i] +
            64 * cost_of(costs, 0, "net_byte_out_s") + cost_of(costs, 0, "net_frame_s") / 64;
        assert_true(fabs(scene->result.value[METRIC_net_packets] * packet_s - 1) < 0.005);
        assert_true(fabs(scene->result.value[METRIC_net_thread_use] - 1) < 0.005);
        run_close(scene);
    }
}

static void streams_share_the_link(void **state)
{
    static const unsigned guests[] = {2, 10};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char settings[256];
        snprintf(settings, sizeof settings,
                 "guests=%u vcpus=2 host_cpus=64 host_link=10 workload=netperf", guests[i]);
        struct host_run *scene = run(settings, 0.2);
        const struct net *net = scene->host.net;
        double link = 10e9 / cost_of(scene->plan.costs, 0, "net_overhead");
        uint64_t least = UINT64_MAX;
        uint64_t most = 0;
        for (uint32_t s = 0; s < net->stream_count; s++) {
            uint64_t done = net->streams[s].trains_done;
            least = done < least ? done : least;
            most = done > most ? done : most;
        }
        assert_true(fabs(scene->result.value[METRIC_net_rate] / link - 1) < 0.01);
        assert_true((double)(most - least) <= 0.01 * (double)most + 2);
        run_close(scene);
    }
}

/* Max-min: who needs less than a share has it, and the others share the rest. */
static void small_flows_leave_the_rest(void **state)
{
    static const char mix[] = "[guest slow]\nguests = 1\nvcpus = 1\nworkload = netperf\n"
                              "net_packet = 1500\nnet_offload = no\nnic_model = e1000\n"
                              "[guest fast]\nguests = 2\nvcpus = 1\nworkload = netperf\n";
    (void)state;
    struct host_run *scene = run_mix(mix, "host_cpus=64 host_link=10", 0.2);
    const struct net_stream *streams = scene->host.net->streams;
    double slow = 8 * streams[0].bytes * (double)streams[0].trains_done / 0.24;
    double fast = 8 * streams[1].bytes * (double)streams[1].trains_done / 0.24;
    double link = 10e9 / cost_of(scene->plan.costs, 0, "net_overhead");
    assert_true(slow < 1e9);
    assert_true(fabs((link - slow) / 2 / fast - 1) < 0.02);
    run_close(scene);
}

/* Trains in flight = their rate x their time. */
static void littles_law(void **state)
{
    static const char *const settings[] = {
        "host=m5d-metal-2020 vcpus=1 workload=netperf net_peer=host net_streams=4",
        "host=m5d-metal-2020 vcpus=2 workload=netperf net_direction=in net_streams=3",
        "guests=2 vcpus=2 workload=netperf net_peer=guest net_streams=2",
        GENERATOR "net_direction=in",
    };
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        struct host_run *scene = run(settings[i], 0.2);
        const struct net *net = scene->host.net;
        double in_flight = net->stream_count * net->streams[0].window;
        double rate = scene->result.value[METRIC_net_packets] / net->streams[0].packets;
        assert_true(fabs(rate * scene->result.value[METRIC_net_rtt] / in_flight - 1) < 0.005);
        run_close(scene);
    }
}

static void pings_take_the_sum_of_their_way(void **state)
{
    (void)state;
    double bare = measured("launcher=qemu nics_per_guest=1 net_ping=yes net_peer=host "
                           "io_on_host=yes sleep_us=1000 duration=1",
                           METRIC_net_rtt, 1);
    assert_true(fabs(bare - 12e-6) < 1e-9);
    assert_true(measured("nics_per_guest=1 net_ping=yes net_peer=host sleep_us=300", METRIC_net_rtt,
                         0.1) > bare);
}

static void no_streams_no_figures(void **state)
{
    (void)state;
    assert_true(isnan(measured("guests=3", METRIC_net_rate, 0.01)));
    assert_true(isnan(measured("guests=3", METRIC_net_thread_use, 0.01)));
}

/* n guests that send r broadcasts a second take n (n - 1) r. */
static void broadcasts_reach_everyone_else(void **state)
{
    (void)state;
    double taken = measured("guests=20 vcpus=1 host_cpus=8 net_broadcasts=50 bridges=1",
                            METRIC_net_flooded, 4);
    assert_true(fabs(taken / (20 * 19 * 50) - 1) < 4 / sqrt(20 * 50 * 4.0));
    taken = measured("guests=20 vcpus=1 host_cpus=8 net_broadcasts=50 bridges=2",
                     METRIC_net_flooded, 4);
    assert_true(fabs(taken / (20 * 9 * 50) - 1) < 4 / sqrt(20 * 50 * 4.0));
}

/* Two guests of one vCPU on one CPU, one busy with packets and one with computing: the neighbour
 * takes its share, but softirq is not held back by it (Plumbers 2010: 10 % are lost). */
static void a_busy_neighbour_costs_packets(void **state)
{
    static const char quiet[] = "[guest net]\nguests = 1\nvcpus = 1\nworkload = netperf\n"
                                "[guest other]\nguests = 1\nvcpus = 1\nworkload = idle\n";
    static const char busy[] = "[guest net]\nguests = 1\nvcpus = 1\nworkload = netperf\n"
                               "[guest other]\nguests = 1\nvcpus = 1\nworkload = cpu\n";
    static const char host[] = "host_cpus=1 host_link=10 net_direction=in linux=2.6.32 "
                               "guest-linux=2.6.32 qemu=0.12";
    (void)state;
    struct host_run *alone = run_mix(quiet, host, 2);
    struct host_run *beside = run_mix(busy, host, 2);
    double loss = 1 - beside->result.value[METRIC_net_rate] / alone->result.value[METRIC_net_rate];
    assert_true(loss > 0.03 && loss < 0.13);
    run_close(alone);
    run_close(beside);
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    uint64_t prints[2];
    for (int i = 0; i < 2; i++) {
        struct host_run *scene = run("guests=4 vcpus=2 workload=netperf net_streams=3", 0.05);
        prints[i] = sim_fingerprint(&scene->host.sim);
        run_close(scene);
    }
    assert_true(prints[0] == prints[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_is_a_queue),
        cmocka_unit_test(batches_spread_their_cost),
        cmocka_unit_test(streams_share_the_link),
        cmocka_unit_test(small_flows_leave_the_rest),
        cmocka_unit_test(littles_law),
        cmocka_unit_test(pings_take_the_sum_of_their_way),
        cmocka_unit_test(no_streams_no_figures),
        cmocka_unit_test(broadcasts_reach_everyone_else),
        cmocka_unit_test(a_busy_neighbour_costs_packets),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
    };
    return cmocka_run_group_tests_name("net", tests, load_catalog, free_catalog);
}
