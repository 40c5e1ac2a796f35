/* SPDX-License-Identifier: MIT */
/* Which batches of a run are computed again on the host: check/spot_check.h. */
#include "check/spot_check.h"
#include "learn/job.h"
#include "learn/rates.h"

/* The first batch of the run, the last one of its first epoch, which may be short, every thousandth
 * from the first on, and the last of all where a checkpoint follows it; where a batch has but a few
 * images, and takes no longer than looking at it costs, every so many thousandth. */
enum { DISTANCE = 1000, FEWEST_IMAGES = 16 };

static uint64_t next_after(const cbx_job *job, uint64_t number) {
    const uint64_t thousands = (FEWEST_IMAGES + job->settings->batch - 1) / job->settings->batch;
    const uint64_t distance = DISTANCE * thousands;
    const uint64_t regular = (number / distance + 1) * distance;
    const uint64_t short_one = job->plan.batches_per_epoch - 1, last = job->plan.batches - 1;
    const uint64_t special = number < short_one          ? short_one
                             : job->settings->checkpoint ? last
                                                         : UINT64_MAX;
    return number < special && special < regular ? special : regular;
}

uint64_t cbx_job_checks_bytes(const cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    return settings->no_check ? 0 : cbx_spot_check_bytes(settings->hidden, settings->batch);
}

uint64_t cbx_job_checks_device_bytes(const cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    return settings->no_check ? 0 : cbx_spot_check_device_bytes(settings->hidden, settings->batch);
}

cbx_status cbx_job_open_checks(cbx_job *job) {
    return job->settings->no_check
               ? CBX_OK
               : cbx_spot_check_create(&job->checks.spot, job->trainer, job->dataset);
}

cbx_status cbx_job_begin_check(cbx_job *job, uint64_t count) {
    cbx_checks *checks = &job->checks;
    const cbx_position *at = &job->position;
    const uint64_t number = checks->due > at->batch_number ? checks->due : at->batch_number;
    const uint64_t ahead = number - at->batch_number;
    if (!checks->spot || ahead >= count || cbx_spot_check_is_busy(checks->spot)) {
        return CBX_OK;
    }
    const uint32_t first = at->first + (uint32_t)ahead * job->settings->batch;
    const uint32_t left = job->plan.training_images - first;
    const cbx_spot_batch batch = {.order = job->order,
                                  .first = first,
                                  .rows = left < job->settings->batch ? left : job->settings->batch,
                                  .rates =
                                      cbx_rates_of_batch(job->settings, number, job->plan.batches),
                                  .number = number};
    cbx_spot_check_begin(checks->spot, &batch);
    checks->due = next_after(job, number);
    return cbx_trainer_begin_checks(job->trainer, batch.first, batch.rows, batch.rates, number);
}

void cbx_job_check_next(cbx_job *job) {
    job->checks.due = job->position.batch_number;
}

int cbx_job_is_checking(const cbx_job *job) {
    return job->checks.spot && cbx_spot_check_is_busy(job->checks.spot);
}

cbx_status cbx_job_look_at_check(cbx_job *job) {
    const int busy = cbx_job_is_checking(job);
    cbx_status status = busy ? cbx_spot_check_look(job->checks.spot, 0) : CBX_OK;
    if (status || !busy || cbx_job_is_checking(job) || !cbx_trainer_leads(job->trainer)) {
        return status;
    }
    status = cbx_trainer_flush(job->trainer);
    return status ? status : cbx_trainer_end_checks(job->trainer);
}

cbx_status cbx_job_end_check(cbx_job *job) {
    cbx_spot_check *spot = job->checks.spot;
    if (!spot) {
        return CBX_OK;
    }
    const int busy = cbx_job_is_checking(job);
    cbx_status status = cbx_trainer_flush(job->trainer);
    if (!status) {
        status = cbx_spot_check_look(spot, 1);
    }
    if (!status && busy) {
        status = cbx_trainer_end_checks(job->trainer);
    }
    job->result->checked = cbx_spot_check_count(spot);
    return status;
}

void cbx_job_clear_checks(cbx_job *job) {
    cbx_spot_check_destroy(job->checks.spot);
}
