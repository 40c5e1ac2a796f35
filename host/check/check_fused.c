/* SPDX-License-Identifier: MIT */
/* Whole batches of the schedules `fused` and `sparse`, and drawing within them. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "check/judge.h"
#include "network/train_gpu.h"
#include "reference/canon_scalar.h"

static cbx_status note_drawn(void *user, cl_event done) {
    *(int *)user += 1;
    return cbx_cl_check(clReleaseEvent(done), "drawing");
}

/* A plane to draw on and what belongs to it. */
typedef struct easel {
    cbx_grid grid;
    cbx_painter painter;
    cl_mem plane;
    uint8_t *luma; /* (height, width) */
    size_t bytes;
    int drawn; /* pictures so far */
} easel;

static cbx_status set_up(easel *out, const cbx_specimen *specimen, cbx_tone tone) {
    cbx_device *device = specimen->device;
    *out = (easel){.bytes = 0};
    cbx_status status = cbx_grid_lay_out(&out->grid, specimen->sizes->hidden, 1);
    if (!status) {
        status = cbx_painter_init(&out->painter, device, &out->grid, tone);
        out->bytes = (size_t)out->grid.width * out->grid.height;
    }
    if (!status) {
        status = cbx_new(&out->luma, out->bytes);
    }
    if (!status) {
        status = cbx_buffer_create(device, CL_MEM_READ_WRITE, out->bytes, "a frame", &out->plane);
    }
    if (!status) {
        status = cbx_painter_fill(&out->painter, out->plane, out->bytes, 16);
    }
    return status;
}

static void pack_up(easel *used) {
    cbx_buffer_release(used->plane);
    cbx_painter_clear(&used->painter);
    free(used->luma);
}

/* The kernel that updates W1 and that which ends a forward pass: one for processors. */
static const char *first_kernel(const cbx_specimen *specimen) {
    return specimen->device->family == CBX_FAMILY_CPU ? "train_cpu" : "train_gpu_hidden";
}

static const char *second_kernel(const cbx_specimen *specimen) {
    return specimen->device->family == CBX_FAMILY_CPU ? "train_cpu" : "train_gpu_output";
}

static cbx_status compare_picture(const cbx_trial *trial, const easel *board, int number,
                                  cbx_tone tone) {
    const cbx_specimen *specimen = trial->specimen;
    if (board->drawn != number) {
        return cbx_fail(CBX_BAD_KERNEL, "training drew %d pictures instead of %d", board->drawn,
                        number);
    }
    cbx_status status =
        cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, board->plane, CL_TRUE, 0,
                                         board->bytes, board->luma, 0, NULL, NULL),
                     "drawing within training");
    return status ? status
                  : cbx_check_luma(specimen, first_kernel(specimen), &board->grid, tone,
                                   trial->should.w1, board->luma);
}

static uint32_t first_of(const cbx_specimen *specimen, uint32_t number) {
    return number * specimen->sizes->batch;
}

/* Takes what should be through batches first … last of the order. */
static void follow(cbx_trial *trial, uint32_t first, uint32_t last) {
    const cbx_specimen *specimen = trial->specimen;
    for (uint32_t i = first; i <= last; i++) {
        cbx_canon_step(&trial->should, specimen->dataset, specimen->order, first_of(specimen, i),
                       cbx_specimen_rows(specimen, i), specimen->rates);
    }
}

/* Adds up `count` arrays of `size` numbers that follow each other on the device: the
 * shares of a sum. *out is the caller's, freed with free(). */
static cbx_status add_shares(const cbx_specimen *specimen, cl_mem buffer, size_t offset,
                             size_t count, size_t size, float **out) {
    float *shares = NULL, *terms = NULL;
    cbx_status status = cbx_new(out, size);
    if (!status) {
        status = cbx_new(&terms, count);
    }
    if (!status) {
        status = cbx_read_floats(specimen, buffer, offset, count * size, &shares);
    }
    for (size_t i = 0; i < size && !status; i++) {
        for (size_t share = 0; share < count; share++) {
            terms[share] = shares[share * size + i];
        }
        (*out)[i] = cbx_canon_tree(terms, count);
    }
    free(shares);
    free(terms);
    return status;
}

