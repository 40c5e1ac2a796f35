/* SPDX-License-Identifier: MIT */
/* A film of what a killed run has left. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "film/containers.h"
#include "film/film.h"
#include "learn/needed.h"

/* The spool of a dead process, or why there is none. */
static cbx_status find(const char *film, cbx_spool **out) {
    char followed[PATH_MAX];
    cbx_spools found;
    cbx_status status = cbx_spools_find(cbx_path_follow(film, followed), &found);
    if (!status && found.newest) {
        status = cbx_spool_open(out, found.newest);
    } else if (!status && found.refused) {
        status =
            cbx_fail(CBX_MISSING_INPUT,
                     "the frames beside %s that a run has left cannot be used by this user: %s",
                     film, strerror(found.refused));
    } else if (!status) {
        status =
            found.living > 0
                ? cbx_fail(CBX_MISSING_INPUT, "%s is still being made by another process", film)
                : cbx_fail(CBX_MISSING_INPUT,
                           "there are no frames beside %s that a killed run has left", film);
    }
    free(found.newest);
    return status;
}

/* What libavcodec encodes for some containers begins with what others have in their heads. */
static cbx_status check_head(const cbx_spool_head *head, cbx_container container,
                             const char *path) {
    const cbx_container_kind *from = cbx_container_kind_of(head->container);
    const cbx_container_kind *to = cbx_container_kind_of(container);
    return !head->encoder || from->global_headers == to->global_headers
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT, "%s: what was encoded for %s cannot become %s", path,
                          from->a_film, to->a_film);
}

/* All frames that are whole, in a film that is finished. */
static cbx_status make(cbx_spool *spool, const char *path, int no_clobber,
                       cbx_film_result *result) {
    const cbx_spool_head *head = cbx_spool_head_of(spool);
    cbx_film_settings settings = {.width = head->stream.width,
                                  .height = head->stream.height,
                                  .fps = head->stream.fps,
                                  .quality = -1,
                                  .encoder = head->encoder ? head->encoder : CBX_DEVICE_ENCODER,
                                  .title = head->title,
                                  .comment = head->comment};
    cbx_film *film = NULL;
    cbx_output output;
    uint64_t frames = 0;
    const cbx_container wish = cbx_film_ending_says(path) ? CBX_CONTAINER_AUTO : head->container;
    cbx_status status = cbx_film_container(&settings.container, path, wish);
    if (!status) {
        status = cbx_film_check_wishes(&settings);
    }
    if (!status) {
        status = check_head(head, settings.container, path);
    }
    if (!status) {
        status = cbx_output_open(&output, path, no_clobber);
    }
    if (!status) {
        status = cbx_film_open_spooled(&film, &output, head, &settings);
    }
    if (!status) {
        status = cbx_film_take(film, spool, UINT64_MAX, &frames);
    }
    if (!status && frames == 0) {
        status =
            cbx_fail(CBX_MISSING_INPUT, "%s has no frame that is whole", cbx_spool_name(spool));
    }
    if (status) {
        cbx_film_discard(film);
        return status;
    }
    return cbx_film_finish(film, result);
}

cbx_status cbx_film_recover(const char *film, const char *out, int no_clobber,
                            cbx_film_result *result, int *kept) {
    cbx_spool *spool = NULL;
    cbx_status status = find(film, &spool);
    if (status) {
        return status;
    }
    status = make(spool, out, no_clobber, result);
    const int stays = status || cbx_spool_is_needed(spool);
    cbx_spool_close(spool, stays);
    if (kept) {
        *kept = stays;
    }
    return status;
}
