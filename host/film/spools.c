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
    char *newest;
    struct timespec written;
    unsigned dead, living;
    cbx_status status;
} finding;

static int is_later(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

static void consider(void *user, const char *name) {
    finding *found = user;
    struct stat about;
    const int file = cbx_claim_take(name);
    if (file < 0) {
        found->living += errno == EWOULDBLOCK;
        return;
    }
    if (fstat(file, &about) == 0) {
        found->dead++;
        if (!found->newest || is_later(about.st_mtim, found->written)) {
            free(found->newest);
            found->written = about.st_mtim;
            found->status = cbx_copy_text(&found->newest, name);
        }
    }
    close(file);
}

cbx_status cbx_spool_find(const char *path, char **newest, unsigned *dead, unsigned *living) {
    finding found = {0};
    cbx_claim_each(path, CBX_SPOOL_KIND, consider, &found);
    *dead = found.dead;
    if (living) {
        *living = found.living;
    }
    if (newest) {
        *newest = found.newest;
    } else {
        free(found.newest);
    }
    return found.status;
}

typedef struct judge {
    int (*is_needed)(const cbx_spool *spool);
} judge;

/* Of a process that was killed before it wrote the head: nobody can count on it. */
static void remove_empty(const char *name) {
    struct stat about;
    const int file = cbx_claim_take(name);
    if (file >= 0 && fstat(file, &about) == 0 && about.st_size == 0) {
        unlink(name);
    }
    if (file >= 0) {
        close(file);
    }
}

static void remove_one(void *user, const char *name) {
    const judge *by = user;
    cbx_spool *spool = NULL;
    if (!cbx_spool_open(&spool, name)) {
        cbx_spool_close(spool, by->is_needed(spool));
    } else {
        remove_empty(name);
    }
}

void cbx_spool_remove_dead(const char *path, int (*is_needed)(const cbx_spool *spool)) {
    judge by = {is_needed};
    cbx_claim_each(path, CBX_SPOOL_KIND, remove_one, &by);
}
