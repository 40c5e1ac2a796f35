/* The kernels of the schedule `stepwise`, one after the other. What a kernel gets is
 * the work of those before it, so the first wrong array names the kernel. */
#include <math.h>
#include <string.h>

#include "check/specimen.h"

/* σ over its whole range and at its ends: the kernel alone, on the room of A1.
 * 1e-6 is five times what the polynomial of activation.cl promises: room for
 * the division, which a device may round more coarsely. */
static cbx_status check_sigmoid(const cbx_specimen *specimen, cbx_trainer *trainer) {
    enum { COUNT = 256 };
    static const float ends[] = {0.0f, -0.0f, 1e-30f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN};
    const uint32_t vectors = COUNT / trainer->device->vector;
    const cbx_argument arguments[] = {CBX_ARGUMENT(trainer->a1), CBX_ARGUMENT(vectors)};
    cl_command_queue queue = trainer->device->queue;
    float z[COUNT], a[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        z[i] = ((float)i - COUNT / 2) * 0.8f;
    }
    memcpy(z, ends, sizeof ends);
    cbx_status status = cbx_cl_check(
        clEnqueueWriteBuffer(queue, trainer->a1, CL_TRUE, 0, sizeof z, z, 0, NULL, NULL),
        "starting the self-test");
    if (!status) {
        status =
            cbx_enqueue(queue, trainer->kernels[CBX_KERNEL_SIGMOID], arguments,
                        CBX_COUNT(arguments), cbx_trainer_range(trainer, vectors, 1), NULL, NULL);
    }
    if (!status) {
        status = cbx_cl_check(
            clEnqueueReadBuffer(queue, trainer->a1, CL_TRUE, 0, sizeof a, a, 0, NULL, NULL),
            "the kernel sigmoid");
    }
    for (size_t i = 0; i < COUNT && !status; i++) {
        /* Training notices by NaN that it has left the finite numbers. */
        const double is = isnan(z[i]) && isnan(a[i]) ? 0.0 : (double)a[i];
        const double should = isnan(z[i]) ? 0.0 : cbx_reference_sigmoid((double)z[i]);
        status = cbx_judge(specimen, (cbx_place){"sigmoid", "a", 0, i}, is, should, 1e-6);
    }
    return status;
}

static cbx_status compare(const cbx_specimen *specimen, const cbx_trainer *trainer,
                          const cbx_reference *reference) {
    const size_t rows = reference->rows, stride = trainer->stride;
    const struct {
        const char *kernel, *what;
        cl_mem buffer;
        size_t stride, rows; /* stride 0: rows of outputs */
        const double *should;
    } steps[] = {
        {"biased_matmul_hidden", "a1", trainer->a1, stride, rows, reference->a1},
        {"biased_matmul_output", "a2", trainer->z2, 0, rows, reference->a2},
        {"sigmoid_derivative", "s2", trainer->s2, 0, rows, reference->s2},
        {"output_delta", "d2", trainer->d2, 0, rows, reference->d2},
        {"sigmoid_derivative", "s1", trainer->s1, stride, rows, reference->s1},
        {"hidden_delta", "d1", trainer->d1, stride, rows, reference->d1},
        {"weight_update_output", "w2", trainer->w2, 0, 1 + CBX_SPECIMEN_HIDDEN, reference->w2},
        {"weight_update_hidden", "w1", trainer->w1, CBX_ROWS, CBX_ROWS, reference->w1},
    };
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !status; i++) {
        status = steps[i].stride > 0
                     ? cbx_judge_panels(specimen, steps[i].kernel, steps[i].what, steps[i].buffer,
                                        steps[i].stride, steps[i].rows, steps[i].should)
                     : cbx_judge_outputs(specimen, steps[i].kernel, steps[i].what, steps[i].buffer,
                                         steps[i].rows, steps[i].should);
    }
    return status;
}

cbx_status cbx_check_stepwise(const cbx_specimen *specimen, cbx_recipe recipe) {
    /* A full batch, then the short one at the end of the order. */
    static const uint32_t firsts[] = {0, 5 * CBX_SPECIMEN_BATCH};
    /* Large steps, so that an update shows beside the weights. */
    const cbx_rates rates = {0.05f, 0.03f};
    cbx_reference reference;
    cbx_trainer *trainer;
    cbx_status status =
        cbx_specimen_start(specimen, recipe, CBX_SCHEDULE_STEPWISE, &trainer, &reference);
    if (!status) {
        status = check_sigmoid(specimen, trainer);
    }
    for (uint32_t i = 0; i < 2 && !status; i++) {
        const uint32_t left = CBX_SPECIMEN_TRAINING - firsts[i];
        const uint32_t rows = left < CBX_SPECIMEN_BATCH ? left : CBX_SPECIMEN_BATCH;
        status = cbx_trainer_step(trainer, firsts[i], rows, rates, i);
        if (!status) {
            cbx_reference_step(&reference, specimen->dataset, specimen->order + firsts[i], rows,
                               rates);
            status = compare(specimen, trainer, &reference);
        }
    }
    cbx_trainer_destroy(trainer);
    cbx_reference_clear(&reference);
    return status;
}
