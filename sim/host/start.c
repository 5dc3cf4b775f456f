#include "sim/host/start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/random.h"
#include "sim/host/recorder.h"

enum { WEIGHT_NORMAL = 1024, BOOT_PHASE = 5 /* of resources */ };

/* Neighbouring steps at one station, in one phase, by the name of the first. Seconds or bytes. */
struct piece {
    const char *name;
    int phase;
    enum place place;
    int lock;
    double amount, growth;
};

struct start_program {
    struct piece pieces[STEPS_MAX];
    size_t count, daemon_end; /* daemon_end: the guest runs, its worker is free */
    double spread;            /* coefficient of variation of a guest's work */
};

/* A start in flight. */
struct boot {
    struct host *host;
    struct guest *guest;
    size_t piece;
    double factor; /* of this guest's work */
    double there;  /* guests before it */
    uint64_t began_ns, piece_began_ns;
    const struct limit *limit; /* that stops it; NULL: none */
    int stop_phase;
    struct start_worker *worker;
    uint64_t worker_run_ns; /* of the worker, when it was taken; then of this start alone */
    struct burst burst;
    struct mutex_waiter waiter;
    struct station_flow flow;
    struct boot *next;
};

static void advance(struct sim *sim, void *arg);

static bool same_station(const struct piece *a, const struct piece *b)
{
    return a->phase == b->phase && a->place == b->place && a->lock == b->lock;
}

static void make_program(struct start_program *program, const struct plan *plan, size_t class_index)
{
    size_t count;
    const struct step *steps = costs_steps(plan->costs, class_index, &count);
    program->spread = cost_of(plan->costs, class_index, "start_spread");
    for (size_t i = 0; i < count; i++) {
        struct piece piece = {steps[i].name, steps[i].phase,  steps[i].place,
                              steps[i].lock, steps[i].amount, steps[i].growth};
        struct piece *last = program->count > 0 ? &program->pieces[program->count - 1] : NULL;
        if (piece.amount == 0 && piece.growth == 0)
            continue;
        if (last != NULL && same_station(last, &piece)) {
            last->amount += piece.amount;
            last->growth += piece.growth;
        } else {
            program->pieces[program->count++] = piece;
        }
        if (piece.phase < BOOT_PHASE)
            program->daemon_end = program->count;
    }
}

static int open_workers(struct host *host, struct start *start)
{
    const struct plan *plan = host->plan;
    start->worker_count = (uint32_t)fmax(cost_of(plan->costs, 0, "daemon_workers"), 1);
    start->workers = calloc(start->worker_count, sizeof *start->workers);
    if (start->workers == NULL)
        return -1;
    for (uint32_t i = start->worker_count; i-- > 0;) {
        struct start_worker *worker = &start->workers[i];
        thread_init(&worker->thread, &host->cpus, UINT32_MAX, WEIGHT_NORMAL);
        worker->thread.speed = (float)cost_of(plan->costs, 0, "cpu_speed");
        worker->next = start->idle_workers;
        start->idle_workers = worker;
    }
    return 0;
}

static int open_boots(struct host *host, struct start *start)
{
    double parallel = plan_option(host->plan, 0, "parallel_starts");
    start->boot_count = host->plan->guests;
    if (parallel > 0 && parallel < start->boot_count)
        start->boot_count = (uint32_t)parallel;
    start->boots = calloc(start->boot_count + 1, sizeof *start->boots);
    if (start->boots == NULL)
        return -1;
    for (uint32_t i = start->boot_count; i-- > 0;) {
        start->boots[i].host = host;
        start->boots[i].next = start->idle_boots;
        start->idle_boots = &start->boots[i];
    }
    return 0;
}

int start_open(struct host *host)
{
    const struct plan *plan = host->plan;
    size_t classes = plan->scenario->class_count;
    struct start *start = host->start = calloc(1, sizeof *start);
    if (start == NULL)
        return -1;
    start->programs = calloc(classes, sizeof *start->programs);
    start->locks = calloc(HOST_LOCKS_MAX, sizeof *start->locks);
    start->disk = calloc(1, sizeof *start->disk);
    if (start->programs == NULL || start->locks == NULL || start->disk == NULL ||
        open_workers(host, start) != 0 || open_boots(host, start) != 0)
        return -1;
    for (size_t c = 0; c < classes; c++)
        make_program(&start->programs[c], plan, c);
    for (size_t i = 0; i < HOST_LOCKS_MAX; i++)
        station_mutex_init(&start->locks[i].mutex, &host->sim, MUTEX_FIFO, 0, NULL);
    double bytes_per_s = cost_of(plan->costs, 0, "boot_read_bytes_per_s");
    station_fluid_init(&start->disk->fluid, &host->sim, bytes_per_s / 1e9);
    station_fluid_add_class(&start->disk->fluid, &start->disk->readers, 1, STATION_NO_CAP);
    account_open(&start->account, plan->ledger);
    return 0;
}

