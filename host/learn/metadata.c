/* SPDX-License-Identifier: MIT */
#include "learn/metadata.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "learn/rates.h"

static void add(cbx_metadata *to, const char *key, const char *value) {
    to->settings[to->count++] = (cbx_setting){key, value};
}

CBX_PRINTF(3, 4)
static void add_number(cbx_metadata *to, const char *key, const char *format, ...) {
    va_list arguments;
    char *text = to->numbers[to->count];
    va_start(arguments, format);
    vsnprintf(text, sizeof to->numbers[0], format, arguments);
    va_end(arguments);
    add(to, key, text);
}

static void add_rates(const cbx_job *job, cbx_metadata *to) {
    const cbx_learn_settings *settings = job->settings;
    if (settings->learning_rate > 0.0) {
        add_number(to, "learning_rate", "%.9g", settings->learning_rate);
    } else {
        add(to, "learning_rate", "default");
    }
    add_number(to, "first_learning_rate_hidden", "%.9g", job->plan.first_learning_rate_hidden);
    add_number(to, "first_learning_rate_output", "%.9g", job->plan.first_learning_rate_output);
    add(to, "learning_rate_course", cbx_rates_fall(settings) ? "linear to zero" : "constant");
}

static void add_device(const cbx_learn_plan *plan, cbx_metadata *to) {
    add(to, "device", plan->device->name);
    add(to, "driver", plan->device->driver);
    add(to, "arithmetic", cbx_arithmetic_name(plan->arithmetic));
    add(to, "fused_multiply_add", plan->fuses ? "yes" : "no");
    add_number(to, "compute_units", "%u", plan->device->compute_units);
}

void cbx_job_metadata(const cbx_job *job, cbx_metadata *out) {
    const cbx_learn_settings *settings = job->settings;
    out->count = 0;
    add(out, "format", "clearbox");
    add(out, "version", CBX_VERSION);
    add_number(out, "hidden", "%u", settings->hidden);
    add_number(out, "epochs", "%u", job->result->epochs);
    add_number(out, "batch", "%u", settings->batch);
    add_number(out, "batches", "%" PRIu64, job->result->batches);
    add_number(out, "planned_batches", "%" PRIu64, job->plan.batches);
    add(out, "recipe", cbx_recipe_name(settings->recipe));
    add_rates(job, out);
    add_number(out, "pixel_mean", "%.17g", cbx_dataset_mean(job->dataset));
    add_number(out, "pixel_deviation", "%.17g", cbx_dataset_deviation(job->dataset));
    add(out, "data_sha256", job->data_sha256);
    add(out, "schedule", cbx_schedule_name(job->plan.schedule));
    add_number(out, "seed", "%" PRIu64, settings->seed);
    add(out, "shuffle", settings->no_shuffle ? "no" : "yes");
    add(out, "init", settings->init ? settings->init : "random");
    add_device(&job->plan, out);
    add(out, "weights_sha256", job->result->weights_sha256);
    if (job->result->film_sha256[0]) {
        add(out, "film_sha256", job->result->film_sha256);
    }
}
