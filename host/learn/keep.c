/* SPDX-License-Identifier: MIT */
/* Checkpoints of a run, made while it goes on.
 *
 *   idle     ──> asked     their time has come: the next batch is to be computed again on the host
 *   asked    ──> taken     after it the thread that trains notes where it stands, and enqueues copies of
 *                          what is on the device, between two batches
 *   taken    ──> writing   that batch was right, the copies are on the host, and the frames so far in the
 *                          film's spool, which it looks for between later batches: from then on the other
 *                          thread has it
 *   writing  ──> idle      that one puts the spool and the file on the disk, and gives it its name; it asks
 *                          nothing of the device
 *
 * Where the weights are not in the copies, cbx_trainer_keeps_weights(), there is no other thread: the one that
 * trains waits for all of that and writes it itself.
 *
 * No new one is begun before the last one stands. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/path.h"
#include "learn/job.h"
#include "learn/keeper.h"

/* Before one that could not be written is tried again, at least. */
#define AGAIN_SECONDS 1.0

/* ---- opened ---- */

static cbx_status open_film(cbx_keeper *keeper, cbx_kept_film_name which, cbx_spool *spool,
                            const cbx_reel *reel, const cbx_painter *painter) {
    cbx_kept_film *film = &keeper->at.films[which];
    char full[PATH_MAX];
    if (!spool) {
        return CBX_OK;
    }
    keeper->spools[which] = spool;
    const cbx_status status =
        cbx_copy_text(&film->spool, cbx_path_full(cbx_spool_name(spool), full));
    return status ? status : cbx_reel_state_make(&film->state, reel, painter);
}

static cbx_status make_room(cbx_job *job, cbx_keeper *keeper) {
    cbx_checkpoint *at = &keeper->at;
    cbx_status status = open_film(keeper, CBX_KEPT_FILM, job->spool, job->reel, &job->painter);
    if (!status) {
        status = open_film(keeper, CBX_KEPT_PAGE_FILM, job->page_film.spool, job->page_film.reel,
                           &job->page_film.painter);
    }
    size_t bytes = cbx_trainer_kept_bytes(job->trainer);
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        bytes += cbx_reel_state_room(&at->films[i].state);
    }
    if (!status) {
        status = cbx_copy_create(&keeper->copy, job->device, bytes);
    }
    if (!status) {
        status = cbx_new(&at->epochs, job->settings->epochs);
    }
    if (!status && job->losses.of_batches) {
        status = cbx_new(&at->batch_losses, job->plan.batches);
    }
    if (!status && keeper->has_losses) {
        status = cbx_new(&keeper->image_losses, job->plan.training_images);
    }
    return status || !cbx_trainer_keeps_weights(job->trainer) ? status : cbx_keeper_start(keeper);
}

cbx_status cbx_job_open_keeper(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_keeper *keeper = NULL;
    if (!settings->checkpoint) {
        return CBX_OK;
    }
    cbx_status status = cbx_new(&keeper, 1);
    if (status) {
        return status;
    }
    job->keeper = keeper;
    *keeper = (cbx_keeper){.path = settings->checkpoint,
                           .previous = cbx_checkpoint_previous(settings->checkpoint),
                           .seconds = settings->checkpoint_seconds,
                           .last = cbx_clock_seconds(),
                           .trainer = job->trainer,
                           .has_losses = cbx_trainer_keeps_losses(job->trainer),
                           .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER};
    memcpy(keeper->at.data_sha256, job->data_sha256, sizeof job->data_sha256);
    snprintf(keeper->at.device, sizeof keeper->at.device, "%s", job->plan.device->name);
    keeper->at.settings = *settings;
    return keeper->previous ? make_room(job, keeper)
                            : cbx_fail(CBX_NO_MEMORY, "no memory for a file name");
}

/* ---- taken ---- */

static void note_films(cbx_job *job, cbx_keeper *keeper) {
    cbx_kept_film *film = keeper->at.films;
    film[CBX_KEPT_FILM].frames = job->drawn;
    film[CBX_KEPT_PAGE_FILM].frames = job->page_film.drawn;
    keeper->at.asked = job->asked;
    keeper->at.told = job->told;
}

