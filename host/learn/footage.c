/* SPDX-License-Identifier: MIT */
/* The film of a run: opened, supplied, finished, or lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/memory.h"
#include "learn/job.h"

static void note_times(cbx_job *job) {
    const cbx_reel_times times = cbx_reel_times_of(job->reel);
    job->result->times.draw = times.draw;
    job->result->times.read_back = times.read_back;
    job->result->times.waited = times.waited;
    job->result->times.encode = times.encode + job->result->film.encode_seconds;
}

/* A film that fails is lost, and the run goes on for the sake of what else was asked for. */
static cbx_status lose(cbx_job *job, cbx_status status) {
    cbx_job_lose(job, CBX_LEARN_FILM, status);
    if (!cbx_job_writes_besides(job->settings, CBX_LEARN_FILM)) {
        job->stopping = 1;
    }
    note_times(job);
    cbx_trainer_draw_on(job->trainer, NULL);
    cbx_reel_discard(job->reel);
    job->reel = NULL;
    return CBX_OK;
}

/* A fault of the device is everyone's. */
static cbx_status judge(cbx_job *job, cbx_status status) {
    return !status || !cbx_reel_is_torn(job->reel) ? status : lose(job, status);
}

/* The reel as the trainer's easel. */

static uint32_t room(void *user) {
    const cbx_job *job = user;
    return cbx_reel_room(job->reel);
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    cbx_job *job = user;
    cbx_job_caption(job);
    const cbx_status status = judge(job, cbx_reel_canvas(job->reel, out));
    if (!job->reel) { /* lost just now */
        *out = (cbx_canvas){.luma = NULL};
    }
    return status;
}

/* Whether the frame to come shows the batch of the one before. */
static int is_repeated(const cbx_job *job) {
    const cbx_timing *timing = &job->timing;
    return job->reel && job->drawn > 0 && job->drawn < timing->moving &&
           cbx_timing_batch(timing, job->drawn) == cbx_timing_batch(timing, job->drawn - 1);
}

static cbx_status note_drawn(void *user, uint32_t pictures, cl_event done) {
    cbx_job *job = user;
    job->drawn += pictures;
    return cbx_reel_drawn(job->reel, pictures, done);
}

/* The easel for frames of a batch that was drawn already. */
static cbx_easel again(cbx_job *job) {
    return (cbx_easel){&job->painter, room, canvas, note_drawn, job};
}

/* A batch of several frames is drawn anew for each: where there are any, its picture is the only one
 * of its launch, and the weights are still those. */
static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    cbx_job *job = user;
    const cbx_easel easel = again(job);
    cbx_status status = note_drawn(user, pictures, done);
    while (!status && is_repeated(job)) {
        status = cbx_trainer_redraw(job->trainer, &easel);
    }
    return status;
}

enum { TITLE_BYTES = 160 };

/* For the time of opening it. */
static void name_film(cbx_job *job, char *title, size_t size) {
    const cbx_learn_settings *settings = job->settings;
    snprintf(title, size, "A hidden layer of %u neurons learns, recipe %s, seed %llu",
             settings->hidden, cbx_recipe_name(settings->recipe),
             (unsigned long long)settings->seed);
    job->film.title = title;
}

/* What is only known at the end. */
static cbx_status add_hash(cbx_job *job) {
    const char *command = job->settings->film_command, *sha256 = job->result->weights_sha256;
    char *comment = NULL;
    if (!sha256[0]) {
        return CBX_OK;
    }
    const size_t size = (command ? strlen(command) : 0) + CBX_SHA256_TEXT + 40;
    cbx_status status = cbx_new(&comment, size);
    if (!status) {
        (void)snprintf(comment, size, "%s%sSHA-256 of the weights: %s", command ? command : "",
                       command ? "\n" : "", sha256);
        status = cbx_reel_comment(job->reel, comment);
    }
    free(comment);
    return status;
}

/* Before, by the run that this one goes on from. */
static int was_lost(const cbx_job *job) {
    return job->resumed && !job->resumed->films[CBX_KEPT_FILM].spool;
}

