/* SPDX-License-Identifier: MIT */
/* The kernels for GPUs that add up the panels' shares of Z2, on shares that are made up: of more
 * panels than a specimen has, so that they come in runs. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "check/judge.h"
#include "network/schedule.h"
#include "reference/canon_scalar.h"

/* train_gpu_delta takes runs of 16, and the last is odd; FIRST: the place of the rows in the order. */
enum { PANELS = 137, ROWS = 3, FIRST = 5, OF_SHARE = CBX_ROW_BLOCK * CBX_LANES_OUT };

/* Shares [PANELS][64][16] and W2[0] like one more, of which ROWS rows are filled. */
typedef struct heap {
    cbx_trial trial;
    float *shares;
    cl_mem sums;
    cl_kernel kernel;
    float z2[ROWS][CBX_CLASSES]; /* without W2[0] */
} heap;

static void fill(heap *h) {
    cbx_random random;
    cbx_random_seed(&random, 1, CBX_STREAM_WEIGHTS);
    for (size_t panel = 0; panel <= PANELS; panel++) {
        for (size_t i = 0; i < ROWS * CBX_LANES_OUT; i++) {
            const uint32_t bits = cbx_random_below(&random, 1 << 24);
            h->shares[panel * OF_SHARE + i] = ((float)bits - 0x1p23f) * 0x1p-25f;
        }
    }
}

static void add_up(heap *h) {
    for (size_t i = 0; i < ROWS * CBX_CLASSES; i++) {
        const size_t row = i / CBX_CLASSES, o = i % CBX_CLASSES;
        float terms[PANELS];
        for (size_t panel = 0; panel < PANELS; panel++) {
            terms[panel] = h->shares[panel * OF_SHARE + row * CBX_LANES_OUT + o];
        }
        h->z2[row][o] = cbx_canon_tree(terms, PANELS);
    }
}

/* clear() in every case. */
static cbx_status set_up(heap *h, const cbx_specimen *specimen, cbx_schedule schedule,
                         cbx_recipe recipe, const char *kernel) {
    *h = (heap){.sums = NULL};
    cbx_status status = cbx_trial_start(&h->trial, specimen, recipe, schedule);
    if (!status) {
        status = cbx_new(&h->shares, (PANELS + 1) * OF_SHARE);
    }
    if (!status) {
        fill(h);
        add_up(h);
        status =
            cbx_buffer_copy(specimen->device, h->shares,
                            (PANELS + 1) * OF_SHARE * sizeof *h->shares, "the self-test", &h->sums);
    }
    return status ? status : cbx_kernel_create(specimen->device, kernel, &h->kernel);
}

static void clear(heap *h) {
    cbx_kernel_release(h->kernel);
    cbx_buffer_release(h->sums);
    free(h->shares);
    cbx_trial_end(&h->trial);
}

static cbx_status launch(const heap *h, const cbx_argument *arguments, cl_uint count,
                         size_t items) {
    return cbx_enqueue(h->trial.specimen->device->queue, h->kernel, arguments, count,
                       (cbx_range){{items, 1}, {CBX_GROUP, 1}}, NULL, NULL);
}

static cbx_status launch_deltas(const heap *h) {
    const cbx_trainer *trainer = h->trial.trainer;
    const cbx_launch record = {.chunks = PANELS,
                               .stride = CBX_ROW_BLOCK,
                               .recipe = h->trial.should.recipe,
                               .pending_first = FIRST,
                               .pending_rows = ROWS,
                               .losses = 1};
    const cbx_argument arguments[] = {CBX_ARGUMENT(h->sums),        CBX_ARGUMENT(trainer->labels),
                                      CBX_ARGUMENT(trainer->order), CBX_ARGUMENT(trainer->d2),
                                      CBX_ARGUMENT(trainer->fault), CBX_ARGUMENT(trainer->losses),
                                      CBX_ARGUMENT(record)};
    return launch(h, arguments, CBX_COUNT(arguments), (size_t)ROWS * CBX_GROUP);
}

/* D2, and what the losses are of: Z2 with W2[0]. */
static void follow(heap *h, float d2[ROWS][CBX_CLASSES]) {
    const cbx_specimen *specimen = h->trial.specimen;
    const uint8_t *labels = cbx_dataset_images(specimen->dataset, CBX_TRAIN).labels;
    cbx_canon *should = &h->trial.should;
    should->rows = ROWS;
    for (size_t row = 0; row < ROWS; row++) {
        should->labels[row] = labels[specimen->order[FIRST + row]];
        for (size_t o = 0; o < CBX_CLASSES; o++) {
            const float z = h->shares[PANELS * OF_SHARE + row * CBX_LANES_OUT + o] + h->z2[row][o];
            should->z2[row * CBX_CLASSES + o] = z;
            d2[row][o] = cbx_canon_output_error(
                should->recipe, should->labels[row] == o ? 1.0f : 0.0f, cbx_canon_sigmoid(z));
        }
    }
}

cbx_status cbx_check_deltas(const cbx_specimen *specimen, cbx_schedule schedule,
                            cbx_recipe recipe) {
    static const char kernel[] = "train_gpu_delta";
    float d2[ROWS][CBX_CLASSES];
    heap h;
    if (specimen->device->family != CBX_FAMILY_GPU) {
        return CBX_OK;
    }
    cbx_status status = set_up(&h, specimen, schedule, recipe, kernel);
    if (!status) {
        status = launch_deltas(&h);
    }
    if (!status) {
        follow(&h, d2);
        status = cbx_judge_outputs(&h.trial, kernel, "d2", h.trial.trainer->d2, ROWS, d2[0]);
    }
    if (!status) {
        status = cbx_judge_losses(&h.trial, kernel, FIRST);
    }
    clear(&h);
    return status;
}

cbx_status cbx_check_sums(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe) {
    static const char kernel[] = "evaluate_gpu_sums";
    const cl_uint blocks = 1, count = ROWS;
    const cbx_node node = {0, PANELS, 0};
    heap h;
    if (specimen->device->family != CBX_FAMILY_GPU) {
        return CBX_OK;
    }
    cbx_status status = set_up(&h, specimen, schedule, recipe, kernel);
    if (!status) {
        const cbx_argument arguments[] = {CBX_ARGUMENT(h.sums), CBX_ARGUMENT(node),
                                          CBX_ARGUMENT(blocks), CBX_ARGUMENT(count),
                                          CBX_ARGUMENT(h.trial.trainer->outputs)};
        status = launch(&h, arguments, CBX_COUNT(arguments), (size_t)ROWS * 4);
    }
    if (!status) {
        status =
            cbx_judge_outputs(&h.trial, kernel, "sums", h.trial.trainer->outputs, ROWS, h.z2[0]);
    }
    clear(&h);
    return status;
}
