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
#include "learn/needed.h"
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
    cbx_spool_head head = {.stream = cbx_samples_stream(from->film),
                           .container = from->film->container,
                           .title = from->film->title,
                           .comment = from->film->comment,
                           .checkpoint = checkpoint ? followed(checkpoint, real) : NULL};
    cbx_reel_describe(from->reel, &head);
    const cbx_status status = cbx_spool_create(out, path, &head);
    return checkpoint ? status : CBX_OK; /* a film without one is none the worse */
}

static int are_alike(const cbx_stream *a, const cbx_stream *b) {
    return a->width == b->width && a->height == b->height && a->fps == b->fps &&
           a->chroma_qp_offset == b->chroma_qp_offset;
}

/* Whether another checkpoint than the run's may count on it, as FILE does where a run goes on from
 * FILE~: it is let alone then. */
static int is_of_another(const cbx_job *job, const cbx_spool *spool) {
    const char *own = job->settings->checkpoint, *its = cbx_spool_head_of(spool)->checkpoint;
    char real[PATH_MAX];
    return !own || !its || strcmp(followed(own, real), its) != 0;
}

/* All that was spooled goes into the film, and into a new spool. */
static cbx_status copy(const cbx_job *job, const source *from, cbx_spool *before, uint64_t frames,
                       const char *path, cbx_spool **out) {
    cbx_status status = create(job, from, path, out);
    if (!status && *out) {
        cbx_reel_spool(from->reel, *out);
    }
    if (!status) {
        status = cbx_reel_take(from->reel, before, frames);
    }
    cbx_spool_close(before, 1);
    return status;
}

/* The frames of before, and what comes after them is written behind. */
static cbx_status take_up(const cbx_job *job, const source *from, const cbx_kept_film *kept,
                          const char *path, cbx_spool **out) {
    const cbx_stream stream = cbx_samples_stream(from->film);
    cbx_spool *before = NULL;
    cbx_status status = cbx_spool_open(&before, kept->spool);
    if (!status && !are_alike(&cbx_spool_head_of(before)->stream, &stream)) {
        cbx_spool_close(before, 1);
        status = cbx_fail(CBX_BAD_DATA, "%s has the frames of another film", kept->spool);
    }
    if (!status && is_of_another(job, before)) {
        status = copy(job, from, before, kept->frames, path, out);
    } else if (!status) {
        *out = before;
        status = cbx_reel_take(from->reel, before, kept->frames);
        status = status ? status : cbx_spool_continue(before);
    }
    return status ? status : cbx_reel_resume(from->reel, from->painter, kept->frames, &kept->state);
}

cbx_status cbx_job_open_spool(cbx_job *job, cbx_kept_film_name which, const char *path,
                              cbx_spool **out) {
    const source from = source_of(job, which);
    char real[PATH_MAX];
    *out = NULL;
    if (!from.reel || !cbx_reel_can_spool(from.reel) || !cbx_film_is_file(path)) {
        return CBX_OK;
    }
    const cbx_kept_film *kept = job->resumed ? &job->resumed->films[which] : NULL;
    if (kept && !kept->spool) {
        return cbx_fail(CBX_BAD_DATA,
                        "the film was lost before %s was made, which has no frames of it",
                        job->settings->resume);
    }
    cbx_status status = kept ? take_up(job, &from, kept, followed(path, real), out)
                             : create(job, &from, followed(path, real), out);
    if (!status && which == CBX_KEPT_FILM) {
        status = cbx_spool_find(followed(path, real), NULL, &job->plan.left_behind, NULL);
    }
    if (!status && *out) {
        cbx_reel_spool(from.reel, *out);
    }
    return status;
}

void cbx_job_remove_spools(const char *path) {
    char real[PATH_MAX];
    cbx_spool_remove_dead(followed(path, real), cbx_spool_is_needed);
}

void cbx_job_close_spool(const char *path, int stands, cbx_spool **spool) {
    if (!*spool) {
        return;
    }
    if (stands) { /* it takes the place of what was left of others */
        cbx_job_remove_spools(path);
    }
    cbx_spool_close(*spool, cbx_spool_is_needed(*spool));
    *spool = NULL;
}
