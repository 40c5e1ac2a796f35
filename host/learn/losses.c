/* SPDX-License-Identifier: MIT */
/* What training makes of every batch, where somebody wants it. */
#include <stdlib.h>

#include "base/memory.h"
#include "learn/job.h"

static int are_wanted(const cbx_job *job) {
    return job->settings->batch_losses || job->settings->report;
}

uint64_t cbx_job_losses_bytes(const cbx_job *job) {
    return are_wanted(job) ? job->plan.batches * sizeof *job->losses.of_batches +
                                 job->plan.training_images * sizeof *job->losses.of_images
                           : 0;
}

cbx_status cbx_job_keep_losses(cbx_job *job) {
    cbx_losses *losses = &job->losses;
    if (job->settings->film && job->settings->caption) { /* the device draws them */
        cbx_trainer_keep_losses(job->trainer);
    }
    if (!are_wanted(job)) {
        return CBX_OK;
    }
    cbx_trainer_keep_losses(job->trainer);
    cbx_status status = cbx_new(&losses->of_images, job->plan.training_images);
    return status ? status : cbx_new(&losses->of_batches, job->plan.batches);
}

static double mean(const float *of_images, uint32_t count) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        sum += (double)of_images[i];
    }
    return sum / count;
}

cbx_status cbx_job_take_losses(cbx_job *job) {
    cbx_losses *losses = &job->losses;
    const uint32_t batch = job->settings->batch, images = job->position.first;
    if (!losses->of_batches) {
        return CBX_OK;
    }
    double *to = losses->of_batches + job->position.epoch * job->plan.batches_per_epoch;
    cbx_status status = cbx_trainer_losses(job->trainer, 0, images, losses->of_images);
    for (uint32_t first = 0, rows; first < images && !status; first += rows) {
        rows = images - first < batch ? images - first : batch;
        *to++ = mean(losses->of_images + first, rows);
    }
    losses->count = status ? losses->count : job->position.batch_number;
    return status;
}

void cbx_job_clear_losses(cbx_job *job) {
    free(job->losses.of_images);
    free(job->losses.of_batches);
}
