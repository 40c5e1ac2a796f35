/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* fchown() */
#include "base/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/claim.h"

/* ---- what this process has made and not finished ----
 *
 * The one thing that the library keeps outside its objects beside the last error: a
 * process that is ended can reach nothing else. Places are never freed, so that a
 * signal handler can walk the list at any moment. */

typedef struct place {
    struct place *next;
    atomic_int used;
    int adopted; /* of use to who comes after a crash */
    char name[CBX_CLAIM_BYTES];
} place;

static _Atomic(place *) places;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Call with the lock held; NULL: memory ran out. */
static place *free_place(void) {
    place *at = places;
    while (at && at->used) {
        at = at->next;
    }
    if (!at) {
        at = calloc(1, sizeof *at);
        if (at) {
            at->next = places;
            places = at;
        }
    }
    return at;
}

/* Call with the lock held; `name` is a place's own. */
static void forget(const char *name) {
    place *at = places;
    while (at->name != name) {
        at = at->next;
    }
    at->used = 0;
}

static void remove_listed(int adopted) {
    for (place *at = places; at; at = at->next) {
        if (at->used && at->adopted == adopted) {
            unlink(at->name);
        }
    }
}

void cbx_temporary_remove_all_in_handler(void) {
    remove_listed(0);
}

void cbx_temporary_remove_all(void) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 1; /* a thread that hangs in a file system keeps the lock */
    (void)pthread_mutex_timedlock(&lock, &end); /* for good */
    remove_listed(0);
    remove_listed(1);
}

const char *cbx_temporary_adopt(const char *name) {
    pthread_mutex_lock(&lock);
    place *at = free_place();
    if (at) {
        snprintf(at->name, sizeof at->name, "%s", name);
        at->adopted = 1;
        at->used = 1;
    }
    pthread_mutex_unlock(&lock);
    return at ? at->name : NULL;
}

void cbx_temporary_dismiss(const char *name) {
    if (name) {
        pthread_mutex_lock(&lock);
        forget(name);
        pthread_mutex_unlock(&lock);
    }
}

/* ---- creating one ---- */

static void remove_if_dead(void *unused, const char *name) {
    const int file = cbx_claim_take(name);
    (void)unused;
    if (file >= 0) {
        unlink(name);
        close(file);
    }
}

static void take_over(int file, const struct stat *old) {
    if (old->st_uid != geteuid() || old->st_gid != getegid()) {
        /* Only root may give a file away, and need not be able to on every system. */
        if (fchown(file, old->st_uid, old->st_gid) != 0) {
            (void)!fchown(file, (uid_t)-1, old->st_gid);
        }
    }
    (void)fchmod(file, old->st_mode & 0777);
}

void cbx_temporary_remove_dead(const char *path, const char *kind) {
    cbx_claim_each(path, kind, remove_if_dead, NULL);
}

int cbx_temporary_create(const char *path, const char *kind, const struct stat *old,
                         const char **name) {
    *name = NULL;
    cbx_temporary_remove_dead(path, kind);
    pthread_mutex_lock(&lock);
    place *at = free_place();
    int file = at ? cbx_claim_create(path, kind, at->name) : -1;
    int error = at ? errno : ENOMEM;
    if (file >= 0) {
        at->adopted = 0;
        at->used = 1;
        *name = at->name;
    }
    pthread_mutex_unlock(&lock);
    if (file >= 0 && old) {
        take_over(file, old);
    }
    errno = error;
    return file;
}

/* ---- its end ---- */

/* Gives the file its name unless the name is taken. */
static int move_to_free_name(const char *name, const char *path) {
    if (link(name, path) == 0) {
        unlink(name);
        return 0;
    }
    if (errno == EEXIST) {
        return -1;
    }
    /* No hard links here (FAT): take the name with an empty file, then replace that. */
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        return -1;
    }
    close(file);
    if (rename(name, path) != 0) {
        int error = errno;
        unlink(path);
        errno = error;
        return -1;
    }
    return 0;
}

int cbx_temporary_keep(const char *path, const char *previous) {
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return 0; /* nothing would take its place */
    }
    if (unlink(previous) != 0 && errno != ENOENT) {
        return -1;
    }
    if (link(path, previous) == 0 || errno == ENOENT) {
        return 0;
    }
    return rename(path, previous); /* no hard links here (FAT) */
}

int cbx_temporary_move(const char *name, const char *path, int keep) {
    pthread_mutex_lock(&lock);
    int failed = keep ? move_to_free_name(name, path) : rename(name, path);
    int error = errno;
    if (!failed) {
        forget(name);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return failed;
}

void cbx_temporary_remove(const char *name) {
    pthread_mutex_lock(&lock);
    unlink(name);
    forget(name);
    pthread_mutex_unlock(&lock);
}
