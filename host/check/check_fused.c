/* SPDX-License-Identifier: MIT */
/* Whole batches of the schedules `fused` and `sparse`, and drawing within them. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "check/specimen.h"
#include "network/train_gpu.h"

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

/* The kernel that updates W1 and that which ends a forward pass: one for processors. */
static const char *first_kernel(const cbx_specimen *specimen) {
    return specimen->device->family == CBX_FAMILY_CPU ? "train_cpu" : "train_gpu_hidden";
}

static const char *second_kernel(const cbx_specimen *specimen) {
    return specimen->device->family == CBX_FAMILY_CPU ? "train_cpu" : "train_gpu_output";
}

static uint32_t first_of(const cbx_specimen *specimen, uint32_t number) {
    return number * specimen->sizes->batch;
}

/* Steps the reference through batch i of the order. */
static void follow(const cbx_specimen *specimen, cbx_reference *reference, uint32_t i) {
    cbx_reference_step(reference, specimen->dataset, specimen->order, first_of(specimen, i),
                       cbx_specimen_rows(specimen, i), specimen->rates);
}

/* Adds up `count` arrays of `size` numbers that follow each other on the device: the
 * shares of a sum. *out is the caller's, freed with free(). */
static cbx_status add_shares(const cbx_specimen *specimen, cl_mem buffer, size_t offset,
                             size_t count, size_t size, double **out) {
    float *shares = NULL;
    cbx_status status = cbx_new(out, size);
    if (!status) {
        status = cbx_new(&shares, count * size);
    }
    if (!status) {
        status = cbx_cl_check(
            clEnqueueReadBuffer(specimen->device->queue, buffer, CL_TRUE, offset * sizeof *shares,
                                count * size * sizeof *shares, shares, 0, NULL, NULL),
            "reading results of the self-test");
    }
    for (size_t share = 0; share < count && !status; share++) {
        for (size_t i = 0; i < size; i++) {
            (*out)[i] += (double)shares[share * size + i];
        }
    }
    free(shares);
    return status;
}

/* The shares of Z1 that train_gpu_hidden leaves for train_gpu_output, without `bias` (H). */
static cbx_status check_slices(const cbx_specimen *specimen, const cbx_trainer *trainer,
                               const cbx_reference *reference, const double *bias) {
    const size_t size = (size_t)trainer->panels * trainer->stride * CBX_PANEL;
    const size_t hidden = reference->hidden, slices = ((const cbx_train_gpu *)trainer->own)->slices;
    double *z1 = NULL;
    cbx_status status = add_shares(specimen, trainer->d1, 0, slices, size, &z1);
    for (size_t i = 0; i < reference->rows * hidden && !status; i++) {
        const size_t row = i / hidden, neuron = i % hidden;
        const size_t panel = neuron / CBX_PANEL, lane = neuron % CBX_PANEL;
        const double z = bias[neuron] + z1[(panel * trainer->stride + row) * CBX_PANEL + lane];
        status = cbx_judge(specimen, (cbx_place){"train_gpu_hidden", "sigmoid(z1)", row, neuron},
                           cbx_reference_sigmoid(z), reference->a1[i], 1e-5);
    }
    free(z1);
    return status;
}

/* A2 as shares of its sums, `count` of them in `buffer` from the share `first` on, and W2[0], which
 * is behind the chunks' shares. */
static cbx_status check_sums(const cbx_specimen *specimen, const cbx_trainer *trainer,
                             const cbx_reference *reference, const char *kernel, cl_mem buffer,
                             size_t first, size_t count) {
    const size_t size = (size_t)trainer->stride * CBX_LANES_OUT;
    const size_t behind = (trainer->parity + 1) * ((size_t)trainer->chunks + 1) - 1;
    double *z2 = NULL, *bias = NULL;
    cbx_status status = add_shares(specimen, buffer, first * size, count, size, &z2);
    if (!status) {
        status = add_shares(specimen, trainer->sums, behind * size, 1, size, &bias);
    }
    for (size_t i = 0; i < reference->rows * CBX_CLASSES && !status; i++) {
        const size_t row = i / CBX_CLASSES, o = i % CBX_CLASSES, at = row * CBX_LANES_OUT + o;
        status = cbx_judge(specimen, (cbx_place){kernel, "sigmoid(sums)", row, o},
                           cbx_reference_sigmoid(bias[at] + z2[at]), reference->a2[i], 1e-5);
    }
    free(bias);
    free(z2);
    return status;
}

/* What the forward pass of a batch leaves: A1, and A2 as shares of its sums. */
static cbx_status check_forward(const cbx_specimen *specimen, const cbx_trainer *trainer,
                                const cbx_reference *reference, const double *bias) {
    const cbx_train_gpu *gpu = specimen->device->family == CBX_FAMILY_GPU ? trainer->own : NULL;
    const char *kernel = second_kernel(specimen);
    cbx_status status = CBX_OK;
    if (gpu) {
        status = check_slices(specimen, trainer, reference, bias);
    }
    if (!status) {
        status = cbx_judge_panels(specimen, kernel, "a1", trainer->a1, trainer->stride,
                                  reference->rows, reference->a1);
    }
    if (!status && gpu && gpu->helpers > 1) {
        status = check_sums(specimen, trainer, reference, kernel, gpu->parts, 0,
                            (size_t)trainer->chunks * gpu->helpers);
        kernel = "train_gpu_sums";
    }
    return status ? status
                  : check_sums(specimen, trainer, reference, kernel, trainer->sums,
                               (size_t)trainer->parity * (trainer->chunks + 1), trainer->chunks);
}

