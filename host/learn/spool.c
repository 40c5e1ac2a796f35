/* SPDX-License-Identifier: MIT */
/* The frames of the films of a run, in files beside them. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
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

static cbx_status create(const cbx_job *job, const source *from, const char *path,
                         cbx_spool **out) {
    const char *checkpoint = job->settings->checkpoint;
    char full[PATH_MAX];
    cbx_spool_head head = {.stream = cbx_samples_stream(from->film),
                           .container = from->film->container,
                           .title = from->film->title,
                           .comment = from->film->comment,
                           .checkpoint = checkpoint ? cbx_path_full(checkpoint, full) : NULL};
    cbx_reel_describe(from->reel, &head);
    const cbx_status status = cbx_spool_create(out, path, &head);
    return checkpoint ? status : CBX_OK; /* a film without one is none the worse */
}

static int are_alike(const cbx_spool_head *before, const cbx_stream *b) {
    const cbx_stream *a = &before->stream;
    return !before->encoder && a->width == b->width && a->height == b->height && a->fps == b->fps &&
           a->chroma_qp_offset == b->chroma_qp_offset;
}

/* Whether another checkpoint than the run's may count on it, as FILE does where a run goes on from
 * FILE~: it is let alone then. */
static int is_of_another(const cbx_job *job, const cbx_spool *spool) {
    const char *own = job->settings->checkpoint, *its = cbx_spool_head_of(spool)->checkpoint;
    char full[PATH_MAX];
    return !own || !its || strcmp(cbx_path_full(own, full), its) != 0;
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
    if (!status && !are_alike(cbx_spool_head_of(before), &stream)) {
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

/* A film that goes to a stream is in no file; that of a page is of no use without its run. */
static int is_of_use(const cbx_job *job, cbx_kept_film_name which, const char *path) {
    const cbx_learn_settings *settings = job->settings;
    return which == CBX_KEPT_FILM ? !settings->film_descriptor && cbx_film_is_file(path)
                                  : settings->checkpoint || job->resumed;
}

static cbx_status count_left(const char *path, uint32_t *out) {
    cbx_spools found;
    const cbx_status status = cbx_spools_find(path, &found);
    *out = found.dead;
    free(found.newest);
    return status;
}

cbx_status cbx_job_open_spool(cbx_job *job, cbx_kept_film_name which, const char *path,
                              cbx_spool **out) {
    const source from = source_of(job, which);
    char followed[PATH_MAX];
    *out = NULL;
    if (!from.reel || !cbx_reel_can_spool(from.reel) || !is_of_use(job, which, path)) {
        return CBX_OK;
    }
    path = cbx_path_follow(path, followed);
    const cbx_kept_film *kept = job->resumed ? &job->resumed->films[which] : NULL;
    if (kept && !kept->spool) {
        return cbx_fail(CBX_BAD_DATA,
                        "the film was lost before %s was made, which has no frames of it",
                        job->settings->resume);
    }
    cbx_status status = kept ? take_up(job, &from, kept, path, out) : create(job, &from, path, out);
    if (!status && which == CBX_KEPT_FILM) {
        status = count_left(path, &job->plan.left_behind);
    }
    if (!status && *out) {
        cbx_reel_spool(from.reel, *out);
    }
    return status;
}

static int is_needed(void *unused, const cbx_spool *spool) {
    (void)unused;
    return cbx_spool_is_needed(spool);
}

static int is_not_of(void *checkpoint, const cbx_spool *spool) {
    const char *its = cbx_spool_head_of(spool)->checkpoint;
    return !its || strcmp(its, checkpoint) != 0;
}

void cbx_job_remove_spools(const char *path) {
    char followed[PATH_MAX];
    cbx_spool_remove_dead(cbx_path_follow(path, followed), is_needed, NULL);
}

void cbx_job_remove_spools_of(const char *path, const char *checkpoint) {
    char followed[PATH_MAX], full[PATH_MAX];
    cbx_spool_remove_dead(cbx_path_follow(path, followed), is_not_of,
                          (void *)cbx_path_full(checkpoint, full));
}

void cbx_job_close_spool(const char *path, int stands, cbx_spool **spool) {
    if (!*spool) {
        return;
    }
    if (stands) {
        cbx_job_remove_spools(path);
    }
    cbx_spool_close(*spool, cbx_spool_is_needed(*spool));
    *spool = NULL;
}
