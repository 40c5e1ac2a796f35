/* SPDX-License-Identifier: MIT */
/* Loaded before the program's own libraries: an OpenCL compiler that ends the process, never
 * answers or fails, as some drivers do, or compiles something else.
 *
 * BAD_COMPILER=abort|hang|refuse   what it does …
 * BAD_COMPILER_OPTION=TEXT         … for programs whose options contain this
 * BAD_COMPILER_DEVICE=N            … only for the Nth device that comes to it, from 1 on
 * BAD_COMPILER_READS=TEXT          every TEXT in the sources …
 * BAD_COMPILER_AS=TEXT             … is taken for this
 */
#define _GNU_SOURCE /* RTLD_NEXT, memmem() */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CL/cl.h>

enum { MOST_SOURCES = 64 };

typedef cl_int builder(cl_program program, cl_uint count, const cl_device_id *devices,
                       const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                       void *user);

/* 1 for the first device that was seen, and so on. */
static int place_of(cl_device_id device) {
    static cl_device_id seen[16];
    int place = 0;
    while (place < 15 && seen[place] && seen[place] != device) {
        place++;
    }
    seen[place] = device;
    return place + 1;
}

cl_int clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                      const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                      void *user) {
    const char *mode = getenv("BAD_COMPILER"), *option = getenv("BAD_COMPILER_OPTION");
    const char *device = getenv("BAD_COMPILER_DEVICE");
    const int place = place_of(devices[0]);
    builder *real;
    *(void **)&real = dlsym(RTLD_NEXT, "clBuildProgram");
    if (mode && (!option || strstr(options, option)) && (!device || atoi(device) == place)) {
        if (strcmp(mode, "abort") == 0) {
            abort();
        }
        if (strcmp(mode, "hang") == 0) {
            for (;;) {
                pause();
            }
        }
        return CL_BUILD_PROGRAM_FAILURE;
    }
    return real(program, count, devices, options, notify, user);
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
