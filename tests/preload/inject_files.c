/* SPDX-License-Identifier: MIT */
/* What is written and read: by the program through streams, and by libavformat. The C library's
 * streams call write() where nobody can see it; those of fdopen() are made anew here, above
 * functions that count, fail, and find the disk full. */
#define _GNU_SOURCE
#include "inject.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_STREAMS = 64 };

typedef struct stream {
    FILE *file; /* NULL: the place is free */
    int descriptor;
} stream;

static stream streams[MOST_STREAMS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the disk ---- */

static unsigned long long room = ULLONG_MAX, refusals = ULLONG_MAX, taken;

__attribute__((constructor)) static void measure_disk(void) {
    const char *text = getenv("CBX_INJECT_DISK");
    if (text) {
        (void)sscanf(text, "%llu:%llu", &room, &refusals);
    }
}

/* As many of `bytes` as there is room for; 0: the disk is full. */
static size_t take_room(size_t bytes) {
    size_t given = bytes;
    if (inject_is_over()) {
        return bytes;
    }
    pthread_mutex_lock(&lock);
    if (refusals > 0 && bytes > room - taken) {
        given = (size_t)(room - taken);
        refusals -= given == 0;
    }
    taken += given;
    room = room < taken ? taken : room; /* there was room again */
    pthread_mutex_unlock(&lock);
    return given;
}

/* What the system did not want. */
static void give_back(size_t bytes) {
    pthread_mutex_lock(&lock);
    taken -= bytes;
    pthread_mutex_unlock(&lock);
}

static int is_regular(int descriptor) {
    struct stat about;
    return fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
}

static void log_write(int descriptor, size_t bytes) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    inject_log("write %llu %zu %s", taken - bytes, bytes, path);
}

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_read)(int, void *, size_t);

static ssize_t put(int descriptor, const void *bytes, size_t size) {
    static inject_counter *on;
    if (!is_regular(descriptor)) {
        return real_write(descriptor, bytes, size);
    }
    if (!on) {
        on = inject_find("write");
    }
    const size_t given = inject_fails(on) ? 0 : take_room(size);
    if (given == 0 && size > 0) {
        errno = ENOSPC;
        return -1;
    }
    const ssize_t done = real_write(descriptor, bytes, given);
    if (done < 0) {
        give_back(given);
        return done;
    }
    log_write(descriptor, given);
    inject_done(on);
    return done;
}

static ssize_t get(int descriptor, void *bytes, size_t size) {
    static inject_counter *on;
    if (!on) {
        on = inject_find("read");
    }
    if (inject_fails(on)) {
        errno = EIO;
        return -1;
    }
    return real_read(descriptor, bytes, size);
}

static int is_seen(const void *caller) {
    if (!real_write) {
        real_read = (ssize_t(*)(int, void *, size_t))inject_next("read");
        real_write = (ssize_t(*)(int, const void *, size_t))inject_next("write");
    }
    return inject_is_program(caller) || inject_is_muxer(caller);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    const int seen = is_seen(__builtin_return_address(0));
    return seen ? put(descriptor, bytes, size) : real_write(descriptor, bytes, size);
}

ssize_t read(int descriptor, void *bytes, size_t size) {
    const int seen = is_seen(__builtin_return_address(0));
    return seen ? get(descriptor, bytes, size) : real_read(descriptor, bytes, size);
}

/* ---- streams ---- */

static ssize_t stream_write(void *cookie, const char *bytes, size_t size) {
    const stream *own = cookie;
    size_t done = 0;
    while (done < size) {
        const ssize_t more = put(own->descriptor, bytes + done, size - done);
        if (more <= 0) {
            break;
        }
        done += (size_t)more;
    }
    return (ssize_t)done;
}

static ssize_t stream_read(void *cookie, char *bytes, size_t size) {
    return get(((const stream *)cookie)->descriptor, bytes, size);
}

static int stream_seek(void *cookie, off64_t *at, int from) {
    const off64_t now = lseek64(((const stream *)cookie)->descriptor, *at, from);
    *at = now >= 0 ? now : *at;
    return now >= 0 ? 0 : -1;
}

static int stream_close(void *cookie) {
    stream *own = cookie;
    const int failed = close(own->descriptor);
    pthread_mutex_lock(&lock);
    own->file = NULL;
    pthread_mutex_unlock(&lock);
    return failed;
}

static FILE *open_stream(int descriptor, const char *mode) {
    const cookie_io_functions_t calls = {stream_read, stream_write, stream_seek, stream_close};
    stream *own = streams;
    pthread_mutex_lock(&lock);
    while (own->file && own < streams + MOST_STREAMS - 1) {
        own++;
    }
    own->descriptor = descriptor;
    own->file = fopencookie(own, mode, calls);
    pthread_mutex_unlock(&lock);
    return own->file;
}

FILE *fdopen(int descriptor, const char *mode) {
    static FILE *(*real)(int, const char *);
    static inject_counter *on;
    if (!on) {
        real = (FILE * (*)(int, const char *)) inject_next("fdopen");
        on = inject_find("fdopen");
    }
    if (!is_seen(__builtin_return_address(0))) {
        return real(descriptor, mode);
    }
    if (inject_fails(on)) {
        errno = ENOMEM;
        return NULL;
    }
    FILE *file = open_stream(descriptor, mode);
    if (file) {
        inject_hold("stream", 1);
    }
    return file;
}

int fileno(FILE *file) {
    static int (*real)(FILE *);
    int found = -1;
    if (!real) {
        real = (int (*)(FILE *))inject_next("fileno");
    }
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST_STREAMS && found < 0; i++) {
        found = streams[i].file == file ? streams[i].descriptor : -1;
    }
    pthread_mutex_unlock(&lock);
    return found >= 0 ? found : real(file);
}

/* What ferror() looks at in glibc. */
#define ERROR_SEEN 0x20

INJECT(FILE *, fopen64, (const char *p, const char *m), (p, m),
       inject_hold("stream", result != NULL), errno = EMFILE;
       return NULL)
INJECT(FILE *, open_memstream, (char **t, size_t *n), (t, n), inject_hold("stream", result != NULL),
       errno = ENOMEM;
       return NULL)
INJECT(FILE *, fmemopen, (void *p, size_t n, const char *m), (p, n, m),
       inject_hold("stream", result != NULL), errno = ENOMEM;
       return NULL)
INJECT(int, fclose, (FILE * f), (f), inject_hold("stream", -1), real(f); inject_hold("stream", -1);
       errno = EIO; return EOF)
INJECT_PLAIN(size_t, fwrite, (const void *p, size_t s, size_t n, FILE *f), (p, s, n, f),
             f->_flags |= ERROR_SEEN;
             errno = ENOSPC; return 0)
INJECT_PLAIN(size_t, fread, (void *p, size_t s, size_t n, FILE *f), (p, s, n, f),
             f->_flags |= ERROR_SEEN;
             errno = EIO; return 0)
INJECT_PLAIN(int, fflush, (FILE * f), (f), f->_flags |= ERROR_SEEN; errno = ENOSPC; return EOF)
INJECT_PLAIN(int, fseeko64, (FILE * f, off64_t o, int w), (f, o, w), errno = EIO; return -1)
INJECT_PLAIN(int, fseek, (FILE * f, long o, int w), (f, o, w), errno = EIO; return -1)
