/* SPDX-License-Identifier: MIT */
/* Opening and checking the device of a run. */
#include "base/error.h"
#include "check/self_test.h"
#include "learn/job.h"

/* The film's times are the device's; without a film there are none. */
static int is_timed(const cbx_learn_settings *settings) {
    return settings->film && (settings->device_times || settings->report);
}

static cbx_status open_and_test(cbx_job *job, const char *spec, cbx_keeping keeping) {
    const cbx_device_request request = {.spec = spec,
                                        .family = job->settings->family,
                                        .keeping = keeping,
                                        .arithmetic = job->settings->arithmetic,
                                        .timed = is_timed(job->settings)};
    cbx_status status = cbx_device_open_as(&job->device, &request);
    if (!status && cbx_job_should_stop(job)) {
        return CBX_OK; /* which is noticed before the next step */
    }
    return status ? status : cbx_self_test_schedule(job->device, job->settings->schedule);
}

static void close_device(cbx_job *job) {
    cbx_device_close(job->device);
    job->device = NULL;
}

/* A program that was kept may be of a driver that changed and did not say so: then it is
 * built anew. After a stop was asked for no other device is tried. */
static cbx_status try_device(void *user, const char *spec) {
    cbx_job *job = user;
    cbx_status status = open_and_test(job, spec, CBX_KEEP_USUAL);
    if (status && job->device && job->device->recalled > 0) {
        close_device(job);
        status = open_and_test(job, spec, CBX_KEEP_ANEW);
    }
    if (status) {
        close_device(job);
    }
    if (status && cbx_job_should_stop(job)) {
        status = cbx_fail(CBX_INTERRUPTED, "stopped while the device started");
    }
    return status;
}

cbx_status cbx_job_start_device(cbx_job *job) {
    const char *spec = job->settings->device;
    cbx_device_info *devices = NULL;
    size_t count = 0;
    if (spec && *spec) {
        return try_device(job, spec);
    }
    cbx_status status = cbx_device_list(&devices, &count);
    if (!status) {
        status = cbx_walk_devices(&job->walk, devices, count, try_device, job);
    }
    cbx_device_list_free(devices);
    return status;
}
