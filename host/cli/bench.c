/* SPDX-License-Identifier: MIT */
/* clearbox bench: measures devices side by side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/bench_compare.h"
#include "cli/bench_options.h"
#include "cli/bench_ranks.h"
#include "cli/bench_report.h"
#include "cli/cli.h"
#include "cli/learn_options.h"
#include "cli/stop.h"
#include "cli/terminal.h"

/* What is open while measuring, beside the devices of the report. */
typedef struct session {
    cli_bench_report report;
    cbx_dataset *dataset;
    cbx_blas *blas;
    int streams; /* jsonl on standard output, as it comes */
    int output_lost;
} session;

static void tell_line(session *state, json_t *line) {
    if (state->streams && !state->output_lost) {
        state->output_lost = !cli_json_line(stdout, line);
    } else {
        json_decref(line);
    }
}

/* The end of a line that may hold anything. */
static void tell(const char *sentence) {
    cli_print_printable(stderr, sentence, 0);
    fputc('\n', stderr);
}

static void warn(const char *sentence) {
    if (sentence) {
        fprintf(stderr, "warning: %s\n", sentence);
    }
}

/* ---- opening ---- */

/* Finds and keeps the device's best block sizes. */
static cbx_status tune(const session *state, const char *spec) {
    cbx_bench_tuning tuning;
    fprintf(stderr, "device %s: trying variants of the kernels\n", spec);
    cbx_status status = cbx_bench_tune(spec, state->report.options->family, state->dataset,
                                       &state->report.options->settings.stop, &tuning);
    if (status) {
        return status;
    }
    if (tuning.tried == 0) {
        fprintf(stderr, "device %s: too few images to time variants with\n", spec);
        return CBX_OK;
    }
    fprintf(stderr,
            "device %s: best of %u variants: %s;\n"
            "  %.1f GFLOP/s, %+.0f %% against the usual; kept in %s\n",
            spec, tuning.tried, tuning.best, 1e-9 * tuning.best_flops,
            100.0 * (tuning.best_flops / tuning.usual_flops - 1.0), tuning.path);
    return CBX_OK;
}

static void close_device(cli_bench_device *entry) {
    cbx_bench_close(entry->bench);
    cbx_device_close(entry->device);
    memset(entry, 0, sizeof *entry);
}

/* Measures the limits of an open device. */
static cbx_status measure_limits(const session *state, cli_bench_device *entry) {
    fprintf(stderr, "device %s, %s: checking it and measuring what it can do at best\n",
            entry->spec, entry->info.name);
    cbx_status status = cbx_device_self_test(entry->device);
    if (!status) {
        status = cbx_bench_open(&entry->bench, entry->device, state->dataset);
    }
    return status ? status
                  : cbx_bench_measure_limits(entry->bench, &state->report.options->settings, 0,
                                             &entry->limits);
}

/* Opens and describes the next device of the report; *twice: it is there already. */
static cbx_status open_device(cli_bench_report *report, const char *spec, int *twice) {
    cli_bench_device *entry = &report->devices[report->device_count];
    cbx_status status = cbx_device_open_for(&entry->device, spec, report->options->family,
                                            report->options->arithmetic);
    if (status) {
        return status;
    }
    entry->info = *cbx_device_about(entry->device);
    entry->family = cbx_device_family(entry->device);
    entry->fuses = cbx_device_fuses(entry->device);
    cli_spec(entry->spec, &entry->info);
    for (size_t i = 0; i < report->device_count; i++) {
        *twice |= strcmp(entry->spec, report->devices[i].spec) == 0;
    }
    return CBX_OK;
}

/* Measures the limits of the device that `spec` names, and keeps it open. */
static cbx_status add_device(session *state, const char *spec) {
    cli_bench_report *report = &state->report;
    cli_bench_device *entry = &report->devices[report->device_count];
    int twice = 0;
    cbx_status status = report->options->tune ? tune(state, spec) : CBX_OK;
    if (!status) {
        status = open_device(report, spec, &twice);
    }
    if (!status && !twice) {
        status = measure_limits(state, entry);
    }
    if (status || twice) {
        close_device(entry);
        return status;
    }
    report->device_count++;
    tell_line(state, cli_bench_json_device(entry));
    return CBX_OK;
}

static cbx_status take_room(cli_bench_report *report, size_t devices) {
    const cli_bench_options *options = report->options;
    cbx_status status = cbx_new(&report->devices, devices);
    return status ? status
                  : cbx_new(&report->rows,
                            options->hidden.count * (devices * options->schedules.count + 1));
}

/* Those that are named, or every one that there is; of these one that fails is told, and the
 * others are measured. To be stopped is no fault of the device, also where a compiler inside
 * its driver took the signal for itself. */
