/* SPDX-License-Identifier: MIT */
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
    int trained;          /* the last epoch is over */
    cbx_fault first;      /* the first output that failed */
    int metrics_told, events_lost;
} run;

static int shows_tables(const run *state) {
    return state->options->style == CLI_STYLE_BAR || state->options->style == CLI_STYLE_PLAIN;
}

static int shows_events(const run *state) {
    return state->options->style == CLI_STYLE_JSON && !state->events_lost;
}

/* What became of an event; without a reader no more are made, and the run goes on. */
static void note_event(run *state, int written) {
    if (!written) {
        state->events_lost = 1;
        cbx_fault_take(&state->first, CBX_CANNOT_WRITE);
    }
}

static cbx_status started(void *user, const cbx_learn_plan *plan) {
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
        note_event(state, cli_event_start(settings, plan));
    }
    return CBX_OK;
}

static cbx_status progressed(void *user, uint64_t batches_done) {
    run *state = user;
    if (shows_tables(state)) {
        cli_progress_show(&state->progress, batches_done);
    }
    double now = cbx_clock_seconds();
    if (shows_events(state) && now - state->event_seconds >= 0.1) {
        state->event_seconds = now;
        note_event(state, cli_event_progress(batches_done, state->batches));
    }
    return CBX_OK;
}

/* Said at once where the run goes on, or where the last line will tell another. */
static cbx_status lost(void *user, cbx_learn_output output, const char *path, cbx_status why) {
    run *state = user;
    cbx_fault fault = {CBX_OK, ""};
    (void)output;
    cbx_fault_take(&fault, why);
    if (state->first.status || !state->trained) {
        cli_progress_clear(&state->progress);
        fputs("  ", stderr);
        cli_print_printable(stderr, fault.text, 0);
        fputc('\n', stderr);
    }
    if (!state->first.status) {
        state->first = fault;
    }
    if (shows_events(state)) {
        note_event(state, cli_event_lost(path, fault.text));
    }
    return CBX_OK;
}

/* The film is worth more than the metrics: the run goes on without them. */
static void note_metrics(run *state) {
    if (state->metrics.fault.status && !state->metrics_told) {
        state->metrics_told = 1;
        (void)lost(state, CBX_LEARN_OUTPUTS, state->metrics.path,
                   cbx_fault_raise(&state->metrics.fault));
    }
}

static cbx_status evaluating(void *user, uint32_t epoch) {
    run *state = user;
    if (shows_tables(state)) {
        cli_progress_evaluate(&state->progress, epoch);
    }
    return CBX_OK;
}

static cbx_status finished_epoch(void *user, const cbx_epoch_report *report) {
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
        note_event(state, cli_event_epoch(report, state->training_images));
    }
    cli_metrics_epoch(&state->metrics, report, state->training_images);
    note_metrics(state);
    state->trained = report->epoch == state->options->settings.epochs;
    return CBX_OK;
}

static cbx_status finishing(void *user, uint64_t frames_left) {
    run *state = user;
    char line[80], count[CLI_NUMBER];
    snprintf(line, sizeof line, "  finishing: %s frames left to encode",
             cli_count(count, frames_left));
    cli_progress_wait(&state->progress, line);
    return CBX_OK;
}

static int should_stop(void *user) {
    (void)user;
    return cli_stop_requested();
}

/* The last line of a run that did not come to its end, or not whole. */
static int tell_end(const run *state, cbx_status status, const cbx_learn_result *result) {
    const cbx_learn_settings *settings = &state->options->settings;
    const char *metrics = state->metrics.kept ? state->metrics.path : NULL;
    int code = CLI_INTERRUPTED;
    if (status == CBX_INTERRUPTED && !state->first.status) {
        cli_report_interrupted(state->batches, result);
    } else if (state->first.status) {
        code = cli_begin_failure(state->first.status, state->first.text);
    } else {
        code = cli_begin_failure(status, cbx_last_error());
    }
    if (code == CLI_INTERRUPTED || result->batches > 0) {
        cli_report_kept(settings, metrics, result);
    }
    fputc('\n', stderr);
    return code;
}

/* Writes what follows the last batch, and decides the exit code. */
static int conclude(run *state, cbx_status status, const cbx_learn_result *result) {
    const cbx_learn_settings *settings = &state->options->settings;
    cbx_fault ended = {CBX_OK, ""};
    cbx_fault_take(&ended, status);

    cli_progress_clear(&state->progress);
    cli_metrics_close(&state->metrics);
    note_metrics(state);
    const char *metrics = state->metrics.kept ? state->metrics.path : NULL;
    if (shows_events(state) && result->batches > 0) {
        note_event(state, cli_event_result(settings, metrics, result));
    }
    const int complete = result->epochs == settings->epochs;
    if (shows_tables(state) && complete) {
        cli_report_result(&state->terminal, settings, metrics, result);
    }
    if (!status && !state->first.status) {
        return CLI_DONE;
    }
    status = cbx_fault_raise(&ended);
    return tell_end(state, status, result);
}

int cli_learn(int argc, char **argv) {
    cli_learn_options options;
    run state = {0};
    cbx_learn_result result;
    const cbx_learn_observer observer = {.started = started,
                                         .progressed = progressed,
                                         .evaluating = evaluating,
                                         .finished_epoch = finished_epoch,
                                         .finishing = finishing,
                                         .lost = lost,
                                         .user = &state};
    const cbx_learn_control control = {.should_stop = should_stop, .user = NULL};

    int code = cli_learn_parse(argc, argv, &options);
    if (code != CLI_PARSED) {
        return code;
    }
    cbx_status status = cbx_learn_check(&options.settings);
    if (!status) {
        status = cli_metrics_prepare(&state.metrics, options.metrics, options.settings.no_clobber);
    }
    if (status) {
        return cli_fail_status(status);
    }
    state.options = &options;
    cli_terminal_look(&state.terminal, stderr);
    if (options.style == CLI_STYLE_AUTO) {
        options.style = state.terminal.is_terminal ? CLI_STYLE_BAR : CLI_STYLE_PLAIN;
    }
    cli_stop_listen(options.style == CLI_STYLE_BAR
                        ? "\n  stopping in good order; Ctrl-C again stops at once\n"
                        : "  stopping in good order; Ctrl-C again stops at once\n");
    cli_progress_prepare(&state.progress, &state.terminal, options.style == CLI_STYLE_BAR);
    memset(&result, 0, sizeof result);
    cli_guard_begin();
    status = cbx_learn(&options.settings, &observer, 1, &control, &result);
    cli_guard_end();
    return conclude(&state, status, &result);
}
