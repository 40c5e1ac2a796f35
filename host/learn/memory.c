/* SPDX-License-Identifier: MIT */
/* Whether a run fits into memory, before it takes any: a process that takes more than its
 * container allows is ended without a word. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/limits.h"
#include "learn/job.h"
#include "network/trainer_weights.h"
#include "page/network.h"

/* The program itself and a driver with its compiler: 10 to 150 MB were seen. */
#define PROGRAM_BYTES ((uint64_t)64 << 20)

/* What takes memory, and what to do when it takes the most. */
typedef struct part {
    uint64_t bytes;
    const char *what, *remedy;
} part;

enum { PROGRAM, IMAGES, TRAINING, PICTURE, FRAMES, INDEX, LOSSES, CHECK, PAGE, KEPT, PARTS };

static uint64_t images_bytes(const cbx_learn_plan *plan) {
    const uint64_t images =
        (uint64_t)plan->training_images + plan->validation_images + plan->test_images;
    return images * (CBX_IMAGE_PIXELS + 1);
}

/* What a device that works in the host's memory takes of it for so many neurons. */
static cbx_status device_bytes(const cbx_job *job, cbx_device *device, uint32_t hidden,
                               uint64_t *bytes) {
    const cbx_learn_settings *settings = job->settings;
    const cbx_trainer_settings trainer = {hidden, settings->batch, settings->recipe,
                                          settings->schedule};
    uint64_t taken = 0;
    cbx_status status =
        device->shares_memory ? cbx_trainer_bytes(&taken, device, job->dataset, &trainer) : CBX_OK;
    *bytes += taken;
    return status;
}

/* A piece of the weights on the host, and what the devices take: of several each about as much as the others, and
 * the first W1 of all, where there are pictures. */
static cbx_status training_bytes(const cbx_job *job, uint64_t *bytes) {
    const uint32_t hidden = job->settings->hidden, count = (uint32_t)job->owner_count;
    cbx_status status = CBX_OK;
    *bytes = cbx_trainer_weights_bytes(hidden);
    if (count == 0) {
        return device_bytes(job, job->device, hidden, bytes);
    }
    const int draws = job->settings->film || job->settings->picture || job->page_film.wanted;
    *bytes +=
        job->device->shares_memory && draws ? (uint64_t)hidden * CBX_W1_ROWS * sizeof(float) : 0;
    if (!job->devices) { /* those of the other ranks are in other processes */
        return device_bytes(job, job->device, (hidden + count - 1) / count, bytes);
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        status = device_bytes(job, job->devices[i], (hidden + count - 1) / count, bytes);
    }
    return status;
}

/* The pixels on the host, and where the device draws them. */
static uint64_t picture_bytes(const cbx_job *job) {
    const uint64_t rgb = (uint64_t)job->plan.grid.width * job->plan.grid.height * 3;
    return !job->settings->picture ? 0 : job->device->shares_memory ? 2 * rgb : rgb;
}

static uint64_t check_bytes(const cbx_job *job) {
    return cbx_job_checks_bytes(job) * (job->device->shares_memory ? 2 : 1);
}

static uint64_t page_bytes(const cbx_job *job) {
    const uint32_t validation = job->plan.validation_images, test = job->plan.test_images;
    return job->settings->report ? job->plan.parameters * sizeof(float) +
                                       cbx_page_memory_bytes(job->settings->hidden,
                                                             validation > test ? validation : test)
                                 : 0;
}

/* Of the weights, on the device; of those of others, on the host, unless they go piece by piece. What is kept
 * of films is little beside that. */
static uint64_t kept_bytes(const cbx_job *job) {
    const uint32_t hidden = job->settings->hidden;
    const int others = job->owner_count > 1, on_host = job->device->shares_memory || others;
    return !job->settings->checkpoint || !on_host        ? 0
           : others && !cbx_weights_are_gathered(hidden) ? cbx_trainer_weights_bytes(hidden)
                                                         : job->plan.parameters * sizeof(float);
}

