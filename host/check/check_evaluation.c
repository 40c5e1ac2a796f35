/* SPDX-License-Identifier: MIT */
/* The evaluation kernels, which all schedules share, on every part of the dataset: the training
 * part of a large specimen fills more than one group of images. */
#include <stdlib.h>

#include "base/memory.h"
#include "check/specimen.h"
#include "network/schedule.h"

/* Where two outputs are as good as equal, either may be the largest. */
static cbx_status check_answers(const cbx_specimen *specimen, cbx_part part,
                                const cbx_evaluation *is, const cbx_reference_verdict *should) {
    cbx_status status =
        cbx_judge(specimen, (cbx_place){"judge", "correct", 0, part}, (double)is->correct,
                  (double)should->correct, (double)should->close);
    for (size_t i = 0; i < CBX_CLASSES * CBX_CLASSES && !status; i++) {
        const cbx_place place = {"judge", "confusion", i / CBX_CLASSES, i % CBX_CLASSES};
        status =
            cbx_judge(specimen, place, (double)is->confusion[place.row][place.column],
                      (double)should->confusion[place.row][place.column], (double)should->close);
    }
    return status;
}

static cbx_status check_part(const cbx_specimen *specimen, cbx_trainer *trainer,
                             cbx_reference *reference, cbx_part part) {
    const char *kernel =
        specimen->device->family == CBX_FAMILY_CPU ? "evaluate_cpu" : "evaluate_gpu";
    const cbx_reference_verdict should =
        cbx_reference_evaluate(reference, specimen->dataset, part, 1e-4);
    cbx_evaluation is;
    double *sums = NULL; /* Z2 without the bias, which `judge` adds */
    cbx_status status = cbx_trainer_evaluate(trainer, part, &is);
    if (status == CBX_DIVERGED) {
        is.loss = -1.0; /* not finite, which the reference is */
        status = CBX_OK;
    }
    if (!status) {
        status = cbx_new(&sums, reference->rows * CBX_CLASSES);
    }
    for (size_t i = 0; i < reference->rows * CBX_CLASSES && !status; i++) {
        sums[i] = reference->z2[i] - reference->w2[i % CBX_CLASSES];
    }
    if (!status) {
        status = cbx_judge_outputs(specimen, kernel, "z2", trainer->outputs, reference->rows, sums);
    }
    free(sums);
    if (!status) {
        status = cbx_judge(specimen, (cbx_place){"judge", "loss", 0, part}, is.loss, should.loss,
                           1e-5 * should.loss);
    }
    return status ? status : check_answers(specimen, part, &is, &should);
}

cbx_status cbx_check_evaluation(const cbx_specimen *specimen, cbx_schedule schedule,
                                cbx_recipe recipe) {
    cbx_reference reference;
    cbx_trainer *trainer;
    cbx_status status = cbx_specimen_start(specimen, recipe, schedule, &trainer, &reference);
    for (int part = CBX_TRAIN; part <= CBX_TEST && !status; part++) {
        status = check_part(specimen, trainer, &reference, (cbx_part)part);
    }
    cbx_trainer_destroy(trainer);
    cbx_reference_clear(&reference);
    return status;
}
