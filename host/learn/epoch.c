/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "data/sampler.h"
#include "learn/job.h"
#include "learn/rates.h"

/* Blocks of batches that may be under way without a film. */
enum { BLOCKS_AHEAD = 4, BLOCK_BATCHES = 8 };

/* One batch, with its picture when one is due. */
static cbx_status film_batch(cbx_job *job, uint32_t *first, uint32_t training_images) {
    const cbx_learn_settings *settings = job->settings;
    const uint32_t left = training_images - *first;
    const uint32_t rows = left < settings->batch ? left : settings->batch;
    const cbx_rates rates = cbx_rates_of_batch(settings, job->batch, job->plan.batches);
    int due = (job->batch + 1) % settings->frame_every == 0 || job->batch + 1 == job->plan.batches;
    cbx_status status = CBX_OK;
    cbx_canvas canvas;
    if (due) {
        status = cbx_job_next_canvas(job, &canvas);
        due = job->film != NULL; /* it may have been lost just now */
    }
    if (!status) {
        status = cbx_trainer_step_drawing(job->trainer, *first, rows, rates, job->batch,
                                          due ? &canvas : NULL);
        *first += rows;
        job->batch++;
    }
    cbx_job_report(job, job->batch);
    return status;
}

/* Blocks of batches; a marker behind each keeps this thread a few blocks ahead. */
typedef struct blocks {
    cl_event markers[BLOCKS_AHEAD];
    uint64_t done[BLOCKS_AHEAD]; /* batches when the marker is reached */
    unsigned turn;
} blocks;

/* Batches from the next one on that may go into one call: the same rates, whole. */
static uint32_t block_size(const cbx_job *job, uint32_t first, uint32_t training_images) {
    const uint32_t batch = job->settings->batch;
    const uint32_t launch = cbx_trainer_batches_per_launch(job->trainer);
    const uint32_t same_rates = CBX_RATE_BLOCK - (uint32_t)(job->batch % CBX_RATE_BLOCK);
    uint32_t count = launch > 1 ? launch : BLOCK_BATCHES;
    count = count < same_rates ? count : same_rates;
    const uint32_t whole = (training_images - first) / batch;
    return count < whole ? count : whole;
}

/* Waits for the oldest marker, whose place is needed. */
static cbx_status await_marker(cbx_job *job, blocks *ahead, unsigned at) {
    if (!ahead->markers[at]) {
        return CBX_OK;
    }
    cbx_status status = cbx_cl_check(clWaitForEvents(1, &ahead->markers[at]), "training");
    clReleaseEvent(ahead->markers[at]);
    ahead->markers[at] = NULL;
    cbx_job_report(job, ahead->done[at]);
    return status;
}

static cbx_status plain_block(cbx_job *job, blocks *ahead, uint32_t *first,
                              uint32_t training_images) {
    cl_command_queue queue = job->device->queue;
    const unsigned at = ahead->turn++ % BLOCKS_AHEAD;
    const cbx_rates rates = cbx_rates_of_batch(job->settings, job->batch, job->plan.batches);
    const uint32_t count = block_size(job, *first, training_images);
    cbx_status status = await_marker(job, ahead, at);
    if (status || job->stopping) {
        return status;
    }
    if (count > 0) {
        status = cbx_trainer_steps(job->trainer, *first, count, rates, job->batch);
        *first += count * job->settings->batch;
        job->batch += count;
    } else {
        status =
            cbx_trainer_step(job->trainer, *first, training_images - *first, rates, job->batch);
        *first = training_images;
        job->batch++;
    }
    ahead->done[at] = job->batch;
    if (!status) {
        status = cbx_cl_check(clEnqueueMarkerWithWaitList(queue, 0, NULL, &ahead->markers[at]),
                              "marking progress");
    }
    return status ? status : cbx_cl_check(clFlush(queue), "submitting work");
}

static cbx_status train_batches(cbx_job *job, uint32_t training_images) {
    blocks ahead = {{NULL}, {0}, 0};
    cbx_status status = CBX_OK;
    uint32_t first = 0;
    while (first < training_images && !status && !job->stopping) {
        status = job->film ? film_batch(job, &first, training_images)
                           : plain_block(job, &ahead, &first, training_images);
    }
    for (unsigned i = 0; i < BLOCKS_AHEAD; i++) {
        if (ahead.markers[i]) {
            clReleaseEvent(ahead.markers[i]);
        }
    }
    return status;
}

cbx_status cbx_job_train_epoch(cbx_job *job) {
    const uint32_t images = job->plan.training_images;
    const double start = cbx_clock_seconds();
    if (job->settings->no_shuffle) {
        cbx_sampler_in_order(job->order, images);
    } else {
        cbx_sampler_shuffle(&job->random, job->order, images);
    }
    cbx_status status = cbx_trainer_set_order(job->trainer, job->order, images);
    if (!status && job->result->batches == 0 && job->batch == 0) {
        job->result->times.first_batch = cbx_clock_seconds() - job->began;
    }
    if (!status) {
        status = train_batches(job, images);
    }
    if (!status) {
        status = cbx_trainer_check(job->trainer);
    }
    if (!status && !job->film) {
        /* An epoch of few blocks has asked nobody so far. */
        cbx_job_report(job, job->batch);
    }
    if (!status && job->frames) {
        status = cbx_job_collect(job, 0);
    }
    job->result->batches = job->batch;
    job->result->times.train += cbx_clock_seconds() - start;
    return status;
}
