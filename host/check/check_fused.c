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

/* The kernels that a batch of this family runs, by name. */
static const char *kernels_of(const cbx_specimen *specimen, const char *gpu) {
    return specimen->device->family == CBX_FAMILY_CPU ? "train_cpu" : gpu;
}

static cbx_status compare_picture(const cbx_specimen *specimen, const easel *board, int number,
                                  cbx_tone tone, const double *w1) {
    const char *kernel = kernels_of(specimen, "train_gpu_hidden");
    if (board->drawn != number) {
        return cbx_fail(CBX_BAD_KERNEL, "training drew %d pictures instead of %d", board->drawn,
                        number);
    }
    cbx_status status =
        cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, board->plane, CL_TRUE, 0,
                                         board->bytes, board->luma, 0, NULL, NULL),
                     "drawing within training");
    return status ? status : cbx_check_luma(specimen, kernel, &board->grid, tone, w1, board->luma);
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

/* Two batches at once, one that is drawn while the next starts, one without picture,
 * and the short one, drawn when nothing follows. */
static cbx_status train(const cbx_specimen *specimen, cbx_trainer *trainer,
                        cbx_reference *reference, easel *board, cbx_tone tone) {
    const cbx_canvas canvas = {.painter = &board->painter,
                               .luma = board->plane,
                               .drawn = note_drawn,
                               .user = &board->drawn};
    cbx_status status = cbx_trainer_steps(trainer, 0, 2, rates, 0);
    if (!status) {
        status = cbx_trainer_step_drawing(trainer, 2 * BATCH, BATCH, rates, 2, &canvas);
    }
    if (!status) {
        status = cbx_trainer_step(trainer, 3 * BATCH, BATCH, rates, 3);
    }
    if (!status) {
        follow(specimen, reference, 0, 2);
        status = compare_picture(specimen, board, 1, tone, reference->w1);
    }
    if (!status) {
        status = cbx_trainer_step_drawing(trainer, 4 * BATCH, CBX_SPECIMEN_TRAINING - 4 * BATCH,
                                          rates, 4, &canvas);
    }
    if (!status) {
        follow(specimen, reference, 3, 4);
        status = cbx_trainer_check(trainer);
    }
    if (status == CBX_DIVERGED) {
        status = cbx_fail(CBX_BAD_KERNEL,
                          "the kernel %s computes wrongly on %s: it reports numbers that are not "
                          "finite; choose another --device, or update its driver",
                          kernels_of(specimen, "train_gpu_output"), specimen->device->info.name);
    }
    return status ? status : compare_picture(specimen, board, 2, tone, reference->w1);
}

static cbx_status check_weights(const cbx_specimen *specimen, const cbx_trainer *trainer,
                                const cbx_reference *reference) {
    cbx_status status = cbx_judge_outputs(specimen, kernels_of(specimen, "train_gpu_hidden"), "w2",
                                          trainer->w2, 1 + CBX_SPECIMEN_HIDDEN, reference->w2);
    return status ? status
                  : cbx_judge_panels(specimen, kernels_of(specimen, "train_gpu_hidden"), "w1",
                                     trainer->w1, CBX_ROWS, CBX_ROWS, reference->w1);
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

cbx_status cbx_check_fused(const cbx_specimen *specimen, cbx_recipe recipe) {
    const cbx_tone tone = recipe == CBX_RECIPE_LESSON ? CBX_TONE_PEAK : CBX_TONE_SIGNED;
    cbx_reference reference;
    cbx_trainer *trainer;
    easel board;
    cbx_status status = set_up(&board, specimen->device, tone);
    cbx_status started =
        cbx_specimen_start(specimen, recipe, CBX_SCHEDULE_FUSED, &trainer, &reference);
    status = status ? status : started;
    if (!status) {
        status = train(specimen, trainer, &reference, &board, tone);
    }
    if (!status) {
        status = check_weights(specimen, trainer, &reference);
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