/* The shares of Z1 that train_gpu_hidden leaves for train_gpu_output, without `bias` (H). */
static cbx_status check_slices(const cbx_trial *trial, const float *bias) {
    const cbx_trainer *trainer = trial->trainer;
    const size_t size = (size_t)trainer->panels * trainer->stride * CBX_PANEL;
    const size_t hidden = trial->should.hidden;
    const size_t slices = ((const cbx_train_gpu *)trainer->own)->slices;
    float *z1 = NULL;
    cbx_status status = add_shares(trial->specimen, trainer->d1, 0, slices, size, &z1);
    for (size_t i = 0; i < trial->should.rows * hidden && !status; i++) {
        const cbx_place place = {"train_gpu_hidden", "sigmoid(z1)", i / hidden, i % hidden};
        const size_t panel = place.column / CBX_PANEL, lane = place.column % CBX_PANEL;
        const float z = z1[(panel * trainer->stride + place.row) * CBX_PANEL + lane];
        status =
            cbx_judge(trial->specimen, place, (double)cbx_canon_sigmoid(bias[place.column] + z),
                      (double)trial->should.a1[i], 1e-5);
    }
    free(z1);
    return status;
}

/* Z2 as shares, `count` of them in `buffer` from the share `first` on, and W2[0], which is behind
 * the chunks' shares. */
static cbx_status check_sums(const cbx_trial *trial, const char *kernel, cl_mem buffer,
                             size_t first, size_t count) {
    const cbx_trainer *trainer = trial->trainer;
    const size_t size = (size_t)trainer->stride * CBX_LANES_OUT;
    const size_t behind = (trainer->parity + 1) * ((size_t)trainer->chunks + 1) - 1;
    float *z2 = NULL, *bias = NULL;
    cbx_status status = add_shares(trial->specimen, buffer, first * size, count, size, &z2);
    if (!status) {
        status = cbx_read_floats(trial->specimen, trainer->sums, behind * size, size, &bias);
    }
    for (size_t i = 0; i < size && !status; i++) {
        z2[i] = bias[i] + z2[i];
    }
    if (!status) {
        status = cbx_judge_rows(trial, kernel, "z2", z2, trial->should.rows, trial->should.z2);
    }
    free(bias);
    free(z2);
    return status;
}

/* What the forward pass of a batch leaves: A1, and Z2 as shares. */
static cbx_status check_forward(const cbx_trial *trial, const float *bias) {
    const cbx_trainer *trainer = trial->trainer;
    const cbx_specimen *specimen = trial->specimen;
    const cbx_train_gpu *gpu = specimen->device->family == CBX_FAMILY_GPU ? trainer->own : NULL;
    const char *kernel = second_kernel(specimen);
    cbx_status status = CBX_OK;
    if (gpu) {
        status = check_slices(trial, bias);
    }
    if (!status) {
        status = cbx_judge_panels(trial, kernel, "a1", trainer->a1, trainer->stride,
                                  trial->should.rows, trial->should.a1);
    }
    if (!status && gpu && gpu->helpers > 1) {
        status = check_sums(trial, kernel, gpu->parts, 0, (size_t)trainer->chunks * gpu->helpers);
        kernel = "train_gpu_sums";
    }
    return status ? status
                  : check_sums(trial, kernel, trainer->sums,
                               (size_t)trainer->parity * (trainer->chunks + 1), trainer->chunks);
}

