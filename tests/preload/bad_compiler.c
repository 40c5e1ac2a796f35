/* SPDX-License-Identifier: MIT */
/* Loaded before the program's own libraries: an OpenCL compiler that ends the process, never
 * answers or fails, as some drivers do, or compiles something else; and a device that is lost.
 *
 * BAD_COMPILER=abort|assert|hang|mute|refuse   what it does; `assert` fails as assert() does, after it
 *                                  took the handler of SIGABRT away; `mute` closes all it finds open …
 * BAD_COMPILER_OPTION=TEXT         … for programs whose options contain this
 * BAD_COMPILER_DEVICE=N            … only for the Nth device of its platform, from 1 on
 * BAD_COMPILER_TIME=N              … only when it is asked for the Nth time, and after that
 * BAD_COMPILER_CHILD=1             … only in processes that clearbox started
 * BAD_DEVICE=N                     the Nth device of its platform says nothing of itself
 * BAD_KILL=1                       SIGKILL ends no other process, as in a call that does not return
 * BAD_FLUSH=abort|exit             what the driver does when it is asked to begin …
 * BAD_FLUSH_TIME=N                 … for the Nth time
 * BAD_COMPILER_READS=TEXT          every TEXT in the sources …
 * BAD_COMPILER_AS=TEXT             … is taken for this
 */
#define _GNU_SOURCE /* RTLD_NEXT, memmem() */
#undef NDEBUG
#include <assert.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CL/cl.h>

enum { MOST_SOURCES = 64 };

typedef cl_int builder(cl_program program, cl_uint count, const cl_device_id *devices,
                       const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                       void *user);

typedef cl_int teller(cl_device_id device, cl_device_info what, size_t size, void *out,
                      size_t *needed);

/* 1 for the first device of its platform, and so on. */
static int place_of(cl_device_id device) {
    cl_platform_id platform = NULL;
    cl_device_id all[16] = {NULL};
    cl_uint place = 0;
    teller *real;
    *(void **)&real = dlsym(RTLD_NEXT, "clGetDeviceInfo");
    real(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 16, all, NULL);
    while (place < 15 && all[place] != device) {
        place++;
    }
    return (int)place + 1;
}

cl_int clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t size, void *out,
                       size_t *needed) {
    const char *bad = getenv("BAD_DEVICE");
    teller *real;
    *(void **)&real = dlsym(RTLD_NEXT, "clGetDeviceInfo");
    return bad && atoi(bad) == place_of(device) ? CL_DEVICE_NOT_AVAILABLE
                                                : real(device, what, size, out, needed);
}

/* Whether this process was started by one that runs the same program. */
static int is_child(void) {
    char own[4096], of_parent[4096], link[64];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)getppid());
    const ssize_t a = readlink("/proc/self/exe", own, sizeof own);
    const ssize_t b = readlink(link, of_parent, sizeof of_parent);
    return a > 0 && a == b && memcmp(own, of_parent, (size_t)a) == 0;
}

/* Whether the environment wants nothing else, or this. */
static int is_meant(const char *options, int place) {
    static int times;
    const char *option = getenv("BAD_COMPILER_OPTION"), *device = getenv("BAD_COMPILER_DEVICE");
    const char *time = getenv("BAD_COMPILER_TIME"), *child = getenv("BAD_COMPILER_CHILD");
    times++;
    return (!option || strstr(options, option)) && (!device || atoi(device) == place) &&
           (!time || times >= atoi(time)) && (!child || is_child());
}

cl_int clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                      const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                      void *user) {
    const char *mode = getenv("BAD_COMPILER");
    const int place = place_of(devices[0]);
    builder *real;
    *(void **)&real = dlsym(RTLD_NEXT, "clBuildProgram");
    if (mode && is_meant(options, place)) {
        if (strcmp(mode, "abort") == 0) {
            abort();
        }
        if (strcmp(mode, "assert") == 0) {
            signal(SIGABRT, SIG_DFL);
            assert(!"a driver's mistake");
        }
        for (int file = 3; file < 1024 && strcmp(mode, "mute") == 0; file++) {
            close(file);
        }
        if (strcmp(mode, "hang") == 0 || strcmp(mode, "mute") == 0) {
            for (;;) {
                pause();
            }
        }
        return CL_BUILD_PROGRAM_FAILURE;
    }
    return real(program, count, devices, options, notify, user);
}

int kill(pid_t process, int number) {
    int (*real)(pid_t, int);
    *(void **)&real = dlsym(RTLD_NEXT, "kill");
    return number == SIGKILL && getenv("BAD_KILL") ? 0 : real(process, number);
}

cl_int clFlush(cl_command_queue queue) {
    static atomic_int times;
    const char *mode = getenv("BAD_FLUSH"), *time = getenv("BAD_FLUSH_TIME");
    cl_int (*real)(cl_command_queue);
    *(void **)&real = dlsym(RTLD_NEXT, "clFlush");
    if (mode && time && ++times == atoi(time)) {
        if (strcmp(mode, "exit") == 0) {
            exit(0);
        }
        abort();
    }
    return real(queue);
}

/* A copy of a source with its mistakes, and its size; never freed. */
static char *misread(const char *text, size_t *size, const char *reads, const char *as) {
    const size_t wrong = strlen(reads), right = strlen(as);
    const char *from = text, *end = text + *size, *at;
    char *copy = malloc((*size + 1) * (right + 1)), *to = copy; /* each byte may begin one */
    if (!copy || wrong == 0) {
        abort();
    }
    while ((at = memmem(from, (size_t)(end - from), reads, wrong)) != NULL) {
        memcpy(to, from, (size_t)(at - from));
        to += at - from;
        memcpy(to, as, right);
        to += right;
        from = at + wrong;
    }
    memcpy(to, from, (size_t)(end - from));
    to += end - from;
    *size = (size_t)(to - copy);
    return copy;
}

cl_program clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                     const size_t *sizes, cl_int *error) {
    const char *reads = getenv("BAD_COMPILER_READS"), *as = getenv("BAD_COMPILER_AS");
    const char *copies[MOST_SOURCES];
    size_t lengths[MOST_SOURCES];
    cl_program (*real)(cl_context, cl_uint, const char **, const size_t *, cl_int *);
    *(void **)&real = dlsym(RTLD_NEXT, "clCreateProgramWithSource");
    if (!reads || !as || !sizes || count > MOST_SOURCES) {
        return real(context, count, texts, sizes, error);
    }
    for (cl_uint i = 0; i < count; i++) {
        lengths[i] = sizes[i];
        copies[i] = misread(texts[i], &lengths[i], reads, as);
    }
    return real(context, count, copies, lengths, error);
}
