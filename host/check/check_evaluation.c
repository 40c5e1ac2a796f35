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

/* U (P, 32), which both families take. */
static cbx_status check_columns(const cbx_trial *trial) {
    const size_t hidden = trial->should.hidden;
    float *u = NULL;
    cbx_status status = cbx_read_floats(trial->specimen, trial->trainer->u, 0, hidden, &u);
    for (size_t h = 0; h < hidden && !status; h++) {
        float sum = 0.0f;
        for (size_t slab = 0; slab < CBX_SLABS; slab++) {
            float part = 0.0f;
            for (size_t k = 0; k < CBX_SLAB; k++) {
                part += trial->should.w1[(1 + slab * CBX_SLAB + k) * hidden + h];
            }
            sum += part;
        }
        status = cbx_judge(trial->specimen, (cbx_place){"column_sums", "u", 0, h}, (double)u[h],
                           (double)sum, trial->exact ? CBX_TO_THE_BIT : 1e-4);
    }
    free(u);
    return status;
}

/* Z2 from the sums (rows, 16), to which `judge` adds the bias; frees them. */
static cbx_status check_sums(const cbx_trial *trial, const char *kernel, float *sums) {
    const cbx_canon *canon = &trial->should;
    for (size_t i = 0; i < canon->rows * CBX_CLASSES; i++) {
        sums[i / CBX_CLASSES * CBX_LANES_OUT + i % CBX_CLASSES] += canon->w2[i % CBX_CLASSES];
    }
    cbx_status status = cbx_judge_rows(trial, kernel, "z2", sums, canon->rows, canon->z2);
    free(sums);
    return status;
}

static cbx_status check_outputs(const cbx_trial *trial, const char *kernel) {
    const cbx_trainer *trainer = trial->trainer;
    float *sums = NULL;
    cbx_status status = cbx_read_floats(trial->specimen, trainer->outputs, 0,
                                        trial->should.rows * CBX_LANES_OUT, &sums);
    return status ? status : check_sums(trial, kernel, sums);
}

/* The blocks of 64 images as the kernels for GPUs read them, and the panels' shares. */
static cbx_status check_blocks(const cbx_trial *trial) {
    const cbx_trainer *trainer = trial->trainer;
    const size_t rows = trial->should.rows, blocks = (rows + CBX_ROW_BLOCK - 1) / CBX_ROW_BLOCK;
    float *sums = NULL;
    cbx_status status = CBX_OK;
    for (size_t block = 0; block < blocks && !status; block++) {
        const size_t first = block * CBX_ROW_BLOCK, left = rows - first;
        status =
            cbx_check_turned(trial, block, 1, first, left < CBX_ROW_BLOCK ? left : CBX_ROW_BLOCK);
    }
    if (!status) {
        status = cbx_add_shares(trial->specimen, trainer->scratch, 0, trainer->panels,
                                blocks * CBX_ROW_BLOCK * CBX_LANES_OUT, &sums);
    }
    return status ? status : check_sums(trial, "evaluate_gpu", sums);
}

/* Z2, and what leads to it. */
static cbx_status check_forward(const cbx_trial *trial) {
    cbx_status status = check_columns(trial);
    if (trial->specimen->device->family == CBX_FAMILY_CPU) {
        return status ? status : check_outputs(trial, "evaluate_cpu");
    }
    if (!status) {
        status = check_blocks(trial);
    }
    return status ? status : check_outputs(trial, "evaluate_gpu_sums");
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
        status = check_forward(trial);
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
