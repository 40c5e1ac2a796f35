/* Whole batches of the schedule `fused`, drawing within them, and the evaluation. */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "check/specimen.h"

enum { BATCH = CBX_SPECIMEN_BATCH };

static const cbx_rates rates = {0.05f, 0.03f};

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

static cbx_status set_up(easel *out, cbx_device *device, cbx_tone tone) {
    *out = (easel){.bytes = 0};
    cbx_status status = cbx_grid_lay_out(&out->grid, CBX_SPECIMEN_HIDDEN, 1);
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
    if (used->plane) {
        clReleaseMemObject(used->plane);
    }
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

static cbx_status compare_picture(const cbx_specimen *specimen, const easel *board, int number,
                                  cbx_tone tone, const double *w1) {
    if (board->drawn != number) {
        return cbx_fail(CBX_BAD_KERNEL, "training drew %d pictures instead of %d", board->drawn,
                        number);
    }
    cbx_status status =
        cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, board->plane, CL_TRUE, 0,
                                         board->bytes, board->luma, 0, NULL, NULL),
                     "drawing within training");
    return status ? status
                  : cbx_check_luma(specimen, first_kernel(specimen), &board->grid, tone, w1,
                                   board->luma);
}

/* Steps the reference through batches first … last of the order, all of 17 rows but
 * the last of the epoch. */
static void follow(const cbx_specimen *specimen, cbx_reference *reference, uint32_t first,
                   uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        const uint32_t left = CBX_SPECIMEN_TRAINING - i * BATCH;
        cbx_reference_step(reference, specimen->dataset, specimen->order + i * BATCH,
                           left < BATCH ? left : BATCH, rates);
    }
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
    for (size_t i = 0; i < count * size && !status; i++) {
        (*out)[i % size] += (double)shares[i];
    }
    free(shares);
    return status;
}

/* The shares of Z1 that train_gpu_hidden leaves for train_gpu_output, bias left out. */
static cbx_status check_slices(const cbx_specimen *specimen, const cbx_trainer *trainer,
                               const cbx_reference *reference) {
    const size_t size = (size_t)trainer->panels * trainer->stride * CBX_PANEL;
    double *z1 = NULL;
    cbx_status status = add_shares(specimen, trainer->d1, 0, trainer->slices, size, &z1);
    for (size_t i = 0; i < reference->rows * CBX_SPECIMEN_HIDDEN && !status; i++) {
        const size_t row = i / CBX_SPECIMEN_HIDDEN, neuron = i % CBX_SPECIMEN_HIDDEN;
        const size_t panel = neuron / CBX_PANEL, lane = neuron % CBX_PANEL;
        const double bias = (double)specimen->network->w1[neuron];
        const double z = bias + z1[(panel * trainer->stride + row) * CBX_PANEL + lane];
        status = cbx_judge(specimen, (cbx_place){"train_gpu_hidden", "sigmoid(z1)", row, neuron},
                           cbx_reference_sigmoid(z), reference->a1[i], 1e-5);
    }
    free(z1);
    return status;
}

/* What the forward pass of the first batch leaves: A1, and A2 as shares of its sums. */
static cbx_status check_forward(const cbx_specimen *specimen, const cbx_trainer *trainer,
                                const cbx_reference *reference) {
    const size_t size = (size_t)trainer->stride * CBX_LANES_OUT;
    const char *kernel = second_kernel(specimen);
    double *z2 = NULL;
    cbx_status status = CBX_OK;
    if (specimen->device->family == CBX_FAMILY_GPU) {
        status = check_slices(specimen, trainer, reference);
    }
    if (!status) {
        status = cbx_judge_panels(specimen, kernel, "a1", trainer->a1, trainer->stride,
                                  reference->rows, reference->a1);
    }
    if (!status) {
        status = add_shares(specimen, trainer->sums, trainer->parity * trainer->chunks * size,
                            trainer->chunks, size, &z2);
    }
    for (size_t i = 0; i < reference->rows * CBX_OUTPUTS && !status; i++) {
        const size_t row = i / CBX_OUTPUTS, o = i % CBX_OUTPUTS;
        status =
            cbx_judge(specimen, (cbx_place){kernel, "sigmoid(sums)", row, o},
                      cbx_reference_sigmoid(z2[row * CBX_LANES_OUT + o]), reference->a2[i], 1e-5);
    }
    free(z2);
    return status;
}

static cbx_status check_weights(const cbx_specimen *specimen, const cbx_trainer *trainer,
                                const cbx_reference *reference) {
    cbx_status status = CBX_OK;
    if (specimen->device->family == CBX_FAMILY_GPU) {
        status = cbx_judge_outputs(specimen, "train_gpu_hidden", "d2", trainer->d2, reference->rows,
                                   reference->d2);
    }
    if (!status) {
        status = cbx_judge_panels(specimen, first_kernel(specimen), "w1", trainer->w1, CBX_ROWS,
                                  CBX_ROWS, reference->w1);
    }
    return status ? status
                  : cbx_judge_outputs(specimen, second_kernel(specimen), "w2", trainer->w2,
                                      1 + CBX_SPECIMEN_HIDDEN, reference->w2);
}

