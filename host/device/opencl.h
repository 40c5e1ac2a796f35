/* SPDX-License-Identifier: MIT */
/* Small helpers around the OpenCL API: error names, launches. */
#ifndef CBX_DEVICE_OPENCL_H
#define CBX_DEVICE_OPENCL_H

#include <stddef.h>

#include <CL/cl.h>

#include "clearbox/status.h"

/* "CL_OUT_OF_RESOURCES" …, static; unknown codes give "unknown OpenCL error". */
const char *cbx_cl_name(cl_int error);

/* CBX_OK for CL_SUCCESS; else records "<what> failed: CL_… (-5)". */
cbx_status cbx_cl_check(cl_int error, const char *what);

/* One kernel argument: the size and address of a value. */
typedef struct cbx_argument {
    size_t size;
    const void *value;
} cbx_argument;

#define CBX_ARGUMENT(variable)                                                                     \
    { sizeof(variable), &(variable) }

/* How often and in which groups a kernel runs. `global` is rounded up to `local`. */
typedef struct cbx_range {
    size_t global[2];
    size_t local[2];
} cbx_range;

/* Sets the arguments in order and enqueues the kernel behind `wait` (may be NULL).
 * `event` may be NULL; else the caller releases what it gets. */
cbx_status cbx_enqueue(cl_command_queue queue, cl_kernel kernel, const cbx_argument *arguments,
                       cl_uint count, cbx_range range, const cl_event *wait, cl_event *event);

/* The same with the arguments that the kernel has. */
cbx_status cbx_enqueue_as_set(cl_command_queue queue, cl_kernel kernel, cbx_range range,
                              const cl_event *wait, cl_event *event);

/* cbx_cl_check() of what a kernel did not do. */
cbx_status cbx_kernel_fail(cl_kernel kernel, cl_int error);

#define CBX_COUNT(array) ((cl_uint)(sizeof(array) / sizeof *(array)))

#endif
