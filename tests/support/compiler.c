/* SPDX-License-Identifier: MIT */
#include "support/compiler.h"

#include <string.h>

watched_compiler compiler;

/* These names are the linker's: it sends calls of clBuildProgram() to the second. */
cl_int __real_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user);
cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user);

static size_t place_of(cl_device_id device) {
    size_t i = 0;
    while (i < compiler.devices && compiler.seen[i] != device) {
        i++;
    }
    if (i == compiler.devices && i < 2) {
        compiler.seen[compiler.devices++] = device;
    }
    return i;
}

cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user) {
    const size_t place = place_of(devices[0]);
    compiler.builds++;
    if ((compiler.broken & 1u << place) ||
        (compiler.refused && strstr(options, compiler.refused))) {
        return CL_BUILD_PROGRAM_FAILURE;
    }
    return __real_clBuildProgram(program, count, devices, options, notify, user);
}

cl_program __real_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                            const size_t *sizes, cl_int *error);
cl_program __wrap_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                            const size_t *sizes, cl_int *error);

cl_program __wrap_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                            const size_t *sizes, cl_int *error) {
    compiler.sources++;
    return __real_clCreateProgramWithSource(context, count, texts, sizes, error);
}
