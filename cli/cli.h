/* What the verbs share: the parsed command line, and loading what a question needs. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/catalog.h"
#include "model/model.h"
#include "model/predict.h"
#include "model/scenario.h"
#include "sim/answer.h"

enum { SETTINGS_MAX = 256, WORDS_MAX = 1024 };
enum exit_code {
    EXIT_FITS = 0,
    EXIT_TIGHT = 1,
    EXIT_DOES_NOT_FIT = 2,
    EXIT_CANNOT_TELL = 3,
    EXIT_INTERRUPTED = 130
};
enum format { FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON };

struct setting {
    char name[NAME_MAX_LENGTH];
    const char *text;
};

struct arguments {
    const char *verb;
    const char *words[WORDS_MAX]; /* what follows the verb */
    size_t word_count;
    struct setting settings[SETTINGS_MAX]; /* scenario options in the order given */
    size_t setting_count;
    const char *catalog, *scenario, *parameters;
    const char *trace, *series, *output; /* files to write; NULL: none */
    const char *plot;                    /* a folder of pictures; NULL: none */
    enum format format;
    const char *x, *y;         /* axes of a phase map; NULL: the usual ones */
    unsigned cells;            /* along each of them; 0: the usual number */
    const char *report_format; /* NULL: by the name of the output */
    unsigned knee_points;      /* along one of them, simulated */
    bool full, targets, no_simulate, dry_run, force, keep;
    bool simulate, knees, strict, resume; /* of a sweep */
    const char *journal;                  /* NULL: beside the output */
    uint64_t shard, shards;               /* 1 of 1: all */
    struct ranks *ranks;                  /* that compute a sweep */
    struct run_rules rules;               /* of simulations */
    size_t draws;                         /* of the coefficients */
    uint64_t points;                      /* of a study of sensitivity; 0: none */
    unsigned folds;                       /* of a curve's cross-validation; 0: none */
};

/* Reads the command line into arguments that hold the defaults. A wrong one ends the program with
 * what is wrong and exit code 64. */
int flags_parse(struct arguments *arguments, int count, char **values, struct diag *diag);

/* Everything a verb needs to answer; opened by question_open, closed by question_close. */
struct question {
    struct catalog catalog;
    struct scenario scenario;
    struct model *model;
    struct prediction prediction;
    struct answer *answer; /* NULL: not simulated */
};

int question_open(struct question *question, const struct arguments *arguments, struct diag *diag);
void question_close(struct question *question);

/* What the flags and the scenario file state, totals of devices not spread yet. */
int question_scenario(struct scenario *scenario, const struct arguments *arguments,
                      struct diag *diag);

/* A verb prints to stdout and returns the exit code, or a negative status with diag filled. */
typedef int verb_function(const struct arguments *arguments, struct diag *diag);
verb_function cli_run, cli_limits, cli_explain, cli_diagnose, cli_validate, cli_targets,
    cli_calibrate, cli_plot, cli_report, cli_sweep;

/* Writes the data and the script of a picture. The caller ends with plot_free, also after an error.
 */
struct plot;
int picture_make(struct plot *plot, const char *kind, struct question *question,
                 const struct arguments *arguments, struct diag *diag);

/* Draws a finished picture into a file, or on the terminal ("-"); without gnuplot, or to keep them,
 * data and script lie beside it. Errors: STATUS_USAGE, a name of another suffix; STATUS_IO. */
int picture_show(const struct plot *plot, const char *path, bool keep, struct diag *diag);

/* The pictures of calibrate and validate, into the folder arguments->plot, made when it is not
 * there. Without gnuplot all data are left before the error is told. */
struct calibration;
struct curve_score;
int plot_calibration(const struct calibration *calibration, const struct arguments *arguments,
                     struct diag *diag);
int plot_curve(const struct curve_score *score, const struct arguments *arguments,
               struct diag *diag);

/* A file that appears whole or not at all. path must outlive it. */
struct output {
    FILE *file;
    const char *path;
    char temporary[4096];
};
int output_open(struct output *output, const char *path, struct diag *diag);
/* The same, but takes the place of what a killed run left behind; for callers that hold a lock. */
int output_open_again(struct output *output, const char *path, struct diag *diag);
/* Hands each line that is written to a stream on to a function, which returns a status; one that
 * fails makes the write fail. The caller closes the stream, with which the lines end. */
typedef int take_line(void *context, const char *line, size_t length);
struct lines {
    take_line *take;
    void *context;
    char *part; /* of a line that is not whole yet */
    size_t length, room;
};
FILE *lines_open(struct lines *lines, take_line *take, void *context);

int output_commit(struct output *output, struct diag *diag);
void output_discard(struct output *output); /* of an output that was not committed; else nothing */

/* Writes arguments->trace and ->series. */
int record_files(const struct question *question, const struct arguments *arguments,
                 struct diag *diag);

/* What everybody reads of a simulation. */
extern const enum metric headlines[];
extern const size_t headline_count;

/* From now on Ctrl-C or SIGTERM raises the flag that is returned; the second time it ends the
 * program.
 */
const atomic_int *cancel_on_interrupt(void);
double seconds_now(void);

/* Simulates what was asked (Ctrl-C ends it early), and prints that half of the answer. */
int simulate(struct question *question, const struct arguments *arguments, struct diag *diag);
int print_answer(const struct question *question, bool full);
void print_joint_verdict(const struct question *question);

/* Printing of an answer. */
int print_text(const struct question *question, bool full);
int print_csv(const struct question *question);
int print_json(const struct question *question);
/* The joint verdict: hard limits, and service levels that break up to the request. */
enum exit_code verdict_code(const struct question *question);
const char *verdict_word(enum exit_code code);

#endif