/* Where the thread that trains stands. */
static void note(cbx_job *job, cbx_keeper *keeper) {
    cbx_checkpoint *at = &keeper->at;
    const cbx_position *position = &job->position;
    at->position = *position;
    at->epoch_count = job->story.count;
    memcpy(at->epochs, job->story.epochs, job->story.count * sizeof *at->epochs);
    at->batch_loss_count = (uint64_t)position->epoch * job->plan.batches_per_epoch;
    if (at->batch_losses) {
        memcpy(at->batch_losses, job->losses.of_batches,
               at->batch_loss_count * sizeof *at->batch_losses);
    }
    at->image_losses = keeper->image_losses;
    at->image_loss_count = position->first;
    job->result->batches = position->batch_number;
    cbx_job_metadata(job, &keeper->about);
}

/* A film that was lost on the way is lost for those who go on, too. */
static void forget_lost(const cbx_job *job, cbx_keeper *keeper) {
    const int lost[CBX_KEPT_FILMS] = {!job->reel, !job->page_film.reel};
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        if (lost[i]) {
            free(keeper->at.films[i].spool);
            keeper->at.films[i].spool = NULL;
        }
    }
}

static void enter(cbx_keeper *keeper, cbx_keeper_state state) {
    pthread_mutex_lock(&keeper->lock);
    keeper->state = state;
    pthread_mutex_unlock(&keeper->lock);
}

static cbx_status take(cbx_job *job, cbx_keeper *keeper) {
    cbx_copy_begin(keeper->copy);
    cbx_status status = cbx_trainer_keep(job->trainer, keeper->copy); /* which draws what is due */
    forget_lost(job, keeper);
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        const cbx_kept_film *film = &keeper->at.films[i];
        keeper->film_bytes[i] = film->spool ? cbx_reel_state_room(&film->state) : 0;
    }
    if (!status && keeper->at.films[CBX_KEPT_FILM].spool) {
        status = cbx_reel_keep(job->reel, &job->painter, keeper->copy);
    }
    if (!status && keeper->at.films[CBX_KEPT_PAGE_FILM].spool) {
        status = cbx_reel_keep(job->page_film.reel, &job->page_film.painter, keeper->copy);
    }
    if (!status) {
        status = cbx_copy_fetch(keeper->copy);
    }
    if (!status) {
        note_films(job, keeper);
        note(job, keeper);
        keeper->last = cbx_clock_seconds();
        enter(keeper, CBX_KEEPER_TAKEN);
    }
    return status;
}

static int has_frames(const cbx_reel *reel, const cbx_kept_film *film) {
    return !film->spool || !reel || cbx_reel_times_of(reel).frames >= film->frames;
}

