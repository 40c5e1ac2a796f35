/* SPDX-License-Identifier: MIT */
#include "cli/events.h"

#include "base/clock.h"
#include "cli/json.h"
#include "cli/terminal.h"
#include "cli/times.h"

static const double PROGRESS_SECONDS = 0.1;

/* Without a reader no more events are made. */
static cbx_status put(json_t *event) {
    return cli_json_line(stdout, event) ? CBX_OK : CBX_CANNOT_WRITE;
}

json_t *cli_events_device(const cbx_learn_plan *plan) {
    const cbx_device_info *device = plan->device;
    char spec[CLI_NUMBER];
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "spec",
                     cbx_json_string(cli_spec(spec, device)), "kind",
                     cbx_json_string(cli_kind_name(device->kind)), "name",
                     cbx_json_string(device->name), "platform", cbx_json_string(device->platform),
                     "driver", cbx_json_string(device->driver), "fuses", plan->fuses);
}

static json_t *owners_array(const cbx_learn_plan *plan) {
    json_t *array = json_array();
    for (size_t i = 0; i < plan->owner_count; i++) {
        const cbx_owner *owner = &plan->owners[i];
        char spec[CLI_NUMBER];
        cbx_json_append(&array,
                        json_pack("{s:o, s:o, s:I, s:I, s:o*, s:o*}", "spec",
                                  cbx_json_string(cli_spec(spec, owner->device)), "name",
                                  cbx_json_string(owner->device->name), "first",
                                  (json_int_t)owner->first, "neurons", (json_int_t)owner->count,
                                  "host", owner->host ? cbx_json_string(owner->host) : NULL,
                                  "cores", owner->host ? cbx_json_string(owner->cores) : NULL));
    }
    return array;
}

json_t *cli_events_passed_over(const cbx_learn_plan *plan) {
    json_t *array = json_array();
    for (size_t i = 0; i < plan->passed_over_count; i++) {
        const cbx_passed_over *one = &plan->passed_over[i];
        char spec[CLI_NUMBER];
        cbx_json_append(&array, json_pack("{s:o, s:o, s:o}", "spec",
                                          cbx_json_string(cli_spec(spec, &one->device)), "name",
                                          cbx_json_string(one->device.name), "reason",
                                          cbx_json_string(one->sentence)));
    }
    return array;
}

static json_t *film_plan_object(const cbx_learn_settings *settings, const cbx_learn_plan *plan) {
    if (!settings->film) {
        return json_null();
    }
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:b, s:o, s:o}", "path",
                     cbx_json_string(settings->film), "width", (json_int_t)plan->grid.width,
                     "height", (json_int_t)plan->grid.height, "frames", (json_int_t)plan->frames,
                     "fps", (json_int_t)settings->fps, "encoder", cbx_json_string(plan->encoder),
                     "fallback", plan->encoder_is_fallback, "fallback_reason",
                     cbx_json_string(plan->encoder_why), "level", cbx_json_string(plan->level));
}

/* JSON numbers hold 53 bits everywhere, a seed has 64. */
static json_t *seed_string(uint64_t seed) {
    char text[CLI_NUMBER];
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return cbx_json_string(text);
}

static cbx_status started(void *user, const cbx_learn_plan *plan) {
    cli_events *events = user;
    const cbx_learn_settings *settings = events->settings;
    events->training_images = plan->training_images;
    events->batches = plan->batches;
    json_t *event = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:I, s:o, s:I, s:I, "
        "s:I, s:I, s:s, s:o, s:o, s:f}",
        "type", "start", "version", CBX_VERSION, "device", cli_events_device(plan), "passed_over",
        cli_events_passed_over(plan), "family", cbx_family_name(plan->family), "hidden",
        (json_int_t)settings->hidden, "epochs", (json_int_t)settings->epochs, "batch",
        (json_int_t)settings->batch, "recipe", cbx_recipe_name(settings->recipe), "schedule",
        cbx_schedule_name(plan->schedule), "learning_rate_hidden",
        cbx_json_number(plan->first_learning_rate_hidden), "learning_rate_output",
        cbx_json_number(plan->first_learning_rate_output), "seed", seed_string(settings->seed),
        "parameters", (json_int_t)plan->parameters, "data", cbx_json_string(settings->data),
        "training_images", (json_int_t)plan->training_images, "validation_images",
        (json_int_t)plan->validation_images, "test_images", (json_int_t)plan->test_images,
        "batches", (json_int_t)plan->batches, "arithmetic", cbx_arithmetic_name(plan->arithmetic),
        "film", film_plan_object(settings, plan), "devices", owners_array(plan), "exchange_seconds",
        plan->exchange_seconds);
    return put(event);
}

