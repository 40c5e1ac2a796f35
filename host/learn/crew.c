/* SPDX-License-Identifier: MIT */
/* The devices of a run that trains on several, of this process or one of each rank: opened, measured, and
 * made one trainer. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/job.h"
#include "learn/start.h"
#include "ranks/deal.h"

enum { MOST_DEVICES = 64 };

/* ---- opened ---- */

/* What whoever steers the run has to say against it; then opens and checks it. */
static cbx_status open_one(cbx_job *job, const char *spec) {
    cbx_device *device = NULL;
    if (job->device_count == MOST_DEVICES) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a run takes at most %d devices", MOST_DEVICES);
    }
    cbx_status status = cbx_job_try_device(job, spec, &device);
    if (!status) {
        job->devices[job->device_count++] = device;
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
    return status || job->device_count > 0
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
        status = (strcmp(spec, cbx_every_device) == 0 ? open_every : open_named)(job);
    }
    job->device = job->device_count > 0 ? job->devices[0] : NULL;
    return status;
}

/* ---- of ranks ---- */

static const cbx_ranks *ranks_of(const cbx_job *job) {
    const cbx_ranks *ranks = job->control ? job->control->ranks : NULL;
    return ranks && ranks->count > 1 ? ranks : NULL;
}

static cbx_status start_own(cbx_job *job, const cbx_ranks *ranks) {
    char spec[CBX_SPEC];
    const cbx_status status = cbx_deal_device(&ranks->places[0], job->settings->device, spec);
    return status ? status : cbx_job_try_device(job, spec, &job->device);
}

static cbx_status start_ranks(cbx_job *job, const cbx_ranks *ranks) {
    const cbx_learn_settings *settings = job->settings;
    cbx_rank_message message = {
        .word = CBX_RANK_START,
        .training = {settings->hidden, settings->batch, settings->recipe, settings->schedule},
        .family = settings->family,
        .arithmetic = settings->arithmetic};
    cbx_fault first = {CBX_OK, ""};
    if (settings->device && strlen(settings->device) >= sizeof message.device) {
        return cbx_fail(CBX_BAD_ARGUMENT, "so many devices cannot be named to other ranks");
    }
    if (settings->device) {
        memcpy(message.device, settings->device, strlen(settings->device));
    }
    cbx_status status = cbx_job_check_crew(settings);
    if (!status) {
        status = cbx_new(&job->lead, 1);
    }
    if (!status) {
        status = cbx_new(&job->owners, ranks->count);
    }
    if (!status) {
        status = cbx_lead_start(job->lead, ranks, &message);
    }
    if (status) {
        return status;
    }
    cbx_fault_take(&first, start_own(job, ranks));
    cbx_fault_take(&first, cbx_lead_started(job->lead));
    if (first.status) {
        return cbx_fault_raise(&first);
    }
    job->lead->devices[0] = *cbx_device_about(job->device);
    for (uint32_t rank = 0; rank < ranks->count; rank++) {
        job->owners[rank] = (cbx_owner){.device = &job->lead->devices[rank],
                                        .host = ranks->places[rank].host,
                                        .cores = ranks->places[rank].cores};
    }
    job->owner_count = ranks->count;
    return CBX_OK;
}

