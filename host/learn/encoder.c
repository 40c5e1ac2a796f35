/* SPDX-License-Identifier: MIT */
/* Which encoder a film gets: the one that is named, or the best that works here. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "learn/job.h"

static int is_device(const char *encoder) {
    return encoder && strcmp(encoder, CBX_DEVICE_ENCODER) == 0;
}

static cbx_status check_device_encoder(const cbx_film_settings *film) {
    char known[160];
    cbx_status status = cbx_film_check_wishes(film);
    if (status) {
        return status;
    }
    cbx_film_list_encoders(known, sizeof known);
    return cbx_fail(CBX_NO_ENCODER,
                    "this version of clearbox has no encoder " CBX_DEVICE_ENCODER
                    " yet; libavcodec has %s",
                    known);
}

static cbx_status check_libav_encoder(cbx_film_settings *film) {
    cbx_status status = cbx_film_check(film);
    if (status == CBX_NO_ENCODER && cbx_film_stand_in(film)) {
        status = cbx_film_check(film);
    }
    return status;
}

cbx_status cbx_job_film_settings(const cbx_learn_settings *settings, const cbx_grid *grid,
                                 cbx_film_settings *out) {
    *out = (cbx_film_settings){.width = grid->width,
                               .height = grid->height,
                               .fps = settings->fps,
                               .codec = settings->codec,
                               .encoder = settings->encoder,
                               .quality = settings->quality,
                               .preset = settings->preset,
                               .workers = settings->workers,
                               .no_clobber = settings->no_clobber};
    return is_device(out->encoder) ? check_device_encoder(out) : check_libav_encoder(out);
}

/* Comes when the device is open, because its own encoder is the first to be asked. */
cbx_status cbx_job_choose_encoder(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_learn_plan *plan = &job->plan;
    if (!settings->film) {
        return CBX_OK;
    }
    cbx_status status = cbx_job_film_settings(settings, &plan->grid, &job->film);
    if (status) {
        return status;
    }
    if (job->film.codec != settings->codec) {
        snprintf(job->encoder_why, sizeof job->encoder_why,
                 "the linked libavcodec has no H.264 encoder: MPEG-4%s",
                 settings->quality < 0 ? "" : " at its default quality");
    }
    plan->encoder = cbx_film_encoder_of(&job->film);
    plan->encoder_is_fallback = job->encoder_why[0] != '\0';
    plan->encoder_why = plan->encoder_is_fallback ? job->encoder_why : NULL;
    return CBX_OK;
}