static cbx_status check_weights(const cbx_specimen *specimen, const cbx_trainer *trainer,
                                const cbx_reference *reference) {
    cbx_status status = CBX_OK;
    if (specimen->device->family == CBX_FAMILY_GPU) {
        status = cbx_judge_outputs(specimen, "train_gpu_hidden", "d2", trainer->d2, reference->rows,
                                   reference->d2);
    }
    if (!status) {
        status = cbx_judge_panels(specimen, first_kernel(specimen), "w1", trainer->w1, CBX_W1_ROWS,
                                  CBX_W1_ROWS, reference->w1);
    }
    return status ? status
                  : cbx_judge_outputs(specimen, second_kernel(specimen), "w2", trainer->w2,
                                      1 + reference->hidden, reference->w2);
}

/* Starts batch i, which ends the one before it, and looks into both. */
static cbx_status train_one(const cbx_specimen *specimen, cbx_trainer *trainer,
                            cbx_reference *reference, uint32_t i, double *bias) {
    cbx_status status = cbx_trainer_step(trainer, first_of(specimen, i),
                                         cbx_specimen_rows(specimen, i), specimen->rates, i);
    if (!status && i > 0) {
        status = check_weights(specimen, trainer, reference);
    }
    if (!status) {
        memcpy(bias, reference->w1, reference->hidden * sizeof *bias); /* before it is updated */
        follow(specimen, reference, i);
        status = check_forward(specimen, trainer, reference, bias);
    }
    return status;
}

/* The first two batches, one by one. */
static cbx_status train_singly(const cbx_specimen *specimen, cbx_trainer *trainer,
                               cbx_reference *reference) {
    double *bias = NULL;
    cbx_status status = cbx_new(&bias, reference->hidden);
    for (uint32_t i = 0; i < 2 && !status; i++) {
        status = train_one(specimen, trainer, reference, i, bias);
    }
    free(bias);
    return status;
}

static cbx_status read_pictures(const cbx_specimen *specimen, const board *on) {
    if (on->drawn != on->room) {
        return cbx_fail(CBX_BAD_KERNEL, "training drew %u pictures instead of %u", on->drawn,
                        on->room);
    }
    return cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, on->planes, CL_TRUE, 0,
                                            on->room * on->plane_bytes, on->luma, 0, NULL, NULL),
                        "drawing within training");
}

/* Then the others, all at once but the short one; a picture after each. */
static cbx_status train_together(const cbx_specimen *specimen, cbx_trainer *trainer,
                                 cbx_reference *reference, board *on, cbx_tone tone) {
    const uint32_t last = cbx_specimen_batches(specimen) - 1;
    const cbx_rates rates = specimen->rates;
    cbx_trainer_draw_on(trainer, &on->easel);
    cbx_status status =
        cbx_trainer_steps_drawing(trainer, first_of(specimen, 2), last - 2, rates, 2, 1);
    if (!status) {
        status = cbx_trainer_step_drawing(trainer, first_of(specimen, last),
                                          cbx_specimen_rows(specimen, last), rates, last);
    }
    if (!status) {
        status = cbx_trainer_flush(trainer);
    }
    if (!status) {
        status = read_pictures(specimen, on);
    }
    for (uint32_t i = 2; i <= last && !status; i++) {
        follow(specimen, reference, i);
        status = cbx_check_luma(specimen, first_kernel(specimen), &on->grid, tone, reference->w1,
                                on->luma + (i - 2) * on->plane_bytes);
    }
    return status;
}

/* What is pending, and whether numbers stayed finite. */
static cbx_status finish(const cbx_specimen *specimen, cbx_trainer *trainer,
                         const cbx_reference *reference) {
    cbx_status status = cbx_trainer_check(trainer);
    if (status == CBX_DIVERGED) {
        status = cbx_fail(CBX_BAD_KERNEL,
                          "the kernel %s computes wrongly on %s: it reports numbers that are not "
                          "finite; choose another device, or update its driver",
                          first_kernel(specimen), specimen->device->info.name);
    }
    return status ? status : check_weights(specimen, trainer, reference);
}

cbx_status cbx_check_fused(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe) {
    const cbx_tone tone = recipe == CBX_RECIPE_LESSON ? CBX_TONE_PEAK : CBX_TONE_SIGNED;
    const uint32_t others = cbx_specimen_batches(specimen) - 2;
    cbx_reference reference;
    cbx_trainer *trainer;
    board pictures = {.room = 0};
    cbx_status status = cbx_specimen_start(specimen, recipe, schedule, &trainer, &reference);
    if (!status && others > 0) {
        status = set_up(&pictures, specimen, tone, others);
    }
    if (!status) {
        status = train_singly(specimen, trainer, &reference);
    }
    if (!status && others > 0) {
        status = train_together(specimen, trainer, &reference, &pictures, tone);
    }
    if (!status) {
        status = finish(specimen, trainer, &reference);
    }
    cbx_trainer_destroy(trainer);
    cbx_reference_clear(&reference);
    pack_up(&pictures);
    return status;
}
