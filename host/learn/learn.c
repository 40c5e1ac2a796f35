/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "learn/job.h"

_Static_assert(CBX_SHA256_TEXT == CBX_DIGEST_TEXT, "a digest fits the result");

/* Those of the batches of an epoch that is over; NULL: nobody wants them. */
static const double *batch_losses(const cbx_job *job, uint32_t epoch) {
    const double *all = job->losses.of_batches;
    return all ? all + (epoch - 1) * job->plan.batches_per_epoch : NULL;
}

/* Losses and accuracy after an epoch, for the observers. */
static cbx_status evaluate_epoch(cbx_job *job, uint32_t epoch, double seconds) {
    cbx_evaluation train, validation;
    cbx_job_tell_evaluating(job, epoch);
    const double start = cbx_clock_seconds();
    cbx_status status = cbx_trainer_evaluate(job->trainer, CBX_TRAIN, &train);
    if (!status) {
        status = cbx_trainer_evaluate(job->trainer, CBX_VALIDATION, &validation);
    }
    if (status) {
        return status;
    }
    const double took = cbx_clock_seconds() - start;
    job->result->times.evaluate += took;
    job->result->epochs = epoch;
    cbx_epoch_report report = {
        .epoch = epoch,
        .train_loss = train.loss,
        .validation_loss = validation.loss,
        .validation_accuracy = (double)validation.correct / (double)validation.images,
        .seconds = seconds,
        .evaluate_seconds = took,
        .batch_losses = batch_losses(job, epoch),
        .batches = job->plan.batches_per_epoch,
    };
    job->accuracy = report.validation_accuracy;
    memcpy(report.validation_confusion, validation.confusion, sizeof validation.confusion);
    cbx_job_note_epoch(job, &report);
    cbx_job_tell_epoch(job, &report);
    return CBX_OK;
}

static cbx_status train_epochs(cbx_job *job) {
    const cbx_position *at = &job->position;
    cbx_status status = CBX_OK;
    if (job->result->epochs < at->epoch) { /* it goes on from between training and judging */
        status = evaluate_epoch(job, at->epoch, 0.0);
    }
    int stops = 0;
    while (at->epoch < job->settings->epochs && !status && !stops) {
        const double start = cbx_clock_seconds(), exchanged = job->bond.seconds;
        const uint32_t before = at->epoch;
        stops = cbx_job_should_stop(job);
        if (stops && !cbx_job_wants_one_more(job)) {
            break;
        }
        status = cbx_job_train_epoch(job);
        job->result->times.exchange += job->bond.seconds - exchanged;
        if (!status && at->epoch > before) {
            status = evaluate_epoch(job, at->epoch, cbx_clock_seconds() - start);
        }
    }
    return status;
}

static cbx_status evaluate_test(cbx_job *job) {
    cbx_evaluation test;
    const double start = cbx_clock_seconds();
    cbx_status status = cbx_trainer_evaluate(job->trainer, CBX_TEST, &test);
    if (!status) {
        job->result->test_loss = test.loss;
        job->result->test_accuracy = (double)test.correct / (double)test.images;
        job->result->times.evaluate += cbx_clock_seconds() - start;
    }
    return status;
}

/* Of what was learned. */
static cbx_status hash_weights(cbx_job *job) {
    if (job->position.batch_number == 0) {
        return CBX_OK;
    }
    return cbx_job_hash_weights(job, job->result->weights_sha256);
}

static cbx_status run(cbx_job *job) {
    cbx_status status = cbx_job_blame(job, cbx_job_prepare(job));
    if (status) { /* what was done before is not of this run */
        job->result->interrupted = status == CBX_INTERRUPTED;
        job->result->batches = job->result->epochs = 0;
        return status;
    }
    cbx_job_tell_started(job);
    cbx_job_retell(job);
    status = train_epochs(job);
    if (!status) {
        status = cbx_job_keep_now(job);
    }
    status = cbx_job_blame(job, status);
    if (status) {
        cbx_job_keep_stop(job); /* which says what is still needed */
    }
    const double trained = cbx_clock_seconds();
    /* A stop that was asked for during the last batch came too late to stop anything. */
    const int complete = cbx_job_is_whole(job);
    if (!status && complete) {
        status = evaluate_test(job);
    }
    if (!status) {
        status = hash_weights(job);
    }
    status = cbx_job_blame(job, status);
    cbx_fault_take(&job->fault, status);
    cbx_job_finish_film(job, status);
    cbx_job_finish_page_film(job, status);
    cbx_job_write_outputs(job, status);
    cbx_job_commit_outputs(job);
    cbx_job_remove_page_film(job); /* before the checkpoint says that the run is over */
    job->result->times.finish = cbx_clock_seconds() - trained;
    job->result->interrupted = !status && !complete;
    if (!job->fault.status && !complete) {
        return cbx_fail(CBX_INTERRUPTED, "stopped after batch %llu of %llu",
                        (unsigned long long)job->result->batches,
                        (unsigned long long)job->plan.batches);
    }
    return cbx_fault_raise(&job->fault);
}

/* Tells how the run ended, and keeps the sentence, a build log perhaps, over it. A failure is
 * worth more than that the run was stopped. */
static cbx_status end(cbx_job *job, cbx_status status) {
    char *sentence = strdup(cbx_last_error());
    job->result->times.total = cbx_clock_seconds() - job->began;
    cbx_job_tell_ended(job);
    if (!status && !job->fault.status) {
        status = cbx_job_keep_end(job);
        status = status == CBX_DEVICE_FAULT ? cbx_job_blame(job, status) : status;
        free(sentence);
        sentence = strdup(cbx_last_error());
    }
    cbx_job_clear(job); /* which may fail at something, and is none the worse */
    if (job->fault.status && (!status || status == CBX_INTERRUPTED)) {
        status = cbx_fault_raise(&job->fault);
    } else if (status) {
        (void)cbx_fail(status, "%s", sentence ? sentence : cbx_status_text(status));
    }
    free(sentence);
    return status;
}

cbx_status cbx_learn(const cbx_learn_settings *settings, const cbx_learn_observer *observers,
                     size_t observer_count, const cbx_learn_control *control,
                     cbx_learn_result *result) {
    cbx_learn_result ignored;
    cbx_job job;
    memset(&job, 0, sizeof job);
    job.settings = settings;
    job.control = control;
    job.result = result ? result : &ignored;
    memset(job.result, 0, sizeof *job.result);
    job.result->test_loss = job.result->test_accuracy = job.result->times.exchange = NAN;
    job.began = cbx_clock_seconds();
    cbx_status status = cbx_job_set_observers(&job, observers, observer_count);
    if (!status) {
        status = cbx_learn_check(settings);
    }
    if (!status) {
        status = run(&job);
    }
    return end(&job, status);
}
