/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "learn/job.h"

/* Launches that may be under way: enough to keep the device busy while this thread
 * hands frames over in bunches. */
enum { MOST_OUTSTANDING = 16 };

cbx_status cbx_job_open_film(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    const cbx_grid *grid = &job->plan.grid;
    const size_t chroma = (size_t)(grid->width / 2) * (grid->height / 2);
    cbx_film_settings film;
    cbx_output output;
    uint8_t *planes = NULL;
    cbx_status status =
        cbx_job_film_settings(settings, grid, &film, &job->plan.encoder_is_fallback);
    if (!status) {
        job->plan.encoder = cbx_film_encoder(film.codec);
        status = cbx_new(&planes, 2 * chroma);
    }
    if (!status) {
        status = cbx_painter_chroma(&job->painter, planes, planes + chroma);
    }
    if (!status) {
        status = cbx_job_open_output(job, settings->film, &output);
    }
    if (!status) {
        status = cbx_film_open_on(&job->film, &output, &film, planes, planes + chroma);
    }
    if (!status) {
        status = cbx_frames_create(&job->frames, &job->painter, cbx_film_ring_frames(job->film) + 2,
                                   cbx_trainer_draws_apart(job->trainer, grid->scale));
    }
    free(planes);
    return status;
}

/* The run goes on for the sake of what else was asked for. */
static void lose_film(cbx_job *job, cbx_status status) {
    cbx_job_lose(job, CBX_LEARN_FILM, status);
    cbx_film_discard(job->film);
    job->film = NULL;
    if (!cbx_job_writes_besides(job->settings, CBX_LEARN_FILM)) {
        job->stopping = 1;
    }
}

static cbx_status hand_over_one(cbx_job *job, int wait, int *done) {
    const uint8_t *luma = NULL;
    void *slot = NULL;
    cbx_status status = cbx_frames_collect(job->frames, wait, &luma, &slot);
    *done = luma != NULL;
    if (status || !luma) {
        return status;
    }
    if (!job->film) {
        cbx_frames_release(slot);
        return CBX_OK;
    }
    status = cbx_film_push(job->film, luma, cbx_frames_release, slot);
    job->filmed++;
    if (status) {
        lose_film(job, status);
    }
    return CBX_OK;
}

cbx_status cbx_job_collect(cbx_job *job, uint32_t keep) {
    cbx_status status = CBX_OK;
    int done = 1;
    while (!status && cbx_frames_outstanding(job->frames) > keep) {
        status = hand_over_one(job, 1, &done);
    }
    while (!status && done && cbx_frames_outstanding(job->frames) > 0) {
        status = hand_over_one(job, 0, &done);
    }
    return status;
}

cbx_status cbx_job_next_canvas(cbx_job *job, cbx_canvas *canvas) {
    cbx_status status = CBX_OK;
    int ready = 0;
    if (cbx_frames_outstanding(job->frames) >= MOST_OUTSTANDING) {
        status = cbx_job_collect(job, MOST_OUTSTANDING / 2);
    }
    while (!status && job->film) {
        status = cbx_frames_acquire(job->frames, canvas, &ready);
        if (status || ready) {
            break;
        }
        const double start = cbx_clock_seconds();
        if (cbx_frames_outstanding(job->frames) > 0) {
            status = cbx_job_collect(job, cbx_frames_outstanding(job->frames) - 1);
        } else {
            cbx_frames_wait_released(job->frames);
        }
        job->result->times.waited += cbx_clock_seconds() - start;
    }
    return status;
}
