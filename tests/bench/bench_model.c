/* What an answer costs: one `name<TAB>value<TAB>unit` line a figure; minima over repeats. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/catalog.h"
#include "model/model.h"
#include "model/predict.h"

static double cpu_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double children_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void cold_start(const char *program)
{
    double best = 1e9;
    for (int i = 0; i < 20; i++) {
        double before = children_s();
        fflush(stdout); /* the child must not inherit unwritten lines */
        pid_t child = fork();
        if (child == 0) {
            if (freopen("/dev/null", "w", stdout) != NULL)
                execl(program, program, "--guests", "1000", "--disks", "4096", "--no-simulate",
                      (char *)NULL);
            _exit(127);
        }
        waitpid(child, NULL, 0);
        double spent = children_s() - before;
        best = spent < best ? spent : best;
    }
    printf("model.cold_start.cpu\t%.2f\tms\n", best * 1e3);
}

int main(void)
{
    enum { REPEATS = 200 };
    const char *program = getenv("SCALESIM");
    struct diag diag;
    struct catalog catalog;
    struct scenario scenario;
    struct model *model;
    struct prediction prediction;
    double started = cpu_now_s();
    if (catalog_load(&catalog, NULL, &diag) != 0)
        return 1;
    printf("model.catalog_load\t%.2f\tms\n", (cpu_now_s() - started) * 1e3);
    if (scenario_init(&scenario, &diag) != 0 ||
        scenario_set(&scenario, "guests", "1000", &diag) != 0 ||
        scenario_set(&scenario, "disks", "4096", &diag) != 0 ||
        scenario_spread(&scenario, &diag) != 0)
        return 1;
    started = cpu_now_s();
    if (model_new(&model, &catalog, &scenario, &diag) != 0 ||
        prediction_init(&prediction, model, &diag) != 0)
        return 1;
    printf("model.bind\t%.2f\tms\n", (cpu_now_s() - started) * 1e3);
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        started = cpu_now_s();
        predict(model, &prediction);
        double spent = cpu_now_s() - started;
        best = spent < best ? spent : best;
    }
    printf("model.predict\t%.1f\tus\n", best * 1e6);
    prediction_free(&prediction);
    model_free(model);
    catalog_free(&catalog);
    cold_start(program != NULL ? program : "./scalesim");
    return 0;
}
