/* SPDX-License-Identifier: MIT */
#include "learn/keeper.h"

#include <string.h>

#include "base/files.h"
#include "base/thread.h"

/* What there is beside the weights, of a copy's bytes. */
static cbx_status take_copies(cbx_keeper *keeper) {
    const uint8_t *bytes = keeper->bytes;
    const cbx_status status =
        cbx_trainer_kept(keeper->trainer, bytes, keeper->has_losses ? keeper->image_losses : NULL);
    bytes += cbx_trainer_kept_bytes(keeper->trainer);
    for (int i = 0; i < CBX_KEPT_FILMS && !status; i++) {
        cbx_kept_film *film = &keeper->at.films[i];
        if (film->spool) {
            cbx_reel_kept(&film->state, bytes);
        }
        bytes += keeper->film_bytes[i]; /* also of one that was lost since */
    }
    return status;
}

cbx_status cbx_keeper_write(cbx_keeper *keeper, cbx_trainer_weights *weights) {
    cbx_output output;
    keeper->at.weights = cbx_trainer_weights_pieces(weights);
    cbx_status status = cbx_output_open(&output, keeper->path, 0);
    if (!status) {
        status =
            cbx_checkpoint_write(&keeper->at, keeper->about.settings, keeper->about.count, &output);
    }
    if (!status) {
        status = cbx_output_commit_keeping(&output, keeper->previous);
    }
    cbx_output_discard(&output);
    if (!status) {
        keeper->made++;
    }
    return status;
}

static cbx_status sync_and_write(cbx_keeper *keeper) {
    cbx_trainer_weights *weights = NULL;
    cbx_status status = CBX_OK;
    for (int i = 0; i < CBX_KEPT_FILMS && !status; i++) {
        status = keeper->at.films[i].spool ? cbx_spool_sync(keeper->spools[i]) : CBX_OK;
    }
    if (!status) {
        status = cbx_trainer_weights_open_kept(&weights, keeper->trainer, keeper->bytes);
    }
    if (!status) {
        status = cbx_keeper_write(keeper, weights);
    }
    cbx_trainer_weights_close(weights);
    return status;
}

/* One with weights that are not finite is not worth its name; training will say so. */
cbx_status cbx_keeper_make(cbx_keeper *keeper) {
    cbx_status status = take_copies(keeper);
    if (!status) {
        status = sync_and_write(keeper);
    }
    const int is_missed = status != CBX_DIVERGED && status != CBX_DEVICE_FAULT;
    pthread_mutex_lock(&keeper->lock);
    cbx_fault_take(&keeper->fault, is_missed ? status : CBX_OK);
    keeper->state = CBX_KEEPER_IDLE;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    return status == CBX_DEVICE_FAULT ? status : CBX_OK;
}

static void *work(void *argument) {
    cbx_keeper *keeper = argument;
    pthread_mutex_lock(&keeper->lock);
    for (;;) {
        while (keeper->state != CBX_KEEPER_WRITING && !keeper->ending) {
            pthread_cond_wait(&keeper->changed, &keeper->lock);
        }
        if (keeper->state != CBX_KEEPER_WRITING) {
            break;
        }
        pthread_mutex_unlock(&keeper->lock);
        (void)cbx_keeper_make(keeper); /* which asks no device here */
        pthread_mutex_lock(&keeper->lock);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

cbx_status cbx_keeper_start(cbx_keeper *keeper) {
    const int error = cbx_thread_start(&keeper->thread, work, keeper);
    keeper->has_thread = !error;
    return error ? cbx_fail(CBX_NO_MEMORY, "cannot start a thread for checkpoints: %s",
                            strerror(error))
                 : CBX_OK;
}

void cbx_keeper_stop(cbx_keeper *keeper) {
    pthread_mutex_lock(&keeper->lock);
    keeper->ending = 1;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    if (keeper->has_thread) {
        pthread_join(keeper->thread, NULL);
        keeper->has_thread = 0;
    }
}