/* Lets the other thread go on where the frames and the copies are there. */
static cbx_status hand_over(cbx_job *job, cbx_keeper *keeper, int wait) {
    cbx_kept_film *films = keeper->at.films;
    const cbx_status failed = cbx_copy_look(keeper->copy, wait, &keeper->bytes);
    if (failed) {
        return failed;
    }
    if (!keeper->bytes || cbx_job_is_checking(job) ||
        !has_frames(job->reel, &films[CBX_KEPT_FILM]) ||
        !has_frames(job->page_film.reel, &films[CBX_KEPT_PAGE_FILM])) {
        return CBX_OK;
    }
    forget_lost(job, keeper);
    cbx_status status = CBX_OK;
    for (int i = 0; i < CBX_KEPT_FILMS && !status; i++) {
        status = films[i].spool ? cbx_spool_flush(keeper->spools[i]) : CBX_OK;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->state = status ? CBX_KEEPER_IDLE : CBX_KEEPER_WRITING;
    cbx_fault_take(&keeper->fault, status);
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    return status || keeper->has_thread ? CBX_OK : cbx_keeper_make(keeper);
}

static cbx_keeper_state look(cbx_keeper *keeper) {
    pthread_mutex_lock(&keeper->lock);
    const cbx_keeper_state now = keeper->state;
    pthread_mutex_unlock(&keeper->lock);
    return now;
}

/* What became of the last one, while nothing is under way. One that could not be written is tried
 * again when the next is due, and is only told the first time: a disk may be full for a while. */
static void judge(cbx_job *job, cbx_keeper *keeper) {
    const int known = keeper->missed.status != CBX_OK;
    job->result->kept[CBX_LEARN_CHECKPOINT] = keeper->made > 0;
    if (keeper->fault.status) {
        keeper->missed = keeper->fault;
        keeper->fault = (cbx_fault){CBX_OK, ""};
        if (!known) {
            cbx_job_tell_missed(job, CBX_LEARN_CHECKPOINT, keeper->path,
                                cbx_fault_raise(&keeper->missed));
        }
    } else if (keeper->made > keeper->seen && known) {
        keeper->missed = (cbx_fault){CBX_OK, ""};
        cbx_job_tell_found(job, CBX_LEARN_CHECKPOINT, keeper->path);
    }
    keeper->seen = keeper->made;
}

/* Until the one under way stands. */
static cbx_status settle(cbx_job *job, cbx_keeper *keeper) {
    cbx_status status = CBX_OK;
    if (look(keeper) == CBX_KEEPER_TAKEN) {
        status = cbx_job_end_check(job);
        status = status ? status : cbx_job_collect(job);
        status = status ? status : hand_over(job, keeper, 1);
    }
    pthread_mutex_lock(&keeper->lock);
    while (keeper->state == CBX_KEEPER_WRITING) {
        pthread_cond_wait(&keeper->changed, &keeper->lock);
    }
    pthread_mutex_unlock(&keeper->lock);
    judge(job, keeper);
    const cbx_status ended = cbx_copy_end(keeper->copy);
    return status ? status : ended;
}

static int is_due(const cbx_keeper *keeper) {
    const double least = keeper->missed.status ? AGAIN_SECONDS : 0.0;
    return cbx_clock_seconds() - keeper->last >= fmax(keeper->seconds, least);
}

cbx_status cbx_job_keep(cbx_job *job) {
    cbx_keeper *keeper = job->keeper;
    cbx_status status = CBX_OK;
    if (!keeper) {
        return CBX_OK;
    }
    switch (look(keeper)) {
    case CBX_KEEPER_IDLE:
        judge(job, keeper);
        status = cbx_copy_end(keeper->copy);
        if (!status && !cbx_job_is_checking(job) && is_due(keeper)) {
            cbx_job_check_next(job);
            enter(keeper, CBX_KEEPER_ASKED);
        }
        break;
    case CBX_KEEPER_ASKED:
        status = take(job, keeper);
        if (!status && !keeper->has_thread) {
            status = settle(job, keeper);
            keeper->last = cbx_clock_seconds(); /* so that training has its time, too */
        }
        break;
    case CBX_KEEPER_TAKEN:
        status = cbx_job_look(job);
        if (!status) {
            status = hand_over(job, keeper, 0);
        }
        break;
    case CBX_KEEPER_WRITING:
        break;
    }
    return status;
}

int cbx_job_keep_waits(const cbx_job *job) {
    return job->keeper && look(job->keeper) == CBX_KEEPER_ASKED;
}

/* ---- at the end ---- */

/* Its folder may have gone meanwhile. */
static void note_kept(cbx_job *job) {
    const cbx_keeper *keeper = job->keeper;
    job->result->kept[CBX_LEARN_CHECKPOINT] = keeper->made > 0 && access(keeper->path, F_OK) == 0;
}

void cbx_job_keep_stop(cbx_job *job) {
    if (job->keeper) {
        cbx_keeper_stop(job->keeper);
        note_kept(job);
    }
}

cbx_status cbx_job_keep_now(cbx_job *job) {
    cbx_keeper *keeper = job->keeper;
    if (!keeper || job->position.batch_number == 0) {
        return CBX_OK;
    }
    cbx_status status = settle(job, keeper);
    if (!status) {
        status = take(job, keeper);
        status = status ? status : settle(job, keeper);
    }
    cbx_fault_take(&job->fault, cbx_fault_raise(&keeper->missed));
    note_kept(job);
    return status;
}

cbx_status cbx_job_keep_end(cbx_job *job) {
    cbx_keeper *keeper = job->keeper;
    if (!keeper || keeper->made == 0) {
        return CBX_OK;
    }
    keeper->at.finished = 1;
    cbx_job_metadata(job, &keeper->about);
    for (int i = 0; i < CBX_KEPT_FILMS; i++) {
        free(keeper->at.films[i].spool); /* which goes */
        keeper->at.films[i].spool = NULL;
    }
    cbx_trainer_weights *weights = NULL; /* those that were kept last */
    cbx_status status = cbx_trainer_weights_open(&weights, job->trainer);
    if (!status) {
        status = cbx_keeper_write(keeper, weights);
    }
    cbx_trainer_weights_close(weights);
    if (!status) {
        unlink(keeper->previous);
    }
    return status;
}

void cbx_job_clear_keeper(cbx_job *job) {
    cbx_keeper *keeper = job->keeper;
    if (!keeper) {
        return;
    }
    cbx_keeper_stop(keeper);
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->lock);
    cbx_copy_destroy(keeper->copy);
    keeper->at.image_losses = NULL;
    free(keeper->image_losses);
    cbx_checkpoint_clear(&keeper->at);
    free(keeper->previous);
    free(keeper);
}
