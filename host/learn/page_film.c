/* SPDX-License-Identifier: MIT */
/* A page without it is none the worse: what fails here is left out, and the page says so. Only a
 * fault of the device ends the run. */
#include "learn/page_film.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "avc/check.h"
#include "base/memory.h"
#include "base/temporary.h"
#include "learn/drawing.h"
#include "learn/job.h"
#include "reel/samples.h"

/* Of the run's own film, in all frames: beyond that it would be more than some 2 MB. */
#define MOST_PIXELS ((uint64_t)250000000)

/* As high as a page shows it, where scale 1 is not higher; and coarser than a film usually is, so
 * that the page of 64 neurons stays within 8 MB. */
enum { PAGE_FPS = 30, PAGE_SECONDS = 8, PAGE_HEIGHT = 480, PAGE_QUALITY = 26 };

/* ---- before ---- */

/* Whether browsers play it, as it is. */
static int is_playable(const cbx_job *job) {
    return !job->settings->film_descriptor && (job->plan.container == CBX_CONTAINER_WEBM ||
                                               (job->plan.container == CBX_CONTAINER_MP4 &&
                                                cbx_film_codec_of(&job->film) != CBX_CODEC_MPEG4));
}

static int is_small(const cbx_job *job) {
    return (uint64_t)job->plan.grid.width * job->plan.grid.height * job->plan.frames <= MOST_PIXELS;
}

/* H.264, by the device where it can, which the film itself may have found out. */
static int choose_encoder(cbx_job *job, cbx_film_settings *film) {
    const int is_tried = cbx_film_is_by_device(job->film.encoder);
    film->encoder = CBX_DEVICE_ENCODER;
    if (!cbx_samples_check(job->device, film) && (is_tried || !cbx_avc_check(job->device))) {
        return 1;
    }
    film->encoder = NULL;
    return !job->settings->checkpoint && !job->settings->resume && !cbx_film_check(film);
}

/* 0, the scale that fits, shows only some of many neurons. */
static uint32_t choose_scale(const cbx_job *job) {
    cbx_grid grid;
    if (job->settings->hidden > CBX_MOST_TILES ||
        cbx_grid_lay_out(&grid, job->settings->hidden, 1)) {
        return 0;
    }
    return grid.height < PAGE_HEIGHT ? PAGE_HEIGHT / grid.height : 1;
}

void cbx_job_plan_page_film(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_page_film *own = &job->page_film;
    cbx_learn_settings timed = *settings;
    if (!settings->report || !settings->film || (is_playable(job) && is_small(job))) {
        return;
    }
    timed.fps = PAGE_FPS;
    timed.seconds = PAGE_SECONDS;
    timed.hold = 0.0;
    timed.clock = CBX_CLOCK_LOG;
    own->timing = cbx_timing_of(&timed, job->plan.batches);
    own->drawing = (cbx_drawing){
        .tone = settings->tone, .colours = settings->colours, .scale = choose_scale(job)};
    if (cbx_grid_lay_out_as(&own->grid, settings->hidden, &own->drawing)) {
        return;
    }
    own->film = (cbx_film_settings){.width = own->grid.width,
                                    .height = own->grid.height,
                                    .fps = PAGE_FPS,
                                    .quality = PAGE_QUALITY,
                                    .workers = 1,
                                    .container = CBX_CONTAINER_MP4,
                                    .chroma_changes = cbx_drawing_changes_chroma(&own->drawing)};
    own->wanted = choose_encoder(job, &own->film);
}

/* ---- as an easel ---- */

/* Lost where it was the film that failed. */
static cbx_status judge(cbx_page_film *own, cbx_status status) {
    if (status && cbx_reel_is_torn(own->reel)) {
        cbx_reel_discard(own->reel);
        own->reel = NULL;
        status = CBX_OK;
    }
    return status;
}

static uint32_t room(void *user) {
    const cbx_page_film *own = user;
    return cbx_reel_room(own->reel);
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    cbx_page_film *own = user;
    const cbx_status status = judge(own, cbx_reel_canvas(own->reel, out));
    if (!own->reel) {
        *out = (cbx_canvas){.luma = NULL};
    }
    return status;
}

static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    cbx_page_film *own = user;
    own->drawn += pictures;
    return cbx_reel_drawn(own->reel, pictures, done);
}

/* ---- from the first frame to the last ---- */

