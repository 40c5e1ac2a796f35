/* SPDX-License-Identifier: MIT */
/* Which encoder a film gets: the one that is named, or the best that works here. */
#include <stdio.h>

#include "avc/check.h"
#include "base/error.h"
#include "film/plays.h"
#include "learn/job.h"
#include "learn/drawing.h"
#include "learn/encoder.h"
#include "reel/samples.h"

static cbx_status check_libav_encoder(cbx_film_settings *film) {
    cbx_status status = cbx_film_check(film);
    if (status == CBX_NO_ENCODER && cbx_film_stand_in(film)) {
        status = cbx_film_check(film);
    }
    return status;
}

/* Whether the device may be asked: when it is named, or the choice is left in every respect. */
static int may_be_device(const cbx_film_settings *film) {
    return cbx_film_is_by_device(film->encoder) ||
           (!cbx_film_is_encoder_named(film->encoder) && film->codec == CBX_CODEC_H264 &&
            !film->preset && cbx_film_codec_of(film) == CBX_CODEC_H264);
}

static int keeps(const cbx_learn_settings *settings) {
    return settings->checkpoint || settings->resume;
}

/* Frames that libavcodec encodes hang on each other in ways that cannot be kept. */
static cbx_status refuse_other(const cbx_film_settings *film) {
    return cbx_fail(CBX_BAD_ARGUMENT,
                    "a run with checkpoints films with the encoder %s alone, in mp4, Matroska or "
                    "MPEG-TS, not with %s; leave the film out, or the checkpoints",
                    CBX_DEVICE_ENCODER, cbx_film_encoder_of(film));
}

/* As they are asked for, and nothing of it checked. */
static cbx_status gather(const cbx_learn_settings *settings, const cbx_grid *grid,
                         cbx_film_settings *out) {
    const cbx_drawing drawing = cbx_drawing_of(settings);
    *out = (cbx_film_settings){.width = grid->width,
                               .height = grid->height,
                               .fps = settings->fps,
                               .codec = settings->codec,
                               .encoder = settings->encoder,
                               .quality = settings->quality,
                               .preset = settings->preset,
                               .workers = settings->workers,
                               .no_clobber = settings->no_clobber,
                               .comment = settings->film_command,
                               .chroma_changes = cbx_drawing_changes_chroma(&drawing)};
    return cbx_film_container(&out->container, settings->film_descriptor ? NULL : settings->film,
                              settings->container);
}

int cbx_learn_asks_encoder(const cbx_learn_settings *settings) {
    const cbx_grid any = {.tiles = 0};
    cbx_film_settings film;
    return settings->film &&
           (settings->report || (!gather(settings, &any, &film) && may_be_device(&film)));
}

cbx_status cbx_job_film_settings(const cbx_learn_settings *settings, const cbx_grid *grid,
                                 cbx_film_settings *out) {
    const cbx_status status = gather(settings, grid, out);
    if (status) {
        return status;
    }
    if (may_be_device(out)) {
        return cbx_film_check_wishes(out);
    }
    return keeps(settings) ? refuse_other(out) : check_libav_encoder(out);
}

/* The device, if it encodes well; whoever named it wants no other. */
static cbx_status try_device(cbx_job *job) {
    const int named = cbx_film_is_by_device(job->film.encoder);
    cbx_status status = cbx_samples_check(job->device, &job->film);
    if (!status) {
        status = cbx_avc_check(job->device);
    }
    if (!status) {
        job->film.encoder = CBX_DEVICE_ENCODER;
    } else if (!named && !keeps(job->settings)) {
        snprintf(job->encoder_why, sizeof job->encoder_why, "%s", cbx_last_error());
        status = check_libav_encoder(&job->film);
    }
    return status;
}

/* Comes when the device is open, because its own encoder is the first to be asked. */
cbx_status cbx_job_choose_encoder(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_learn_plan *plan = &job->plan;
    cbx_grid grid;
    if (!settings->film) {
        return CBX_OK;
    }
    const cbx_drawing drawing = cbx_drawing_of(settings);
    cbx_status status = cbx_grid_lay_out_as(&grid, settings->hidden, &drawing);
    if (!status) {
        status = cbx_job_film_settings(settings, &grid, &job->film);
    }
    if (!status && may_be_device(&job->film)) {
        status = try_device(job);
    }
    if (status) {
        return status;
    }
    if (job->film.codec != settings->codec && !job->encoder_why[0]) {
        snprintf(job->encoder_why, sizeof job->encoder_why,
                 "the linked libavcodec has no H.264 encoder: MPEG-4%s",
                 settings->quality < 0 ? "" : " at its default quality");
    }
    plan->encoder = cbx_film_encoder_of(&job->film);
    plan->encoder_is_fallback = job->encoder_why[0] != '\0';
    plan->encoder_why = plan->encoder_is_fallback ? job->encoder_why : NULL;
    plan->container = job->film.container;
    plan->level = cbx_film_level(&job->film);
    (void)cbx_film_plays(&job->film, plan->caution, sizeof plan->caution);
    return CBX_OK;
}
