/* SPDX-License-Identifier: MIT */
/* Runs that go on from a checkpoint. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/job.h"
#include "learn/kept_settings.h"

/* ---- for those who want to know before ---- */

struct cbx_resumed {
    cbx_checkpoint checkpoint;
    cbx_learn_settings settings;
    char *path;
};

/* What a run had no time to remove that was killed when it was just over: the checkpoint before, and
 * the frames of its films. */
static void tidy(const cbx_resumed *resumed) {
    const cbx_learn_settings *settings = &resumed->settings;
    char *previous = cbx_checkpoint_previous(resumed->path), *page_film = NULL;
    cbx_reservation own;
    if (previous && cbx_reservation_take(&own, resumed->path) == 0) {
        unlink(previous);
        if (settings->report && !cbx_page_film_name(settings->report, &page_film)) {
            cbx_job_remove_spools_of(page_film, resumed->path);
        }
        if (settings->film) {
            cbx_job_remove_spools_of(settings->film, resumed->path);
        }
        cbx_reservation_end(&own);
    }
    free(page_film);
    free(previous);
}

cbx_status cbx_resumed_open(cbx_resumed **out, const char *path) {
    cbx_resumed *resumed = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&resumed, 1);
    if (!status) {
        status = cbx_copy_text(&resumed->path, path);
    }
    if (!status) {
        status = cbx_checkpoint_read(&resumed->checkpoint, resumed->path);
    }
    if (status) {
        cbx_resumed_close(resumed);
        return status;
    }
    cbx_checkpoint_close(&resumed->checkpoint); /* the run itself reads the weights */
    resumed->settings = resumed->checkpoint.settings;
    resumed->settings.resume = resumed->settings.checkpoint = resumed->path;
    if (resumed->checkpoint.finished) {
        tidy(resumed);
    }
    *out = resumed;
    return CBX_OK;
}

const cbx_learn_settings *cbx_resumed_settings(const cbx_resumed *resumed) {
    return &resumed->settings;
}

uint64_t cbx_resumed_batches(const cbx_resumed *resumed) {
    return resumed->checkpoint.position.batch_number;
}

int cbx_resumed_is_finished(const cbx_resumed *resumed) {
    return resumed->checkpoint.finished;
}

void cbx_resumed_close(cbx_resumed *resumed) {
    if (resumed) {
        cbx_checkpoint_clear(&resumed->checkpoint);
        free(resumed->path);
        free(resumed);
    }
}

/* ---- the run ---- */

/* So that no other process goes on from it as long as this one does. From a folder that is read-only it
 * can be read, perhaps. */
static cbx_status reserve(cbx_job *job, const char *path) {
    return cbx_reservation_take(&job->from, path) == EWOULDBLOCK
               ? cbx_fail(CBX_CANNOT_CREATE, "the run of %s is going on in another process", path)
               : CBX_OK;
}

cbx_status cbx_job_open_resumed(cbx_job *job) {
    const char *path = job->settings->resume;
    if (!path) {
        return CBX_OK;
    }
    cbx_status status = cbx_new(&job->resumed, 1);
    if (!status) {
        status = reserve(job, path);
    }
    if (!status) {
        status = cbx_checkpoint_read(job->resumed, path);
    }
    if (!status && job->resumed->finished) {
        status = cbx_fail(CBX_BAD_ARGUMENT,
                          "the run of %s is over: its %" PRIu64 " batches are trained, and its "
                          "outputs stand",
                          path, job->resumed->position.batch_number);
    }
    if (!status) {
        status = cbx_kept_settings_compare(job->settings, &job->resumed->settings, path);
    }
    return status;
}

static cbx_status fail_data(const cbx_job *job, const char *what) {
    return cbx_fail(CBX_BAD_DATA, "%s does not fit together: %s", job->settings->resume, what);
}

