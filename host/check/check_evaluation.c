/* SPDX-License-Identifier: MIT */
/* The evaluation kernels, which all schedules share, on every part of the dataset: the training
 * part of a large specimen fills more than one group of images. */
#include <math.h>
#include <stdlib.h>

#include "check/judge.h"
#include "network/schedule.h"

/* Images whose two largest outputs are as good as equal: either may be the answer. */
static double close_answers(const cbx_trial *trial) {
    const cbx_canon *canon = &trial->should;
    double close = 0.0;
    for (size_t b = 0; b < canon->rows && !trial->exact; b++) {
        const float *z = canon->z2 + b * CBX_CLASSES;
        float first = -INFINITY, second = -INFINITY;
        for (size_t o = 0; o < CBX_CLASSES; o++) {
            second = fmaxf(second, fminf(first, z[o]));
            first = fmaxf(first, z[o]);
        }
        close += first - second < 1e-4f;
    }
    return close;
}

static cbx_status check_answers(const cbx_trial *trial, cbx_part part, const cbx_evaluation *is,
                                const cbx_evaluation *should) {
    const cbx_specimen *specimen = trial->specimen;
    const double close = close_answers(trial);
    cbx_status status = cbx_judge(specimen, (cbx_place){"judge", "correct", 0, part},
                                  (double)is->correct, (double)should->correct, close);
    for (size_t i = 0; i < CBX_CLASSES * CBX_CLASSES && !status; i++) {
        const cbx_place place = {"judge", "confusion", i / CBX_CLASSES, i % CBX_CLASSES};
        status = cbx_judge(specimen, place, (double)is->confusion[place.row][place.column],
                           (double)should->confusion[place.row][place.column], close);
    }
    return status;
}

/* Z2, from the sums that were left for `judge`, which adds the bias. */
static cbx_status check_outputs(const cbx_trial *trial) {
    const cbx_canon *canon = &trial->should;
    const int on_cpu = trial->specimen->device->family == CBX_FAMILY_CPU;
    const size_t rows = canon->rows;
    float *z2 = NULL;
    cbx_status status =
        cbx_read_floats(trial->specimen, trial->trainer->outputs, 0, rows * CBX_LANES_OUT, &z2);
    for (size_t i = 0; i < rows * CBX_CLASSES && !status; i++) {
        z2[i / CBX_CLASSES * CBX_LANES_OUT + i % CBX_CLASSES] += canon->w2[i % CBX_CLASSES];
    }
    if (!status) {
        status = cbx_judge_rows(trial, on_cpu ? "evaluate_cpu" : "evaluate_gpu", "z2", z2, rows,
                                canon->z2);
    }
    free(z2);
    return status;
}

static cbx_status check_part(cbx_trial *trial, cbx_part part) {
    const cbx_specimen *specimen = trial->specimen;
    const cbx_evaluation should = cbx_canon_evaluate(&trial->should, specimen->dataset, part);
    cbx_evaluation is;
    cbx_status status = cbx_trainer_evaluate(trial->trainer, part, &is);
    if (status == CBX_DIVERGED) {
        is.loss = -1.0; /* not finite, which the canon's is */
        status = CBX_OK;
    }
    if (!status) {
        status = check_outputs(trial);
    }
    if (!status) {
        status = cbx_judge(specimen, (cbx_place){"judge", "loss", 0, part}, is.loss, should.loss,
                           trial->exact ? CBX_TO_THE_BIT : 1e-5 * should.loss);
    }
    return status ? status : check_answers(trial, part, &is, &should);
}

cbx_status cbx_check_evaluation(const cbx_specimen *specimen, cbx_schedule schedule,
                                cbx_recipe recipe) {
    cbx_trial trial;
    cbx_status status = cbx_trial_start(&trial, specimen, recipe, schedule);
    for (int part = CBX_TRAIN; part <= CBX_TEST && !status; part++) {
        status = check_part(&trial, (cbx_part)part);
    }
    cbx_trial_end(&trial);
    return status;
}
