/* SPDX-License-Identifier: MIT */
/* Opening and checking the device of a run. */
#include "learn/start.h"

#include "base/error.h"
#include "check/self_test.h"
#include "learn/job.h"

/* The film's times are the device's; without a film there are none. */
static int is_timed(const cbx_learn_settings *settings) {
    return settings->film && (settings->device_times || settings->report);
}

static cbx_status open_and_test(cbx_device **out, const char *spec,
                                const cbx_learn_settings *settings, cbx_keeping keeping,
                                int (*stop)(void *user), void *user) {
    const cbx_device_request request = {.spec = spec,
                                        .family = settings->family,
                                        .keeping = keeping,
                                        .arithmetic = settings->arithmetic,
                                        .timed = is_timed(settings)};
    cbx_status status = cbx_device_open_as(out, &request);
    if (!status && stop(user)) {
        return CBX_OK; /* which is noticed before the next step */
    }
    const uint32_t owned =
        settings->hidden < CBX_MOST_OWNED ? settings->hidden : CBX_MOST_OWNED; /* others have more */
    const cbx_trainer_settings trainer = {owned, settings->batch, settings->recipe,
                                          settings->schedule};
    return status ? status : cbx_self_test_run(*out, &trainer);
}

static void close_device(cbx_device **device) {
    cbx_device_close(*device);
    *device = NULL;
}

/* Opening builds anew what it fails with; what computes wrongly is seen here. */
cbx_status cbx_start_device(cbx_device **out, const char *spec, const cbx_learn_settings *settings,
                            int (*stop)(void *user), void *user) {
    *out = NULL;
    cbx_status status = open_and_test(out, spec, settings, CBX_KEEP_USUAL, stop, user);
    if (status && *out && (*out)->recalled > 0) {
        close_device(out);
        status = open_and_test(out, spec, settings, CBX_KEEP_ANEW, stop, user);
    }
    if (status) {
        close_device(out);
    }
    return status;
}

/* What whoever steers the run has to say against it. */
static cbx_status ask(const cbx_learn_control *control, const char *spec) {
    cbx_device_info info;
    cl_device_id id;
    if (!control || !control->try_device) {
        return CBX_OK;
    }
    cbx_status status = cbx_device_select(spec, &id, &info);
    return status ? status : control->try_device(control->user, &info);
}

cbx_status cbx_try_device(cbx_device **out, const char *spec, const cbx_learn_settings *settings,
                          const cbx_learn_control *control, int (*stop)(void *user), void *user) {
    *out = NULL;
    const cbx_status status = ask(control, spec);
    return status ? status : cbx_start_device(out, spec, settings, stop, user);
}

/* After a stop was asked for no other device is tried. */
cbx_status cbx_job_try_device(cbx_job *job, const char *spec, cbx_device **out) {
    cbx_status status =
        cbx_try_device(out, spec, job->settings, job->control, cbx_job_should_stop, job);
    if (status && cbx_job_should_stop(job)) {
        status = cbx_fail(CBX_INTERRUPTED, "stopped while the device started");
    }
    return status;
}

static cbx_status try_device(void *user, const char *spec) {
    cbx_job *job = user;
    return cbx_job_try_device(job, spec, &job->device);
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