cbx_status cbx_page_film_name(const char *report, char **out) {
    const char *slash = strrchr(report, '/');
    const int folder = slash ? (int)(slash - report) + 1 : 0;
    const size_t size = strlen(report) + sizeof "..film.mp4";
    const cbx_status status = cbx_new(out, size);
    if (!status) {
        snprintf(*out, size, "%.*s.%s.film.mp4", folder, report, report + folder);
    }
    return status;
}

/* Whether the run that this one goes on from had lost it. */
static int was_lost(const cbx_job *job) {
    return job->resumed && !job->resumed->films[CBX_KEPT_PAGE_FILM].spool;
}

static cbx_status open_file(cbx_job *job) {
    cbx_page_film *own = &job->page_film;
    cbx_output output;
    if (cbx_output_open(&output, own->path, 0) ||
        cbx_reel_open(&own->reel, &own->painter, 1, &output, &own->film)) {
        return CBX_OK;
    }
    const cbx_status status = cbx_job_open_spool(job, CBX_KEPT_PAGE_FILM, own->path, &own->spool);
    if (status && status != CBX_DEVICE_FAULT) {
        cbx_reel_discard(own->reel);
        own->reel = NULL;
        cbx_job_close_spool(own->path, 0, &own->spool);
        return CBX_OK;
    }
    return status;
}

cbx_status cbx_job_open_page_film(cbx_job *job) {
    cbx_page_film *own = &job->page_film;
    if (!job->settings->report) {
        return CBX_OK;
    }
    own->easel = (cbx_easel){&own->painter, room, canvas, drawn, own};
    cbx_status status = cbx_page_film_name(job->settings->report, &own->path);
    if (status) {
        return status;
    }
    if (!own->wanted || was_lost(job)) { /* no other will look for what was left of one */
        cbx_temporary_remove_dead(own->path, CBX_PART_KIND);
        cbx_job_remove_spools(own->path);
        return CBX_OK;
    }
    status = cbx_painter_init_as(&own->painter, job->device, &own->grid, &own->drawing);
    return status ? status : open_file(job);
}

uint64_t cbx_job_page_film_next(const cbx_job *job) {
    const cbx_page_film *own = &job->page_film;
    return own->reel && own->drawn < own->timing.moving ? cbx_timing_batch(&own->timing, own->drawn)
                                                        : UINT64_MAX;
}

cbx_status cbx_job_draw_page_film(cbx_job *job) {
    cbx_page_film *own = &job->page_film;
    cbx_status status = CBX_OK;
    if (cbx_job_page_film_next(job) <= job->position.batch_number) {
        status = cbx_trainer_gather_w1(job->trainer);
    }
    while (!status && cbx_job_page_film_next(job) <= job->position.batch_number) {
        status = cbx_easel_draw(&own->easel, cbx_trainer_w1(job->trainer));
    }
    return status;
}

cbx_status cbx_job_look_page_film(cbx_job *job) {
    cbx_page_film *own = &job->page_film;
    return own->reel ? judge(own, cbx_reel_look(own->reel)) : CBX_OK;
}

cbx_status cbx_job_collect_page_film(cbx_job *job) {
    cbx_page_film *own = &job->page_film;
    return own->reel ? judge(own, cbx_reel_turn(own->reel)) : CBX_OK;
}

void cbx_job_finish_page_film(cbx_job *job, cbx_status trained) {
    cbx_page_film *own = &job->page_film;
    cbx_film_result made;
    if (!own->reel || trained || own->drawn == 0) {
        return;
    }
    cbx_fault_take(&job->fault, judge(own, cbx_reel_turn(own->reel)));
    if (own->reel && !cbx_reel_finish(own->reel, &made)) {
        own->frames = made.frames;
        own->has_file = 1;
    }
}

void cbx_job_remove_page_film(cbx_job *job) {
    cbx_page_film *own = &job->page_film;
    if (own->has_file) {
        own->has_file = 0;
        unlink(own->path);
    }
}

void cbx_job_clear_page_film(cbx_job *job) {
    cbx_page_film *own = &job->page_film;
    cbx_reel_discard(own->reel);
    cbx_job_close_spool(own->path, own->frames > 0, &own->spool);
    if (own->painter.device) {
        cbx_painter_clear(&own->painter);
    }
    cbx_job_remove_page_film(job);
    free(own->path);
}
