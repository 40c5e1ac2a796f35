/* SPDX-License-Identifier: MIT */
/* The devices of a run that trains on several: opened, measured, and made one trainer. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/job.h"
#include "learn/start.h"

enum { MOST_DEVICES = 64 };

static const char every_device[] = "all";

int cbx_spec_is_list(const char *spec) {
    return spec && (strchr(spec, ',') || strcmp(spec, every_device) == 0);
}

/* ---- opened ---- */

/* What whoever steers the run has to say against it; then opens and checks it. */
static cbx_status open_one(cbx_job *job, const char *spec) {
    cbx_device *device = NULL;
    if (job->owner_count == MOST_DEVICES) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a run takes at most %d devices", MOST_DEVICES);
    }
    cbx_status status = cbx_job_try_device(job, spec, &device);
    if (!status) {
        job->devices[job->owner_count] = device;
        job->owners[job->owner_count++].device = cbx_device_about(device);
    }
    return status;
}

static cbx_status open_named(cbx_job *job) {
    char *specs = NULL, *rest = NULL;
    cbx_status status = cbx_copy_text(&specs, job->settings->device);
    for (char *spec = status ? NULL : strtok_r(specs, ",", &rest); spec && !status;
         spec = strtok_r(NULL, ",", &rest)) {
        status = open_one(job, spec + strspn(spec, " "));
    }
    free(specs);
    return status || job->owner_count > 0
               ? status
               : cbx_fail(CBX_BAD_ARGUMENT, "\"%s\" names no device", job->settings->device);
}

static cbx_status keep_one(void *user, const char *spec) {
    return open_one(user, spec);
}

/* Those that work. */
static cbx_status open_every(cbx_job *job) {
    cbx_device_info *devices = NULL;
    size_t count = 0;
    cbx_status status = cbx_device_list(&devices, &count);
    if (!status) {
        status = cbx_walk_all(&job->walk, devices, count, keep_one, job);
    }
    cbx_device_list_free(devices);
    return status;
}

static cbx_status start_devices(cbx_job *job) {
    const char *spec = job->settings->device;
    cbx_status status = cbx_new(&job->devices, MOST_DEVICES);
    if (!status) {
        status = cbx_new(&job->owners, MOST_DEVICES);
    }
    if (!status) {
        status = (strcmp(spec, every_device) == 0 ? open_every : open_named)(job);
    }
    job->device = job->owner_count > 0 ? job->devices[0] : NULL;
    return status;
}

cbx_status cbx_job_start(cbx_job *job) {
    return (cbx_spec_is_list(job->settings->device) ? start_devices : cbx_job_start_device)(job);
}

/* ---- shared out ---- */

static int are_alike(const cbx_device_info *a, const cbx_device_info *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->platform, b->platform) == 0 &&
           a->compute_units == b->compute_units;
}

static int all_alike(const cbx_job *job) {
    for (size_t i = 1; i < job->owner_count; i++) {
        if (!are_alike(job->owners[0].device, job->owners[i].device)) {
            return 0;
        }
    }
    return 1;
}

/* By speed, unless they are all alike; and what the plan says of it. */
static cbx_status share_out(cbx_job *job, const cbx_trainer_settings *settings, cbx_span *owned) {
    const uint32_t panels = CBX_PANELS_OF(settings->hidden);
    double weights[MOST_DEVICES];
    for (size_t i = 0; i < job->owner_count; i++) {
        weights[i] = 1.0;
    }
    cbx_status status = all_alike(job) ? CBX_OK
                                       : cbx_team_measure(job->devices, (uint32_t)job->owner_count,
                                                          job->dataset, settings, weights);
    if (status) {
        return status;
    }
    cbx_team_share_out(panels, weights, (uint32_t)job->owner_count, owned);
    for (size_t i = 0; i < job->owner_count; i++) {
        const cbx_share share = cbx_share_of(owned[i], settings->hidden);
        job->owners[i].first = share.first;
        job->owners[i].count = share.count;
    }
    return CBX_OK;
}

cbx_status cbx_job_make_team(cbx_job *job, const cbx_trainer_settings *settings) {
    cbx_span owned[MOST_DEVICES];
    cbx_status status = share_out(job, settings, owned);
    if (status) {
        return status;
    }
    if (job->owners[0].count == settings->hidden) {
        return cbx_trainer_create(&job->trainer, job->device, job->dataset, settings);
    }
    status = cbx_team_create(&job->team, job->devices, owned, (uint32_t)job->owner_count,
                             job->dataset, settings, !job->settings->no_check);
    job->trainer = status ? NULL : cbx_team_trainer(job->team);
    return status;
}

cbx_status cbx_job_blame(const cbx_job *job, cbx_status status) {
    return job->team ? cbx_team_blame(job->team, status) : status;
}

void cbx_job_clear_devices(cbx_job *job) {
    for (size_t i = 0; i < job->owner_count; i++) {
        cbx_device_close(job->devices[i]);
    }
    if (job->owner_count == 0) {
        cbx_device_close(job->device);
    }
    free(job->devices);
    free(job->owners);
}
