/* SPDX-License-Identifier: MIT */
/* The spools that lie beside a film: what dead processes left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/claim.h"
#include "base/memory.h"
#include "film/spool.h"

typedef struct finding {
    cbx_spools *all;
    struct timespec written; /* the newest */
    int has_frames;          /* that one */
    cbx_status status;
} finding;

static int is_later(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* Whether the first frame is whole. */
static int has_frames(const char *name) {
    const uint8_t *sample;
    size_t bytes = 0;
    int key;
    cbx_spool *spool = NULL;
    if (!cbx_spool_open(&spool, name)) {
        (void)cbx_spool_next(spool, &sample, &bytes, &key);
        cbx_spool_close(spool, 1);
    }
    return bytes > 0;
}

static void consider(void *user, const char *name) {
    finding *found = user;
    cbx_spools *all = found->all;
    struct stat about;
    const int file = cbx_claim_take(name);
    if (file < 0) {
        all->living += errno == EWOULDBLOCK;
        all->refused = errno == EWOULDBLOCK || errno == ENOENT ? all->refused : errno;
        return;
    }
    const int known = fstat(file, &about) == 0;
    close(file);
    if (!known) {
        return;
    }
    const int frames = has_frames(name);
    all->dead += frames != 0;
    if (!all->newest || frames > found->has_frames ||
        (frames == found->has_frames && is_later(about.st_mtim, found->written))) {
        free(all->newest);
        found->written = about.st_mtim;
        found->has_frames = frames;
        found->status = cbx_copy_text(&all->newest, name);
    }
}

cbx_status cbx_spools_find(const char *path, cbx_spools *out) {
    finding found = {.all = out};
    *out = (cbx_spools){0};
    cbx_claim_each(path, CBX_SPOOL_KIND, consider, &found);
    return found.status;
}

typedef struct judge {
    int (*is_needed)(void *user, const cbx_spool *spool);
    void *user;
} judge;

/* One whose head cannot be read, unless it is that of a later program. */
static void remove_damaged(const char *name) {
    const int file = cbx_claim_take(name);
    if (file < 0) {
        return;
    }
    if (!cbx_spool_head_is_later(file)) {
        unlink(name);
    }
    close(file);
}

static void remove_one(void *user, const char *name) {
    const judge *by = user;
    cbx_spool *spool = NULL;
    const cbx_status status = cbx_spool_open(&spool, name);
    if (!status) {
        cbx_spool_close(spool, by->is_needed(by->user, spool));
    } else if (status == CBX_BAD_DATA) {
        remove_damaged(name);
    }
}

void cbx_spool_remove_dead(const char *path, int (*is_needed)(void *user, const cbx_spool *spool),
                           void *user) {
    judge by = {is_needed, user};
    cbx_claim_each(path, CBX_SPOOL_KIND, remove_one, &by);
}
