/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "data/sampler.h"
#include "learn/job.h"
#include "learn/rates.h"
#include "network/throttle.h"

/* Batches with the same rates that go to the trainer at a time: whole ones in one call, then
 * one that is short, or the last of the run, which has a picture in any case. Where pictures come
 * at no regular distance, the next batch with one, too. */
typedef struct segment {
    uint32_t together, alone; /* batches, and images of the last one; 0: none */
} segment;

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Whether pictures are taken where the film's clock says, rather than after every so many batches,
 * which the trainer counts itself. */
static int is_timed(const cbx_job *job) {
    return job->settings->film && job->timing.every == 0;
}

/* The next batch that has a picture, counted from 1. */
static uint64_t next_pictured(const cbx_job *job) {
    return cbx_timing_batch(&job->timing, job->asked);
}

/* The longest one from job->position on. */
static segment next_segment(const cbx_job *job) {
    const cbx_position *at = &job->position;
    const uint64_t number = at->batch_number;
    const uint32_t left = job->plan.training_images - at->first;
    const uint32_t rows = (uint32_t)least(left, job->settings->batch);
    uint64_t count = least(left / rows, CBX_RATE_BLOCK - number % CBX_RATE_BLOCK);
    count = least(count, cbx_throttle_block(job->trainer));
    /* The batch that is checked is the last before a checkpoint. */
    count = cbx_job_keep_waits(job) || job->stopping ? 1 : count;
    count = job->pause ? least(count, job->pause - number) : count;
    count = least(count, cbx_job_page_film_next(job) - number);
    count = is_timed(job) ? least(count, next_pictured(job) - number) : count;
    const uint64_t end = number + count;
    const int alone = rows < job->settings->batch || end == job->plan.batches ||
                      (is_timed(job) && end == next_pictured(job));
    return (segment){(uint32_t)count - (alone ? 1 : 0), alone ? rows : 0};
}

static void advance(cbx_position *at, uint32_t images, uint32_t batches) {
    at->first += images;
    at->batch_number += batches;
}

static int is_pictured(const cbx_job *job, uint64_t number) {
    if (is_timed(job)) {
        return number + 1 == next_pictured(job);
    }
    return (number + 1) % job->settings->frame_every == 0 || number + 1 == job->plan.batches;
}

/* Those of the batches so far are taken care of. */
static void pass_frames(cbx_job *job) {
    const uint64_t end = job->position.batch_number;
    while (is_timed(job) && job->asked < job->timing.moving && next_pictured(job) <= end) {
        job->asked++;
    }
}

static cbx_status train_segment(cbx_job *job, segment next) {
    cbx_trainer *trainer = job->trainer;
    cbx_position *at = &job->position;
    const cbx_rates rates = cbx_rates_of_batch(job->settings, at->batch_number, job->plan.batches);
    cbx_status status = CBX_OK;
    if (next.together > 0) {
        const uint32_t every = is_timed(job) ? 0 : job->settings->frame_every;
        status = cbx_trainer_steps_drawing(trainer, at->first, next.together, rates,
                                           at->batch_number, every);
        advance(at, next.together * job->settings->batch, next.together);
    }
    if (!status && next.alone > 0) {
        status = (is_pictured(job, at->batch_number) ? cbx_trainer_step_drawing : cbx_trainer_step)(
            trainer, at->first, next.alone, rates, at->batch_number);
        advance(at, next.alone, 1);
        pass_frames(job);
    }
    return status;
}

static int pauses(const cbx_job *job) {
    return job->pause && job->position.batch_number >= job->pause;
}

static cbx_status train_next(cbx_job *job) {
    const segment next = next_segment(job);
    cbx_status status = cbx_job_begin_check(job, (uint64_t)next.together + (next.alone > 0));
    if (!status) {
        status = train_segment(job, next);
    }
    return status ? status : cbx_job_draw_page_film(job);
}

int cbx_job_wants_one_more(const cbx_job *job) {
    return job->stopping && job->keeper && job->checks.spot && job->position.batch_number > 0 &&
           job->position.first < job->plan.training_images;
}

static cbx_status train_checked(cbx_job *job) {
    const cbx_status status = cbx_job_end_check(job); /* one at a time */
    if (status) {
        return status;
    }
    cbx_job_check_next(job);
    return train_next(job);
}

static cbx_status train_batches(cbx_job *job) {
    const cbx_position *at = &job->position;
    cbx_throttle throttle = {.device = job->device};
    uint64_t done = at->batch_number;
    cbx_status status = CBX_OK;
    while (at->first < job->plan.training_images && !status && !job->stopping && !pauses(job)) {
        status = cbx_job_keep(job);
        if (!status) {
            status = train_next(job);
        }
        if (!status) {
            status = cbx_throttle_wait(&throttle, at->batch_number, &done);
        }
        if (!status) {
            status = cbx_job_look_at_check(job);
        }
        if (!status && at->first < job->plan.training_images) {
            cbx_job_report(job, done);
        }
    }
    cbx_throttle_clear(&throttle);
    return status || !cbx_job_wants_one_more(job) ? status : train_checked(job);
}

cbx_status cbx_job_train_epoch(cbx_job *job) {
    const uint32_t images = job->plan.training_images;
    const double start = cbx_clock_seconds();
    cbx_position *at = &job->position;
    cbx_random random = at->random;
    if (job->settings->no_shuffle) {
        cbx_sampler_in_order(job->order, images);
    } else {
        cbx_sampler_shuffle(&random, job->order, images);
    }
    cbx_status status = cbx_trainer_set_order(job->trainer, job->order, images);
    if (!status && at->batch_number == 0) {
        job->result->times.first_batch = cbx_clock_seconds() - job->began;
    }
    if (!status) {
        status = train_batches(job);
    }
    if (!status) {
        status = cbx_trainer_check(job->trainer);
    }
    if (!status) {
        status = cbx_job_end_check(job);
    }
    if (!status) {
        cbx_job_report(job, at->batch_number);
        status = cbx_job_collect(job);
    }
    if (!status) {
        status = cbx_job_take_losses(job);
    }
    if (!status && at->first == images) {
        at->epoch++;
        at->first = 0;
        at->random = random;
    }
    job->result->batches = at->batch_number;
    job->result->times.train += cbx_clock_seconds() - start;
    return status;
}
