/* SPDX-License-Identifier: MIT */
/* realpath() */
#define _XOPEN_SOURCE 700
/* The frames of the films of a run, in files beside them. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "learn/job.h"
#include "reel/samples.h"

/* What a spool of one of the films is of. */
typedef struct source {
    cbx_reel *reel;
    const cbx_painter *painter;
    const cbx_film_settings *film;
} source;

static source source_of(const cbx_job *job, cbx_kept_film_name which) {
    return which == CBX_KEPT_FILM
               ? (source){job->reel, &job->painter, &job->film}
               : (source){job->page_film.reel, &job->page_film.painter, &job->page_film.film};
}

/* `path` may be a link to where the film goes. */
static const char *followed(const char *path, char real[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX], found[PATH_MAX];
    if (realpath(path, real)) {
        return real;
    }
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    if (!realpath(folder, found) ||
        snprintf(real, PATH_MAX, "%s/%s", found, slash ? slash + 1 : path) >= PATH_MAX) {
        return path;
    }
    return real;
}

static cbx_status create(const cbx_job *job, const source *from, const char *path,
                         cbx_spool **out) {
    const char *checkpoint = job->settings->checkpoint;
    char real[PATH_MAX];
    const cbx_spool_head head = {.stream = cbx_samples_stream(from->film),
                                 .container = from->film->container,
                                 .title = from->film->title,
                                 .comment = from->film->comment,
                                 .checkpoint = checkpoint ? followed(checkpoint, real) : NULL};
    const cbx_status status = cbx_spool_create(out, path, &head);
    return checkpoint ? status : CBX_OK; /* a film without one is none the worse */
}

static int are_alike(const cbx_stream *a, const cbx_stream *b) {
    return a->width == b->width && a->height == b->height && a->fps == b->fps &&
           a->chroma_qp_offset == b->chroma_qp_offset;
}

/* The frames of before, and what comes after them is written behind. */
static cbx_status take_up(const source *from, const cbx_kept_film *kept, cbx_spool **out) {
    const cbx_stream stream = cbx_samples_stream(from->film);
    cbx_status status = cbx_spool_open(out, kept->spool);
    if (!status && !are_alike(&cbx_spool_head_of(*out)->stream, &stream)) {
        status = cbx_fail(CBX_BAD_DATA, "%s has the frames of another film", kept->spool);
    }
    if (!status) {
        status = cbx_reel_take(from->reel, *out, kept->frames);
    }
    if (!status) {
        status = cbx_spool_continue(*out);
    }
    return status ? status : cbx_reel_resume(from->reel, from->painter, kept->frames, &kept->state);
}

cbx_status cbx_job_open_spool(cbx_job *job, cbx_kept_film_name which, const char *path,
                              cbx_spool **out) {
    const source from = source_of(job, which);
    char real[PATH_MAX];
    *out = NULL;
    if (!from.reel || !cbx_reel_avc(from.reel) || !cbx_film_is_file(path)) {
        return CBX_OK;
    }
    const cbx_kept_film *kept = job->resumed ? &job->resumed->films[which] : NULL;
    if (kept && !kept->spool) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has no film to go on with: it was lost; the run can go on without one",
                        job->settings->resume);
    }
    cbx_status status =
        kept ? take_up(&from, kept, out) : create(job, &from, followed(path, real), out);
    if (!status && which == CBX_KEPT_FILM) {
        status = cbx_spool_find(followed(path, real), NULL, &job->plan.left_behind, NULL);
    }
    if (!status && *out) {
        cbx_reel_spool(from.reel, *out);
    }
    return status;
}

/* Whether a dead spool is one that a run can go on with. */
static int is_needed(const cbx_spool *spool) {
    const char *checkpoint = cbx_spool_head_of(spool)->checkpoint;
    char *previous = checkpoint ? cbx_checkpoint_previous(checkpoint) : NULL;
    const int needed = previous && (cbx_checkpoint_names(checkpoint, cbx_spool_name(spool)) ||
                                    cbx_checkpoint_names(previous, cbx_spool_name(spool)));
    free(previous);
    return needed;
}

void cbx_job_close_spool(cbx_job *job, const char *path, int stands, cbx_spool **spool) {
    char real[PATH_MAX];
    if (*spool && stands) { /* it takes the place of what was left of others */
        cbx_spool_remove_dead(followed(path, real), is_needed);
    }
    cbx_spool_close(*spool, cbx_job_keeps_spools(job));
    *spool = NULL;
}

int cbx_job_keeps_spools(const cbx_job *job) {
    return !job->finished &&
           (job->resumed || (job->settings->checkpoint && job->result->kept[CBX_LEARN_CHECKPOINT]));
}
