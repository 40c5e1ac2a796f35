/* SPDX-License-Identifier: MIT */
/* The C library: names of files, descriptors, threads and clocks. What is written is in
 * inject_files.c. */
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM(name, parameters, arguments, why)                                                   \
    INJECT_PLAIN(int, name, parameters, arguments, errno = why; return -1)
/* Changes a file or its name. */
#define CHANGE(name, parameters, arguments, why, ...)                                              \
    INJECT(int, name, parameters, arguments, inject_log(#name " " __VA_ARGS__), errno = why;       \
           return -1)
#define THREAD(name, parameters, arguments)                                                        \
    INJECT_PLAIN(int, name, parameters, arguments, return EAGAIN)

/* ---- names ---- */

CHANGE(rename, (const char *a, const char *b), (a, b), EACCES, "%s %s", a, b)
CHANGE(link, (const char *a, const char *b), (a, b), EPERM, "%s %s", a, b)
CHANGE(unlink, (const char *a), (a), EACCES, "%s", a)
SYSTEM(mkdir, (const char *a, mode_t m), (a, m), EACCES)
SYSTEM(access, (const char *p, int m), (p, m), EACCES)
SYSTEM(faccessat, (int d, const char *p, int m, int f), (d, p, m, f), EACCES)
SYSTEM(stat64, (const char *p, struct stat64 *o), (p, o), EIO)
SYSTEM(lstat64, (const char *p, struct stat64 *o), (p, o), EIO)
INJECT_PLAIN(ssize_t, readlink, (const char *p, char *o, size_t n), (p, o, n), errno = EIO;
             return -1)
INJECT_PLAIN(char *, realpath, (const char *p, char *o), (p, o), errno = ELOOP; return NULL)
INJECT_PLAIN(char *, getcwd, (char *o, size_t n), (o, n), errno = ENOENT; return NULL)

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    static inject_counter *on;
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (!on) {
        real = (int (*)(const char *, int, ...))inject_next("open64");
        on = inject_find("open64");
    }
    if (!inject_is_program(__builtin_return_address(0))) {
        return real(path, flags, mode);
    }
    if (inject_fails(on)) {
        errno = EMFILE;
        return -1;
    }
    const int file = real(path, flags, mode);
    inject_log("open64 %s", path);
    inject_done(on);
    return file;
}

/* ---- descriptors ---- */

CHANGE(fsync, (int f), (f), EIO, "%d", f)
CHANGE(fdatasync, (int f), (f), EIO, "%d", f)
CHANGE(ftruncate64, (int f, off64_t n), (f, n), EIO, "%d", f)
SYSTEM(flock, (int f, int o), (f, o), ENOLCK)
SYSTEM(fchmod, (int f, mode_t m), (f, m), EPERM)
SYSTEM(fchown, (int f, uid_t u, gid_t g), (f, u, g), EPERM)
SYSTEM(fstat64, (int f, struct stat64 *o), (f, o), EIO)
SYSTEM(dup2, (int a, int b), (a, b), EMFILE)
SYSTEM(pipe, (int *f), (f), EMFILE)
SYSTEM(poll, (struct pollfd * f, nfds_t n, int t), (f, n, t), ENOMEM)
THREAD(posix_spawn,
       (pid_t * p, const char *n, const posix_spawn_file_actions_t *a, const posix_spawnattr_t *b,
        char *const *c, char *const *e),
       (p, n, a, b, c, e))

/* ---- threads ---- */

THREAD(pthread_create, (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *u),
       (t, a, f, u))
THREAD(pthread_mutex_init, (pthread_mutex_t * m, const pthread_mutexattr_t *a), (m, a))
THREAD(pthread_cond_init, (pthread_cond_t * c, const pthread_condattr_t *a), (c, a))

/* ---- clocks ---- */

typedef struct jump {
    int clock;
    unsigned long call;
    long seconds;
} jump;

/* CBX_INJECT_CLOCK; seconds 0: there is none. */
static jump read_jump(void) {
    const char *text = getenv("CBX_INJECT_CLOCK");
    jump read = {-1, 0, 0};
    return text && sscanf(text, "%d:%lu:%ld", &read.clock, &read.call, &read.seconds) == 3
               ? read
               : (jump){-1, 0, 0};
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    static int (*real)(clockid_t, struct timespec *);
    static atomic_ulong asked;
    static inject_counter *on;
    static jump wanted;
    if (!on) {
        real = (int (*)(clockid_t, struct timespec *))inject_next("clock_gettime");
        wanted = read_jump();
        on = inject_find("clock_gettime");
    }
    const int failed = real(clock, out);
    if (inject_is_program(__builtin_return_address(0))) {
        on->calls++;
        if (clock == wanted.clock && ++asked >= wanted.call) {
            out->tv_sec += wanted.seconds;
        }
    }
    return failed;
}
