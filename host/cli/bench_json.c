/* SPDX-License-Identifier: MIT */
/* Everything that was measured, as JSON. */
#include "cli/bench_report.h"

#include "base/names.h"
#include "cli/report.h"

#define NUMBER(value) cli_json_number(value)
#define TEXT(value) cli_json_string(value)

/* What is 0 when it is not known. */
static json_t *known(double value) {
    return value > 0.0 ? NUMBER(value) : json_null();
}

static json_t *spread(const cbx_spread *of) {
    if (!(of->median > 0.0)) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o}", "median", NUMBER(of->median), "min", NUMBER(of->least),
                     "max", NUMBER(of->most));
}

static json_t *names(const cli_list *list, const char *const *choices) {
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        json_array_append_new(array, choices ? TEXT(choices[list->values[i]])
                                             : json_integer(list->values[i]));
    }
    return array;
}

static json_t *settings_object(const cli_bench_options *options) {
    return json_pack(
        "{s:o, s:o, s:I, s:o, s:o, s:I, s:o, s:b, s:b}", "hidden", names(&options->hidden, NULL),
        "schedules", names(&options->schedules, cbx_schedule_names), "batch",
        (json_int_t)options->settings.batch, "recipe",
        TEXT(cbx_recipe_name(options->settings.recipe)), "family",
        TEXT(cbx_family_name(options->family)), "repetitions",
        (json_int_t)options->settings.repetitions, "seconds", NUMBER(options->settings.seconds),
        "film", options->film, "tune", options->tune);
}

json_t *cli_bench_json_host(const cli_bench_report *report) {
    char warning[CLI_BENCH_WARNING];
    const int busy = cli_bench_warn_load(warning, report);
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o}", "type", "host", "clearbox",
        CBX_VERSION, "date", TEXT(report->date), "system", TEXT(report->system), "processor",
        TEXT(report->processor), "processors", (json_int_t)report->processors, "load_average",
        report->load < 0.0 ? json_null() : NUMBER(report->load), "warning",
        TEXT(busy ? warning : NULL), "openblas", TEXT(report->blas[0] ? report->blas : NULL),
        "openblas_threads", (json_int_t)report->blas_threads, "settings",
        settings_object(report->options));
}

json_t *cli_bench_json_device(const cli_bench_device *device) {
    const cbx_bench_limits *limits = &device->limits;
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o,"
        " s:b, s:o, s:o, s:o, s:o, s:I, s:o, s:o}",
        "type", "device", "device", TEXT(device->spec), "kind",
        TEXT(cli_kind_name(device->info.kind)), "name", TEXT(device->info.name), "platform",
        TEXT(device->info.platform), "vendor", TEXT(device->info.vendor), "opencl",
        TEXT(device->info.version), "driver", TEXT(device->info.driver), "compute_units",
        (json_int_t)device->info.compute_units, "clock_mhz", (json_int_t)device->info.clock_mhz,
        "global_memory_bytes", (json_int_t)device->info.global_memory_bytes, "family",
        TEXT(cbx_family_name(device->family)), "fuses", device->fuses, "peak_flop_per_second",
        spread(&limits->peak), "copy_bytes_per_second", spread(&limits->copy),
        "read_bytes_per_second", spread(&limits->read), "bandwidth_bytes_per_second",
        known(limits->bandwidth), "bandwidth_buffer_bytes", (json_int_t)limits->buffer_bytes,
        "launch_seconds", known(limits->launch_seconds), "round_trip_seconds",
        known(limits->round_trip_seconds));
}