void start_close(struct host *host)
{
    struct start *start = host->start;
    if (start == NULL)
        return;
    free(start->programs);
    free(start->locks);
    free(start->disk);
    free(start->workers);
    free(start->boots);
    free(start);
    host->start = NULL;
}

/* The factor of a guest's work: lognormal, mean 1. */
static double draw_factor(const struct host *host, const struct start_program *program,
                          uint32_t guest)
{
    struct rng rng;
    if (!(program->spread > 0))
        return 1;
    double variance = log1p(program->spread * program->spread);
    host_stream(host, &rng, guest, PURPOSE_START);
    return exp(sqrt(variance) * rng_normal(&rng) - variance / 2);
}

static void launch_next(struct host *host)
{
    struct start *start = host->start;
    while (start->idle_boots != NULL && start->launched < host->plan->guests) {
        struct boot *boot = start->idle_boots;
        struct guest *guest = &host->guests[start->launched++];
        start->idle_boots = boot->next;
        *boot = (struct boot){.host = host,
                              .guest = guest,
                              .began_ns = sim_now(&host->sim),
                              .there = start->account.guests};
        boot->factor = draw_factor(host, &start->programs[guest->class_index], guest->index);
        boot->limit = account_take(&start->account, guest->class_index, &boot->stop_phase);
        sim_schedule_in(&host->sim, 0, SIM_PRIORITY_NORMAL, advance, boot);
    }
}

void start_launch(struct host *host)
{
    launch_next(host);
}

static void give_worker(struct boot *boot, struct start_worker *worker)
{
    boot->worker = worker;
    boot->worker_run_ns = worker->thread.run_ns;
}

/* A worker goes to the start that has waited longest. */
static void release_worker(struct sim *sim, struct boot *boot)
{
    struct start *start = boot->host->start;
    struct start_worker *worker = boot->worker;
    struct boot *next = start->first_waiting;
    boot->worker = NULL;
    if (worker == NULL)
        return;
    boot->worker_run_ns = worker->thread.run_ns - boot->worker_run_ns;
    if (next == NULL) {
        worker->next = start->idle_workers;
        start->idle_workers = worker;
        return;
    }
    start->first_waiting = next->next;
    give_worker(next, worker);
    sim_schedule_in(sim, 0, SIM_PRIORITY_NORMAL, advance, next);
}

/* Whether the start has its worker; otherwise it waits for one. */
static bool take_worker(struct boot *boot)
{
    struct start *start = boot->host->start;
    if (boot->worker != NULL)
        return true;
    if (start->idle_workers != NULL) {
        give_worker(boot, start->idle_workers);
        start->idle_workers = boot->worker->next;
        return true;
    }
    boot->next = NULL;
    if (start->first_waiting == NULL)
        start->first_waiting = boot;
    else
        start->last_waiting->next = boot;
    start->last_waiting = boot;
    return false;
}

static void end(struct sim *sim, struct boot *boot)
{
    struct host *host = boot->host;
    struct start *start = host->start;
    release_worker(sim, boot);
    boot->next = start->idle_boots;
    start->idle_boots = boot;
    launch_next(host);
    if (start->started + start->refused == host->plan->guests && start->all_done != NULL)
        start->all_done(host);
}

static void come_up(struct sim *sim, struct boot *boot)
{
    struct host *host = boot->host;
    struct start *start = host->start;
    struct guest *guest = boot->guest;
    release_worker(sim, boot);
    start->started++;
    start->last_up_ns = sim_now(sim);
    histogram_add(&host->result->start_ns, sim_now(sim) - boot->began_ns);
    recorder_value(host, "guests_started", start->started);
    recorder_value(host, "start_s", (double)(sim_now(sim) - boot->began_ns) * 1e-9);
    start->cpu_ns += (double)(boot->worker_run_ns + guest->main_loop->run_ns);
    for (uint32_t i = 0; i < guest->vcpu_count; i++)
        start->cpu_ns += (double)guest->vcpus[i].run_ns;
    if (start->up != NULL)
        start->up(host, guest);
    end(sim, boot);
}

static void stop(struct sim *sim, struct boot *boot)
{
    struct start *start = boot->host->start;
    start->refused++;
    recorder_value(boot->host, "guests_refused", start->refused);
    if (start->stopped != NULL)
        start->stopped(boot->host, boot->guest);
    end(sim, boot);
}

static const struct piece *current(const struct boot *boot)
{
    return &boot->host->start->programs[boot->guest->class_index].pieces[boot->piece];
}

static void piece_done(struct sim *sim, void *arg)
{
    struct boot *boot = arg;
    recorder_span(boot->host, boot->guest->index, current(boot)->name, boot->piece_began_ns);
    boot->piece++;
    advance(sim, boot);
}

