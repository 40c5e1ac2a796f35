/* SPDX-License-Identifier: MIT */
/* A layer that is loaded before the program's libraries (LD_PRELOAD) and lets calls fail: those of
 * the program itself, of the functions in inject_*.c. What drivers and libraries call among
 * themselves is let through, but for what libavformat writes.
 *
 *   CBX_INJECT=NAME:N        the N-th call of NAME fails, counted from 1; NAME:N+ and all after it
 *   CBX_INJECT_KILL=NAME:N   the process is killed when the N-th call of NAME has come back; NAME:N:S,
 *                            it gets signal S
 *   CBX_INJECT_DISK=N[:M]    regular files take N bytes together, then the disk is full; for M
 *                            writes, if that is said
 *   CBX_INJECT_CLOCK=C:N:S   the clock C (0 is the time of day, 1 the steady one) is S seconds on
 *                            from the N-th time that it is asked
 *   CBX_INJECT_COUNTS=FILE   how often each was called is written there at the end, a line
 *                            "NAME COUNT" each
 *   CBX_INJECT_LEFT=FILE     what is not given back at the end: "KIND COUNT", KIND an OpenCL
 *                            object, a stream, "file NAME", or "memory OBJECT+OFFSET<…", who asked
 *                            for it and who called that one
 *   CBX_INJECT_LOG=FILE      a line for each call that changes a file
 *
 * Processes that the program starts are let alone.
 */
#define _GNU_SOURCE
#include "inject.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FUNCTIONS = 240, MOST_RANGES = 12, MOST_KINDS = 32, NAME_BYTES = 64 };

typedef struct range {
    uintptr_t begin, end;
    int muxer;
} range;

typedef struct order {
    char name[NAME_BYTES];
    unsigned long call;
    int on;     /* and all that follow */
    int signal; /* what is sent */
} order;

static inject_counter counters[MOST_FUNCTIONS];
static inject_counter kinds[MOST_KINDS]; /* `calls` is how many there are */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static range ranges[MOST_RANGES]; /* the program is the first */
static int range_count, passive, log_file = -1;
static order fault, killing;

/* ---- who calls ---- */

static int is_ours(const char *path) {
    static const char *const names[] = {"/libjansson.", "/libpng", "/libz.", "/libav"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strstr(path, names[i])) {
            return 1;
        }
    }
    return 0;
}

/* The first object is the program. */
static int note_object(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum && range_count < MOST_RANGES; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) &&
            (range_count == 0 || is_ours(info->dlpi_name))) {
            const uintptr_t begin = info->dlpi_addr + part->p_vaddr;
            ranges[range_count++] =
                (range){begin, begin + part->p_memsz, strstr(info->dlpi_name, "/libavformat") != 0};
        }
    }
    return 0;
}

static const range *find_range(const void *caller) {
    const uintptr_t at = (uintptr_t)caller;
    for (int i = 0; i < range_count; i++) {
        if (at >= ranges[i].begin && at < ranges[i].end) {
            return &ranges[i];
        }
    }
    return NULL;
}

int inject_is_program(const void *caller) {
    return !passive && find_range(caller) == ranges;
}

int inject_is_muxer(const void *caller) {
    const range *found = passive ? NULL : find_range(caller);
    return found && found->muxer;
}

int inject_is_ours(const void *caller) {
    return !passive && find_range(caller) != NULL;
}

void inject_place(const void *address, char *text, size_t size) {
    Dl_info about;
    if (dladdr(address, &about) && about.dli_fname) {
        const char *slash = strrchr(about.dli_fname, '/');
        snprintf(text, size, "%s+0x%lx", slash ? slash + 1 : about.dli_fname,
                 (unsigned long)((uintptr_t)address - (uintptr_t)about.dli_fbase));
    } else {
        snprintf(text, size, "?");
    }
}

/* ---- the beginning ---- */

static void read_order(const char *name, order *out) {
    const char *text = getenv(name);
    char plus = 0;
    out->signal = SIGKILL;
    const int found =
        text ? sscanf(text, "%63[^:]:%lu%c%d", out->name, &out->call, &plus, &out->signal) : 0;
    out->on = found >= 3 && plus == '+';
    if (found < 2) {
        out->name[0] = '\0';
    }
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CBX_INJECT_LOG");
    char own[32];
    snprintf(own, sizeof own, "%ld", (long)getpid());
    const char *first = getenv("CBX_INJECT_PROCESS");
    passive = first && strcmp(first, own) != 0;
    setenv("CBX_INJECT_PROCESS", own, 0);
    dl_iterate_phdr(note_object, NULL);
    read_order("CBX_INJECT", &fault);
    read_order("CBX_INJECT_KILL", &killing);
    if (path && !passive) {
        log_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }
}