static int open_devices(session *state) {
    const cli_texts *named = &state->report.options->devices;
    cbx_device_info *list = NULL;
    size_t count = named->count;
    char spec[CLI_NUMBER];
    cbx_status fault = CBX_OK;
    cbx_status status = count > 0 ? CBX_OK : cbx_device_list(&list, &count);
    if (!status) {
        status = take_room(&state->report, count);
    }
    for (size_t i = 0; i < count && !status && !cli_stop_requested(); i++) {
        status = add_device(state, list ? cli_spec(spec, &list[i]) : named->values[i]);
        if (status && list && !cli_stop_requested()) {
            fprintf(stderr, "device %s, %s, is left out: ", spec, list[i].name);
            tell(cbx_last_error());
            fault = status;
            status = CBX_OK;
        }
    }
    cbx_device_list_free(list);
    if (status && !cli_stop_requested()) {
        return cli_fail_status(status);
    }
    return fault && state->report.device_count == 0
               ? cli_fail(cli_exit_code(fault), "none of the %zu devices can be measured", count)
               : CLI_DONE;
}

static void open_blas(session *state) {
    if (state->report.options->no_baseline) {
        return;
    }
    if (cbx_blas_open(&state->blas) != CBX_OK) {
        tell(cbx_last_error());
        return;
    }
    snprintf(state->report.blas, sizeof state->report.blas, "%s", cbx_blas_about(state->blas));
    state->report.blas_threads = cbx_blas_threads(state->blas);
}

/* ---- measuring ---- */

/* The device that stands for the host's processors, to measure their peak with. */
static cbx_bench *host_bench(const session *state) {
    for (size_t i = 0; i < state->report.device_count; i++) {
        if (state->report.devices[i].info.kind == CBX_KIND_CPU) {
            return state->report.devices[i].bench;
        }
    }
    return NULL;
}

static cbx_status measure_training(session *state, cli_bench_row *row) {
    cbx_bench_settings settings = state->report.options->settings;
    settings.hidden = row->hidden;
    settings.schedule = row->schedule;
    return row->device == CLI_BASELINE
               ? cbx_bench_train_blas(state->blas, host_bench(state), state->dataset, &settings,
                                      &row->training)
               : cbx_bench_train(state->report.devices[row->device].bench, &settings,
                                 &row->training);
}

static void keep_fault(const session *state, cli_bench_row *row, cbx_status status) {
    row->status = status;
    snprintf(row->reason, sizeof row->reason, "%s", cbx_last_error());
    fprintf(stderr, "H = %u on %s was not measured: ", row->hidden,
            cli_bench_device_name(&state->report, row));
    tell(row->reason);
}

/* Measures one row; what goes wrong with it is kept in the row, and the rest goes on. A
 * row that is stopped in the middle was never begun. */
static void measure(session *state, const cli_bench_row *which, const cli_bench_row *baseline) {
    cli_bench_report *report = &state->report;
    cli_bench_row *row = &report->rows[report->row_count++];
    char warning[CLI_BENCH_WARNING];
    *row = *which;
    fprintf(stderr, "H = %u on %s, %s\n", row->hidden, cli_bench_device_name(report, row),
            cli_bench_schedule_name(row));
    cbx_status status = measure_training(state, row);
    if (status && cli_stop_requested()) {
        report->row_count--;
        return;
    }
    if (!status && report->options->film && row->device != CLI_BASELINE) {
        status = cli_bench_measure_film(report, row);
        row->has_film = !status;
        if (row->has_film && row->is_last) {
            cli_bench_measure_encoding(report, row);
        }
        status = cli_stop_requested() ? CBX_OK : status; /* the training is worth keeping */
    }
    if (status) {
        keep_fault(state, row, status);
    } else if (baseline && !baseline->reason[0]) {
        row->speed_up = row->training.flops.median / baseline->training.flops.median;
    }
    warn(cli_bench_warn_scatter(warning, cli_bench_scatter(row)));
    tell_line(state, cli_bench_json_row(report, row));
}

/* What stands for `wished` with this device and dataset. */
static cbx_schedule schedule_of(const session *state, size_t device, uint32_t wished) {
    return cbx_schedule_choose((cbx_schedule)wished, state->report.devices[device].family,
                               state->dataset);
}

/* Whether one before it in the list stands for the same. */
static int is_double(const session *state, size_t device, size_t place) {
    const cli_list *schedules = &state->report.options->schedules;
    const cbx_schedule schedule = schedule_of(state, device, schedules->values[place]);
    int found = 0;
    for (size_t i = 0; i < place; i++) {
        found |= schedule_of(state, device, schedules->values[i]) == schedule;
    }
    return found;
}

