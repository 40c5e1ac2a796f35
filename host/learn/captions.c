/* SPDX-License-Identifier: MIT */
/* What the captions of a run's pictures say. */
#include "learn/job.h"

/* The batch that the picture to come shows, counted from 1; all that were trained, where it shows
 * the end. */
static uint64_t next_batch(const cbx_job *job) {
    return job->reel && job->drawn < job->timing.moving ? cbx_timing_batch(&job->timing, job->drawn)
                                                        : job->position.batch_number;
}

static uint32_t epoch_of(const cbx_job *job, uint64_t batch) {
    return (uint32_t)((batch - 1) / job->plan.batches_per_epoch);
}

/* Images of the batches since the picture before, as far as they are in the epoch of the last. */
static cbx_news news_of(const cbx_job *job, uint64_t batch) {
    const uint64_t size = job->settings->batch, images = job->plan.training_images;
    const uint64_t start = epoch_of(job, batch) * job->plan.batches_per_epoch;
    const uint64_t before = job->told > start ? job->told - start : 0, end = (batch - start) * size;
    const uint64_t first = before * size, last = end < images ? end : images;
    return (cbx_news){.losses = cbx_trainer_loss_buffer(job->trainer),
                      .first = (uint32_t)first,
                      .count = (uint32_t)(batch > job->told ? last - first : 0)};
}

void cbx_job_caption(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    const cbx_learn_plan *plan = &job->plan;
    const uint64_t batch = next_batch(job);
    const cbx_news news = news_of(job, batch);
    const cbx_facts facts = {.neurons = plan->grid.neurons,
                             .shown = plan->grid.tiles,
                             .recipe = cbx_recipe_name(settings->recipe),
                             .epoch = epoch_of(job, batch) + 1,
                             .epochs = settings->epochs,
                             .batch = batch,
                             .batches = plan->batches,
                             .accuracy = job->result->epochs > 0 ? job->accuracy : -1.0,
                             .has_loss = settings->film != NULL,
                             .frame = (uint32_t)job->drawn,
                             .frames = (uint32_t)job->timing.moving};
    cbx_painter_tell(&job->painter, &facts, &news);
    job->told = batch;
}
