/* Opening and checking the device of a run. */
#include "base/error.h"
#include "learn/job.h"

static int stop_is_asked(const cbx_job *job) {
    return job->observer->should_stop && job->observer->should_stop(job->observer->user);
}

/* A failure after a stop was asked for may be its doing: a compiler inside a driver (LLVM)
 * takes Ctrl-C for itself, drops its files, and fails. Then no other device is tried. */
static cbx_status try_device(void *user, const char *spec) {
    cbx_job *job = user;
    const cbx_device_request request = {.spec = spec,
                                        .family = job->settings->family,
                                        .fused = job->settings->schedule == CBX_SCHEDULE_FUSED};
    cbx_status status = cbx_device_open_as(&job->device, &request);
    if (!status) {
        status = cbx_device_self_test(job->device);
    }
    if (status) {
        cbx_device_close(job->device);
        job->device = NULL;
    }
    if (status && stop_is_asked(job)) {
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
