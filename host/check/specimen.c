/* SPDX-License-Identifier: MIT */
#include "check/specimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/dataset.h"
#include "data/sampler.h"

const cbx_specimen_sizes cbx_specimens[CBX_SPECIMENS] = {
    /* For GPUs slabs apart, D2 in each group, and the groups that the device would have, as for
     * small layers; then slabs together, D2 for itself, and small groups, as for large ones. Five
     * batches of 61 rows and one of 9. */
    {.hidden = 69,
     .batch = 61,
     .training = 314,
     .validation = 62,
     .test = 7,
     .division = {{.slices = 7, .deltas = CBX_DELTAS_WITHIN, .ink = CBX_BY_ROWS},
                  {.slices = 1,
                   .deltas = CBX_DELTAS_APART,
                   .groups = CBX_NARROW_GROUPS,
                   .ink = CBX_BY_PIXELS}}},
    /* Five panels, the last with few neurons, in chunks; for processors of four panels, which
     * take their ink together, then of two. A batch of a whole block of rows and a bit, and one of
     * a whole block; more images than a group of the evaluation takes. */
    {.hidden = 131,
     .batch = 77,
     .training = 141,
     .validation = 28,
     .test = 7,
     .division = {{.slices = 1, .chunks = 1, .ink = CBX_BY_PIXELS},
                  {.slices = 7, .groups = CBX_NARROW_GROUPS, .chunks = 2, .ink = CBX_BY_ROWS}}},
};

/* How many pixels of each slab have ink, each in half of the images; the others are background.
 * The kernels for GPUs update 64 pixels at a time, then 32, then the background. */
static const uint32_t ink_of[CBX_SLABS] = {112, 80, 0, 20, 60, 96, 5};

/* Spread over their slab. */
static int may_have_ink(size_t pixel) {
    return pixel % CBX_SLAB * 37 % CBX_SLAB < ink_of[pixel / CBX_SLAB];
}

static cbx_status fill_dataset(cbx_specimen *specimen, cbx_random *random, uint8_t *pixels,
                               uint8_t *labels) {
    const cbx_specimen_sizes *sizes = specimen->sizes;
    const uint32_t in_file = sizes->training + sizes->validation, count = in_file + sizes->test;
    for (size_t i = 0; i < (size_t)count * CBX_IMAGE_PIXELS; i++) {
        const uint32_t level = cbx_random_below(random, 512);
        pixels[i] = level < 256 && may_have_ink(i % CBX_PIXELS) ? (uint8_t)level : 0;
    }
    for (size_t i = 0; i < count; i++) {
        labels[i] = (uint8_t)cbx_random_below(random, CBX_CLASSES);
    }
    const cbx_images training = {in_file, pixels, labels};
    const cbx_images test = {sizes->test, pixels + (size_t)in_file * CBX_IMAGE_PIXELS,
                             labels + in_file};
    return cbx_dataset_from_memory(&specimen->dataset, &training, &test);
}

static cbx_status make_dataset(cbx_specimen *specimen, cbx_random *random) {
    const cbx_specimen_sizes *sizes = specimen->sizes;
    const size_t images = (size_t)sizes->training + sizes->validation + sizes->test;
    uint8_t *pixels = NULL, *labels = NULL;
    cbx_status status = cbx_new(&pixels, images * CBX_IMAGE_PIXELS);
    if (!status) {
        status = cbx_new(&labels, images);
    }
    if (!status) {
        status = fill_dataset(specimen, random, pixels, labels);
    }
    free(pixels);
    free(labels);
    return status;
}

/* One neuron without a positive weight and one without any: tiles of their own kind. */
static void add_dark_tiles(cbx_network *network) {
    const size_t hidden = network->hidden;
    for (size_t row = 1; row < CBX_W1_ROWS; row++) {
        network->w1[row * hidden + 5] = -fabsf(network->w1[row * hidden + 5]);
        network->w1[row * hidden + hidden - 1] = 0.0f;
    }
}

cbx_status cbx_specimen_init(cbx_specimen *specimen, cbx_device *device,
                             const cbx_specimen_sizes *sizes) {
    cbx_random random;
    *specimen = (cbx_specimen){.sizes = sizes, .device = device, .rates = {0.004f, 0.002f}};
    cbx_random_seed(&random, 1, CBX_STREAM_ORDER);
    cbx_status status = cbx_new(&specimen->order, sizes->training);
    if (!status) {
        cbx_sampler_shuffle(&random, specimen->order, sizes->training);
        status = make_dataset(specimen, &random);
    }
    if (!status) {
        status = cbx_network_create(&specimen->network, sizes->hidden);
    }
    if (!status) {
        cbx_network_randomise(specimen->network, 1);
        add_dark_tiles(specimen->network);
    }
    return status;
}

void cbx_specimen_clear(cbx_specimen *specimen) {
    cbx_network_destroy(specimen->network);
    cbx_dataset_destroy(specimen->dataset);
    free(specimen->order);
    memset(specimen, 0, sizeof *specimen);
}

uint32_t cbx_specimen_batches(const cbx_specimen *specimen) {
    return (specimen->sizes->training + specimen->sizes->batch - 1) / specimen->sizes->batch;
}

uint32_t cbx_specimen_rows(const cbx_specimen *specimen, uint32_t number) {
    const uint32_t left = specimen->sizes->training - number * specimen->sizes->batch;
    return left < specimen->sizes->batch ? left : specimen->sizes->batch;
}

cbx_status cbx_trial_start(cbx_trial *trial, const cbx_specimen *specimen, cbx_recipe recipe,
                           cbx_schedule schedule) {
    const cbx_trainer_settings settings = {.hidden = specimen->sizes->hidden,
                                           .batch = specimen->sizes->batch,
                                           .recipe = recipe,
                                           .schedule = schedule};
    *trial = (cbx_trial){.specimen = specimen,
                         .exact = cbx_device_arithmetic(specimen->device) == CBX_ARITHMETIC_CANON};
    /* The largest part is the most that is taken at once. */
    cbx_status status =
        cbx_canon_init(&trial->should, recipe, specimen->network, specimen->sizes->training);
    if (!status) {
        status = cbx_trainer_create_with(&trial->trainer, specimen->device, specimen->dataset,
                                         &settings, &specimen->sizes->division[recipe]);
    }
    if (!status) {
        status = cbx_trainer_set_weights(trial->trainer, specimen->network);
    }
    if (!status) {
        status = cbx_trainer_set_order(trial->trainer, specimen->order, specimen->sizes->training);
    }
    if (!status) {
        cbx_trainer_keep_losses(trial->trainer);
    }
    return status;
}

void cbx_trial_end(cbx_trial *trial) {
    cbx_trainer_destroy(trial->trainer);
    cbx_canon_clear(&trial->should);
}
