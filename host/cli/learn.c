/* clearbox learn: runs the job and shows how it goes. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/learn_options.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/stop.h"
#include "cli/terminal.h"

/* The observer's state. */
typedef struct run {
    cli_learn_options *options;
    cli_terminal terminal;
    cli_progress progress;
    cli_epochs epochs;
    cli_metrics metrics;
    uint32_t training_images;
    uint64_t batches;
    double event_seconds; /* when the last progress event was written */
    int output_lost;      /* standard output takes no more events */
    int told_stopping;
    cbx_status fault;   /* of the metrics file, while training … */
    char sentence[512]; /* … and what is to be said about it */
} run;

static int shows_tables(const run *state) {
    return state->options->style == CLI_STYLE_BAR || state->options->style == CLI_STYLE_PLAIN;
}

static int shows_events(const run *state) {
    return state->options->style == CLI_STYLE_JSON && !state->output_lost;
}

static void started(void *user, const cbx_learn_plan *plan) {
    run *state = user;
    const cbx_learn_settings *settings = &state->options->settings;
    state->training_images = plan->training_images;
    state->batches = plan->batches;
    cli_progress_clear(&state->progress);
    if (shows_tables(state)) {
        cli_report_plan(&state->terminal, settings, plan);
        cli_report_head(&state->epochs, &state->terminal);
        cli_progress_begin(&state->progress, plan);
    } else {
        cli_report_device(plan);
    }
    if (shows_events(state)) {
        state->output_lost = !cli_event_start(settings, plan);
    }
}

static void progressed(void *user, uint64_t batches_done) {
    run *state = user;
    if (shows_tables(state)) {
        cli_progress_show(&state->progress, batches_done);
    }
    double now = cbx_clock_seconds();
    if (shows_events(state) && now - state->event_seconds >= 0.1) {
        state->event_seconds = now;
        state->output_lost = !cli_event_progress(batches_done, state->batches);
    }
}

static void evaluating(void *user, uint32_t epoch) {
    run *state = user;
    if (shows_tables(state)) {
        cli_progress_evaluate(&state->progress, epoch);
    }
}

static void finished_epoch(void *user, const cbx_epoch_report *report) {
    run *state = user;
    if (shows_tables(state)) {
        cli_progress_clear(&state->progress);
        cli_report_epoch(&state->epochs, report);
        cli_progress_mark(&state->progress, report);
        if (report->epoch == state->options->settings.epochs) {
            cli_progress_wait(&state->progress, "  finishing: test images, film ...");
        }
    }
    if (shows_events(state)) {
        state->output_lost = !cli_event_epoch(report, state->training_images);
    }
    if (state->fault == CBX_OK) {
        state->fault = cli_metrics_epoch(&state->metrics, report, state->training_images);
        snprintf(state->sentence, sizeof state->sentence, "%s", cbx_last_error());
    }
}

static int should_stop(void *user) {
    run *state = user;
    if (!cli_stop_requested()) {
        return 0;
    }
    if (!state->told_stopping) {
        state->told_stopping = 1;
        cli_progress_clear(&state->progress);
        fputs("  stopping in good order; Ctrl-C again stops at once\n", stderr);
    }
    return 1;
}

/* Writes what follows the last batch, and decides the exit code. */
static int conclude(run *state, cbx_status status, const cbx_learn_result *result) {
    const cbx_learn_settings *settings = &state->options->settings;
    const char *metrics = state->options->metrics;

    cli_progress_clear(&state->progress);
    if (status == CBX_BAD_KERNEL && cli_stop_requested()) {
        /* A compiler inside an OpenCL driver (LLVM) takes Ctrl-C for itself first, drops
         * its files, and fails. */
        status = CBX_INTERRUPTED;
    }
    if (status != CBX_OK && status != CBX_INTERRUPTED) {
        return cli_fail_status(status);
    }
    /* The film is worth more than the metrics: the run went on without them. */
    if (state->fault != CBX_OK) {
        return cli_fail(cli_exit_code(state->fault), "%s", state->sentence);
    }
    cbx_status closed = cli_metrics_close(&state->metrics);
    if (closed != CBX_OK) {
        return cli_fail_status(closed);
    }
    if (shows_events(state)) {
        state->output_lost = !cli_event_result(settings, result);
    }
    if (status == CBX_INTERRUPTED) {
        cli_report_interrupted(settings, metrics, state->batches, result);
        return CLI_INTERRUPTED;
    }
    if (shows_tables(state)) {
        cli_report_result(&state->terminal, settings, metrics, result);
    }
    if (state->output_lost) {
        return cli_fail(CLI_CANNOT_WRITE, "standard output was closed or full before the run "
                                          "ended; the other outputs are complete");
    }
    return CLI_DONE;
}

int cli_learn(int argc, char **argv) {
    cli_learn_options options;
    run state = {0};
    cbx_learn_result result;
    const cbx_learn_observer observer = {.started = started,
                                         .progressed = progressed,
                                         .evaluating = evaluating,
                                         .finished_epoch = finished_epoch,
                                         .should_stop = should_stop,
                                         .user = &state};

    int code = cli_learn_parse(argc, argv, &options);
    if (code != CLI_PARSED) {
        return code;
    }
    cbx_status status = cbx_learn_check(&options.settings);
    if (status != CBX_OK) {
        return cli_fail_status(status);
    }
    if (options.metrics) {
        status = cli_metrics_open(&state.metrics, options.metrics, options.settings.no_clobber);
        if (status != CBX_OK) {
            return cli_fail_status(status);
        }
    }
    cli_stop_forget(options.settings.film);
    cli_stop_forget(options.settings.save);
    cli_stop_forget(options.settings.picture);
    cli_stop_forget(options.metrics);
    cli_stop_listen();

    state.options = &options;
    cli_terminal_look(&state.terminal, stderr);
    if (options.style == CLI_STYLE_AUTO) {
        options.style = state.terminal.is_terminal ? CLI_STYLE_BAR : CLI_STYLE_PLAIN;
    }
    cli_progress_prepare(&state.progress, &state.terminal, options.style == CLI_STYLE_BAR);
    memset(&result, 0, sizeof result);
    status = cbx_learn(&options.settings, &observer, &result);
    code = conclude(&state, status, &result);
    cli_metrics_discard(&state.metrics);
    return code;
}
