/* SPDX-License-Identifier: MIT */
/* Loaded before the program's own libraries: an OpenCL compiler that ends the process, never
 * answers or fails, as some drivers do, or compiles something else.
 *
 * BAD_COMPILER=abort|hang|refuse   what it does …
 * BAD_COMPILER_OPTION=TEXT         … for programs whose options contain this
 * BAD_COMPILER_DEVICE=N            … only for the Nth device that comes to it, from 1 on
 * BAD_COMPILER_READS=TEXT          every TEXT in the sources …
 * BAD_COMPILER_AS=TEXT             … is taken for this, which is as long
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

/* A copy of a source with its mistakes; never freed. */
static char *misread(const char *text, size_t length, const char *reads, const char *as) {
    char *copy = malloc(length + 1), *at = copy;
    if (!copy || strlen(reads) != strlen(as)) {
        abort();
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    while ((at = memmem(at, length - (size_t)(at - copy), reads, strlen(reads))) != NULL) {
        memcpy(at, as, strlen(as));
        at += strlen(as);
    }
    return copy;
}

cl_program clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                     const size_t *sizes, cl_int *error) {
    const char *reads = getenv("BAD_COMPILER_READS"), *as = getenv("BAD_COMPILER_AS");
    const char *copies[MOST_SOURCES];
    cl_program (*real)(cl_context, cl_uint, const char **, const size_t *, cl_int *);
    *(void **)&real = dlsym(RTLD_NEXT, "clCreateProgramWithSource");
    if (!reads || !as || !sizes || count > MOST_SOURCES) {
        return real(context, count, texts, sizes, error);
    }
    for (cl_uint i = 0; i < count; i++) {
        copies[i] = misread(texts[i], sizes[i], reads, as);
    }
    return real(context, count, copies, sizes, error);
}