cbx_status cbx_job_check_memory(cbx_job *job) {
    const uint64_t limit = cbx_memory_limit_bytes();
    part parts[PARTS] = {
        [PROGRAM] = {PROGRAM_BYTES, "the program and its driver", "give it more"},
        [IMAGES] = {images_bytes(&job->plan), "the images", "take a smaller set of images"},
        [TRAINING] = {0, "training", "take fewer neurons or a smaller batch"},
        [PICTURE] = {picture_bytes(job), "the picture", "take fewer neurons or a smaller scale"},
        [FRAMES] = {0, "frames and encoders",
                    "take fewer neurons, a smaller scale or fewer encoders, or make no film"},
        [INDEX] = {0, "the film's index", "film fewer batches"},
        [LOSSES] = {cbx_job_losses_bytes(job), "the losses of all batches", "train fewer epochs"},
        [KEPT] = {kept_bytes(job), "checkpoints", "take fewer neurons or make no checkpoints"},
        [CHECK] = {check_bytes(job), "checking batches", "leave that out"},
        [PAGE] = {page_bytes(job), "the page", "take fewer neurons or write no page"},
    };
    const uint32_t devices = job->owner_count > 0 ? (uint32_t)job->owner_count : 1;
    cbx_status status = cbx_trainer_check_devices(job->settings->hidden, devices);
    if (!status) {
        status = training_bytes(job, &parts[TRAINING].bytes);
    }
    if (job->settings->film) {
        parts[FRAMES].bytes = cbx_reel_memory_bytes(&job->film, job->device->shares_memory,
                                                    job->plan.frames, &parts[INDEX].bytes);
    }
    if (job->page_film.wanted) {
        const cbx_page_film *own = &job->page_film;
        uint64_t index = 0;
        parts[PAGE].bytes += cbx_reel_memory_bytes(&own->film, job->device->shares_memory,
                                                   own->timing.moving, &index);
        parts[PAGE].bytes += index;
    }
    const part *largest = &parts[0];
    uint64_t total = 0;
    for (int i = 0; i < PARTS; i++) {
        total += parts[i].bytes;
        largest = parts[i].bytes > largest->bytes ? &parts[i] : largest;
    }
    if (status || total <= limit) {
        return status;
    }
    return cbx_fail(CBX_TOO_LARGE,
                    "this run needs about %" PRIu64 " MiB of memory, %" PRIu64
                    " MiB of it for %s, but may use %" PRIu64 " MiB; %s",
                    total >> 20, largest->bytes >> 20, largest->what, limit >> 20, largest->remedy);
}

/* ---- a device's own ---- */

enum { OWN_TRAINING, OWN_CHECK, OWN_KEPT, OWN_FILM, OWN_PICTURE, OWN_PARTS };

/* How much each part takes, and what helps, for all that take something. */
static cbx_status fail_for_device(const part parts[OWN_PARTS], uint64_t total,
                                  const cbx_device_info *device) {
    char needs[512] = "", helps[512] = "";
    size_t needed = 0, helping = 0;
    for (int i = 0; i < OWN_PARTS; i++) {
        const part *each = &parts[i];
        if (each->bytes > 0) { /* both texts are far shorter than their room */
            needed +=
                (size_t)snprintf(needs + needed, sizeof needs - needed, "%s%" PRIu64 " MiB for %s",
                                 needed ? ", " : "", each->bytes >> 20, each->what);
            helping += (size_t)snprintf(helps + helping, sizeof helps - helping, "%s%s",
                                        helping ? ", or " : "", each->remedy);
        }
    }
    return cbx_fail(CBX_TOO_LARGE,
                    "this run needs about %" PRIu64 " MiB of device memory, %s, but %s has %" PRIu64
                    " MiB; %s",
                    total >> 20, needs, device->name, device->global_memory_bytes >> 20, helps);
}

/* What is there at the same time; palettes, captions and what is kept of films are little beside it. A film
 * for the page alone is left out of the run where it does not fit, and so it is here. */
cbx_status cbx_job_check_device_memory(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    const uint64_t has = job->device->info.global_memory_bytes;
    const uint64_t rgb = (uint64_t)job->plan.grid.width * job->plan.grid.height * 3;
    const cbx_trainer_settings trainer = {settings->hidden, settings->batch, settings->recipe,
                                          settings->schedule};
    part parts[OWN_PARTS] = {
        [OWN_TRAINING] = {0, "training", "take fewer neurons or a smaller batch"},
        [OWN_CHECK] = {cbx_job_checks_device_bytes(job), "checking batches", "check no batches"},
        [OWN_KEPT] = {settings->checkpoint ? job->plan.parameters * sizeof(float) : 0,
                      "checkpoints", "make no checkpoints"},
        [OWN_FILM] = {settings->film ? cbx_reel_device_bytes(&job->film) : 0, "the film",
                      "make no film"},
        [OWN_PICTURE] = {settings->picture ? rgb : 0, "the picture", "make no picture"},
    };
    uint64_t total = 0;
    if (job->device->shares_memory || job->owner_count > 1) {
        return CBX_OK; /* the shares of several are not known before each says how fast it is */
    }
    cbx_status status =
        cbx_trainer_bytes(&parts[OWN_TRAINING].bytes, job->device, job->dataset, &trainer);
    for (int i = 0; i < OWN_PARTS; i++) {
        total += parts[i].bytes;
    }
    return status || total <= has || parts[OWN_TRAINING].bytes > has
               ? status
               : fail_for_device(parts, total, &job->device->info);
}
