/* SPDX-License-Identifier: MIT */
/* A network applied to images: a trainer that never gets beyond the forward pass. The schedule
 * `stepwise` leaves all that it computes in memory, and with both families in the canon's bits. */
#include "clearbox/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/sampler.h"
#include "network/stepwise.h"

enum { ROWS = 64 }; /* at a time */

typedef struct room {
    float *panels; /* A1 [P][stride][32] */
    float *lanes;  /* Z2 or A2 [stride][16] */
} room;

static cbx_status read_back(cbx_trainer *trainer, cl_mem buffer, size_t floats, float *out) {
    return cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, buffer, CL_TRUE, 0,
                                            floats * sizeof *out, out, 0, NULL, NULL),
                        "reading what the network computed");
}

static cbx_status read_activations(cbx_trainer *trainer, uint32_t rows, float *panels, float *out) {
    const size_t hidden = trainer->settings.hidden, stride = trainer->stride;
    cbx_status status =
        read_back(trainer, trainer->a1, trainer->panels * stride * CBX_PANEL, panels);
    for (size_t row = 0; row < rows && !status; row++) {
        for (size_t j = 0; j < hidden; j++) {
            out[row * hidden + j] =
                panels[(j / CBX_PANEL * stride + row) * CBX_PANEL + j % CBX_PANEL];
        }
    }
    return status;
}

static cbx_status read_outputs(cbx_trainer *trainer, uint32_t rows, float *lanes, float *out) {
    const cbx_stepwise *own = trainer->own;
    cbx_status status = read_back(trainer, own->z2, (size_t)rows * CBX_LANES_OUT, lanes);
    for (size_t row = 0; row < rows && !status; row++) {
        memcpy(out + row * CBX_CLASSES, lanes + row * CBX_LANES_OUT, CBX_CLASSES * sizeof *out);
    }
    return status;
}

/* add_output_bias records what is not finite. */
static cbx_status check(cbx_trainer *trainer) {
    const cbx_status status = cbx_trainer_check(trainer);
    return status == CBX_DIVERGED
               ? cbx_fail(CBX_BAD_DATA,
                          "with these weights the sums are beyond what float32 can hold")
               : status;
}

static cbx_status predict_rows(cbx_trainer *trainer, uint32_t first, uint32_t rows,
                               const room *with, const cbx_prediction *out) {
    const cbx_batch batch = {.first = first, .rows = rows};
    cbx_status status = cbx_stepwise_sums(trainer, &batch);
    if (!status) {
        status = check(trainer);
    }
    if (!status && out->activations) {
        status = read_activations(trainer, rows, with->panels,
                                  out->activations + (size_t)first * trainer->settings.hidden);
    }
    if (!status && out->sums) {
        status = read_outputs(trainer, rows, with->lanes, out->sums + (size_t)first * CBX_CLASSES);
    }
    if (!status && out->outputs) {
        status = cbx_stepwise_outputs(trainer);
        if (!status) {
            status = read_outputs(trainer, rows, with->lanes,
                                  out->outputs + (size_t)first * CBX_CLASSES);
        }
    }
    return status;
}

/* All images, in their order. */
static cbx_status set_order(cbx_trainer *trainer, uint32_t count) {
    uint32_t *order = NULL;
    cbx_status status = cbx_new(&order, count);
    if (!status) {
        cbx_sampler_in_order(order, count);
        status = cbx_trainer_set_order(trainer, order, count);
    }
    free(order);
    return status;
}

static cbx_status predict(cbx_trainer *trainer, uint32_t count, const cbx_prediction *out) {
    room with = {0};
    cbx_status status = set_order(trainer, count);
    if (!status) {
        status = cbx_new(&with.lanes, (size_t)trainer->stride * CBX_LANES_OUT);
    }
    if (!status && out->activations) {
        status = cbx_new(&with.panels, (size_t)trainer->panels * trainer->stride * CBX_PANEL);
    }
    for (uint32_t done = 0, rows; done < count && !status; done += rows) {
        rows = count - done < ROWS ? count - done : ROWS;
        status = predict_rows(trainer, done, rows, &with, out);
    }
    free(with.lanes);
    free(with.panels);
    return status;
}

cbx_status cbx_network_predict(const cbx_network *network, cbx_device *device,
                               const uint8_t *pixels, size_t count, double mean, double deviation,
                               const cbx_prediction *out) {
    const cbx_trainer_settings settings = {.hidden = network->hidden,
                                           .batch = count < ROWS ? (uint32_t)count : ROWS,
                                           .recipe = CBX_RECIPE_NLL,
                                           .schedule = CBX_SCHEDULE_STEPWISE};
    cbx_dataset *images = NULL;
    cbx_trainer *trainer = NULL;
    cbx_status status = count > 0 ? CBX_OK : cbx_fail(CBX_BAD_ARGUMENT, "there are no images");
    if (!status) {
        status = cbx_dataset_of_images(&images, pixels, count, mean, deviation);
    }
    if (!status) {
        status = cbx_trainer_create(&trainer, device, images, &settings);
    }
    if (!status) {
        status = cbx_trainer_set_weights(trainer, network);
    }
    if (!status) {
        status = predict(trainer, (uint32_t)count, out);
    }
    cbx_trainer_destroy(trainer);
    cbx_dataset_destroy(images);
    return status;
}
