/* SPDX-License-Identifier: MIT */
/* clearbox verify: trains runs whose weights are known, and compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/device_trial.h"
#include "cli/ranks.h"
#include "cli/report.h"
#include "cli/output.h"
#include "cli/stop.h"
#include "cli/verify_report.h"
#include "learn/hashes.h"

typedef struct session {
    const cli_verify_options *options;
    cbx_dataset *dataset;
    cbx_tracer *tracer;     /* NULL: the device was not opened */
    cli_verified *verified; /* those that were trained to their end: (count) */
    size_t count;
} session;

/* ---- before ---- */

/* Other data have other weights, about which the list knows nothing. */
static cbx_status load_data(const char *folder, cbx_dataset **out) {
    char sha256[CBX_DIGEST_TEXT];
    cbx_status status = cbx_dataset_load(out, folder);
    if (!status) {
        status = cbx_hash_training_images(*out, sha256);
    }
    if (!status && strcmp(sha256, cli_named_data_sha256) != 0) {
        status = cbx_fail(CBX_BAD_DATA,
                          "%s holds other training images than the MNIST that comes with clearbox, "
                          "which the list of runs is about",
                          folder);
    }
    return status;
}

/* ---- training ---- */

static cbx_learn_settings settings_of(const cli_named_run *run, const cli_verify_options *options) {
    cbx_learn_settings settings = options->settings;
    settings.hidden = run->hidden;
    settings.batch = run->batch;
    settings.recipe = run->recipe;
    settings.epochs = run->epochs;
    settings.seed = run->seed;
    return settings;
}

/* The failure of one ends it: that of the device, most likely. */
static cbx_status train_all(session *state) {
    const cli_verify_options *options = state->options;
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < options->count && !status; i++) {
        const cli_named_run *run = options->runs[i];
        const cbx_learn_settings settings = settings_of(run, options);
        cli_verified *one = &state->verified[i];
        const double start = cbx_clock_seconds();
        fprintf(stderr, "%s\n", run->name);
        one->run = run;
        status = cbx_tracer_run(state->tracer, &settings, cli_named_run_batches(run), &one->trace);
        one->seconds = cbx_clock_seconds() - start;
        if (!status) {
            one->found = cli_compare(run, &one->trace);
            state->count++;
        }
    }
    return status;
}

static cbx_status open_and_train(session *state) {
    cbx_learn_settings settings = state->options->settings;
    const cbx_learn_control control = {.should_stop = cli_should_stop,
                                       .try_device = cli_try_device,
                                       .ranks = cli_ranks(),
                                       .user = &settings};
    cli_guard_begin();
    cbx_status status =
        cbx_tracer_open(&state->tracer, &state->options->settings, state->dataset, &control);
    if (!status) {
        cli_report_device(cbx_tracer_plan(state->tracer));
        status = train_all(state);
    }
    cli_guard_end();
    return status;
}

/* ---- after ---- */

/* One line about those that differ, with the first of them. */
static int judge(const session *state) {
    const cli_verified *first = NULL;
    const cbx_learn_plan *plan = cbx_tracer_plan(state->tracer);
    char spec[CLI_NUMBER], text[CLI_COMPARISON];
    cli_terminal terminal;
    size_t different = 0;
    for (size_t i = state->count; i-- > 0;) {
        if (!state->verified[i].found.equal) {
            first = &state->verified[i];
            different++;
        }
    }
    if (!first) {
        return CLI_DONE;
    }
    cli_terminal_look(&terminal, stderr);
    const char *device = state->options->settings.device;
    const char *named = plan->owner_count == 0 ? cli_spec(spec, plan->device)
                        : device               ? device
                                               : "of a rank";
    return cli_fail(CLI_SOFTWARE, "device %s computes other weights in %zu of %zu runs: %s %s",
                    named, different, state->count, first->run->name,
                    cli_comparison_text(text, &first->found, terminal.utf8));
}

/* What was trained is told in every case. */
static int conclude(const session *state, cbx_status status) {
    int code = CLI_DONE;
    if (state->count > 0) {
        code = cli_verify_report(state->options, cbx_tracer_plan(state->tracer), state->verified,
                                 state->count);
    }
    if (code != CLI_DONE) {
        return code;
    }
    if (status == CBX_INTERRUPTED) {
        return cli_fail(CLI_INTERRUPTED, "interrupted after %zu of %zu runs", state->count,
                        state->options->count);
    }
    if (status) {
        return cli_fail_status(status);
    }
    return state->options->print ? CLI_DONE : judge(state);
}

int cli_verify(int argc, char **argv) {
    cli_verify_options options;
    session state = {.options = &options};
    cli_output output;
    int code = cli_verify_parse(argc, argv, &options);
    if (code != CLI_PARSED) {
        return code;
    }
    code = cli_trial_check();
    if (code == CLI_PARSED) {
        code = cli_output_begin(&output, options.output, options.no_clobber);
    }
    if (code != CLI_PARSED) {
        return code;
    }
    if (options.list) {
        return cli_output_end(&output, cli_verify_list(&options));
    }
    cli_stop_listen("stopping; Ctrl-C again stops at once\n");
    cbx_status status = load_data(options.settings.data, &state.dataset);
    if (!status) {
        status = cbx_new(&state.verified, options.count);
    }
    if (!status) {
        status = open_and_train(&state);
    }
    code = cli_output_end(&output, conclude(&state, status));
    cbx_tracer_close(state.tracer);
    cbx_dataset_destroy(state.dataset);
    free(state.verified);
    return code;
}
