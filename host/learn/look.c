/* SPDX-License-Identifier: MIT */
/* A page of a network that comes from a file: a job that does not train. */
#include "clearbox/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "learn/page.h"
#include "network/weights_file.h"
#include "page/network.h"

/* A number of the file's metadata; 0: there is none. */
static double number_of(const cbx_safetensors *file, const char *key) {
    const char *text = cbx_safetensors_string(file, key);
    return text ? strtod(text, NULL) : 0.0;
}

/* The network, what its pixels are normalised by, and all strings of the file. */
static cbx_status load_model(cbx_job *job, const char *path, json_t **made) {
    cbx_safetensors file;
    cbx_status status = cbx_safetensors_open(&file, path, "weights", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = cbx_network_read(&job->network, &file);
    }
    if (!status) {
        json_t *strings = json_object_get(file.header, CBX_SAFETENSORS_METADATA);
        *made = strings ? json_incref(strings) : json_object();
        job->mean = number_of(&file, "pixel_mean");
        job->deviation = number_of(&file, "pixel_deviation");
    }
    cbx_safetensors_close(&file);
    return status;
}

static cbx_status write_page(cbx_job *job, json_t *made, cbx_evaluation *test) {
    cbx_output output;
    cbx_status status = cbx_job_open_output(job, job->settings->report, &output);
    if (status) {
        json_decref(made);
        return status;
    }
    status = cbx_job_write_look(job, &output, made, test);
    if (!status) {
        status = cbx_output_commit(&output);
    }
    cbx_output_discard(&output);
    return status;
}

static void fill_result(const cbx_job *job, const cbx_evaluation *test, cbx_look_result *result) {
    result->hidden = job->settings->hidden;
    result->test_loss = test->loss;
    result->test_accuracy = (double)test->correct / (double)test->images;
    result->is_normalised = job->deviation > 0.0;
    snprintf(result->device, sizeof result->device, "%s", job->plan.device->name);
}

/* What a job needs to know; `init` is the model, so that no output may be that file. */
static cbx_learn_settings settings_of(const cbx_look_settings *look) {
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    settings.data = look->data;
    settings.device = look->device;
    settings.family = look->family;
    settings.init = look->model;
    settings.film = NULL;
    settings.report = look->report;
    settings.command = look->command;
    settings.no_clobber = look->no_clobber;
    return settings;
}

cbx_status cbx_look(const cbx_look_settings *look, cbx_look_result *result) {
    cbx_learn_settings settings = settings_of(look);
    cbx_learn_result ignored = {0};
    cbx_evaluation test;
    cbx_job job = {.settings = &settings, .result = &ignored, .began = cbx_clock_seconds()};
    json_t *made = NULL;
    if (!look->model || !look->data || !look->report) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a look needs a model, data and a page to write");
    }
    cbx_status status = cbx_family_check_value(look->family);
    if (!status) {
        status = load_model(&job, look->model, &made);
    }
    if (!status) {
        settings.hidden = job.network->hidden;
        status = cbx_page_check(settings.hidden);
    }
    if (!status) {
        status = cbx_job_prepare_look(&job);
    }
    if (!status) {
        status = write_page(&job, made, &test);
    } else {
        json_decref(made);
    }
    if (!status && result) {
        fill_result(&job, &test, result);
    }
    cbx_job_clear(&job);
    return status;
}
