/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "film/poster.h"
#include "learn/job.h"
#include "learn/drawing.h"
#include "page/network.h"

void cbx_learn_defaults(cbx_learn_settings *settings) {
    memset(settings, 0, sizeof *settings);
    settings->family = CBX_FAMILY_AUTO;
    settings->hidden = 64;
    settings->epochs = 5;
    settings->batch = 64;
    settings->recipe = CBX_RECIPE_LESSON;
    settings->schedule = CBX_SCHEDULE_AUTO;
    settings->frame_every = 1;
    settings->tone = CBX_TONE_PEAK;
    settings->film = "learn.mp4";
    settings->codec = CBX_CODEC_H264;
    settings->quality = -1;
    settings->checkpoint_seconds = 60.0;
    (void)cbx_learn_set_style(settings, CBX_STYLE_LESSON);
}

/* When a film is refused and a smaller scale would cure it, says which. */
static cbx_status suggest_scale(const cbx_learn_settings *settings, cbx_film_settings film) {
    char sentence[512];
    cbx_grid grid;
    snprintf(sentence, sizeof sentence, "%s", cbx_last_error());
    cbx_drawing drawing = cbx_drawing_of(settings);
    for (uint32_t scale = settings->scale; scale-- > 1;) {
        drawing.scale = scale;
        if (cbx_grid_lay_out_as(&grid, settings->hidden, &drawing)) {
            continue;
        }
        film.width = grid.width;
        film.height = grid.height;
        if (!cbx_film_check_wishes(&film)) {
            return cbx_fail(CBX_BAD_ARGUMENT, "%s; scale %u is the largest that fits", sentence,
                            scale);
        }
    }
    return cbx_fail(CBX_BAD_ARGUMENT, "%s", sentence);
}

static cbx_status check_pictures(const cbx_learn_settings *settings) {
    cbx_grid grid;
    cbx_film_settings film;
    const cbx_drawing drawing = cbx_drawing_of(settings);
    cbx_status status = cbx_grid_lay_out_as(&grid, settings->hidden, &drawing);
    if (!status && settings->film) {
        status = cbx_job_film_settings(settings, &grid, &film);
        if (status == CBX_BAD_ARGUMENT) {
            status = suggest_scale(settings, film);
        }
    }
    return status;
}

/* It is taken from the film when that is finished. */
static cbx_status check_poster(const cbx_learn_settings *settings) {
    cbx_container container = CBX_CONTAINER_AUTO;
    if (!settings->poster) {
        return CBX_OK;
    }
    if (!settings->film || settings->film_descriptor || !cbx_film_is_file(settings->film)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "the poster %s is the last picture of a film in a regular file, and "
                        "there is to be none",
                        settings->poster);
    }
    cbx_status status = cbx_film_container(&container, settings->film, settings->container);
    return status || cbx_poster_can(container)
               ? status
               : cbx_fail(CBX_BAD_ARGUMENT,
                          "the poster %s cannot be taken from an animated WebP, which libavcodec "
                          "does not decode; choose another ending for the film",
                          settings->poster);
}

/* A film is continued from the frames that the device encoded. */
static cbx_status check_checkpoint(const cbx_learn_settings *settings) {
    if (!settings->checkpoint && !settings->resume) {
        return CBX_OK;
    }
    if (!isfinite(settings->checkpoint_seconds) || settings->checkpoint_seconds < 0.0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "the seconds between checkpoints must be a number");
    }
    if (settings->film && (settings->film_descriptor || !cbx_film_is_file(settings->film))) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a run with checkpoints films into a regular file, which %s is not",
                        settings->film);
    }
    return CBX_OK;
}

const char cbx_every_device[] = "all";

int cbx_spec_is_list(const char *spec) {
    return spec && (strchr(spec, ',') || strcmp(spec, cbx_every_device) == 0);
}

/* Each device has bits of its own by another one. */
cbx_status cbx_job_check_crew(const cbx_learn_settings *settings) {
    return settings->arithmetic != CBX_ARITHMETIC_CANON
               ? cbx_fail(
                     CBX_BAD_ARGUMENT,
                     "several devices train by the canon alone: arithmetic %s has bits of each "
                     "device's own",
                     cbx_arithmetic_name(settings->arithmetic))
               : CBX_OK;
}

static cbx_status check_devices(const cbx_learn_settings *settings) {
    return cbx_spec_is_list(settings->device) ? cbx_job_check_crew(settings) : CBX_OK;
}

cbx_status cbx_learn_check(const cbx_learn_settings *settings) {
    const cbx_trainer_settings trainer = {settings->hidden, settings->batch, settings->recipe,
                                          settings->schedule};
    if (!settings->data) {
        return cbx_fail(CBX_BAD_ARGUMENT, "no data folder was given");
    }
    if (settings->epochs < 1 || settings->frame_every < 1) {
        return cbx_fail(CBX_BAD_ARGUMENT, "epochs and frame_every must be at least 1");
    }
    if (!isfinite(settings->learning_rate) || settings->learning_rate < 0.0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "the learning rate must be a positive number");
    }
    cbx_status status = cbx_family_check_value(settings->family);
    if (!status) {
        status = cbx_arithmetic_check_value(settings->arithmetic);
    }
    if (!status) {
        status = check_devices(settings);
    }
    if (!status) {
        status = cbx_trainer_check_settings(&trainer);
    }
    if (!status) {
        status = check_checkpoint(settings);
    }
    if (!status) {
        status = check_pictures(settings);
    }
    if (!status && settings->film) {
        status = cbx_timing_check(settings);
    }
    if (!status && settings->report) {
        status = cbx_page_check(settings->hidden);
    }
    return status ? status : check_poster(settings);
}
