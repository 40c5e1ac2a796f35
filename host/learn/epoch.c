#include "base/clock.h"
#include "data/sampler.h"
#include "learn/job.h"
#include "learn/rates.h"

/* Progress reports and questions whether to stop: some 20 a second. */
static const double REPORT_SECONDS = 0.05;

/* Blocks of batches that may be under way without a film. */
enum { BLOCKS_AHEAD = 4, BLOCK_BATCHES = 8 };

void cbx_job_report(cbx_job *job, uint64_t batches_done) {
    const cbx_learn_observer *observer = job->observer;
    if (observer->should_stop && observer->should_stop(observer->user)) {
        job->stopping = 1;
    }
    const double now = cbx_clock_seconds();
    if (observer->progressed && now - job->reported >= REPORT_SECONDS) {
        job->reported = now;
        observer->progressed(observer->user, batches_done);
    }
}

/* One batch after the other, each with its picture when one is due. */
static cbx_status film_batches(cbx_job *job, uint32_t training_images) {
    const cbx_learn_settings *settings = job->settings;
    cbx_status status = CBX_OK;
    for (uint32_t first = 0; first < training_images && !status && !job->stopping;
         first += settings->batch) {
        const uint32_t left = training_images - first;
        const uint32_t rows = left < settings->batch ? left : settings->batch;
        const cbx_rates rates = cbx_rates_of_batch(settings, job->batch, job->plan.batches);
        const int due =
            (job->batch + 1) % settings->frame_every == 0 || job->batch + 1 == job->plan.batches;
        cbx_canvas canvas;
        if (due) {
            status = cbx_job_next_canvas(job, &canvas);
        }
        if (!status) {
            status = cbx_trainer_step_drawing(job->trainer, first, rows, rates, job->batch,
                                              due ? &canvas : NULL);
        }
        job->batch++;
        cbx_job_report(job, job->batch);
    }
    return status;
}

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

/* Blocks of batches; a marker behind each keeps this thread a few blocks ahead. */
static cbx_status plain_batches(cbx_job *job, uint32_t training_images) {
    cl_command_queue queue = job->device->queue;
    cl_event markers[BLOCKS_AHEAD] = {NULL};
    uint64_t done[BLOCKS_AHEAD] = {0};
    cbx_status status = CBX_OK;
    unsigned turn = 0;
    for (uint32_t first = 0; first < training_images && !status && !job->stopping; turn++) {
        const unsigned at = turn % BLOCKS_AHEAD;
        const cbx_rates rates = cbx_rates_of_batch(job->settings, job->batch, job->plan.batches);
        const uint32_t count = block_size(job, first, training_images);
        if (markers[at]) {
            status = cbx_cl_check(clWaitForEvents(1, &markers[at]), "training");
            clReleaseEvent(markers[at]);
            markers[at] = NULL;
            cbx_job_report(job, done[at]);
        }
        if (status) {
            break;
        }
        if (count > 0) {
            status = cbx_trainer_steps(job->trainer, first, count, rates, job->batch);
            first += count * job->settings->batch;
            job->batch += count;
        } else {
            status =
                cbx_trainer_step(job->trainer, first, training_images - first, rates, job->batch);
            first = training_images;
            job->batch++;
        }
        done[at] = job->batch;
        if (!status) {
            status = cbx_cl_check(clEnqueueMarkerWithWaitList(queue, 0, NULL, &markers[at]),
                                  "marking progress");
        }
        if (!status) {
            status = cbx_cl_check(clFlush(queue), "submitting work");
        }
    }
    for (unsigned i = 0; i < BLOCKS_AHEAD; i++) {
        if (markers[i]) {
            clReleaseEvent(markers[i]);
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
        status = job->film ? film_batches(job, images) : plain_batches(job, images);
    }
    if (!status) {
        status = cbx_trainer_check(job->trainer);
    }
    if (!status && !job->film) {
        /* An epoch of few blocks has asked nobody so far. */
        cbx_job_report(job, job->batch);
    }
    if (!status && job->film) {
        status = cbx_job_collect(job, 0);
    }
    job->result->batches = job->batch;
    job->result->times.train += cbx_clock_seconds() - start;
    return status;
}
