/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/temporary.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/stop.h"

const char *const cli_report_formats[] = {
    [CLI_REPORT_TEXT] = "text", [CLI_REPORT_JSON] = "json", NULL};

int cli_settle_json(int format, int *json) {
    if (*json && format == CLI_REPORT_TEXT) {
        return cli_fail(CLI_USAGE, "--json contradicts --format text; leave one out");
    }
    *json = *json || format == CLI_REPORT_JSON;
    return CLI_PARSED;
}

/* Ends as the signal would have it, but leaves no temporary. */
static void on_end(int number) {
    cbx_temporary_remove_all_in_handler();
    signal(number, SIG_DFL);
    raise(number);
}

/* Commands that end in good order wait for these signals themselves, and have them blocked: cli/stop.h. */
static void leave_nothing(void) {
    for (int i = 0; i < CLI_STOP_SIGNALS; i++) {
        struct sigaction action = {.sa_handler = on_end}, old;
        if (sigaction(cli_stop_signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            sigaction(cli_stop_signals[i], &action, NULL);
        }
    }
}

int cli_output_begin(cli_output *output, const char *path, int no_clobber) {
    *output = (cli_output){.before = -1};
    if (!path) {
        return CLI_PARSED;
    }
    leave_nothing();
    cbx_status status = cbx_output_open(&output->file, path, no_clobber);
    if (status) {
        return cli_fail_status(status);
    }
    fflush(stdout);
    cli_name_output(path);
    output->before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (output->before < 0 || dup2(fileno(output->file.stream), STDOUT_FILENO) < 0) {
        cbx_output_discard(&output->file);
        return cli_fail(CLI_SOFTWARE, "cannot put %s in the place of standard output: %s", path,
                        strerror(errno));
    }
    return CLI_PARSED;
}

int cli_output_end(cli_output *output, int code) {
    if (output->before < 0) {
        return code;
    }
    const int lost = code == CLI_CANNOT_WRITE ? code : cli_flush(CLI_DONE); /* which says so */
    const int empty =
        cbx_output_is_regular(&output->file) && lseek(STDOUT_FILENO, 0, SEEK_CUR) == 0;
    (void)dup2(output->before, STDOUT_FILENO);
    close(output->before);
    output->before = -1;
    if (lost || empty) {
        cbx_output_discard(&output->file);
        return code ? code : lost;
    }
    const cbx_status status = cbx_output_commit(&output->file);
    return status ? cli_fail_status(status) : code;
}
