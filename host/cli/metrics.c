/* SPDX-License-Identifier: MIT */
#include "cli/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/report.h"
#include "cli/stop.h"
#include "cli/terminal.h"

static json_t *epoch_object(const cbx_epoch_report *report, uint32_t training_images) {
    double rate = report->seconds > 0 ? training_images / report->seconds : NAN;
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)report->epoch,
                     "train_loss", cli_json_number(report->train_loss), "validation_loss",
                     cli_json_number(report->validation_loss), "validation_accuracy",
                     cli_json_number(report->validation_accuracy), "seconds",
                     cli_json_number(report->seconds), "evaluate_seconds",
                     cli_json_number(report->evaluate_seconds), "images_per_second",
                     cli_json_number(rate));
}

/* ---- the file ---- */

cbx_status cli_metrics_prepare(cli_metrics *metrics, const char *path, int no_clobber) {
    memset(metrics, 0, sizeof *metrics);
    metrics->path = path;
    metrics->no_clobber = no_clobber;
    return path ? cbx_output_probe(path, no_clobber) : CBX_OK;
}

static int no_more_waiting(void *user) {
    (void)user;
    return cli_stop_requested();
}

static cbx_status write_epoch(cli_metrics *metrics, const cbx_epoch_report *report,
                              uint32_t training_images) {
    if (!metrics->begun) {
        cbx_status status = cbx_output_open_unless(&metrics->output, metrics->path,
                                                   metrics->no_clobber, no_more_waiting, NULL);
        if (status) {
            return status;
        }
        metrics->begun = 1;
    }
    char *line = cli_json_text(epoch_object(report, training_images));
    if (!line) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a line of %s", metrics->path);
    }
    cbx_output_write(&metrics->output, line, strlen(line));
    free(line);
    return cbx_output_flush(&metrics->output);
}

void cli_metrics_epoch(cli_metrics *metrics, const cbx_epoch_report *report,
                       uint32_t training_images) {
    if (metrics->path && !metrics->fault.status) {
        cbx_fault_take(&metrics->fault, write_epoch(metrics, report, training_images));
    }
}

void cli_metrics_close(cli_metrics *metrics) {
    if (metrics->begun && !metrics->fault.status) {
        cbx_fault_take(&metrics->fault, cbx_output_commit(&metrics->output));
        metrics->kept = !metrics->fault.status;
    }
    cbx_output_discard(&metrics->output);
}

/* ---- standard output ---- */

static json_t *device_object(const cbx_learn_plan *plan) {
    const cbx_device_info *device = plan->device;
    char spec[32];
    snprintf(spec, sizeof spec, "%u:%u", device->platform_index, device->device_index);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "spec", cli_json_string(spec), "kind",
                     cli_json_string(cli_kind_name(device->kind)), "name",
                     cli_json_string(device->name), "platform", cli_json_string(device->platform),
                     "driver", cli_json_string(device->driver), "fuses", plan->fuses);
}

static json_t *passed_over_array(const cbx_learn_plan *plan) {
    json_t *array = json_array();
    for (size_t i = 0; i < plan->passed_over_count; i++) {
        const cbx_passed_over *one = &plan->passed_over[i];
        char spec[32];
        snprintf(spec, sizeof spec, "%u:%u", one->device.platform_index, one->device.device_index);
        json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "spec", cli_json_string(spec),
                                               "name", cli_json_string(one->device.name), "reason",
                                               cli_json_string(one->sentence)));
    }
    return array;
}

static json_t *film_plan_object(const cbx_learn_settings *settings, const cbx_learn_plan *plan) {
    if (!settings->film) {
        return json_null();
    }
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:b}", "path", cli_json_string(settings->film),
                     "width", (json_int_t)plan->grid.width, "height", (json_int_t)plan->grid.height,
                     "frames", (json_int_t)plan->frames, "fps", (json_int_t)settings->fps,
                     "encoder", cli_json_string(plan->encoder), "fallback",
                     plan->encoder_is_fallback);
}

/* JSON numbers hold 53 bits everywhere, a seed has 64. */
static json_t *seed_string(uint64_t seed) {
    char text[CLI_NUMBER];
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return cli_json_string(text);
}

