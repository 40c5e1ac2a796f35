/* SPDX-License-Identifier: MIT */
/* The OpenCL compiler, watched, and failing where a test wants it to. Programs that use this
 * are linked with clearbox_wrap(NAME clBuildProgram clCreateProgramWithSource). */
#ifndef TEST_SUPPORT_COMPILER_H
#define TEST_SUPPORT_COMPILER_H

#include <stddef.h>

#include <CL/cl.h>

typedef struct watched_compiler {
    const char *refused;  /* an option that makes it fail, or NULL */
    unsigned broken;      /* bit i: it fails for the i-th device that comes to it */
    cl_device_id seen[2]; /* the first devices that came to it */
    size_t devices;       /* how many of them */
    unsigned builds;
    unsigned sources; /* programs that were created from source */
} watched_compiler;

extern watched_compiler compiler;

#endif