/* ---- calls ---- */

static inject_counter *find_in(inject_counter *all, int most, const char *name) {
    pthread_mutex_lock(&lock);
    inject_counter *found = all;
    while (found->name && strcmp(found->name, name) != 0 && found < all + most - 1) {
        found++;
    }
    found->name = name;
    pthread_mutex_unlock(&lock);
    return found;
}

inject_counter *inject_find(const char *name) {
    return find_in(counters, MOST_FUNCTIONS, name);
}

void *inject_next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        abort();
    }
    return found;
}

/* The program's: what it calls then are the counters of a coverage build, which are to stay whole. */
static atomic_int over;

static void note_end(void) {
    over = 1;
}

static void wait_for_end(void) {
    (void)atexit(note_end);
}

/* Registered by the first call, when main() has begun: before that, the libraries would end first. */
int inject_is_over(void) {
    static pthread_once_t registered = PTHREAD_ONCE_INIT;
    pthread_once(&registered, wait_for_end);
    return over;
}

int inject_fails(inject_counter *on) {
    if (inject_is_over()) {
        return 0;
    }
    const unsigned long call = ++on->calls;
    const int fails = (call == fault.call || (fault.on && call > fault.call)) && fault.name[0] &&
                      strcmp(on->name, fault.name) == 0;
    if (fails) {
        inject_log("fails %s %lu", on->name, call);
    }
    return fails;
}

void inject_done(inject_counter *on) {
    static atomic_int sent;
    if (killing.name[0] && on->calls >= killing.call && strcmp(on->name, killing.name) == 0 &&
        !inject_is_over() && !atomic_exchange(&sent, 1)) {
        kill(getpid(), killing.signal);
    }
}

void inject_hold(const char *kind, int change) {
    find_in(kinds, MOST_KINDS, kind)->calls += (unsigned long)change;
}

void inject_log(const char *format, ...) {
    char line[PATH_MAX + 128];
    va_list arguments;
    if (log_file < 0) {
        return;
    }
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    length = length < (int)sizeof line - 2 ? length : (int)sizeof line - 2;
    line[length] = '\n';
    (void)!write(log_file, line, (size_t)length + 1);
}

/* ---- the end ---- */

static int create(const char *variable) {
    const char *path = getenv(variable);
    return path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
}

static void put_counters(int file, const inject_counter *all, int most) {
    for (const inject_counter *c = all; c < all + most && c->name; c++) {
        if (c->calls) {
            dprintf(file, "%s %ld\n", c->name, (long)c->calls);
        }
    }
}

/* Regular files below the current folder that are open. */
static void put_open_files(int file) {
    char own[PATH_MAX], link[NAME_BYTES], path[PATH_MAX];
    struct stat about;
    DIR *all = opendir("/proc/self/fd");
    if (!all || !getcwd(own, sizeof own)) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        snprintf(link, sizeof link, "/proc/self/fd/%.20s", entry->d_name);
        const ssize_t length = readlink(link, path, sizeof path - 1);
        const int number = atoi(entry->d_name);
        if (length > 0 && number != file && number != log_file && fstat(number, &about) == 0 &&
            S_ISREG(about.st_mode)) {
            path[length] = '\0';
            if (strncmp(path, own, strlen(own)) == 0) {
                dprintf(file, "file %s 1\n", path + strlen(own) + 1);
            }
        }
    }
    closedir(all);
}

static void put_memory(void *user, const void *const *callers) {
    char place[256];
    const int file = *(int *)user;
    dprintf(file, "memory ");
    for (int i = 0; i < INJECT_CALLERS && callers[i]; i++) {
        inject_place(callers[i], place, sizeof place);
        dprintf(file, "%s%s", i > 0 ? "<" : "", place);
    }
    dprintf(file, " 1\n");
}

__attribute__((destructor)) static void end(void) {
    int file;
    if (passive) {
        return;
    }
    passive = 1;
    if ((file = create("CBX_INJECT_COUNTS")) >= 0) {
        put_counters(file, counters, MOST_FUNCTIONS);
        close(file);
    }
    if ((file = create("CBX_INJECT_LEFT")) >= 0) {
        put_counters(file, kinds, MOST_KINDS);
        put_open_files(file);
        inject_memory_left(put_memory, &file);
        close(file);
    }
}
