/* SPDX-License-Identifier: MIT */
/* Loss and correct answers over a part of the dataset. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/trainer.h"

static cbx_status enqueue(cbx_trainer *trainer, uint32_t first, uint32_t count, size_t blocks) {
    const cbx_argument arguments[] = {CBX_ARGUMENT(trainer->images), CBX_ARGUMENT(trainer->normal),
                                      CBX_ARGUMENT(trainer->labels), CBX_ARGUMENT(first),
                                      CBX_ARGUMENT(count),           CBX_ARGUMENT(trainer->panels),
                                      CBX_ARGUMENT(trainer->w1),     CBX_ARGUMENT(trainer->w2),
                                      CBX_ARGUMENT(trainer->loss),   CBX_ARGUMENT(trainer->correct),
                                      CBX_ARGUMENT(trainer->scratch)};
    const int gpu = trainer->device->family == CBX_FAMILY_GPU;
    const size_t groups = gpu || blocks < trainer->evaluating ? blocks : trainer->evaluating;
    const size_t local = gpu ? CBX_GROUP : 1;
    const cbx_range range = {{groups * local, 1}, {local, 1}};
    /* The scratch is the last, and evaluate_gpu has none. */
    return cbx_enqueue(trainer->device->queue, trainer->kernels[CBX_KERNEL_EVALUATE], arguments,
                       CBX_COUNT(arguments) - (gpu ? 1 : 0), range, NULL, NULL);
}

cbx_status cbx_trainer_evaluate(cbx_trainer *trainer, cbx_part part, cbx_evaluation *out) {
    if ((unsigned)part > CBX_TEST) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a dataset has no part %d", (int)part);
    }
    const uint32_t count = trainer->images_of[part];
    const size_t blocks =
        (count + trainer->device->evaluate_rows - 1) / trainer->device->evaluate_rows;
    float *loss = NULL;
    uint32_t first = 0, *correct = NULL;
    for (int before = 0; before < (int)part; before++) {
        first += trainer->images_of[before];
    }
    cbx_status status = cbx_new(&loss, blocks);
    if (!status) {
        status = cbx_new(&correct, blocks);
    }
    if (!status) {
        status = cbx_trainer_check(trainer);
    }
    if (!status) {
        status = enqueue(trainer, first, count, blocks);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, trainer->loss, CL_TRUE, 0,
                                                  blocks * sizeof *loss, loss, 0, NULL, NULL),
                              "reading the losses");
    }
    if (!status) {
        status =
            cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, trainer->correct, CL_TRUE, 0,
                                             blocks * sizeof *correct, correct, 0, NULL, NULL),
                         "evaluating");
    }
    if (!status) {
        out->images = count;
        out->correct = 0;
        out->loss = 0.0;
        for (size_t i = 0; i < blocks; i++) {
            out->correct += correct[i];
            out->loss += loss[i];
        }
        out->loss /= count;
        if (!isfinite(out->loss)) {
            status = cbx_fail(CBX_DIVERGED,
                              "the loss is no longer finite; choose a smaller learning rate");
        }
    }
    free(loss);
    free(correct);
    return status;
}
