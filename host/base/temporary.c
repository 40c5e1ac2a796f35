/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* flock() */
#include "base/temporary.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* A hidden name may be longer than its target's; file systems allow 255 bytes. */
enum { NAME_BYTES_KEPT = 200, TRIES = 100, PATH_BYTES = PATH_MAX + 256 };

/* ---- what this process has made and not finished ----
 *
 * The one thing that the library keeps outside its objects beside the last error: a
 * process that is ended can reach nothing else. Places are never freed, so that a
 * signal handler can walk the list at any moment. */

typedef struct place {
    struct place *next;
    atomic_int used;
    char name[PATH_BYTES];
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

void cbx_temporary_remove_all_in_handler(void) {
    for (place *at = places; at; at = at->next) {
        if (at->used) {
            unlink(at->name);
        }
    }
}

void cbx_temporary_remove_all(void) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 1; /* a thread that hangs in a file system keeps the lock */
    (void)pthread_mutex_timedlock(&lock, &end); /* for good */
    cbx_temporary_remove_all_in_handler();
}

/* ---- the lock that says whose it is ---- */

/* Whether `file`, open, is what `name` leads to; -1 and errno when that cannot be known. */
static int is_still(int file, const char *name) {
    struct stat ours, named;
    if (fstat(file, &ours) != 0) {
        return -1;
    }
    if (lstat(name, &named) != 0) {
        return errno == ENOENT ? 0 : -1;
    }
    return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* Removes `name` if it is this user's and nobody holds it. */
static void remove_if_dead(const char *name) {
    struct stat about;
    int file = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) {
        return;
    }
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == geteuid() &&
        flock(file, LOCK_EX | LOCK_NB) == 0 && is_still(file, name) == 1) {
        unlink(name);
    }
    close(file);
}

/* Whether `entry` is `prefix` with a number behind it, or two joined by '-'. */
static int is_temporary(const char *entry, const char *prefix) {
    size_t length = strlen(prefix);
    if (strncmp(entry, prefix, length) != 0 || !isdigit((unsigned char)entry[length])) {
        return 0;
    }
    entry += length + strspn(entry + length, "0123456789");
    if (*entry == '-' && isdigit((unsigned char)entry[1])) {
        entry += 1 + strspn(entry + 1, "0123456789");
    }
    return *entry == '\0';
}

/* Removes what killed processes left of this target. */
static void remove_dead(const char *folder, const char *prefix) {
    char name[PATH_BYTES];
    DIR *entries = opendir(folder[0] ? folder : ".");
    if (!entries) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        int length = snprintf(name, sizeof name, "%s%s", folder, entry->d_name);
        if (is_temporary(entry->d_name, prefix) && length > 0 && length < PATH_BYTES) {
            remove_if_dead(name);
        }
    }
    closedir(entries);
}

/* Creates `name` and locks it; -1 and errno. EAGAIN: somebody took it for a dead one in
 * between. Where there are no locks, the file alone has to do. */
static int create_locked(const char *name) {
    int file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        return -1;
    }
    const int taken = flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    const int still = taken ? 0 : is_still(file, name);
    if (still == 1) {
        return file;
    }
    const int error = still < 0 ? errno : EAGAIN;
    if (still < 0) {
        unlink(name); /* what is locked is ours */
    }
    close(file);
    errno = error;
    return -1;
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

/* Creates the first name that is free and leaves it in `at`; a descriptor, or -1 and errno. */
static int create_at(place *at, const char *folder, const char *prefix) {
    for (int attempt = 1; attempt <= TRIES; attempt++) {
        int length = snprintf(at->name, sizeof at->name, "%s%s%ld", folder, prefix, (long)getpid());
        if (attempt > 1) {
            snprintf(at->name + length, sizeof at->name - (size_t)length, "-%d", attempt);
        }
        int file = create_locked(at->name);
        if (file >= 0 || (errno != EEXIST && errno != EAGAIN)) {
            return file;
        }
    }
    errno = EEXIST;
    return -1;
}

int cbx_temporary_create(const char *path, const struct stat *old, const char **name) {
    char folder[PATH_MAX], prefix[NAME_BYTES_KEPT + 16];
    const char *slash = strrchr(path, '/');
    size_t folder_length = slash ? (size_t)(slash - path) + 1 : 0;

    *name = NULL;
    if (folder_length >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(folder, sizeof folder, "%.*s", (int)folder_length, path);
    snprintf(prefix, sizeof prefix, ".%.*s.part-", NAME_BYTES_KEPT, path + folder_length);
    remove_dead(folder, prefix);
    pthread_mutex_lock(&lock);
    place *at = free_place();
    int file = at ? create_at(at, folder, prefix) : -1;
    int error = at ? errno : ENOMEM;
    if (file >= 0) {
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
