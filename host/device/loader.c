/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* dladdr() */
#include "device/loader.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

void cbx_opencl_loader(char *out, size_t size) {
    Dl_info info = {0};
    cl_int (*function)(cl_uint, cl_platform_id *, cl_uint *) = clGetPlatformIDs;
    void *address = NULL;
    memcpy(&address, &function, sizeof address); /* ISO C has no cast for that */
    const int found = dladdr(address, &info) != 0 && info.dli_fname;
    snprintf(out, size, "%d.%d through %s", CL_TARGET_OPENCL_VERSION / 100,
             CL_TARGET_OPENCL_VERSION / 10 % 10, found ? info.dli_fname : "an unknown library");
}
