/* SPDX-License-Identifier: MIT */
/* What a run writes: a row each. All are probed before any work, all are written, then
 * each is committed; one that fails costs only itself. The film comes first: the weights'
 * metadata tell its hash. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/path.h"
#include "data/dataset.h"
#include "film/poster.h"
#include "learn/checkpoint.h"
#include "learn/job.h"
#include "learn/kept_settings.h"
#include "learn/metadata.h"
#include "learn/picture.h"
#include "picture/png.h"

static cbx_status write_picture(cbx_job *job, cbx_output *to);
static cbx_status write_poster(cbx_job *job, cbx_output *to);

/* In the order of cbx_learn_output. */
static const struct row {
    const char *name;
    size_t path;                                       /* offset in cbx_learn_settings */
    cbx_status (*write)(cbx_job *job, cbx_output *to); /* NULL: it is written while training */
} rows[CBX_LEARN_OUTPUTS] = {
    [CBX_LEARN_FILM] = {"film", offsetof(cbx_learn_settings, film), NULL},
    [CBX_LEARN_WEIGHTS] = {"weights", offsetof(cbx_learn_settings, save), cbx_job_write_weights},
    [CBX_LEARN_PICTURE] = {"picture", offsetof(cbx_learn_settings, picture), write_picture},
    [CBX_LEARN_POSTER] = {"poster", offsetof(cbx_learn_settings, poster), write_poster},
    [CBX_LEARN_REPORT] = {"report", offsetof(cbx_learn_settings, report), cbx_job_write_page},
    [CBX_LEARN_CHECKPOINT] = {"checkpoint", offsetof(cbx_learn_settings, checkpoint), NULL},
};

const char *cbx_learn_output_name(cbx_learn_output output) {
    return rows[output].name;
}

const char *cbx_learn_output_path(const cbx_learn_settings *settings, cbx_learn_output output) {
    const char *path;
    memcpy(&path, (const char *)settings + rows[output].path, sizeof path);
    return path;
}

int cbx_job_writes_besides(const cbx_learn_settings *settings, cbx_learn_output output) {
    for (unsigned i = 0; i < CBX_LEARN_OUTPUTS; i++) {
        if (i != output && cbx_learn_output_path(settings, i)) {
            return 1;
        }
    }
    return 0;
}

/* ---- before ---- */

static cbx_status refuse_same(const char *path, const char *what, const char *other,
                              const char *other_what) {
    if (!cbx_files_same(path, other)) {
        return CBX_OK;
    }
    return cbx_fail(CBX_BAD_ARGUMENT, "the %s %s and the %s %s are the same file; choose another",
                    what, path, other_what, other);
}

/* No output may be the weights to start from, or a file of the dataset. */
static cbx_status refuse_inputs(const cbx_learn_settings *settings, const char *path,
                                const char *what) {
    char input[PATH_MAX];
    cbx_status status =
        settings->init ? refuse_same(path, what, settings->init, "weights to start from") : CBX_OK;
    for (size_t i = 0; !status && cbx_dataset_file(settings->data, i, input, sizeof input); i++) {
        status = refuse_same(path, what, input, "data file");
    }
    return status;
}

/* NULL: none, or what is open already. */
static const char *file_of(const cbx_learn_settings *settings, unsigned output) {
    return output == CBX_LEARN_FILM && settings->film_descriptor
               ? NULL
               : cbx_learn_output_path(settings, output);
}

/* Progress of another run is not lost by a second start. `path`: the checkpoint, or the one before. */
static cbx_status refuse_progress_in(const char *path, int overwrite) {
    struct stat about;
    if (stat(path, &about) != 0) {
        return CBX_OK;
    }
    if (!S_ISREG(about.st_mode)) {
        return cbx_fail(CBX_CANNOT_CREATE, "the checkpoint %s cannot be kept in what is no file",
                        path);
    }
    if (overwrite) {
        return CBX_OK;
    }
    return cbx_fail(CBX_CANNOT_CREATE,
                    "the checkpoint %s is there already, and may have the progress of another run: "
                    "resume that one, choose another name, or ask for it to be overwritten",
                    path);
}

/* Nothing of the run may be where the checkpoint before is kept. */
static cbx_status refuse_previous(const cbx_learn_settings *settings, const char *previous) {
    static const char *const what = "checkpoint before the last";
    cbx_status status = refuse_inputs(settings, previous, what);
    for (unsigned i = 0; i < CBX_LEARN_OUTPUTS && !status; i++) {
        const char *path = i == CBX_LEARN_CHECKPOINT ? NULL : file_of(settings, i);
        status = path ? refuse_same(path, rows[i].name, previous, what) : CBX_OK;
    }
    return status ? status : cbx_output_probe(previous, 0);
}

static cbx_status reserve(cbx_job *job, const char *path) {
    const int error = cbx_reservation_take(&job->to, path);
    if (error == EWOULDBLOCK) {
        return cbx_fail(CBX_CANNOT_CREATE,
                        "another process keeps its checkpoints in %s; choose another name", path);
    }
    return error ? cbx_fail(CBX_CANNOT_CREATE, "cannot reserve the name of the checkpoint %s: %s",
                            path, strerror(error))
                 : CBX_OK;
}

