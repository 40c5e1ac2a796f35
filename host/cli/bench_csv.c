/* SPDX-License-Identifier: MIT */
/* What was measured, as CSV. */
#include <string.h>

#include "cli/bench_columns.h"
#include "cli/bench_report.h"

/* A field in quotes where it needs them, after RFC 4180. */
static void put_text(FILE *out, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

/* Empty for what is not known. */
static void put_name(FILE *out, const char *name) {
    put_text(out, name ? name : "");
    fputc(',', out);
}

static void put_number(FILE *out, double number) {
    if (number > 0.0) {
        fprintf(out, "%.10g", number);
    }
    fputc(',', out);
}

static void put_heads(FILE *out, const cli_bench_column *columns) {
    for (; columns->key; columns++) {
        if (columns->csv) {
            fprintf(out, "%s%s,", columns->csv, columns->key);
        }
        if (columns->kind == CLI_IS_RANGE) {
            fprintf(out, "%s_min,%s_max,", columns->key, columns->key);
        }
    }
}

static void put_values(FILE *out, const cli_bench_column *columns, const void *record) {
    for (; columns->key; columns++) {
        if (columns->csv && columns->kind == CLI_IS_TEXT) {
            put_name(out, *(const char *const *)(const void *)((const char *)record + columns->at));
        } else if (columns->csv) {
            put_number(out, cli_bench_value(columns, record));
        }
        if (columns->kind == CLI_IS_RANGE) {
            const cbx_spread *spread = (const void *)((const char *)record + columns->at);
            put_number(out, spread->least);
            put_number(out, spread->most);
        }
    }
}

/* What an encoder's columns begin with. */
static const char *const encoders[CBX_BENCH_ENCODERS] = {"device", "ultrafast", "superfast",
                                                         "medium", "film"};

static void put_encoder_heads(FILE *out) {
    for (int i = 0; i < CBX_BENCH_ENCODERS; i++) {
        for (const cli_bench_column *column = cli_bench_encoder_columns; column->key; column++) {
            if (column->csv) {
                fprintf(out, "encode_%s_%s,", encoders[i], column->key);
            }
        }
    }
}

static void put_row(FILE *out, const cli_bench_report *report, const cli_bench_row *row) {
    static const cli_bench_device none;
    const cbx_bench_settings *settings = &report->options->settings;
    const int baseline = row->device == CLI_BASELINE;
    const cli_bench_device *device = baseline ? &none : &report->devices[row->device];
    const char *const texts[] = {CBX_VERSION,
                                 report->date,
                                 report->system,
                                 report->processor,
                                 cli_bench_device_name(report, row),
                                 baseline ? report->blas : device->info.name,
                                 device->info.version,
                                 device->info.driver,
                                 baseline ? "" : cbx_family_name(device->family),
                                 cli_bench_schedule_name(row),
                                 cbx_recipe_name(settings->recipe)};
    const double numbers[] = {report->processors, settings->batch, settings->repetitions,
                              settings->seconds, row->hidden};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_name(out, texts[i]);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        put_number(out, numbers[i]);
    }
    put_values(out, cli_bench_device_columns, device);
    put_values(out, cli_bench_row_columns, row);
    put_values(out, cli_bench_film_columns(), row);
    for (int i = 0; i < CBX_BENCH_ENCODERS; i++) {
        put_values(out, cli_bench_encoder_columns, &row->encoding.encoders[i]);
    }
    put_text(out, row->reason);
    fputc('\n', out);
}

void cli_bench_csv(FILE *out, const cli_bench_report *report) {
    fputs("clearbox,date,system,processor,device,name,opencl,driver,kernels,schedule,recipe,"
          "processors,batch,repetitions,seconds,hidden,",
          out);
    put_heads(out, cli_bench_device_columns);
    put_heads(out, cli_bench_row_columns);
    put_heads(out, cli_bench_film_columns());
    put_encoder_heads(out);
    fputs("reason\n", out);
    for (size_t i = 0; i < report->row_count; i++) {
        put_row(out, report, &report->rows[i]);
    }
}
