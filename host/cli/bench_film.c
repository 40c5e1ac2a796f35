/* SPDX-License-Identifier: MIT */
/* What clearbox bench measures of films. */
#include <string.h>

#include "cli/bench_report.h"
#include "cli/stop.h"

/* A film is cut short after so many seconds, and so many times --seconds. */
enum { FILM_SECONDS = 10, FILM_PATIENCE = 5 };

cbx_status cli_bench_measure_film(const cli_bench_report *report, cli_bench_row *row) {
    const cli_bench_options *options = report->options;
    cbx_learn_settings job;
    double patience = FILM_PATIENCE * options->settings.seconds;
    patience = patience < FILM_SECONDS ? FILM_SECONDS : patience;
    cbx_learn_defaults(&job);
    job.data = options->data;
    job.device = report->devices[row->device].spec;
    job.family = report->devices[row->device].family;
    job.hidden = row->hidden;
    job.epochs = 1;
    job.batch = options->settings.batch;
    job.recipe = options->settings.recipe;
    job.schedule = row->schedule;
    job.arithmetic = options->arithmetic;
    job.encoder = options->encoder;
    return cbx_bench_measure_film(&job, patience, &options->settings.stop, &row->film);
}

void cli_bench_measure_encoding(const cli_bench_report *report, cli_bench_row *row) {
    cbx_bench_settings settings = report->options->settings;
    settings.hidden = row->hidden;
    settings.schedule = row->schedule;
    fprintf(stderr, "H = %u on %s, encoders\n", row->hidden, cli_bench_device_name(report, row));
    const cbx_status status = cbx_bench_measure_encoding(report->devices[row->device].bench,
                                                         &settings, &row->film, &row->encoding);
    if (status) {
        memset(&row->encoding, 0, sizeof row->encoding);
        snprintf(row->encoding.reason, sizeof row->encoding.reason, "%s", cbx_last_error());
    }
    row->has_encoding = !(status && cli_stop_requested());
}
