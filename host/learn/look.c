/* SPDX-License-Identifier: MIT */
/* A page or a picture of a network that comes from a file: a job that does not train. */
#include "clearbox/look.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "learn/page.h"
#include "learn/picture.h"
#include "network/model.h"
#include "network/weights_file.h"
#include "page/network.h"

typedef struct look {
    const cbx_look_settings *settings;
    cbx_job *job;
    cbx_model model; /* its network is the job's, too */
    json_t *made;    /* what the file says of itself */
    cbx_evaluation test;
} look;

/* The network, what its pixels are normalised by, and all strings of the file. */
static cbx_status load_model(look *it) {
    cbx_safetensors file;
    cbx_status status =
        cbx_safetensors_open(&file, it->settings->model, "weights", CBX_WEIGHTS_NEEDED);
    if (!status) {
        status = cbx_model_read(&it->model, &file);
    }
    if (!status) {
        json_t *strings = json_object_get(file.header, CBX_SAFETENSORS_METADATA);
        it->made = strings ? json_incref(strings) : json_object();
        it->job->network = it->model.network;
        it->job->mean = it->model.mean;
        it->job->deviation = it->model.deviation;
    }
    cbx_safetensors_close(&file);
    return status;
}

/* ---- the outputs: written, then committed ---- */

static cbx_status write_page(look *it, cbx_output *to) {
    return cbx_job_write_look(it->job, to, json_incref(it->made), &it->test);
}

/* A network of one of its neurons. */
static cbx_status take_out(cbx_network **out, const cbx_network *from, uint32_t neuron) {
    cbx_status status = cbx_network_create(out, 1);
    for (size_t k = 0; k < CBX_W1_ROWS && !status; k++) {
        (*out)->w1[k] = from->w1[k * from->hidden + neuron];
    }
    return status;
}

static cbx_status draw(look *it, const cbx_trainer *trainer, uint32_t neurons, cbx_output *to) {
    const cbx_drawing *drawing = &it->settings->drawing;
    cbx_painter painter = {.device = NULL};
    cbx_grid grid;
    cbx_status status = cbx_grid_lay_out_as(&grid, neurons, drawing);
    if (status) {
        return status;
    }
    status = cbx_painter_init_as(&painter, it->job->device, &grid, drawing);
    if (!status) {
        status = cbx_write_grid(&painter, cbx_trainer_w1(trainer), &grid, to);
    }
    cbx_painter_clear(&painter);
    return status;
}

static cbx_status draw_only(look *it, uint32_t neuron, cbx_output *to) {
    const cbx_trainer_settings settings = {1, 1, CBX_RECIPE_LESSON, CBX_SCHEDULE_AUTO};
    cbx_trainer *trainer = NULL;
    cbx_network *alone = NULL;
    cbx_status status = take_out(&alone, it->job->network, neuron);
    if (!status) {
        status = cbx_trainer_create(&trainer, it->job->device, it->job->dataset, &settings);
    }
    if (!status) {
        status = cbx_trainer_set_weights(trainer, alone);
    }
    if (!status) {
        status = draw(it, trainer, 1, to);
    }
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(alone);
    return status;
}

static cbx_status write_picture(look *it, cbx_output *to) {
    return it->settings->only ? draw_only(it, it->settings->neuron, to)
                              : draw(it, it->job->trainer, it->job->network->hidden, to);
}

static cbx_status write_output(look *it, const char *path,
                               cbx_status (*write)(look *it, cbx_output *to)) {
    cbx_output output;
    if (!path) {
        return CBX_OK;
    }
    cbx_status status = cbx_job_open_output(it->job, path, &output);
    if (!status) {
        status = write(it, &output);
    }
    if (!status) {
        status = cbx_output_commit(&output);
    }
    cbx_output_discard(&output);
    return status;
}

/* ---- the whole ---- */

static void fill_result(const look *it, cbx_look_result *result) {
    const cbx_job *job = it->job;
    const cbx_evaluation *test = &it->test;
    const int judged = test->images > 0;
    result->hidden = job->network->hidden;
    result->test_loss = judged ? test->loss : NAN;
    result->test_accuracy = judged ? (double)test->correct / (double)test->images : NAN;
    result->is_normalised = !it->model.assumed;
    snprintf(result->device, sizeof result->device, "%s", job->plan.device->name);
}

/* What a job needs to know; `init` is the model, so that no output may be that file. */
static cbx_learn_settings settings_of(const cbx_look_settings *wanted) {
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    settings.data = wanted->data;
    settings.device = wanted->device;
    settings.family = wanted->family;
    settings.init = wanted->model;
    settings.film = NULL;
    settings.report = wanted->report;
    settings.picture = wanted->picture;
    settings.command = wanted->command;
    settings.no_clobber = wanted->no_clobber;
    return settings;
}

static cbx_status check(const cbx_look_settings *wanted) {
    if (!wanted->model || !wanted->data || !(wanted->report || wanted->picture)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a look needs a model, data, and a page or a picture to write");
    }
    return cbx_spec_is_list(wanted->device)
               ? cbx_fail(CBX_BAD_ARGUMENT, "a look takes one device, not %s", wanted->device)
               : cbx_family_check_value(wanted->family);
}

/* Once it is known how many neurons there are. */
static cbx_status check_sizes(const cbx_look_settings *wanted, uint32_t hidden) {
    cbx_grid grid;
    if (wanted->only && wanted->neuron >= hidden) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no neuron %u; %s has %u, counted from 0",
                        wanted->neuron, wanted->model, hidden);
    }
    cbx_status status = wanted->report ? cbx_page_check(hidden) : CBX_OK;
    return status || !wanted->picture
               ? status
               : cbx_grid_lay_out_as(&grid, wanted->only ? 1 : hidden, &wanted->drawing);
}

cbx_status cbx_look(const cbx_look_settings *wanted, cbx_look_result *result) {
    cbx_learn_settings settings = settings_of(wanted);
    cbx_learn_result ignored = {0};
    cbx_job job = {.settings = &settings, .result = &ignored, .began = cbx_clock_seconds()};
    look it = {.settings = wanted, .job = &job};
    cbx_status status = check(wanted);
    if (!status) {
        status = load_model(&it);
    }
    if (!status) {
        settings.hidden = job.network->hidden;
        status = check_sizes(wanted, settings.hidden);
    }
    if (!status) {
        status = cbx_job_prepare_look(&job);
    }
    if (!status) {
        status = write_output(&it, wanted->picture, write_picture);
    }
    if (!status) {
        status = write_output(&it, wanted->report, write_page);
    }
    if (!status && result) {
        fill_result(&it, result);
    }
    json_decref(it.made);
    job.network = NULL;
    cbx_job_clear(&job);
    cbx_model_clear(&it.model);
    return status;
}
