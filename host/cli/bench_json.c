/* SPDX-License-Identifier: MIT */
/* Everything that was measured, as JSON. */
#include "base/names.h"
#include "cli/bench_columns.h"
#include "cli/bench_report.h"
#include "cli/bench_result.h"
#include "cli/version.h"
#include "film/film.h"

#define NUMBER(value) cbx_json_number(value)
#define TEXT(value) cbx_json_string(value)

static json_t *spread(const cbx_spread *of) {
    return json_pack("{s:o, s:o, s:o}", "median", NUMBER(of->median), "min", NUMBER(of->least),
                     "max", NUMBER(of->most));
}

static json_t *measured(const cli_bench_column *column, const void *record) {
    const void *value = (const char *)record + column->at;
    const double number = cli_bench_value(column, record);
    switch (column->kind) {
    case CLI_IS_FLAG:
        return json_boolean(*(const int *)value);
    case CLI_IS_COUNT:
        return json_integer((json_int_t) * (const uint64_t *)value);
    case CLI_IS_NUMBER:
        return NUMBER(number);
    case CLI_IS_RATE:
        return number > 0.0 ? NUMBER(number) : json_null();
    case CLI_IS_SPREAD:
    case CLI_IS_RANGE:
        return number > 0.0 ? spread(value) : json_null();
    case CLI_IS_TEXT:
        return TEXT(*(const char *const *)value);
    }
    return NULL;
}

/* Adds a member, or frees the object and returns NULL. */
static json_t *with(json_t *object, const char *key, json_t *member) {
    if (json_object_set_new(object, key, member) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* Adds what was measured to `object`, or frees it and returns NULL. */
static json_t *with_columns(json_t *object, const cli_bench_column *columns, const void *record) {
    for (; columns->key; columns++) {
        object = with(object, columns->key, measured(columns, record));
    }
    return object;
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
    return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:b, s:o, s:b}", "hidden",
                     names(&options->hidden, NULL), "schedules",
                     names(&options->schedules, cbx_schedule_names), "batch",
                     (json_int_t)options->settings.batch, "recipe",
                     TEXT(cbx_recipe_name(options->settings.recipe)), "family",
                     TEXT(cbx_family_name(options->family)), "arithmetic",
                     TEXT(cbx_arithmetic_name(options->arithmetic)), "repetitions",
                     (json_int_t)options->settings.repetitions, "seconds",
                     NUMBER(options->settings.seconds), "film", options->film, "encoder",
                     TEXT(options->encoder ? options->encoder : cbx_film_encoder_names[0]), "tune",
                     options->tune);
}

json_t *cli_bench_json_host(const cli_bench_report *report) {
    char warning[CLI_BENCH_WARNING];
    return json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:o}",
                     "type", "host", "format", CLI_BENCH_RESULT_FORMAT, "clearbox", CBX_VERSION,
                     "commit", cli_commit(), "date", TEXT(report->date), "system",
                     TEXT(report->system), "processor", TEXT(report->processor), "processors",
                     (json_int_t)report->processors, "load_average",
                     report->load < 0.0 ? json_null() : NUMBER(report->load), "warning",
                     TEXT(cli_bench_warn_load(warning, report)), "openblas",
                     TEXT(report->blas[0] ? report->blas : NULL), "openblas_threads",
                     (json_int_t)report->blas_threads, "ink", NUMBER(report->ink), "settings",
                     settings_object(report->options));
}

json_t *cli_bench_json_device(const cli_bench_device *device) {
    const cbx_device_info *info = &device->info;
    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:b}", "type", "device",
        "device", TEXT(device->spec), "kind", TEXT(cli_kind_name(info->kind)), "name",
        TEXT(info->name), "platform", TEXT(info->platform), "vendor", TEXT(info->vendor), "opencl",
        TEXT(info->version), "driver", TEXT(info->driver), "compute_units",
        (json_int_t)info->compute_units, "clock_mhz", (json_int_t)info->clock_mhz,
        "global_memory_bytes", (json_int_t)info->global_memory_bytes, "family",
        TEXT(cbx_family_name(device->family)), "fuses", device->fuses);
    return with_columns(object, cli_bench_device_columns, device);
}

/* Those that are there. */
static json_t *encoding_object(const cbx_bench_encoding *encoding) {
    json_t *list = json_array();
    for (int i = 0; i < CBX_BENCH_ENCODERS; i++) {
        const cbx_bench_encoder *each = &encoding->encoders[i];
        if (each->encoder) {
            json_t *object = json_pack("{s:s}", "name", cbx_bench_encoder_names[i]);
            json_array_append_new(list, with_columns(object, cli_bench_encoder_columns, each));
        }
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "width", (json_int_t)encoding->width,
                     "height", (json_int_t)encoding->height, "rows", (json_int_t)encoding->rows,
                     "frames", (json_int_t)encoding->frames, "second_excerpt",
                     (json_int_t)encoding->second, "reason",
                     TEXT(encoding->reason[0] ? encoding->reason : NULL), "encoders", list);
}

json_t *cli_bench_json_row(const cli_bench_report *report, const cli_bench_row *row) {
    char warning[CLI_BENCH_WARNING];
    json_t *object = json_pack("{s:s, s:o, s:s, s:I, s:o, s:o}", "type", "row", "device",
                               TEXT(cli_bench_device_name(report, row)), "schedule",
                               cli_bench_schedule_name(row), "hidden", (json_int_t)row->hidden,
                               "reason", TEXT(row->reason[0] ? row->reason : NULL), "warning",
                               TEXT(cli_bench_warn_scatter(warning, cli_bench_scatter(row))));
    if (!row->reason[0]) {
        object = with_columns(object, cli_bench_row_columns, row);
    }
    if (row->has_film) {
        object =
            with(object, "film_job", with_columns(json_object(), cli_bench_film_columns(), row));
    }
    if (row->has_encoding) {
        object = with(object, "encoding", encoding_object(&row->encoding));
    }
    return object;
}

json_t *cli_bench_json(const cli_bench_report *report) {
    json_t *object = cli_bench_json_host(report);
    json_t *devices = json_array(), *rows = json_array();
    int failed = json_object_del(object, "type");
    for (size_t i = 0; i < report->device_count; i++) {
        failed |= json_array_append_new(devices, cli_bench_json_device(&report->devices[i]));
    }
    for (size_t i = 0; i < report->row_count; i++) {
        failed |= json_array_append_new(rows, cli_bench_json_row(report, &report->rows[i]));
    }
    failed |= json_object_set_new(object, "devices", devices);
    failed |= json_object_set_new(object, "rows", rows);
    failed |= json_object_set_new(object, "used_seconds", NUMBER(report->used_seconds));
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}
