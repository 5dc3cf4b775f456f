#include "plots/draw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID = 512, PATHS = 4096 };

int medium_of(enum medium *medium, const char *path, struct diag *diag)
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name != NULL ? name : path, '.');
    *medium = MEDIUM_TERMINAL;
    if (strcmp(path, "-") == 0)
        return STATUS_OK;
    *medium = dot != NULL && strcmp(dot, ".svg") == 0 ? MEDIUM_SVG : MEDIUM_PNG;
    if (dot != NULL && (*medium == MEDIUM_SVG || strcmp(dot, ".png") == 0))
        return STATUS_OK;
    return diag_set(diag, STATUS_USAGE, path, 0, NULL,
                    "a picture's name ends in .svg or .png, or is - for the terminal");
}

bool draw_possible(void)
{
    const char *path = getenv("PATH");
    char copy[PATHS];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", path != NULL ? path : "");
    for (char *folder; (folder = strsep(&rest, ":")) != NULL;) {
        char file[PATHS + 16];
        snprintf(file, sizeof file, "%s/gnuplot", folder[0] != '\0' ? folder : ".");
        if (access(file, X_OK) == 0)
            return true;
    }
    return false;
}

/* In single quotes gnuplot expands nothing; a quote is doubled. */
static void write_name(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s = '", name);
    for (; *text != '\0'; text++)
        fputs(*text == '\'' ? "''" : (char[]){*text, '\0'}, out);
    fputs("'\n", out);
}

/* Sixel pictures need a terminal that is known for them; any other gets letters. */
static bool draws_sixel(void)
{
    static const char *const known[] = {"foot", "mlterm", "sixel", "contour", "wezterm", "yaft"};
    const char *term = getenv("TERM");
    for (size_t i = 0; term != NULL && isatty(STDOUT_FILENO) && i < sizeof known / sizeof *known;
         i++) {
        if (strstr(term, known[i]) != NULL)
            return true;
    }
    return false;
}

static void write_terminal(const struct plot *plot, enum medium medium, FILE *out)
{
    struct winsize window = {.ws_col = 0};
    unsigned columns = 100;
    unsigned rows = 40;
    if (medium == MEDIUM_PNG) {
        fprintf(out,
                "set terminal pngcairo noenhanced size %u,%u font 'Sans,10' background "
                "'white'\n",
                plot->width, plot->height);
    } else if (medium == MEDIUM_SVG) {
        fprintf(out,
                "set terminal svg noenhanced size %u,%u dynamic font 'DejaVu Sans,Arial,"
                "sans-serif,13' background 'white'\n",
                plot->width, plot->height);
    } else if (draws_sixel()) {
        fprintf(out, "set terminal sixelgd noenhanced size %u,%u truecolor font 'sans,10'\n",
                plot->width, plot->height);
    } else {
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col >= 60 &&
            window.ws_row >= 20) {
            columns = window.ws_col;
            rows = window.ws_row - 2u;
        }
        fprintf(out, "set terminal dumb noenhanced size %u,%u\n", columns, rows);
    }
    fprintf(out, "letters = %d\n", medium == MEDIUM_TERMINAL && !draws_sixel());
}

void draw_write_script(const struct plot *plot, enum medium medium, const char *data,
                       const char *picture, FILE *out)
{
    write_terminal(plot, medium, out);
    write_name(out, "data", data);
    if (medium != MEDIUM_TERMINAL) {
        write_name(out, "picture", picture);
        fputs("set output picture\n", out);
    }
    fwrite(plot->script_text, 1, plot->script_length, out);
}

/* A file in memory that a child can open by name, /dev/fd/N; closed by the caller. */
static FILE *memory_file(char name[32])
{
    int fd = memfd_create("scalesim-plot", 0);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    snprintf(name, 32, "/dev/fd/%d", fd);
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

/* Runs gnuplot; returns its exit status, the beginning of what it complained about in said. */
static int run_gnuplot(const char *script, char said[SAID])
{
    int ends[2];
    said[0] = '\0';
    fflush(stdout);
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("gnuplot", "gnuplot", "-d", script, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *words = fdopen(ends[0], "r");
    size_t got = words != NULL ? fread(said, 1, SAID - 1, words) : 0;
    char rest[SAID];
    said[got] = '\0';
    while (words != NULL && fread(rest, 1, sizeof rest, words) > 0)
        continue;
    if (words != NULL)
        fclose(words);
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int fail(const char *picture, const char *why, struct diag *diag)
{
    return diag_set(diag, STATUS_IO, picture, 0, NULL, "cannot be drawn: %s", why);
}

int draw(const struct plot *plot, enum medium medium, const char *picture, const char *file,
         struct diag *diag)
{
    char data_name[32];
    char script_name[32];
    char said[SAID];
    FILE *data = memory_file(data_name);
    FILE *script = memory_file(script_name);
    int status = STATUS_OK;
    if (data == NULL || script == NULL) {
        status = fail(picture, strerror(errno), diag);
        goto out;
    }
    fwrite(plot->data_text, 1, plot->data_length, data);
    draw_write_script(plot, medium, data_name, file, script);
    if (fflush(data) != 0 || fflush(script) != 0) {
        status = fail(picture, strerror(errno), diag);
        goto out;
    }
    int code = run_gnuplot(script_name, said);
    if (code != 0)
        status = fail(picture, said[0] != '\0' ? said : "gnuplot did not run", diag);
    else if (said[0] != '\0') /* a warning: the picture is there */
        fprintf(stderr, "scalesim: gnuplot: %s", said);
out:
    if (data != NULL)
        fclose(data);
    if (script != NULL)
        fclose(script);
    return status;
}
