/* SPDX-License-Identifier: MIT */
/* Whole batches of the schedules `fused` and `sparse`, and drawing within them. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "check/judge.h"
#include "network/train_gpu.h"
#include "reference/fma.h"
#include "reference/canon_scalar.h"

/* Planes for the pictures of a run, and what belongs to them. */
typedef struct board {
    cbx_grid grid;
    cbx_painter painter;
    cbx_easel easel;
    cl_mem planes;
    uint8_t *luma; /* (room, height, width) */
    size_t plane_bytes;
    uint32_t room, drawn; /* pictures */
} board;

static uint32_t room(void *user) {
    const board *on = user;
    return on->room - on->drawn;
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    const board *on = user;
    *out = (cbx_canvas){.luma = on->planes, .plane = on->drawn};
    return CBX_OK;
}

static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    board *on = user;
    on->drawn += pictures;
    return cbx_cl_check(clReleaseEvent(done), "drawing");
}

static cbx_status set_up(board *out, const cbx_specimen *specimen, cbx_tone tone,
                         uint32_t pictures) {
    cbx_device *device = specimen->device;
    *out = (board){.room = pictures};
    out->easel = (cbx_easel){&out->painter, room, canvas, drawn, out};
    cbx_status status = cbx_grid_lay_out(&out->grid, specimen->sizes->hidden, 1);
    if (!status) {
        status = cbx_painter_init(&out->painter, device, &out->grid, tone);
        out->plane_bytes = (size_t)out->grid.width * out->grid.height;
    }
    if (!status) {
        status = cbx_new(&out->luma, pictures * out->plane_bytes);
    }
    if (!status) {
        status = cbx_buffer_create(device, CL_MEM_READ_WRITE, pictures * out->plane_bytes, "frames",
                                   &out->planes);
    }
    if (!status) {
        status = cbx_painter_fill(&out->painter, out->planes, pictures * out->plane_bytes, 16);
    }
    return status;
}

static void pack_up(board *used) {
    cbx_buffer_release(used->planes);
    cbx_painter_clear(&used->painter);
    free(used->luma);
}

static int is_split(const cbx_specimen *specimen) {
    return cbx_device_arithmetic(specimen->device) == CBX_ARITHMETIC_SPLIT_BF16;
}

/* The kernel that updates W1 and that which ends a forward pass: one for processors. */
static const char *first_kernel(const cbx_specimen *specimen) {
    return specimen->device->family == CBX_FAMILY_CPU ? "train_cpu"
           : is_split(specimen)                       ? "split_gpu_hidden"
                                                      : "train_gpu_hidden";
}

static const char *second_kernel(const cbx_specimen *specimen) {
    return specimen->device->family == CBX_FAMILY_CPU ? "train_cpu" : "train_gpu_output";
}

/* That which makes D2, and the losses. */
static const char *delta_kernel(const cbx_trial *trial) {
    const cbx_train_gpu *own = trial->trainer->own;
    return trial->specimen->device->family == CBX_FAMILY_CPU || own->within
               ? first_kernel(trial->specimen)
               : "train_gpu_delta";
}

static uint32_t first_of(const cbx_specimen *specimen, uint32_t number) {
    return number * specimen->sizes->batch;
}

/* Takes what should be through batch i of the order. */
static void follow(cbx_trial *trial, uint32_t i) {
    const cbx_specimen *specimen = trial->specimen;
    cbx_canon_step(&trial->should, specimen->dataset, specimen->order, first_of(specimen, i),
                   cbx_specimen_rows(specimen, i), specimen->rates);
}

/* A number of what the slices of train_gpu_hidden leave, `size` numbers each, added in order. */
static float sum_slices(const float *slices, size_t size, size_t count, size_t i) {
    float sum = slices[i];
    for (size_t slice = 1; slice < count; slice++) {
        sum += slices[slice * size + i];
    }
    return sum;
}

/* Q and U, which train_gpu_hidden leaves for train_gpu_output: A1 shows what they are. `bias` (H) is
 * of the batch. */
static cbx_status check_slices(const cbx_trial *trial, const float *bias) {
    const cbx_trainer *trainer = trial->trainer;
    const cbx_train_gpu *own = trainer->own;
    const size_t columns = trainer->panels * (size_t)CBX_PANEL, size = columns * trainer->stride;
    const size_t hidden = trial->should.hidden, slices = own->slices;
    float *q = NULL, *u = NULL;
    cbx_status status = cbx_read_floats(trial->specimen, own->q, 0, slices * size, &q);
    if (!status) {
        status = cbx_read_floats(trial->specimen, own->u, 0, slices * columns, &u);
    }
    for (size_t i = 0; i < trial->should.rows * hidden && !status; i++) {
        const cbx_place place = {first_kernel(trial->specimen), "sigmoid(z1)", i / hidden,
                                 i % hidden};
        const size_t panel = place.column / CBX_PANEL, lane = place.column % CBX_PANEL;
        const size_t at = (panel * trainer->stride + place.row) * CBX_PANEL + lane;
        const float z = cbx_fma(trainer->normal.shift, sum_slices(u, columns, slices, place.column),
                                bias[place.column]);
        const float sum = cbx_fma(trainer->normal.scale, sum_slices(q, size, slices, at), z);
        status = cbx_judge(trial->specimen, place, (double)cbx_canon_sigmoid(sum),
                           (double)trial->should.a1[i], trial->exact ? CBX_TO_THE_BIT : 1e-5);
    }
    free(q);
    free(u);
    return status;
}

