#include "check/specimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/dataset.h"
#include "data/sampler.h"

enum {
    HIDDEN = CBX_SPECIMEN_HIDDEN,
    IN_FILE =
        CBX_SPECIMEN_TRAINING + CBX_SPECIMEN_VALIDATION, /* of which the last sixth validates */
    IMAGES = IN_FILE + CBX_SPECIMEN_TEST
};

static cbx_status make_dataset(cbx_specimen *specimen, cbx_random *random) {
    uint8_t *pixels = NULL, labels[IMAGES];
    cbx_status status = cbx_new(&pixels, (size_t)IMAGES * CBX_IMAGE_PIXELS);
    if (status) {
        return status;
    }
    for (size_t i = 0; i < (size_t)IMAGES * CBX_IMAGE_PIXELS; i++) {
        pixels[i] = (uint8_t)cbx_random_below(random, 256);
    }
    for (size_t i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)cbx_random_below(random, CBX_CLASSES);
    }
    const cbx_images training = {IN_FILE, pixels, labels};
    const cbx_images test = {CBX_SPECIMEN_TEST, pixels + (size_t)IN_FILE * CBX_IMAGE_PIXELS,
                             labels + IN_FILE};
    status = cbx_dataset_from_memory(&specimen->dataset, &training, &test);
    free(pixels);
    return status;
}

/* One neuron without a positive weight and one without any: tiles of their own kind. */
static void add_dark_tiles(cbx_network *network) {
    for (size_t row = 1; row < CBX_W1_ROWS; row++) {
        network->w1[row * HIDDEN + 5] = -fabsf(network->w1[row * HIDDEN + 5]);
        network->w1[row * HIDDEN + HIDDEN - 1] = 0.0f;
    }
}

cbx_status cbx_specimen_init(cbx_specimen *specimen, cbx_device *device) {
    cbx_random random;
    memset(specimen, 0, sizeof *specimen);
    specimen->device = device;
    cbx_random_seed(&random, 1, CBX_STREAM_ORDER);
    cbx_sampler_shuffle(&random, specimen->order, CBX_SPECIMEN_TRAINING);
    cbx_status status = make_dataset(specimen, &random);
    if (!status) {
        status = cbx_network_create(&specimen->network, HIDDEN);
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
    memset(specimen, 0, sizeof *specimen);
}

cbx_status cbx_specimen_start(const cbx_specimen *specimen, cbx_recipe recipe,
                              cbx_schedule schedule, cbx_trainer **trainer,
                              cbx_reference *reference) {
    const cbx_trainer_settings settings = {
        .hidden = HIDDEN, .batch = CBX_SPECIMEN_BATCH, .recipe = recipe, .schedule = schedule};
    *trainer = NULL;
    cbx_status status = cbx_reference_init(reference, recipe, specimen->network, CBX_SPECIMEN_ROWS);
    if (!status) {
        status = cbx_trainer_create(trainer, specimen->device, specimen->dataset, &settings);
    }
    if (!status) {
        status = cbx_trainer_set_weights(*trainer, specimen->network);
    }
    if (!status) {
        status = cbx_trainer_set_order(*trainer, specimen->order, CBX_SPECIMEN_TRAINING);
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
                    "(tolerance %.1e); choose another --device, or update its driver",
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
        largest = fmax(largest, fabs(should[i]));
    }
    return 1e-5 * largest;
}

cbx_status cbx_judge_panels(const cbx_specimen *specimen, const char *kernel, const char *what,
                            cl_mem buffer, size_t stride, size_t rows, const double *should) {
    const size_t panels = (HIDDEN + CBX_PANEL - 1) / CBX_PANEL;
    const double tolerance = tolerance_for(should, rows * HIDDEN);
    float *is = NULL;
    cbx_status status = read_floats(specimen, buffer, panels * stride * CBX_PANEL, &is);
    for (size_t i = 0; i < rows * HIDDEN && !status; i++) {
        const cbx_place place = {kernel, what, i / HIDDEN, i % HIDDEN};
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
    const double tolerance = tolerance_for(should, rows * CBX_OUTPUTS);
    float *is = NULL;
    cbx_status status = read_floats(specimen, buffer, rows * CBX_LANES_OUT, &is);
    for (size_t i = 0; i < rows * CBX_OUTPUTS && !status; i++) {
        const cbx_place place = {kernel, what, i / CBX_OUTPUTS, i % CBX_OUTPUTS};
        status = cbx_judge(specimen, place, (double)is[place.row * CBX_LANES_OUT + place.column],
                           should[i], tolerance);
    }
    free(is);
    return status;
}