static void run_on(struct sim *sim, struct boot *boot, struct thread *thread, double seconds,
                   sim_callback *done)
{
    boot->burst = (struct burst){
        .work_ns = (uint64_t)llround(seconds * boot->factor * 1e9), .done = done, .arg = boot};
    thread_run(sim, thread, &boot->burst);
}

static double amount_now(const struct boot *boot)
{
    const struct piece *piece = current(boot);
    return piece->amount + piece->growth * boot->there;
}

static void unlock(struct sim *sim, void *arg)
{
    struct boot *boot = arg;
    station_mutex_unlock(sim, &boot->waiter);
    piece_done(sim, boot);
}

static void locked(struct sim *sim, void *arg)
{
    struct boot *boot = arg;
    struct thread *thread = boot->worker != NULL ? &boot->worker->thread : boot->guest->main_loop;
    run_on(sim, boot, thread, amount_now(boot), unlock);
}

static void lock(struct sim *sim, struct boot *boot, int index)
{
    boot->waiter = (struct mutex_waiter){.acquired = locked, .arg = boot};
    if (station_mutex_lock(sim, &boot->host->start->locks[index].mutex, &boot->waiter))
        locked(sim, boot);
}

static void read_disk(struct sim *sim, struct boot *boot, double bytes)
{
    boot->flow = (struct station_flow){
        .work = fmin(bytes, STATION_WORK_MAX / 2), .done = piece_done, .arg = boot};
    station_fluid_submit(sim, &boot->host->start->disk->readers, &boot->flow);
}

static void begin_piece(struct sim *sim, struct boot *boot, double amount)
{
    const struct piece *piece = current(boot);
    struct guest *guest = boot->guest;
    boot->piece_began_ns = sim_now(sim);
    switch (piece->place) {
    case PLACE_DELAY:
        sim_schedule_in(sim, (uint64_t)llround(fmin(amount * boot->factor, 1e9) * 1e9),
                        SIM_PRIORITY_NORMAL, piece_done, boot);
        break;
    case PLACE_QEMU:
        run_on(sim, boot, guest->main_loop, amount, piece_done);
        break;
    case PLACE_VCPU:
        run_on(sim, boot, guest->vcpu_count > 0 ? &guest->vcpus[0] : guest->main_loop, amount,
               piece_done);
        break;
    case PLACE_DAEMON:
        run_on(sim, boot, &boot->worker->thread, amount, piece_done);
        break;
    case PLACE_LOCK:
        lock(sim, boot, piece->lock);
        break;
    case PLACE_DISK:
        read_disk(sim, boot, amount);
        break;
    }
}

/* Goes on with the piece that boot->piece names: begins it, or ends the start. */
static void advance(struct sim *sim, void *arg)
{
    struct boot *boot = arg;
    const struct start_program *program = &boot->host->start->programs[boot->guest->class_index];
    for (; boot->piece < program->count; boot->piece++) {
        const struct piece *piece = current(boot);
        double amount = amount_now(boot);
        if (boot->limit != NULL && boot->stop_phase <= piece->phase)
            break;
        if (piece->place == PLACE_DAEMON && !take_worker(boot))
            return;
        if (piece->place != PLACE_DAEMON && boot->piece >= program->daemon_end)
            release_worker(sim, boot);
        if (amount > 0) {
            begin_piece(sim, boot, amount);
            return;
        }
    }
    if (boot->limit != NULL)
        stop(sim, boot);
    else
        come_up(sim, boot);
}

/* Guests, or steps inside them, before anything was exceeded. */
static double clean_steps(const struct start *start)
{
    const struct account *account = &start->account;
    double steps = isnan(account->steps) ? start->started : account->steps;
    if (account->soft.limit != NULL)
        steps = fmin(steps, account->soft.max_ok);
    return account->fatal.limit != NULL ? fmin(steps, account->fatal.max_ok) : steps;
}

void start_measure(struct host *host)
{
    const struct start *start = host->start;
    struct result *result = host->result;
    result->value[METRIC_guests_started] = start->started;
    result->value[METRIC_guests_refused] = start->refused;
    result->value[METRIC_devices_started] = start->account.steps;
    result->value[METRIC_steps_clean] = clean_steps(start);
    if (start->started == 0)
        return;
    double total = (double)start->last_up_ns / 1e9;
    result->value[METRIC_start_mean] = histogram_mean(&result->start_ns) / 1e9;
    result->value[METRIC_start_p50] = (double)histogram_quantile(&result->start_ns, 0.5) / 1e9;
    result->value[METRIC_start_p99] = (double)histogram_quantile(&result->start_ns, 0.99) / 1e9;
    result->value[METRIC_start_total] = total;
    result->value[METRIC_start_rate] = total > 0 ? start->started / total : NAN;
    result->value[METRIC_start_cpu] = start->cpu_ns / 1e9 / start->started;
}