/* The first two batches, one by one, looked into after each: the first only goes
 * forward, the second ends the first. */
static cbx_status train_singly(const cbx_specimen *specimen, cbx_trainer *trainer,
                               cbx_reference *reference) {
    cbx_status status = cbx_trainer_step(trainer, 0, BATCH, rates, 0);
    if (!status) {
        follow(specimen, reference, 0, 0);
        status = check_forward(specimen, trainer, reference);
    }
    if (!status) {
        status = cbx_trainer_step(trainer, BATCH, BATCH, rates, 1);
    }
    return status ? status : check_weights(specimen, trainer, reference);
}

/* Then two at once, one that is drawn when the next starts … */
static cbx_status train_together(const cbx_specimen *specimen, cbx_trainer *trainer,
                                 cbx_reference *reference, easel *board, cbx_tone tone) {
    const cbx_canvas canvas = {.painter = &board->painter,
                               .luma = board->plane,
                               .drawn = note_drawn,
                               .user = &board->drawn};
    cbx_status status = cbx_trainer_steps(trainer, 2 * BATCH, 2, rates, 2);
    if (!status) {
        status = cbx_trainer_step_drawing(trainer, 4 * BATCH, BATCH, rates, 4, &canvas);
    }
    /* … and the short one, drawn when nothing follows. */
    if (!status) {
        status = cbx_trainer_step_drawing(trainer, 5 * BATCH, CBX_SPECIMEN_TRAINING - 5 * BATCH,
                                          rates, 5, &canvas);
    }
    if (!status) {
        follow(specimen, reference, 1, 4);
        status = compare_picture(specimen, board, 1, tone, reference->w1);
    }
    if (!status) {
        follow(specimen, reference, 5, 5);
        status = cbx_trainer_check(trainer);
    }
    if (status == CBX_DIVERGED) {
        status = cbx_fail(CBX_BAD_KERNEL,
                          "the kernel %s computes wrongly on %s: it reports numbers that are not "
                          "finite; choose another --device, or update its driver",
                          first_kernel(specimen), specimen->device->info.name);
    }
    if (!status) {
        status = check_weights(specimen, trainer, reference);
    }
    return status ? status : compare_picture(specimen, board, 2, tone, reference->w1);
}

static cbx_status check_evaluation(const cbx_specimen *specimen, cbx_trainer *trainer,
                                   cbx_reference *reference, cbx_part part) {
    const char *kernel =
        specimen->device->family == CBX_FAMILY_CPU ? "evaluate_cpu" : "evaluate_gpu";
    const cbx_reference_verdict should = cbx_reference_evaluate(reference, specimen->dataset, part);
    cbx_evaluation is = {0, 0, 0.0};
    cbx_status status = cbx_trainer_evaluate(trainer, part, &is);
    if (status == CBX_DIVERGED) {
        is.loss = -1.0; /* not finite, which the reference is */
        status = CBX_OK;
    }
    if (!status) {
        status = cbx_judge(specimen, (cbx_place){kernel, "loss", 0, part}, is.loss, should.loss,
                           1e-5 * should.loss);
    }
    if (!status) {
        /* Where two outputs are as good as equal, either may be the largest. */
        status = cbx_judge(specimen, (cbx_place){kernel, "correct", 0, part}, (double)is.correct,
                           (double)should.correct, (double)should.close);
    }
    return status;
}

/* Both ways of the kernels for GPUs to divide the work: by neurons alone, and the pixels
 * into as many slices as can be, the output among several helpers. */
static cbx_status start(const cbx_specimen *specimen, cbx_recipe recipe, cbx_trainer **trainer,
                        cbx_reference *reference) {
    cbx_device *device = specimen->device;
    const unsigned slices = device->slices, helpers = device->helpers;
    device->slices = recipe == CBX_RECIPE_LESSON ? 1 : 49;
    device->helpers = recipe == CBX_RECIPE_LESSON ? 1 : 3;
    cbx_status status =
        cbx_specimen_start(specimen, recipe, CBX_SCHEDULE_FUSED, trainer, reference);
    device->slices = slices;
    device->helpers = helpers;
    return status;
}

cbx_status cbx_check_fused(const cbx_specimen *specimen, cbx_recipe recipe) {
    const cbx_tone tone = recipe == CBX_RECIPE_LESSON ? CBX_TONE_PEAK : CBX_TONE_SIGNED;
    cbx_reference reference;
    cbx_trainer *trainer;
    easel board;
    const cbx_status set = set_up(&board, specimen->device, tone);
    cbx_status status = start(specimen, recipe, &trainer, &reference);
    status = set ? set : status;
    if (!status) {
        status = train_singly(specimen, trainer, &reference);
    }
    if (!status) {
        status = train_together(specimen, trainer, &reference, &board, tone);
    }
    if (!status) {
        status = check_evaluation(specimen, trainer, &reference, CBX_VALIDATION);
    }
    if (!status) {
        status = check_evaluation(specimen, trainer, &reference, CBX_TEST);
    }
    cbx_trainer_destroy(trainer);
    cbx_reference_clear(&reference);
    pack_up(&board);
    return status;
}
