/* SPDX-License-Identifier: MIT */
/* The kernels of the schedule `stepwise`, one after the other. What a kernel gets is
 * the work of those before it, so the first wrong array names the kernel. */
#include <stdlib.h>

#include "base/memory.h"
#include "check/judge.h"
#include "network/stepwise.h"

/* s(A1), s(A2) */
typedef struct slopes {
    float *s1, *s2;
} slopes;

static cbx_status compare(const cbx_trial *trial, const slopes *should) {
    const cbx_trainer *trainer = trial->trainer;
    const cbx_stepwise *own = trainer->own;
    const cbx_canon *canon = &trial->should;
    const size_t rows = canon->rows, stride = trainer->stride;
    const struct {
        const char *kernel, *what;
        cl_mem buffer;
        size_t stride, rows; /* stride 0: rows of outputs */
        const float *should;
    } steps[] = {
        {"biased_matmul_hidden", "a1", trainer->a1, stride, rows, canon->a1},
        {"matmul_output", "a2", own->z2, 0, rows, canon->a2},
        {"sigmoid_derivative", "s2", own->s2, 0, rows, should->s2},
        {"output_delta", "d2", trainer->d2, 0, rows, canon->d2},
        {"sigmoid_derivative", "s1", own->s1, stride, rows, should->s1},
        {"hidden_delta", "d1", trainer->d1, stride, rows, canon->d1},
        {"weight_update_output", "w2", trainer->w2, 0, 1 + canon->hidden, canon->w2},
        {"weight_update_hidden", "w1", trainer->w1, CBX_W1_ROWS, CBX_W1_ROWS, canon->w1},
    };
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !status; i++) {
        status = steps[i].stride > 0
                     ? cbx_judge_panels(trial, steps[i].kernel, steps[i].what, steps[i].buffer,
                                        steps[i].stride, steps[i].rows, steps[i].should)
                     : cbx_judge_outputs(trial, steps[i].kernel, steps[i].what, steps[i].buffer,
                                         steps[i].rows, steps[i].should);
    }
    return status;
}

static cbx_status check_batch(cbx_trial *trial, uint32_t number) {
    const cbx_specimen *specimen = trial->specimen;
    cbx_canon *canon = &trial->should;
    const uint32_t first = number * specimen->sizes->batch;
    const uint32_t rows = cbx_specimen_rows(specimen, number);
    slopes should = {NULL, NULL};
    cbx_status status = cbx_new(&should.s1, (size_t)rows * canon->hidden);
    if (!status) {
        status = cbx_new(&should.s2, (size_t)rows * CBX_CLASSES);
    }
    if (!status) {
        status = cbx_trainer_step(trial->trainer, first, rows, specimen->rates, number);
    }
    if (!status) {
        cbx_canon_step(canon, specimen->dataset, specimen->order, first, rows, specimen->rates);
        cbx_canon_derivatives(canon->recipe, canon->a1, rows * canon->hidden, should.s1);
        cbx_canon_derivatives(canon->recipe, canon->a2, rows * CBX_CLASSES, should.s2);
        status = compare(trial, &should);
    }
    if (!status) {
        status = cbx_judge_losses(trial, "output_loss", first);
    }
    free(should.s1);
    free(should.s2);
    return status;
}

cbx_status cbx_check_stepwise(const cbx_specimen *specimen, cbx_schedule schedule,
                              cbx_recipe recipe) {
    cbx_trial trial;
    cbx_status status = cbx_trial_start(&trial, specimen, recipe, schedule);
    if (!status) {
        status = check_batch(&trial, 0);
    }
    if (!status) {
        status = check_batch(&trial, cbx_specimen_batches(specimen) - 1); /* it is short */
    }
    cbx_trial_end(&trial);
    return status;
}
