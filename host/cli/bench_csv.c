/* SPDX-License-Identifier: MIT */
/* What was measured, as CSV. */
#include <string.h>

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

static void put_texts(FILE *out, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put_text(out, texts[i]);
        fputc(',', out);
    }
}

/* Empty for what is not known. */
static void put_numbers(FILE *out, const double *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] > 0.0) {
            fprintf(out, "%.10g", numbers[i]);
        }
        fputc(',', out);
    }
}

static void put_training(FILE *out, const cli_bench_row *row) {
    const cbx_bench_training *t = &row->training;
    const double numbers[] = {t->epoch_seconds.median,
                              t->epoch_seconds.least,
                              t->epoch_seconds.most,
                              t->epochs_per_second,
                              t->images_per_second,
                              t->flops.median,
                              t->peak.median,
                              t->share_of_peak,
                              t->best_share_of_peak,
                              t->share_of_bandwidth,
                              t->flop_per_processor_second,
                              t->evaluate_flops,
                              t->evaluate_share_of_peak,
                              t->frames_per_second.median,
                              row->speed_up};
    put_numbers(out, numbers, sizeof numbers / sizeof *numbers);
}

static void put_film(FILE *out, const cli_bench_row *row) {
    const cbx_learn_times *times = &row->film.job.times;
    const double numbers[] = {(double)row->film.job.film.frames,
                              row->film.frames_per_second,
                              (double)row->film.job.film.bytes,
                              times->total,
                              times->load,
                              times->start,
                              times->train,
                              times->evaluate,
                              times->draw,
                              times->read_back,
                              times->encode,
                              times->waited,
                              times->finish,
                              row->film.processor_seconds};
    put_numbers(out, numbers, sizeof numbers / sizeof *numbers);
}

void cli_bench_csv(FILE *out, const cli_bench_report *report) {
    static const cli_bench_device none;
    const cbx_bench_settings *settings = &report->options->settings;
    fputs("clearbox,date,system,processor,device,name,opencl,driver,kernels,schedule,recipe,"
          "processors,batch,repetitions,seconds,"
          "hidden,peak_flop_per_second,copy_bytes_per_second,read_bytes_per_second,launch_seconds,"
          "epoch_seconds,epoch_seconds_min,epoch_seconds_max,epochs_per_second,images_per_second,"
          "flop_per_second,row_peak_flop_per_second,share_of_peak,best_share_of_peak,"
          "share_of_bandwidth,flop_per_processor_second,evaluate_flop_per_second,"
          "evaluate_share_of_peak,draw_frames_per_second,speed_up,"
          "film_frames,film_frames_per_second,film_bytes,film_total_seconds,film_load_seconds,"
          "film_start_seconds,film_train_seconds,film_evaluate_seconds,film_draw_seconds,"
          "film_read_back_seconds,film_encode_processor_seconds,film_waited_seconds,"
          "film_finish_seconds,film_processor_seconds,reason\n",
          out);
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
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
        const double numbers[] = {report->processors,
                                  settings->batch,
                                  settings->repetitions,
                                  settings->seconds,
                                  row->hidden,
                                  device->limits.peak.median,
                                  device->limits.copy.median,
                                  device->limits.read.median,
                                  device->limits.launch_seconds};
        put_texts(out, texts, sizeof texts / sizeof *texts);
        put_numbers(out, numbers, sizeof numbers / sizeof *numbers);
        put_training(out, row);
        put_film(out, row);
        put_text(out, row->reason);
        fputc('\n', out);
    }
}