static json_t *training_object(const cbx_bench_training *training) {
    return json_pack("{s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
                     " s:I, s:o, s:o, s:o, s:o}",
                     "images_per_repetition", (json_int_t)training->images, "whole_epochs",
                     training->whole_epochs, "epoch_seconds", spread(&training->epoch_seconds),
                     "epochs_per_second", known(training->epochs_per_second), "images_per_second",
                     known(training->images_per_second), "batch_flop", NUMBER(training->batch_flop),
                     "flop_per_second", spread(&training->flops), "peak_flop_per_second",
                     spread(&training->peak), "share_of_peak", known(training->share_of_peak),
                     "best_share_of_peak", known(training->best_share_of_peak), "batch_bytes",
                     NUMBER(training->batch_bytes), "share_of_bandwidth",
                     known(training->share_of_bandwidth), "flop_per_processor_second",
                     known(training->flop_per_processor_second), "evaluated_images",
                     (json_int_t)training->evaluated_images, "evaluate_seconds",
                     spread(&training->evaluate_seconds), "evaluate_flop_per_second",
                     known(training->evaluate_flops), "evaluate_share_of_peak",
                     known(training->evaluate_share_of_peak), "draw_frames_per_second",
                     spread(&training->frames_per_second));
}

static json_t *film_object(const cbx_bench_film *film) {
    const cbx_learn_times *times = &film->job.times;
    return json_pack("{s:I, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
                     " s:o, s:o}",
                     "batches", (json_int_t)film->job.batches, "frames",
                     (json_int_t)film->job.film.frames, "frames_per_second",
                     NUMBER(film->frames_per_second), "bytes", (json_int_t)film->job.film.bytes,
                     "encoder", TEXT(film->job.film.encoder), "total_seconds", NUMBER(times->total),
                     "load_seconds", NUMBER(times->load), "start_seconds", NUMBER(times->start),
                     "first_batch_seconds", NUMBER(times->first_batch), "train_seconds",
                     NUMBER(times->train), "evaluate_seconds", NUMBER(times->evaluate),
                     "draw_seconds", NUMBER(times->draw), "read_back_seconds",
                     NUMBER(times->read_back), "encode_processor_seconds", NUMBER(times->encode),
                     "waited_seconds", NUMBER(times->waited), "finish_seconds",
                     NUMBER(times->finish), "processor_seconds", NUMBER(film->processor_seconds));
}

json_t *cli_bench_json_row(const cli_bench_report *report, const cli_bench_row *row) {
    char warning[CLI_BENCH_WARNING];
    const int noisy = cli_bench_warn_scatter(warning, cli_bench_scatter(row));
    json_t *object = json_pack("{s:s, s:o, s:s, s:I, s:o, s:o}", "type", "row", "device",
                               TEXT(cli_bench_device_name(report, row)), "schedule",
                               cli_bench_schedule_name(row), "hidden", (json_int_t)row->hidden,
                               "reason", TEXT(row->reason[0] ? row->reason : NULL), "warning",
                               TEXT(noisy ? warning : NULL));
    if (!object || row->reason[0]) {
        return object;
    }
    json_t *training = training_object(&row->training);
    if (json_object_update(object, training) != 0 ||
        json_object_set_new(object, "speed_up", known(row->speed_up)) != 0 ||
        (row->has_film && json_object_set_new(object, "film_job", film_object(&row->film)) != 0)) {
        json_decref(object);
        object = NULL;
    }
    json_decref(training);
    return object;
}

json_t *cli_bench_json(const cli_bench_report *report) {
    json_t *object = cli_bench_json_host(report);
    json_t *devices = json_array(), *rows = json_array();
    int failed = !object || !devices || !rows;
    for (size_t i = 0; i < report->device_count && !failed; i++) {
        failed = json_array_append_new(devices, cli_bench_json_device(&report->devices[i])) != 0;
    }
    for (size_t i = 0; i < report->row_count && !failed; i++) {
        failed = json_array_append_new(rows, cli_bench_json_row(report, &report->rows[i])) != 0;
    }
    if (!failed) {
        failed = json_object_del(object, "type") != 0 ||
                 json_object_set(object, "devices", devices) != 0 ||
                 json_object_set(object, "rows", rows) != 0 ||
                 json_object_set_new(object, "used_seconds", NUMBER(report->used_seconds)) != 0;
    }
    json_decref(devices);
    json_decref(rows);
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}