/* Z2 as the chunks' shares, and W2[0], which is behind them. */
static cbx_status check_sums(const cbx_trial *trial, const char *kernel) {
    const cbx_trainer *trainer = trial->trainer;
    const size_t size = (size_t)trainer->stride * CBX_LANES_OUT, count = trainer->chunks;
    const size_t first = trainer->parity * (count + 1);
    float *z2 = NULL, *bias = NULL;
    cbx_status status =
        cbx_add_shares(trial->specimen, trainer->sums, first * size, count, size, &z2);
    if (!status) {
        status =
            cbx_read_floats(trial->specimen, trainer->sums, (first + count) * size, size, &bias);
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

/* The batch as the kernels for GPUs read it. */
static cbx_status check_batch(const cbx_trial *trial) {
    const cbx_trainer *trainer = trial->trainer;
    const cbx_train_gpu *own = trainer->own;
    return cbx_check_turned(trial, own->pending_slot, trainer->turned.blocks, 0,
                            trial->should.rows);
}

/* What the forward pass of a batch leaves: A1, and Z2 as shares. */
static cbx_status check_forward(const cbx_trial *trial, const float *bias) {
    const cbx_trainer *trainer = trial->trainer;
    const cbx_specimen *specimen = trial->specimen;
    const char *kernel = second_kernel(specimen);
    cbx_status status = CBX_OK;
    if (specimen->device->family == CBX_FAMILY_GPU) {
        status = check_batch(trial);
        status = status ? status : check_slices(trial, bias);
    }
    if (!status) {
        status = cbx_judge_panels(trial, kernel, "a1", trainer->a1, trainer->stride,
                                  trial->should.rows, trial->should.a1);
    }
    return status ? status : check_sums(trial, kernel);
}

/* What came of batch i, the last that is finished. */
static cbx_status check_weights(const cbx_trial *trial, uint32_t i) {
    const cbx_trainer *trainer = trial->trainer;
    const cbx_specimen *specimen = trial->specimen;
    const cbx_canon *should = &trial->should;
    cbx_status status = CBX_OK;
    if (specimen->device->family == CBX_FAMILY_GPU) {
        status = cbx_judge_outputs(trial, delta_kernel(trial), "d2", trainer->d2, should->rows,
                                   should->d2);
    }
    if (!status && is_split(specimen)) { /* others do not leave it */
        status = cbx_judge_panels(trial, "split_gpu_errors", "d1", trainer->d1, trainer->stride,
                                  should->rows, should->d1);
    }
    if (!status) {
        status = cbx_judge_panels(trial, first_kernel(specimen), "w1", trainer->w1, CBX_W1_ROWS,
                                  CBX_W1_ROWS, should->w1);
    }
    if (!status) {
        status = cbx_judge_losses(trial, delta_kernel(trial), first_of(specimen, i));
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
        status = check_weights(trial, i - 1);
    }
    if (!status) { /* before it is updated */
        memcpy(bias, trial->should.w1, trial->should.hidden * sizeof *bias);
        follow(trial, i);
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

static cbx_status read_pictures(const board *on) {
    if (on->drawn != on->room) {
        return cbx_fail(CBX_BAD_KERNEL, "training drew %u pictures instead of %u", on->drawn,
                        on->room);
    }
    return cbx_cl_check(clEnqueueReadBuffer(on->painter.device->queue, on->planes, CL_TRUE, 0,
                                            on->room * on->plane_bytes, on->luma, 0, NULL, NULL),
                        "drawing within training");
}

/* Then the others, all at once but the short one; a picture after each. */
static cbx_status train_together(cbx_trial *trial, board *on, cbx_tone tone) {
    const cbx_specimen *specimen = trial->specimen;
    const uint32_t last = cbx_specimen_batches(specimen) - 1;
    const cbx_rates rates = specimen->rates;
    cbx_trainer_draw_on(trial->trainer, &on->easel);
    cbx_status status =
        cbx_trainer_steps_drawing(trial->trainer, first_of(specimen, 2), last - 2, rates, 2, 1);
    if (!status) {
        status = cbx_trainer_step_drawing(trial->trainer, first_of(specimen, last),
                                          cbx_specimen_rows(specimen, last), rates, last);
    }
    if (!status) {
        status = cbx_trainer_flush(trial->trainer);
    }
    if (!status) {
        status = read_pictures(on);
    }
    for (uint32_t i = 2; i <= last && !status; i++) {
        follow(trial, i);
        status = cbx_check_luma(specimen, first_kernel(specimen), &on->grid, tone, trial->should.w1,
                                on->luma + (i - 2) * on->plane_bytes);
        if (!status) {
            status = cbx_judge_losses(trial, delta_kernel(trial), first_of(specimen, i));
        }
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
                          delta_kernel(trial), trial->specimen->device->info.name);
    }
    return status ? status : check_weights(trial, cbx_specimen_batches(trial->specimen) - 1);
}

cbx_status cbx_check_fused(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe) {
    const cbx_tone tone = recipe == CBX_RECIPE_LESSON ? CBX_TONE_PEAK : CBX_TONE_SIGNED;
    const uint32_t others = cbx_specimen_batches(specimen) - 2;
    cbx_trial trial;
    board pictures = {.room = 0};
    cbx_status status = cbx_trial_start(&trial, specimen, recipe, schedule);
    if (!status && others > 0) {
        status = set_up(&pictures, specimen, tone, others);
    }
    if (!status) {
        status = train_singly(&trial);
    }
    if (!status && others > 0) {
        status = train_together(&trial, &pictures, tone);
    }
    if (!status) {
        status = finish(&trial);
    }
    cbx_trial_end(&trial);
    pack_up(&pictures);
    return status;
}