/* Whether the numbers can be true: they are used to count by. */
static cbx_status check_numbers(const cbx_job *job) {
    const cbx_checkpoint *from = job->resumed;
    const cbx_position *at = &from->position;
    const uint64_t images = job->plan.training_images, batch = job->settings->batch;
    const uint64_t each = job->plan.batches_per_epoch;
    const uint64_t moving = job->settings->film ? job->timing.moving : UINT64_MAX;
    const cbx_page_film *page = &job->page_film;
    if (at->epoch > job->settings->epochs || at->first > images ||
        (at->first < images && at->first % batch != 0) ||
        at->batch_number != at->epoch * each + (at->first + batch - 1) / batch) {
        return fail_data(job, "the batches that were done");
    }
    if (from->epoch_count > at->epoch || from->epoch_count + 1 < at->epoch) {
        return fail_data(job, "the epochs that were told");
    }
    if (from->asked > moving || from->films[CBX_KEPT_FILM].frames > moving ||
        (page->wanted && from->films[CBX_KEPT_PAGE_FILM].frames > page->timing.moving) ||
        from->told > at->batch_number ||
        (job->settings->film && job->timing.every == 0 && from->asked < moving &&
         cbx_timing_batch(&job->timing, from->asked) <= at->batch_number)) {
        return fail_data(job, "the frames of its films");
    }
    if ((from->batch_losses && from->batch_loss_count != at->epoch * each) ||
        (from->image_losses && from->image_loss_count != at->first)) {
        return fail_data(job, "its losses");
    }
    return CBX_OK;
}

cbx_status cbx_job_check_resumed(cbx_job *job) {
    const cbx_checkpoint *from = job->resumed;
    if (!from) {
        return CBX_OK;
    }
    if (strcmp(from->data_sha256, job->data_sha256) != 0) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is of a run on other images than those in %s, whose SHA-256 is %.12s…, "
                        "not %.12s…",
                        job->settings->resume, job->settings->data, job->data_sha256,
                        from->data_sha256);
    }
    if (job->plan.arithmetic != CBX_ARITHMETIC_CANON &&
        strcmp(from->device, job->plan.device->name) != 0) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "%s is of a run with %s arithmetic on %s, and another device has other "
                        "bits",
                        job->settings->resume, cbx_arithmetic_name(job->plan.arithmetic),
                        from->device);
    }
    return check_numbers(job);
}

/* What was kept of every batch; those of the epoch under way go back where they were. */
static cbx_status restore_losses(cbx_job *job) {
    const cbx_checkpoint *from = job->resumed;
    cbx_losses *losses = &job->losses;
    if (losses->of_batches && (!from->batch_losses || !from->image_losses)) {
        return fail_data(job, "it has no losses");
    }
    if (losses->of_batches) {
        memcpy(losses->of_batches, from->batch_losses,
               from->batch_loss_count * sizeof *from->batch_losses);
        losses->count = from->position.batch_number;
    }
    return from->image_losses
               ? cbx_trainer_set_losses(job->trainer, from->image_losses, from->image_loss_count)
               : CBX_OK;
}

cbx_status cbx_job_restore(cbx_job *job) {
    const cbx_checkpoint *from = job->resumed;
    if (!from) {
        return CBX_OK;
    }
    job->position = from->position;
    job->asked = from->asked;
    job->told = from->told;
    job->drawn = from->films[CBX_KEPT_FILM].frames;
    job->page_film.drawn = from->films[CBX_KEPT_PAGE_FILM].frames;
    job->result->batches = from->position.batch_number;
    job->result->epochs = from->epoch_count;
    job->plan.resumed = from->position.batch_number;
    if (from->epoch_count > 0) {
        job->accuracy = from->epochs[from->epoch_count - 1].validation_accuracy;
    }
    return restore_losses(job);
}

void cbx_job_retell(cbx_job *job) {
    const cbx_checkpoint *from = job->resumed;
    for (uint32_t i = 0; from && i < from->epoch_count; i++) {
        cbx_epoch_report *report = &from->epochs[i];
        const double *losses = job->losses.of_batches;
        report->batches = job->plan.batches_per_epoch;
        report->batch_losses = losses ? losses + i * report->batches : NULL;
        cbx_job_note_epoch(job, report);
        cbx_job_tell_evaluating(job, report->epoch);
        cbx_job_tell_epoch(job, report);
    }
}

void cbx_job_clear_resumed(cbx_job *job) {
    cbx_reservation_end(&job->to);
    cbx_reservation_end(&job->from);
    if (job->resumed) {
        cbx_checkpoint_clear(job->resumed);
        free(job->resumed);
    }
}
