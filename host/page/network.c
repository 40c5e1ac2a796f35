/* SPDX-License-Identifier: MIT */
#include "page/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "reference/canon_scalar.h"

enum { MOST_LEVEL = 127 };

json_t *cbx_page_normalisation(const cbx_dataset *dataset) {
    const cbx_normal normal = cbx_dataset_normal(dataset);
    return json_pack("{s:f, s:f, s:f, s:f}", "mean", cbx_dataset_mean(dataset), "deviation",
                     cbx_dataset_deviation(dataset), "scale", (double)normal.scale, "shift",
                     (double)normal.shift);
}

json_t *cbx_page_evaluation(uint64_t images, double loss,
                            const uint64_t confusion[CBX_CLASSES][CBX_CLASSES]) {
    uint64_t correct = 0;
    for (size_t label = 0; label < CBX_CLASSES; label++) {
        correct += confusion[label][label];
    }
    return json_pack("{s:I, s:o, s:f, s:o}", "images", (json_int_t)images, "loss",
                     cbx_json_number(loss), "accuracy", (double)correct / (double)images,
                     "confusion", cbx_json_confusion(confusion));
}

cbx_status cbx_page_check(uint32_t hidden) {
    return hidden <= CBX_PAGE_MOST_HIDDEN
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT, "a page holds up to %u hidden neurons, not %u",
                          CBX_PAGE_MOST_HIDDEN, (unsigned)hidden);
}

/* The largest array, its planes and what they are packed to. */
uint64_t cbx_page_memory_bytes(uint32_t hidden, uint64_t images) {
    const uint64_t pixels = images * CBX_IMAGE_PIXELS;
    const uint64_t weights =
        (uint64_t)CBX_W1_ROWS * hidden * (hidden > CBX_PAGE_EXACT_HIDDEN ? 1 : sizeof(float));
    return 3 * (pixels > weights ? pixels : weights);
}

/* ---- weights ---- */

/* The nearest of 255 levels for each weight; a neuron's own step between them. */
static void quantise(const cbx_network *network, float *steps, int8_t *levels) {
    const size_t hidden = network->hidden;
    const float *w = network->w1 + hidden;
    for (size_t j = 0; j < hidden; j++) {
        float most = 0.0f;
        for (size_t k = 0; k < CBX_IMAGE_PIXELS; k++) {
            most = fmaxf(most, fabsf(w[k * hidden + j]));
        }
        steps[j] = most / MOST_LEVEL;
        for (size_t k = 0; k < CBX_IMAGE_PIXELS; k++) {
            levels[k * hidden + j] =
                (int8_t)(most > 0.0f ? lrintf(w[k * hidden + j] / steps[j]) : 0);
        }
    }
}

static cbx_status write_levels(cbx_output *to, const cbx_network *network) {
    const size_t hidden = network->hidden, count = CBX_IMAGE_PIXELS * hidden;
    float *steps = NULL;
    int8_t *levels = NULL;
    cbx_status status = cbx_new(&steps, hidden);
    if (!status) {
        status = cbx_new(&levels, count);
    }
    if (!status) {
        quantise(network, steps, levels);
        status = cbx_page_array(to, "w1_bias", CBX_PAGE_F32, network->w1, hidden);
    }
    if (!status) {
        status = cbx_page_array(to, "w1_steps", CBX_PAGE_F32, steps, hidden);
    }
    if (!status) {
        status = cbx_page_array(to, "w1_levels", CBX_PAGE_I8, levels, count);
    }
    free(steps);
    free(levels);
    return status;
}

static cbx_status write_weights(cbx_output *to, const cbx_network *network) {
    const size_t hidden = network->hidden;
    cbx_status status =
        hidden > CBX_PAGE_EXACT_HIDDEN
            ? write_levels(to, network)
            : cbx_page_array(to, "w1", CBX_PAGE_F32, network->w1, CBX_W1_ROWS * hidden);
    return status ? status
                  : cbx_page_array(to, "w2", CBX_PAGE_F32, network->w2, (hidden + 1) * CBX_CLASSES);
}

/* ---- images, and what the network says of them ---- */

static cbx_status write_images(cbx_output *to, const cbx_dataset *dataset, cbx_part part,
                               const char *pixels, const char *labels) {
    const cbx_images images = cbx_dataset_images(dataset, part);
    cbx_status status =
        cbx_page_array(to, pixels, CBX_PAGE_U8, images.pixels, images.count * CBX_IMAGE_PIXELS);
    return status ? status : cbx_page_array(to, labels, CBX_PAGE_U8, images.labels, images.count);
}

static cbx_status write_outputs(cbx_output *to, const float *sums, size_t count) {
    float *outputs = NULL;
    cbx_status status = cbx_new(&outputs, count);
    if (!status) {
        for (size_t i = 0; i < count; i++) {
            outputs[i] = cbx_canon_sigmoid(sums[i]);
        }
        status = cbx_page_array(to, "test_sums", CBX_PAGE_F32, sums, count);
    }
    if (!status) {
        status = cbx_page_array(to, "test_outputs", CBX_PAGE_F32, outputs, count);
    }
    free(outputs);
    return status;
}

cbx_status cbx_page_network(cbx_output *to, const cbx_network *network, const cbx_dataset *dataset,
                            const float *sums) {
    cbx_status status = write_weights(to, network);
    if (!status) {
        status = write_images(to, dataset, CBX_TEST, "test_images", "test_labels");
    }
    if (!status) {
        status =
            write_images(to, dataset, CBX_VALIDATION, "validation_images", "validation_labels");
    }
    return status
               ? status
               : write_outputs(to, sums, cbx_dataset_images(dataset, CBX_TEST).count * CBX_CLASSES);
}