static int is_last(const session *state, size_t device, size_t place) {
    size_t next = place + 1;
    while (next < state->report.options->schedules.count && is_double(state, device, next)) {
        next++;
    }
    return next == state->report.options->schedules.count;
}

/* Of one device and H. */
static void measure_schedules(session *state, size_t device, uint32_t hidden,
                              const cli_bench_row *baseline) {
    const cli_list *schedules = &state->report.options->schedules;
    for (size_t i = 0; i < schedules->count && !cli_stop_requested(); i++) {
        const cli_bench_row row = {.device = device,
                                   .hidden = hidden,
                                   .schedule = schedule_of(state, device, schedules->values[i]),
                                   .is_last = is_last(state, device, i)};
        if (!is_double(state, device, i)) {
            measure(state, &row, baseline);
        }
    }
}

static void measure_all(session *state) {
    const cli_bench_options *options = state->report.options;
    for (size_t h = 0; h < options->hidden.count; h++) {
        const uint32_t hidden = options->hidden.values[h];
        const cli_bench_row *baseline = NULL;
        if (state->blas && !cli_stop_requested()) {
            const cli_bench_row row = {
                .device = CLI_BASELINE, .hidden = hidden, .schedule = CBX_SCHEDULE_FUSED};
            baseline = &state->report.rows[state->report.row_count];
            measure(state, &row, NULL);
        }
        for (size_t d = 0; d < state->report.device_count; d++) {
            measure_schedules(state, d, hidden, baseline);
        }
    }
}

/* ---- the end ---- */

/* Writes what was measured; a report without a row would only replace a better one. */
static int conclude(session *state) {
    const cli_bench_report *report = &state->report;
    const cli_bench_row *fault = NULL;
    size_t faults = 0;
    for (size_t i = 0; i < report->row_count; i++) {
        if (report->rows[i].reason[0] && faults++ == 0) {
            fault = &report->rows[i];
        }
    }
    if (faults == report->row_count) {
        return cli_stop_requested()
                   ? cli_fail(CLI_INTERRUPTED, "interrupted before the first row was measured; "
                                               "nothing was written")
                   : cli_fail(fault ? cli_exit_code(fault->status) : CLI_UNAVAILABLE,
                              "nothing could be measured");
    }
    const int code = cli_bench_write(report);
    if (code != CLI_DONE) {
        return code;
    }
    if (state->output_lost) {
        return cli_fail(CLI_CANNOT_WRITE, "cannot write to standard output");
    }
    if (cli_stop_requested()) {
        return cli_fail(CLI_INTERRUPTED, "interrupted; what was measured until then is written");
    }
    return fault ? cli_fail(cli_exit_code(fault->status), "%zu of %zu rows could not be measured",
                            faults, report->row_count)
                 : CLI_DONE;
}

static void end(session *state) {
    for (size_t i = 0; i < state->report.device_count; i++) {
        close_device(&state->report.devices[i]);
    }
    cbx_blas_close(state->blas);
    cbx_dataset_destroy(state->dataset);
    free(state->report.devices);
    free(state->report.rows);
}

int cli_bench(int argc, char **argv) {
    cli_bench_options options;
    session state = {0};
    char warning[CLI_BENCH_WARNING];
    int code = cli_bench_parse(argc, argv, &options);
    if (code != CLI_PARSED) {
        return code;
    }
    if (options.compare) {
        return cli_bench_compare(&options);
    }
    if (options.ranks) {
        return cli_bench_ranks(&options);
    }
    code = cli_bench_probe(&options);
    if (code != CLI_DONE) {
        return code;
    }
    const double begun = cbx_clock_seconds();
    options.settings.stop = (cbx_bench_stop){cli_should_stop, NULL};
    state.report.options = &options;
    state.streams = options.format == CLI_FORMAT_JSONL && !options.output;
    cli_bench_describe_host(&state.report);
    cli_stop_listen("stopping; Ctrl-C again stops at once\n");
    cbx_status status = cbx_dataset_load(&state.dataset, options.data);
    state.report.ink = status ? 0.0 : cbx_dataset_ink_share(state.dataset);
    if (status) {
        return cli_fail_status(status);
    }
    warn(cli_bench_warn_load(warning, &state.report));
    open_blas(&state);
    tell_line(&state, cli_bench_json_host(&state.report));
    cli_guard_begin();
    code = open_devices(&state);
    if (code == CLI_DONE) {
        measure_all(&state);
    }
    cli_guard_end();
    if (code == CLI_DONE) {
        state.report.used_seconds = cbx_clock_seconds() - begun;
        code = conclude(&state);
    }
    end(&state);
    return code;
}
