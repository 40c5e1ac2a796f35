#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/memory.h"
#include "learn/job.h"
#include "picture/png.h"

static cbx_status probe(const char *path, int no_clobber) {
    cbx_output output = {0};
    cbx_status status = path ? cbx_output_open(&output, path, no_clobber) : CBX_OK;
    cbx_output_discard(&output);
    return status;
}

cbx_status cbx_job_probe_outputs(const cbx_learn_settings *settings) {
    cbx_status status = probe(settings->film, settings->no_clobber);
    if (!status) {
        status = probe(settings->picture, settings->no_clobber);
    }
    return status ? status : probe(settings->save, settings->no_clobber);
}

/* What the job writes beside the film waits under temporary names until the film stands,
 * so that a film that fails leaves every old file as it was. */
typedef struct staged {
    cbx_output weights, picture;
} staged;

static cbx_status save_weights(cbx_job *job, cbx_output *output) {
    const cbx_learn_settings *settings = job->settings;
    char hidden[16], epochs[16], batch[16], batches[24], rate[32], seed[24];
    snprintf(hidden, sizeof hidden, "%u", settings->hidden);
    snprintf(epochs, sizeof epochs, "%u", job->result->epochs);
    snprintf(batch, sizeof batch, "%u", settings->batch);
    snprintf(batches, sizeof batches, "%" PRIu64, job->result->batches);
    snprintf(rate, sizeof rate, "%.9g",
             settings->learning_rate > 0.0 ? settings->learning_rate : 0.0);
    snprintf(seed, sizeof seed, "%" PRIu64, settings->seed);
    const cbx_setting metadata[] = {
        {"format", "clearbox"},
        {"hidden", hidden},
        {"epochs", epochs},
        {"batch", batch},
        {"batches", batches},
        {"recipe", settings->recipe == CBX_RECIPE_NLL ? "nll" : "lesson"},
        {"learning_rate", settings->learning_rate > 0.0 ? rate : "default"},
        {"schedule", settings->schedule == CBX_SCHEDULE_FUSED ? "fused" : "stepwise"},
        {"seed", seed},
        {"shuffle", settings->no_shuffle ? "no" : "yes"},
        {"init", settings->init ? settings->init : "random"},
        {"device", job->plan.device->name},
        {"driver", job->plan.device->driver},
    };
    cbx_status status = cbx_output_open(output, settings->save, settings->no_clobber);
    if (!status) {
        status = cbx_trainer_get_weights(job->trainer, job->network);
    }
    return status ? status
                  : cbx_network_save(job->network, output->temporary, metadata,
                                     sizeof metadata / sizeof *metadata);
}

static cbx_status write_picture(cbx_job *job, cbx_output *output) {
    const cbx_grid *grid = &job->plan.grid;
    uint8_t *rgb = NULL;
    cbx_status status = cbx_output_open(output, job->settings->picture, job->settings->no_clobber);
    if (!status) {
        status = cbx_new(&rgb, (size_t)grid->width * grid->height * 3);
    }
    if (!status) {
        status = cbx_painter_rgb(&job->painter, job->trainer->w1, rgb);
    }
    if (!status) {
        status = cbx_png_write(output->temporary, 0, rgb, grid->width, grid->height);
    }
    free(rgb);
    return status;
}

static cbx_status finish_film(cbx_job *job) {
    cbx_film *film = job->film;
    cbx_learn_times *times = &job->result->times;
    job->film = NULL;
    cbx_status status = cbx_film_finish(film, &job->result->film);
    times->encode = job->result->film.encode_seconds;
    times->draw = cbx_frames_draw_seconds(job->frames);
    times->read_back = cbx_frames_read_seconds(job->frames);
    return status;
}

cbx_status cbx_job_write_outputs(cbx_job *job) {
    staged files = {0};
    cbx_status status = cbx_trainer_check(job->trainer);
    if (!status && job->result->batches == 0) {
        return CBX_OK; /* stopped before anything was learned */
    }
    if (!status && job->settings->save) {
        status = save_weights(job, &files.weights);
    }
    if (!status && job->settings->picture) {
        status = write_picture(job, &files.picture);
    }
    if (!status && job->film) {
        status = finish_film(job);
    }
    if (!status && job->settings->save) {
        status = cbx_output_commit(&files.weights);
    }
    if (!status && job->settings->picture) {
        status = cbx_output_commit(&files.picture);
    }
    cbx_output_discard(&files.weights);
    cbx_output_discard(&files.picture);
    return status;
}