/* Those of a run that begins, or that goes on from another file. */
static cbx_status take_name(cbx_job *job, const char *previous) {
    const char *path = job->settings->checkpoint, *resume = job->settings->resume;
    const int overwrite = job->settings->overwrite;
    if (resume && cbx_files_same(previous, resume)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "%s, which the run would go on from, is where the checkpoint before %s is "
                        "kept: give one of them another name",
                        resume, path);
    }
    if (path[0] && path[strlen(path) - 1] == '~') {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "the checkpoint %s is called like the one before another; choose a name "
                        "that does not end in '~'",
                        path);
    }
    cbx_status status = reserve(job, path);
    status = status ? status : refuse_progress_in(path, overwrite);
    return status ? status : refuse_progress_in(previous, overwrite);
}

/* A run that was killed between two names leaves both on one file, from which it goes on. */
static cbx_status check_checkpoint(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    const char *path = settings->checkpoint;
    char *previous = path ? cbx_checkpoint_previous(path) : NULL;
    if (!path || !previous) {
        return path ? cbx_fail(CBX_NO_MEMORY, "no memory for a file name") : CBX_OK;
    }
    cbx_status status = settings->resume && cbx_files_same(path, settings->resume)
                            ? CBX_OK
                            : take_name(job, previous);
    if (!status) {
        status = refuse_previous(settings, previous);
    }
    free(previous);
    return status;
}

/* The checkpoint that the run goes on from is replaced by those to come, and by nothing else. */
static cbx_status refuse_resumed(const cbx_learn_settings *settings, unsigned output,
                                 const char *path) {
    return settings->resume && output != CBX_LEARN_CHECKPOINT
               ? refuse_same(path, rows[output].name, settings->resume, "checkpoint to go on from")
               : CBX_OK;
}

cbx_status cbx_job_probe_outputs(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_status status = CBX_OK;
    for (unsigned i = 0; i < CBX_LEARN_OUTPUTS && !status; i++) {
        const char *path = file_of(settings, i);
        for (unsigned j = 0; j < i && path && !status; j++) {
            const char *other = file_of(settings, j);
            status = other ? refuse_same(other, rows[j].name, path, rows[i].name) : CBX_OK;
        }
        if (path && !status) {
            status = refuse_inputs(settings, path, rows[i].name);
        }
        if (path && !status) {
            status = refuse_resumed(settings, i, path);
        }
    }
    if (!status && settings->checkpoint) {
        status = cbx_kept_settings_check(settings);
    }
    for (unsigned i = 0; i < CBX_LEARN_OUTPUTS && !status; i++) {
        const char *path = file_of(settings, i);
        const int stays = settings->no_clobber && i != CBX_LEARN_CHECKPOINT;
        status = path ? cbx_output_probe(path, stays) : CBX_OK;
    }
    return status ? status : check_checkpoint(job);
}

cbx_status cbx_job_open_output(cbx_job *job, const char *path, cbx_output *output) {
    return cbx_output_open_unless(output, path, job->settings->no_clobber, cbx_job_should_stop,
                                  job);
}

/* ---- after ---- */

void cbx_job_lose(cbx_job *job, cbx_learn_output output, cbx_status status) {
    cbx_job_tell_lost(job, output, cbx_learn_output_path(job->settings, output), status);
}

static cbx_status write_picture(cbx_job *job, cbx_output *to) {
    if (!job->settings->film) { /* else it says what the last frame says */
        cbx_job_caption(job);
    }
    const cbx_status status = cbx_trainer_gather_w1(job->trainer);
    return status ? status
                  : cbx_write_grid(&job->painter, cbx_trainer_w1(job->trainer), &job->plan.grid, to);
}

static cbx_status write_poster(cbx_job *job, cbx_output *to) {
    uint32_t width, height;
    uint8_t *rgb = NULL;
    if (!job->result->kept[CBX_LEARN_FILM]) {
        return cbx_fail(CBX_CANNOT_WRITE, "there is no film that the poster %s could be taken from",
                        to->path);
    }
    cbx_status status = cbx_poster_read(job->settings->film, &rgb, &width, &height);
    if (!status) {
        status = cbx_png_write(to, rgb, width, height);
    }
    free(rgb);
    return status;
}

int cbx_job_is_sound(const cbx_job *job, cbx_status trained, cbx_learn_output output) {
    if (job->position.batch_number == 0) {
        return 0; /* stopped before anything was learned */
    }
    return !trained || (trained == CBX_DEVICE_FAULT && output == CBX_LEARN_FILM);
}

void cbx_job_write_outputs(cbx_job *job, cbx_status trained) {
    for (unsigned i = 0; i < CBX_LEARN_OUTPUTS; i++) {
        const char *path = cbx_learn_output_path(job->settings, i);
        if (!path || !rows[i].write || !cbx_job_is_sound(job, trained, i)) {
            continue;
        }
        cbx_status status = cbx_job_open_output(job, path, &job->files[i]);
        status = status ? status : rows[i].write(job, &job->files[i]);
        status = status == CBX_DEVICE_FAULT ? cbx_job_blame(job, status) : status;
        if (status) {
            cbx_output_discard(&job->files[i]);
            cbx_job_lose(job, i, status);
        }
    }
}

void cbx_job_commit_outputs(cbx_job *job) {
    for (unsigned i = 0; i < CBX_LEARN_OUTPUTS; i++) {
        if (!job->files[i].path) {
            continue; /* not asked for, lost, or the film */
        }
        const cbx_status status = cbx_output_commit(&job->files[i]);
        job->result->kept[i] = !status;
        if (status) {
            cbx_job_lose(job, i, status);
        }
    }
}
