/* SPDX-License-Identifier: MIT */
/* Loss and correct answers over a part of the dataset. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/schedule.h"

cbx_status cbx_trainer_evaluate(cbx_trainer *trainer, cbx_part part, cbx_evaluation *out) {
    if ((unsigned)part > CBX_TEST) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a dataset has no part %d", (int)part);
    }
    const uint32_t count = trainer->images_of[part];
    const size_t unit = trainer->device->built.evaluate_rows, blocks = (count + unit - 1) / unit;
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
        status = trainer->way->evaluator->run(trainer, first, count, blocks);
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