cbx_status cbx_job_open_film(cbx_job *job) {
    const int apart = cbx_trainer_draws_apart(job->trainer, cbx_painter_plain_scale(&job->painter));
    char title[TITLE_BYTES];
    cbx_output output;
    job->easel = (cbx_easel){&job->painter, room, canvas, drawn, job};
    cbx_trainer_draw_on(job->trainer, &job->easel);
    const cbx_learn_settings *settings = job->settings;
    cbx_status status =
        settings->film_descriptor
            ? cbx_output_open_descriptor(&output, settings->film_descriptor, settings->film)
            : cbx_job_open_output(job, settings->film, &output);
    name_film(job, title, sizeof title);
    if (!status) {
        status = cbx_reel_open(&job->reel, &job->painter, apart, &output, &job->film);
    }
    if (!status) {
        status = cbx_job_open_spool(job, CBX_KEPT_FILM, settings->film, &job->spool);
    }
    job->film.title = NULL;
    return status && job->reel && was_lost(job) ? lose(job, status) : status;
}

cbx_status cbx_job_collect(cbx_job *job) {
    const cbx_status status = job->reel ? judge(job, cbx_reel_turn(job->reel)) : CBX_OK;
    return status || !job->page_film.spool ? status : cbx_job_collect_page_film(job);
}

cbx_status cbx_job_look(cbx_job *job) {
    const cbx_status status = job->reel ? judge(job, cbx_reel_look(job->reel)) : CBX_OK;
    return status ? status : cbx_job_look_page_film(job);
}

/* Waits for the encoders, telling how far they are. */
static void watch(cbx_job *job) {
    const struct timespec pause = {0, 2000000};
    double told = 0.0;
    uint64_t left;
    while ((left = cbx_reel_unwritten(job->reel)) > 0) {
        const double now = cbx_clock_seconds();
        if (now - told >= CBX_REPORT_SECONDS) {
            told = now;
            cbx_job_tell_finishing(job, left);
        }
        nanosleep(&pause, NULL);
    }
}

/* What sha256sum shows. A film that goes elsewhere, as through a pipe, is none the worse; a file that cannot be
 * read again is of little use. */
static void hash_film(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_status status = CBX_OK;
    if (!settings->film_descriptor && (settings->save || settings->report || settings->hash_film)) {
        status = cbx_digest_file(settings->film, job->result->film_sha256);
    }
    if (status) {
        job->result->film_sha256[0] = '\0';
    }
    cbx_fault_take(&job->fault, status == CBX_BAD_DATA ? CBX_CANNOT_WRITE : CBX_OK);
}

/* What the weights became stays for some frames. A fault of the device has lost them. */
static cbx_status hold(cbx_job *job) {
    const cbx_easel easel = again(job);
    cbx_status status = CBX_OK;
    for (uint64_t i = 0; i < job->timing.held && job->reel && !status; i++) {
        status = cbx_trainer_redraw(job->trainer, &easel);
    }
    return status ? status : cbx_job_collect(job);
}

void cbx_job_finish_film(cbx_job *job, cbx_status trained) {
    if (!job->reel || !cbx_job_is_sound(job, trained, CBX_LEARN_FILM) ||
        cbx_reel_times_of(job->reel).frames == 0) {
        return;
    }
    if (!trained) {
        cbx_fault_take(&job->fault, hold(job));
    }
    if (!job->reel) {
        return; /* lost on the way */
    }
    watch(job);
    cbx_status status = add_hash(job);
    if (!status) {
        status = cbx_reel_finish(job->reel, &job->result->film);
    }
    note_times(job);
    job->result->film.encode_seconds = job->result->times.encode;
    job->result->kept[CBX_LEARN_FILM] = !status;
    if (status) {
        cbx_job_lose(job, CBX_LEARN_FILM, status);
    } else {
        hash_film(job);
    }
    if (!job->keeper) {
        cbx_job_close_spool(job->settings->film, !status && cbx_job_is_whole(job), &job->spool);
    }
}
