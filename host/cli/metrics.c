/* SPDX-License-Identifier: MIT */
#include "cli/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/json.h"
#include "cli/stop.h"

/* Of the validation images of each digit, how many are seen right. */
static json_t *digit_accuracy(const cbx_epoch_report *report) {
    json_t *all = json_array();
    for (size_t digit = 0; digit < CBX_CLASSES; digit++) {
        const uint64_t *answers = report->validation_confusion[digit];
        uint64_t images = 0;
        for (size_t answer = 0; answer < CBX_CLASSES; answer++) {
            images += answers[answer];
        }
        cbx_json_append(
            &all, cbx_json_number(images > 0 ? (double)answers[digit] / (double)images : NAN));
    }
    return all;
}

json_t *cli_metrics_epoch(const cbx_epoch_report *report, uint32_t training_images) {
    double rate = report->seconds > 0 ? training_images / report->seconds : NAN;
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)report->epoch,
                     "train_loss", cbx_json_number(report->train_loss), "validation_loss",
                     cbx_json_number(report->validation_loss), "validation_accuracy",
                     cbx_json_number(report->validation_accuracy), "seconds",
                     cbx_json_number(report->seconds), "evaluate_seconds",
                     cbx_json_number(report->evaluate_seconds), "images_per_second",
                     cbx_json_number(rate), "digit_accuracy", digit_accuracy(report));
}

static json_t *hash_string(const char *sha256) {
    return cbx_json_string(sha256[0] ? sha256 : NULL);
}

json_t *cli_metrics_hashes(const cbx_learn_result *result, cbx_arithmetic arithmetic) {
    return json_pack("{s:s, s:o, s:o}", "arithmetic", cbx_arithmetic_name(arithmetic),
                     "weights_sha256", hash_string(result->weights_sha256), "film_sha256",
                     hash_string(result->film_sha256));
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
    metrics->arithmetic = plan->arithmetic;
    return CBX_OK;
}

/* Adds a line to the file, which is gone if that fails; frees `object`. */
static cbx_status write_line(cli_metrics *metrics, json_t *object) {
    char *line = cli_json_text(object);
    cbx_status status = CBX_OK;
    if (line) {
        cbx_output_write(&metrics->output, line, strlen(line));
        status = cbx_output_flush(&metrics->output);
    } else {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for a line of %s", metrics->path);
    }
    free(line);
    if (status) {
        cbx_output_discard(&metrics->output);
    }
    return status;
}

static cbx_status finished_epoch(void *user, const cbx_epoch_report *report) {
    cli_metrics *metrics = user;
    if (!metrics->output.path) {
        cbx_status status = cbx_output_open_unless(&metrics->output, metrics->path,
                                                   metrics->no_clobber, cli_should_stop, NULL);
        if (status) {
            return status;
        }
    }
    return write_line(metrics, cli_metrics_epoch(report, metrics->training_images));
}

/* Gives the file its name, if there was an epoch. */
static cbx_status ended(void *user, const cbx_learn_result *result) {
    cli_metrics *metrics = user;
    cbx_status status = CBX_OK;
    metrics->over = 1;
    if (!metrics->output.path) {
        return CBX_OK;
    }
    if (result->weights_sha256[0]) {
        status = write_line(metrics, cli_metrics_hashes(result, metrics->arithmetic));
    }
    if (!status) {
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