static cbx_status progressed(void *user, uint64_t batches_done) {
    cli_events *events = user;
    const double now = cbx_clock_seconds();
    if (now - events->told < PROGRESS_SECONDS) {
        return CBX_OK;
    }
    events->told = now;
    return put(json_pack("{s:s, s:I, s:I}", "type", "progress", "batches_done",
                         (json_int_t)batches_done, "batches", (json_int_t)events->batches));
}

static cbx_status finished_epoch(void *user, const cbx_epoch_report *report) {
    const cli_events *events = user;
    json_t *fields = cli_metrics_epoch(report, events->training_images);
    json_t *event = json_pack("{s:s}", "type", "epoch");
    cbx_json_merge(&event, fields);
    return put(event);
}

static cbx_status lost(void *user, cbx_learn_output output, const char *path, cbx_status why) {
    (void)user;
    (void)output;
    (void)why;
    return put(json_pack("{s:s, s:o, s:o}", "type", "lost", "path", cbx_json_string(path), "reason",
                         cbx_json_string(cbx_last_error())));
}

static cbx_status found(void *user, cbx_learn_output output, const char *path) {
    (void)user;
    (void)output;
    return put(json_pack("{s:s, s:o}", "type", "found", "path", cbx_json_string(path)));
}

static json_t *film_object(const cbx_learn_settings *settings, const cbx_learn_result *result) {
    const cbx_film_result *film = &result->film;
    if (!result->kept[CBX_LEARN_FILM]) {
        return json_null();
    }
    return json_pack("{s:o, s:I, s:I, s:o, s:o}", "path", cbx_json_string(settings->film), "frames",
                     (json_int_t)film->frames, "bytes", (json_int_t)film->bytes, "seconds",
                     cbx_json_number(film->seconds), "encoder", cbx_json_string(film->encoder));
}

static json_t *times_object(const cbx_learn_times *times) {
    json_t *object = json_object();
    for (size_t i = 0; i < CLI_TIMES; i++) {
        cbx_json_set(&object, cli_times[i].key,
                     cbx_json_number(cli_time_seconds(&cli_times[i], times)));
    }
    return object;
}

static json_t *kept_array(const cli_events *events, const cbx_learn_result *result) {
    json_t *array = json_array();
    for (unsigned i = 0; i < CBX_LEARN_OUTPUTS; i++) {
        if (result->kept[i]) {
            cbx_json_append(&array, cbx_json_string(cbx_learn_output_path(events->settings, i)));
        }
    }
    if (events->metrics->kept) {
        cbx_json_append(&array, cbx_json_string(events->metrics->kept));
    }
    return array;
}

static cbx_status ended(void *user, const cbx_learn_result *result) {
    const cli_events *events = user;
    if (result->batches == 0) {
        return CBX_OK;
    }
    json_t *event =
        json_pack("{s:s, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "type", "result", "interrupted",
                  result->interrupted, "epochs", (json_int_t)result->epochs, "batches",
                  (json_int_t)result->batches, "test_loss", cbx_json_number(result->test_loss),
                  "test_accuracy", cbx_json_number(result->test_accuracy), "film",
                  film_object(events->settings, result), "kept", kept_array(events, result),
                  "times", times_object(&result->times));
    json_t *hashes = cli_metrics_hashes(result, events->settings->arithmetic);
    cbx_json_merge(&event, hashes);
    return put(event);
}

cbx_learn_observer cli_events_observer(cli_events *events) {
    return (cbx_learn_observer){.started = started,
                                .progressed = progressed,
                                .finished_epoch = finished_epoch,
                                .lost = lost,
                                .found = found,
                                .ended = ended,
                                .user = events};
}
