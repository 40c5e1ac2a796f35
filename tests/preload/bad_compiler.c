/* SPDX-License-Identifier: MIT */
/* Loaded before the program's own libraries: an OpenCL compiler that ends the process, never
 * answers or fails, as some drivers do.
 *
 * BAD_COMPILER=abort|hang|refuse   what it does …
 * BAD_COMPILER_OPTION=TEXT         … for programs whose options contain this
 * BAD_COMPILER_DEVICE=N            … only for the Nth device that comes to it, from 1 on
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CL/cl.h>

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