int cli_event_start(const cbx_learn_settings *settings, const cbx_learn_plan *plan) {
    json_t *event = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:I, s:o, s:I, s:I, "
        "s:I, s:I,"
        " s:o}",
        "type", "start", "version", CBX_VERSION, "device", device_object(plan), "passed_over",
        passed_over_array(plan), "family", cbx_family_name(plan->family), "hidden",
        (json_int_t)settings->hidden, "epochs", (json_int_t)settings->epochs, "batch",
        (json_int_t)settings->batch, "recipe", cbx_recipe_name(settings->recipe), "schedule",
        cbx_schedule_name(settings->schedule), "learning_rate_hidden",
        cli_json_number(plan->first_learning_rate_hidden), "learning_rate_output",
        cli_json_number(plan->first_learning_rate_output), "seed", seed_string(settings->seed),
        "parameters", (json_int_t)plan->parameters, "data", cli_json_string(settings->data),
        "training_images", (json_int_t)plan->training_images, "validation_images",
        (json_int_t)plan->validation_images, "test_images", (json_int_t)plan->test_images,
        "batches", (json_int_t)plan->batches, "film", film_plan_object(settings, plan));
    return cli_json_line(stdout, event);
}

int cli_event_progress(uint64_t batches_done, uint64_t batches) {
    return cli_json_line(stdout,
                         json_pack("{s:s, s:I, s:I}", "type", "progress", "batches_done",
                                   (json_int_t)batches_done, "batches", (json_int_t)batches));
}

int cli_event_epoch(const cbx_epoch_report *report, uint32_t training_images) {
    json_t *fields = epoch_object(report, training_images);
    json_t *event = json_pack("{s:s}", "type", "epoch");
    if (event && fields) {
        json_object_update(event, fields);
    }
    json_decref(fields);
    return cli_json_line(stdout, event);
}

int cli_event_lost(const char *path, const char *reason) {
    return cli_json_line(stdout,
                         json_pack("{s:s, s:o, s:o}", "type", "lost", "path", cli_json_string(path),
                                   "reason", cli_json_string(reason)));
}

static json_t *film_object(const cbx_learn_settings *settings, const cbx_learn_result *result) {
    const cbx_film_result *film = &result->film;
    if (!result->kept[CBX_LEARN_FILM]) {
        return json_null();
    }
    return json_pack("{s:o, s:I, s:I, s:o, s:o}", "path", cli_json_string(settings->film), "frames",
                     (json_int_t)film->frames, "bytes", (json_int_t)film->bytes, "seconds",
                     cli_json_number((double)film->frames / settings->fps), "encoder",
                     cli_json_string(film->encoder));
}

static json_t *times_object(const cbx_learn_times *times) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "load",
                     cli_json_number(times->load), "start", cli_json_number(times->start),
                     "first_batch", cli_json_number(times->first_batch), "train",
                     cli_json_number(times->train), "evaluate", cli_json_number(times->evaluate),
                     "draw", cli_json_number(times->draw), "read_back",
                     cli_json_number(times->read_back), "encode", cli_json_number(times->encode),
                     "waited", cli_json_number(times->waited), "finish",
                     cli_json_number(times->finish), "total", cli_json_number(times->total));
}

static json_t *kept_array(const cbx_learn_settings *settings, const char *metrics,
                          const cbx_learn_result *result) {
    const char *const paths[] = {[CBX_LEARN_FILM] = settings->film,
                                 [CBX_LEARN_WEIGHTS] = settings->save,
                                 [CBX_LEARN_PICTURE] = settings->picture};
    json_t *array = json_array();
    for (int i = 0; i < CBX_LEARN_OUTPUTS; i++) {
        if (result->kept[i]) {
            json_array_append_new(array, cli_json_string(paths[i]));
        }
    }
    if (metrics) {
        json_array_append_new(array, cli_json_string(metrics));
    }
    return array;
}

int cli_event_result(const cbx_learn_settings *settings, const char *metrics,
                     const cbx_learn_result *result) {
    return cli_json_line(
        stdout,
        json_pack("{s:s, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "type", "result", "interrupted",
                  result->interrupted, "epochs", (json_int_t)result->epochs, "batches",
                  (json_int_t)result->batches, "test_loss", cli_json_number(result->test_loss),
                  "test_accuracy", cli_json_number(result->test_accuracy), "film",
                  film_object(settings, result), "kept", kept_array(settings, metrics, result),
                  "times", times_object(&result->times)));
}