static cbx_status check_weights(const cbx_trial *trial) {
    const cbx_trainer *trainer = trial->trainer;
    const cbx_specimen *specimen = trial->specimen;
    const cbx_canon *should = &trial->should;
    cbx_status status = CBX_OK;
    if (specimen->device->family == CBX_FAMILY_GPU) {
        status = cbx_judge_outputs(trial, "train_gpu_hidden", "d2", trainer->d2, should->rows,
                                   should->d2);
    }
    if (!status) {
        status = cbx_judge_panels(trial, first_kernel(specimen), "w1", trainer->w1, CBX_W1_ROWS,
                                  CBX_W1_ROWS, should->w1);
    }
    return status ? status
                  : cbx_judge_outputs(trial, second_kernel(specimen), "w2", trainer->w2,
                                      1 + should->hidden, should->w2);
}

/* Starts batch i, which ends the one before it, and looks into both. bias: room for H. */
static cbx_status train_one(cbx_trial *trial, uint32_t i, float *bias) {
    const cbx_specimen *specimen = trial->specimen;
    cbx_status status = cbx_trainer_step(trial->trainer, first_of(specimen, i),
                                         cbx_specimen_rows(specimen, i), specimen->rates, i);
    if (!status && i > 0) {
        status = check_weights(trial);
    }
    if (!status) { /* before it is updated */
        memcpy(bias, trial->should.w1, trial->should.hidden * sizeof *bias);
        follow(trial, i, i);
        status = check_forward(trial, bias);
    }
    return status;
}

/* The first two batches, one by one. */
static cbx_status train_singly(cbx_trial *trial) {
    float *bias = NULL;
    cbx_status status = cbx_new(&bias, trial->should.hidden);
    for (uint32_t i = 0; i < 2 && !status; i++) {
        status = train_one(trial, i, bias);
    }
    free(bias);
    return status;
}

/* Then, where there are more, all at once but two: one that is drawn when the next starts … */
static cbx_status train_together(cbx_trial *trial, easel *board, cbx_tone tone) {
    const cbx_specimen *specimen = trial->specimen;
    const cbx_canvas canvas = {.painter = &board->painter,
                               .luma = board->plane,
                               .drawn = note_drawn,
                               .user = &board->drawn};
    const uint32_t last = cbx_specimen_batches(specimen) - 1;
    const cbx_rates rates = specimen->rates;
    cbx_status status =
        cbx_trainer_steps(trial->trainer, first_of(specimen, 2), last - 3, rates, 2);
    for (uint32_t i = last - 1; i <= last && !status; i++) {
        /* … and the short one, drawn when nothing follows. */
        status = cbx_trainer_step_drawing(trial->trainer, first_of(specimen, i),
                                          cbx_specimen_rows(specimen, i), rates, i, &canvas);
    }
    if (!status) {
        follow(trial, 2, last - 1);
        status = compare_picture(trial, board, 1, tone);
        follow(trial, last, last);
    }
    return status;
}

/* What is pending, and whether numbers stayed finite. */
static cbx_status finish(const cbx_trial *trial) {
    cbx_status status = cbx_trainer_check(trial->trainer);
    if (status == CBX_DIVERGED) {
        status = cbx_fail(CBX_BAD_KERNEL,
                          "the kernel %s computes wrongly on %s: it reports numbers that are not "
                          "finite; choose another device, or update its driver",
                          first_kernel(trial->specimen), trial->specimen->device->info.name);
    }
    return status ? status : check_weights(trial);
}

cbx_status cbx_check_fused(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe) {
    const cbx_tone tone = recipe == CBX_RECIPE_LESSON ? CBX_TONE_PEAK : CBX_TONE_SIGNED;
    const int several = cbx_specimen_batches(specimen) > 4;
    cbx_trial trial;
    easel board;
    const cbx_status set = set_up(&board, specimen, tone);
    cbx_status status = cbx_trial_start(&trial, specimen, recipe, schedule);
    status = set ? set : status;
    if (!status) {
        status = train_singly(&trial);
    }
    if (!status && several) {
        status = train_together(&trial, &board, tone);
    }
    if (!status) {
        status = finish(&trial);
    }
    if (!status && several) {
        status = compare_picture(&trial, &board, 2, tone);
    }
    cbx_trial_end(&trial);
    pack_up(&board);
    return status;
}
