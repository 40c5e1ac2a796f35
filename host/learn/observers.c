/* SPDX-License-Identifier: MIT */
/* What a running job tells and asks whoever looks on. */
#include "base/clock.h"
#include "learn/job.h"

/* Progress reports and questions whether to stop: some 20 a second. */
static const double REPORT_SECONDS = 0.05;

int cbx_job_should_stop(void *asking) {
    cbx_job *job = asking;
    const cbx_learn_observer *observer = job->observer;
    if (observer->should_stop && observer->should_stop(observer->user)) {
        job->stopping = 1;
    }
    return job->stopping;
}

void cbx_job_report(cbx_job *job, uint64_t batches_done) {
    const cbx_learn_observer *observer = job->observer;
    (void)cbx_job_should_stop(job);
    const double now = cbx_clock_seconds();
    if (observer->progressed && now - job->reported >= REPORT_SECONDS) {
        job->reported = now;
        observer->progressed(observer->user, batches_done);
    }
}
