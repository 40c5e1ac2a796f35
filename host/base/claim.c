/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* flock() */
#include "base/claim.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A hidden name may be longer than its target's; file systems allow 255 bytes. */
enum { NAME_BYTES_KEPT = 200, TRIES = 100 };

typedef struct place {
    char folder[PATH_MAX];             /* with its slash; "": the current one */
    char prefix[NAME_BYTES_KEPT + 32]; /* of the names in it */
} place;

/* 0: the path is too long. */
static int find_place(const char *path, const char *kind, place *out) {
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length >= sizeof out->folder) {
        return 0;
    }
    snprintf(out->folder, sizeof out->folder, "%.*s", (int)length, path);
    snprintf(out->prefix, sizeof out->prefix, ".%.*s.%s-", NAME_BYTES_KEPT, path + length, kind);
    return 1;
}

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

/* Why this user may not take `file`, an errno; 0: it is taken. */
static int refusal(int file, const char *name) {
    struct stat about;
    if (fstat(file, &about) != 0) {
        return errno;
    }
    if (!S_ISREG(about.st_mode) || about.st_uid != geteuid()) {
        return EPERM;
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        return errno;
    }
    return is_still(file, name) == 1 ? 0 : EWOULDBLOCK;
}

int cbx_claim_take(const char *name) {
    const int file = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const int error = file < 0 ? 0 : refusal(file, name);
    if (error) {
        close(file);
        errno = error;
        return -1;
    }
    return file;
}

int cbx_claim_is_held(const char *name) {
    const int file = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const int held = file >= 0 && flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (file >= 0) {
        close(file);
    }
    return held;
}

/* Whether `entry` is `prefix` with a number behind it, or two joined by '-'. */
static int is_claim(const char *entry, const char *prefix) {
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

void cbx_claim_each(const char *path, const char *kind, void (*each)(void *user, const char *name),
                    void *user) {
    char name[CBX_CLAIM_BYTES];
    place at;
    DIR *entries = find_place(path, kind, &at) ? opendir(at.folder[0] ? at.folder : ".") : NULL;
    if (!entries) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        int length = snprintf(name, sizeof name, "%s%s", at.folder, entry->d_name);
        if (is_claim(entry->d_name, at.prefix) && length > 0 && length < CBX_CLAIM_BYTES) {
            each(user, name);
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

int cbx_claim_create(const char *path, const char *kind, char name[CBX_CLAIM_BYTES]) {
    place at;
    if (!find_place(path, kind, &at)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (int attempt = 1; attempt <= TRIES; attempt++) {
        int length =
            snprintf(name, CBX_CLAIM_BYTES, "%s%s%ld", at.folder, at.prefix, (long)getpid());
        if (attempt > 1) {
            snprintf(name + length, CBX_CLAIM_BYTES - (size_t)length, "-%d", attempt);
        }
        int file = create_locked(name);
        if (file >= 0 || (errno != EEXIST && errno != EAGAIN)) {
            return file;
        }
    }
    errno = EEXIST;
    return -1;
}
