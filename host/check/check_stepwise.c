/* SPDX-License-Identifier: MIT */
/* The kernels of the schedule `stepwise`, one after the other. What a kernel gets is
 * the work of those before it, so the first wrong array names the kernel. */
#include "check/specimen.h"
#include "network/stepwise.h"

static cbx_status compare(const cbx_specimen *specimen, const cbx_trainer *trainer,
                          const cbx_reference *reference) {
    const cbx_stepwise *own = trainer->own;
    const size_t rows = reference->rows, stride = trainer->stride;
    const struct {
        const char *kernel, *what;
        cl_mem buffer;
        size_t stride, rows; /* stride 0: rows of outputs */
        const double *should;
    } steps[] = {
        {"biased_matmul_hidden", "a1", trainer->a1, stride, rows, reference->a1},
        {"matmul_output", "a2", own->z2, 0, rows, reference->a2},
        {"sigmoid_derivative", "s2", own->s2, 0, rows, reference->s2},
        {"output_delta", "d2", trainer->d2, 0, rows, reference->d2},
        {"sigmoid_derivative", "s1", own->s1, stride, rows, reference->s1},
        {"hidden_delta", "d1", trainer->d1, stride, rows, reference->d1},
        {"weight_update_output", "w2", trainer->w2, 0, 1 + reference->hidden, reference->w2},
        {"weight_update_hidden", "w1", trainer->w1, CBX_W1_ROWS, CBX_W1_ROWS, reference->w1},
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

cbx_status cbx_check_stepwise(const cbx_specimen *specimen, cbx_schedule schedule,
                              cbx_recipe recipe) {
    const uint32_t batches[] = {0, cbx_specimen_batches(specimen) - 1}; /* the last is short */
    cbx_reference reference;
    cbx_trainer *trainer;
    (void)schedule;
    cbx_status status =
        cbx_specimen_start(specimen, recipe, CBX_SCHEDULE_STEPWISE, &trainer, &reference);
    for (uint32_t i = 0; i < 2 && !status; i++) {
        const uint32_t first = batches[i] * specimen->sizes->batch;
        const uint32_t rows = cbx_specimen_rows(specimen, batches[i]);
        status = cbx_trainer_step(trainer, first, rows, specimen->rates, i);
        if (!status) {
            cbx_reference_step(&reference, specimen->dataset, specimen->order, first, rows,
                               specimen->rates);
            status = compare(specimen, trainer, &reference);
        }
    }
    cbx_trainer_destroy(trainer);
    cbx_reference_clear(&reference);
    return status;
}
