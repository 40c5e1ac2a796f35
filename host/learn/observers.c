/* SPDX-License-Identifier: MIT */
/* What a running job tells those who look on, and asks the one who steers. */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "learn/job.h"

cbx_status cbx_job_set_observers(cbx_job *job, const cbx_learn_observer *observers, size_t count) {
    if (count == 0) {
        return CBX_OK;
    }
    cbx_status status = cbx_new(&job->observers, count);
    if (!status) {
        memcpy(job->observers, observers, count * sizeof *observers);
        job->observer_count = count;
    }
    return status;
}

/* No older sentence is to be taken for that of an observer's failure. */
static void forget_sentence(void) {
    (void)cbx_fail(CBX_OK, "%s", "");
}

/* One that failed is not called again, and is no reason to end the run. */
static void note(cbx_job *job, cbx_learn_observer *observer, cbx_status status) {
    const char *path = observer->path;
    if (!status) {
        return;
    }
    memset(observer, 0, sizeof *observer);
    if (!cbx_last_error()[0]) {
        cbx_fail(status, "an observer of the run failed: %s", cbx_status_text(status));
    }
    cbx_job_tell_lost(job, CBX_LEARN_OUTPUTS, path, status);
}

/* Calls one function of every observer that has it. */
#define TELL(job, function, ...)                                                                   \
    for (size_t i = 0; i < (job)->observer_count; i++) {                                           \
        cbx_learn_observer *one = &(job)->observers[i];                                            \
        if (one->function) {                                                                       \
            forget_sentence();                                                                     \
            note(job, one, one->function(one->user, __VA_ARGS__));                                 \
        }                                                                                          \
    }

void cbx_job_tell_started(cbx_job *job) {
    TELL(job, started, &job->plan)
}

void cbx_job_report(cbx_job *job, uint64_t batches_done) {
    (void)cbx_job_should_stop(job);
    const double now = cbx_clock_seconds();
    if (now - job->reported >= CBX_REPORT_SECONDS) {
        job->reported = now;
        TELL(job, progressed, batches_done)
    }
}

void cbx_job_tell_evaluating(cbx_job *job, uint32_t epoch) {
    TELL(job, evaluating, epoch)
}

void cbx_job_tell_epoch(cbx_job *job, const cbx_epoch_report *report) {
    TELL(job, finished_epoch, report)
}

void cbx_job_tell_finishing(cbx_job *job, uint64_t frames_left) {
    TELL(job, finishing, frames_left)
}

void cbx_job_tell_missed(cbx_job *job, cbx_learn_output output, const char *path, cbx_status why) {
    cbx_fault fault = {CBX_OK, ""};
    cbx_fault_take(&fault, why);
    for (size_t i = 0; i < job->observer_count; i++) {
        cbx_learn_observer *one = &job->observers[i];
        if (one->lost) {
            (void)cbx_fault_raise(&fault);
            note(job, one, one->lost(one->user, output, path, why));
        }
    }
}

void cbx_job_tell_lost(cbx_job *job, cbx_learn_output output, const char *path, cbx_status why) {
    cbx_fault_take(&job->fault, why);
    cbx_job_tell_missed(job, output, path, why);
}

void cbx_job_tell_found(cbx_job *job, cbx_learn_output output, const char *path) {
    TELL(job, found, output, path)
}

void cbx_job_tell_ended(cbx_job *job) {
    for (size_t i = job->observer_count; i-- > 0;) {
        cbx_learn_observer *one = &job->observers[i];
        if (one->ended) {
            forget_sentence();
            note(job, one, one->ended(one->user, job->result));
        }
    }
}

int cbx_job_should_stop(void *asking) {
    cbx_job *job = asking;
    const cbx_learn_control *control = job->control;
    if (control && control->should_stop && control->should_stop(control->user)) {
        job->stopping = 1;
    }
    return job->stopping;
}
