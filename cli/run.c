/* run: the main job, in the form asked for. */
#include "cli/cli.h"

int cli_run(const struct arguments *arguments, struct diag *diag)
{
    struct question question;
    int code = question_open(&question, arguments, diag);
    if (code == STATUS_OK && !arguments->no_simulate)
        code = simulate(&question, arguments, diag);
    if (code == STATUS_OK && (arguments->trace != NULL || arguments->series != NULL))
        code = record_files(&question, arguments, diag);
    if (code == STATUS_OK) {
        code = arguments->format == FORMAT_JSON  ? print_json(&question)
               : arguments->format == FORMAT_CSV ? print_csv(&question)
                                                 : print_text(&question, arguments->full);
        if (code == STATUS_OK)
            code = question.answer != NULL && question.answer->partial
                       ? EXIT_INTERRUPTED
                       : (int)verdict_code(&question);
        else
            diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    }
    question_close(&question);
    return code;
}
