/* SPDX-License-Identifier: MIT */
#include "cli/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/json.h"
#include "cli/stop.h"

json_t *cli_metrics_epoch(const cbx_epoch_report *report, uint32_t training_images) {
    double rate = report->seconds > 0 ? training_images / report->seconds : NAN;
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)report->epoch,
                     "train_loss", cli_json_number(report->train_loss), "validation_loss",
                     cli_json_number(report->validation_loss), "validation_accuracy",
                     cli_json_number(report->validation_accuracy), "seconds",
                     cli_json_number(report->seconds), "evaluate_seconds",
                     cli_json_number(report->evaluate_seconds), "images_per_second",
                     cli_json_number(rate));
}

cbx_status cli_metrics_prepare(cli_metrics *metrics, const char *path, int no_clobber) {
    memset(metrics, 0, sizeof *metrics);
    metrics->path = path;
    metrics->no_clobber = no_clobber;
    return path ? cbx_output_probe(path, no_clobber) : CBX_OK;
}

static cbx_status started(void *user, const cbx_learn_plan *plan) {
    cli_metrics *metrics = user;
    metrics->training_images = plan->training_images;
    return CBX_OK;
}

static cbx_status write_epoch(cli_metrics *metrics, const cbx_epoch_report *report) {
    if (!metrics->output.path) {
        cbx_status status = cbx_output_open_unless(&metrics->output, metrics->path,
                                                   metrics->no_clobber, cli_should_stop, NULL);
        if (status) {
            return status;
        }
    }
    char *line = cli_json_text(cli_metrics_epoch(report, metrics->training_images));
    if (!line) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a line of %s", metrics->path);
    }
    cbx_output_write(&metrics->output, line, strlen(line));
    free(line);
    return cbx_output_flush(&metrics->output);
}

static cbx_status finished_epoch(void *user, const cbx_epoch_report *report) {
    cli_metrics *metrics = user;
    cbx_status status = write_epoch(metrics, report);
    if (status) {
        cbx_output_discard(&metrics->output);
    }
    return status;
}

/* Gives the file its name, if there was an epoch. */
static cbx_status ended(void *user, const cbx_learn_result *result) {
    cli_metrics *metrics = user;
    cbx_status status = CBX_OK;
    (void)result;
    metrics->over = 1;
    if (metrics->output.path) {
        status = cbx_output_commit(&metrics->output);
        metrics->kept = status ? NULL : metrics->path;
    }
    return status;
}

cbx_learn_observer cli_metrics_observer(cli_metrics *metrics) {
    return (cbx_learn_observer){.started = started,
                                .finished_epoch = finished_epoch,
                                .ended = ended,
                                .path = metrics->path,
                                .user = metrics};
}