cbx_status cbx_job_start(cbx_job *job) {
    const cbx_ranks *ranks = ranks_of(job);
    return ranks                                     ? start_ranks(job, ranks)
           : cbx_spec_is_list(job->settings->device) ? start_devices(job)
                                                     : cbx_job_start_device(job);
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

/* By speed, unless they are all alike. */
static cbx_status share_out(const cbx_job *job, const cbx_trainer_settings *settings,
                            cbx_span *owned) {
    const uint32_t count = (uint32_t)job->device_count;
    const int alike = all_alike(job);
    double speeds[MOST_DEVICES];
    cbx_status status = CBX_OK;
    if (!alike) {
        status = cbx_team_measure(job->devices, count, job->dataset, settings, speeds);
    }
    if (!status) {
        cbx_team_share_out(CBX_PANELS_OF(settings->hidden), alike ? NULL : speeds, count, owned);
    }
    return status;
}

/* What the plan says of it. */
static void note_shares(cbx_job *job, uint32_t hidden, const cbx_span *owned) {
    for (size_t i = 0; i < job->owner_count; i++) {
        const cbx_share share = cbx_share_of(owned[i], hidden);
        job->owners[i].first = share.first;
        job->owners[i].count = share.count;
    }
}

static cbx_status lead_devices(cbx_job *job, const cbx_trainer_settings *settings,
                               cbx_span *owned) {
    cbx_status status = share_out(job, settings, owned);
    if (status) {
        return status;
    }
    if (owned[0].count == CBX_PANELS_OF(settings->hidden)) {
        return cbx_trainer_create(&job->trainer, job->device, job->dataset, settings);
    }
    status = cbx_team_create(&job->team, job->devices, owned, (uint32_t)job->device_count,
                             job->dataset, settings, !job->settings->no_check);
    job->trainer = status ? NULL : cbx_team_trainer(job->team);
    return status;
}

static cbx_status lead_ranks(cbx_job *job, const cbx_trainer_settings *settings, cbx_span *owned) {
    cbx_lead *lead = job->lead;
    cbx_status status = cbx_lead_give(lead, job->dataset);
    if (!status) {
        status =
            cbx_lead_share_out(lead, job->device, job->dataset, settings, all_alike(job), owned);
    }
    if (!status) {
        status = cbx_lead_train(lead, job->device, job->dataset, settings, owned,
                                !job->settings->no_check, 0, &job->bond, &job->trainer);
    }
    job->plan.exchange_seconds = job->bond.typical_seconds;
    job->plan.exchange_direct = job->bond.way == CBX_DIRECTLY;
    job->result->times.exchange = 0.0;
    return status;
}

cbx_status cbx_job_make_team(cbx_job *job, const cbx_trainer_settings *settings) {
    cbx_span *owned = NULL;
    cbx_status status = cbx_new(&owned, job->owner_count);
    if (!status) {
        status = (job->lead ? lead_ranks : lead_devices)(job, settings, owned);
    }
    if (!status) {
        note_shares(job, settings->hidden, owned);
    }
    free(owned);
    return status;
}

cbx_status cbx_job_time_ranks(cbx_job *job, const cbx_trainer_settings *settings, uint32_t count,
                              double seconds, cbx_ranks_timed *out) {
    cbx_lead *lead = job->lead;
    cbx_trainer *trainer = NULL;
    cbx_span *spans = NULL;
    cbx_bond bond = {.ranks = NULL};
    cbx_status status = cbx_new(&spans, lead->ranks->count);
    if (!status) {
        cbx_team_share_out(CBX_PANELS_OF(settings->hidden), NULL, count, spans);
        status = cbx_lead_give(lead, job->dataset);
    }
    if (!status) {
        status =
            cbx_lead_train(lead, job->device, job->dataset, settings, spans, 0, 1, &bond, &trainer);
    }
    if (!status) {
        status = cbx_team_time(trainer, job->dataset, settings, seconds, &out->batch_seconds);
    }
    out->exchange_seconds = bond.typical_seconds;
    out->message_seconds = bond.message_seconds;
    out->prepare_seconds = bond.worked > 0 ? bond.worked_seconds / (double)bond.worked : 0.0;
    cbx_trainer_destroy(trainer);
    cbx_bond_clear(&bond);
    free(spans);
    return status;
}

cbx_status cbx_job_blame(const cbx_job *job, cbx_status status) {
    const cbx_ranks *ranks = job->lead ? job->lead->ranks : NULL;
    return job->team ? cbx_team_blame(job->team, status)
           : ranks   ? ranks->blame(ranks->user, status)
                     : status;
}

void cbx_job_clear_devices(cbx_job *job) {
    cbx_bond_clear(&job->bond);
    if (job->lead) {
        cbx_lead_end(job->lead);
        free(job->lead);
    }
    for (size_t i = 0; i < job->device_count; i++) {
        cbx_device_close(job->devices[i]);
    }
    if (job->device_count == 0) {
        cbx_device_close(job->device);
    }
    free(job->devices);
    free(job->owners);
}
