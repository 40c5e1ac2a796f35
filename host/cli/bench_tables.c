/* What was measured, as Markdown for people and as CSV. */
#include "cli/bench_report.h"

#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/learn_options.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/terminal.h"

/* ---- Markdown ---- */

/* "12.3", or nothing for what is not known; enough digits for any size. */
static void add_number(cli_table *table, double value) {
    if (!(value > 0.0)) {
        cli_table_add(table, "-");
    } else {
        cli_table_add(table, "%.*f",
                      value < 1.0      ? 3
                      : value < 10.0   ? 2
                      : value < 1000.0 ? 1
                                       : 0,
                      value);
    }
}

static void add_share(cli_table *table, double share) {
    if (share > 0.0) {
        cli_table_add(table, "%.0f %%", 100.0 * share);
    } else {
        cli_table_add(table, "-");
    }
}

/* Half of what lies between the extremes, as a share of the median. */
static void add_spread(cli_table *table, const cbx_spread *spread) {
    cli_table_add(table, "%.0f %%", 50.0 * (spread->most - spread->least) / spread->median);
}

static void print_devices(FILE *out, const cli_bench_report *report) {
    static const char *const heads[] = {
        "<device",      "<name",     "<kind",     "<kernels",  "<OpenCL", "<driver",
        "peak GFLOP/s", "copy GB/s", "read GB/s", "launch µs", NULL};
    cli_table table;
    if (report->device_count == 0 || !cli_table_begin(&table, heads, report->device_count)) {
        return;
    }
    for (size_t i = 0; i < report->device_count; i++) {
        const cli_bench_device *device = &report->devices[i];
        cli_table_add(&table, "%s", device->spec);
        cli_table_add(&table, "%s", device->info.name);
        cli_table_add(&table, "%s", cli_kind_name(device->info.kind));
        cli_table_add(&table, "%s", cli_family_names[device->family]);
        /* What PoCL puts behind a colon is its build. */
        cli_table_add(&table, "%.*s", (int)strcspn(device->info.version, ":"),
                      device->info.version);
        cli_table_add(&table, "%s", device->info.driver);
        add_number(&table, 1e-9 * device->limits.peak.median);
        add_number(&table, 1e-9 * device->limits.copy.median);
        add_number(&table, 1e-9 * device->limits.read.median);
        add_number(&table, 1e6 * device->limits.launch_seconds);
    }
    cli_table_end(&table, out);
}

static void print_rows(FILE *out, const cli_bench_report *report) {
    static const char *const heads[] = {
        "H",       "<device", "<schedule",        "epoch s", "±",        "images/s",   "GFLOP/s",
        "of peak", "of GB/s", "evaluate GFLOP/s", "of peak", "frames/s", "× OpenBLAS", NULL};
    cli_table table;
    if (!cli_table_begin(&table, heads, report->row_count)) {
        return;
    }
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        const cbx_bench_training *training = &row->training;
        if (row->reason[0]) {
            continue;
        }
        cli_table_add(&table, "%u", row->hidden);
        cli_table_add(&table, "%s", cli_bench_device_name(report, row));
        cli_table_add(&table, "%s", cli_bench_schedule_name(row));
        cli_table_add(&table, "%.4g%s", training->epoch_seconds.median,
                      training->whole_epochs ? "" : "*");
        add_spread(&table, &training->epoch_seconds);
        add_number(&table, training->images_per_second);
        add_number(&table, 1e-9 * training->flops.median);
        add_share(&table, training->share_of_peak);
        add_share(&table, training->share_of_bandwidth);
        add_number(&table, 1e-9 * training->evaluate_flops);
        add_share(&table, training->evaluate_share_of_peak);
        add_number(&table, training->frames_per_second.median);
        add_number(&table, row->speed_up);
    }
    cli_table_end(&table, out);
}

static void print_films(FILE *out, const cli_bench_report *report) {
    static const char *const heads[] = {"H",       "<device",   "<schedule",  "frames", "frames/s",
                                        "total s", "load",      "start",      "train",  "evaluate",
                                        "draw",    "read back", "encode CPU", "waited", "finish",
                                        "CPU s",   "film",      NULL};
    cli_table table;
    if (!cli_table_begin(&table, heads, report->row_count)) {
        return;
    }
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        const cbx_learn_times *times = &row->film.job.times;
        const double parts[] = {times->total,
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
        char size[CLI_NUMBER];
        if (!row->has_film) {
            continue;
        }
        cli_table_add(&table, "%u", row->hidden);
        cli_table_add(&table, "%s", cli_bench_device_name(report, row));
        cli_table_add(&table, "%s", cli_bench_schedule_name(row));
        cli_table_add(&table, "%llu", (unsigned long long)row->film.job.film.frames);
        add_number(&table, row->film.frames_per_second);
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            cli_table_add(&table, "%.3f", parts[p]);
        }
        cli_table_add(&table, "%s", cli_bytes(size, row->film.job.film.bytes));
    }
    cli_table_end(&table, out);
}

static void print_reasons(FILE *out, const cli_bench_report *report) {
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        if (row->reason[0]) {
            fprintf(out, "\nH = %u on %s, %s, was not measured: %s.\n", row->hidden,
                    cli_bench_device_name(report, row), cli_bench_schedule_name(row), row->reason);
        }
    }
}

void cli_bench_markdown(FILE *out, const cli_bench_report *report) {
    const cbx_bench_settings *settings = &report->options->settings;
    int partial = 0;
    fprintf(out, "clearbox %s · %s · %s · %s, %u processors  \n", CBX_VERSION, report->date,
            report->system, report->processor, report->processors);
    fprintf(out, "recipe %s · batch %u · %u repetitions in about %g s a row",
            cli_recipe_names[settings->recipe], settings->batch, settings->repetitions,
            settings->seconds);
    if (report->blas[0]) {
        fprintf(out, " · %s, %u threads", report->blas, report->blas_threads);
    }
    fputs("\n\n", out);
    print_devices(out, report);
    fputs("\n", out);
    print_rows(out, report);
    for (size_t i = 0; i < report->row_count; i++) {
        partial |= !report->rows[i].reason[0] && !report->rows[i].training.whole_epochs;
    }
    if (partial) {
        fputs("\n\\* scaled from the batches that fit into the time\n", out);
    }
    if (report->options->film) {
        fputs("\nOne epoch of the whole job with its film, seconds:\n\n", out);
        print_films(out, report);
    }
    print_reasons(out, report);
}

/* ---- CSV ---- */

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
                                     baseline ? "" : cli_family_names[device->family],
                                     cli_bench_schedule_name(row),
                                     cli_recipe_names[settings->recipe]};
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
