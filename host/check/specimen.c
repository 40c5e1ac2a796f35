/* SPDX-License-Identifier: MIT */
#include "check/specimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/dataset.h"
#include "data/sampler.h"

const cbx_specimen_sizes cbx_specimens[CBX_SPECIMENS] = {
    /* One slice and one helper, then as many slices as can be, and more helpers than there are
     * tiles. Five batches of 17 rows and one of 12. */
    {.hidden = 37,
     .batch = 17,
     .training = 97,
     .validation = 19,
     .test = 7,
     .division = {{.slices = 1, .helpers = 1}, {.slices = 49, .helpers = 3}}},
    /* Five panels or three tiles of neurons, the last with few, in two chunks. A batch of a whole tile of rows
     * and a bit, and one of a whole tile; more images than a group of the evaluation takes. */
    {.hidden = 131,
     .batch = 77,
     .training = 141,
     .validation = 28,
     .test = 7,
     .division = {{.slices = 7, .helpers = 1, .chunks = 2},
                  {.slices = 49, .helpers = 2, .chunks = 2}}},
};

static cbx_status fill_dataset(cbx_specimen *specimen, cbx_random *random, uint8_t *pixels,
                               uint8_t *labels) {
    const cbx_specimen_sizes *sizes = specimen->sizes;
    const uint32_t in_file = sizes->training + sizes->validation, count = in_file + sizes->test;
    for (size_t i = 0; i < (size_t)count * CBX_IMAGE_PIXELS; i++) {
        pixels[i] = (uint8_t)cbx_random_below(random, 256);
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
    *specimen = (cbx_specimen){.sizes = sizes, .device = device, .rates = {0.05f, 0.03f}};
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

cbx_status cbx_specimen_start(const cbx_specimen *specimen, cbx_recipe recipe,
                              cbx_schedule schedule, cbx_trainer **trainer,
                              cbx_reference *reference) {
    const cbx_trainer_settings settings = {.hidden = specimen->sizes->hidden,
                                           .batch = specimen->sizes->batch,
                                           .recipe = recipe,
                                           .schedule = schedule};
    *trainer = NULL;
    /* The largest part is the most that is taken at once. */
    cbx_status status =
        cbx_reference_init(reference, recipe, specimen->network, specimen->sizes->training);
    if (!status) {
        status = cbx_trainer_create_with(trainer, specimen->device, specimen->dataset, &settings,
                                         &specimen->sizes->division[recipe]);
    }
    if (!status) {
        status = cbx_trainer_set_weights(*trainer, specimen->network);
    }
    if (!status) {
        status = cbx_trainer_set_order(*trainer, specimen->order, specimen->sizes->training);
    }
    return status;
}

cbx_status cbx_judge(const cbx_specimen *specimen, cbx_place place, double is, double should,
                     double tolerance) {
    /* NaN compares false, and inf − inf is NaN: both count as wrong. */
    if (is == should || fabs(is - should) <= tolerance) {
        return CBX_OK;
    }
    return cbx_fail(CBX_BAD_KERNEL,
                    "the kernel %s computes wrongly on %s: %s[%zu][%zu] is %.9g, should be %.9g "
                    "(tolerance %.1e); choose another device, or update its driver",
                    place.kernel, specimen->device->info.name, place.what, place.row, place.column,
                    is, should, tolerance);
}

static cbx_status read_floats(const cbx_specimen *specimen, cl_mem buffer, size_t count,
                              float **out) {
    cbx_status status = cbx_new(out, count);
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, buffer, CL_TRUE, 0,
                                                  count * sizeof **out, *out, 0, NULL, NULL),
                              "reading results of the self-test");
    }
    return status;
}

static double tolerance_for(const double *should, size_t count) {
    double largest = 0.0;
    for (size_t i = 0; i < count; i++) {
        largest = fabs(should[i]) > largest ? fabs(should[i]) : largest;
    }
    return 1e-5 * largest;
}

cbx_status cbx_judge_panels(const cbx_specimen *specimen, const char *kernel, const char *what,
                            cl_mem buffer, size_t stride, size_t rows, const double *should) {
    const size_t hidden = specimen->sizes->hidden;
    const size_t panels = (hidden + CBX_PANEL - 1) / CBX_PANEL;
    const double tolerance = tolerance_for(should, rows * hidden);
    float *is = NULL;
    cbx_status status = read_floats(specimen, buffer, panels * stride * CBX_PANEL, &is);
    for (size_t i = 0; i < rows * hidden && !status; i++) {
        const cbx_place place = {kernel, what, i / hidden, i % hidden};
        const size_t panel = place.column / CBX_PANEL, lane = place.column % CBX_PANEL;
        status =
            cbx_judge(specimen, place, (double)is[(panel * stride + place.row) * CBX_PANEL + lane],
                      should[i], tolerance);
    }
    free(is);
    return status;
}

cbx_status cbx_judge_outputs(const cbx_specimen *specimen, const char *kernel, const char *what,
                             cl_mem buffer, size_t rows, const double *should) {
    const double tolerance = tolerance_for(should, rows * CBX_CLASSES);
    float *is = NULL;
    cbx_status status = read_floats(specimen, buffer, rows * CBX_LANES_OUT, &is);
    for (size_t i = 0; i < rows * CBX_CLASSES && !status; i++) {
        const cbx_place place = {kernel, what, i / CBX_CLASSES, i % CBX_CLASSES};
        status = cbx_judge(specimen, place, (double)is[place.row * CBX_LANES_OUT + place.column],
                           should[i], tolerance);
    }
    free(is);
    return status;
}
