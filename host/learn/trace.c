/* SPDX-License-Identifier: MIT */
#include "learn/trace.h"

#include <stdlib.h>

#include "base/memory.h"
#include "learn/job.h"

/* Jobs of single runs borrow dataset and devices from this one, which never trains. */
struct cbx_tracer {
    cbx_job job;
    cbx_learn_result result;
};

static cbx_status open_device(cbx_job *job) {
    cbx_status status = cbx_job_start(job);
    if (!status && cbx_job_should_stop(job)) {
        status = cbx_fail(CBX_INTERRUPTED, "stopped while the device started");
    }
    return status ? status : cbx_job_make_plan(job);
}

cbx_status cbx_tracer_open(cbx_tracer **out, const cbx_learn_settings *settings,
                           cbx_dataset *dataset, const cbx_learn_control *control) {
    cbx_tracer *tracer = NULL;
    *out = NULL;
    cbx_status status = cbx_learn_check(settings);
    if (!status) {
        status = cbx_new(&tracer, 1);
    }
    if (status) {
        return status;
    }
    tracer->job.settings = settings;
    tracer->job.control = control;
    tracer->job.result = &tracer->result;
    tracer->job.dataset = dataset;
    status = cbx_job_blame(&tracer->job, open_device(&tracer->job));
    if (status) {
        cbx_tracer_close(tracer);
        return status;
    }
    *out = tracer;
    return CBX_OK;
}

void cbx_tracer_close(cbx_tracer *tracer) {
    if (tracer) {
        tracer->job.dataset = NULL; /* the caller's */
        cbx_job_clear(&tracer->job);
        free(tracer);
    }
}

const cbx_learn_plan *cbx_tracer_plan(const cbx_tracer *tracer) {
    return &tracer->job.plan;
}

static cbx_status take_mark(cbx_job *job, cbx_trace *trace) {
    cbx_mark *mark = &trace->marks[trace->count];
    const cbx_status status = cbx_job_hash_weights(job, mark->sha256);
    if (!status) {
        mark->batches = job->position.batch_number;
        trace->count++;
    }
    return status;
}

/* Through as many epochs as that takes. */
static cbx_status train_until(cbx_job *job, uint64_t batches) {
    const cbx_position *at = &job->position;
    cbx_status status = CBX_OK;
    job->pause = batches;
    while (!status && at->batch_number < batches) {
        status = cbx_job_train_epoch(job);
        if (!status && job->stopping) {
            status = cbx_fail(CBX_INTERRUPTED, "stopped after batch %llu of %llu",
                              (unsigned long long)at->batch_number,
                              (unsigned long long)job->plan.batches);
        }
    }
    return status;
}

static cbx_status train(cbx_job *job, uint64_t end, cbx_trace *trace) {
    cbx_status status = take_mark(job, trace);
    for (uint64_t next = 1; !status && trace->marks[trace->count - 1].batches < end; next *= 2) {
        status = train_until(job, next < end ? next : end);
        if (!status) {
            status = take_mark(job, trace);
        }
    }
    return status;
}

cbx_status cbx_tracer_run(cbx_tracer *tracer, const cbx_learn_settings *settings, uint64_t batches,
                          cbx_trace *out) {
    cbx_learn_result result = {0};
    cbx_job job = {.settings = settings,
                   .control = tracer->job.control,
                   .result = &result,
                   .dataset = tracer->job.dataset,
                   .device = tracer->job.device,
                   .devices = tracer->job.devices,
                   .device_count = tracer->job.device_count,
                   .owners = tracer->job.owners,
                   .owner_count = tracer->job.owner_count,
                   .lead = tracer->job.lead};
    out->count = 0;
    cbx_status status = cbx_learn_check(settings);
    if (!status) {
        status = cbx_job_prepare_training(&job);
    }
    if (!status) {
        status = train(&job, batches < job.plan.batches ? batches : job.plan.batches, out);
    }
    status = cbx_job_blame(&job, status);
    job.dataset = NULL; /* what is the tracer's */
    job.device = NULL;
    job.devices = NULL;
    job.device_count = 0;
    job.owners = NULL;
    job.owner_count = 0;
    job.lead = NULL;
    cbx_job_clear(&job);
    return status;
}

cbx_status cbx_tracer_time_ranks(cbx_tracer *tracer, const cbx_trainer_settings *settings,
                                 uint32_t count, double seconds, cbx_ranks_timed *out) {
    return cbx_job_blame(&tracer->job,
                         cbx_job_time_ranks(&tracer->job, settings, count, seconds, out));
}
