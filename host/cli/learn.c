/* SPDX-License-Identifier: MIT */
/* clearbox learn: runs the job before the observers that the flags ask for. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/device_trial.h"
#include "cli/events.h"
#include "cli/learn_options.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/report.h"
#include "cli/stop.h"
#include "cli/terminal.h"

/* Runs it with `metrics`, which is prepared; the exit code. */
static int run(cli_learn_options *options, cli_terminal *terminal, cli_metrics *metrics) {
    cbx_learn_settings *settings = &options->settings;
    const int bar = options->progress == CLI_PROGRESS_BAR;
    const cbx_learn_control control = {.should_stop = cli_should_stop,
                                       .try_device = cli_try_device,
                                       .ranks = cli_ranks(),
                                       .user = settings};
    cli_progress progress;
    cli_events events = {.settings = settings, .metrics = metrics};
    cli_report report = {.settings = settings,
                         .metrics = metrics,
                         .terminal = terminal,
                         .progress = &progress,
                         .tables = bar || options->progress == CLI_PROGRESS_PLAIN};
    cbx_learn_observer observers[4];
    cbx_learn_result result;
    size_t count = 0;

    observers[count++] = cli_report_observer(&report);
    if (report.tables) {
        observers[count++] = cli_progress_observer(&progress);
    }
    if (options->progress == CLI_PROGRESS_JSON) {
        observers[count++] = cli_events_observer(&events);
    }
    if (metrics->path) {
        observers[count++] = cli_metrics_observer(metrics);
    }
    cli_progress_prepare(&progress, terminal, bar);
    cli_guard_begin();
    cbx_status status = cbx_learn(settings, observers, count, &control, &result);
    cli_guard_end();
    return cli_report_end(&report, status, &result);
}

/* Standard output for the film alone: whatever else is printed there, as by a driver, goes to standard
 * error from now on. The descriptor, or -1 and errno; one that cannot be written to is told here. */
static int take_output(void) {
    const int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
        errno = EBADF;
        return -1;
    }
    const int film = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return film < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? -1 : film;
}

/* With flags that are parsed. */
static int prepare_and_run(int argc, char **argv, cli_learn_options *options) {
    cli_terminal terminal;
    cli_metrics metrics;

    options->settings.film_descriptor = options->streams ? take_output() : 0;
    if (options->settings.film_descriptor < 0) {
        return cli_fail(CLI_CANNOT_WRITE, "cannot write to standard output: %s", strerror(errno));
    }
    cbx_status status = cbx_learn_check(&options->settings);
    if (!status) {
        status = cli_metrics_prepare(&metrics, options->metrics, options->settings.no_clobber);
    }
    if (status) {
        return cli_fail_status(status);
    }
    cli_terminal_look(&terminal, stderr);
    if (options->progress == CLI_PROGRESS_AUTO) {
        options->progress = terminal.is_terminal ? CLI_PROGRESS_BAR : CLI_PROGRESS_PLAIN;
    }
    char *command = cli_command_line(argc, argv);
    char *film_command = cli_learn_film_command(options);
    if (!options->resumed) { /* which has those that it began with */
        options->settings.command = command;
        options->settings.film_command = film_command;
    }
    cli_stop_listen(options->progress == CLI_PROGRESS_BAR
                        ? "\n  stopping in good order; Ctrl-C again stops at once\n"
                        : "  stopping in good order; Ctrl-C again stops at once\n");
    const int code = run(options, &terminal, &metrics);
    free(command);
    free(film_command);
    return code;
}

int cli_learn(int argc, char **argv) {
    cli_learn_options options = {.resumed = NULL};
    int code = cli_learn_parse(argc, argv, &options);
    if (code == CLI_PARSED) {
        code = cli_trial_check();
    }
    if (code == CLI_PARSED) {
        code = prepare_and_run(argc, argv, &options);
    }
    cbx_resumed_close(options.resumed);
    return code;
}
